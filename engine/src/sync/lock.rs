//! `DeferredLock`: one at a time.

use super::semaphore::{DeferredSemaphore, Guard};
use crate::deferred::Deferred;
use crate::error::{Reason, Surplus};
use crate::returned::IntoReturned;
use std::fmt;
use std::num::NonZeroUsize;

/// Lets one at a time hold it; the others wait in the order in which they came. Clones are the same lock.
///
/// ```
/// use deferral::{Deferred, DeferredLock, Failure};
///
/// let lock = DeferredLock::new();
/// let first: Deferred<DeferredLock> = lock.acquire();
/// let second: Deferred<u32> = lock.run(|| 2);
/// assert!(first.called() && !second.called());
/// lock.release().unwrap();
/// assert!(second.called() && !lock.locked());
/// ```
#[derive(Clone)]
pub struct DeferredLock {
    one: DeferredSemaphore,
}

impl DeferredLock {
    /// A lock that nobody holds.
    #[must_use]
    pub fn new() -> Self {
        Self { one: DeferredSemaphore::new(NonZeroUsize::MIN) }
    }

    /// Whether somebody holds it.
    #[must_use]
    pub fn locked(&self) -> bool {
        self.one.tokens() == 0
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.one.waiting()
    }

    /// Takes the lock as soon as it is free: the Deferred then fires with the lock. Cancelled before that, it
    /// loses its place.
    #[must_use]
    pub fn acquire<E: Reason>(&self) -> Deferred<Self, E> {
        let one = self.one.weakly();
        self.one.acquire_with(move || Self { one: one() })
    }

    /// As [`acquire`](Self::acquire), firing with what a function makes.
    pub fn acquire_with<U: 'static, E: Reason>(&self, made: impl FnOnce() -> U + 'static) -> Deferred<U, E> {
        self.one.acquire_with(made)
    }

    /// Lets go of the lock: whoever has waited longest has it at once, and runs before this returns.
    ///
    /// # Errors
    /// When nobody holds it.
    pub fn release(&self) -> Result<(), Surplus> {
        self.one.release()
    }

    /// Takes the lock, calls a function, and lets go when the Deferred that it returned, or its result, is
    /// there, failed or not: see [`DeferredSemaphore::run`].
    pub fn run<U, E, R>(&self, function: impl FnOnce() -> R + 'static) -> Deferred<U, E>
    where
        U: Default + 'static,
        E: Reason,
        R: IntoReturned<U, E>,
    {
        self.one.run(function)
    }

    /// Takes the lock as soon as it is free, and lets go when the guard is dropped.
    #[must_use]
    pub fn acquire_guard<E: Reason>(&self) -> Deferred<Guard, E> {
        self.one.acquire_guard()
    }
}

impl Default for DeferredLock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for DeferredLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.locked() { "locked" } else { "free" };
        write!(f, "<DeferredLock {state}, {} waiting>", self.waiting())
    }
}
