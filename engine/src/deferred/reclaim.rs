//! Freeing what nobody can reach any more, circles included.
//!
//! A Deferred that waits and the one that it waits for hold each other, so counting alone never frees such a
//! pair. Trial deletion (Bacon and Rajan, "Concurrent Cycle Collection in Reference Counted Systems", 2001)
//! does: a node is garbage if and only if no handle is held on it and every edge to it comes from garbage.
//!
//! A node that loses its last handle, with no edge to it and no loop that runs it, dies at once. Any other node
//! without handles that loses a handle or an edge becomes a *suspect*. Suspects are looked at
//! when the thread runs no callback, canceller or drop of ours: from each, the graph is walked along the
//! edges. Waiting edges go both ways, so a handle that is found along such edges alone clears the suspect at
//! once; that is what keeps dropping the handles of a long chain, one after another, from walking all of it
//! each time. What is reached otherwise is decided by comparing each node's count of edges with the edges
//! found. User closures stay opaque: the handles inside them count as handles.
//!
//! Nothing here recurses: dying nodes only make new suspects.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ops::ControlFlow;
use std::rc::Rc;

/// What edges can lead to: a Deferred's node, or what a list, a race or a coroutine shares among its members.
pub(super) trait Linked {
    fn links(&self) -> &Links;
    fn erase(self: Rc<Self>) -> Rc<dyn Reclaimable>;
}

/// A node of any type, as the reclaimer sees it.
pub(super) trait Reclaimable {
    fn links(&self) -> &Links;
    /// Shows each node that this one holds an edge to, and whether that one holds an edge back, until it is
    /// told to stop.
    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()>;
    /// Reports an unhandled error, and drops everything inside.
    fn die(&self);
}

/// Is shown an edge: where it leads, and whether another leads back.
pub(super) type Seen<'a> = dyn FnMut(Rc<dyn Reclaimable>, bool) -> ControlFlow<()> + 'a;

/// What one node holds another by.
pub(super) struct Edge<N: Linked>(Rc<N>);

impl<N: Linked> Edge<N> {
    pub(super) fn to(node: &Rc<N>) -> Self {
        let edges = &node.links().edges;
        edges.set(edges.get() + 1);
        Self(Rc::clone(node))
    }

    pub(super) fn node(&self) -> &Rc<N> {
        &self.0
    }

    pub(super) fn show(&self, mutual: bool, seen: &mut Seen<'_>) -> ControlFlow<()> {
        seen(Rc::clone(&self.0).erase(), mutual)
    }
}

impl<N: Linked> Drop for Edge<N> {
    fn drop(&mut self) {
        let links = self.0.links();
        links.edges.set(links.edges.get() - 1);
        if links.handles.get() == 0 {
            suspect(&self.0);
        }
    }
}

/// Who can reach a node, and the reclaimer's notes.
#[derive(Default)]
pub(super) struct Links {
    /// How many handles users hold.
    pub(super) handles: Cell<usize>,
    /// How many edges of other nodes lead here.
    edges: Cell<usize>,
    /// It stands in the list of suspects.
    suspected: Cell<bool>,
    /// It was reclaimed.
    pub(super) dead: Cell<bool>,
    /// Its place in the part of the graph that is being looked at, from 1; 0 outside.
    place: Cell<usize>,
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

    /// Whether another node holds it.
    pub(super) fn held(&self) -> bool {
        self.edges.get() > 0
    }
}

struct Reclaimer {
    /// How many runs and cancellations are on the call stack, and whether suspects are being looked at.
    depth: Cell<usize>,
    suspects: RefCell<Vec<Rc<dyn Reclaimable>>>,
    /// Nodes that nothing holds, and whether they are being taken apart: one after another, not one inside
    /// another.
    dying: RefCell<Vec<Rc<dyn Reclaimable>>>,
    burying: Cell<bool>,
}

impl Reclaimer {
    const fn new() -> Self {
        Self {
            depth: Cell::new(0),
            suspects: RefCell::new(Vec::new()),
            dying: RefCell::new(Vec::new()),
            burying: Cell::new(false),
        }
    }
}

thread_local! {
    static RECLAIMER: Reclaimer = const { Reclaimer::new() };
    /// Stands in while the thread ends and the other one is gone: it has no destructor, so it never is.
    static LAST: ManuallyDrop<Reclaimer> = const { ManuallyDrop::new(Reclaimer::new()) };
}

fn with_reclaimer<R>(work: impl Fn(&Reclaimer) -> R) -> R {
    RECLAIMER.try_with(&work).unwrap_or_else(|_| {
        LAST.with(|last| {
            let done = work(last);
            if last.depth.get() == 0 {
                // Nobody drops it: its memory is given back here.
                last.suspects.take();
                last.dying.take();
            }
            done
        })
    })
}

/// While it lives, no suspect is looked at; when the outermost one goes, they are.
pub(super) struct Entered(());

impl Entered {
    pub(super) fn new() -> Self {
        with_reclaimer(|reclaimer| reclaimer.depth.set(reclaimer.depth.get() + 1));
        Self(())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        with_reclaimer(|reclaimer| {
            // It may have been entered on the one that is gone.
            let depth = reclaimer.depth.get().max(1);
            if depth == 1 {
                reclaimer.look();
            }
            reclaimer.depth.set(depth - 1);
        });
    }
}

/// Notes that a node without handles may be garbage now.
pub(super) fn suspect<N: Linked>(node: &Rc<N>) {
    let links = node.links();
    if links.dead.get() || links.suspected.get() {
        return;
    }
    // The only one who holds it is the one who lets go: not even a loop that runs it.
    if !links.held() && (Rc::strong_count(node) == 1 || fault!(R07)) {
        with_reclaimer(|reclaimer| reclaimer.bury(Rc::clone(node).erase()));
        return;
    }
    links.suspected.set(true);
    with_reclaimer(|reclaimer| {
        if fault!(R17) && reclaimer.depth.get() > 0 {
            return;
        }
        reclaimer.suspects.borrow_mut().push(Rc::clone(node).erase());
        if reclaimer.depth.get() == 0 {
            drop(Entered::new());
        }
    });
}

impl Reclaimer {
    fn bury(&self, node: Rc<dyn Reclaimable>) {
        self.dying.borrow_mut().push(node);
        if self.burying.replace(true) {
            return;
        }
        loop {
            let next = self.dying.borrow_mut().pop();
            match next {
                Some(node) => node.die(),
                None => break,
            }
        }
        self.burying.set(false);
    }

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
            if !links.held() {
                self.bury(suspect);
                continue;
            }
            let dying = garbage(suspect);
            // All of them before the first dies: drops of the user's may upgrade weak handles.
            for node in &dying {
                node.links().dead.set(true);
            }
            for node in dying {
                self.bury(node);
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
        let _ = node.edges(&mut |to, mutual| {
            region.edge(at, to, mutual);
            if region.cleared { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
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
        node.links().place.set(at + 1);
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
        let at = match to.links().place.get() {
            0 => self.add(to, back),
            known => known - 1,
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
                let from_outside = links.edges.get() > self.nodes[at].edges;
                links.handles.get() > 0 || from_outside && !fault!(R08)
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
            reached.node.links().place.set(0);
        }
    }
}
