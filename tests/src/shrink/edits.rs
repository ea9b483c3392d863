//! The single edits: every program that is one step simpler than a draft, made one after the other.

use super::draft::Draft;
use super::members::simpler_member;
use super::names::{binds_resource, binds_slot, close_resource, close_slots, rename_slots};
use super::parts::{FEW, lower, simpler};
use super::tree::{Place, bodies, find, number_scripts, replaced};
use deferral_model::Op;
use std::iter;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// Lists of operations, each made when it is asked for.
pub(super) type Candidates = Box<dyn Iterator<Item = Vec<Op>>>;

/// How the names of slots and resources change with an edit.
#[derive(Clone)]
enum Names {
    /// They stay: nothing else is bound now, or others take over the names of what isn't bound any more.
    Stay,
    /// These slots are bound no more.
    Close(Range<usize>),
    /// This resource is bound no more.
    CloseResource(usize),
}

impl Names {
    fn change(&self, ops: &mut Vec<Op>) {
        match self {
            Self::Stay => {}
            Self::Close(gone) => close_slots(ops, gone),
            Self::CloseResource(gone) => close_resource(ops, *gone),
        }
    }
}

/// Without top-level operations that stand together.
pub(super) fn without_piece(draft: &Rc<Draft>, piece: Range<usize>) -> Candidates {
    let bound = draft.bound[piece.start].start..draft.bound[piece.end - 1].end;
    let closed = (!bound.is_empty()).then_some(Names::Close(bound));
    let draft = Rc::clone(draft);
    Box::new(closed.into_iter().chain([Names::Stay]).map(move |names| {
        let mut ops = draft.ops.clone();
        ops.drain(piece.clone());
        names.change(&mut ops);
        ops
    }))
}

/// A part of a draft that single edits are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The slots, of which one may do for two.
    Slots,
    /// The operation of a number.
    Operation(usize),
    /// The step or the Deferred of a place in the operation of a number.
    Member(usize, usize),
    /// The numbers of scripts.
    Scripts,
}

impl Part {
    /// All parts of a program whose operations have so many members, from its end to its beginning.
    pub(super) fn all(members: &[usize]) -> Vec<Self> {
        let of_operation = |(number, members): (usize, &usize)| {
            let members = (0..*members).rev().map(move |at| Self::Member(number, at));
            iter::once(Self::Operation(number)).chain(members)
        };
        let operations = members.iter().enumerate().rev().flat_map(of_operation);
        iter::once(Self::Slots).chain(operations).chain([Self::Scripts]).collect()
    }
}

/// Every edit of a part, the boldest first.
pub(super) fn edits(draft: &Rc<Draft>, part: Part) -> Candidates {
    match part {
        Part::Slots => Box::new(merged(draft)),
        Part::Operation(number) => match find(&draft.ops, number) {
            Some(place) => of_operation(draft, number, &place),
            None => Box::new(iter::empty()),
        },
        Part::Member(number, member) => {
            let place = find(&draft.ops, number);
            let simpler = place.into_iter().flat_map(|place| simpler_member(place.op, member, &draft.slots));
            let (simpler, draft) = (simpler.collect::<Vec<_>>(), Rc::clone(draft));
            Box::new(simpler.into_iter().map(move |op| replaced(&draft.ops, number, vec![op])))
        }
        Part::Scripts => Box::new(iter::once(numbered(draft))),
    }
}

fn of_operation(draft: &Rc<Draft>, number: usize, place: &Place<'_>) -> Candidates {
    let here = Rc::clone(draft);
    let simpler = simpler(place.op, &draft.slots).map(move |op| replaced(&here.ops, number, vec![op]));
    let edits =
        without(draft, number).chain(dissolved(draft, number, place)).chain(fired_at_once(draft, place));
    Box::new(edits.chain(simpler).chain(moved_up(draft, number, place)))
}

/// Without the operation of a number.
fn without(draft: &Rc<Draft>, number: usize) -> impl Iterator<Item = Vec<Op>> + use<> {
    let names = find(&draft.ops, number).map(|place| names_without(draft, &place)).unwrap_or_default();
    with(draft, number, &[], names)
}

/// With others in the place of the operation of a number, and names changed in each of these ways.
fn with(
    draft: &Rc<Draft>,
    number: usize,
    by: &[Op],
    names: Vec<Names>,
) -> impl Iterator<Item = Vec<Op>> + use<> {
    let (draft, by) = (Rc::clone(draft), by.to_vec());
    names.into_iter().map(move |names| {
        let mut ops = replaced(&draft.ops, number, by.clone());
        names.change(&mut ops);
        ops
    })
}

/// How names may change when this operation is gone.
fn names_without(draft: &Draft, place: &Place<'_>) -> Vec<Names> {
    let mut names = Vec::new();
    let bound = draft.bound[place.top].clone();
    if place.nested && binds_slot(place.op) {
        names.extend(draft.bound_inside().map(|slot| Names::Close(slot..slot + 1)));
    } else if !place.nested && !bound.is_empty() {
        names.push(Names::Close(bound.clone()));
        if binds_slot(place.op) && bound.len() > 1 {
            names.push(Names::Close(bound.end - 1..bound.end));
        }
    }
    if binds_resource(place.op) {
        let before = draft.ops[..place.top].iter().filter(|op| binds_resource(op)).count();
        // Inside scripts only a run tells which one it is.
        let inside = if place.nested { 0..draft.resources.min(FEW) } else { 0..0 };
        names.extend([before].into_iter().chain(inside).map(Names::CloseResource));
    }
    names.push(Names::Stay);
    names
}

/// With what a script or step of an operation does in its place.
fn dissolved(draft: &Rc<Draft>, number: usize, place: &Place<'_>) -> impl Iterator<Item = Vec<Op>> + use<> {
    let bodies: Vec<Vec<Op>> = bodies(place.op).filter(|body| !body.is_empty()).cloned().collect();
    let (names, draft) = (names_without(draft, place), Rc::clone(draft));
    bodies.into_iter().flat_map(move |body| with(&draft, number, &body, names.clone()))
}

/// With an operation of a script at the top level: before what carries the script, or after that or a later one.
fn moved_up(draft: &Rc<Draft>, number: usize, place: &Place<'_>) -> impl Iterator<Item = Vec<Op>> + use<> {
    let places = if place.nested { place.top..draft.ops.len() + 1 } else { 0..0 };
    let (op, draft) = (place.op.clone(), Rc::clone(draft));
    places.map(move |place| {
        let mut ops = replaced(&draft.ops, number, Vec::new());
        ops.insert(place, op.clone());
        ops
    })
}

/// With a Deferred that is made with its result rather than fired by a later operation.
fn fired_at_once(draft: &Rc<Draft>, place: &Place<'_>) -> impl Iterator<Item = Vec<Op>> + use<> {
    let slot = draft.bound[place.top].start;
    let made = !place.nested && matches!(place.op, Op::New { .. });
    let (top, draft) = (place.top, Rc::clone(draft));
    let later = if made { top + 1..draft.ops.len() } else { 0..0 };
    later.filter_map(move |later| {
        let fired = match &draft.ops[later] {
            Op::Callback { d, value } if *d == slot => Op::Succeed { value: value.clone() },
            Op::Errback { d, error } if *d == slot => Op::Fail { error: *error },
            _ => return None,
        };
        let mut ops = draft.ops.clone();
        ops.remove(later);
        ops[top] = fired;
        Some(ops)
    })
}

/// With all that names one slot naming a lower one.
fn merged(draft: &Rc<Draft>) -> impl Iterator<Item = Vec<Op>> + use<> {
    let (draft, slots) = (Rc::clone(draft), Arc::clone(&draft.slots));
    let pairs = (0..slots.len()).rev().flat_map(move |at| {
        let slot = slots[at];
        lower(&slots, slot).map(move |lower| (slot, lower))
    });
    pairs.map(move |(slot, lower)| {
        let mut ops = draft.ops.clone();
        rename_slots(&mut ops, &|name| if name == slot { lower } else { name });
        ops
    })
}

/// With scripts and coroutines numbered from 1, in their order.
fn numbered(draft: &Draft) -> Vec<Op> {
    let mut ops = draft.ops.clone();
    number_scripts(&mut ops, &mut 0);
    ops
}

/// Without the operation of a number, and with one more edit of any part.
pub(super) fn with_one_more(draft: &Rc<Draft>, number: usize) -> Candidates {
    Box::new(without(draft, number).flat_map(|rest| {
        let rest = Rc::new(Draft::new(rest));
        (0..rest.parts.len()).flat_map(move |part| edits(&rest, rest.parts[part]))
    }))
}
