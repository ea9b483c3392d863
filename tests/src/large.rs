//! Large structures on the engine: chains of thousands of links, fan-outs as wide, fired, cancelled or dropped at one
//! end. What they cost is counted, in callbacks, nulls, clones, allocations and bytes, and is linear in their size.
//!
//! Bytes are read as up to four parts (`large/parts.rs`), each hung onto the one before, and as what happens then. All
//! begins with one Deferred that is fired or cancelled, and every callback is counted: each runs exactly once where
//! something fires, and none where all is dropped; in either case each is freed once.

mod counted;
mod parts;

use counted::{Lost, Value, counts, reset};
use deferral::{Deferred, State};
use parts::Built;

/// A Deferred of a structure.
type D = Deferred<Value, Lost>;

/// How many parts a structure has at most.
const PARTS: usize = 4;

/// What an allocator has counted on this thread since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// How often memory was asked for, growing among it.
    pub allocations: u64,
    /// The bytes that were asked for, in all.
    pub allocated: u64,
    /// The bytes that were freed.
    pub freed: u64,
}

impl Memory {
    /// With what was asked for and freed since.
    #[must_use]
    pub const fn and(self, allocations: u64, allocated: usize, freed: usize) -> Self {
        Self {
            allocations: self.allocations + allocations,
            allocated: self.allocated + allocated as u64,
            freed: self.freed + freed as u64,
        }
    }
}

/// Bounds for each unit of a structure: a Deferred, a callback, or a membership. A Deferred is one block of 96 bytes, at
/// most 96 more with its second chunk of callbacks, and one Box of a canceller or a hook; a callback of ours is two words in a
/// chunk, which grows by doubling; a membership is a hook, a place in two vectors, and the value cloned into it.
const ALLOCATIONS: u64 = 8;
const BYTES: u64 = 768;
/// Nulls that hand-overs leave behind, and clones that lists take: at most so many for each unit.
const VALUES: u64 = 4;
/// What there is besides, however small the structure: slabs of free blocks, the vectors of the parts.
const BESIDES: u64 = 64 << 10;

/// Builds the structure that bytes describe and lets it go, twice: the second time nothing is left that wasn't before.
///
/// # Panics
/// When a callback runs more or less than once or is lost, when something grows faster than the structure, and when
/// memory isn't freed.
pub fn stays_linear(bytes: &[u8], memory: impl Fn() -> Memory) {
    // What a thread makes once and what the engine keeps for later use, it has from then on.
    build_and_end(bytes);
    let before = memory();
    let size = build_and_end(bytes);
    let after = memory();
    let allocated = after.allocated - before.allocated;
    let bound = |each: u64| BESIDES + each * size;
    let allocations = after.allocations - before.allocations;
    assert!(allocations <= bound(ALLOCATIONS), "{allocations} allocations for {size} units");
    assert!(allocated <= bound(BYTES), "{allocated} bytes for {size} units");
    assert_eq!(allocated, after.freed - before.freed, "all that is allocated is freed");
}

/// How it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Fire,
    Fail,
    /// From the far end; what that leaves unfired is fired.
    Cancel,
    /// From the beginning.
    CancelFirst,
    Drop,
}

/// The number of units of the structure.
fn build_and_end(bytes: &[u8]) -> u64 {
    deferral::set_report_hook(|_| {});
    reset();
    let mut bytes = bytes.iter().copied();
    let mut next = || bytes.next().unwrap_or(0);
    let end = match next() % 5 {
        0 => End::Fire,
        1 => End::Fail,
        2 => End::Cancel,
        3 => End::CancelFirst,
        _ => End::Drop,
    };
    // Every so many Deferreds are paused, and unpaused in this order or backwards.
    let (pause, backwards) = (usize::from(next()), next() % 2 == 1);
    let first = D::new();
    let mut built = Built::on(&first);
    for _ in 0..=usize::from(next()) % PARTS {
        let kind = next();
        let length = usize::from(u16::from_le_bytes([next(), next()]));
        built.add(kind, length);
    }
    let (last, size) = (built.last.clone(), built.size);
    let all = built.all;
    let paused: Vec<D> = if pause > 0 { all.iter().step_by(pause).cloned().collect() } else { Vec::new() };
    paused.iter().for_each(D::pause);
    match end {
        End::Fire => drop(first.callback(Value::default())),
        End::Fail => drop(first.errback(Lost)),
        End::Cancel => last.cancel(),
        End::CancelFirst => first.cancel(),
        End::Drop => {}
    }
    if end == End::Drop {
        drop((first, last, paused, all));
        assert_eq!(counts().ran, 0, "a callback of what is dropped unfired runs");
    } else {
        let unpause = |d: &D| d.unpause();
        if backwards {
            paused.iter().rev().for_each(unpause);
        } else {
            paused.iter().for_each(unpause);
        }
        if !first.called() {
            first.callback(Value::default()).expect("it wasn't fired");
        }
        assert_ne!(last.state(), State::Unfired, "what comes from the first reaches the last");
        assert_eq!(counts().ran, counts().added, "each callback runs once");
        drop((first, last, paused, all));
    }
    let counts = counts();
    assert_eq!(counts.dropped, counts.added, "each callback is freed once");
    assert!(counts.values <= VALUES * size + 64, "{} nulls and clones for {size} units", counts.values);
    deferral::reset_report_hook();
    size
}
