//! Clocks, and timeouts that count on them.

use crate::deferred::Deferred;
use crate::error::TimeoutReason;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// Something that calls functions later, on this thread.
#[doc(alias = "IReactorTime")]
pub trait Clock {
    /// Has a function called once `after` has passed.
    #[doc(alias = "callLater")]
    fn call_later(&self, after: Duration, call: Box<dyn FnOnce()>) -> DelayedCall;
}

/// A call that a [`Clock`] will make. Dropping this doesn't cancel it.
#[doc(alias = "IDelayedCall")]
pub struct DelayedCall {
    cancel: Box<dyn Fn()>,
}

impl DelayedCall {
    /// A delayed call that is cancelled by a function; for implementations of [`Clock`].
    pub fn new(cancel: impl Fn() + 'static) -> Self {
        Self { cancel: Box::new(cancel) }
    }

    /// Sees to it that the function isn't called. Does nothing when it was called already.
    pub fn cancel(&self) {
        (self.cancel)();
    }
}

/// A clock that is moved by hand: for tests, and for event loops of one's own. Clones are the same clock.
///
/// ```
/// use deferral::{Deferred, ManualClock, TimedOut};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let d: Deferred<u32> = Deferred::new();
/// d.add_timeout(Duration::from_secs(2), &clock);
/// clock.advance(Duration::from_secs(2));
/// d.add_errback(|failure| failure.trap::<TimedOut>().map(|_| 7));
/// assert_eq!(d.with_result(|result| *result.unwrap().as_ref().unwrap()), 7);
/// ```
#[derive(Clone, Default)]
pub struct ManualClock {
    inner: Rc<RefCell<Calls>>,
}

#[derive(Default)]
struct Calls {
    now: Duration,
    made: u64,
    /// The next one first; of two for one time, the one that was made earlier.
    calls: Vec<Call>,
}

struct Call {
    at: Duration,
    id: u64,
    call: Box<dyn FnOnce()>,
}

impl ManualClock {
    /// A clock that stands at 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What it stands at.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.inner.borrow().now
    }

    /// Moves it on, and makes the calls that have become due, the earliest first.
    ///
    /// # Panics
    /// When a call does; those behind it are made by the next `advance`.
    pub fn advance(&self, by: Duration) {
        {
            let mut calls = self.inner.borrow_mut();
            calls.now = calls.now.saturating_add(by);
        }
        while let Some(due) = self.next_due() {
            due();
        }
    }

    fn next_due(&self) -> Option<Box<dyn FnOnce()>> {
        let mut calls = self.inner.borrow_mut();
        if calls.calls.first()?.at > calls.now {
            return None;
        }
        Some(calls.calls.remove(0).call)
    }
}

impl Clock for ManualClock {
    fn call_later(&self, after: Duration, call: Box<dyn FnOnce()>) -> DelayedCall {
        let id = {
            let mut calls = self.inner.borrow_mut();
            let id = if fault!(R01) { calls.calls.len() as u64 } else { calls.made };
            let at = calls.now.saturating_add(after);
            calls.made += 1;
            let place = calls.calls.partition_point(|other| other.at <= at);
            calls.calls.insert(place, Call { at, id, call });
            id
        };
        let inner = Rc::downgrade(&self.inner);
        DelayedCall::new(move || {
            if let Some(inner) = inner.upgrade() {
                let place = inner.borrow().calls.iter().position(|call| call.id == id);
                let cancelled = place.map(|place| inner.borrow_mut().calls.remove(place));
                drop(cancelled);
            }
        })
    }
}

impl<T: 'static, E: TimeoutReason> Deferred<T, E> {
    /// Cancels the Deferred when it has no result after some time; its error then is
    /// [`TimedOut`](crate::TimedOut) instead of [`Cancelled`](crate::Cancelled). Whatever else a canceller
    /// makes of it stays, and so does the `Cancelled` of any other cancel.
    ///
    /// The time counts for the callbacks that were added before; the call ends as soon as they have run. The
    /// clock holds the Deferred until then.
    #[doc(alias = "addTimeout")]
    pub fn add_timeout(&self, after: Duration, clock: &impl Clock) -> &Self {
        let timed_out = Rc::new(Cell::new(false));
        let (deferred, set) = (self.clone(), Rc::clone(&timed_out));
        let call = clock.call_later(
            after,
            Box::new(move || {
                set.set(true);
                deferred.cancel();
            }),
        );
        self.add_both(move |result| match result {
            Err(error) if (timed_out.get() || fault!(F71)) && error.is_cancelled() => {
                Err(crate::TimedOut { after }.into())
            }
            result => result,
        });
        self.add_both(move |result| {
            if !fault!(F70) {
                call.cancel();
            }
            result
        })
    }
}
