//! The programs of a run: random ones, and now and then a long one.

use super::choose::Seeded;
use super::long::long;
use super::program::{Operations, program};
use deferral_model::Program;

/// One program of so many is a long one, where it is left to the suite.
pub const LONG_EVERY: u64 = 256;

/// The programs of a seed, without end: of at most `max_ops` operations, and each `long_every`-th a long one of
/// hundreds (none where that is 0).
pub fn stream(
    seed: u64,
    operations: Operations,
    max_ops: u32,
    long_every: u64,
) -> impl Iterator<Item = Program> {
    let mut choose = Seeded::new(seed);
    (1_u64..).map(move |number| {
        if long_every > 0 && number.is_multiple_of(long_every) {
            long(&mut choose, operations)
        } else {
            program(&mut choose, operations, max_ops)
        }
    })
}
