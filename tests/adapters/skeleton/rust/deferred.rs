//! The Deferred under test. FILL IN each function below; subject.rs needs no change.
//!
//! As it stands nothing happens in any function, and `conform` shows what should have.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "the functions are to be filled in"
)]

use deferral_model::{Failure, Value};

/// The operations that it has no counterpart of: programs that use them are left out, and counted.
pub(crate) const LACKS: &[&str] = &[];

/// What it fires with, and what its callbacks are given. Your Deferred may carry this as it is.
pub(crate) type Outcome = Result<Value, Failure>;

/// A callback, which returns what your Deferred is to be given. It may panic: your Deferred fails with
/// `Failure::Panic` then.
pub(crate) type Callback = Box<dyn FnOnce(Outcome) -> Returned>;

/// What a callback returns.
#[allow(dead_code, reason = "the functions are to be filled in")]
pub(crate) enum Returned {
    /// A value or a failure.
    Outcome(Outcome),
    /// A Deferred to wait for.
    Wait(Deferred),
}

/// How a Deferred stands.
#[allow(dead_code, reason = "the functions are to be filled in")]
pub(crate) enum Standing {
    /// It has no outcome.
    Unfired,
    /// One of its callbacks is on the call stack.
    Running,
    /// It waits for this one, which a callback returned.
    Waiting(Deferred),
    /// What its next callback would be given.
    Fired(Outcome),
}

/// It was fired before.
pub(crate) struct AlreadyCalled;

/// FILL IN: a handle of your Deferred.
#[derive(Clone)]
pub(crate) struct Deferred;

/// FILL IN: from now on, call these when your Deferred reports a failure that nobody has handled, and when it warns
/// that a callback returned the Deferred it was attached to.
pub(crate) fn listen(_unhandled: impl Fn(Failure) + 'static, _self_return: impl Fn() + 'static) {}

/// FILL IN: after this, whatever is out of reach has been reclaimed and reported.
pub(crate) fn reclaim() {}

impl Deferred {
    /// FILL IN: an unfired one. The canceller is called when it is cancelled; it may panic, out of `cancel`.
    pub(crate) fn new(_canceller: Option<Box<dyn Fn()>>) -> Self {
        Self
    }

    /// FILL IN: one that has this value.
    pub(crate) fn succeed(_value: Value) -> Self {
        Self
    }

    /// FILL IN: one that has failed so.
    pub(crate) fn fail(_failure: Failure) -> Self {
        Self
    }

    /// FILL IN: one with what the call returns, or panics with; if that is a Deferred, that very one.
    pub(crate) fn maybe(_call: impl FnOnce() -> Returned) -> Self {
        Self
    }

    /// FILL IN
    pub(crate) fn add_callback(&self, _callback: Callback) {}

    /// FILL IN
    pub(crate) fn add_errback(&self, _errback: Callback) {}

    /// FILL IN
    pub(crate) fn add_both(&self, _callback: Callback) {}

    /// FILL IN
    pub(crate) fn add_callbacks(&self, _callback: Callback, _errback: Callback) {}

    /// FILL IN: `to` is fired with the outcome of this one.
    pub(crate) fn chain(&self, _to: &Self) {}

    /// FILL IN
    pub(crate) fn callback(&self, _value: Value) -> Result<(), AlreadyCalled> {
        Ok(())
    }

    /// FILL IN
    pub(crate) fn errback(&self, _failure: Failure) -> Result<(), AlreadyCalled> {
        Ok(())
    }

    /// FILL IN
    pub(crate) fn cancel(&self) {}

    /// FILL IN
    pub(crate) fn pause(&self) {}

    /// FILL IN
    pub(crate) fn unpause(&self) {}

    /// FILL IN: how it stands.
    pub(crate) fn standing(&self) -> Standing {
        Standing::Unfired
    }

    /// FILL IN: whether both are handles of the same one.
    pub(crate) fn is(&self, _other: &Self) -> bool {
        false
    }
}
