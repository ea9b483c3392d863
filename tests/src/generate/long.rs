//! Long programs: hundreds of Deferreds, entries or steps of a kind, where recursion runs out of stack and
//! stores grow.

use super::choose::Choose;
use super::program::Operations;
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::value::ErrorName;
use deferral_model::{Op, Program, Return, Script, Value};
use std::sync::Arc;

/// The fewest and the most links, entries or steps.
const LENGTH: std::ops::Range<u32> = 402..1_200;

/// A long program of a random shape.
pub fn long(choose: &mut impl Choose, operations: Operations) -> Program {
    let length = (LENGTH.start + choose.below(LENGTH.end - LENGTH.start)) as usize;
    let shapes = if operations == Operations::Core { 5 } else { 6 };
    let ops = match choose.below(shapes) {
        0 => waiting_chain(choose, length, false),
        1 => waiting_chain(choose, length, true),
        2 => waiters(choose, length),
        3 => entries(choose, length),
        4 => pauses(length),
        _ => awaits(choose, length),
    };
    Program { ops, ..Program::default() }
}

fn script(id: usize, ret: Return) -> Arc<Script> {
    Arc::new(Script { id: id as i64, ops: Vec::new(), ret })
}

fn number(of: usize) -> Value {
    Value::Int(of as i64)
}

/// Each Deferred waits for the next; then the last is fired, or the first cancelled.
fn waiting_chain(choose: &mut impl Choose, links: usize, last_first: bool) -> Vec<Op> {
    let mut ops: Vec<Op> = (0..=links).map(|_| Op::New { canceller: None }).collect();
    let wait = |d| Op::AddCallback { d, cb: script(d + 1, Return::Wait(d + 1)) };
    let fire = |d: usize| Op::Callback { d, value: number(d) };
    if last_first {
        ops.extend((0..links).rev().flat_map(|d| [wait(d), fire(d)]));
    } else {
        ops.extend((0..links).flat_map(|d| [wait(d), fire(d)]));
    }
    ops.push(Op::AddBoth { d: choose.below(links as u32) as usize, cb: script(links + 1, Return::Arg) });
    if choose.chance(50) {
        ops.extend((1..links).map(|d| Op::Drop { d }));
    }
    ops.push(match choose.below(3) {
        0 => Op::Errback { d: links, error: ErrorName::E1 },
        1 => Op::Cancel { d: links },
        _ => fire(links),
    });
    ops
}

/// Many Deferreds wait for one.
fn waiters(choose: &mut impl Choose, waiters: usize) -> Vec<Op> {
    let mut ops = vec![Op::New { canceller: None }];
    for d in 1..=waiters {
        ops.push(Op::Succeed { value: number(d) });
        ops.push(Op::AddCallback { d, cb: script(d, Return::Wait(0)) });
    }
    ops.push(if choose.chance(50) {
        Op::Callback { d: 0, value: number(waiters + 1) }
    } else {
        Op::Errback { d: 0, error: ErrorName::E2 }
    });
    ops
}

/// One Deferred with many entries.
fn entries(choose: &mut impl Choose, entries: usize) -> Vec<Op> {
    let mut ops = vec![Op::New { canceller: None }];
    for id in 1..=entries {
        ops.push(match choose.below(3) {
            0 => Op::AddErrback { d: 0, eb: script(id, Return::Value(number(id))) },
            1 => Op::AddCallback { d: 0, cb: script(id, Return::Raise(ErrorName::E0)) },
            _ => Op::AddBoth { d: 0, cb: script(id, Return::Arg) },
        });
    }
    ops.push(Op::Callback { d: 0, value: number(entries + 1) });
    ops
}

/// One Deferred that is paused many times, and unpaused as often.
fn pauses(pauses: usize) -> Vec<Op> {
    let mut ops = vec![Op::Succeed { value: number(1) }];
    ops.extend((0..pauses).map(|_| Op::Pause { d: 0 }));
    ops.push(Op::AddCallback { d: 0, cb: script(1, Return::Value(number(2))) });
    ops.extend((0..pauses).map(|_| Op::Unpause { d: 0 }));
    ops
}

/// A coroutine that awaits what is ready, many times.
fn awaits(choose: &mut impl Choose, steps: usize) -> Vec<Op> {
    let await_one = |slot| Step { ops: Vec::new(), awaits: Some(slot), catch: true };
    let steps = (0..steps).map(|_| await_one(choose.below(2) as usize)).collect();
    let ret = Some(CoroutineReturn::Value(number(2)));
    vec![
        Op::Succeed { value: number(1) },
        Op::Fail { error: ErrorName::E0 },
        Op::Coroutine { id: 1, steps, ret },
    ]
}
