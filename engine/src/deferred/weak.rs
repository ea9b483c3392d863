//! A handle that doesn't keep its Deferred alive.

use super::Deferred;
use super::node::Node;
use std::fmt;
use std::rc::{Rc, Weak};

/// A handle that doesn't keep its Deferred alive: what a callback or canceller should hold of the Deferred
/// that it is added to.
pub struct WeakDeferred<T, E = crate::Failure> {
    node: Weak<Node<T, E>>,
}

impl<T, E> WeakDeferred<T, E> {
    pub(super) fn to(node: &Rc<Node<T, E>>) -> Self {
        Self { node: Rc::downgrade(node) }
    }

    /// The Deferred, unless it is gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Deferred<T, E>> {
        let node = self.node.upgrade()?;
        (!node.links.dead.get() || fault!(R02)).then(|| Deferred::handle(&node))
    }
}

impl<T, E> Clone for WeakDeferred<T, E> {
    fn clone(&self) -> Self {
        Self { node: Weak::clone(&self.node) }
    }
}

impl<T, E> fmt::Debug for WeakDeferred<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(WeakDeferred)")
    }
}
