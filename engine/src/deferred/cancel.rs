//! Cancelling: finding the Deferred that the result is awaited from, and asking its canceller.
//!
//! A list or a race whose member waits for it is cancelled by its own cancelling. That ends where something
//! happens on the way: a member fires, a coroutine goes on. Where nothing does, Twisted's recursion overflows. So
//! what is being cancelled may be cancelled again from within, without a callback or canceller of the user's in
//! between, only so many times in all.

use super::node::{Canceller, Node, Stage};
use super::reclaim::Entered;
use super::{Deferred, run};
use crate::error::{Cancelled, Reason};
use crate::report::drop_caught;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

pub(super) fn cancel<T: 'static, E: Reason>(from: &Rc<Node<T, E>>) {
    let Some(node) = awaited(from) else {
        return;
    };
    let _entered = Entered::new();
    let canceller = {
        let mut core = node.core.borrow_mut();
        if core.called() || core.cancelling == Some(nesting()) && (fault!(R06) || !Own::again()) {
            return;
        }
        // It stays where it is until the Deferred is fired: it may panic, or be entered again.
        let canceller = if fault!(F49) { core.canceller.take() } else { core.canceller.clone() };
        core.suppress = (canceller.is_none() || fault!(F42)) && !core.list;
        canceller
    };
    if let Some(canceller) = canceller {
        count(&node, 1);
        let outcome = catch_unwind(AssertUnwindSafe(|| match &canceller {
            Canceller::User(user) => {
                let handle = Deferred::handle(&node);
                let _nested = Nested::enter();
                user(&handle);
            }
            Canceller::Own(own) => {
                let before = node.core.borrow_mut().cancelling.replace(nesting());
                let _restored = Restore { node: &node, before };
                let _own = Own::enter();
                own.cancel(&node);
            }
        }));
        if outcome.is_ok() || !fault!(R05) {
            count(&node, -1);
        }
        drop_caught(canceller);
        if let Err(panic) = outcome
            && !fault!(F48)
        {
            resume_unwind(panic);
        }
    }
    // A list is fired by its members.
    let left = {
        let core = node.core.borrow();
        !core.called() && !core.list
    };
    if left {
        let refused = run::fire(&node, Err(Cancelled.into()));
        debug_assert!(refused.is_ok(), "it wasn't called");
    }
}

/// Counts a canceller in or out. A list has none: its cancelling may be asked for again.
fn count<T, E>(node: &Rc<Node<T, E>>, one: isize) {
    let mut core = node.core.borrow_mut();
    if !core.list {
        core.cancellers = core.cancellers.wrapping_add_signed(one);
    }
}

/// Puts back what a node's `cancelling` was before.
struct Restore<'n, T, E> {
    node: &'n Rc<Node<T, E>>,
    before: Option<usize>,
}

impl<T, E> Drop for Restore<'_, T, E> {
    fn drop(&mut self) {
        self.node.core.borrow_mut().cancelling = self.before;
    }
}

/// How many times in one cancellation what is being cancelled may be cancelled again from within.
const AGAIN: u32 = 100;

/// While it lives, a canceller of our own runs.
struct Own(());

impl Own {
    fn enter() -> Self {
        let _ = OWN.try_with(|own| own.set(own.get() + 1));
        Self(())
    }

    /// Whether one may be entered again.
    fn again() -> bool {
        let may = AGAIN_LEFT.try_with(|left| {
            let before = left.get();
            left.set(before.saturating_sub(1));
            before > 0
        });
        may.unwrap_or(false)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = OWN.try_with(|own| {
            own.set(own.get() - 1);
            if own.get() == 0 {
                let _ = AGAIN_LEFT.try_with(|left| left.set(AGAIN));
            }
        });
    }
}

thread_local! {
    /// How many cancellers of our own are on the call stack.
    static OWN: Cell<u32> = const { Cell::new(0) };
    /// How many times they may still be entered again, in this cancellation.
    static AGAIN_LEFT: Cell<u32> = const { Cell::new(AGAIN) };
    static NESTING: Cell<usize> = const { Cell::new(0) };
}

/// How many callbacks, cancellers and futures are on the call stack.
fn nesting() -> usize {
    NESTING.try_with(Cell::get).unwrap_or(0)
}

/// While it lives, a callback, a canceller or a future runs.
pub(super) struct Nested(());

impl Nested {
    pub(super) fn enter() -> Self {
        let _ = NESTING.try_with(|depth| depth.set(depth.get() + 1));
        Self(())
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        let _ = NESTING.try_with(|depth| depth.set(depth.get() - 1));
    }
}

/// The Deferred at the end of the waiting, by Brent's algorithm: `None` where it goes in a circle.
pub(super) fn awaited<T, E>(from: &Rc<Node<T, E>>) -> Option<Rc<Node<T, E>>> {
    let mut node = Rc::clone(from);
    let mut landmark = Rc::clone(from);
    let (mut steps, mut limit) = (0_usize, 1_usize);
    loop {
        let next = {
            let core = node.core.borrow();
            match &core.stage {
                Stage::Waiting(_) if fault!(F45) => break,
                Stage::Waiting(inner) if fault!(F62) || !core.list => Rc::clone(inner.node()),
                _ => break,
            }
        };
        if Rc::ptr_eq(&next, &landmark) {
            return None;
        }
        node = next;
        steps += 1;
        if steps == limit {
            landmark = Rc::clone(&node);
            (steps, limit) = (0, limit * 2);
        }
    }
    Some(node)
}
