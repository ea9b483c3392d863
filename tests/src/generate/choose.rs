//! Where the generator's choices come from: a seeded generator of random numbers, or a fuzzer's bytes.

use arbitrary::Unstructured;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// A source of choices.
pub trait Choose {
    /// A number below `bound`, which isn't 0.
    fn below(&mut self, bound: u32) -> u32;

    /// Whether something happens that happens `percent` times in a hundred.
    fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }
}

/// Choices by a seed: the same programs from the same seed.
pub struct Seeded(SmallRng);

impl Seeded {
    /// The choices of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }
}

impl Choose for Seeded {
    fn below(&mut self, bound: u32) -> u32 {
        self.0.random_range(0..bound)
    }
}

impl Choose for Unstructured<'_> {
    /// When the bytes have run out, 0.
    fn below(&mut self, bound: u32) -> u32 {
        self.int_in_range(0..=bound - 1).unwrap_or(0)
    }
}
