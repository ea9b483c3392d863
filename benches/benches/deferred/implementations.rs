//! What the implementations have in common, so that a case is written once for all of them.

mod engine;
mod futures;
mod limits;
mod naive;
mod tokio;

pub(crate) use self::futures::{Chained, Fallible};
pub(crate) use self::tokio::{Task, Tasks, finish, spawn, yield_now};

/// Takes callbacks, and is fired once.
pub(crate) trait Chain<T>: 'static {
    fn new() -> Self;
    fn add(&mut self, callback: impl FnOnce(T) -> T + 'static);
    fn fire(&mut self, value: T);
    /// Looks at the value that came out.
    fn look<R>(&mut self, look: impl FnOnce(&T) -> R) -> R;
}

/// A chain that can fail.
pub(crate) trait Fails: Chain<u64> {
    fn add_errback(&mut self, value: u64);
    fn fail(&mut self);
}

/// Waits for another of its kind.
pub(crate) trait Waits: Sized + 'static {
    /// What fires the innermost.
    type Source: 'static;
    /// One that isn't fired.
    fn innermost() -> (Self::Source, Self);
    /// One that is fired, and waits for another.
    fn waiting_for(inner: Self) -> Self;
    /// Fires the innermost, and gives what came out at the outermost, and the outermost.
    fn fire(source: Self::Source, outermost: Self, value: u64) -> (u64, Self);
    /// Cancels the outermost, drops it, and makes sure that the innermost was reached.
    fn cancel(source: Self::Source, outermost: Self);
}

/// So many of them, each waiting for the one before.
pub(crate) fn waiting<W: Waits>(length: u64) -> (W::Source, W) {
    let (source, innermost) = W::innermost();
    (source, (1..length).fold(innermost, |inner, _| W::waiting_for(inner)))
}
