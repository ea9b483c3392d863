//! What errors, reports and everything else say of themselves.

use deferral::{
    Cancelled, Deferred, DeferredLock, DeferredQueue, DeferredSemaphore, Failure, FailureGroup, FirstError,
    Guard, ManualClock, Panicked, Report, Surplus, reset_report_hook, set_debugging, set_report_hook,
};
use std::backtrace::BacktraceStatus;
use std::cell::RefCell;
use std::future::IntoFuture;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

type D = Deferred<u32>;

/// The text of the error that a Deferred has.
fn error(d: &D) -> String {
    let text = d.with_result(|result| result.unwrap().as_ref().unwrap_err().to_string());
    d.add_errback(|_| 0);
    text
}

#[test]
fn errors() {
    let d = D::new();
    d.callback(1).unwrap();
    let refused = d.callback(2).unwrap_err();
    assert_eq!(refused.to_string(), "the Deferred was already called");
    assert_eq!(format!("{refused:?}"), "the Deferred was already called");

    let d = D::new();
    d.cancel();
    assert_eq!(error(&d), "the Deferred was cancelled");

    let (d, clock) = (D::new(), ManualClock::new());
    d.add_timeout(Duration::from_secs(3), &clock);
    clock.advance(Duration::from_secs(3));
    assert_eq!(error(&d), "the Deferred timed out after 3s");

    let first = FirstError { index: 2, error: Surplus };
    assert_eq!(first.to_string(), "member 2 failed: released without being held");
    let all = FailureGroup { failures: vec!["one", "other"] };
    assert_eq!(all.to_string(), "all 2 failed: one; other");

    let queue: DeferredQueue<u32> = DeferredQueue::new().with_size(0).with_backlog(0);
    let (overflow, underflow) = (queue.put(7).unwrap_err(), queue.get().unwrap_err());
    assert_eq!(overflow.to_string(), "the queue has no room for another value");
    assert_eq!(format!("{overflow:?}"), "QueueOverflow");
    assert_eq!(underflow.to_string(), "no more may wait for the queue's values");
}

#[test]
fn panics() {
    let (said, silent) = (Panicked::from(Box::new("no") as Box<_>), Panicked::from(Box::new(1) as Box<_>));
    assert_eq!(said.to_string(), "a callback panicked: no");
    assert_eq!(format!("{said:?}"), r#"Panicked(Some("no"))"#);
    assert_eq!(silent.to_string(), "a callback panicked");
    assert_eq!(format!("{silent:?}"), "Panicked(None)");
}

#[test]
fn failures() {
    let (failure, other) = (Failure::new("no"), Failure::new("no"));
    let captured = failure.backtrace().status() == BacktraceStatus::Captured;
    let text = format!("{failure:?}");
    assert!(text.starts_with("no"));
    assert_eq!(text != "no", captured, "{text}");
    assert!(failure.ptr_eq(&failure.clone()) && !failure.ptr_eq(&other));
}

#[test]
fn handles() {
    let d = D::new();
    assert_eq!(format!("{:?}", d.downgrade()), "(WeakDeferred)");
    assert_eq!(format!("{:?}", d.into_future()), "(DeferredFuture)");
    let lock = DeferredLock::new();
    assert_eq!(format!("{lock:?}"), "<DeferredLock free, 0 waiting>");
    let held: Deferred<Guard> = lock.acquire_guard();
    let waits: Deferred<Guard> = lock.acquire_guard();
    assert_eq!(format!("{lock:?}"), "<DeferredLock locked, 1 waiting>");
    held.with_result(|guard| assert_eq!(format!("{:?}", guard.unwrap().as_ref().unwrap()), "(Guard)"));
    drop(waits);
    let semaphore = DeferredSemaphore::new(NonZeroUsize::new(3).unwrap());
    let _held: Deferred<Guard> = semaphore.acquire_guard();
    assert_eq!((semaphore.tokens(), semaphore.limit()), (2, 3));
    assert_eq!(format!("{semaphore:?}"), "<DeferredSemaphore 2 of 3 free, 0 waiting>");
}

#[test]
fn a_queue_counts_what_is_there_and_who_waits() {
    let queue: DeferredQueue<u32> = DeferredQueue::default();
    let counts = |queue: &DeferredQueue<u32>| (queue.pending(), queue.waiting());
    assert_eq!(counts(&queue), (0, 0));
    let _waits = [queue.get().unwrap(), queue.get().unwrap()];
    assert_eq!(counts(&queue), (0, 2));
    assert_eq!(format!("{queue:?}"), "<DeferredQueue 0 pending, 2 waiting>");
    for value in 0..4 {
        queue.put(value).unwrap();
    }
    assert_eq!(counts(&queue), (2, 0));
    assert_eq!(format!("{queue:?}"), "<DeferredQueue 2 pending, 0 waiting>");
}

#[test]
fn reports_in_debug_mode() {
    let told = Rc::new(RefCell::new(Vec::new()));
    let tells = Rc::clone(&told);
    set_report_hook(move |report| {
        assert_eq!(format!("{report:?}"), report.to_string());
        if let Report::Unhandled { origin: Some(origin), .. } = report {
            assert_eq!(format!("{origin:?}"), origin.to_string());
        }
        tells.borrow_mut().push(report.to_string());
    });
    set_debugging(true);
    drop(deferral::fail::<u32, Failure>(Cancelled.into()));
    set_debugging(false);
    let text = told.take().pop().unwrap();
    assert!(text.starts_with("Unhandled error in Deferred: the Deferred was cancelled\n"), "{text}");
    assert!(text.contains("the Deferred was made:") && text.contains("and first fired:"), "{text}");

    reset_report_hook();
    assert_eq!(Rc::strong_count(&told), 1, "the hook was let go");
    drop(deferral::fail::<u32, Failure>(Cancelled.into()));
    assert!(told.borrow().is_empty());
}
