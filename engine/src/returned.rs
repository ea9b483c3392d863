//! What a callback gives back: a value, an error, or a Deferred to wait for.

use crate::deferred::{Deferred, Null};
use crate::error::Reason;

/// What a callback returned. Callbacks return anything that becomes this: see [`IntoReturned`].
pub enum Returned<T, E> {
    /// A value, for the next callback.
    Value(T),
    /// An error, for the next errback.
    Error(E),
    /// A Deferred: the chain waits for it, takes its result, and leaves a null behind in it.
    Deferred(Deferred<T, E>, Null<T, E>),
}

/// Makes what a hand-over leaves behind: `T::default`, where Twisted leaves `None`.
pub(crate) type MakeNull<T> = fn() -> T;

impl<T: Default + 'static, E: Reason> Returned<T, E> {
    /// A Deferred to wait for.
    #[must_use]
    pub fn wait(deferred: Deferred<T, E>) -> Self {
        Self::Deferred(deferred, Null::default())
    }
}

/// What a callback of a `Deferred<T, E>` may return:
///
/// - a `T`, for the next callback;
/// - a `Result<T, E>`, whose error goes to the next errback;
/// - a `Deferred<T, E>`, which the chain waits for (`T: Default`: what it leaves behind there);
/// - a `Result<Deferred<T, E>, E>`, for `?` in a callback that ends in waiting;
/// - a [`Returned<T, E>`], when it is decided at run time.
pub trait IntoReturned<T, E> {
    /// The conversion.
    fn into_returned(self) -> Returned<T, E>;
}

impl<T, E> IntoReturned<T, E> for T {
    fn into_returned(self) -> Returned<T, E> {
        Returned::Value(self)
    }
}

impl<T, E> IntoReturned<T, E> for Result<T, E> {
    fn into_returned(self) -> Returned<T, E> {
        match self {
            Ok(value) => Returned::Value(value),
            Err(error) => Returned::Error(error),
        }
    }
}

impl<T: Default + 'static, E: Reason> IntoReturned<T, E> for Deferred<T, E> {
    fn into_returned(self) -> Returned<T, E> {
        Returned::wait(self)
    }
}

impl<T: Default + 'static, E: Reason> IntoReturned<T, E> for Result<Deferred<T, E>, E> {
    fn into_returned(self) -> Returned<T, E> {
        match self {
            Ok(deferred) => Returned::wait(deferred),
            Err(error) => Returned::Error(error),
        }
    }
}

impl<T, E> IntoReturned<T, E> for Returned<T, E> {
    fn into_returned(self) -> Self {
        self
    }
}
