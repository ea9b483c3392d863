//! Changes encoded programs as programs are changed: an operation comes, goes, moves, or is another in one part.

use super::decode::{MOST, decode};
use super::encode::encode_numbered;
use crate::generate::{Choose, Operations, Seeded, program};
use crate::shrink::names::{binds_resource, binds_slot, resource_mut, slots_mut};
use crate::shrink::tree::{bodies, bodies_mut, scripts_mut};
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::value::{ErrorName, TrapName};
use deferral_model::{Op, Return, Value};
use std::sync::Arc;

/// How many times another change is tried where one changes nothing or makes too much.
const TRIES: usize = 32;

/// How many operations are copied together at the most.
const RUN: u32 = 4;

/// Changes the program that stands in the first `size` bytes, in a way that the seed alone says. Gives the new size,
/// of at most `max_size`.
///
/// # Panics
/// When there are fewer bytes than `size` or `max_size`.
pub fn mutate(operations: Operations, bytes: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let original = decode(&bytes[..size], operations, MOST);
    let mut choose = Seeded::new(u64::from(seed));
    for _ in 0..TRIES {
        let mut ops = original.ops.clone();
        for _ in 0..1 + choose.below(3) {
            change(&mut ops, &mut choose, operations);
        }
        let mutated = encode_numbered(&ops);
        // What has too many operations, or too deep ones, isn't decoded to the same.
        let same = || encode_numbered(&decode(&mutated, operations, MOST).ops) == mutated;
        if mutated.len() <= max_size && mutated != bytes[..size] && same() {
            bytes[..mutated.len()].copy_from_slice(&mutated);
            return mutated.len();
        }
    }
    size.min(max_size)
}

fn change(ops: &mut Vec<Op>, choose: &mut Seeded, operations: Operations) {
    let at = choose.below(places(ops) as u32) as usize;
    let (slots, resources) = (bound(ops, binds_slot), bound(ops, binds_resource));
    match choose.below(10) {
        0..2 => {
            let mut op = one(choose, operations);
            (0..2).for_each(|_| rewire(&mut op, choose, slots, resources));
            within(ops, at, &mut |list, at| list.insert(at, op.clone()));
        }
        2 | 3 => {
            // As many as are copied: so programs don't only grow.
            let length = 1 + choose.below(RUN) as usize;
            within(ops, at, &mut |list, at| drop(list.drain(at..list.len().min(at + length))));
        }
        4 => {
            let mut run = Vec::new();
            let length = 1 + choose.below(RUN) as usize;
            within(ops, at, &mut |list, at| run = list.iter().skip(at).take(length).cloned().collect());
            let to = choose.below(places(ops) as u32) as usize;
            within(ops, to, &mut |list, at| drop(list.splice(at..at, run.iter().cloned())));
        }
        5 => within(ops, at, &mut |list, at| {
            if at < list.len() {
                let other = choose.below(list.len() as u32) as usize;
                list.swap(at, other);
            }
        }),
        6 | 7 => within(ops, at, &mut |list, at| {
            list.get_mut(at).into_iter().for_each(|op| rewire(op, choose, slots, resources));
        }),
        _ => within(ops, at, &mut |list, at| {
            list.get_mut(at).into_iter().for_each(|op| part(op, choose, slots));
        }),
    }
}

/// How many places there are for an operation: before each, and at the end of each list.
fn places(ops: &[Op]) -> usize {
    let inside = |op: &Op| bodies(op).map(|body| places(body)).sum::<usize>();
    ops.len() + 1 + ops.iter().map(inside).sum::<usize>()
}

/// Does something to the list in which a place is.
fn within(ops: &mut Vec<Op>, mut place: usize, what: &mut dyn FnMut(&mut Vec<Op>, usize)) {
    if place <= ops.len() {
        return what(ops, place);
    }
    place -= ops.len() + 1;
    for op in ops {
        for body in bodies_mut(op) {
            let inside = places(body);
            if place < inside {
                return within(body, place, what);
            }
            place -= inside;
        }
    }
}

/// How many operations, those inside scripts too, bind something.
fn bound(ops: &[Op], binds: fn(&Op) -> bool) -> u32 {
    let of = |op| u32::from(binds(op)) + bodies(op).map(|body| bound(body, binds)).sum::<u32>();
    ops.iter().map(of).sum()
}

/// An operation as the generator makes them.
fn one(choose: &mut Seeded, operations: Operations) -> Op {
    let mut ops = program(choose, operations, RUN).ops;
    let at = choose.below(ops.len() as u32) as usize;
    ops.swap_remove(at)
}

/// One slot or resource that it names becomes another: mostly one that may be there.
fn rewire(op: &mut Op, choose: &mut Seeded, slots: u32, resources: u32) {
    if let Some(r) = resource_mut(op) {
        *r = choose.below(resources + 1) as usize;
        return;
    }
    let mut named = slots_mut(op);
    if !named.is_empty() {
        let at = choose.below(named.len() as u32) as usize;
        *named[at] = choose.below(slots + 1) as usize;
    }
}

/// One part that is no slot becomes another.
fn part(op: &mut Op, choose: &mut Seeded, slots: u32) {
    match op {
        Op::Succeed { value: old } | Op::Callback { value: old, .. } | Op::Put { value: old, .. } => {
            *old = value(choose);
        }
        Op::Fail { error: old } | Op::Errback { error: old, .. } => *old = error(choose),
        Op::Timeout { after: old, .. } | Op::Advance { by: old } => *old = u64::from(choose.below(6)),
        Op::Semaphore { tokens } => *tokens = 1 + u64::from(choose.below(3)),
        Op::Queue { size, backlog } => {
            let limit = [size, backlog].into_iter().nth(choose.below(2) as usize);
            let new = choose.below(4).checked_sub(1).map(u64::from);
            limit.into_iter().for_each(|limit| *limit = new);
        }
        Op::List { ds, fire_on_one_callback, fire_on_one_errback, consume_errors } => match choose.below(4) {
            0 => members(ds, choose, slots),
            1 => *fire_on_one_callback ^= true,
            2 => *fire_on_one_errback ^= true,
            _ => *consume_errors ^= true,
        },
        Op::Gather { ds, .. } if choose.chance(50) => members(ds, choose, slots),
        Op::Gather { consume_errors, .. } => *consume_errors ^= true,
        Op::Race { ds } => members(ds, choose, slots),
        Op::Coroutine { steps, ret, .. } => coroutine(steps, ret, choose, slots),
        op => {
            let mut scripts = scripts_mut(op);
            if !scripts.is_empty() {
                let at = choose.below(scripts.len() as u32) as usize;
                Arc::make_mut(scripts[at]).ret = returned(choose, slots);
            }
        }
    }
}

/// One more, or one less.
fn members(ds: &mut Vec<usize>, choose: &mut Seeded, slots: u32) {
    if ds.is_empty() || choose.chance(50) {
        ds.push(choose.below(slots + 1) as usize);
    } else {
        ds.remove(choose.below(ds.len() as u32) as usize);
    }
}

fn coroutine(steps: &mut Vec<Step>, ret: &mut Option<CoroutineReturn>, choose: &mut Seeded, slots: u32) {
    let at = choose.below(steps.len() as u32 + 1) as usize;
    match (choose.below(4), steps.get_mut(at)) {
        (0, _) => {
            let awaits = Some(choose.below(slots + 1) as usize);
            steps.insert(at, Step { ops: Vec::new(), awaits, catch: choose.chance(50) });
        }
        (1, Some(_)) => drop(steps.remove(at)),
        (2, Some(step)) => step.catch ^= true,
        (3, Some(Step { awaits: awaits @ Some(_), .. })) => *awaits = None,
        (3, Some(step)) => step.awaits = Some(choose.below(slots + 1) as usize),
        _ => {
            *ret = match choose.below(3) {
                0 => None,
                1 => Some(CoroutineReturn::Raise(error(choose))),
                _ => Some(CoroutineReturn::Value(value(choose))),
            }
        }
    }
}

fn returned(choose: &mut Seeded, slots: u32) -> Return {
    match choose.below(8) {
        0 => Return::Arg,
        1 => Return::Value(value(choose)),
        2 => Return::Raise(error(choose)),
        3 => Return::Failure(error(choose)),
        4 => Return::Panic("planned".to_owned()),
        5 | 6 => Return::Wait(choose.below(slots + 1) as usize),
        _ => {
            let names = [TrapName::E0, TrapName::E1, TrapName::E2, TrapName::CancelledError];
            let trap = (0..choose.below(3)).map(|_| names[choose.below(4) as usize]).collect();
            Return::Trap { trap, or_else: value(choose) }
        }
    }
}

fn value(choose: &mut Seeded) -> Value {
    match choose.below(8) {
        0 => Value::Null,
        1 => Value::Bool(choose.chance(50)),
        2 => Value::Text("text".to_owned()),
        _ => Value::Int(i64::from(choose.below(16)) - 4),
    }
}

fn error(choose: &mut Seeded) -> ErrorName {
    [ErrorName::E0, ErrorName::E1, ErrorName::E2][choose.below(3) as usize]
}
