//! `Deferred`: the handle that users hold, and everything that they can ask of it.

mod cancel;
mod coroutine;
mod list;
mod node;
mod race;
mod reclaim;
mod run;
mod then;
mod weak;

use crate::error::{AlreadyCalled, Reason};
use crate::report::drop_caught;
use crate::returned::{IntoReturned, Returned};
use node::{Canceller, Entry, Node, Stage};
use reclaim::Edge;
use std::fmt;
use std::rc::Rc;

#[cfg(feature = "tokio")]
pub(crate) use coroutine::Driver;
pub use coroutine::{DeferredFuture, run_woken};
pub use list::{DeferredList, ListResult, gather_results};
pub use race::{race, race_with};
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
    node: Rc<Node<T, E>>,
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
        Self::handle(&Node::new(None))
    }

    /// An unfired Deferred with a canceller: what [`cancel`](Self::cancel) calls to stop whatever was to give
    /// the result. The canceller may fire the Deferred; when it doesn't, `cancel` makes it fail with
    /// [`Cancelled`](crate::Cancelled). It is kept until the Deferred is fired: it is called again when it is
    /// cancelled again after a panic, and entered again when it cancels the Deferred itself before firing it.
    pub fn with_canceller(canceller: impl Fn(&Self) + 'static) -> Self {
        Self::handle(&Node::new(Some(Canceller::User(Rc::new(canceller)))))
    }

    /// Adds a callback: called with the value, or passed over by an error.
    ///
    /// When the Deferred has its result already, it is called before this returns, unless the Deferred is
    /// paused, waits, or runs a callback at this moment.
    #[doc(alias = "addCallback")]
    pub fn add_callback<R: IntoReturned<T, E>>(&self, callback: impl FnOnce(T) -> R + 'static) -> &Self {
        self.add(Entry::Call(Box::new(move |result| match result {
            Ok(value) => callback(value).into_returned(),
            Err(error) => {
                drop_caught(callback);
                Returned::Error(error)
            }
        })))
    }

    /// Adds an errback: called with the error, or passed over by a value. The value that it returns goes to
    /// the next callback.
    #[doc(alias = "addErrback")]
    pub fn add_errback<R: IntoReturned<T, E>>(&self, errback: impl FnOnce(E) -> R + 'static) -> &Self {
        self.add(Entry::Call(Box::new(move |result| match result {
            Ok(value) => {
                drop_caught(errback);
                Returned::Value(value)
            }
            Err(error) => errback(error).into_returned(),
        })))
    }

    /// Adds a function that is called with whatever comes, a value or an error.
    #[doc(alias = "addBoth")]
    pub fn add_both<R: IntoReturned<T, E>>(&self, both: impl FnOnce(Result<T, E>) -> R + 'static) -> &Self {
        self.add(Entry::Call(Box::new(move |result| both(result).into_returned())))
    }

    /// Adds a callback and an errback of which one is called. The errback doesn't see the callback's own
    /// error: that goes to the next one.
    #[doc(alias = "addCallbacks")]
    pub fn add_callbacks<R: IntoReturned<T, E>, S: IntoReturned<T, E>>(
        &self,
        callback: impl FnOnce(T) -> R + 'static,
        errback: impl FnOnce(E) -> S + 'static,
    ) -> &Self {
        self.add(Entry::Call(Box::new(move |result| match result {
            Ok(value) if fault!(F12) => match callback(value).into_returned() {
                Returned::Error(error) => errback(error).into_returned(),
                returned => returned,
            },
            Ok(value) => {
                if fault!(R13) {
                    std::mem::forget(errback);
                } else {
                    drop_caught(errback);
                }
                callback(value).into_returned()
            }
            Err(error) => {
                drop_caught(callback);
                errback(error).into_returned()
            }
        })))
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
            other.node.core.borrow_mut().canceller.get_or_insert_with(|| then::cancels(&self.node));
        }
        self.add(Entry::Chain(Edge::to(&other.node), T::default))
    }

    /// Fires the Deferred with a value.
    ///
    /// # Errors
    /// When it was fired before, except that a Deferred without a canceller swallows the one result that
    /// comes after its cancellation.
    pub fn callback(&self, value: T) -> Result<(), AlreadyCalled> {
        run::fire(&self.node, Ok(value))
    }

    /// Fires the Deferred with an error.
    ///
    /// # Errors
    /// As with [`callback`](Self::callback).
    pub fn errback(&self, error: impl Into<E>) -> Result<(), AlreadyCalled> {
        run::fire(&self.node, Err(error.into()))
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
        cancel::cancel(&self.node);
    }

    /// Holds back the callbacks until [`unpause`](Self::unpause) was called as often. A callback that pauses
    /// its own Deferred doesn't stop those that are queued behind it; what is added after that waits.
    pub fn pause(&self) {
        let mut core = self.node.core.borrow_mut();
        core.paused = if fault!(F31) { 1 } else { core.paused + 1 };
        if fault!(R14) {
            core.paused %= 256;
        }
    }

    /// Undoes one [`pause`](Self::pause), and runs the callbacks when it was the last.
    ///
    /// One `unpause` too many blocks the Deferred as a `pause` does, until it is paused. Of a Deferred that
    /// runs or waits it is ignored instead (Twisted would hand the Deferred that is waited for to a callback).
    pub fn unpause(&self) {
        {
            let mut core = self.node.core.borrow_mut();
            if matches!(core.stage, Stage::Running | Stage::Waiting(_)) && core.paused <= 0 {
                return;
            }
            if fault!(F35) && matches!(core.stage, Stage::Waiting(_)) {
                return;
            }
            core.paused -= 1;
            if fault!(F34) {
                core.paused = core.paused.max(0);
            }
            if core.blocked() || !core.called() {
                return;
            }
        }
        run::run(&self.node);
    }

    /// Looks at the result that the next callback would get, where there is one now. Meanwhile the Deferred
    /// counts as running: what `look` adds to it runs afterwards.
    pub fn with_result<R>(&self, look: impl FnOnce(Option<&Result<T, E>>) -> R) -> R {
        run::look(&self.node, look)
    }

    fn add(&self, entry: Entry<T, E>) -> &Self {
        let runs = {
            let mut core = self.node.core.borrow_mut();
            let loses = match core.stage {
                Stage::Running => fault!(F91),
                _ => fault!(F89),
            };
            if loses && core.entries.len() == node::INLINE {
                return self;
            }
            core.entries.push_back(entry);
            core.called()
        };
        if runs {
            run::run(&self.node);
        }
        self
    }
}

impl<T, E> Deferred<T, E> {
    /// Whether it was fired.
    #[must_use]
    pub fn called(&self) -> bool {
        self.node.core.borrow().called()
    }

    /// How often it was paused less how often it was unpaused; anything but 0 holds back the callbacks.
    #[must_use]
    pub fn paused(&self) -> i64 {
        self.node.core.borrow().paused
    }

    /// Whether its canceller is on the call stack.
    #[must_use]
    pub fn cancelling(&self) -> bool {
        self.node.core.borrow().cancellers > 0
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        match self.node.core.borrow().stage {
            Stage::Unfired => State::Unfired,
            Stage::Running => State::Running,
            Stage::Waiting(_) => State::Waiting,
            Stage::Fired(Ok(_)) => State::Succeeded,
            Stage::Fired(Err(_)) => State::Failed,
        }
    }

    /// The Deferred that it waits for.
    #[must_use]
    pub fn waiting_for(&self) -> Option<Self> {
        match &self.node.core.borrow().stage {
            Stage::Waiting(inner) => Some(Self::handle(inner.node())),
            _ => None,
        }
    }

    /// Whether both handles name the same Deferred.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.node, &other.node)
    }

    /// A handle that doesn't keep the Deferred alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakDeferred<T, E> {
        WeakDeferred::to(&self.node)
    }

    fn handle(node: &Rc<Node<T, E>>) -> Self {
        node.links.add_handle();
        Self { node: Rc::clone(node) }
    }
}

impl<T, E> Clone for Deferred<T, E> {
    fn clone(&self) -> Self {
        Self::handle(&self.node)
    }
}

impl<T: 'static, E: Reason> Default for Deferred<T, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, E> Drop for Deferred<T, E> {
    fn drop(&mut self) {
        if self.node.links.drop_handle() {
            reclaim::suspect(&self.node);
        }
    }
}

/// Says how the Deferred stands, and what it waits for.
impl<T: fmt::Debug, E: fmt::Debug> fmt::Debug for Deferred<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Deferred at {:p}", Rc::as_ptr(&self.node))?;
        let Ok(core) = self.node.core.try_borrow() else {
            return f.write_str(" in use>");
        };
        match &core.stage {
            Stage::Unfired => f.write_str(" unfired")?,
            Stage::Running => f.write_str(" running")?,
            Stage::Waiting(inner) => write!(f, " waiting on Deferred at {:p}", Rc::as_ptr(inner.node()))?,
            Stage::Fired(Ok(value)) => write!(f, " current result: {value:?}")?,
            Stage::Fired(Err(error)) => write!(f, " current error: {error:?}")?,
        }
        match core.entries.len() {
            0 => {}
            1 => f.write_str(", 1 callback left")?,
            left => write!(f, ", {left} callbacks left")?,
        }
        if core.paused != 0 {
            write!(f, ", paused {}", core.paused)?;
        }
        f.write_str(">")
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
    {
        let mut core = deferred.node.core.borrow_mut();
        core.unhandled = result.is_err();
        core.stage = Stage::Fired(result);
        if let Some(origin) = &core.origin {
            origin.set_fired();
        }
    }
    deferred
}
