//! `list`: a linked list of nodes as large as a Deferred, the limit of Deferreds that wait for each other.

use crate::work;

/// A node of 96 bytes.
pub struct Node {
    next: Option<Box<Self>>,
    value: u64,
    /// What else a Deferred has.
    _rest: [u64; 10],
}

const _: () = assert!(size_of::<Node>() == 96);

/// Nodes in the order in which they were allocated.
pub struct List {
    first: Option<Box<Node>>,
}

impl List {
    /// So many nodes, each an allocation.
    #[must_use]
    pub fn build(length: u64) -> Self {
        let mut first = None;
        let mut end = &mut first;
        for value in 0..length {
            let node: &mut Box<Node> = end.insert(Box::new(Node { next: None, value, _rest: [0; 10] }));
            end = &mut node.next;
        }
        Self { first }
    }

    /// Walks along it and takes [`work`] in every node: `expected(value, length)`.
    #[must_use]
    pub fn walk(&self, mut value: u64) -> u64 {
        let mut next = &self.first;
        while let Some(node) = next {
            value = work(value, node.value);
            next = &node.next;
        }
        value
    }

    /// As [`walk`](Self::walk), and frees each node on the way.
    #[must_use]
    pub fn walk_and_free(mut self, mut value: u64) -> u64 {
        let mut next = self.first.take();
        while let Some(mut node) = next {
            value = work(value, node.value);
            next = node.next.take();
        }
        value
    }
}

/// One node after the other: a node that dropped the next one would need stack for the whole list.
impl Drop for List {
    fn drop(&mut self) {
        let mut next = self.first.take();
        while let Some(mut node) = next {
            next = node.next.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::List;
    use crate::expected;

    #[test]
    fn walks_past_every_node() {
        let list = List::build(1_000_000);
        assert_eq!(list.walk(7), expected(7, 1_000_000));
        assert_eq!(list.walk_and_free(7), expected(7, 1_000_000));
        drop(List::build(1_000_000));
    }
}
