//! A handle that doesn't keep its Deferred alive.

use super::Deferred;
use super::counted::{At, Weak};
use super::node::Node;
use std::fmt;

/// A handle that doesn't keep its Deferred alive: what a callback or canceller should hold of the Deferred
/// that it is added to.
pub struct WeakDeferred<T, E = crate::Failure> {
    node: Weak<Node<T, E>>,
}

impl<T, E> WeakDeferred<T, E> {
    pub(super) fn to(node: At<'_, Node<T, E>>) -> Self {
        Self { node: node.weak() }
    }

    /// The Deferred, unless it is gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Deferred<T, E>> {
        self.node.upgrade().map(|node| Deferred::of(node.at()))
    }
}

impl<T, E> Clone for WeakDeferred<T, E> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone() }
    }
}

impl<T, E> fmt::Debug for WeakDeferred<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(WeakDeferred)")
    }
}
