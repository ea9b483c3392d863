//! How heavy a program is: what it means that one is simpler than another.
//!
//! Each step of the shrinker takes a lighter program, and no weight falls for ever: so it ends, and whoever makes
//! candidates need not care whether they are simpler.

use super::members::members;
use super::names::{resource, slots};
use super::tree::bodies;
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::trace::ScriptId;
use deferral_model::value::{ErrorName, TrapName};
use deferral_model::{Op, Return, Script, Value};

/// The weight of a program; what stands first counts most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight {
    /// Operations, those inside scripts too.
    operations: usize,
    /// Members of lists, steps of coroutines, errors that are trapped.
    members: usize,
    /// The scripts around each operation.
    nesting: usize,
    /// What the operations, returns and values are.
    parts: u128,
    /// The numbers of the slots and resources that are named.
    names: u128,
    /// The scripts whose ids aren't their places.
    ids: usize,
}

/// The weight of these operations as a program.
#[must_use]
pub fn weight(ops: &[Op]) -> Weight {
    let mut weight = Weight::default();
    let mut place = 0;
    weight.add(ops, 0, &mut place);
    weight
}

impl Weight {
    fn add(&mut self, ops: &[Op], nesting: usize, place: &mut ScriptId) {
        for op in ops {
            self.operations += 1;
            self.nesting += nesting;
            self.members += all_members(op);
            self.parts = self.parts.saturating_add(of_op(op));
            let names = slots(op).chain(resource(op)).map(|name| name as u128);
            self.names = names.fold(self.names, u128::saturating_add);
            for id in ids(op) {
                *place += 1;
                self.ids += usize::from(id != *place);
            }
            bodies(op).for_each(|body| self.add(body, nesting + 1, place));
        }
    }
}

/// The ids that an operation carries, in their order in the program.
fn ids(op: &Op) -> impl Iterator<Item = ScriptId> {
    let coroutine = match op {
        Op::Coroutine { id, .. } => Some(*id),
        _ => None,
    };
    op.scripts().map(|script| script.id).chain(coroutine)
}

/// The members of lists, coroutines and traps.
fn all_members(op: &Op) -> usize {
    let trapped = |script: &Script| match &script.ret {
        Return::Trap { trap, .. } => trap.len(),
        _ => 0,
    };
    members(op) + op.scripts().map(trapped).sum::<usize>()
}

/// An operation by itself: less for what says less, or is more common.
fn of_op(op: &Op) -> u128 {
    let scripts: u128 = op.scripts().map(|script| 2 + of_return(&script.ret)).sum();
    let flags = |flags: &[bool]| flags.iter().filter(|flag| **flag).count() as u128;
    let own = match op {
        Op::Succeed { value } => 4 + of_value(value),
        Op::Fail { error } => 5 + of_error(*error),
        Op::Maybe { .. } => 20,
        Op::AddErrback { .. } => 1,
        Op::AddBoth { .. } => 2,
        Op::AddCallbacks { .. } => 4,
        Op::Callback { value, .. } | Op::Put { value, .. } => of_value(value),
        Op::Errback { error, .. } => 2 + of_error(*error),
        Op::Cancel { .. } => 1,
        Op::Chain { .. } => 4,
        Op::List { fire_on_one_callback, fire_on_one_errback, consume_errors, .. } => {
            10 + flags(&[*fire_on_one_callback, *fire_on_one_errback, *consume_errors])
        }
        Op::Acquire { .. } | Op::Get { .. } | Op::Race { .. } => 10,
        Op::Gather { consume_errors, .. } => 20 + flags(&[*consume_errors]),
        Op::Timeout { after: time, .. } | Op::Advance { by: time } => u128::from(*time),
        Op::Coroutine { steps, ret, .. } => {
            let ret = match ret {
                None => 0,
                Some(CoroutineReturn::Value(value)) => 1 + of_value(value),
                Some(CoroutineReturn::Raise(error)) => 10 + of_error(*error),
            };
            10 + ret + steps.iter().map(of_step).sum::<u128>()
        }
        Op::Semaphore { tokens } => 8 + u128::from(*tokens),
        Op::Queue { size, backlog } => {
            [size, backlog].into_iter().flatten().map(|n| 1 + u128::from(*n)).sum()
        }
        _ => 0,
    };
    own + scripts
}

fn of_step(step: &Step) -> u128 {
    u128::from(step.awaits.is_some()) + u128::from(step.catch)
}

fn of_return(ret: &Return) -> u128 {
    match ret {
        Return::Arg => 0,
        Return::Value(value) => 1 + of_value(value),
        Return::Raise(error) => 10 + of_error(*error),
        Return::Failure(error) => 14 + of_error(*error),
        Return::Wait(_) => 20,
        Return::Trap { trap, or_else } => 30 + trap.iter().map(of_trapped).sum::<u128>() + of_value(or_else),
        Return::Panic(text) => 40 + text.len() as u128,
    }
}

fn of_value(value: &Value) -> u128 {
    match value {
        Value::Null => 0,
        Value::Bool(value) => 1 + u128::from(*value),
        Value::Int(number) => 3 + 2 * u128::from(number.unsigned_abs()) + u128::from(*number < 0),
        Value::Text(text) => (1 << 66) + text.len() as u128,
        // Programs don't write them.
        Value::Array(_) | Value::Resource { .. } | Value::Failed { .. } => 1 << 67,
    }
}

fn of_error(error: ErrorName) -> u128 {
    error as u128
}

fn of_trapped(name: &TrapName) -> u128 {
    *name as u128
}
