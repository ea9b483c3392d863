//! Freeing what nobody can reach any more, circles included.
//!
//! A Deferred that waits and the one that it waits for hold each other, so counting alone never frees such a
//! pair. Trial deletion (Bacon and Rajan, "Concurrent Cycle Collection in Reference Counted Systems", 2001)
//! does: a node is garbage if and only if no handle is held on it and every edge to it comes from garbage.
//!
//! Whenever a node without handles loses a handle or an edge, it becomes a *suspect*. Suspects are looked at
//! when the thread runs no callback, canceller or drop of ours: from each, the graph is walked along the
//! edges. Waiting edges go both ways, so a handle that is found along such edges alone clears the suspect at
//! once; that is what keeps dropping the handles of a long chain, one after another, from walking all of it
//! each time. What is reached otherwise is decided by comparing each node's count of edges with the edges
//! found. User closures stay opaque: the handles inside them count as handles.
//!
//! Nothing here recurses: dying nodes only make new suspects.

use super::node::{Links, Node};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A node of any type, as the reclaimer sees it.
pub(super) trait Reclaimable {
    fn links(&self) -> &Links;
    /// Shows each node that this one holds an edge to, and whether that one holds an edge back.
    fn edges(&self, seen: &mut dyn FnMut(Rc<dyn Reclaimable>, bool));
    /// Reports an unhandled error, and drops everything inside.
    fn die(&self);
}

#[derive(Default)]
struct Reclaimer {
    /// How many runs and cancellations are on the call stack, and whether suspects are being looked at.
    depth: Cell<usize>,
    suspects: RefCell<Vec<Rc<dyn Reclaimable>>>,
}

thread_local! {
    static RECLAIMER: Reclaimer = Reclaimer::default();
}

/// While it lives, nothing is reclaimed; when the outermost one goes, suspects are looked at.
pub(super) struct Entered(());

impl Entered {
    pub(super) fn new() -> Self {
        // While the thread ends there may be no reclaimer any more: see `suspect`.
        let _ = RECLAIMER.try_with(|reclaimer| reclaimer.depth.set(reclaimer.depth.get() + 1));
        Self(())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let _ = RECLAIMER.try_with(|reclaimer| {
            if reclaimer.depth.get() == 1 {
                reclaimer.look();
            }
            reclaimer.depth.set(reclaimer.depth.get() - 1);
        });
    }
}

/// Notes that a node without handles may be garbage now.
pub(super) fn suspect<T, E>(node: &Rc<Node<T, E>>) {
    let links = &node.links;
    if links.dead.get() || links.suspected.get() {
        return;
    }
    let erased = (node.erase)(Rc::clone(node));
    let noted = RECLAIMER.try_with(|reclaimer| {
        links.suspected.set(true);
        reclaimer.suspects.borrow_mut().push(Rc::clone(&erased));
        if reclaimer.depth.get() == 0 {
            drop(Entered::new());
        }
    });
    // The thread ends, and its reclaimer is gone: what isn't part of a circle can still be freed.
    if noted.is_err() && links.edges.get() == 0 {
        erased.die();
    }
}

impl Reclaimer {
    fn look(&self) {
        loop {
            let Some(suspect) = self.suspects.borrow_mut().pop() else {
                return;
            };
            let links = suspect.links();
            links.suspected.set(false);
            if links.dead.get() || links.handles.get() > 0 {
                continue;
            }
            if links.edges.get() == 0 {
                suspect.die();
                continue;
            }
            let dying = garbage(suspect);
            // All of them before the first dies: drops of the user's may upgrade weak handles.
            for node in &dying {
                node.links().dead.set(true);
            }
            for node in dying {
                node.die();
            }
        }
    }
}

/// The garbage among the nodes that can be reached from a suspect.
fn garbage(suspect: Rc<dyn Reclaimable>) -> Vec<Rc<dyn Reclaimable>> {
    let mut region = Region::default();
    region.add(suspect, true);
    while let Some(at) = region.next() {
        if region.cleared {
            return Vec::new();
        }
        let node = Rc::clone(&region.nodes[at].node);
        node.edges(&mut |to, mutual| region.edge(at, to, mutual));
    }
    if region.cleared { Vec::new() } else { region.unreachable() }
}

/// The part of the graph that can be reached from a suspect.
#[derive(Default)]
struct Region {
    nodes: Vec<Reached>,
    /// Nodes whose edges are still to be followed: those along mutual edges first.
    mutual: Vec<usize>,
    others: Vec<usize>,
    /// (from, to).
    edges: Vec<(usize, usize)>,
    /// A handle was found that leads back to the suspect.
    cleared: bool,
}

struct Reached {
    node: Rc<dyn Reclaimable>,
    /// How many of its edges come from inside the region.
    edges: usize,
    /// It leads back to the suspect.
    back: bool,
}

impl Region {
    fn next(&mut self) -> Option<usize> {
        self.mutual.pop().or_else(|| self.others.pop())
    }

    fn add(&mut self, node: Rc<dyn Reclaimable>, back: bool) -> usize {
        let at = self.nodes.len();
        node.links().place.0.set(at);
        self.cleared |= back && node.links().handles.get() > 0;
        self.nodes.push(Reached { node, edges: 0, back });
        if back {
            self.mutual.push(at);
        } else {
            self.others.push(at);
        }
        at
    }

    fn edge(&mut self, from: usize, to: Rc<dyn Reclaimable>, mutual: bool) {
        let back = mutual && self.nodes[from].back;
        let at = match to.links().place.0.get() {
            usize::MAX => self.add(to, back),
            known => known,
        };
        self.nodes[at].edges += 1;
        self.edges.push((from, at));
    }

    /// The nodes that nothing outside leads to.
    fn unreachable(&mut self) -> Vec<Rc<dyn Reclaimable>> {
        let mut lives = vec![false; self.nodes.len()];
        let mut pending: Vec<usize> = (0..self.nodes.len())
            .filter(|&at| {
                let links = self.nodes[at].node.links();
                links.handles.get() > 0 || links.edges.get() > self.nodes[at].edges
            })
            .collect();
        if !pending.is_empty() {
            let mut leads_to = vec![Vec::new(); self.nodes.len()];
            for &(from, to) in &self.edges {
                leads_to[from].push(to);
            }
            while let Some(at) = pending.pop() {
                if !lives[at] {
                    lives[at] = true;
                    pending.extend(&leads_to[at]);
                }
            }
        }
        let dying = self.nodes.iter().zip(lives).filter(|(_, lives)| !lives);
        dying.map(|(reached, _)| Rc::clone(&reached.node)).collect()
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        for reached in &self.nodes {
            reached.node.links().place.0.set(usize::MAX);
        }
    }
}
