//! `addTimeout`, and the clock that it counts on: `task.Clock`.

use crate::run_loop::{By, Panicked};
use crate::value::{Failure, Outcome, TrapName};
use crate::world::{Call, Id, World};

/// A timeout's place among the clock's timeouts.
pub(crate) type TimeoutId = usize;

/// `task.Clock`, with the timeouts that count on it.
#[derive(Default)]
pub(crate) struct Clock {
    /// In Python it is a float, with what that means for large times.
    pub(crate) now: f64,
    /// The delayed calls that are active, the next one first.
    pub(crate) calls: Vec<(f64, TimeoutId)>,
    pub(crate) timeouts: Vec<Timeout>,
}

/// What the closures of `addTimeout` share.
pub(crate) struct Timeout {
    pub(crate) deferred: Id,
    pub(crate) timed_out: bool,
}

impl Clock {
    /// The Deferreds that delayed calls will cancel.
    pub(crate) fn deferreds(&self) -> impl Iterator<Item = Id> {
        self.calls.iter().map(|(_, timeout)| self.timeouts[*timeout].deferred)
    }

    /// `cancelTimeout` (820-824).
    pub(crate) fn cancel(&mut self, timeout: TimeoutId) {
        self.calls.retain(|(_, other)| *other != timeout);
    }
}

impl World<'_> {
    /// `addTimeout` (759-829).
    pub(crate) fn add_timeout(&mut self, d: Id, after: u64) {
        let timeout = self.clock.timeouts.len();
        self.clock.timeouts.push(Timeout { deferred: d, timed_out: false });
        self.clock.calls.push((self.clock.now + after as f64, timeout));
        // Stable: of two calls for one time the earlier made comes first.
        self.clock.calls.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        self.add_callbacks(d, Call::ConvertCancelled(timeout), Call::ConvertCancelled(timeout));
        self.add_callbacks(d, Call::CancelTimeout(timeout), Call::CancelTimeout(timeout));
    }

    /// `Clock.advance`.
    pub(crate) fn advance(&mut self, by: u64) -> Result<(), Panicked> {
        self.clock.now += by as f64;
        while let Some(&(time, timeout)) = self.clock.calls.first() {
            if time > self.clock.now || self.undefined.is_some() {
                break;
            }
            self.clock.calls.remove(0);
            self.clock.timeouts[timeout].timed_out = true;
            let deferred = self.clock.timeouts[timeout].deferred;
            self.meet_due(deferred);
            let cancelled = self.cancel(deferred, By::Twisted);
            self.meet_timed_out(&cancelled);
            cancelled?;
        }
        Ok(())
    }

    /// `convertCancelled` (804-813) with `_cancelledToTimedOutError` (274-292).
    pub(crate) fn convert_cancelled(&mut self, timeout: TimeoutId, result: Outcome) -> Outcome {
        let timed_out = self.clock.timeouts[timeout].timed_out;
        let cancelled = matches!(&result, Outcome::Failure(failure) if failure.is(TrapName::CancelledError));
        if self.becomes_timeout(timed_out, cancelled) {
            Outcome::Failure(Failure::TimeoutError)
        } else {
            result
        }
    }
}
