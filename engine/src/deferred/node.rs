//! What a Deferred is in memory.
//!
//! ```text
//!   Deferred ──┐                ┌─ links: handles, edges, dead …
//!   Deferred ──┼──► Rc<Node> ───┤                                ┌─ stage:   Unfired | Running
//!   Edge ──────┘                └─ core: RefCell ────────────────┤           | Fired(Result<T, E>)
//!                                                                │           | Waiting(Edge ──► inner)
//!                                                                ├─ entries: Call(closure)
//!                                                                │           Continue(Edge ──► waiter)
//!                                                                │           Chain(Edge ──► target)
//!                                                                │           Hook(our own, with its edges)
//!                                                                └─ canceller: User(closure)
//!                                                                              Own(our own, with its edges)
//! ```
//!
//! Users hold `Deferred`s, counted as `handles`; Deferreds hold each other by `Edge`s, counted as `edges`. What
//! lists, races and coroutines share among their members is held by edges as well, and holds edges.
//! The two counts are what reclaiming goes by (`reclaim.rs`); the `Rc`'s own count only keeps the memory.
//!
//! Invariants:
//! - `core` is never borrowed while code of the user's runs (callbacks, cancellers, drops, nulls, hooks); only
//!   `Debug` shows the result under a borrow.
//! - Waiting goes both ways: `a` is `Waiting(b)` if and only if `b.entries` has one `Continue(a)`, until `b`
//!   hands over.
//! - `Running` is set just while the result is elsewhere: with a callback, with who looks at it, or on its way
//!   to a waiter or to the target of a `Chain` entry, which then runs.
//! - `unhandled` is only set on a `Fired(Err(_))`, or while `Running`.
//! - A `dead` node is empty: no result, no entries, no canceller.

use super::Deferred;
use super::reclaim::{Edge, Linked, Links, Reclaimable, Seen};
use crate::debug::Origin;
use crate::error::Reason;
use crate::report::{Report, drop_caught, report};
use crate::returned::{MakeNull, Returned};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

/// How many entries the faults F89 to F91 keep in place; the others spill over.
pub(super) const INLINE: usize = 4;

pub(crate) struct Node<T, E> {
    pub(super) links: Links,
    pub(super) core: RefCell<Core<T, E>>,
    /// How a node of this type is handed to the reclaimer: known where the node is made, so that handles can
    /// be cloned and dropped without any bound on `T` and `E`.
    pub(super) erase: fn(Rc<Self>) -> Rc<dyn Reclaimable>,
}

pub(super) struct Core<T, E> {
    pub(super) stage: Stage<T, E>,
    pub(super) entries: VecDeque<Entry<T, E>>,
    pub(super) canceller: Option<Canceller<T, E>>,
    /// The user's pauses less unpauses.
    pub(super) paused: i64,
    /// Cancelled without a canceller: the next firing is swallowed.
    pub(super) suppress: bool,
    /// The error is to be reported if nobody takes it.
    pub(super) unhandled: bool,
    /// How many times its canceller is on the call stack.
    pub(super) cancellers: usize,
    /// How deep callbacks were nested when a canceller of our own was entered that runs still.
    pub(super) cancelling: Option<usize>,
    /// It is a `DeferredList`: a cancel of it ends with its members, and isn't forwarded once it was fired.
    pub(super) list: bool,
    /// Where it was made and first fired, in debug mode.
    pub(super) origin: Option<Arc<Origin>>,
}

pub(super) enum Stage<T, E> {
    Unfired,
    Running,
    Waiting(Edge<Node<T, E>>),
    Fired(Result<T, E>),
}

pub(super) enum Entry<T, E> {
    Call(Callback<T, E>),
    /// Who waits for this Deferred; and what to leave behind.
    Continue(Edge<Node<T, E>>, MakeNull<T>),
    /// Whom to fire with the result; and what to leave behind.
    Chain(Edge<Node<T, E>>, MakeNull<T>),
    /// A callback of our own: one of a list, a race, a coroutine, or of `then`.
    Hook(Box<dyn Hook<T, E>>),
}

pub(super) type Callback<T, E> = Box<dyn FnOnce(Result<T, E>) -> Returned<T, E>>;

/// A callback whose edges the reclaimer can see.
pub(super) trait Hook<T, E> {
    fn call(self: Box<Self>, result: Result<T, E>) -> Returned<T, E>;
    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()>;
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
    fn cancel(&self, node: &Rc<Node<T, E>>);
    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()>;
}

impl<T, E> Linked for Node<T, E> {
    fn links(&self) -> &Links {
        &self.links
    }

    fn erase(self: Rc<Self>) -> Rc<dyn Reclaimable> {
        (self.erase)(self)
    }
}

impl<T: 'static, E: Reason> Node<T, E> {
    pub(super) fn new(canceller: Option<Canceller<T, E>>) -> Rc<Self> {
        Rc::new(Self {
            links: Links::default(),
            core: RefCell::new(Core { origin: Origin::of_new(), ..Core::new(canceller) }),
            erase: |node| node,
        })
    }
}

impl<T, E> Core<T, E> {
    pub(super) fn new(canceller: Option<Canceller<T, E>>) -> Self {
        Self {
            stage: Stage::Unfired,
            entries: VecDeque::new(),
            canceller,
            paused: 0,
            suppress: false,
            unhandled: false,
            cancellers: 0,
            cancelling: None,
            list: false,
            origin: None,
        }
    }

    pub(super) fn called(&self) -> bool {
        !matches!(self.stage, Stage::Unfired)
    }

    /// Whether callbacks are held back: by the user, or because it waits.
    pub(super) fn blocked(&self) -> bool {
        self.paused != 0 || matches!(self.stage, Stage::Waiting(_))
    }

    /// Whether a callback that returned this Deferred can go on with its result at once.
    pub(super) fn ready(&self) -> bool {
        matches!(self.stage, Stage::Fired(_)) && (self.paused == 0 || fault!(F23))
    }

    pub(super) fn add_waiter(&mut self, waiter: Entry<T, E>) {
        if fault!(F25) {
            self.entries.retain(|entry| !matches!(entry, Entry::Continue(..)));
        }
        if fault!(F13) {
            self.entries.push_front(waiter);
        } else {
            self.entries.push_back(waiter);
        }
    }

    /// Takes the entry that is to run next.
    pub(super) fn next_entry(&mut self) -> Option<Entry<T, E>> {
        let waits = |entry: &Entry<T, E>| matches!(entry, Entry::Continue(..));
        if fault!(F14) && !self.entries.iter().all(waits) {
            let first = self.entries.iter().position(|entry| !waits(entry));
            return first.and_then(|first| self.entries.remove(first));
        }
        if fault!(F90) && self.entries.len() > INLINE {
            return self.entries.remove(INLINE);
        }
        self.entries.pop_front()
    }
}

impl<T, E: Reason> Core<T, E> {
    pub(super) fn report_unhandled(&self) {
        if let (true, Stage::Fired(Err(error))) = (self.unhandled || fault!(F37), &self.stage) {
            report(&Report::Unhandled { error, origin: self.origin.as_deref() });
        }
    }
}

impl<T: 'static, E: Reason> Reclaimable for Node<T, E> {
    fn links(&self) -> &Links {
        &self.links
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        let core = self.core.borrow();
        if let Stage::Waiting(inner) = &core.stage
            && !fault!(R09)
        {
            inner.show(true, seen)?;
        }
        for entry in &core.entries {
            match entry {
                Entry::Call(_) => {}
                Entry::Continue(waiter, _) => waiter.show(true, seen)?,
                Entry::Chain(target, _) => target.show(false, seen)?,
                Entry::Hook(hook) => hook.edges(seen)?,
            }
        }
        match &core.canceller {
            Some(Canceller::Own(own)) => own.edges(seen),
            _ => ControlFlow::Continue(()),
        }
    }

    fn die(&self) {
        self.links.dead.set(true);
        let core = self.core.replace(Core::new(None));
        core.report_unhandled();
        drop_caught(core.canceller);
        drop_caught(core.stage);
        for entry in core.entries {
            drop_caught(entry);
        }
    }
}
