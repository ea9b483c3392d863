//! `DeferredSemaphore`: at most so many at a time.

use crate::deferred::{Deferred, maybe_deferred};
use crate::error::{Reason, Surplus};
use crate::returned::IntoReturned;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;
use std::rc::Rc;

/// Lets at most so many hold a token at a time; the others wait in the order in which they came. Clones are
/// the same semaphore.
#[derive(Clone)]
pub struct DeferredSemaphore {
    inner: Rc<RefCell<Tokens>>,
}

struct Tokens {
    free: usize,
    limit: usize,
    /// Who waits: a number to find it by, and what gives it its token.
    waiting: VecDeque<(u64, Box<dyn FnOnce()>)>,
    asked: u64,
}

impl DeferredSemaphore {
    /// A semaphore with so many tokens.
    #[must_use]
    pub fn new(tokens: NonZeroUsize) -> Self {
        let (free, limit) = (tokens.get(), tokens.get());
        Self { inner: Rc::new(RefCell::new(Tokens { free, limit, waiting: VecDeque::new(), asked: 0 })) }
    }

    /// How many tokens are free.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.inner.borrow().free
    }

    /// How many tokens there are.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.inner.borrow().limit
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inner.borrow().waiting.len()
    }

    /// Takes a token as soon as there is one: the Deferred then fires with the semaphore. Cancelled before that,
    /// it loses its place.
    #[must_use]
    pub fn acquire<E: Reason>(&self) -> Deferred<Self, E> {
        self.acquire_with(self.weakly())
    }

    /// Gives itself to who has waited for it. One that waits is held by it: a handle there would keep both for good.
    pub(super) fn weakly(&self) -> impl FnOnce() -> Self + 'static {
        let inner = Rc::downgrade(&self.inner);
        move || Self { inner: inner.upgrade().expect("who gives a token has the semaphore") }
    }

    /// As [`acquire`](Self::acquire), firing with what a function makes.
    pub fn acquire_with<U: 'static, E: Reason>(&self, made: impl FnOnce() -> U + 'static) -> Deferred<U, E> {
        let (id, free) = {
            let mut tokens = self.inner.borrow_mut();
            let free = tokens.free > 0;
            tokens.free -= usize::from(free);
            tokens.asked += 1;
            (tokens.asked, free)
        };
        let inner = Rc::downgrade(&self.inner);
        let deferred = Deferred::with_canceller(move |_| {
            if let Some(inner) = inner.upgrade() {
                let place = inner.borrow().waiting.iter().position(|(other, _)| *other == id && !fault!(F75));
                let forgotten = place.and_then(|place| inner.borrow_mut().waiting.remove(place));
                drop(forgotten);
            }
        });
        let waiter = deferred.clone();
        // Fired by hand meanwhile, it has its token all the same, as in Twisted.
        let grant = move || drop(waiter.callback(made()));
        if free {
            grant();
        } else {
            self.inner.borrow_mut().waiting.push_back((id, Box::new(grant)));
        }
        deferred
    }

    /// Gives a token back: whoever has waited longest has it at once, and runs before this returns.
    ///
    /// # Errors
    /// When nobody holds one.
    pub fn release(&self) -> Result<(), Surplus> {
        let grant = {
            let mut tokens = self.inner.borrow_mut();
            if tokens.free == tokens.limit && !fault!(F79) {
                return Err(Surplus);
            }
            let next = tokens.waiting.pop_front();
            tokens.free += usize::from(next.is_none());
            next
        };
        if let Some((_, grant)) = grant {
            grant();
        }
        Ok(())
    }

    /// Takes a token, calls a function, and gives the token back when the Deferred that it returned, or its
    /// result, is there, failed or not. Cancelled while it waits for a token, the function isn't called;
    /// later, the function's Deferred is cancelled.
    pub fn run<U, E, R>(&self, function: impl FnOnce() -> R + 'static) -> Deferred<U, E>
    where
        U: Default + 'static,
        E: Reason,
        R: IntoReturned<U, E>,
    {
        let own = self.weakly();
        // (What is left behind in the Deferred of the token has to be made of nothing.)
        self.acquire_with(move || Some(own())).then(move |held| {
            let running = maybe_deferred(function);
            running.add_both(move |result| {
                // The token was taken above; it may have been given back by hand.
                let _ = held.map(|held: Self| held.release());
                result
            });
            running
        })
    }

    /// Takes a token as soon as there is one, and gives it back when the guard is dropped.
    #[must_use]
    pub fn acquire_guard<E: Reason>(&self) -> Deferred<Guard, E> {
        let own = self.weakly();
        self.acquire_with(move || Guard { held: Some(own()) })
    }
}

/// A token that is given back when this is dropped.
#[derive(Default)]
pub struct Guard {
    /// `None` in the null that a hand-over leaves.
    held: Option<DeferredSemaphore>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            // Somebody may have released it by hand.
            let _ = held.release();
        }
    }
}

impl fmt::Debug for DeferredSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.inner.borrow();
        let waiting = tokens.waiting.len();
        write!(f, "<DeferredSemaphore {} of {} free, {waiting} waiting>", tokens.free, tokens.limit)
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Guard)")
    }
}
