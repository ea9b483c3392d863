//! The errors that a Deferred makes by itself, and what a type of errors must offer to be used with one.

use std::any::Any;
use std::error::Error;
use std::fmt;

/// The Deferred was fired already.
#[doc(alias = "AlreadyCalledError")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyCalled;

impl fmt::Display for AlreadyCalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the Deferred was already called")
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
