//! What the user's code owns: each is dropped once, and its drop is a place where it panics.

use super::world::{self, place};
use deferral::Failure;
use std::error::Error;
use std::fmt;

/// What a callback or a canceller captures: memory of its own, and so many bytes.
pub(super) struct Owned<const N: usize> {
    ticket: Box<usize>,
    bytes: [u8; N],
}

impl<const N: usize> Owned<N> {
    pub(super) fn new() -> Self {
        let ticket = world::issue();
        Self { ticket: Box::new(ticket), bytes: [ticket as u8; N] }
    }

    pub(super) fn check(&self) {
        assert!(self.bytes.iter().all(|byte| *byte == *self.ticket as u8), "its bytes are as they were made");
    }
}

impl<const N: usize> Drop for Owned<N> {
    fn drop(&mut self) {
        self.check();
        world::take_back(*self.ticket);
        place();
    }
}

/// A Deferred's value.
pub(super) struct Value(Owned<8>);

impl Default for Value {
    /// A null: the user's code.
    fn default() -> Self {
        place();
        Self(Owned::new())
    }
}

/// An error.
pub(super) struct Failed(Owned<8>);

impl Failed {
    pub(super) fn new() -> Self {
        Self(Owned::new())
    }
}

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failed({})", self.0.ticket)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Error for Failed {}

impl Value {
    pub(super) fn check(&self) {
        self.0.check();
    }
}

/// Checks what a result owns.
pub(super) fn check(result: &Result<Value, Failure>) {
    match result {
        Ok(value) => value.check(),
        Err(error) => {
            if let Some(failed) = error.check::<Failed>() {
                failed.0.check();
            }
        }
    }
}
