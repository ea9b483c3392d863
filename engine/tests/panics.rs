//! The user's code panics at every place; the Deferred goes on, nothing is lost and nothing is stuck.

use deferral::{Deferred, DeferredList, Failure, Panicked, Report, State, set_report_hook};
use std::cell::{Cell, RefCell};
use std::future::{Future, IntoFuture, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

type D = Deferred<u32>;

/// Panics without a message on standard error.
fn panics(with: &str) -> ! {
    resume_unwind(Box::new(with.to_owned()))
}

fn message(failure: &Failure) -> Option<String> {
    failure.check::<Panicked>()?.message().map(str::to_owned)
}

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panics(self.0);
    }
}

/// Collects what this thread reports, as text.
fn reports() -> Rc<RefCell<Vec<String>>> {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let told = Rc::clone(&reports);
    set_report_hook(move |report| told.borrow_mut().push(report.to_string()));
    reports
}

#[test]
fn a_callback_at_every_place() {
    const CALLBACKS: usize = 12;
    for place in 0..CALLBACKS {
        let d = D::new();
        let ran = Rc::new(RefCell::new(Vec::new()));
        for at in 0..CALLBACKS {
            let ran = Rc::clone(&ran);
            d.add_both(move |result| {
                ran.borrow_mut().push((
                    at,
                    result.as_ref().ok().copied(),
                    result.as_ref().err().and_then(message),
                ));
                if at == place { panics(&format!("at {at}")) } else { result.map(|value| value + 1) }
            });
        }
        d.callback(0).unwrap();
        let ran = ran.take();
        assert_eq!(ran.len(), CALLBACKS, "every callback runs, and once");
        for (at, value, panic) in ran {
            let expected = if at <= place { Some(at as u32) } else { None };
            assert_eq!(value, expected);
            assert_eq!(panic.is_some(), at > place);
        }
        // And it goes on.
        d.add_errback(|failure: Failure| {
            let text = message(&failure).unwrap();
            text.trim_start_matches("at ").parse::<u32>().unwrap() + 100
        });
        assert_eq!(d.with_result(|result| *result.unwrap().as_ref().unwrap()), 100 + place as u32);
    }
}

#[test]
fn a_canceller_leaves_it_as_it_was() {
    let calls = Rc::new(Cell::new(0));
    let count = Rc::clone(&calls);
    let d = D::with_canceller(move |_| {
        count.set(count.get() + 1);
        if count.get() < 3 {
            panics("not yet");
        }
    });
    for call in 1..3 {
        let panic = catch_unwind(AssertUnwindSafe(|| d.cancel())).unwrap_err();
        assert_eq!(*panic.downcast::<String>().unwrap(), "not yet");
        assert_eq!((calls.get(), d.state()), (call, State::Unfired));
    }
    d.cancel();
    assert_eq!((calls.get(), d.state()), (3, State::Failed));
}

#[test]
fn a_canceller_that_fired_first() {
    let d = D::with_canceller(|d| {
        d.callback(4).unwrap();
        panics("after that");
    });
    assert!(catch_unwind(AssertUnwindSafe(|| d.cancel())).is_err());
    assert_eq!(d.with_result(|result| *result.unwrap().as_ref().unwrap()), 4);
    d.cancel();
}

#[test]
fn a_canceller_inside_a_callback_fails_that_callback() {
    let cancelled = D::with_canceller(|_| panics("in the canceller"));
    let d = D::new();
    let inner = cancelled.clone();
    d.add_callback(move |value| {
        inner.cancel();
        value
    });
    d.callback(1).unwrap();
    d.add_errback(|failure| {
        assert_eq!(message(&failure).as_deref(), Some("in the canceller"));
        5
    });
    assert_eq!(d.state(), State::Succeeded);
    assert_eq!(cancelled.state(), State::Unfired);
}

#[test]
fn the_drop_of_what_a_callback_captured() {
    let reports = reports();
    let d = D::new();
    let bomb = Bomb("captured");
    d.add_callback(move |value| {
        let _bomb = &bomb;
        value
    });
    d.callback(1).unwrap();
    // It is dropped as the call ends: the call has failed.
    d.add_errback(|failure| {
        assert_eq!(message(&failure).as_deref(), Some("captured"));
        2
    });
    assert_eq!(d.state(), State::Succeeded);
    assert!(reports.borrow().is_empty());
}

#[test]
fn the_drop_of_callbacks_that_never_ran() {
    let reports = reports();
    let d = D::new();
    let dropped = Rc::new(());
    for _ in 0..3 {
        let (bomb, token) = (Bomb("never ran"), Rc::clone(&dropped));
        d.add_callback(move |value| {
            let _ = (&bomb, &token);
            value
        });
    }
    drop(d);
    assert_eq!(Rc::strong_count(&dropped), 1, "one panic doesn't keep the others from being dropped");
    assert_eq!(reports.borrow().len(), 3);
}

#[test]
fn the_drop_of_a_canceller() {
    let reports = reports();
    let bomb = Bomb("canceller");
    let d = D::with_canceller(move |_| {
        let _bomb = &bomb;
    });
    let ran = Rc::new(Cell::new(false));
    let run = Rc::clone(&ran);
    d.add_callback(move |value| {
        run.set(true);
        value
    });
    d.callback(1).unwrap();
    assert!(ran.get());
    assert_eq!(reports.borrow().len(), 1);
}

#[test]
fn the_drop_of_a_value() {
    let reports = reports();
    let d: Deferred<Option<Bomb>> = deferral::succeed(Some(Bomb("value")));
    drop(d);
    assert_eq!(reports.borrow().len(), 1);
    let d: Deferred<Option<Bomb>> = Deferred::new();
    d.cancel();
    // Swallowed, and dropped on the way.
    d.callback(Some(Bomb("swallowed"))).unwrap();
    assert_eq!(reports.borrow().len(), 2);
    d.add_errback(|_| None);
}

#[test]
fn the_null() {
    #[derive(Debug)]
    struct NoNull(u32);
    impl Default for NoNull {
        fn default() -> Self {
            panics("there is no null")
        }
    }
    let (outer, inner) = (Deferred::<NoNull>::new(), Deferred::<NoNull>::new());
    let awaited = inner.clone();
    outer.add_callback(move |_| awaited);
    outer.callback(NoNull(1)).unwrap();
    inner.callback(NoNull(2)).unwrap();
    assert_eq!(outer.with_result(|result| result.unwrap().as_ref().unwrap().0), 2, "the hand-over goes on");
    inner.add_errback(|failure| {
        assert_eq!(message(&failure).as_deref(), Some("there is no null"));
        NoNull(3)
    });
    assert_eq!(inner.state(), State::Succeeded);
}

#[test]
fn the_report_hook() {
    let calls = Rc::new(Cell::new(0));
    let count = Rc::clone(&calls);
    set_report_hook(move |report| {
        count.set(count.get() + 1);
        assert!(matches!(report, Report::Unhandled { .. }));
        panics("in the hook");
    });
    drop(deferral::fail::<u32, _>(Failure::new("first")));
    drop(deferral::fail::<u32, _>(Failure::new("second")));
    assert_eq!(calls.get(), 2);
}

#[test]
fn a_payload_that_panics_when_it_is_dropped() {
    let reports = reports();
    let d = D::new();
    d.add_callback(|_| -> u32 { resume_unwind(Box::new(Bomb("payload"))) });
    d.callback(1).unwrap();
    assert_eq!(d.state(), State::Failed);
    drop(d);
    assert!(reports.borrow().len() >= 2, "the unhandled failure, and the panic of its drop");
    // The thread's own state is whole.
    let d: D = deferral::succeed(1);
    d.add_callback(|value| value + 1);
    assert_eq!(d.with_result(|result| *result.unwrap().as_ref().unwrap()), 2);
}

#[test]
fn while_the_thread_unwinds() {
    let reports = reports();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let d: D = deferral::fail(Failure::new("dropped by the unwinding"));
        let bomb = Bomb("dropped by the unwinding, too");
        let other = D::new();
        other.add_callback(move |value| {
            let _ = &bomb;
            value
        });
        let _both = (d, other);
        panics("the user's own");
    }));
    assert_eq!(*panic.unwrap_err().downcast::<String>().unwrap(), "the user's own");
    assert_eq!(reports.borrow().len(), 2);
}

#[test]
fn maybe_deferred_catches() {
    let d: D = deferral::maybe_deferred(|| -> u32 { panics("in the call") });
    d.add_errback(|failure| {
        assert_eq!(message(&failure).as_deref(), Some("in the call"));
        1
    });
    assert_eq!(d.state(), State::Succeeded);
}

#[test]
fn the_drop_of_a_callback_that_is_passed_over_keeps_the_error() {
    let reports = reports();
    let d = D::new();
    let bomb = Bomb("passed over");
    d.add_callback(move |value| {
        let _bomb = &bomb;
        value
    });
    d.errback(Failure::new("the error")).unwrap();
    assert_eq!(reports.borrow().len(), 1, "the panic is reported");
    d.add_errback(|failure| {
        assert_eq!(failure.message(), "the error");
        1
    });
    assert_eq!(d.state(), State::Succeeded);
}

/// Panics when a copy of it is dropped.
struct Copies(bool);

impl Clone for Copies {
    fn clone(&self) -> Self {
        Self(true)
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        if self.0 {
            panics("a copy");
        }
    }
}

#[test]
fn the_drop_of_what_a_list_or_a_race_owned() {
    let reports = reports();
    let (function, member) = (Bomb("function"), Deferred::<Copies>::new());
    let list = DeferredList::new([member.clone(), Deferred::new()]).results(move |results| {
        let _owned = &function;
        results.len()
    });
    member.callback(Copies(false)).unwrap();
    drop((list, member));
    assert_eq!(reports.take().len(), 2, "the function, and the result that was there");

    let (function, members) = (Bomb("function"), [D::new(), D::new()]);
    let list = DeferredList::new(members).results(move |results| {
        let _owned = &function;
        results.len() as u32
    });
    drop(list);
    assert_eq!(reports.take().len(), 1, "a list that never fires");

    let (function, contestants) = (Bomb("function"), [D::new(), D::new()]);
    let race = deferral::race_with(contestants, move |_, value| {
        let _owned = &function;
        value
    });
    drop(race);
    assert_eq!(reports.take().len(), 1, "a race that never ends");
}

/// Panics when it is copied, after so many copies.
struct Copied(Rc<Cell<u32>>);

impl Clone for Copied {
    fn clone(&self) -> Self {
        let left = self.0.get().checked_sub(1).unwrap_or_else(|| panics("copied"));
        self.0.set(left);
        Self(Rc::clone(&self.0))
    }
}

/// The list has the panic for that member's error, and fires; the member keeps its value.
#[test]
fn the_copy_of_a_member() {
    for panics_at in 0..3 {
        let copies = Rc::new(Cell::new(panics_at));
        let members = [0, 1, 2].map(|_| Deferred::<Copied>::new());
        let list = DeferredList::new(members.clone()).results(|results| {
            results.iter().map(|result| result.as_ref().err().and_then(message)).collect::<Vec<_>>()
        });
        for member in &members {
            member.callback(Copied(Rc::clone(&copies))).unwrap();
            assert_eq!(member.state(), State::Succeeded);
        }
        let results = list.with_result(|results| results.unwrap().as_ref().unwrap().clone());
        let failed = |at: u32| (at >= panics_at).then(|| "copied".to_owned());
        assert_eq!(results, [failed(0), failed(1), failed(2)]);
        let weak = (list.downgrade(), members.each_ref().map(Deferred::downgrade));
        drop((list, members));
        assert!(weak.0.upgrade().is_none() && weak.1.iter().all(|member| member.upgrade().is_none()));
        assert_eq!(Rc::strong_count(&copies), 1, "every copy is gone");
    }
}

/// A value that panics when it is dropped, unless it is a null.
#[derive(Clone, Default)]
struct Armed(bool);

impl Drop for Armed {
    fn drop(&mut self) {
        if self.0 {
            panics("dropped");
        }
    }
}

/// What comes for a future that has ended meanwhile is dropped with the coroutine, and others go on being freed.
#[test]
fn the_drop_of_what_a_coroutine_never_took() {
    let reports = reports();
    let d = Deferred::<Armed>::new();
    let (awaited, mut ends) = (d.clone(), false);
    let coroutine: D = Deferred::from_future(async move {
        let mut awaited = pin!(awaited.into_future());
        let select = poll_fn(|context| {
            if std::mem::replace(&mut ends, true) {
                return Poll::Ready(());
            }
            assert!(awaited.as_mut().poll(context).is_pending());
            Poll::Pending
        });
        select.await;
        Ok(7)
    });
    d.callback(Armed(true)).unwrap();
    assert_eq!(coroutine.with_result(|result| *result.unwrap().as_ref().unwrap()), 7);
    drop((d, coroutine));
    assert_eq!(reports.take(), ["something that a Deferred owned panicked when it was dropped"]);

    let captured = Rc::new(());
    let (d, held) = (D::new(), Rc::clone(&captured));
    d.add_callback(move |value| value + Rc::strong_count(&held) as u32);
    drop(d);
    assert_eq!(Rc::strong_count(&captured), 1, "it is freed");
}

#[test]
fn a_drop_that_panics_with_what_panics_when_it_is_dropped() {
    /// What it panics with is leaked, so that it ends: it has no memory of its own that a leak check would find.
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            resume_unwind(Box::new(()));
        }
    }
    struct Twice;
    impl Drop for Twice {
        fn drop(&mut self) {
            resume_unwind(Box::new(Payload));
        }
    }
    let (reports, d, twice) = (reports(), D::new(), Twice);
    d.add_callback(move |value| {
        let _owned = &twice;
        value
    });
    drop(d);
    assert_eq!(reports.take().len(), 1);
}
