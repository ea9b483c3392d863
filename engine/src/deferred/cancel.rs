//! Cancelling: finding the Deferred that the result is awaited from, and asking its canceller.
//!
//! A list or a race whose member waits for it is cancelled by its own cancelling. That ends where something
//! happens on the way: a member fires, a coroutine goes on. Where nothing does, Twisted's recursion overflows. So
//! what is being cancelled may be cancelled again from within, without a callback or canceller of the user's in
//! between, only so many times in all.

use super::counted::{At, Edge, Hold};
use super::node::{Canceller, LIST, Node, Rare, SUPPRESS};
use super::reclaim::{Entered, Nested, nesting};
use super::{Deferred, run};
use crate::error::{Cancelled, Reason};
use crate::report::drop_caught;
use std::cell::Cell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

pub(super) fn cancel<T: 'static, E: Reason>(from: At<'_, Node<T, E>>) {
    let Some(node) = awaited(from) else {
        return;
    };
    let _entered = Entered::new();
    if node.called() {
        return;
    }
    let rare = node.rare();
    let cancelling = rare.and_then(|rare| rare.cancelling.get());
    if cancelling.is_some() && cancelling == Some(nesting()) && (fault!(R06) || !Own::again()) {
        return;
    }
    // It stays where it is until the Deferred is fired: it may panic, or be entered again.
    let canceller = rare.and_then(|rare| match fault!(F49) {
        true => rare.canceller.take(),
        false => rare.canceller.borrow().clone(),
    });
    node.set(SUPPRESS, (canceller.is_none() || fault!(F42)) && !node.is(LIST));
    if let (Some(canceller), Some(rare)) = (canceller, rare) {
        count(&node, rare, 1);
        let outcome = catch_unwind(AssertUnwindSafe(|| match &canceller {
            Canceller::User(user) => {
                let handle = Deferred::of(node.at());
                let _nested = Nested::new();
                user(&handle);
            }
            Canceller::Own(own) => {
                let _restored = Restore { rare, before: rare.cancelling.replace(Some(nesting())) };
                let _own = Own::enter();
                own.cancel(node.at());
            }
        }));
        if outcome.is_ok() || !fault!(R05) {
            count(&node, rare, -1);
        }
        drop_caught(canceller);
        if let Err(panic) = outcome
            && !fault!(F48)
        {
            resume_unwind(panic);
        }
    }
    // A list is fired by its members.
    if !node.called() && !node.is(LIST) {
        let refused = run::fire(node.at(), Err(Cancelled.into()));
        debug_assert!(refused.is_ok(), "it wasn't called");
    }
}

/// Counts a canceller in or out. A list has none: its cancelling may be asked for again.
fn count<T, E>(node: &Node<T, E>, rare: &Rare<T, E>, one: isize) {
    if !node.is(LIST) {
        rare.cancellers.set(rare.cancellers.get().wrapping_add_signed(one));
    }
}

/// Puts back what a node's `cancelling` was before.
struct Restore<'n, T, E> {
    rare: &'n Rare<T, E>,
    before: Option<u64>,
}

impl<T, E> Drop for Restore<'_, T, E> {
    fn drop(&mut self) {
        self.rare.cancelling.set(self.before);
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
}

/// The Deferred at the end of the waiting: `None` where it goes in a circle.
pub(super) fn awaited<T, E>(from: At<'_, Node<T, E>>) -> Option<Hold<Node<T, E>>> {
    let last = from.follow(|node| {
        let ends = node.is(LIST) && !fault!(F62);
        let next = if ends || fault!(F45) { None } else { node.look_at_awaited(Edge::lead) };
        ControlFlow::<(), _>::Continue(next)
    });
    last.continue_value()
}
