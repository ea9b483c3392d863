//! Slabs: where blocks lie, which are used again, how much a thread keeps, and what it leaves behind.
//!
//! Each test has a thread of its own, and so slabs of its own.

use super::{Plain, Reclaimable, Seen, plain};
use crate::deferred::counted::{ALIGN, CLASSES, Closing, FIRST, Handle, KEPT, SLAB, SLABS, Slab, Slabs};
use proptest::collection::vec;
use proptest::prelude::*;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::ptr::{NonNull, null_mut};
use std::sync::mpsc;
use std::thread;

/// How many blocks a slab of a class has.
fn capacity(class: usize) -> usize {
    (SLAB - FIRST) / CLASSES[class]
}

/// The slabs of a class that have a free block, each with how many blocks are in use. Checks the list, and all that is
/// free in it.
fn open(slabs: &Slabs, class: usize) -> Vec<(*mut Slab, usize)> {
    let (mut all, mut before, mut next) = (Vec::new(), null_mut(), slabs.open[class].get());
    // SAFETY: slabs in the list are alive.
    while let Some(slab) = unsafe { next.as_ref() } {
        assert_eq!(slab.before, before, "neighbours know each other");
        assert!(next.addr().is_multiple_of(SLAB));
        let mut free = Vec::new();
        let mut block = slab.free;
        while !block.is_null() {
            let place = block.addr() - next.addr();
            assert!(place >= FIRST && (place - FIRST).is_multiple_of(CLASSES[class]), "a block begins there");
            assert!(place + CLASSES[class] <= SLAB, "and ends in the slab");
            free.push(place);
            // SAFETY: it is free, and in the list of its slab.
            block = unsafe { (*block).next };
        }
        free.sort_unstable();
        free.dedup();
        assert!(!free.is_empty(), "those that are full aren't in the list");
        assert_eq!(free.len() + slab.used, capacity(class), "each block is free or in use");
        all.push((next, slab.used));
        (before, next) = (next, slab.after);
    }
    all
}

/// How many blocks of each class are in use, in slabs that have a free one.
fn used() -> [usize; CLASSES.len()] {
    SLABS.with(|slabs| std::array::from_fn(|class| open(slabs, class).iter().map(|(_, used)| used).sum()))
}

/// How many slabs with a free block there are.
fn slabs() -> usize {
    SLABS.with(|slabs| (0..CLASSES.len()).map(|class| open(slabs, class).len()).sum())
}

/// A block has 24 bytes before its body: these are the largest and the smallest bodies of each class.
#[test]
fn a_block_lies_in_the_smallest_class_that_it_fits_in_and_is_used_again() {
    fn where_it_is<const N: usize>() -> [usize; CLASSES.len()] {
        let first = plain::<N>();
        let (address, used_by_it) = (first.at().address(), used());
        drop(first);
        assert_eq!(used(), [0; CLASSES.len()]);
        let second = plain::<N>();
        assert!(used_by_it == [0; CLASSES.len()] || second.at().address() == address);
        used_by_it
    }
    assert_eq!(where_it_is::<0>(), [1, 0, 0]);
    assert_eq!(where_it_is::<72>(), [1, 0, 0]);
    assert_eq!(where_it_is::<73>(), [0, 1, 0]);
    assert_eq!(where_it_is::<104>(), [0, 1, 0]);
    assert_eq!(where_it_is::<105>(), [0, 0, 1]);
    assert_eq!(where_it_is::<168>(), [0, 0, 1]);
    assert_eq!(where_it_is::<169>(), [0, 0, 0]);
}

#[test]
fn what_is_aligned_to_more_lies_elsewhere() {
    #[repr(align(64))]
    struct Aligned;
    impl Reclaimable for Aligned {
        fn edges(&self, _: &mut Seen<'_>) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }

        fn die(&self) {}
    }
    let block = Handle::new(|| Aligned);
    assert!(std::ptr::from_ref(&*block).addr().is_multiple_of(64));
    assert_eq!(slabs(), 0);
}

#[test]
fn what_is_aligned_as_blocks_are_lies_in_a_slab() {
    #[repr(align(16))]
    struct Aligned;
    const { assert!(align_of::<Aligned>() == ALIGN) };
    impl Reclaimable for Aligned {
        fn edges(&self, _: &mut Seen<'_>) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }

        fn die(&self) {}
    }
    let block = Handle::new(|| Aligned);
    assert_eq!(slabs(), 1);
    drop(block);
}

#[test]
fn a_body_stays_as_it_is_whatever_else_is_made_and_freed() {
    let body = |number: usize| Plain::<72>(std::array::from_fn(|at| (number * 7 + at) as u8));
    let mut kept: Vec<(usize, Handle<Plain<72>>)> = Vec::new();
    for number in 0..3 * capacity(0) {
        kept.push((number, Handle::new(|| body(number))));
        if number % 3 == 0 {
            kept.swap_remove(number / 2 % kept.len());
        }
        assert!(kept.iter().rev().take(5).all(|(number, block)| block.0 == body(*number).0));
    }
    assert!(kept.iter().all(|(number, block)| block.0 == body(*number).0));
}

#[test]
fn so_many_slabs_are_kept_and_no_more() {
    let blocks: Vec<_> = (0..10_000).map(|_| plain::<72>()).collect();
    let larger: Vec<_> = (0..10_000).map(|_| plain::<168>()).collect();
    let all = 10_000_usize.div_ceil(capacity(0)) + 10_000_usize.div_ceil(capacity(2));
    assert_eq!(SLABS.with(|slabs| slabs.beyond.get()) + KEPT, all as isize);
    drop(blocks);
    drop(larger);
    assert_eq!(slabs(), KEPT as usize, "of all classes together");
    assert_eq!(SLABS.with(|slabs| slabs.beyond.get()), 0);
}

#[test]
fn a_thread_that_ends_keeps_no_slab() {
    /// Outlives what keeps the slabs, and makes and frees blocks then.
    struct Late(mpsc::Sender<[usize; 3]>, Vec<Handle<Plain<72>>>);
    impl Drop for Late {
        fn drop(&mut self) {
            let Self(told, blocks) = self;
            let before = slabs();
            blocks.push(plain::<72>());
            drop((plain::<72>(), plain::<168>()));
            let between = slabs();
            blocks.clear();
            told.send([before, between, slabs()]).expect("the test waits for it");
        }
    }
    thread_local! {
        static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
    }
    let (told, counted) = mpsc::channel();
    let ends = thread::spawn(move || {
        // What is made last is dropped first: what keeps the slabs.
        LATE.set(Some(Late(told, Vec::new())));
        let full = (0..capacity(0)).map(|_| plain::<72>()).collect();
        LATE.with_borrow_mut(|late| late.as_mut().expect("it is there").1 = full);
        drop((plain::<72>(), plain::<104>(), plain::<168>()));
        assert_eq!(slabs(), 3, "they are kept");
    });
    ends.join().expect("it doesn't fail");
    assert_eq!(counted.recv(), Ok([0, 1, 0]), "one with a block in use stays as long as that is");
}

#[test]
fn what_keeps_slabs_is_opened_once() {
    drop(plain::<72>());
    SLABS.with(|slabs| {
        let before = slabs.beyond.get();
        Closing::open(slabs);
        assert_eq!(slabs.beyond.get(), before);
    });
}

/// What is done to slabs.
#[derive(Clone, Copy, Debug)]
enum Operation {
    /// So many blocks of a class are taken.
    Take(usize, usize),
    /// So many are given back, each so far on from the one before.
    GiveBack(usize, usize),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        (0..CLASSES.len(), 1..400_usize).prop_map(|(class, many)| Operation::Take(class, many)),
        (1..400_usize, 1..50_usize).prop_map(|(many, step)| Operation::GiveBack(many, step)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 20 } else { 200 }, failure_persistence: None, ..ProptestConfig::default() })]

    /// Against a plain list of what is in use.
    #[test]
    fn every_block_is_free_or_in_use(operations in vec(operation(), 0..40)) {
        SLABS.with(|slabs| {
            Closing::open(slabs);
            let mut in_use: Vec<(usize, NonNull<u8>)> = Vec::new();
            let mut at = 0;
            for operation in operations {
                match operation {
                    Operation::Take(class, many) => {
                        in_use.extend((0..many).map(|_| (class, slabs.take(class))));
                    }
                    Operation::GiveBack(many, step) => {
                        for _ in 0..many.min(in_use.len()) {
                            at = (at + step) % in_use.len();
                            let (class, block) = in_use.swap_remove(at);
                            // SAFETY: it is in use, and from now on isn't.
                            unsafe { slabs.give_back(class, block) };
                        }
                    }
                }
                check(slabs, &in_use);
            }
            for (class, block) in in_use.drain(..) {
                // SAFETY: as above.
                unsafe { slabs.give_back(class, block) };
            }
            check(slabs, &[]);
        });
    }
}

fn check(slabs: &Slabs, in_use: &[(usize, NonNull<u8>)]) {
    let (mut all, mut unused) = (0, 0);
    for class in 0..CLASSES.len() {
        let blocks = in_use.iter().filter(|(of, _)| *of == class).map(|(_, block)| block.addr().get());
        let mut by_slab = std::collections::BTreeMap::<usize, Vec<usize>>::new();
        for block in blocks {
            assert!(block.is_multiple_of(ALIGN));
            by_slab.entry(block & !(SLAB - 1)).or_default().push(block);
        }
        let open = open(slabs, class);
        for (slab, used) in &open {
            assert_eq!(by_slab.get(&slab.addr()).map_or(0, Vec::len), *used);
        }
        for (slab, blocks) in &mut by_slab {
            blocks.sort_unstable();
            blocks.dedup();
            let is_open = open.iter().any(|(open, _)| open.addr() == *slab);
            assert!(is_open || blocks.len() == capacity(class), "what isn't in the list is full");
        }
        let without_use = open.iter().filter(|(_, used)| *used == 0).count();
        all += by_slab.len() + without_use;
        unused += without_use;
    }
    assert!(unused <= KEPT as usize, "no more are kept without use");
    assert_eq!(slabs.beyond.get() + KEPT, all as isize, "slabs are counted");
}
