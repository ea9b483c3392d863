//! Callbacks and cancellers that use their own Deferred, and others, while they run.

use deferral::{
    AlreadyCalled, Cancelled, Deferred, DeferredList, Failure, Report, State, gather_results, set_report_hook,
};
use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::rc::Rc;

type D = Deferred<u32>;

/// Notes, in order.
#[derive(Clone, Default)]
struct Notes(Rc<RefCell<Vec<String>>>);

impl Notes {
    fn add(&self, note: impl Into<String>) {
        self.0.borrow_mut().push(note.into());
    }

    /// A callback that notes a name and what it was given, and passes it on.
    fn callback(
        &self,
        name: &'static str,
    ) -> impl FnOnce(Result<u32, Failure>) -> Result<u32, Failure> + 'static {
        let notes = self.clone();
        move |result| {
            notes.add(match &result {
                Ok(value) => format!("{name} {value}"),
                Err(failure) => format!("{name} {failure}"),
            });
            result
        }
    }

    fn assert(&self, expected: &[&str]) {
        assert_eq!(*self.0.borrow(), expected);
    }
}

#[test]
fn what_a_callback_adds_to_its_own_deferred_comes_last() {
    let (d, notes) = (D::new(), Notes::default());
    let (own, added) = (d.clone(), notes.clone());
    d.add_callback(move |value| {
        own.add_both(added.callback("added"));
        added.add("first");
        value
    });
    d.add_both(notes.callback("second"));
    d.callback(1).unwrap();
    notes.assert(&["first", "second 1", "added 1"]);
}

#[test]
fn firing_another_runs_it_at_once() {
    let (a, b, notes) = (D::new(), D::new(), Notes::default());
    b.add_both(notes.callback("b"));
    let (other, first) = (b.clone(), notes.clone());
    a.add_callback(move |value| {
        other.callback(7).unwrap();
        first.add("a");
        value
    });
    a.callback(1).unwrap();
    notes.assert(&["b 7", "a"]);
}

#[test]
fn firing_itself_again_is_refused() {
    let d = D::new();
    let own = d.clone();
    d.add_callback(move |_| -> Result<u32, Failure> {
        own.callback(2)?;
        unreachable!("it was fired");
    });
    d.callback(1).unwrap();
    d.add_errback(|failure| {
        assert!(failure.check::<AlreadyCalled>().is_some());
        3
    });
    assert_eq!(d.state(), State::Succeeded);
}

#[test]
fn a_waiters_callback_that_adds_to_the_inner_runs_the_inners_rest_right_there() {
    let (outer, inner, notes) = (D::new(), D::new(), Notes::default());
    let awaited = inner.clone();
    outer.add_callback(move |_| awaited);
    outer.callback(0).unwrap();
    let (again, first) = (inner.clone(), notes.clone());
    outer.add_callback(move |value| {
        again.add_both(first.callback("added to the inner"));
        first.add("outer");
        value
    });
    inner.add_both(notes.callback("inner"));
    inner.callback(5).unwrap();
    notes.assert(&["inner 0", "added to the inner 0", "outer"]);
}

#[test]
fn a_canceller_fires_its_deferred() {
    let d = D::with_canceller(|d| d.callback(6).unwrap());
    d.cancel();
    assert_eq!(d.with_result(|result| *result.unwrap().as_ref().unwrap()), 6);
    assert!(d.callback(7).is_err());
}

#[test]
fn a_canceller_that_cancels_is_entered_again() {
    let notes = Notes::default();
    let count = notes.clone();
    let d = D::with_canceller(move |d| {
        count.add("canceller");
        if count.0.borrow().len() < 3 {
            d.cancel();
        }
    });
    let seen = notes.clone();
    d.add_errback(move |failure| {
        assert!(failure.check::<Cancelled>().is_some());
        seen.add("cancelled");
        1
    });
    d.cancel();
    notes.assert(&["canceller", "canceller", "canceller", "cancelled"]);
}

#[test]
fn a_running_deferred_returned_by_another_gives_a_null() {
    let (a, b) = (D::new(), D::new());
    let (returned, fired) = (a.clone(), b.clone());
    b.add_callback(move |_| returned);
    a.add_callback(move |value| {
        fired.callback(9).unwrap();
        value + 1
    });
    a.callback(1).unwrap();
    let value = |d: &D| d.with_result(|result| *result.unwrap().as_ref().unwrap());
    assert_eq!((value(&a), value(&b)), (2, 0));
}

#[test]
fn waiting_for_itself_is_reported_and_cancel_does_nothing() {
    let notes = Notes::default();
    let told = notes.clone();
    set_report_hook(move |report| {
        if let Report::WaitsForItself { directly, .. } = report {
            told.add(if *directly { "directly" } else { "in a circle" });
        }
    });
    let d = D::new();
    let own = d.clone();
    d.add_callback(move |_| own);
    d.callback(1).unwrap();
    notes.assert(&["directly"]);
    d.cancel();
    assert_eq!(d.state(), State::Waiting);

    let circle = [D::new(), D::new(), D::new()];
    for at in 0..3 {
        let next = circle[(at + 1) % 3].clone();
        circle[at].add_callback(move |_| next);
    }
    circle.iter().for_each(|d| d.callback(0).unwrap());
    notes.assert(&["directly", "in a circle"]);
    let outside = D::new();
    let next = circle[0].clone();
    outside.add_callback(move |_| next);
    outside.callback(0).unwrap();
    notes.assert(&["directly", "in a circle"]);
    for d in circle.iter().chain([&outside]) {
        d.cancel();
        assert_eq!(d.state(), State::Waiting);
    }
}

#[test]
fn a_circle_is_reported_that_only_the_second_waiter_closes() {
    let told = Notes::default();
    let notes = told.clone();
    set_report_hook(move |report| {
        if let Report::WaitsForItself { directly, .. } = report {
            told.add(if *directly { "directly" } else { "in a circle" });
        }
    });
    let waits_for = |other: &D| {
        let (d, awaited) = (D::new(), other.clone());
        d.add_callback(move |_| awaited);
        d.callback(0).unwrap();
        d
    };
    // closing <- dead_end, closing <- second <- third <- inner, and then closing waits for inner.
    let (closing, inner) = (D::new(), D::new());
    let last = inner.clone();
    closing.add_callback(move |_| last);
    let dead_end = waits_for(&closing);
    let second = waits_for(&closing);
    let third = waits_for(&second);
    inner.add_callback(move |_| third);
    inner.callback(0).unwrap();
    notes.assert(&[]);
    closing.callback(0).unwrap();
    notes.assert(&["in a circle"]);
    assert_eq!([&dead_end, &closing].map(Deferred::state), [State::Waiting; 2]);
}

#[test]
fn an_unpause_of_a_waiting_deferred_is_ignored_unless_it_was_paused() {
    let (outer, inner, notes) = (D::new(), D::new(), Notes::default());
    let awaited = inner.clone();
    outer.add_callback(move |_| awaited);
    outer.callback(0).unwrap();
    outer.add_both(notes.callback("outer"));
    outer.unpause();
    outer.pause();
    outer.unpause();
    outer.unpause();
    assert_eq!((outer.state(), outer.paused()), (State::Waiting, 0));
    inner.callback(4).unwrap();
    notes.assert(&["outer 4"]);
}

#[test]
fn debug_says_what_it_waits_for() {
    let (outer, inner) = (D::new(), D::new());
    let awaited = inner.clone();
    outer.add_callback(move |_| awaited).add_callback(|value| value);
    assert!(format!("{outer:?}").ends_with(" unfired, 2 callbacks left>"));
    outer.callback(0).unwrap();
    let address = format!("{inner:?}").split(' ').nth(2).unwrap().to_owned();
    assert!(format!("{outer:?}").ends_with(&format!(" waiting on Deferred at {address}, 1 callback left>")));
    inner.callback(3).unwrap();
    inner.pause();
    assert!(format!("{outer:?}").ends_with(" current result: 3>"));
    assert!(format!("{inner:?}").ends_with(" current result: 0, paused 1>"));
    inner.unpause();
    outer.add_callback(|_| Err::<u32, _>(Failure::new("no")));
    assert!(format!("{outer:?}").contains(" current error: no"));
    outer.add_errback(|_| 0);
}

#[test]
fn a_deferred_may_be_used_while_its_result_is_looked_at() {
    let (a, b, notes) = (deferral::succeed::<u32, Failure>(4), D::new(), Notes::default());
    let returned = a.clone();
    b.add_callback(move |_| returned);
    a.with_result(|result| {
        assert_eq!(*result.unwrap().as_ref().unwrap(), 4);
        a.add_both(notes.callback("added"));
        notes.assert(&[]);
        // It counts as running: another gets a null of it.
        b.callback(1).unwrap();
    });
    notes.assert(&["added 4"]);
    assert_eq!((a.state(), b.state()), (State::Succeeded, State::Succeeded));
    assert_eq!(b.with_result(|result| *result.unwrap().as_ref().unwrap()), 0);
}

/// A canceller that counts its calls, and panics: its Deferred stays unfired.
fn counted(calls: &Rc<Cell<usize>>) -> D {
    let calls = Rc::clone(calls);
    D::with_canceller(move |_| {
        calls.set(calls.get() + 1);
        resume_unwind(Box::new("not cancelled"));
    })
}

#[test]
fn a_list_is_cancelled_again_from_cancellers_as_often_as_they_like() {
    const TIMES: usize = 150;
    let calls = Rc::new(Cell::new(0));
    let list = Rc::new(RefCell::new(None::<Deferred<Vec<u32>>>));
    let (count, own) = (Rc::clone(&calls), Rc::clone(&list));
    let member = D::with_canceller(move |_| {
        count.set(count.get() + 1);
        if count.get() < TIMES {
            let list = own.borrow().clone();
            list.unwrap().cancel();
        }
    });
    let cancelled = gather_results([member]);
    list.replace(Some(cancelled.clone()));
    cancelled.cancel();
    assert_eq!(calls.get(), TIMES);
    cancelled.add_errback(|_| Vec::new());
    list.take();
}

#[test]
fn a_list_that_was_cancelled_in_vain_is_cancelled_again() {
    const LISTS: usize = 150;
    set_report_hook(|_| {});
    let calls = Rc::new(Cell::new(0));
    let lists: Vec<D> = (0..LISTS)
        .map(|_| DeferredList::new([counted(&calls)]).results(|results| results.len() as u32))
        .collect();
    let all = gather_results(lists);
    for times in 1..=3 {
        all.cancel();
        assert_eq!(calls.get(), times * LISTS);
    }
}

/// How often a list that waits for itself is cancelled from within doesn't depend on what was cancelled before.
#[test]
fn each_cancelling_of_a_list_that_waits_for_itself_is_as_the_first() {
    set_report_hook(|_| {});
    let calls = Rc::new(Cell::new(0));
    let (waits, own) = (D::new(), Rc::new(RefCell::new(None)));
    let list = Rc::clone(&own);
    waits.add_callback(move |_| -> D { list.take().unwrap() });
    let list = DeferredList::new([counted(&calls), waits.clone()]).results(|results| results.len() as u32);
    own.replace(Some(list.clone()));
    waits.callback(0).unwrap();
    list.cancel();
    let first = calls.get();
    assert!(first > 1);
    for times in 2..5 {
        list.cancel();
        assert_eq!(calls.get(), times * first);
    }
}
