//! `Failure`: any error, shared cheaply, with the place where it was made.

use crate::error::{Cancelled, TimeoutReason};
use std::backtrace::Backtrace;
use std::error::Error;
use std::fmt;
use std::rc::Rc;

/// Any error, as a chain of errbacks carries it: cheap to clone, asked for its type with
/// [`check`](Self::check) and [`trap`](Self::trap).
///
/// Any error converts into it, so `?` works in callbacks. It isn't an [`Error`] itself (as with
/// `anyhow::Error`, the two can't both be); [`error`](Self::error) is.
///
/// `Display` is the error's message; `Debug` adds its sources and the backtrace, when `RUST_BACKTRACE` asks
/// for one.
#[derive(Clone)]
pub struct Failure {
    inner: Rc<Inner>,
}

struct Inner {
    error: Box<dyn Error>,
    backtrace: Backtrace,
}

impl Failure {
    /// Wraps an error, with the backtrace of this place.
    pub fn new(error: impl Into<Box<dyn Error>>) -> Self {
        Self { inner: Rc::new(Inner { error: error.into(), backtrace: Backtrace::capture() }) }
    }

    /// The error, when it is an `X`.
    #[must_use]
    pub fn check<X: Error + 'static>(&self) -> Option<&X> {
        self.inner.error.downcast_ref()
    }

    /// Holds a failure that is an `X`, and passes any other on, as an `except X:` does.
    ///
    /// Several types are trapped one after another:
    ///
    /// ```
    /// use deferral::{Deferred, Failure};
    /// use std::num::{ParseFloatError, ParseIntError};
    ///
    /// let d: Deferred<i32> = deferral::fail("?".parse::<i32>().unwrap_err().into());
    /// d.add_errback(|failure| {
    ///     failure.trap::<ParseFloatError>().or_else(Failure::trap::<ParseIntError>)?;
    ///     Ok(-1)
    /// });
    /// assert_eq!(d.with_result(|result| *result.unwrap().as_ref().unwrap()), -1);
    /// ```
    ///
    /// # Errors
    /// The failure itself, when it is no `X`.
    pub fn trap<X: Error + 'static>(self) -> Result<Self, Self> {
        if self.inner.error.is::<X>() { Ok(self) } else { Err(self) }
    }

    /// The error itself.
    #[doc(alias = "value")]
    #[must_use]
    pub fn error(&self) -> &(dyn Error + 'static) {
        &*self.inner.error
    }

    /// The error's message.
    #[doc(alias = "getErrorMessage")]
    #[must_use]
    pub fn message(&self) -> String {
        self.inner.error.to_string()
    }

    /// What caused the error, when it says so.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner.error.source()
    }

    /// Where the failure was made; captured when `RUST_BACKTRACE` asks for it.
    #[doc(alias = "getTraceback")]
    pub fn backtrace(&self) -> &Backtrace {
        &self.inner.backtrace
    }

    /// Whether both are the same failure, not just equal ones.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }
}

impl<X: Error + 'static> From<X> for Failure {
    fn from(error: X) -> Self {
        Self::new(error)
    }
}

impl TimeoutReason for Failure {
    fn is_cancelled(&self) -> bool {
        self.check::<Cancelled>().is_some()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.inner.error, f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inner.error)?;
        let mut source = self.source();
        while let Some(error) = source {
            write!(f, "\ncaused by: {error}")?;
            source = error.source();
        }
        if self.inner.backtrace.status() == std::backtrace::BacktraceStatus::Captured {
            write!(f, "\n{}", self.inner.backtrace)?;
        }
        Ok(())
    }
}
