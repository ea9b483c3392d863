//! What enumeration knows of a fault: the smallest of all small programs that show it.
//!
//! It is what the shrinker is held to, and knows nothing of it: no program here was made smaller.

use super::Planted;
use crate::difference::Kind;
use crate::enumerate::{Alphabet, Enumeration, core, family};
use crate::shrink::names::{Named, binds_resource, close_resource, close_slots};
use deferral_model::Program;
use std::collections::HashMap;

/// The smallest programs that show a fault, by how they show it.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The number of operations, those inside scripts too, and the first such program.
    pub smallest: HashMap<Kind, (usize, Program)>,
}

impl Known {
    /// Over all programs of so many operations of the core, and of the family, beside those that they begin with.
    #[must_use]
    pub fn of(fault: Planted, core_ops: usize, family_ops: usize) -> Self {
        let mut known = Self::default();
        known.look(fault, &core(), core_ops);
        known.look(fault, &family(), family_ops);
        known
    }

    /// The fewest operations, however the fault shows.
    #[must_use]
    pub fn fewest(&self) -> Option<usize> {
        self.smallest.values().map(|(size, _)| *size).min()
    }

    fn look(&mut self, fault: Planted, alphabet: &Alphabet, ops: usize) {
        let all = Enumeration::new(alphabet, ops);
        for number in 0..all.count() {
            let program = all.program(number);
            let Some(kind) = fault.difference(&program) else {
                continue;
            };
            let lean = without_unused(&program, alphabet.prelude.len());
            let program = if fault.difference(&lean).as_ref() == Some(&kind) { lean } else { program };
            let size = program.size();
            let smallest = self.smallest.entry(kind).or_insert_with(|| (usize::MAX, Program::default()));
            if size < smallest.0 {
                *smallest = (size, program);
            }
        }
    }
}

/// A program without what it begins with and never names.
fn without_unused(program: &Program, prelude: usize) -> Program {
    let mut ops = program.ops.clone();
    for place in (0..prelude).rev() {
        let named = Named::in_ops(&ops);
        let resource = binds_resource(&ops[place]);
        let name = ops[..place].iter().filter(|op| binds_resource(op) == resource).count();
        if resource && !named.resources.contains(&name) {
            ops.remove(place);
            close_resource(&mut ops, name);
        } else if !resource && !named.slots.contains(&name) {
            ops.remove(place);
            close_slots(&mut ops, &(name..name + 1));
        }
    }
    Program { ops, ..program.clone() }
}
