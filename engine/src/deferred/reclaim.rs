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

use super::counted::{At, Counted, Hold};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::ManuallyDrop;
use std::ops::ControlFlow;

/// The body of a block: a Deferred's node, or what a list, a race or a coroutine shares among its members.
pub(super) trait Reclaimable {
    /// Whether nothing is in it: no report comes when it goes away, and nothing is to be dropped.
    fn plain(&self) -> bool {
        false
    }

    /// Whether a handle is found soon along mutual edges alone. Where the answer is no, all edges are looked at.
    fn leads_to_handle(&self) -> bool {
        false
    }

    /// Shows each block that this one holds an edge to, and whether that one holds an edge back, until it is
    /// told to stop.
    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()>;

    /// Reports an unhandled error, and drops everything inside.
    fn die(&self);
}

/// Is shown an edge: where it leads, and whether another leads back.
pub(super) type Seen<'a> = dyn FnMut(At<'_, dyn Reclaimable>, bool) -> ControlFlow<()> + 'a;

thread_local! {
    /// What is on the call stack, counted in [`RUN`]s and [`CALL`]s, and whether there are [`NO_SUSPECTS`]. It is 0 just
    /// when there is something to be done: that is what is asked most.
    static STACK: Cell<u64> = const { Cell::new(NO_SUSPECTS) };
}

/// There are no suspects to be looked at.
const NO_SUSPECTS: u64 = 1;
/// A run or a cancellation: while there is one, no suspect is looked at; or they are being looked at.
const RUN: u64 = 2;
/// A callback, a canceller or a future. (A run and a call together are a constant that an instruction can hold.)
const CALL: u64 = 1 << 30;

/// How many runs and cancellations are on the call stack.
fn depth() -> u64 {
    (STACK.get() % CALL) / RUN
}

/// How many callbacks, cancellers and futures are on the call stack.
pub(super) fn nesting() -> u64 {
    STACK.get() / CALL
}

struct Reclaimer {
    suspects: RefCell<Vec<Hold<dyn Reclaimable>>>,
    /// Nodes that nothing holds, and whether they are being taken apart: one after another, not one inside
    /// another.
    dying: RefCell<Vec<Hold<dyn Reclaimable>>>,
    burying: Cell<bool>,
}

impl Reclaimer {
    const fn new() -> Self {
        Self {
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
            if depth() == 0 {
                // Nobody drops it: its memory is given back here.
                last.suspects.take();
                last.dying.take();
            }
            done
        })
    })
}

/// While it lives, something is on the call stack: as much as it says.
pub(super) struct OnStack<const WHAT: u64>(());

/// A run: when the outermost one goes, suspects are looked at.
pub(super) type Entered = OnStack<RUN>;
/// A callback, a canceller or a future, inside a run.
pub(super) type Nested = OnStack<CALL>;
/// A run of a single callback.
pub(super) type EnteredNested = OnStack<{ RUN + CALL }>;

impl<const WHAT: u64> OnStack<WHAT> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        STACK.set(STACK.get() + WHAT);
        Self(())
    }
}

impl<const WHAT: u64> Drop for OnStack<WHAT> {
    #[inline(always)]
    fn drop(&mut self) {
        let left = STACK.get() - WHAT;
        STACK.set(left);
        // A callback alone is always inside a run.
        if WHAT != CALL && left == 0 {
            look_at_suspects();
        }
    }
}

#[cold]
fn look_at_suspects() {
    STACK.set(STACK.get() + RUN);
    with_reclaimer(Reclaimer::look);
    STACK.set(STACK.get() - RUN);
    // One that stands in at a thread's end gives its memory back only now.
    with_reclaimer(|_| ());
}

/// Notes that a block without handles may be garbage now.
pub(super) fn suspect(block: Hold<()>) {
    let links = block.at().links();
    if links.dead() || links.suspected() {
        return;
    }
    // The only one who holds it is the one who lets go: not even a loop that runs it.
    if links.edges() == 0 && (links.holds() == 1 || fault!(R07)) {
        links.set_dead();
        let block = block.erase();
        with_reclaimer(|reclaimer| reclaimer.bury(block.clone()));
        return;
    }
    if surely_lives(block.at().erase()) {
        return;
    }
    links.set_suspected(true);
    let block = block.erase();
    with_reclaimer(|reclaimer| {
        if fault!(R17) && depth() > 0 {
            return;
        }
        reclaimer.suspects.borrow_mut().push(block.clone());
        STACK.set(STACK.get() & !NO_SUSPECTS);
        if depth() == 0 {
            drop(Entered::new());
        }
    });
}

/// Whether a block that something holds needn't be suspected. Where it holds nothing itself, no circle keeps it. Where
/// one has a handle that can be reached along mutual edges, that one is suspected when it loses the handle: a single way
/// is looked at, mostly who waits for it, who waits for that one, and so on.
fn surely_lives(block: At<'_, dyn Reclaimable>) -> bool {
    if block.links().edges() == 0 {
        return false;
    }
    let mut current: Option<Hold<dyn Reclaimable>> = None;
    let mut before = block.address();
    // Brent's algorithm: a way may go in a circle.
    let (mut landmark, mut steps, mut limit) = (block.address(), 0_usize, 1_usize);
    loop {
        let (mut leads_on, mut reached, mut next, mut left) = (false, false, None, 4);
        let at = current.as_ref().map_or(block, Counted::at);
        let _ = at.edges(&mut |to, mutual| {
            leads_on = true;
            if mutual && to.address() != before {
                reached = to.links().handles() > 0;
                if next.is_none() && !reached {
                    next = Some(to.hold());
                }
            }
            left -= 1;
            if left == 0 || reached { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if reached {
            return true;
        }
        if current.is_none() && block.leads_to_handle() {
            return true;
        }
        let Some(next) = next else {
            return !leads_on;
        };
        if next.at().address() == landmark {
            return false;
        }
        before = at.address();
        steps += 1;
        if steps == limit {
            landmark = next.at().address();
            (steps, limit) = (0, limit * 2);
        }
        current = Some(next);
    }
}

impl Reclaimer {
    /// Drops what is in a dead block.
    fn bury(&self, block: Hold<dyn Reclaimable>) {
        self.dying.borrow_mut().push(block);
        if self.burying.replace(true) {
            return;
        }
        loop {
            let next = self.dying.borrow_mut().pop();
            match next {
                Some(block) => block.die(),
                None => break,
            }
        }
        self.burying.set(false);
    }

    fn look(&self) {
        loop {
            let Some(suspect) = self.suspects.borrow_mut().pop() else {
                STACK.set(STACK.get() | NO_SUSPECTS);
                return;
            };
            let links = suspect.at().links();
            links.set_suspected(false);
            if links.dead() || links.handles() > 0 {
                continue;
            }
            if links.edges() == 0 {
                links.set_dead();
                self.bury(suspect);
                continue;
            }
            let dying = garbage(suspect);
            // All of them before the first dies: drops of the user's may upgrade weak handles.
            for block in &dying {
                block.at().links().set_dead();
            }
            for block in dying {
                self.bury(block);
            }
        }
    }
}

/// The garbage among the nodes that can be reached from a suspect.
fn garbage(suspect: Hold<dyn Reclaimable>) -> Vec<Hold<dyn Reclaimable>> {
    let mut region = Region::default();
    region.add(suspect, true);
    while let Some(at) = region.next() {
        if region.cleared {
            return Vec::new();
        }
        let block = region.blocks[at].block.clone();
        let _ = block.edges(&mut |to, mutual| {
            region.edge(at, to, mutual);
            if region.cleared { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    if region.cleared { Vec::new() } else { region.unreachable() }
}

/// The part of the graph that can be reached from a suspect.
#[derive(Default)]
struct Region {
    blocks: Vec<Reached>,
    /// Where each block stands among them, by its address.
    places: HashMap<*const (), usize, BuildHasherDefault<AddressHasher>>,
    /// Blocks whose edges are still to be followed: those along mutual edges first.
    mutual: Vec<usize>,
    others: Vec<usize>,
    /// (from, to).
    edges: Vec<(usize, usize)>,
    /// A handle was found that leads back to the suspect.
    cleared: bool,
}

struct Reached {
    block: Hold<dyn Reclaimable>,
    /// How many of its edges come from inside the region.
    edges: u32,
    /// It leads back to the suspect.
    back: bool,
}

impl Region {
    fn next(&mut self) -> Option<usize> {
        self.mutual.pop().or_else(|| self.others.pop())
    }

    fn add(&mut self, block: Hold<dyn Reclaimable>, back: bool) -> usize {
        let at = self.blocks.len();
        self.places.insert(block.at().address(), at);
        self.cleared |= back && block.at().links().handles() > 0;
        self.blocks.push(Reached { block, edges: 0, back });
        if back {
            self.mutual.push(at);
        } else {
            self.others.push(at);
        }
        at
    }

    fn edge(&mut self, from: usize, to: At<'_, dyn Reclaimable>, mutual: bool) {
        let back = mutual && self.blocks[from].back;
        let at = match self.places.get(&to.address()) {
            None => self.add(to.hold(), back),
            Some(known) => *known,
        };
        self.blocks[at].edges += 1;
        self.edges.push((from, at));
    }

    /// The blocks that nothing outside leads to.
    fn unreachable(&mut self) -> Vec<Hold<dyn Reclaimable>> {
        let mut lives = vec![false; self.blocks.len()];
        let mut pending: Vec<usize> = (0..self.blocks.len())
            .filter(|&at| {
                let links = self.blocks[at].block.at().links();
                let from_outside = links.edges() > self.blocks[at].edges;
                links.handles() > 0 || from_outside && !fault!(R08)
            })
            .collect();
        if !pending.is_empty() {
            let mut leads_to = vec![Vec::new(); self.blocks.len()];
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
        let dying = self.blocks.iter().zip(lives).filter(|(_, lives)| !lives);
        dying.map(|(reached, _)| reached.block.clone()).collect()
    }
}

/// Spreads addresses, which differ in their middle bits, over all bits.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, address: usize) {
        self.0 = (self.0 ^ address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(26);
    }
}
