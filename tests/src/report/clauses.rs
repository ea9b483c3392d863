//! The clauses of SEMANTICS.md that say what is right where subjects differ.
//!
//! Which clause was broken nobody knows. What is known is which ones a program meets: the situation arose in which the
//! clause decides something. Of those the ones stand first that are met by the very operation after which the subjects
//! differ, and of these the ones that the fewest random programs meet.

use crate::clauses::{Clause, clauses};
use crate::generate::{Operations, stream};
use deferral_model::{Coverage, Program, World};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// How many clauses are shown at the most.
const SHOWN: usize = 3;

/// By how many random programs it is said how rare a clause is.
const PROGRAMS: usize = 2_000;

/// Where subjects first differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In one of the operations of these numbers.
    Operations(RangeInclusive<usize>),
    /// In what is reported when all handles are let go.
    End,
    /// In some operation.
    Unknown,
}

/// The clauses that a program meets, those first that say most about a difference at a place.
#[must_use]
pub fn met(program: &Program, place: &Place) -> Vec<&'static Clause> {
    let mut world = World::new(None, Coverage::default());
    let mut met_at: HashMap<usize, usize> = HashMap::new();
    let mut note = |world: &World<'_>, at: usize| {
        for clause in world.met() {
            met_at.entry(clause).or_insert(at);
        }
    };
    for (at, op) in program.ops.iter().enumerate() {
        world.step(op);
        world.reclaim();
        note(&world, at);
    }
    world.end();
    note(&world, program.ops.len());
    let elsewhere = |at: usize| match place {
        Place::Operations(operations) => !operations.contains(&at),
        Place::End => at != program.ops.len(),
        Place::Unknown => at == program.ops.len(),
    };
    let mut numbers: Vec<(bool, u64, usize)> =
        met_at.into_iter().map(|(clause, at)| (elsewhere(at), programs_with(clause), clause)).collect();
    numbers.sort_unstable();
    numbers.iter().filter_map(|(.., number)| clauses().get(number - 1)).take(SHOWN).collect()
}

/// How many random programs meet a clause.
fn programs_with(clause: usize) -> u64 {
    static COVERAGE: OnceLock<Coverage> = OnceLock::new();
    let count = || {
        let mut coverage = Coverage::default();
        for program in stream(1, Operations::All, 20, 0).take(PROGRAMS) {
            let mut world = World::new(None, coverage);
            program.ops.iter().for_each(|op| world.step(op));
            world.end();
            coverage = world.take_coverage();
        }
        coverage
    };
    COVERAGE.get_or_init(count).clause(clause)
}
