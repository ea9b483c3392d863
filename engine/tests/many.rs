//! Lists and races of many members, and what a lock does on every path.

use deferral::{Cancelled, Deferred, DeferredList, DeferredLock, Failure, State, gather_results, race};
use std::cell::RefCell;
use std::panic::resume_unwind;
use std::rc::Rc;

const MANY: u32 = 100_000;

fn many() -> Vec<Deferred<u32>> {
    (0..MANY).map(|_| Deferred::new()).collect()
}

fn value<T: Clone + 'static>(d: &Deferred<T>) -> Option<T> {
    d.with_result(|result| result?.as_ref().ok().cloned())
}

#[test]
fn gathers_many_in_order() {
    let members = many();
    let all = gather_results(members.clone());
    for (number, member) in members.into_iter().enumerate().rev() {
        member.callback(number as u32).unwrap();
    }
    assert_eq!(value(&all), Some((0..MANY).collect()));
}

#[test]
fn a_list_of_many_is_cancelled_and_dropped() {
    let members = many();
    let first = members[0].downgrade();
    let failed = DeferredList::new(members.clone())
        .consume_errors()
        .results(|results| results.iter().filter(|result| result.is_err()).count());
    failed.cancel();
    assert_eq!(value(&failed), Some(MANY as usize));
    drop(members);
    assert!(first.upgrade().is_none(), "a list that has fired lets its members go");

    let members = many();
    let last = members[MANY as usize - 1].downgrade();
    let unfired = gather_results(members);
    assert!(last.upgrade().is_some(), "an unfired list keeps its members");
    drop(unfired);
    assert!(last.upgrade().is_none());
}

#[test]
fn races_many() {
    let contestants = many();
    let first = race(contestants.clone());
    contestants[7].callback(3).unwrap();
    assert_eq!(value(&first), Some((7, 3)));
    assert!(contestants.iter().all(Deferred::called), "the losers are cancelled");
    drop(contestants);

    let contestants = many();
    let weak = contestants[1].downgrade();
    let unfired = race(contestants);
    drop(unfired);
    assert!(weak.upgrade().is_none());
}

#[test]
fn types_change_along_a_chain_and_cancelling_goes_back() {
    let source: Deferred<String> = Deferred::new();
    let length = source.then(|text| text.len());
    let doubled = length.then(|length| deferral::succeed::<usize, Failure>(length * 2));
    source.callback("four".to_owned()).unwrap();
    assert_eq!((value(&source), value(&length), value(&doubled)), (Some(String::new()), Some(0), Some(8)));

    let source: Deferred<String> = Deferred::new();
    let length = source.then(|text| text.len());
    let shown = length.then_both(|result| result.map_or_else(|failure| failure.message(), |n| n.to_string()));
    shown.cancel();
    assert_eq!(source.state(), State::Succeeded, "its error has moved on, and left a null");
    assert_eq!(value(&shown), Some(Cancelled.to_string()));

    let source: Deferred<String> = Deferred::new();
    let weak = source.downgrade();
    let length = source.then(|text| text.len());
    drop(source);
    assert!(weak.upgrade().is_some(), "who waits for it keeps it, to cancel it");
    drop(length);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_lock_is_released_on_every_path() {
    let lock = DeferredLock::new();
    let order = Rc::new(RefCell::new(Vec::new()));
    let note = |text: &'static str| {
        let order = Rc::clone(&order);
        move || order.borrow_mut().push(text)
    };
    let held: Deferred<DeferredLock> = lock.acquire();
    let returns: Deferred<u32> = lock.run({
        let note = note("returns");
        move || {
            note();
            1
        }
    });
    let fails: Deferred<u32> = lock.run({
        let note = note("fails");
        move || {
            note();
            Err::<u32, _>(Failure::new("no"))
        }
    });
    let panics: Deferred<u32> = lock.run({
        let note = note("panics");
        move || -> u32 {
            note();
            resume_unwind(Box::new("no"))
        }
    });
    let cancelled: Deferred<u32> = lock.run({
        let note = note("never called");
        move || {
            note();
            2
        }
    });
    let inner = Deferred::<u32>::new();
    let waits: Deferred<u32> = lock.run({
        let (note, inner) = (note("waits"), inner.clone());
        move || {
            note();
            inner
        }
    });
    cancelled.cancel();
    assert_eq!(lock.waiting(), 4);
    lock.release().unwrap();
    assert_eq!(*order.borrow(), ["returns", "fails", "panics", "waits"]);
    assert!(lock.locked(), "as long as the inner Deferred isn't there");
    waits.cancel();
    assert!(!lock.locked() && inner.called());
    assert!(lock.release().is_err());
    assert!(held.called());
    assert_eq!(value(&returns), Some(1));
    for failed in [fails, panics, cancelled, waits] {
        assert_eq!(failed.state(), State::Failed);
        failed.add_errback(|_| 0);
    }

    let guarded = lock.acquire_guard::<Failure>().then(drop);
    assert!(guarded.called() && !lock.locked());
}
