//! `Deferred`: the handle that users hold, and everything that they can ask of it.

mod cancel;
mod coroutine;
mod counted;
mod list;
mod node;
mod queue;
mod race;
#[cfg(any(test, fuzzing))]
mod raw;
mod reclaim;
mod run;
mod slot;
mod then;
mod wait;
mod weak;

use crate::debug::Origin;
use crate::error::{AlreadyCalled, Reason};
use crate::returned::{IntoReturned, Returned};
use counted::{At, Handle};
use node::{Both, Canceller, Either, Node, OnError, OnValue, UNHANDLED};
use queue::Payload;
use std::fmt;
use std::rc::Rc;
use wait::Chain;

#[cfg(feature = "tokio")]
pub(crate) use coroutine::Driver;
pub use coroutine::{DeferredFuture, run_woken};
pub use list::{DeferredList, ListResult, gather_results};
pub use race::{race, race_with};
#[cfg(any(test, fuzzing))]
pub use raw::callbacks;
pub use wait::Null;
pub use weak::WeakDeferred;

/// A result that comes later, and the chain of callbacks that it will run through.
///
/// This is a handle: clones name the same Deferred. It is fired once, with [`callback`](Self::callback) or
/// [`errback`](Self::errback), by whoever finds out the result; whoever wants the result adds callbacks,
/// before or after that.
///
/// Values move along the chain, so most methods ask nothing of `T`. What waits for another Deferred leaves a
/// null behind there, and asks for `T: Default`.
pub struct Deferred<T, E = crate::Failure> {
    node: Handle<Node<T, E>>,
}

/// How a Deferred stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has no result yet.
    Unfired,
    /// One of its callbacks is on the call stack, and has the result.
    Running,
    /// It waits for a Deferred that one of its callbacks returned.
    Waiting,
    /// It has a value.
    Succeeded,
    /// It has an error.
    Failed,
}

impl<T: 'static, E: Reason> Deferred<T, E> {
    /// An unfired Deferred. Cancelling it makes it fail with [`Cancelled`](crate::Cancelled).
    #[must_use]
    pub fn new() -> Self {
        Self::made(None)
    }

    /// An unfired Deferred with a canceller: what [`cancel`](Self::cancel) calls to stop whatever was to give
    /// the result. The canceller may fire the Deferred; when it doesn't, `cancel` makes it fail with
    /// [`Cancelled`](crate::Cancelled). It is kept until the Deferred is fired: it is called again when it is
    /// cancelled again after a panic, and entered again when it cancels the Deferred itself before firing it.
    pub fn with_canceller(canceller: impl Fn(&Self) + 'static) -> Self {
        Self::made(Some(Canceller::User(Rc::new(canceller))))
    }

    /// Adds a callback: called with the value, or passed over by an error.
    ///
    /// When the Deferred has its result already, it is called before this returns, unless the Deferred is
    /// paused, waits, or runs a callback at this moment.
    #[doc(alias = "addCallback")]
    #[inline]
    pub fn add_callback<R: IntoReturned<T, E>>(&self, callback: impl FnOnce(T) -> R + 'static) -> &Self {
        self.add(OnValue::new(callback))
    }

    /// Adds an errback: called with the error, or passed over by a value. The value that it returns goes to
    /// the next callback.
    #[doc(alias = "addErrback")]
    pub fn add_errback<R: IntoReturned<T, E>>(&self, errback: impl FnOnce(E) -> R + 'static) -> &Self {
        self.add(OnError::new(errback))
    }

    /// Adds a function that is called with whatever comes, a value or an error.
    #[doc(alias = "addBoth")]
    pub fn add_both<R: IntoReturned<T, E>>(&self, both: impl FnOnce(Result<T, E>) -> R + 'static) -> &Self {
        self.add(Both::new(both))
    }

    /// Adds a callback and an errback of which one is called. The errback doesn't see the callback's own
    /// error: that goes to the next one.
    #[doc(alias = "addCallbacks")]
    pub fn add_callbacks<R: IntoReturned<T, E>, S: IntoReturned<T, E>>(
        &self,
        callback: impl FnOnce(T) -> R + 'static,
        errback: impl FnOnce(E) -> S + 'static,
    ) -> &Self {
        self.add(Either::new(callback, errback))
    }

    /// Fires another Deferred with the result that comes here. This one goes on with a null; should the other
    /// have been fired by then, with [`AlreadyCalled`] as its error.
    ///
    /// Cancelling the other doesn't cancel this one.
    #[doc(alias = "chainDeferred")]
    pub fn chain_deferred(&self, other: &Self) -> &Self
    where
        T: Default,
    {
        if fault!(F51) && !other.called() {
            let mut canceller = other.node.made_rare().canceller.borrow_mut();
            canceller.get_or_insert_with(|| then::cancels(self.node.at()));
        }
        run::add_link(self.node.at(), Chain(other.node.at().edge()));
        self
    }

    /// Fires the Deferred with a value.
    ///
    /// # Errors
    /// When it was fired before, except that a Deferred without a canceller swallows the one result that
    /// comes after its cancellation.
    #[inline]
    pub fn callback(&self, value: T) -> Result<(), AlreadyCalled> {
        run::fire(self.node.at(), Ok(value))
    }

    /// Fires the Deferred with an error.
    ///
    /// # Errors
    /// As with [`callback`](Self::callback).
    pub fn errback(&self, error: impl Into<E>) -> Result<(), AlreadyCalled> {
        run::fire(self.node.at(), Err(error.into()))
    }

    /// Asks for the result not to be waited for any longer.
    ///
    /// - Not fired: calls its canceller, and fails with [`Cancelled`](crate::Cancelled) unless that fired it.
    ///   Without a canceller the result that still comes is swallowed.
    /// - Waiting for another Deferred: cancels that one, however long the chain.
    /// - Fired: does nothing. Neither where the waiting goes in a circle.
    ///
    /// # Panics
    /// When the canceller does. The Deferred then is as it was, and can be cancelled again.
    pub fn cancel(&self) {
        cancel::cancel(self.node.at());
    }

    /// Holds back the callbacks until [`unpause`](Self::unpause) was called as often. A callback that pauses
    /// its own Deferred doesn't stop those that are queued behind it; what is added after that waits.
    ///
    /// # Panics
    /// When it was paused 2,147,483,647 times more than unpaused.
    pub fn pause(&self) {
        let paused = if fault!(F31) { Some(1) } else { self.node.paused().checked_add(1) };
        let paused = paused.expect("a Deferred isn't paused more often");
        self.node.set_paused(if fault!(R14) { paused % 256 } else { paused });
    }

    /// Undoes one [`pause`](Self::pause), and runs the callbacks when it was the last.
    ///
    /// One `unpause` too many blocks the Deferred as a `pause` does, until it is paused. Of a Deferred that
    /// runs or waits it is ignored instead (Twisted would hand the Deferred that is waited for to a callback).
    ///
    /// # Panics
    /// When it was unpaused 2,147,483,648 times more than paused.
    pub fn unpause(&self) {
        let (state, paused) = (self.state(), self.node.paused());
        if matches!(state, State::Running | State::Waiting) && paused <= 0 {
            return;
        }
        if fault!(F35) && state == State::Waiting {
            return;
        }
        let left = paused.checked_sub(1).expect("a Deferred isn't unpaused more often");
        self.node.set_paused(if fault!(F34) { left.max(0) } else { left });
        run::run(self.node.at());
    }

    /// Looks at the result that the next callback would get, where there is one now. Meanwhile the Deferred
    /// counts as running: what `look` adds to it runs afterwards.
    pub fn with_result<R>(&self, look: impl FnOnce(Option<&Result<T, E>>) -> R) -> R {
        run::look(self.node.at(), look)
    }

    #[inline]
    fn made(canceller: Option<Canceller<T, E>>) -> Self {
        let node: Handle<Node<T, E>> = Handle::fresh();
        let origin = Origin::of_new();
        if canceller.is_some() || origin.is_some() {
            node.make_rare(canceller, origin);
        }
        Self { node }
    }

    #[inline]
    fn add(&self, entry: impl Payload<Node<T, E>>) -> &Self {
        run::add(self.node.at(), entry);
        self
    }
}

impl<T, E> Deferred<T, E> {
    /// Whether it was fired.
    #[must_use]
    pub fn called(&self) -> bool {
        self.node.called()
    }

    /// How often it was paused less how often it was unpaused; anything but 0 holds back the callbacks.
    #[must_use]
    pub fn paused(&self) -> i64 {
        self.node.paused().into()
    }

    /// Whether its canceller is on the call stack.
    #[must_use]
    pub fn cancelling(&self) -> bool {
        self.node.rare().is_some_and(|rare| rare.cancellers.get() > 0)
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.node.state()
    }

    /// The Deferred that it waits for.
    #[must_use]
    pub fn waiting_for(&self) -> Option<Self> {
        self.node.awaited().map(|inner| Self::of(inner.at()))
    }

    /// Whether both handles name the same Deferred.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.node.ptr_eq(&other.node)
    }

    /// A handle that doesn't keep the Deferred alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakDeferred<T, E> {
        WeakDeferred::to(self.node.at())
    }

    fn of(node: At<'_, Node<T, E>>) -> Self {
        Self { node: node.handle() }
    }
}

impl<T, E> Clone for Deferred<T, E> {
    #[inline]
    fn clone(&self) -> Self {
        Self { node: self.node.clone() }
    }
}

impl<T: 'static, E: Reason> Default for Deferred<T, E> {
    fn default() -> Self {
        Self::new()
    }
}

/// Says how the Deferred stands, and what it waits for.
impl<T: fmt::Debug, E: fmt::Debug> fmt::Debug for Deferred<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Deferred at {:p}", self.node.at().address())?;
        match self.state() {
            State::Unfired => f.write_str(" unfired")?,
            State::Running => f.write_str(" running")?,
            State::Waiting => {
                if let Some(inner) = self.waiting_for() {
                    write!(f, " waiting on Deferred at {:p}", inner.node.at().address())?;
                }
            }
            State::Succeeded | State::Failed => {
                // What formats the result may look at the Deferred, too: it is running then.
                let shown = Shown { node: &self.node, result: self.node.take() };
                match &shown.result {
                    Some(Ok(value)) => write!(f, " current result: {value:?}")?,
                    Some(Err(error)) => write!(f, " current error: {error:?}")?,
                    None => {}
                }
            }
        }
        match self.node.entries.len() {
            0 => {}
            1 => f.write_str(", 1 callback left")?,
            left => write!(f, ", {left} callbacks left")?,
        }
        match self.paused() {
            0 => {}
            paused => write!(f, ", paused {paused}")?,
        }
        f.write_str(">")
    }
}

/// Puts a result back that was shown. What was added meanwhile stays in the queue.
struct Shown<'n, T, E> {
    node: &'n Node<T, E>,
    result: Option<Result<T, E>>,
}

impl<T, E> Drop for Shown<'_, T, E> {
    fn drop(&mut self) {
        if let Some(result) = self.result.take() {
            self.node.fill(result);
        }
    }
}

/// A Deferred that has a value already.
pub fn succeed<T: 'static, E: Reason>(value: T) -> Deferred<T, E> {
    fired(Ok(value))
}

/// A Deferred that has an error already.
pub fn fail<T: 'static, E: Reason>(error: E) -> Deferred<T, E> {
    fired(Err(error))
}

/// Gives what it is given: a callback that changes nothing.
#[must_use]
pub fn passthru<X>(value: X) -> X {
    value
}

/// An errback that writes the error to the log, and leaves it to the next errback.
///
/// ```
/// let d: deferral::Deferred<u32> = deferral::fail(deferral::Failure::new("no answer"));
/// d.add_errback(deferral::log_error::<u32, _>).add_errback(|_| 0);
/// ```
///
/// # Errors
/// Always: the error that it is given.
#[doc(alias = "logError")]
pub fn log_error<T, E: fmt::Debug>(error: E) -> Result<T, E> {
    log::error!("{error:?}");
    Err(error)
}

/// Calls a function that may give a Deferred or not, and gives a Deferred in any case: the function's own, or
/// one that has the value that it returned, or the error that it returned or panicked with.
///
/// ```
/// use deferral::{Deferred, Failure, maybe_deferred};
///
/// fn is_valid_user(user: &str) -> bool {
///     ["Alice", "Angus", "Agnes"].contains(&user)
/// }
/// let d: Deferred<bool> = maybe_deferred(|| is_valid_user("Angus"));
/// d.add_callback(|valid| { assert!(valid); valid });
/// ```
#[doc(alias = "maybeDeferred")]
pub fn maybe_deferred<T: 'static, E: Reason, R: IntoReturned<T, E>>(
    function: impl FnOnce() -> R,
) -> Deferred<T, E> {
    match run::caught(|| function().into_returned()) {
        Returned::Value(value) => succeed(value),
        Returned::Error(error) => fail(error),
        Returned::Deferred(deferred, _) => deferred,
    }
}

fn fired<T: 'static, E: Reason>(result: Result<T, E>) -> Deferred<T, E> {
    let deferred = Deferred::new();
    deferred.node.set(UNHANDLED, result.is_err());
    deferred.node.fill(result);
    if let Some(origin) = deferred.node.origin() {
        origin.set_fired();
    }
    deferred
}
