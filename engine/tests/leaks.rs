//! What nobody can reach is freed: callbacks, cancellers and values go with it, and failures are reported.

use deferral::{
    Deferred, DeferredList, DeferredLock, Failure, Guard, Report, State, WeakDeferred, set_report_hook,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

type D = Deferred<u32>;

/// Something to be captured: whether it was dropped can be seen on the token that stays outside.
fn token() -> (Rc<()>, Rc<()>) {
    let token = Rc::new(());
    (Rc::clone(&token), token)
}

fn freed(token: &Rc<()>) -> bool {
    Rc::strong_count(token) == 1
}

/// Has `outer` wait for `inner`.
fn wait(outer: &D, inner: &D) {
    let inner = inner.clone();
    outer.add_both(move |_| inner);
    if !outer.called() {
        outer.callback(0).unwrap();
    }
}

/// Collects the unhandled errors that this thread reports.
fn reports() -> Rc<RefCell<Vec<String>>> {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let told = Rc::clone(&reports);
    set_report_hook(move |report| {
        if let Report::Unhandled { error, .. } = report {
            told.borrow_mut().push(error.downcast_ref::<Failure>().unwrap().message());
        }
    });
    reports
}

#[test]
fn a_waiting_pair_goes_when_neither_can_be_reached() {
    let (captured, outside) = token();
    let outer = D::new();
    let inner = D::with_canceller(move |_| drop(Rc::clone(&captured)));
    wait(&outer, &inner);
    let (weak_outer, weak_inner) = (outer.downgrade(), inner.downgrade());
    drop(inner);
    assert!(!freed(&outside), "the outer Deferred still reaches the inner one's canceller");
    assert!(weak_inner.upgrade().is_some());
    drop(outer);
    assert!(freed(&outside));
    assert!(weak_outer.upgrade().is_none() && weak_inner.upgrade().is_none());
}

#[test]
fn the_awaited_one_keeps_who_waits_for_it() {
    let (captured, outside) = token();
    let (outer, inner) = (D::new(), D::new());
    wait(&outer, &inner);
    let seen = Rc::new(RefCell::new(None));
    let see = Rc::clone(&seen);
    outer.add_callback(move |value| {
        drop(captured);
        *see.borrow_mut() = Some(value);
        value
    });
    drop(outer);
    assert!(!freed(&outside));
    inner.callback(8).unwrap();
    assert_eq!(*seen.borrow(), Some(8));
    assert!(freed(&outside));
}

#[test]
fn circles_go() {
    for length in 1..=5 {
        let (captured, outside) = token();
        let circle: Vec<D> = (0..length).map(|_| D::new()).collect();
        for at in 0..length {
            let (next, captured) = (circle[(at + 1) % length].clone(), Rc::clone(&captured));
            circle[at].add_callback(move |_| next).add_callback(move |value| {
                drop(captured);
                value
            });
        }
        circle.iter().for_each(|d| d.callback(0).unwrap());
        drop(captured);
        let mut circle = circle.into_iter();
        let last = circle.next_back();
        circle.for_each(drop);
        assert!(!freed(&outside), "{length}: the last handle reaches all of it");
        drop(last);
        assert!(freed(&outside), "{length}");
    }
}

#[test]
fn chains_that_fire_each_other_go() {
    let (captured, outside) = token();
    let (a, b) = (D::with_canceller(move |_| drop(Rc::clone(&captured))), D::new());
    a.chain_deferred(&b);
    b.chain_deferred(&a);
    drop(b);
    assert!(!freed(&outside));
    drop(a);
    assert!(freed(&outside));
}

#[test]
fn a_chain_keeps_its_target_but_not_the_other_way_round() {
    let (a, b) = (D::new(), D::new());
    a.chain_deferred(&b);
    let (weak_a, weak_b) = (a.downgrade(), b.downgrade());
    drop(b);
    assert!(weak_b.upgrade().is_some(), "firing a will fire it");
    let b = weak_b.upgrade().unwrap();
    drop(a);
    assert!(weak_a.upgrade().is_none(), "nobody can fire it any more");
    b.callback(1).unwrap();
}

#[test]
fn a_failure_in_a_circle_is_reported_once() {
    let reports = reports();
    let (outer, inner) = (D::new(), D::new());
    inner.errback(Failure::new("late")).unwrap();
    inner.pause();
    wait(&outer, &inner);
    drop(inner);
    assert!(reports.borrow().is_empty(), "it is marked, but can be reached");
    drop(outer);
    assert_eq!(*reports.borrow(), ["late"]);
}

#[test]
fn a_failure_is_reported_by_whom_it_moved_to() {
    let reports = reports();
    let (outer, inner) = (D::new(), D::new());
    wait(&outer, &inner);
    inner.errback(Failure::new("moved")).unwrap();
    drop(inner);
    assert!(reports.borrow().is_empty());
    drop(outer);
    assert_eq!(*reports.borrow(), ["moved"]);
}

#[test]
fn dropped_inside_its_own_callback_it_runs_to_its_end_and_is_reported_once() {
    let reports = reports();
    let (captured, outside) = token();
    let d = D::new();
    let own = Rc::new(RefCell::new(Some(d.clone())));
    d.add_callback(move |_| {
        drop(own.borrow_mut().take());
        Err::<u32, _>(Failure::new("from inside"))
    });
    d.add_callback(move |value| {
        drop(captured);
        value
    });
    let weak = d.downgrade();
    let fires = D::new();
    fires.add_callback(move |value| d.callback(value).map(|()| value).map_err(Failure::from));
    // The only handle outside goes with that callback, and the one inside is dropped on the way.
    fires.callback(1).unwrap();
    assert_eq!(*reports.borrow(), ["from inside"]);
    assert!(freed(&outside) && weak.upgrade().is_none());
}

#[test]
fn a_weak_handle_lets_a_closure_name_its_own_deferred() {
    let d = D::new();
    let weak = d.downgrade();
    d.add_callback(move |value| value + u32::from(weak.upgrade().is_some()));
    d.callback(1).unwrap();
    assert_eq!(d.with_result(|result| *result.unwrap().as_ref().unwrap()), 2);
    let weak = d.downgrade();
    drop(d);
    assert!(weak.upgrade().is_none());
}

#[test]
fn dropping_one_may_drop_others_of_other_types() {
    let (captured, outside) = token();
    let held = Deferred::<String>::with_canceller(move |_| drop(Rc::clone(&captured)));
    let holder = D::new();
    holder.add_callback(move |value| {
        drop(held);
        value
    });
    drop(holder);
    assert!(freed(&outside));
}

#[test]
fn deferreds_in_thread_locals_survive_the_threads_end() {
    thread_local! {
        static KEPT: RefCell<Vec<D>> = const { RefCell::new(Vec::new()) };
    }
    let thread = std::thread::spawn(|| {
        let (outer, inner) = (D::new(), D::new());
        KEPT.with(|kept| kept.borrow_mut().extend([outer.clone(), inner.clone()]));
        wait(&outer, &inner);
        KEPT.with(|kept| kept.borrow_mut().push(deferral::fail(Failure::new("at the end"))));
    });
    thread.join().unwrap();
}

#[test]
fn a_long_chain_in_an_older_thread_local_ends_with_its_thread() {
    thread_local! {
        static KEPT: RefCell<Option<D>> = const { RefCell::new(None) };
    }
    let (captured, outside) = token_across_threads();
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(move || {
        // Made before the engine's own thread-local, it is dropped after that one.
        KEPT.with(|kept| *kept.borrow_mut() = None);
        let mut outer = D::with_canceller(move |_| drop(std::sync::Arc::clone(&captured)));
        for _ in 0..100_000 {
            let inner = std::mem::replace(&mut outer, D::new());
            outer.add_callback(move |_| inner);
        }
        KEPT.with(|kept| *kept.borrow_mut() = Some(outer));
    });
    thread.unwrap().join().unwrap();
    assert_eq!(std::sync::Arc::strong_count(&outside), 1, "the innermost was freed as well");
}

fn token_across_threads() -> (std::sync::Arc<()>, std::sync::Arc<()>) {
    let token = std::sync::Arc::new(());
    (std::sync::Arc::clone(&token), token)
}

#[test]
fn what_is_dropped_inside_a_callback_goes_at_once() {
    let reports = reports();
    let d = D::new();
    let seen = Rc::clone(&reports);
    d.add_callback(move |value| {
        drop(deferral::fail::<u32, _>(Failure::new("short-lived")));
        assert_eq!(*seen.borrow(), ["short-lived"], "not only when the callback has returned");
        value
    });
    d.callback(1).unwrap();
    assert!(d.with_result(|result| result.unwrap().is_ok()));
}

/// Says whether its Deferred can still be reached while it is dropped.
struct Upgrades(WeakDeferred<u32>, Rc<Cell<Option<bool>>>);

impl Drop for Upgrades {
    fn drop(&mut self) {
        self.1.set(Some(self.0.upgrade().is_some()));
    }
}

#[test]
fn a_weak_handle_gives_nothing_while_its_deferred_is_reclaimed() {
    let (outer, inner) = (Deferred::<u32>::new(), Deferred::new());
    let waited_for = inner.clone();
    outer.add_callback(move |_| waited_for);
    outer.callback(1).unwrap();
    let seen = Rc::new(Cell::new(None));
    let upgrades = Upgrades(outer.downgrade(), Rc::clone(&seen));
    inner.add_callback(move |value| {
        let _kept = &upgrades;
        value
    });
    drop((outer, inner));
    assert_eq!(seen.get(), Some(false));
}

#[test]
fn circles_with_a_tail_go() {
    let shapes = (1..=5).flat_map(|length| (0..=6).map(move |tail| (length, tail)));
    for (length, tail, backward) in shapes.flat_map(|(a, b)| [(a, b, false), (a, b, true)]) {
        let (captured, outside) = token();
        let mut all: Vec<D> = (0..length + tail).map(|_| D::new()).collect();
        // The first ones wait in a circle, each other one for the one before it.
        for at in 0..all.len() {
            let next = all[if at < length { (at + 1) % length } else { at - 1 }].clone();
            let captured = Rc::clone(&captured);
            all[at].add_callback(move |_| next).add_callback(move |value| {
                drop(captured);
                value
            });
        }
        all.iter().for_each(|d| d.callback(0).unwrap());
        drop(captured);
        all[length + tail - 1].cancel();
        assert!(all.iter().all(|d| d.state() == State::Waiting), "a circle isn't cancelled");
        if backward {
            all.reverse();
        }
        while let Some(d) = all.pop() {
            assert!(!freed(&outside), "{length}, {tail}");
            drop(d);
        }
        assert!(freed(&outside), "{length}, {tail}");
    }
}

#[test]
fn what_a_callback_returned_goes_when_nobody_else_has_it() {
    let d = D::new();
    let inner = deferral::succeed(3);
    let weak = inner.downgrade();
    d.add_callback(move |_| inner);
    d.callback(0).unwrap();
    assert!(weak.upgrade().is_none(), "nothing waits for it");

    let (captured, outside) = token();
    let (source, target) = (D::new(), D::new());
    source.chain_deferred(&target);
    let inner = D::with_canceller(move |_| drop(Rc::clone(&captured)));
    target.add_callback(move |_| inner);
    drop(target);
    source.callback(0).unwrap();
    assert!(freed(&outside), "nobody has a handle of who waits for it");
}

/// A list of two, of which one has no handle, and whose function captures a token.
fn list(member: &D) -> (D, Rc<()>) {
    let (captured, outside) = token();
    let list = DeferredList::new([member.clone(), D::new()]).results(move |results| {
        drop(captured);
        results.len() as u32
    });
    (list, outside)
}

#[test]
fn a_list_goes_with_the_last_member_that_kept_it() {
    let member = D::new();
    let (unfired, outside) = list(&member);
    drop(unfired);
    assert!(!freed(&outside), "the member will tell it");
    member.callback(1).unwrap();
    assert!(freed(&outside));

    let member = D::new();
    let (fired, outside) = list(&member);
    fired.callback(7).unwrap();
    member.callback(1).unwrap();
    assert!(freed(&outside), "fired by hand, it doesn't keep what it was made of");
    assert!(fired.called());
}

/// Drops a circle inside a callback.
struct DropsACircle(std::sync::Arc<()>);

impl Drop for DropsACircle {
    fn drop(&mut self) {
        let captured = std::sync::Arc::clone(&self.0);
        let (outer, inner) = (D::new(), D::with_canceller(move |_| drop(std::sync::Arc::clone(&captured))));
        wait(&outer, &inner);
        let fires = D::new();
        fires.add_callback(move |value| {
            drop((outer, inner));
            value
        });
        fires.callback(1).unwrap();
    }
}

#[test]
fn a_circle_that_is_dropped_while_its_thread_ends_goes() {
    thread_local! {
        static KEPT: RefCell<Option<DropsACircle>> = const { RefCell::new(None) };
    }
    let (captured, outside) = token_across_threads();
    let thread = std::thread::spawn(move || {
        // It is dropped after the engine's own thread-local, as it was made before that one.
        KEPT.with(|kept| *kept.borrow_mut() = Some(DropsACircle(captured)));
        drop(DropsACircle(token_across_threads().0));
    });
    thread.join().unwrap();
    assert_eq!(std::sync::Arc::strong_count(&outside), 1);
}

#[test]
fn what_others_point_to_stays_when_the_loop_is_through_with_it() {
    // A freed block would be the next one's.
    let untouched = |d: &D| {
        let next = D::new();
        assert!(!next.ptr_eq(d));
        next
    };
    // Fired along a chain, its result handed over, and another chain leads to it.
    let (first, second, target, waits) = (D::new(), D::new(), D::new(), D::new());
    first.chain_deferred(&target);
    second.chain_deferred(&target);
    wait(&waits, &target);
    drop(target);
    first.callback(1).unwrap();
    let next = untouched(&waits);
    second.callback(2).unwrap();
    assert_eq!((waits.state(), next.state()), (State::Succeeded, State::Unfired));
    assert_eq!(second.state(), State::Failed, "the target was already called");
    second.add_errback(|_| 0);

    // The same, with a handle, and with a weak one beside it.
    for weak in [false, true] {
        let (source, target, waits) = (D::new(), D::new(), D::new());
        source.chain_deferred(&target);
        wait(&waits, &target);
        let weak = weak.then(|| target.downgrade());
        source.callback(1).unwrap();
        untouched(&target);
        assert!(weak.is_none_or(|weak| weak.upgrade().is_some_and(|upgraded| upgraded.ptr_eq(&target))));
    }

    // Cancelled, with two who wait: it runs again when the first one has run.
    let (target, waiters) = (D::new(), [D::new(), D::new()]);
    waiters.iter().for_each(|waits| wait(waits, &target));
    target.cancel();
    untouched(&target);
    assert_eq!(target.state(), State::Succeeded);
    for waits in waiters {
        waits.add_errback(|_| 0);
    }
}

#[test]
fn what_gets_a_handle_again_before_it_is_looked_at_lives() {
    let (outer, inner, runs) = (D::new(), D::new(), D::new());
    wait(&outer, &inner);
    let kept = Rc::new(RefCell::new(None));
    let keep = Rc::clone(&kept);
    runs.add_callback(move |value| {
        let weak = inner.downgrade();
        drop((outer, inner));
        let inner = weak.upgrade().expect("it isn't looked at before the callback ends");
        inner.callback(5).unwrap();
        keep.replace(Some(inner));
        value
    });
    runs.callback(0).unwrap();
    let inner = kept.take().unwrap();
    assert_eq!(inner.with_result(|result| *result.unwrap().as_ref().unwrap()), 0, "what a hand-over leaves");
}

#[test]
fn a_lock_goes_with_those_who_wait_in_it() {
    let ((captured, outside), lock) = (token(), DeferredLock::new());
    let holder: Deferred<DeferredLock> = lock.acquire();
    let waiter: Deferred<DeferredLock> = lock.acquire();
    let guard: Deferred<Guard> = lock.acquire_guard();
    let run: Deferred<u32> = lock.run(move || {
        drop(captured);
        1
    });
    assert_eq!(lock.waiting(), 3);
    drop((waiter, guard, run));
    assert!(!freed(&outside), "the lock has them");
    drop(holder);
    assert!(!freed(&outside), "and there is a handle of the lock");
    drop(lock);
    assert!(freed(&outside));
}

#[test]
fn who_waits_in_a_lock_is_given_it_by_whoever_holds_it() {
    let lock = DeferredLock::new();
    let holder: Deferred<DeferredLock> = lock.acquire();
    let (second, third): (Deferred<Guard>, Deferred<u32>) = (lock.acquire_guard(), lock.run(|| 3));
    drop(lock);
    let held = holder.with_result(|lock| lock.unwrap().as_ref().unwrap().clone());
    drop(holder);
    held.release().unwrap();
    assert!(second.called() && !third.called());
    drop((held, second));
    assert_eq!(
        third.with_result(|value| *value.unwrap().as_ref().unwrap()),
        3,
        "the guard went, and gave it on"
    );
}
