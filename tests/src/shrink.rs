//! Makes a program small that shows a difference: a greedy search over simpler programs.

use deferral_model::{Op, Program, Return, Script, Value};
use std::sync::Arc;

/// Makes a program smaller as long as a simpler one still `fails`.
///
/// # Errors
/// The error of `fails`.
pub fn shrink<E>(
    mut program: Program,
    mut fails: impl FnMut(&Program) -> Result<bool, E>,
) -> Result<Program, E> {
    'simpler: loop {
        for candidate in candidates(&program) {
            if fails(&candidate)? {
                program = candidate;
                continue 'simpler;
            }
        }
        return Ok(program);
    }
}

/// Every program that is one step simpler, the boldest steps first.
#[must_use]
pub fn candidates(program: &Program) -> Vec<Program> {
    let mut simpler = Vec::new();
    let mut len = program.ops.len() / 2;
    while len > 1 {
        for start in (0..program.ops.len()).step_by(len) {
            let mut ops = program.ops.clone();
            ops.drain(start..(start + len).min(ops.len()));
            simpler.push(ops);
        }
        len /= 2;
    }
    simpler.extend(of_ops(&program.ops));
    let mut simpler: Vec<_> = simpler.into_iter().map(|ops| Program { ops, ..program.clone() }).collect();
    simpler.retain(|candidate| candidate != program);
    simpler
}

/// Simpler lists of operations: one left out, one replaced by what its scripts do, or one simplified.
fn of_ops(ops: &[Op]) -> Vec<Vec<Op>> {
    let mut simpler = Vec::new();
    let replaced = |at: usize, by: Vec<Op>| {
        let mut ops = ops.to_vec();
        ops.splice(at..=at, by);
        ops
    };
    for at in (0..ops.len()).rev() {
        simpler.push(replaced(at, Vec::new()));
    }
    for (at, op) in ops.iter().enumerate() {
        for script in op.scripts().filter(|script| !script.ops.is_empty()) {
            simpler.push(replaced(at, script.ops.clone()));
        }
        simpler.extend(of_op(op).into_iter().map(|op| replaced(at, vec![op])));
    }
    simpler
}

fn of_op(op: &Op) -> Vec<Op> {
    let scripts = |script: &Script, make: &dyn Fn(Arc<Script>) -> Op| -> Vec<Op> {
        of_script(script).into_iter().map(|script| make(script.into())).collect()
    };
    match op {
        Op::New { canceller: Some(canceller) } => {
            let mut simpler = vec![Op::New { canceller: None }];
            simpler.extend(scripts(canceller, &|script| Op::New { canceller: Some(script) }));
            simpler
        }
        Op::Maybe { call } => scripts(call, &|call| Op::Maybe { call }),
        Op::AddCallback { d, cb } => scripts(cb, &|cb| Op::AddCallback { d: *d, cb }),
        Op::AddErrback { d, eb } => scripts(eb, &|eb| Op::AddErrback { d: *d, eb }),
        Op::AddBoth { d, cb } => {
            let mut simpler =
                vec![Op::AddCallback { d: *d, cb: cb.clone() }, Op::AddErrback { d: *d, eb: cb.clone() }];
            simpler.extend(scripts(cb, &|cb| Op::AddBoth { d: *d, cb }));
            simpler
        }
        Op::AddCallbacks { d, cb, eb } => {
            let mut simpler =
                vec![Op::AddCallback { d: *d, cb: cb.clone() }, Op::AddErrback { d: *d, eb: eb.clone() }];
            simpler.extend(scripts(cb, &|cb| Op::AddCallbacks { d: *d, cb, eb: eb.clone() }));
            simpler.extend(scripts(eb, &|eb| Op::AddCallbacks { d: *d, cb: cb.clone(), eb }));
            simpler
        }
        Op::Callback { d, value } if !matches!(value, Value::Null | Value::Int(_)) => {
            vec![Op::Callback { d: *d, value: Value::Null }]
        }
        _ => Vec::new(),
    }
}

fn of_script(script: &Script) -> Vec<Script> {
    let mut simpler: Vec<_> =
        of_ops(&script.ops).into_iter().map(|ops| Script { ops, ..script.clone() }).collect();
    let rets = match &script.ret {
        Return::Arg => vec![],
        Return::Value(Value::Null) => vec![Return::Arg],
        Return::Value(_) => vec![Return::Arg, Return::Value(Value::Null)],
        Return::Failure(error) => vec![Return::Arg, Return::Raise(*error)],
        _ => vec![Return::Arg, Return::Value(Value::Null)],
    };
    simpler.extend(rets.into_iter().map(|ret| Script { ret, ..script.clone() }));
    simpler
}
