//! Marks: a program is made to say itself where each of its operations begins and ends, and how every Deferred stands.
//!
//! A trace alone doesn't say which operation an event belongs to. So a subject is asked about the program once more,
//! with marks: a Deferred of its own that has fired, to which a callback is added before and after each operation,
//! those inside scripts too. It runs at once, which shows as an event, and the one at the end looks at every slot.
//! Whether the marks changed anything is checked: without them the trace must be what the subject said before. Where
//! looking does, as it shows what makes a program undefined, marks without looks are tried.

use super::operations::Operations;
use crate::shrink::names::{binds_slot, rename_slots};
use crate::shrink::tree::bodies_mut;
use deferral_model::program::MAX_NESTING;
use deferral_model::trace::ScriptId;
use deferral_model::{Event, Op, Program, Return, Script, State, Trace, Value};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// How many looks at slots there are in a marked program, at the most; where they would be more there are none.
const LOOKS: usize = 200_000;

/// The slot of the Deferred that marks are added to. Those of the program come behind it.
const OWN: usize = 0;

/// How the slots stand that name a Deferred.
pub(super) type Look = Vec<(usize, State)>;

/// What a subject did, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// An operation begins.
    Begins(usize),
    /// An event of the trace.
    Event(usize),
    /// An operation has ended, and this is how the slots stand, where that was looked at.
    Ended(usize, Option<Look>),
}

#[derive(Clone, Copy)]
enum Mark {
    Begins(usize),
    Ended(usize),
}

/// A program with marks.
pub(super) struct Marked {
    /// It looks at slots after each operation; none where that were too many looks.
    looking: Option<Program>,
    /// It only marks.
    marking: Program,
    /// The same in both.
    marks: HashMap<ScriptId, Mark>,
}

/// Marks a program.
struct Marker<I> {
    ids: I,
    marks: HashMap<ScriptId, Mark>,
    /// The slots to look at, and last its own, which ends the looks.
    slots: Option<Range<usize>>,
    next: usize,
}

impl Marked {
    pub(super) fn of(program: &Program, operations: &Operations<'_>) -> Self {
        let slots = operations.all.iter().filter(|op| binds_slot(op)).count();
        let mark = |slots: Option<Range<usize>>| {
            let ids = (0..).filter(|&id| operations.script(id).is_none());
            let mut marker = Marker { ids, marks: HashMap::new(), slots, next: 0 };
            let mut program = program.clone();
            rename_slots(&mut program.ops, &|slot| slot.saturating_add(1));
            marker.mark(&mut program.ops, 0);
            program.ops.insert(OWN, Op::Succeed { value: Value::Null });
            (program, marker.marks)
        };
        let looking = (slots * operations.all.len() <= LOOKS).then(|| mark(Some(OWN + 1..OWN + 1 + slots)).0);
        let (marking, marks) = mark(None);
        Self { looking, marking, marks }
    }

    /// Asks about the beginning of the program, of so many operations, to which an answer is known. Gives what was
    /// said with marks, where that says the same.
    pub(super) fn ask<E>(
        &self,
        operations: usize,
        plain: &Trace,
        mut ask: impl FnMut(&Program) -> Result<Option<Trace>, E>,
    ) -> Result<Option<Vec<Item>>, E> {
        for (marked, looks) in [(self.looking.as_ref(), true), (Some(&self.marking), false)] {
            let Some(mut program) = marked.cloned() else { continue };
            program.ops.truncate(1 + 3 * operations);
            let items = ask(&program)?.and_then(|said| self.read(&said, plain, looks));
            if items.is_some() {
                return Ok(items);
            }
        }
        Ok(None)
    }

    /// Reads what a subject did from what it said to the marked program; `None` where it doesn't say the same as to
    /// the plain one.
    fn read(&self, marked: &Trace, plain: &Trace, looks: bool) -> Option<Vec<Item>> {
        let mut items = Vec::new();
        let mut number = 0;
        let mut events = marked.events.iter();
        while let Some(event) = events.next() {
            let mark = match event {
                Event::Run { run, .. } => self.marks.get(run),
                _ => None,
            };
            items.push(match mark {
                Some(Mark::Begins(op)) => Item::Begins(*op),
                Some(Mark::Ended(op)) if looks => Item::Ended(*op, Some(look(&mut events)?)),
                Some(Mark::Ended(op)) => Item::Ended(*op, None),
                None if plain.events.get(number) == Some(&unshifted_event(event)?) => {
                    number += 1;
                    Item::Event(number - 1)
                }
                None => return None,
            });
        }
        let (_own, state) = marked.state.split_first()?;
        let state: Option<Vec<State>> = state.iter().map(unshifted).collect();
        let same =
            number == plain.events.len() && state? == plain.state && marked.unhandled == plain.unhandled;
        same.then_some(items)
    }
}

/// Reads the looks of a mark, up to the one at its own Deferred.
fn look<'e>(events: &mut impl Iterator<Item = &'e Event>) -> Option<Look> {
    let mut look = Look::new();
    loop {
        match events.next()? {
            Event::Probe { probe: OWN, .. } => return Some(look),
            Event::Probe { probe, state } => look.push((probe - 1, unshifted(state)?)),
            _ => return None,
        }
    }
}

fn unshifted(state: &State) -> Option<State> {
    match state {
        State::Waiting(Some(slot)) => Some(State::Waiting(Some(slot.checked_sub(1)?))),
        state => Some(state.clone()),
    }
}

fn unshifted_event(event: &Event) -> Option<Event> {
    match event {
        Event::Probe { probe, state } => {
            Some(Event::Probe { probe: probe.checked_sub(1)?, state: unshifted(state)? })
        }
        event => Some(event.clone()),
    }
}

impl<I: Iterator<Item = ScriptId>> Marker<I> {
    fn mark(&mut self, ops: &mut Vec<Op>, nesting: usize) {
        for mut op in std::mem::take(ops) {
            let number = self.next;
            self.next += 1;
            bodies_mut(&mut op).into_iter().for_each(|body| self.mark(body, nesting + 1));
            // A mark's script stands one deeper than the operation.
            if nesting == MAX_NESTING {
                ops.push(op);
                continue;
            }
            let slots = self.slots.iter().flat_map(|slots| slots.clone().chain([OWN]));
            let probes = slots.map(|d| Op::Probe { d }).collect();
            let begins = self.marking(Mark::Begins(number), Vec::new());
            let ended = self.marking(Mark::Ended(number), probes);
            ops.extend([begins, op, ended]);
        }
    }

    fn marking(&mut self, mark: Mark, ops: Vec<Op>) -> Op {
        let id = self.ids.next().expect("there are more numbers than scripts");
        self.marks.insert(id, mark);
        Op::AddCallback { d: OWN, cb: Arc::new(Script { id, ops, ret: Return::Arg }) }
    }
}
