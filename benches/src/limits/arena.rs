//! `arena`: closures written one after another into chunks that never move, the limit of no allocation a
//! callback.
//!
//! ```text
//!   chunk 0: │ step │ captured │ step │ captured │ …      chunk 1, twice as large: │ step │ captured │ …
//!            └─ an entry ──────┘                 └─ used
//! ```
//!
//! An entry is a pointer to the [`Step`] of its closure's type, and then what the closure has captured, all of
//! it in whole words.
//!
//! Invariants:
//! - From `start` to `used` a chunk holds whole entries. The last chunk's `used` is stale while `next` points
//!   into that chunk; [`Arena::seal`] makes it good.
//! - From `next` to `end` is free room of the last chunk. Both are null where there is no such room.
//! - A step is called once for each entry, and only while the entry is within a chunk's `start` and `used`.

#![allow(unsafe_code, reason = "closures of any type stand in one piece of memory")]

use std::mem::{MaybeUninit, replace};
use std::ptr;

/// The words of the first chunk; each of the others has twice as many as the one before.
const FIRST: usize = 128;

/// What chunks are made of, and how entries are aligned.
type Word = MaybeUninit<u64>;

/// Takes a closure out of its entry and calls it with the value, or drops it where there is none. Gives what the
/// closure returned, which is uninitialised where it wasn't called, and the words of the entry.
type Step<T> = unsafe fn(captured: *mut Word, value: Option<T>) -> (MaybeUninit<T>, usize);

/// Callbacks that are called in the order in which they were added.
pub struct Arena<T> {
    chunks: Vec<Chunk<T>>,
    next: *mut Word,
    end: *mut Word,
}

struct Chunk<T> {
    start: *mut Word,
    words: usize,
    used: *mut Word,
    entries: std::marker::PhantomData<Step<T>>,
}

impl<T> Arena<T> {
    /// No callbacks, and no memory.
    #[must_use]
    pub fn new() -> Self {
        Self { chunks: Vec::new(), next: ptr::null_mut(), end: ptr::null_mut() }
    }

    /// Adds a callback.
    #[inline]
    pub fn push<F: FnOnce(T) -> T + 'static>(&mut self, callback: F) {
        const { assert!(align_of::<F>() <= align_of::<Word>(), "entries are aligned as words are") };
        let words = const { words::<F>() };
        if self.end.addr() - self.next.addr() < words * size_of::<Word>() {
            self.grow(words);
        }
        // SAFETY: there are so many free words from `next` on, which are aligned for a pointer and for the closure.
        unsafe {
            self.next.cast::<Step<T>>().write(step::<T, F>);
            self.next.add(1).cast::<F>().write(callback);
            self.next = self.next.add(words);
        }
    }

    /// Calls them all, and forgets them. A panic leaks those that are left.
    pub fn fire(&mut self, mut value: T) -> T {
        self.seal();
        for chunk in &mut self.chunks {
            let mut at = chunk.start;
            // Nothing is called twice, even after a panic.
            let used = replace(&mut chunk.used, chunk.start);
            while at != used {
                // SAFETY: an entry stands here that was never called, as the next one does behind it; a step that
                // was given a value gives one.
                unsafe {
                    let step = at.cast::<Step<T>>().read();
                    let (returned, words) = step(at.add(1), Some(value));
                    value = returned.assume_init();
                    at = at.add(words);
                }
            }
        }
        value
    }

    /// Makes the last chunk's `used` good. The room behind it isn't used any more.
    fn seal(&mut self) {
        if let Some(last) = self.chunks.last_mut()
            && !self.next.is_null()
        {
            last.used = self.next;
        }
        (self.next, self.end) = (ptr::null_mut(), ptr::null_mut());
    }

    #[cold]
    fn grow(&mut self, at_least: usize) {
        self.seal();
        let words = self.chunks.last().map_or(FIRST, |last| 2 * last.words).max(at_least);
        let start = Box::into_raw(Box::<[u64]>::new_uninit_slice(words)).cast::<Word>();
        self.chunks.push(Chunk { start, words, used: start, entries: std::marker::PhantomData });
        self.next = start;
        // SAFETY: it is the end of what was just allocated.
        self.end = unsafe { start.add(words) };
    }
}

/// The words of the entry of an `F`.
const fn words<F>() -> usize {
    1 + size_of::<F>().div_ceil(size_of::<Word>())
}

/// The [`Step`] of an `F`.
///
/// # Safety
/// `captured` points to an `F`, which nobody uses any more.
unsafe fn step<T, F: FnOnce(T) -> T>(captured: *mut Word, value: Option<T>) -> (MaybeUninit<T>, usize) {
    // SAFETY: the caller says so.
    let callback = unsafe { captured.cast::<F>().read() };
    let returned = value.map_or(MaybeUninit::uninit(), |value| MaybeUninit::new(callback(value)));
    (returned, const { words::<F>() })
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for Arena<T> {
    fn drop(&mut self) {
        self.seal();
        self.chunks.clear();
    }
}

impl<T> Drop for Chunk<T> {
    fn drop(&mut self) {
        let mut at = self.start;
        while at != self.used {
            // SAFETY: an entry stands here that was never called, as the next one does behind it.
            unsafe {
                let step = at.cast::<Step<T>>().read();
                let (_, words) = step(at.add(1), None);
                at = at.add(words);
            }
        }
        // SAFETY: it was allocated as a box of so many words.
        drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(self.start, self.words)) });
    }
}

#[cfg(test)]
mod tests {
    use super::Arena;
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn calls_in_order_over_many_chunks() {
        let mut arena = Arena::new();
        for place in 0..10_000_u64 {
            let captured = [place; 6];
            match place % 3 {
                0 => arena.push(move |value: u64| value.wrapping_mul(31) ^ place),
                1 => arena.push(|value| value.wrapping_mul(31)),
                _ => arena.push(move |value| value.wrapping_mul(31) ^ captured[5]),
            }
        }
        let step = |value: u64, place| value.wrapping_mul(31) ^ if place % 3 == 1 { 0 } else { place };
        assert_eq!(arena.fire(7), (0..10_000).fold(7, step));
        assert_eq!(arena.fire(8), 8, "each is called once");
        arena.push(|value| value + 1);
        assert_eq!(arena.fire(8), 9);
    }

    #[test]
    fn every_closure_is_dropped_once() {
        struct Counts(Rc<Cell<u32>>);
        impl Drop for Counts {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }
        let dropped = Rc::new(Cell::new(0));
        let push = |arena: &mut Arena<u64>| {
            for _ in 0..1_000 {
                let counts = Counts(Rc::clone(&dropped));
                arena.push(move |value| value + u64::from(counts.0.get() < 1_000));
            }
        };
        let mut arena = Arena::new();
        push(&mut arena);
        assert_eq!(arena.fire(0), 1_000);
        drop(arena);
        assert_eq!(dropped.replace(0), 1_000, "those that were called");
        let mut arena = Arena::new();
        push(&mut arena);
        drop(arena);
        assert_eq!(dropped.get(), 1_000, "those that were not");
    }

    #[test]
    fn a_panic_ends_the_calls() {
        let mut arena = Arena::new();
        arena.push(|value: u64| value + 1);
        arena.push(|_| std::panic::resume_unwind(Box::new("bang!")));
        arena.push(|value| value + 1);
        let fired = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| arena.fire(0)));
        assert!(fired.is_err());
        assert_eq!(arena.fire(5), 5);
    }
}
