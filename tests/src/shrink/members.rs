//! Simpler versions of one member of an operation: a step of a coroutine, or a Deferred of a list, gather or race.

use super::parts::{lower, without_pieces};
use deferral_model::Op;
use deferral_model::script::Step;

/// How many members an operation has.
pub(super) fn members(op: &Op) -> usize {
    match op {
        Op::List { ds, .. } | Op::Gather { ds, .. } | Op::Race { ds } => ds.len(),
        Op::Coroutine { steps, .. } => steps.len(),
        _ => 0,
    }
}

/// The operation without a member, and with it in every version that is simpler in one part, if slots may be
/// replaced by these.
pub(super) fn simpler_member(op: &Op, member: usize, known: &[usize]) -> Vec<Op> {
    match op {
        Op::List { ds, .. } | Op::Gather { ds, .. } | Op::Race { ds } => {
            let others = lower(known, ds[member]).map(|slot| vec![slot]);
            [vec![]].into_iter().chain(others).map(|by| with(op, member, &by, &[])).collect()
        }
        Op::Coroutine { steps, .. } => {
            let simpler = steps_simpler(&steps[member], known).into_iter().map(|step| vec![step]);
            [vec![]].into_iter().chain(simpler).map(|by| with(op, member, &[], &by)).collect()
        }
        _ => Vec::new(),
    }
}

fn steps_simpler(step: &Step, known: &[usize]) -> Vec<Step> {
    let fewer = without_pieces(step.ops.clone(), 2).map(|ops| Step { ops, ..step.clone() });
    let plainer = [Step { awaits: None, ..step.clone() }, Step { catch: false, ..step.clone() }];
    let lower = step.awaits.into_iter().flat_map(|slot| lower(known, slot));
    let others = lower.map(|slot| Step { awaits: Some(slot), ..step.clone() });
    fewer.chain(plainer).chain(others).collect()
}

/// With these in the place of a member.
fn with(op: &Op, member: usize, slots: &[usize], by: &[Step]) -> Op {
    let mut op = op.clone();
    match &mut op {
        Op::List { ds, .. } | Op::Gather { ds, .. } | Op::Race { ds } => {
            ds.splice(member..=member, slots.iter().copied());
        }
        Op::Coroutine { steps, .. } => {
            steps.splice(member..=member, by.iter().cloned());
        }
        _ => {}
    }
    op
}
