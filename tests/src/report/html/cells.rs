//! What one subject did at one point, as boxes, arrows and how lanes stand.
//!
//! How the lanes stand is exact where the subject was looked at: when an operation has ended. In between, and where
//! nobody looked, it is what its events and the program's scripts make of it.

use super::operations::{Carried, Operations};
use super::picture::{Arrow, Box, Cell, Flow, Stand};
use super::rows::Token;
use super::telling::{Bound, Telling};
use super::words;
use crate::difference::stage;
use deferral_model::trace::ScriptId;
use deferral_model::{Event, Op, Outcome, Script, State};
use std::collections::{HashMap, HashSet};

/// Tells what one subject did, from the beginning on.
pub(super) struct Teller<'s> {
    pub(super) operations: &'s Operations<'s>,
    telling: &'s Telling,
    bound: &'s Bound,
    /// How the slots stand, as far as they are bound.
    pub(super) states: HashMap<usize, State>,
    pub(super) begun: HashSet<ScriptId>,
    /// How many awaits of each coroutine have given something.
    pub(super) resumed: HashMap<ScriptId, usize>,
}

impl<'s> Teller<'s> {
    pub(super) fn new(operations: &'s Operations<'s>, telling: &'s Telling, bound: &'s Bound) -> Self {
        let (states, begun, resumed) = Default::default();
        Self { operations, telling, bound, states, begun, resumed }
    }

    pub(super) fn cell(&mut self, token: &Token) -> Cell {
        let mut cell = Cell { event: token.event, ..Cell::default() };
        let event = token.event.map(|at| &self.telling.trace.events[at]);
        match (token.begins, event) {
            (Some(number), event) => self.operation(number, event, &mut cell),
            (None, Some(event)) => self.event(event, token.within, &mut cell),
            (None, None) => {}
        }
        if let Some(look) = &token.look {
            self.look(look, &mut cell);
        }
        cell
    }

    fn operation(&mut self, number: usize, event: Option<&Event>, cell: &mut Cell) {
        let op = self.operations.all[number];
        let slot = self.bound.slots.get(&number).copied();
        let resource = self.bound.resources.get(&number).copied();
        let text = words::operation(op, slot, resource);
        cell.said.clone_from(&text);
        let shown = short(op).unwrap_or_else(|| {
            let text = words::operation(op, None, None);
            let of = op.slot().map(|d| format!("d{d}.")).unwrap_or_default();
            text.strip_prefix(&of).unwrap_or(&text).to_owned()
        });
        let mut drawn = Box::new(op.slot().or(slot), kind(op), &shown, &text);
        match (op, event) {
            (_, Some(Event::Error { error })) => {
                cell.said += &format!(" raises {error:?} to its caller");
                drawn.kind = "refused";
                drawn.text = format!("✗ {error:?}");
            }
            (Op::Probe { d }, Some(Event::Probe { state, .. })) => {
                cell.said = format!("a probe finds that d{d} is {}", words::state(state));
                drawn.gives = flow_of(state);
                drawn.text = match drawn.gives {
                    Some(_) => "probe".to_owned(),
                    None => format!("probe: {}", words::state(state)),
                };
            }
            _ => {}
        }
        if let Some(d) = op.slot().filter(|d| !self.names(*d)) {
            cell.said += &format!(" does nothing, as there is no d{d}");
            drawn.kind = "note";
            drawn.lane = drawn.lane.filter(|lane| *lane < self.telling.trace.state.len());
        }
        drawn.about.clone_from(&cell.said);
        cell.boxes.push(drawn);
        self.arrows_of(op, slot, cell);
        self.stand_after(op, slot, cell);
    }

    /// The arrows that an operation draws by itself.
    fn arrows_of(&self, op: &Op, slot: Option<usize>, cell: &mut Cell) {
        match (op, slot) {
            (Op::Chain { d, to }, _) => {
                let about = format!("what d{d} has then goes to d{to}");
                cell.arrow(*d, *to, "chain", about);
            }
            (Op::List { ds, .. } | Op::Gather { ds, .. } | Op::Race { ds }, Some(slot)) => {
                for d in ds.iter().filter(|d| self.names(**d)) {
                    cell.arrow(*d, slot, "member", format!("d{d} is a member of d{slot}"));
                }
            }
            _ => {}
        }
    }

    /// How lanes stand once an operation has begun, by the rules of the language.
    fn stand_after(&mut self, op: &Op, slot: Option<usize>, cell: &mut Cell) {
        match (op, slot) {
            (Op::Succeed { value }, Some(slot)) => self.stand(slot, State::Value(value.clone()), cell),
            (Op::Fail { error }, Some(slot)) => self.stand(slot, State::Failure((*error).into()), cell),
            (_, Some(slot)) => self.stand(slot, State::Unfired, cell),
            (Op::Callback { d, value }, _) if self.states.get(d) == Some(&State::Unfired) => {
                self.stand(*d, State::Value(value.clone()), cell);
            }
            (Op::Errback { d, error }, _) if self.states.get(d) == Some(&State::Unfired) => {
                self.stand(*d, State::Failure((*error).into()), cell);
            }
            (Op::Drop { d }, _) if self.names(*d) => self.stand(*d, State::Dropped, cell),
            _ => {}
        }
    }

    pub(super) fn carried(&self, id: ScriptId) -> Option<(Carried<'s>, Option<usize>)> {
        let carried = self.operations.script(id)?;
        Some((carried, self.bound.lane(carried.by, self.operations.all[carried.by])))
    }

    pub(super) fn names(&self, slot: usize) -> bool {
        self.states.get(&slot).is_some_and(|state| *state != State::Dropped)
    }

    /// Whoever waited and goes on has been given what it waited for.
    pub(super) fn handed_over(&self, lane: usize, arg: &Outcome, cell: &mut Cell) {
        if let Some(State::Waiting(Some(from))) = self.states.get(&lane)
            && *from != lane
        {
            let about = format!("d{from} hands {} over to d{lane}", words::outcome(arg));
            cell.arrow(*from, lane, "result", about);
        }
    }

    /// Takes over how the slots stand.
    fn look(&mut self, look: &[(usize, State)], cell: &mut Cell) {
        for (slot, state) in look {
            if self.states.get(slot) == Some(state) {
                continue;
            }
            match state {
                State::Value(value) => self.handed_over(*slot, &Outcome::Value(value.clone()), cell),
                State::Failure(failure) => self.handed_over(*slot, &Outcome::Failure(failure.clone()), cell),
                _ => {}
            }
            self.stand(*slot, state.clone(), cell);
        }
    }

    pub(super) fn stand(&mut self, lane: usize, state: State, cell: &mut Cell) {
        cell.lanes.retain(|(changed, _)| *changed != lane);
        cell.lanes.push((lane, Stand { stage: stage(&state), text: words::state(&state) }));
        self.states.insert(lane, state);
    }
}

impl Cell {
    pub(super) fn arrow(&mut self, from: usize, to: usize, kind: &'static str, about: String) {
        let same = |arrow: &Arrow| (arrow.from, arrow.to, arrow.kind) == (from, to, kind);
        if from != to && !self.arrows.iter().any(same) {
            self.arrows.push(Arrow { from, to, kind, about });
        }
    }
}

impl Box {
    pub(super) fn new(lane: Option<usize>, kind: &'static str, text: &str, about: &str) -> Self {
        Self { lane, kind, text: text.to_owned(), given: None, gives: None, about: about.to_owned() }
    }
}

pub(super) fn flow(outcome: &Outcome) -> Flow {
    let side = match outcome {
        Outcome::Value(_) => "value",
        Outcome::Failure(_) => "failure",
    };
    Flow { side, text: words::outcome(outcome) }
}

pub(super) fn flow_of(state: &State) -> Option<Flow> {
    match state {
        State::Value(value) => Some(Flow { side: "value", text: words::value(value) }),
        State::Failure(failure) => Some(Flow { side: "failure", text: words::failure(failure) }),
        _ => None,
    }
}

/// What stands in the box of an operation with scripts, in fewer words than beside it.
fn short(op: &Op) -> Option<String> {
    let number = |script: &Script| words::number(script.id);
    Some(match op {
        Op::New { canceller: Some(canceller) } => format!("new({})", number(canceller)),
        Op::AddCallback { cb, .. } => format!("+ cb {}", number(cb)),
        Op::AddErrback { eb, .. } => format!("+ eb {}", number(eb)),
        Op::AddBoth { cb, .. } => format!("+ both {}", number(cb)),
        Op::AddCallbacks { cb, eb, .. } => format!("+ cb {} eb {}", number(cb), number(eb)),
        _ => return None,
    })
}

/// What an operation looks like.
fn kind(op: &Op) -> &'static str {
    match op {
        Op::AddCallback { .. } | Op::AddErrback { .. } | Op::AddBoth { .. } | Op::AddCallbacks { .. } => {
            "add"
        }
        Op::Callback { .. } => "fire value",
        Op::Errback { .. } => "fire failure",
        Op::Cancel { .. } => "cancel",
        Op::Chain { .. } => "chain",
        Op::Drop { .. } => "drop",
        Op::Probe { .. } => "probe",
        Op::Pause { .. } | Op::Unpause { .. } | Op::Timeout { .. } => "control",
        Op::Advance { .. }
        | Op::Lock {}
        | Op::Semaphore { .. }
        | Op::Queue { .. }
        | Op::Release { .. }
        | Op::Put { .. } => "note",
        _ => "bind",
    }
}
