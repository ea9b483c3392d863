//! What a Deferred takes in memory, counted by the allocator: bytes as they were asked for, and allocations.
//!
//! Each count runs on a thread of its own, so that neither other tests nor an engine that keeps memory for later
//! change it.

#![allow(unsafe_code, reason = "a global allocator is unsafe to implement")]

use deferral::Deferred;
use deferral_benches::work;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

struct Counting;

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { allocations: 0, bytes: 0 }) };
}

/// What was allocated on this thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    /// How often memory was asked for, growing among it.
    allocations: usize,
    /// The bytes that are still held; less than none where a thread frees what others have allocated.
    bytes: isize,
}

impl Count {
    fn changed(bytes: isize, allocations: usize) {
        let Self { allocations: before, bytes: held } = COUNT.get();
        COUNT.set(Self { allocations: before + allocations, bytes: held + bytes });
    }
}

// SAFETY: everything is left to the system's allocator. Counting neither allocates nor panics: the counter is a plain
// cell without a destructor, which a thread has as long as it runs.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Count::changed(layout.size().cast_signed(), 1);
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Count::changed(layout.size().cast_signed(), 1);
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        Count::changed(-layout.size().cast_signed(), 0);
        // SAFETY: the caller's promises are the same.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Count::changed(size.cast_signed() - layout.size().cast_signed(), 1);
        // SAFETY: the caller's promises are the same.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a function allocates while it runs, and what it gives still holds, after a preparation that isn't counted.
fn count<S, R>(prepare: impl FnOnce() -> S + Send, run: impl FnOnce(&mut S) -> R + Send) -> Count {
    let counted = move || {
        let mut prepared = prepare();
        let before = COUNT.get();
        let held = black_box(run(&mut prepared));
        let after = COUNT.get();
        drop(held);
        Count { allocations: after.allocations - before.allocations, bytes: after.bytes - before.bytes }
    };
    std::thread::scope(|scope| scope.spawn(counted).join().expect("counting doesn't panic"))
}

/// So many Deferreds that bytes of one are an average.
const MANY: usize = 10_000;

/// Whole bytes of an unfired Deferred with so many callbacks of 8 captured bytes. (What a slab has beside its blocks is
/// less than half a byte for each.)
fn unfired(callbacks: u64) -> usize {
    let room = || Vec::with_capacity(MANY);
    let counted = count(room, |all: &mut Vec<Deferred<u64>>| {
        for _ in 0..MANY {
            let deferred = Deferred::new();
            for place in 0..callbacks {
                deferred.add_callback(move |value| work(value, place));
            }
            all.push(deferred);
        }
    });
    usize::try_from(counted.bytes).expect("they are held") / MANY
}

#[track_caller]
fn at_most(what: &str, counted: usize, bound: usize) {
    println!("{what}: {counted}, at most {bound}");
    assert!(counted <= bound, "{what}: {counted}, which should be at most {bound}");
}

#[test]
fn an_unfired_deferred() {
    for callbacks in 0..=2 {
        at_most(&format!("bytes with {callbacks} callbacks"), unfired(callbacks), 96);
    }
}

/// 16 bytes for each callback after the second, twice that where the last chunk is nearly empty.
#[test]
fn callbacks_after_the_second() {
    for callbacks in [10, 1_000] {
        let bound = 96 + 2 * 16 * (callbacks as usize - 2);
        at_most(&format!("bytes with {callbacks} callbacks"), unfired(callbacks), bound);
    }
}

#[test]
fn allocations_of_a_thousand_callbacks() {
    let counted = count(Deferred::<u64>::new, |deferred| {
        for place in 0..1_000 {
            deferred.add_callback(move |value| work(value, place));
        }
        deferred.callback(7).expect("it is fired once");
    });
    at_most("allocations of 1,000 callbacks, added and run", counted.allocations, 10);
}

#[test]
fn a_waiting_link() {
    let innermost = || (Deferred::<u64>::new(), Deferred::new());
    let counted = count(innermost, |(innermost, outermost)| {
        *outermost = innermost.clone();
        for _ in 0..MANY {
            let outer = Deferred::new();
            let inner = std::mem::replace(outermost, outer.clone());
            outer.add_callback(move |_| inner);
            outer.callback(0).expect("it is fired once");
        }
    });
    let bytes = usize::try_from(counted.bytes).expect("they are held") / MANY;
    at_most("bytes of a Deferred that waits for another, and is waited for", bytes, 96 + 24);
}

#[test]
fn counting_is_right() {
    let one = count(|| (), |()| Box::new([0_u8; 100]));
    assert_eq!(one, Count { allocations: 1, bytes: 100 });
    let freed = count(|| (), |()| drop(black_box(Box::new([0_u8; 100]))));
    assert_eq!(freed, Count { allocations: 1, bytes: 0 });
    let grown = count(Vec::<u64>::new, |numbers| {
        black_box(&mut *numbers).reserve_exact(4);
        numbers.reserve_exact(10);
    });
    assert_eq!(grown, Count { allocations: 2, bytes: 80 });
    let zeroed = count(|| (), |()| vec![0_u64; 32]);
    assert_eq!(zeroed, Count { allocations: 1, bytes: 256 });
    let elsewhere = count(|| vec![0_u8; 64], |bytes| drop(std::mem::take(bytes)));
    assert_eq!(elsewhere, Count { allocations: 0, bytes: -64 });
}
