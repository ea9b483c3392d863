//! A program with what the edits have to know about it.

use super::edits::Part;
use super::members::members;
use super::names::{Named, binds_slot};
use super::tree::bodies;
use deferral_model::{Coverage, Op, World};
use std::ops::Range;
use std::sync::Arc;

/// Operations, and what is known of the slots and resources that they bind and name.
pub(super) struct Draft {
    pub(super) ops: Vec<Op>,
    /// How many operations there are, those inside scripts too.
    pub(super) size: usize,
    /// What single edits are of.
    pub(super) parts: Vec<Part>,
    /// The slots that are bound while each top-level operation runs, on the model. Where it binds one itself, that
    /// is the last.
    pub(super) bound: Vec<Range<usize>>,
    /// The slots that are named, in order.
    pub(super) slots: Arc<[usize]>,
    /// One more than the highest resource that is named.
    pub(super) resources: usize,
}

impl Draft {
    pub(super) fn new(ops: Vec<Op>) -> Self {
        let Named { slots, resources } = Named::in_ops(&ops);
        let mut members = Vec::new();
        count_members(&ops, &mut members);
        Self {
            size: members.len(),
            parts: Part::all(&members),
            bound: bound(&ops),
            slots: slots.into_iter().collect(),
            resources: resources.last().map_or(0, |last| last.saturating_add(1)),
            ops,
        }
    }

    /// The slots that the scripts of the program bind, on the model: only a run tells which of them binds which.
    pub(super) fn bound_inside(&self) -> impl Iterator<Item = usize> {
        let inside = self.ops.iter().zip(&self.bound).flat_map(|(op, bound)| {
            let own = usize::from(binds_slot(op) && !bound.is_empty());
            bound.start..bound.end - own
        });
        inside.collect::<Vec<_>>().into_iter()
    }
}

/// How many members each operation has, in their order.
fn count_members(ops: &[Op], counts: &mut Vec<usize>) {
    for op in ops {
        counts.push(members(op));
        bodies(op).for_each(|body| count_members(body, counts));
    }
}

fn bound(ops: &[Op]) -> Vec<Range<usize>> {
    let mut world = World::new(None, Coverage::without_clauses());
    let bound = ops.iter().map(|op| {
        let before = world.slots();
        world.step(op);
        before..world.slots()
    });
    bound.collect()
}
