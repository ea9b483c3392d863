//! Blocks, by themselves: what is counted, what is kept to be used again, and what a thread leaves behind.

use super::{CLASSES, Edge, Handle, Hold, KEPT, SPARE, Weak, layout_of};
use crate::deferred::reclaim::{Reclaimable, Seen};
use std::alloc::dealloc;
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

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

/// How many free blocks of each class there are; they are given back.
fn take_spare() -> [usize; CLASSES.len()] {
    std::array::from_fn(|class| {
        let mut blocks = 0;
        while let Some(block) = SPARE.with(|spare| spare.take(class)) {
            // SAFETY: it was allocated with the layout of its class, and is in no list any more.
            unsafe { dealloc(block.as_ptr(), layout_of(class)) };
            blocks += 1;
        }
        blocks
    })
}

/// A block has 24 bytes before its body: these are the largest bodies of each class, and one that has none.
#[test]
fn a_free_block_of_each_class_is_used_again() {
    fn again<const N: usize>() -> [usize; CLASSES.len()] {
        take_spare();
        let first = plain::<N>();
        let address = first.at().address();
        drop(first);
        let second = plain::<N>();
        if KEPT > 0 && N <= CLASSES[CLASSES.len() - 1] - 24 {
            assert_eq!(second.at().address(), address);
        }
        drop(second);
        take_spare()
    }
    let kept = KEPT.min(1);
    assert_eq!(again::<0>(), [kept, 0, 0]);
    assert_eq!(again::<72>(), [kept, 0, 0]);
    assert_eq!(again::<73>(), [0, kept, 0]);
    assert_eq!(again::<104>(), [0, kept, 0]);
    assert_eq!(again::<105>(), [0, 0, kept]);
    assert_eq!(again::<168>(), [0, 0, kept]);
    assert_eq!(again::<169>(), [0, 0, 0]);
}

#[test]
fn what_is_aligned_to_more_is_not_kept() {
    #[repr(align(64))]
    struct Aligned;
    impl Reclaimable for Aligned {
        fn edges(&self, _: &mut Seen<'_>) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }

        fn die(&self) {}
    }
    take_spare();
    let block = Handle::new(|| Aligned);
    assert!(std::ptr::from_ref(&*block).addr().is_multiple_of(64));
    drop(block);
    assert_eq!(take_spare(), [0; CLASSES.len()]);
}

#[test]
fn no_block_is_handed_out_twice() {
    for _ in 0..3 {
        let blocks: Vec<_> = (0..500).map(|_| (plain::<72>(), plain::<104>())).collect();
        let addresses = blocks.iter().flat_map(|(small, large)| [small.at().address(), large.at().address()]);
        let mut addresses: Vec<_> = addresses.collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 1000);
    }
}

#[test]
fn so_many_free_blocks_are_kept_and_no_more() {
    take_spare();
    let blocks: Vec<_> = (0..10_000).map(|_| plain::<72>()).collect();
    let larger: Vec<_> = (0..10_000).map(|_| plain::<168>()).collect();
    drop(blocks);
    drop(larger);
    assert_eq!(take_spare(), [KEPT, 0, 0], "of all classes together");
    drop(plain::<104>());
    assert_eq!(take_spare(), [0, KEPT.min(1), 0], "and there is room again");
}

#[test]
fn a_thread_that_ends_keeps_no_block() {
    /// Outlives the list of free blocks, and frees one then.
    struct Late(mpsc::Sender<[usize; CLASSES.len()]>, Handle<Plain<72>>);
    impl Drop for Late {
        fn drop(&mut self) {
            let Self(told, block) = self;
            let another = block.clone();
            drop(std::mem::replace(block, plain::<72>()));
            drop(another);
            told.send(take_spare()).expect("the test waits for it");
        }
    }
    thread_local! {
        static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
    }
    let (told, kept) = mpsc::channel();
    let ends = thread::spawn(move || {
        // What is made last is dropped first: the list of free blocks.
        LATE.set(Some(Late(told, plain::<72>())));
        drop((plain::<72>(), plain::<168>()));
    });
    ends.join().expect("it doesn't fail");
    assert_eq!(kept.recv(), Ok([0; CLASSES.len()]));
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
