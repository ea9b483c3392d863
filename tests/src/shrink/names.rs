//! The slots and resources that operations name, and what becomes of them when a program binds fewer.

use super::tree::{bodies, bodies_mut, scripts_mut};
use deferral_model::{Op, Return, Value};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Stands for a slot or resource that there is no more. No program binds so many.
const GONE: usize = usize::MAX;

/// The slots that an operation names by itself: those that it acts on, that its scripts return and that its steps
/// await.
pub(super) fn slots(op: &Op) -> impl Iterator<Item = usize> {
    let (to, ds, steps) = match op {
        Op::Chain { to, .. } => (Some(*to), &[][..], &[][..]),
        Op::List { ds, .. } | Op::Gather { ds, .. } | Op::Race { ds } => (None, ds.as_slice(), &[][..]),
        Op::Coroutine { steps, .. } => (None, &[][..], steps.as_slice()),
        _ => (None, &[][..], &[][..]),
    };
    let waits = op.scripts().filter_map(|script| match script.ret {
        Return::Wait(slot) => Some(slot),
        _ => None,
    });
    let awaits = steps.iter().filter_map(|step| step.awaits);
    op.slot().into_iter().chain(to).chain(ds.iter().copied()).chain(waits).chain(awaits)
}

/// As [`slots`], in the same order, to be changed.
pub(crate) fn slots_mut(op: &mut Op) -> Vec<&mut usize> {
    match op {
        Op::Callback { d, .. }
        | Op::Errback { d, .. }
        | Op::Cancel { d }
        | Op::Pause { d }
        | Op::Unpause { d }
        | Op::Timeout { d, .. }
        | Op::Probe { d }
        | Op::Drop { d } => vec![d],
        Op::Chain { d, to } => vec![d, to],
        Op::List { ds, .. } | Op::Gather { ds, .. } | Op::Race { ds } => ds.iter_mut().collect(),
        Op::Coroutine { steps, .. } => steps.iter_mut().filter_map(|step| step.awaits.as_mut()).collect(),
        Op::AddCallback { d, cb: script }
        | Op::AddErrback { d, eb: script }
        | Op::AddBoth { d, cb: script } => [d].into_iter().chain(wait(script)).collect(),
        Op::AddCallbacks { d, cb, eb } => [d].into_iter().chain(wait(cb)).chain(wait(eb)).collect(),
        op => scripts_mut(op).into_iter().filter_map(wait).collect(),
    }
}

/// The slot that a script returns.
fn wait(script: &mut Arc<deferral_model::Script>) -> Option<&mut usize> {
    // What isn't changed stays shared.
    match script.ret {
        Return::Wait(_) => match &mut Arc::make_mut(script).ret {
            Return::Wait(slot) => Some(slot),
            _ => None,
        },
        _ => None,
    }
}

/// The resource that an operation names.
pub(super) fn resource(op: &Op) -> Option<usize> {
    match op {
        Op::Acquire { r } | Op::Release { r } | Op::Put { r, .. } | Op::Get { r } => Some(*r),
        _ => None,
    }
}

/// As [`resource`], to be changed.
pub(crate) fn resource_mut(op: &mut Op) -> Option<&mut usize> {
    match op {
        Op::Acquire { r } | Op::Release { r } | Op::Put { r, .. } | Op::Get { r } => Some(r),
        _ => None,
    }
}

/// What operations name, those inside scripts too.
#[derive(Default)]
pub(crate) struct Named {
    pub(crate) slots: BTreeSet<usize>,
    pub(crate) resources: BTreeSet<usize>,
}

impl Named {
    pub(crate) fn in_ops(ops: &[Op]) -> Self {
        let mut named = Self::default();
        named.add(ops);
        named
    }

    fn add(&mut self, ops: &[Op]) {
        for op in ops {
            self.slots.extend(slots(op));
            self.resources.extend(resource(op));
            bodies(op).for_each(|body| self.add(body));
        }
    }
}

/// Whether an operation binds a slot.
pub(crate) fn binds_slot(op: &Op) -> bool {
    matches!(
        op,
        Op::New { .. }
            | Op::Succeed { .. }
            | Op::Fail { .. }
            | Op::Maybe { .. }
            | Op::List { .. }
            | Op::Gather { .. }
            | Op::Race { .. }
            | Op::Coroutine { .. }
            | Op::Acquire { .. }
            | Op::Get { .. }
    )
}

/// Whether an operation binds a resource.
pub(crate) fn binds_resource(op: &Op) -> bool {
    matches!(op, Op::Lock {} | Op::Semaphore { .. } | Op::Queue { .. })
}

/// Gives every slot another name.
pub(crate) fn rename_slots(ops: &mut [Op], name: &impl Fn(usize) -> usize) {
    for op in ops {
        slots_mut(op).into_iter().for_each(|slot| *slot = name(*slot));
        bodies_mut(op).into_iter().for_each(|body| rename_slots(body, name));
    }
}

/// Gives every resource another name.
pub(super) fn rename_resources(ops: &mut [Op], name: &impl Fn(usize) -> usize) {
    for op in ops {
        resource_mut(op).into_iter().for_each(|resource| *resource = name(*resource));
        bodies_mut(op).into_iter().for_each(|body| rename_resources(body, name));
    }
}

/// Leaves slots out that nothing binds any more, and closes the gap.
///
/// The language says what an operation does that names an unbound slot: nothing, so it goes as well; a list goes on
/// without it, and who would wait for it gets a null.
pub(crate) fn close_slots(ops: &mut Vec<Op>, gone: &Range<usize>) {
    rename_slots(ops, &|slot| closed(slot, gone));
    leave_out(ops, &|op| op.slot() == Some(GONE) || matches!(op, Op::Chain { to: GONE, .. }));
}

/// As [`close_slots`], for a resource.
pub(crate) fn close_resource(ops: &mut Vec<Op>, gone: usize) {
    rename_resources(ops, &|resource| closed(resource, &(gone..gone + 1)));
    leave_out(ops, &|op| resource(op) == Some(GONE));
}

fn closed(name: usize, gone: &Range<usize>) -> usize {
    match name {
        GONE => GONE,
        _ if gone.contains(&name) => GONE,
        _ if name >= gone.end => name - gone.len(),
        _ => name,
    }
}

fn leave_out(ops: &mut Vec<Op>, out: &impl Fn(&Op) -> bool) {
    ops.retain(|op| !out(op));
    for op in ops {
        match op {
            Op::List { ds, .. } | Op::Gather { ds, .. } | Op::Race { ds } => ds.retain(|slot| *slot != GONE),
            Op::Coroutine { steps, .. } => {
                steps.iter_mut().filter(|step| step.awaits == Some(GONE)).for_each(|step| step.awaits = None);
            }
            _ => {}
        }
        for script in scripts_mut(op).into_iter().filter(|script| script.ret == Return::Wait(GONE)) {
            Arc::make_mut(script).ret = Return::Value(Value::Null);
        }
        bodies_mut(op).into_iter().for_each(|body| leave_out(body, out));
    }
}
