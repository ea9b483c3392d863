//! A program with what it comes to when it runs rightly, on the model: which slot an operation binds, and which
//! operations do nothing. What is written for people names things by that.

use super::words::Names;
use deferral_model::deeds::{Deed, Deeds};
use deferral_model::script::Step;
use deferral_model::{Answer, Coverage, Failure, Op, Program, Return, Script, World};
use std::collections::{HashMap, HashSet};
use std::ptr::from_ref;

/// A program, and what it comes to.
pub struct Story<'p> {
    /// The program.
    pub program: &'p Program,
    /// What its scripts are called.
    pub names: Names,
    /// What is seen when it runs.
    pub answer: Answer,
    resources: usize,
    deeds: HashMap<*const Op, Deed>,
    /// What operations bind that never run: numbers that are not given to anything else.
    spare: HashMap<*const Op, usize>,
    nulls: HashSet<i64>,
    passed: HashSet<*const Step>,
}

impl<'p> Story<'p> {
    /// Runs a program on the model.
    #[must_use]
    pub fn of(program: &'p Program) -> Self {
        let mut world = World::new(None, Coverage::without_clauses());
        world.note_deeds();
        program.ops.iter().for_each(|op| world.step(op));
        world.end();
        let Deeds { ops, nulls, passed, .. } = world.take_deeds();
        let answer = world.answer();
        let makes = |op: &&Op| matches!(op, Op::Lock {} | Op::Semaphore { .. } | Op::Queue { .. });
        let resources = ops.iter().filter(|(op, _)| makes(op)).count();
        let mut next = world.slots().max(resources);
        let deeds: HashMap<*const Op, Deed> =
            ops.into_iter().map(|(op, deed)| (from_ref(op), deed)).collect();
        let mut spare = HashMap::new();
        program.walk(&mut |op, _| {
            if op.binds() && !deeds.contains_key(&from_ref(op)) {
                spare.insert(from_ref(op), next);
                next += 1;
            }
        });
        Self {
            program,
            names: Names::of(program),
            answer,
            resources,
            deeds,
            spare,
            nulls: nulls.into_iter().collect(),
            passed: passed.into_iter().filter(|step| step.awaits.is_some()).map(from_ref).collect(),
        }
    }

    /// How many resources it makes.
    #[must_use]
    pub fn resources(&self) -> usize {
        self.resources
    }

    /// What an operation comes to, if it is ever run.
    #[must_use]
    pub fn deed(&self, op: &Op) -> Option<&Deed> {
        self.deeds.get(&from_ref(op))
    }

    /// The slot or resource that an operation binds, and one of its own where it never runs.
    #[must_use]
    pub fn bound(&self, op: &Op) -> Option<usize> {
        match self.deed(op) {
            Some(Deed::Done { bound, .. }) => *bound,
            Some(_) => None,
            None => self.spare.get(&from_ref(op)).copied(),
        }
    }

    /// Whether an operation does nothing where it stands.
    #[must_use]
    pub fn idle(&self, op: &Op) -> bool {
        matches!(self.deed(op), Some(Deed::NamesNothing | Deed::LeftOut))
    }

    /// How many operations and awaits do nothing where they stand, by these deeds.
    #[must_use]
    pub fn left_out(&self, by: impl Fn(&Deed) -> bool) -> usize {
        self.deeds.values().filter(|deed| by(deed)).count() + self.passed.len()
    }

    /// Whether an operation raises an error to its caller.
    #[must_use]
    pub fn raises(&self, op: &Op) -> bool {
        matches!(self.deed(op), Some(Deed::Done { raised: true, .. }))
    }

    /// The members of an operation on several Deferreds that name something.
    #[must_use]
    pub fn members<'s>(&'s self, op: &'s Op) -> &'s [usize] {
        match (self.deed(op), op) {
            (Some(Deed::Done { members, .. }), _) => members,
            (_, Op::List { ds, .. } | Op::Gather { ds, .. } | Op::Race { ds }) => ds,
            _ => &[],
        }
    }

    /// The slot whose Deferred a script returns.
    #[must_use]
    pub fn waits_for(&self, script: &Script) -> Option<usize> {
        match script.ret {
            Return::Wait(slot) if !self.nulls.contains(&script.id) => Some(slot),
            _ => None,
        }
    }

    /// The slot whose Deferred a step awaits.
    #[must_use]
    pub fn awaits(&self, step: &Step) -> Option<usize> {
        step.awaits.filter(|_| !self.passed.contains(&from_ref(step)))
    }

    /// What stands when the operation of a number has run: the scripts that are held, sorted, and the failures that were
    /// reported.
    #[must_use]
    pub fn looked_at(&self, at: usize) -> (Vec<String>, Vec<Failure>) {
        let mut world = World::new(None, Coverage::without_clauses());
        self.program.ops.iter().take(at + 1).for_each(|op| world.step(op));
        world.reclaim();
        let mut held: Vec<String> = world.held_scripts().map(|id| self.names.script(id)).collect();
        held.sort_unstable();
        (held, world.unhandled().to_vec())
    }
}
