//! Simpler versions of one operation: of what it is, returns, lists and counts. What its scripts do is left alone.

use super::members::members;
use super::names::{binds_slot, resource, resource_mut, slots, slots_mut};
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::value::{ErrorName, TrapName};
use deferral_model::{Op, Return, Script, Value};
use std::iter;
use std::sync::Arc;

/// Operations, made one after the other.
pub(super) type Ops = Box<dyn Iterator<Item = Op>>;

/// Every version of an operation that is simpler in one part, if its slots may be replaced by these.
pub(super) fn simpler(op: &Op, known: &Arc<[usize]>) -> Ops {
    Box::new(kinds(op).into_iter().chain(parts(op)).chain(other_slots(op, known)).chain(other_resource(op)))
}

/// Other operations in its place, heavier ones too: with another operation gone, they may still be worth it.
fn kinds(op: &Op) -> Vec<Op> {
    let mut kinds = Vec::new();
    if binds_slot(op) {
        let fail = Op::Fail { error: ErrorName::E0 };
        let values = [Value::Null, Value::Int(0)].map(|value| Op::Succeed { value });
        kinds.push(Op::New { canceller: None });
        kinds.extend(values.into_iter().chain([fail]));
    }
    match op.clone() {
        Op::Maybe { call } => match &call.ret {
            Return::Value(value) => kinds.push(Op::Succeed { value: value.clone() }),
            Return::Raise(error) | Return::Failure(error) => kinds.push(Op::Fail { error: *error }),
            _ => {}
        },
        Op::AddCallback { d, cb } => kinds.push(Op::AddErrback { d, eb: cb }),
        Op::AddErrback { d, eb } => kinds.push(Op::AddCallback { d, cb: eb }),
        Op::AddBoth { d, cb } => {
            kinds.extend([Op::AddCallback { d, cb: cb.clone() }, Op::AddErrback { d, eb: cb }]);
        }
        Op::AddCallbacks { d, cb, eb } => kinds.extend([
            Op::AddCallback { d, cb: cb.clone() },
            Op::AddErrback { d, eb: eb.clone() },
            Op::AddBoth { d, cb },
            Op::AddBoth { d, cb: eb },
        ]),
        Op::Callback { d, .. } | Op::Errback { d, .. } | Op::Cancel { d } | Op::Chain { to: d, .. } => {
            let errback = Op::Errback { d, error: ErrorName::E0 };
            kinds.extend([Op::Callback { d, value: Value::Null }, Op::Cancel { d }, errback]);
        }
        Op::Gather { ds, consume_errors } => kinds.push(Op::List {
            ds,
            fire_on_one_callback: false,
            fire_on_one_errback: true,
            consume_errors,
        }),
        Op::Semaphore { .. } => kinds.push(Op::Lock {}),
        _ => {}
    }
    kinds
}

/// The same operation with one part simplified.
fn parts(op: &Op) -> Ops {
    match op.clone() {
        Op::New { canceller: Some(script) } => {
            Box::new(scripts(&script).map(|script| Op::New { canceller: Some(script) }))
        }
        Op::Succeed { value } => Box::new(values(&value).map(|value| Op::Succeed { value })),
        Op::Fail { error } => Box::new(errors(error).map(|error| Op::Fail { error })),
        Op::Maybe { call } => Box::new(scripts(&call).map(|call| Op::Maybe { call })),
        Op::AddCallback { d, cb } => Box::new(scripts(&cb).map(move |cb| Op::AddCallback { d, cb })),
        Op::AddErrback { d, eb } => Box::new(scripts(&eb).map(move |eb| Op::AddErrback { d, eb })),
        Op::AddBoth { d, cb } => Box::new(scripts(&cb).map(move |cb| Op::AddBoth { d, cb })),
        Op::AddCallbacks { d, cb, eb } => {
            let (own_cb, own_eb) = (cb.clone(), eb.clone());
            let callbacks = scripts(&cb).map(move |cb| Op::AddCallbacks { d, cb, eb: own_eb.clone() });
            Box::new(callbacks.chain(scripts(&eb).map(move |eb| Op::AddCallbacks {
                d,
                cb: own_cb.clone(),
                eb,
            })))
        }
        Op::Callback { d, value } => Box::new(values(&value).map(move |value| Op::Callback { d, value })),
        Op::Errback { d, error } => Box::new(errors(error).map(move |error| Op::Errback { d, error })),
        Op::List {
            ds,
            fire_on_one_callback: callback,
            fire_on_one_errback: errback,
            consume_errors: consume,
        } => {
            let list = |ds, flags: [bool; 3]| Op::List {
                ds,
                fire_on_one_callback: flags[0],
                fire_on_one_errback: flags[1],
                consume_errors: flags[2],
            };
            let flags = [callback, errback, consume];
            let fewer = without_pieces(ds.clone(), 2).map(move |ds| list(ds, flags));
            let flags = (0..3).map(move |off| {
                let mut flags = flags;
                flags[off] = false;
                list(ds.clone(), flags)
            });
            Box::new(fewer.chain(flags))
        }
        Op::Gather { ds, consume_errors } => {
            let kept = Op::Gather { ds: ds.clone(), consume_errors: false };
            let fewer = without_pieces(ds, 2).map(move |ds| Op::Gather { ds, consume_errors });
            Box::new(fewer.chain(iter::once(kept)))
        }
        Op::Race { ds } => Box::new(without_pieces(ds, 2).map(|ds| Op::Race { ds })),
        Op::Timeout { d, after } => Box::new(numbers(after, 0).map(move |after| Op::Timeout { d, after })),
        Op::Advance { by } => Box::new(numbers(by, 0).map(|by| Op::Advance { by })),
        Op::Coroutine { id, steps, ret } => coroutines(id, steps, ret),
        Op::Semaphore { tokens } => Box::new(numbers(tokens, 1).map(|tokens| Op::Semaphore { tokens })),
        Op::Queue { size, backlog } => {
            let sizes = limits(size).map(move |size| Op::Queue { size, backlog });
            Box::new(sizes.chain(limits(backlog).map(move |backlog| Op::Queue { size, backlog })))
        }
        Op::Put { r, value } => Box::new(values(&value).map(move |value| Op::Put { r, value })),
        _ => Box::new(iter::empty()),
    }
}

fn coroutines(id: i64, steps: Vec<Step>, ret: Option<CoroutineReturn>) -> Ops {
    let rets: Vec<Option<CoroutineReturn>> = match &ret {
        None => Vec::new(),
        Some(CoroutineReturn::Value(value)) => {
            iter::once(None).chain(values(value).map(|value| Some(CoroutineReturn::Value(value)))).collect()
        }
        Some(CoroutineReturn::Raise(error)) => {
            iter::once(None).chain(errors(*error).map(|error| Some(CoroutineReturn::Raise(error)))).collect()
        }
    };
    let kept = steps.clone();
    let fewer = without_pieces(steps, 2).map(move |steps| Op::Coroutine { id, steps, ret: ret.clone() });
    Box::new(fewer.chain(rets.into_iter().map(move |ret| Op::Coroutine { id, steps: kept.clone(), ret })))
}

/// Simpler versions of a script: without pieces of what it does, and with other returns.
fn scripts(script: &Arc<Script>) -> impl Iterator<Item = Arc<Script>> + use<> {
    let (one, other) = (script.clone(), script.clone());
    let fewer = without_pieces(script.ops.clone(), 2).map(move |ops| Script {
        id: one.id,
        ops,
        ret: one.ret.clone(),
    });
    let rets =
        returns(&script.ret).into_iter().map(move |ret| Script { id: other.id, ops: other.ops.clone(), ret });
    fewer.chain(rets).map(Arc::new)
}

fn returns(ret: &Return) -> Vec<Return> {
    let mut simpler = match ret {
        Return::Arg => return Vec::new(),
        _ => vec![Return::Arg, Return::Value(Value::Null), Return::Raise(ErrorName::E0)],
    };
    match ret {
        Return::Value(value) => simpler.extend(values(value).map(Return::Value)),
        Return::Raise(error) => simpler.extend(errors(*error).map(Return::Raise)),
        Return::Failure(error) => {
            simpler.push(Return::Raise(*error));
            simpler.extend(errors(*error).map(Return::Failure));
        }
        Return::Trap { trap, or_else } => {
            let trapped = |trap| Return::Trap { trap, or_else: or_else.clone() };
            simpler.push(Return::Value(or_else.clone()));
            simpler.extend(without_pieces(trap.clone(), 1).map(trapped));
            for at in 0..trap.len() {
                simpler.extend([TrapName::E0, TrapName::E1, TrapName::E2].map(|name| {
                    let mut trap = trap.clone();
                    trap[at] = name;
                    trapped(trap)
                }));
            }
            simpler.extend(values(or_else).map(|or_else| Return::Trap { trap: trap.clone(), or_else }));
        }
        Return::Panic(_) => simpler.push(Return::Panic(String::new())),
        Return::Arg | Return::Wait(_) => {}
    }
    simpler
}

/// Other values; which of them are simpler, the weight says.
fn values(value: &Value) -> impl Iterator<Item = Value> + use<> {
    let others = match value {
        Value::Null => Vec::new(),
        Value::Int(number) => {
            let smaller = numbers(number.unsigned_abs(), 0).filter_map(|smaller| i64::try_from(smaller).ok());
            let sign = number.signum();
            smaller.flat_map(|smaller| [smaller, smaller * sign]).map(Value::Int).collect()
        }
        _ => vec![Value::Bool(false), Value::Int(0), Value::Text(String::new())],
    };
    let null = (*value != Value::Null).then_some(Value::Null);
    null.into_iter().chain(others)
}

fn errors(error: ErrorName) -> impl Iterator<Item = ErrorName> {
    [ErrorName::E0, ErrorName::E1].into_iter().filter(move |simpler| (*simpler as u8) < error as u8)
}

/// Smaller numbers, from `least` on: the next one from there, and then ever nearer ones.
fn numbers(number: u64, least: u64) -> impl Iterator<Item = u64> {
    let steps = iter::successors(Some(number / 2), |step| Some(step / 2)).take_while(|step| *step > 0);
    let smaller = [least, least + 1].into_iter().chain(steps.map(move |step| number - step));
    smaller.chain(number.checked_sub(1)).filter(move |smaller| (least..number).contains(smaller))
}

fn limits(limit: Option<u64>) -> impl Iterator<Item = Option<u64>> {
    limit.into_iter().flat_map(|limit| iter::once(None).chain(numbers(limit, 0).map(Some)))
}

/// A list without a piece of it: halves, quarters, and so on down to pieces of `least`.
pub(super) fn without_pieces<T: Clone>(list: Vec<T>, least: usize) -> impl Iterator<Item = Vec<T>> {
    let lengths =
        iter::successors(Some(list.len()), |len| Some(len / 2)).take_while(move |len| *len >= least.max(1));
    let pieces = {
        let whole = list.len();
        lengths.flat_map(move |len| (0..whole).step_by(len).map(move |start| start..(start + len).min(whole)))
    };
    pieces.map(move |piece| {
        let mut rest = list.clone();
        rest.drain(piece);
        rest
    })
}

/// The operation with one of the slots that it names replaced by a lower one; those of its members are theirs.
fn other_slots(op: &Op, known: &Arc<[usize]>) -> impl Iterator<Item = Op> + use<> {
    let (op, known) = (op.clone(), Arc::clone(known));
    let named: Vec<usize> = if members(&op) > 0 { Vec::new() } else { slots(&op).collect() };
    named.into_iter().enumerate().flat_map(move |(at, slot)| {
        let op = op.clone();
        lower(&known, slot).map(move |lower| {
            let mut op = op.clone();
            *slots_mut(&mut op)[at] = lower;
            op
        })
    })
}

fn other_resource(op: &Op) -> impl Iterator<Item = Op> + use<> {
    let op = op.clone();
    resource(&op).into_iter().flat_map(|resource| 0..resource.min(FEW)).map(move |lower| {
        let mut op = op.clone();
        resource_mut(&mut op).into_iter().for_each(|resource| *resource = lower);
        op
    })
}

/// How many slots or resources each is replaced by at the most. Where more slots are named, each is replaced by the
/// next lower one only.
pub(super) const FEW: usize = 16;

/// The slots that one may be replaced by where these are named.
pub(super) fn lower(known: &[usize], slot: usize) -> impl DoubleEndedIterator<Item = usize> + use<> {
    let next = known[..known.partition_point(|known| *known < slot)].last().copied();
    let all = if known.len() > FEW { 0 } else { slot.min(FEW) };
    (0..all).chain(next.filter(|next| *next >= all))
}
