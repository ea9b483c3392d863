//! Blocks, by themselves: what is counted, and where they lie.

#[cfg(not(no_reuse))]
mod slabs;

use super::{Edge, Handle, Hold, Weak};
use crate::deferred::reclaim::{Reclaimable, Seen};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;

/// A body of so many bytes. It has nothing to drop.
struct Plain<const N: usize>([u8; N]);

impl<const N: usize> Reclaimable for Plain<N> {
    fn plain(&self) -> bool {
        true
    }

    fn edges(&self, _: &mut Seen<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn die(&self) {}
}

/// A body that counts its deaths and its drops.
#[derive(Default)]
struct Told(Rc<Cell<[u32; 2]>>);

impl Reclaimable for Told {
    fn edges(&self, _: &mut Seen<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn die(&self) {
        let [deaths, drops] = self.0.get();
        self.0.set([deaths + 1, drops]);
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let [deaths, drops] = self.0.get();
        self.0.set([deaths, drops + 1]);
    }
}

fn plain<const N: usize>() -> Handle<Plain<N>> {
    Handle::new(|| Plain([0xA5; N]))
}

#[test]
fn pointers_are_counted_by_what_they_are_for() {
    let block = Handle::new(Told::default);
    let counts = || {
        let links = block.at().links();
        (links.handles(), links.edges(), links.holds())
    };
    assert_eq!(counts(), (1, 0, 0));
    let handle = block.clone();
    let edges: [Edge<Told>; 2] = [block.at().edge(), handle.at().edge()];
    let holds: [Hold<Told>; 3] = std::array::from_fn(|_| edges[0].at().hold());
    let weak = block.at().weak();
    assert_eq!(counts(), (2, 2, 3));
    let upgraded = weak.upgrade().expect("it isn't dead");
    assert_eq!(counts(), (2, 2, 4));
    assert!(upgraded.at().ptr_eq(block.at()));
    drop((handle, edges, holds, upgraded));
    assert_eq!(counts(), (1, 0, 0));
    assert_eq!(block.0.get(), [0, 0]);
}

#[test]
fn the_body_dies_with_its_last_handle_and_is_dropped_with_its_last_pointer() {
    let told = Rc::new(Cell::new([0, 0]));
    let new = || Handle::new(|| Told(Rc::clone(&told)));
    drop(new());
    assert_eq!(told.replace([0, 0]), [1, 1]);

    let block = new();
    let weak: Weak<Told> = block.at().weak();
    let other = weak.clone();
    drop(block);
    assert_eq!(told.get(), [1, 0], "a weak pointer keeps the memory");
    assert!(weak.upgrade().is_none());
    drop(weak);
    assert_eq!(told.get(), [1, 0]);
    drop(other);
    assert_eq!(told.replace([0, 0]), [1, 1]);

    let block = new();
    let hold = block.at().hold();
    drop(block);
    assert_eq!(told.get()[1], 0, "a hold keeps it");
    drop(hold);
    assert_eq!(told.replace([0, 0]), [1, 1]);
}
