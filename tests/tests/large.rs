//! Large structures of all kinds: what they cost is linear in their size.

#![allow(unsafe_code, reason = "a global allocator is unsafe to implement")]

use deferral_conformance::large::{Memory, stays_linear};
use proptest::collection::vec;
use proptest::prelude::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static MEMORY: Cell<Memory> = const { Cell::new(Memory { allocations: 0, allocated: 0, freed: 0 }) };
}

fn count(allocations: u64, allocated: usize, freed: usize) {
    MEMORY.set(MEMORY.get().and(allocations, allocated, freed));
}

// SAFETY: everything is left to the system's allocator. Counting neither allocates nor panics: the counters are a plain
// cell without a destructor, which a thread has as long as it runs. (The other two methods are made from these.)
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        // SAFETY: the caller's promises are the same.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Plays bytes on a thread of its own, so that what the engine keeps for later isn't another case's.
fn play(bytes: Vec<u8>) {
    let played = std::thread::spawn(move || stays_linear(&bytes, || MEMORY.get())).join();
    played.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

/// Every kind of part alone, as long as it gets, with every end, all paused, some, and none.
#[test]
fn each_kind() {
    for kind in 0..10 {
        for end in 0..5 {
            for pause in [0, 1, 7] {
                let longest = 4095_u16.to_le_bytes();
                play(vec![end, pause, kind, 0, kind, longest[0], longest[1]]);
            }
        }
    }
}

#[test]
fn kept_for_chain() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/chain");
    let files: Vec<_> = std::fs::read_dir(folder).expect(folder).map(|file| file.unwrap().path()).collect();
    assert!(!files.is_empty(), "{folder} is empty");
    files.iter().for_each(|file| play(std::fs::read(file).unwrap()));
}

#[test]
#[should_panic(expected = "allocations for")]
fn what_grows_faster_is_noticed() {
    let asked = Cell::new(0);
    stays_linear(&[0, 0, 0, 0, 1, 255, 15], || {
        asked.set(asked.get() + 1_000_000);
        Memory { allocations: asked.get(), allocated: 0, freed: 0 }
    });
}

#[test]
#[should_panic(expected = "all that is allocated is freed")]
fn what_is_kept_is_noticed() {
    let asked = Cell::new(0);
    stays_linear(&[0, 0, 0, 0, 1, 255, 15], || {
        asked.set(asked.get() + 1);
        Memory { allocations: 0, allocated: asked.get(), freed: 0 }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn some_parts_after_another(bytes in vec(any::<u8>(), 0..16)) {
        play(bytes);
    }
}
