//! What a Deferred is in memory.
//!
//! ```text
//!   Deferred ──┐           ┌─ counts: handles, edges, holds, weak       24 bytes, with `erase` (counted.rs)
//!   Deferred ──┼──► Node ──┤  stage: nothing                            16 of a word and a `Failure`
//!   Edge ──────┘           │         | fired (the result)
//!                          │         | owing (what makes the null, once the target of a chain has run)
//!                          │         | waiting (Edge ──► inner)
//!                          │  entries: callbacks                        48 (queue.rs)
//!                          │           | continue (Edge ──► waiter) | chain (Edge ──► target)
//!                          │           beside them: state, flags, pauses
//!                          └─ rare ──► canceller, origin …               8
//! ```
//!
//! Users hold `Deferred`s, counted as handles; Deferreds hold each other by edges. What lists, races and
//! coroutines share among their members is held by edges as well, and holds edges. A callback of our own shows
//! its edges, a user's closure doesn't.
//!
//! Invariants:
//! - Nothing in `rare` is borrowed while code of the user's runs (callbacks, cancellers, drops, nulls, hooks).
//! - Waiting goes both ways: `a` waits for `b` if and only if `b.entries` has one that continues with `a`, until
//!   `b` hands over.
//! - The state is `Running` just while the result is elsewhere: with a callback, with who looks at it, or on its
//!   way to a waiter or to the target of a chain, which then runs.
//! - `UNHANDLED` is only set where there is an error, or while it is running.
//! - A dead node is empty: no result, no entries, no canceller.

use super::counted::{At, Edge, Fresh, Place};
use super::queue::{Context, Flow, Payload, Queue};
use super::reclaim::{Reclaimable, Seen};
pub(super) use super::slot::Stage;
use super::wait::{leads_to_handle, settle};
use super::{Deferred, State};
use crate::debug::Origin;
use crate::error::Reason;
use crate::report::{Report, drop_caught, dropped, report};
use crate::returned::{IntoReturned, Returned};
use std::cell::{Cell, OnceCell, RefCell};
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

pub(super) struct Node<T, E> {
    pub(super) stage: Place<Stage<T, E>>,
    pub(super) entries: Queue<Self, Beside>,
    rare: OnceCell<Box<Rare<T, E>>>,
}

/// What fits beside the queue's borders.
pub(super) struct Beside {
    pub(super) state: Cell<State>,
    flags: Cell<u8>,
    /// The user's pauses less unpauses: an `i32` that needs no alignment.
    paused: Cell<[u8; 4]>,
}

/// Cancelled without a canceller: the next firing is swallowed.
pub(super) const SUPPRESS: u8 = 1;
/// The error is to be reported if nobody takes it.
pub(super) const UNHANDLED: u8 = 2;
/// It is a `DeferredList`: a cancel of it ends with its members, and isn't forwarded once it was fired.
pub(super) const LIST: u8 = 4;

/// What few Deferreds have.
pub(super) struct Rare<T, E> {
    pub(super) canceller: RefCell<Option<Canceller<T, E>>>,
    /// A hook of our own that runs before all entries.
    pub(super) first: RefCell<Option<Box<dyn AnyHook<T, E>>>>,
    /// How many times its canceller is on the call stack.
    pub(super) cancellers: Cell<usize>,
    /// How deep callbacks were nested when a canceller of our own was entered that runs still.
    pub(super) cancelling: Cell<Option<u64>>,
    /// Where it was made and first fired, in debug mode.
    origin: Option<Arc<Origin>>,
}

impl<T, E> Rare<T, E> {
    fn new(canceller: Option<Canceller<T, E>>, origin: Option<Arc<Origin>>) -> Box<Self> {
        Box::new(Self {
            canceller: RefCell::new(canceller),
            first: RefCell::new(None),
            cancellers: Cell::new(0),
            cancelling: Cell::new(None),
            origin,
        })
    }
}

impl<T, E> Context for Node<T, E> {
    type At<'a>
        = At<'a, Self>
    where
        Self: 'a;
    /// One that waited for a result that is its own now, or that was fired along with it.
    type Link = Edge<Self>;
    type Waiter = Edge<Self>;
}

/// A callback of our own, whose edges the reclaimer can see.
pub(super) trait Hook<T, E> {
    fn call(self, result: Result<T, E>) -> Returned<T, E>;
    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()>;
}

/// One of whatever type.
pub(super) trait AnyHook<T, E> {
    fn call_any(self: Box<Self>, result: Result<T, E>) -> Returned<T, E>;
    fn edges_of_any(&self, seen: &mut Seen<'_>) -> ControlFlow<()>;
}

impl<T, E, H: Hook<T, E>> AnyHook<T, E> for H {
    fn call_any(self: Box<Self>, result: Result<T, E>) -> Returned<T, E> {
        (*self).call(result)
    }

    fn edges_of_any(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        self.edges(seen)
    }
}

impl<T, E> Hook<T, E> for Box<dyn AnyHook<T, E>> {
    fn call(self, result: Result<T, E>) -> Returned<T, E> {
        self.call_any(result)
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        (**self).edges_of_any(seen)
    }
}

/// A callback of our own as an entry.
pub(super) struct Hooked<H>(pub(super) H);

impl<T: 'static, E: Reason, H: Hook<T, E>> Payload<Node<T, E>> for Hooked<H> {
    fn call(self, node: At<'_, Node<T, E>>) -> Flow<Node<T, E>> {
        let result = node.take().expect("a Deferred that runs has a result");
        settle(node, self.0.call(result))
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        self.0.edges(seen)
    }
}

/// A function that is called with whatever comes.
pub(super) struct Both<F, R>(F, PhantomData<fn() -> R>);
/// One that is called with a value.
pub(super) struct OnValue<F, R>(F, PhantomData<fn() -> R>);
/// One that is called with an error.
pub(super) struct OnError<F, R>(F, PhantomData<fn() -> R>);
/// A pair of which one is called.
pub(super) struct Either<F, R, G, S>(F, G, PhantomData<fn() -> (R, S)>);

impl<F, R> Both<F, R> {
    pub(super) fn new(both: F) -> Self {
        Self(both, PhantomData)
    }
}

impl<F, R> OnValue<F, R> {
    pub(super) fn new(callback: F) -> Self {
        Self(callback, PhantomData)
    }
}

impl<F, R> OnError<F, R> {
    pub(super) fn new(errback: F) -> Self {
        Self(errback, PhantomData)
    }
}

impl<F, R, G, S> Either<F, R, G, S> {
    pub(super) fn new(callback: F, errback: G) -> Self {
        Self(callback, errback, PhantomData)
    }
}

impl<T: 'static, E: Reason, R, F> Payload<Node<T, E>> for Both<F, R>
where
    R: IntoReturned<T, E>,
    F: FnOnce(Result<T, E>) -> R,
{
    #[inline(always)]
    fn call(self, node: At<'_, Node<T, E>>) -> Flow<Node<T, E>> {
        let result = node.take().expect("a Deferred that runs has a result");
        settle(node, (self.0)(result).into_returned())
    }
}

impl<T: 'static, E: Reason, R, F> Payload<Node<T, E>> for OnValue<F, R>
where
    R: IntoReturned<T, E>,
    F: FnOnce(T) -> R,
{
    #[inline(always)]
    fn call(self, node: At<'_, Node<T, E>>) -> Flow<Node<T, E>> {
        match node.take_value() {
            Some(value) => settle(node, (self.0)(value).into_returned()),
            None => passed_over(self.0),
        }
    }
}

impl<T: 'static, E: Reason, R, F> Payload<Node<T, E>> for OnError<F, R>
where
    R: IntoReturned<T, E>,
    F: FnOnce(E) -> R,
{
    #[inline(always)]
    fn call(self, node: At<'_, Node<T, E>>) -> Flow<Node<T, E>> {
        match node.take_error() {
            Some(error) => settle(node, (self.0)(error).into_returned()),
            None => passed_over(self.0),
        }
    }
}

impl<T: 'static, E: Reason, R, F, S, G> Payload<Node<T, E>> for Either<F, R, G, S>
where
    R: IntoReturned<T, E>,
    F: FnOnce(T) -> R,
    S: IntoReturned<T, E>,
    G: FnOnce(E) -> S,
{
    fn call(self, node: At<'_, Node<T, E>>) -> Flow<Node<T, E>> {
        let Self(callback, errback, _) = self;
        match node.take().expect("a Deferred that runs has a result") {
            Ok(value) if fault!(F12) => match callback(value).into_returned() {
                Returned::Error(error) => settle(node, errback(error).into_returned()),
                returned => settle(node, returned),
            },
            Ok(value) => {
                if fault!(R13) {
                    std::mem::forget(errback);
                } else {
                    drop_caught(errback);
                }
                settle(node, callback(value).into_returned())
            }
            Err(error) => {
                drop_caught(callback);
                settle(node, errback(error).into_returned())
            }
        }
    }
}

/// A callback that isn't for what came: it is dropped, and the result stays as it is.
#[inline]
fn passed_over<F, T, E>(function: F) -> Flow<Node<T, E>> {
    drop_caught(function);
    ControlFlow::Continue(())
}

pub(super) type UserCanceller<T, E> = dyn Fn(&Deferred<T, E>);

/// Shared, as it may be entered again while it runs.
pub(super) enum Canceller<T, E> {
    User(Rc<UserCanceller<T, E>>),
    Own(Rc<dyn Cancels<T, E>>),
}

impl<T, E> Clone for Canceller<T, E> {
    fn clone(&self) -> Self {
        match self {
            Self::User(user) => Self::User(Rc::clone(user)),
            Self::Own(own) => Self::Own(Rc::clone(own)),
        }
    }
}

/// A canceller of our own, whose edges the reclaimer can see.
pub(super) trait Cancels<T, E> {
    fn cancel(&self, node: At<'_, Node<T, E>>);
    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()>;
}

impl<T: 'static, E: Reason> Fresh for Node<T, E> {
    const FRESH: Self = Self {
        stage: Place::new(Stage::Nothing),
        entries: Queue::new(Beside {
            state: Cell::new(State::Unfired),
            flags: Cell::new(0),
            paused: Cell::new([0; 4]),
        }),
        rare: OnceCell::new(),
    };
}

impl<T, E> Node<T, E> {
    /// Gives a new one what few have.
    #[cold]
    pub(super) fn make_rare(&self, canceller: Option<Canceller<T, E>>, origin: Option<Arc<Origin>>) {
        let made = self.rare.set(Rare::new(canceller, origin));
        debug_assert!(made.is_ok(), "it is new");
    }

    #[inline]
    pub(super) fn beside(&self) -> &Beside {
        &self.entries.beside
    }

    #[inline]
    pub(super) fn is(&self, flag: u8) -> bool {
        self.beside().flags.get() & flag != 0
    }

    #[inline]
    pub(super) fn set(&self, flag: u8, on: bool) {
        let flags = &self.beside().flags;
        flags.set(if on { flags.get() | flag } else { flags.get() & !flag });
    }

    #[inline]
    pub(super) fn paused(&self) -> i32 {
        i32::from_ne_bytes(self.beside().paused.get())
    }

    #[inline]
    pub(super) fn set_paused(&self, paused: i32) {
        self.beside().paused.set(paused.to_ne_bytes());
    }

    /// What few have, if this one does.
    #[inline]
    pub(super) fn rare(&self) -> Option<&Rare<T, E>> {
        self.rare.get().map(|rare| &**rare)
    }

    /// What few have, and this one from now on.
    pub(super) fn made_rare(&self) -> &Rare<T, E> {
        self.rare.get_or_init(|| Rare::new(None, None))
    }

    #[inline]
    pub(super) fn origin(&self) -> Option<&Arc<Origin>> {
        self.rare().and_then(|rare| rare.origin.as_ref())
    }

    /// Whether callbacks are held back: by the user, or because it waits.
    #[inline]
    pub(super) fn blocked(&self) -> bool {
        self.paused() != 0 || self.state() == State::Waiting
    }

    /// Whether a callback that returned this Deferred can go on with its result at once.
    #[inline]
    pub(super) fn ready(&self) -> bool {
        self.has_result() && (self.paused() == 0 || fault!(F23))
    }
}

impl<T: 'static, E: Reason> Node<T, E> {
    /// Reports an error that nobody handled.
    #[cold]
    pub(super) fn report_unhandled(&self, error: &E) {
        if self.is(UNHANDLED) || fault!(F37) {
            report(&Report::Unhandled { error, origin: self.origin().map(|origin| &**origin) });
        }
    }
}

impl<T: 'static, E: Reason> Reclaimable for Node<T, E> {
    fn plain(&self) -> bool {
        let nothing_to_drop = match self.state() {
            State::Unfired => true,
            State::Succeeded => !std::mem::needs_drop::<T>(),
            _ => false,
        };
        nothing_to_drop && self.rare.get().is_none() && self.entries.is_bare()
    }

    fn leads_to_handle(&self) -> bool {
        leads_to_handle(self)
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        if !fault!(R09) {
            self.show_awaited(seen)?;
        }
        self.entries.edges(seen)?;
        let Some(rare) = self.rare() else {
            return ControlFlow::Continue(());
        };
        if let Some(first) = &*rare.first.borrow() {
            first.edges(seen)?;
        }
        match &*rare.canceller.borrow() {
            Some(Canceller::Own(own)) => own.edges(seen),
            _ => ControlFlow::Continue(()),
        }
    }

    fn die(&self) {
        let stage = self.empty();
        if let Stage::Fired(Err(error)) = &stage {
            self.report_unhandled(error);
        }
        self.set(UNHANDLED, false);
        if let Some(rare) = self.rare() {
            let (canceller, first) = (rare.canceller.take(), rare.first.take());
            drop_caught(canceller);
            drop_caught(first);
        }
        drop_caught(stage);
        // Each by itself: the drop of one may panic.
        while catch_unwind(AssertUnwindSafe(|| self.entries.drop_first())).unwrap_or_else(|panic| {
            dropped(panic);
            true
        }) {}
    }
}
