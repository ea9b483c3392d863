//! What a Deferred is in memory.
//!
//! ```text
//!   Deferred ──┐                ┌─ links: handles, edges, dead …
//!   Deferred ──┼──► Rc<Node> ───┤                                ┌─ stage:   Unfired | Running
//!   Edge ──────┘                └─ core: RefCell ────────────────┤           | Fired(Result<T, E>)
//!                                                                │           | Waiting(Edge ──► inner)
//!                                                                └─ entries: Call(closure)
//!                                                                            Continue(Edge ──► waiter)
//!                                                                            Chain(Edge ──► target)
//! ```
//!
//! Users hold `Deferred`s, counted as `handles`; Deferreds hold each other by `Edge`s, counted as `edges`.
//! The two counts are what reclaiming goes by (`reclaim.rs`); the `Rc`'s own count only keeps the memory.
//!
//! Invariants:
//! - `core` is never borrowed while code of the user's runs (callbacks, cancellers, drops, nulls, hooks).
//! - Waiting goes both ways: `a` is `Waiting(b)` if and only if `b.entries` has one `Continue(a)`, until `b`
//!   hands over.
//! - `Running` is set just while a callback has the result, or while the target of a `Chain` entry runs.
//! - `unhandled` is only set on a `Fired(Err(_))`, or while `Running`.
//! - A `dead` node is empty: no result, no entries, no canceller.

use super::Deferred;
use super::reclaim::{self, Reclaimable};
use crate::error::Reason;
use crate::report::{Report, drop_caught, report};
use crate::returned::{MakeNull, Returned};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

pub(super) struct Node<T, E> {
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
}

pub(super) enum Stage<T, E> {
    Unfired,
    Running,
    Waiting(Edge<T, E>),
    Fired(Result<T, E>),
}

pub(super) enum Entry<T, E> {
    Call(Callback<T, E>),
    /// Who waits for this Deferred; and what to leave behind.
    Continue(Edge<T, E>, MakeNull<T>),
    /// Whom to fire with the result; and what to leave behind.
    Chain(Edge<T, E>, MakeNull<T>),
}

pub(super) type Callback<T, E> = Box<dyn FnOnce(Result<T, E>) -> Returned<T, E>>;
/// Shared, as it may be entered again while it runs.
pub(super) type Canceller<T, E> = Rc<dyn Fn(&Deferred<T, E>)>;

impl<T: 'static, E: Reason> Node<T, E> {
    pub(super) fn new(canceller: Option<Canceller<T, E>>) -> Rc<Self> {
        Rc::new(Self {
            links: Links::default(),
            core: RefCell::new(Core::new(canceller)),
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
        matches!(self.stage, Stage::Fired(_)) && self.paused == 0
    }
}

/// What one Deferred holds another by.
pub(super) struct Edge<T, E>(Rc<Node<T, E>>);

impl<T, E> Edge<T, E> {
    pub(super) fn to(node: &Rc<Node<T, E>>) -> Self {
        node.links.edges.set(node.links.edges.get() + 1);
        Self(Rc::clone(node))
    }

    pub(super) fn node(&self) -> &Rc<Node<T, E>> {
        &self.0
    }
}

impl<T, E> Drop for Edge<T, E> {
    fn drop(&mut self) {
        let links = &self.0.links;
        links.edges.set(links.edges.get() - 1);
        if links.handles.get() == 0 {
            reclaim::suspect(&self.0);
        }
    }
}

/// Who can reach a node, and the reclaimer's notes.
#[derive(Default)]
pub(super) struct Links {
    /// How many handles users hold.
    pub(super) handles: Cell<usize>,
    /// How many edges of other nodes lead here.
    pub(super) edges: Cell<usize>,
    /// It stands in the list of suspects.
    pub(super) suspected: Cell<bool>,
    /// It was reclaimed.
    pub(super) dead: Cell<bool>,
    /// Its place in the part of the graph that is being looked at; `usize::MAX` outside.
    pub(super) place: Place,
}

pub(super) struct Place(pub(super) Cell<usize>);

impl Default for Place {
    fn default() -> Self {
        Self(Cell::new(usize::MAX))
    }
}

impl Links {
    pub(super) fn add_handle(&self) {
        self.handles.set(self.handles.get() + 1);
    }

    /// Whether it was the last.
    pub(super) fn drop_handle(&self) -> bool {
        let left = self.handles.get() - 1;
        self.handles.set(left);
        left == 0
    }
}

impl<T: 'static, E: Reason> Reclaimable for Node<T, E> {
    fn links(&self) -> &Links {
        &self.links
    }

    fn edges(&self, seen: &mut dyn FnMut(Rc<dyn Reclaimable>, bool)) {
        let core = self.core.borrow();
        if let Stage::Waiting(inner) = &core.stage {
            seen(Rc::clone(inner.node()) as _, true);
        }
        for entry in &core.entries {
            match entry {
                Entry::Call(_) => {}
                Entry::Continue(waiter, _) => seen(Rc::clone(waiter.node()) as _, true),
                Entry::Chain(target, _) => seen(Rc::clone(target.node()) as _, false),
            }
        }
    }

    fn die(&self) {
        self.links.dead.set(true);
        let core = self.core.replace(Core::new(None));
        if let (true, Stage::Fired(Err(error))) = (core.unhandled, &core.stage) {
            report(&Report::Unhandled { error });
        }
        drop_caught(core.canceller);
        drop_caught(core.stage);
        for entry in core.entries {
            drop_caught(entry);
        }
    }
}
