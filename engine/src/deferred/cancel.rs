//! Cancelling: finding the Deferred that the result is awaited from, and asking its canceller.

use super::node::{Node, Stage};
use super::reclaim::Entered;
use super::{Deferred, run};
use crate::error::{Cancelled, Reason};
use crate::report::drop_caught;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

pub(super) fn cancel<T: 'static, E: Reason>(from: &Rc<Node<T, E>>) {
    let Some(node) = awaited(from) else {
        return;
    };
    let _entered = Entered::new();
    let canceller = {
        let mut core = node.core.borrow_mut();
        if core.called() {
            return;
        }
        // It stays where it is until the Deferred is fired: it may panic, or be entered again.
        let canceller = core.canceller.clone();
        core.suppress = canceller.is_none();
        canceller
    };
    if let Some(canceller) = canceller {
        let handle = Deferred::handle(&node);
        let outcome = catch_unwind(AssertUnwindSafe(|| canceller(&handle)));
        drop_caught(canceller);
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    }
    if !node.core.borrow().called() {
        let refused = run::fire(&node, Err(Cancelled.into()));
        debug_assert!(refused.is_ok(), "it wasn't called");
    }
}

/// The Deferred at the end of the waiting, by Brent's algorithm: `None` where it goes in a circle.
pub(super) fn awaited<T, E>(from: &Rc<Node<T, E>>) -> Option<Rc<Node<T, E>>> {
    let mut node = Rc::clone(from);
    let mut landmark = Rc::clone(from);
    let (mut steps, mut limit) = (0_usize, 1_usize);
    loop {
        let next = match &node.core.borrow().stage {
            Stage::Waiting(inner) => Rc::clone(inner.node()),
            _ => break,
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
