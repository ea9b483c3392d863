//! What is counted while a structure lives.

use super::D;
use deferral::{AlreadyCalled, Cancelled, FailureGroup, FirstError, Panicked};
use std::cell::Cell;

/// Callbacks, and values that were made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) added: u64,
    pub(super) ran: u64,
    pub(super) dropped: u64,
    /// Nulls and clones.
    pub(super) values: u64,
}

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { added: 0, ran: 0, dropped: 0, values: 0 }) };
}

pub(super) fn counts() -> Counts {
    COUNTS.get()
}

pub(super) fn reset() {
    COUNTS.set(Counts::default());
}

fn count(change: impl FnOnce(&mut Counts)) {
    let mut counts = COUNTS.get();
    change(&mut counts);
    COUNTS.set(counts);
}

/// What flows through a structure.
pub(super) struct Value(());

impl Default for Value {
    fn default() -> Self {
        count(|counts| counts.values += 1);
        Self(())
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// What a structure fails with: an error that takes no memory, whatever it comes from.
#[derive(Clone, Debug)]
pub(super) struct Lost;

impl From<AlreadyCalled> for Lost {
    fn from(_: AlreadyCalled) -> Self {
        Self
    }
}

impl From<Cancelled> for Lost {
    fn from(_: Cancelled) -> Self {
        Self
    }
}

impl From<Panicked> for Lost {
    fn from(_: Panicked) -> Self {
        Self
    }
}

impl From<FirstError<Self>> for Lost {
    fn from(_: FirstError<Self>) -> Self {
        Self
    }
}

impl From<FailureGroup<Self>> for Lost {
    fn from(_: FailureGroup<Self>) -> Self {
        Self
    }
}

/// What a counted callback captures.
struct Captured(u64);

impl Drop for Captured {
    fn drop(&mut self) {
        count(|counts| counts.dropped += 1);
    }
}

/// Adds a callback that is counted, and gives what it is given.
pub(super) fn add(d: &D) {
    count(|counts| counts.added += 1);
    let captured = Captured(counts().added);
    d.add_both(move |result: Result<Value, Lost>| {
        assert!(captured.0 > 0, "its capture is whole");
        count(|counts| counts.ran += 1);
        result
    });
}
