//! The limits: the least that an engine of some design can do, with nothing else around it. None of them is a
//! Deferred: no failures, no waiting, no callback that adds callbacks.

mod arena;
mod boxed;
mod list;

pub use arena::Arena;
pub use boxed::Boxed;
pub use list::{List, Node};

use std::hint::black_box;

/// `dyn`: calls a callback through a pointer that the compiler can't see through. Nothing is allocated.
#[inline]
pub fn dyn_call(callback: &dyn Fn(u64) -> u64, value: u64) -> u64 {
    black_box(callback)(value)
}

/// `alloc`: allocates and frees the memory of one [`Node`], and writes nothing there.
#[inline]
pub fn allocate_and_free() {
    drop(black_box(Box::<Node>::new_uninit()));
}
