//! What the engine is measured against where no library has it: the limits of the machine ([`limits`]), and a
//! plain transliteration of Twisted's Deferred ([`naive`]). And what every callback in the benches does.

pub mod limits;
pub mod naive;

/// What the `place`-th callback makes of a value: cheap, different in every place, and no compiler takes it out.
#[inline]
#[must_use]
pub fn work(value: u64, place: u64) -> u64 {
    value.rotate_left(5) ^ place
}

/// What a chain of `length` such callbacks makes of a value.
#[must_use]
pub fn expected(value: u64, length: u64) -> u64 {
    (0..length).fold(value, work)
}
