//! Programs as trees: operations by number, those inside scripts and steps too.
//!
//! Numbers are those of the order in which `Program::walk` shows the operations, from 0.

use deferral_model::trace::ScriptId;
use deferral_model::{Op, Script};
use std::sync::Arc;

/// Where an operation stands.
pub(super) struct Place<'p> {
    pub(super) op: &'p Op,
    /// The top-level operation that it is, or is inside of.
    pub(super) top: usize,
    pub(super) nested: bool,
}

/// The operations of each script and step of an operation.
pub(crate) fn bodies(op: &Op) -> impl Iterator<Item = &Vec<Op>> {
    let steps = match op {
        Op::Coroutine { steps, .. } => steps.as_slice(),
        _ => &[],
    };
    op.scripts().map(|script| &script.ops).chain(steps.iter().map(|step| &step.ops))
}

/// The scripts of an operation, to be changed.
pub(crate) fn scripts_mut(op: &mut Op) -> Vec<&mut Arc<Script>> {
    match op {
        Op::New { canceller: Some(script) }
        | Op::Maybe { call: script }
        | Op::AddCallback { cb: script, .. }
        | Op::AddErrback { eb: script, .. }
        | Op::AddBoth { cb: script, .. } => vec![script],
        Op::AddCallbacks { cb, eb, .. } => vec![cb, eb],
        _ => Vec::new(),
    }
}

/// As [`bodies`], to be changed.
pub(crate) fn bodies_mut(op: &mut Op) -> Vec<&mut Vec<Op>> {
    match op {
        Op::Coroutine { steps, .. } => steps.iter_mut().map(|step| &mut step.ops).collect(),
        op => scripts_mut(op).into_iter().map(|script| &mut Arc::make_mut(script).ops).collect(),
    }
}

/// How many operations these are, with those inside.
pub(super) fn size(ops: &[Op]) -> usize {
    ops.iter().map(|op| 1 + bodies(op).map(|body| size(body)).sum::<usize>()).sum()
}

/// The operation of a number.
pub(super) fn find(ops: &[Op], number: usize) -> Option<Place<'_>> {
    let mut rest = number;
    for (top, op) in ops.iter().enumerate() {
        let size = size(std::slice::from_ref(op));
        if rest < size {
            let nested = rest > 0;
            let op = if nested { inside(op, rest - 1)? } else { op };
            return Some(Place { op, top, nested });
        }
        rest -= size;
    }
    None
}

/// The operation of a number among those inside another.
fn inside(op: &Op, mut number: usize) -> Option<&Op> {
    for body in bodies(op) {
        let size = size(body);
        if number < size {
            return find(body, number).map(|place| place.op);
        }
        number -= size;
    }
    None
}

/// Puts others in the place of the operation of a number.
pub(super) fn replaced(ops: &[Op], number: usize, by: Vec<Op>) -> Vec<Op> {
    let mut ops = ops.to_vec();
    replace(&mut ops, number, by);
    ops
}

fn replace(ops: &mut Vec<Op>, mut number: usize, by: Vec<Op>) {
    for place in 0..ops.len() {
        let size = size(&ops[place..=place]);
        if number == 0 {
            ops.splice(place..=place, by);
            return;
        }
        if number < size {
            number -= 1;
            for body in bodies_mut(&mut ops[place]) {
                let size = self::size(body);
                if number < size {
                    return replace(body, number, by);
                }
                number -= size;
            }
            return;
        }
        number -= size;
    }
}

/// Numbers scripts and coroutines in their order, after the last number.
pub(super) fn number_scripts(ops: &mut [Op], last: &mut ScriptId) {
    for op in ops {
        let mut next = || {
            *last += 1;
            *last
        };
        scripts_mut(op).into_iter().for_each(|script| Arc::make_mut(script).id = next());
        if let Op::Coroutine { id, .. } = op {
            *id = next();
        }
        bodies_mut(op).into_iter().for_each(|body| number_scripts(body, last));
    }
}
