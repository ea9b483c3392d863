//! The errors that a Deferred makes by itself, and what a type of errors must offer to be used with one.

use crate::debug::Origin;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The Deferred was fired already.
#[doc(alias = "AlreadyCalledError")]
#[derive(Clone)]
pub struct AlreadyCalled {
    origin: Option<Arc<Origin>>,
}

impl AlreadyCalled {
    #[cold]
    pub(crate) fn of(origin: Option<&Arc<Origin>>) -> Self {
        Self { origin: origin.cloned() }
    }

    /// Where the Deferred was made and first fired, when that was in debug mode: see
    /// [`set_debugging`](crate::set_debugging).
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_deref()
    }
}

impl fmt::Display for AlreadyCalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the Deferred was already called")
    }
}

impl fmt::Debug for AlreadyCalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(f, "{self}; {origin}"),
            None => fmt::Display::fmt(self, f),
        }
    }
}

impl Error for AlreadyCalled {}

/// The Deferred was cancelled, and its canceller (if it had one) didn't fire it otherwise.
#[doc(alias = "CancelledError")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the Deferred was cancelled")
    }
}

impl Error for Cancelled {}

/// A callback panicked: what Python would raise as an exception of the callback's own.
pub struct Panicked {
    payload: Box<dyn Any + Send>,
}

/// What [`std::panic::catch_unwind`] caught.
impl From<Box<dyn Any + Send>> for Panicked {
    fn from(payload: Box<dyn Any + Send>) -> Self {
        Self::new(payload)
    }
}

impl Panicked {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        Self { payload }
    }

    /// The message that the callback panicked with, when it was a text.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        let text = self.payload.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| self.payload.downcast_ref::<&str>().copied())
    }

    /// What the callback panicked with.
    #[must_use]
    pub fn payload(&self) -> &(dyn Any + Send) {
        &*self.payload
    }

    /// What the callback panicked with, to go on panicking by [`std::panic::resume_unwind`].
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload
    }
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panicked").field(&self.message()).finish()
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "a callback panicked: {message}"),
            None => f.write_str("a callback panicked"),
        }
    }
}

impl Error for Panicked {}

/// It took longer than [`add_timeout`](crate::Deferred::add_timeout) allowed.
#[doc(alias = "TimeoutError")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut {
    /// What was allowed.
    pub after: Duration,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the Deferred timed out after {:?}", self.after)
    }
}

impl Error for TimedOut {}

/// The first failure of a list that doesn't wait for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstError<E> {
    /// Which member failed, from 0.
    pub index: usize,
    /// What with.
    #[doc(alias = "subFailure")]
    pub error: E,
}

impl<E: fmt::Display> fmt::Display for FirstError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "member {} failed: {}", self.index, self.error)
    }
}

impl<E: fmt::Debug + fmt::Display> Error for FirstError<E> {}

/// Every contestant of a race failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureGroup<E> {
    /// Their errors, in the order of the contestants.
    pub failures: Vec<E>,
}

impl<E: fmt::Display> fmt::Display for FailureGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all {} failed", self.failures.len())?;
        for (index, failure) in self.failures.iter().enumerate() {
            write!(f, "{} {failure}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl<E: fmt::Debug + fmt::Display> Error for FailureGroup<E> {}

/// A queue has no room for the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QueueOverflow<T> {
    /// The value that found no room.
    pub value: T,
}

impl<T> fmt::Debug for QueueOverflow<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueOverflow")
    }
}

impl<T> fmt::Display for QueueOverflow<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue has no room for another value")
    }
}

impl<T> Error for QueueOverflow<T> {}

/// As many as may wait for a queue's values wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueUnderflow;

impl fmt::Display for QueueUnderflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no more may wait for the queue's values")
    }
}

impl Error for QueueUnderflow {}

/// A lock or semaphore was released that nobody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surplus;

impl fmt::Display for Surplus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("released without being held")
    }
}

impl Error for Surplus {}

/// A type of errors that a Deferred can fail with: one that can hold the errors that Deferreds make
/// themselves. [`Failure`](crate::Failure) is one; an enum of your own becomes one with three `From`s.
///
/// The conversions must not panic.
///
/// ```
/// use deferral::{AlreadyCalled, Cancelled, Deferred, Panicked};
///
/// #[derive(Debug)]
/// enum MyError {
///     NotFound,
///     Deferred(String),
/// }
/// impl From<AlreadyCalled> for MyError {
///     fn from(error: AlreadyCalled) -> Self { Self::Deferred(error.to_string()) }
/// }
/// impl From<Cancelled> for MyError {
///     fn from(error: Cancelled) -> Self { Self::Deferred(error.to_string()) }
/// }
/// impl From<Panicked> for MyError {
///     fn from(error: Panicked) -> Self { Self::Deferred(error.to_string()) }
/// }
///
/// let d: Deferred<u32, MyError> = deferral::fail(MyError::NotFound);
/// d.add_errback(|error| match error {
///     MyError::NotFound => Ok(0),
///     other => Err(other),
/// });
/// assert_eq!(d.with_result(|result| *result.unwrap().as_ref().unwrap()), 0);
/// ```
pub trait Reason: From<AlreadyCalled> + From<Cancelled> + From<Panicked> + fmt::Debug + 'static {}

impl<E> Reason for E where E: From<AlreadyCalled> + From<Cancelled> + From<Panicked> + fmt::Debug + 'static {}

/// A [`Reason`] that timeouts work with: see [`add_timeout`](crate::Deferred::add_timeout).
pub trait TimeoutReason: Reason + From<TimedOut> {
    /// Whether it was made from [`Cancelled`].
    fn is_cancelled(&self) -> bool;
}
