//! What every fuzz target is linked with: an allocator that doesn't take memory back with a wrong layout, and counts.
//!
//! Whoever frees memory says how large it was; the system's allocator doesn't ask, and neither does
//! AddressSanitizer, which knows. So it is asked here.

#![allow(unsafe_code, reason = "an allocator is")]

use deferral_conformance::large::Memory;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::c_void;
use std::process::abort;
use std::sync::OnceLock;

unsafe extern "C" {
    fn malloc_usable_size(memory: *mut c_void) -> usize;
}

thread_local! {
    static MEMORY: Cell<Memory> = const { Cell::new(Memory { allocations: 0, allocated: 0, freed: 0 }) };
}

/// What was asked for and freed on this thread so far.
#[must_use]
pub fn memory() -> Memory {
    MEMORY.get()
}

fn count(allocations: u64, allocated: usize, freed: usize) {
    MEMORY.set(MEMORY.get().and(allocations, allocated, freed));
}

/// The system's allocator, asked for the size. Under AddressSanitizer alone that is the very size asked for.
struct Exact;

#[global_allocator]
static EXACT: Exact = Exact;

// SAFETY: all is left to the system's allocator. Counting neither allocates nor panics: the counters are a plain cell
// without a destructor, which a thread has as long as it runs.
unsafe impl GlobalAlloc for Exact {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        check(memory, layout);
        count(0, 0, layout.size());
        // SAFETY: as in `alloc`.
        unsafe { System.dealloc(memory, layout) };
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        check(memory, layout);
        count(1, size, layout.size());
        // SAFETY: as in `alloc`.
        unsafe { System.realloc(memory, layout, size) }
    }
}

fn check(memory: *mut u8, layout: Layout) {
    // SAFETY: the memory came from `malloc` or its like. (What was freed before has the size 0.)
    let size = unsafe { malloc_usable_size(memory.cast()) };
    if cfg!(fuzzing) && size != layout.size() && size != 0 && knows_sizes() {
        eprintln!("memory of {size} bytes is freed as if it had {}", layout.size());
        abort();
    }
}

/// Whether a block is just as large as was asked for: under AddressSanitizer. Without it, sizes are rounded up.
fn knows_sizes() -> bool {
    static KNOWS: OnceLock<bool> = OnceLock::new();
    *KNOWS.get_or_init(|| {
        let layout = Layout::new::<u8>();
        // SAFETY: a byte is asked for, which is freed as such.
        unsafe {
            let memory = System.alloc(layout);
            let size = malloc_usable_size(memory.cast());
            System.dealloc(memory, layout);
            size == layout.size()
        }
    })
}
