//! What each subject did, in order: where it was asked with marks as it said, else as it follows from the model.

use super::account::Account;
use super::marks::{Item, Marked};
use super::operations::Operations;
use crate::shrink::names::{binds_resource, binds_slot};
use deferral_model::trace::ScriptId;
use deferral_model::{Answer, Event, Op, Program, Trace, run};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::HashMap;
use std::convert::Infallible;

/// What one subject did.
pub(super) struct Telling {
    pub(super) trace: Trace,
    pub(super) items: Vec<Item>,
    /// Whether it said so itself.
    pub(super) exact: bool,
}

/// What operations bind, by their numbers.
#[derive(Clone, Default)]
pub(super) struct Bound {
    pub(super) slots: HashMap<usize, usize>,
    pub(super) resources: HashMap<usize, usize>,
}

/// What every subject did that gave a trace.
pub(super) fn tellings(
    program: &Program,
    operations: &Operations<'_>,
    accounts: &[Account],
) -> Vec<Option<Telling>> {
    let mut guide = None;
    let tell = |account: &Account| {
        let trace = account.trace.clone()?;
        let exact = account.items.is_some();
        let items = account.items.clone().unwrap_or_else(|| {
            let guide = guide.get_or_insert_with(|| Telling::of_the_model(program, operations));
            guide.followed(&trace.events, operations)
        });
        Some(Telling { trace, items, exact })
    };
    accounts.iter().map(tell).collect()
}

impl Telling {
    /// What the model does; where the program means nothing to it, the operations alone.
    fn of_the_model(program: &Program, operations: &Operations<'_>) -> Self {
        let of = |answer| match answer {
            Answer::Trace(trace) => Some(trace),
            Answer::Undefined { .. } => None,
        };
        let ask = |program: &Program| Ok::<_, Infallible>(of(run(program)));
        let Some(trace) = of(run(program)) else { return Self::of_operations(operations) };
        match Marked::of(program, operations).ask(program.ops.len(), &trace, ask) {
            Ok(Some(items)) => Self { trace, items, exact: true },
            Ok(None) => Self::of_operations(operations),
        }
    }

    fn of_operations(operations: &Operations<'_>) -> Self {
        let items =
            operations.tops.iter().flat_map(|&op| [Item::Begins(op), Item::Ended(op, None)]).collect();
        Self { trace: Trace::default(), items, exact: false }
    }

    /// What a subject did of which only the events are known. Those that are the model's too are taken to come from
    /// the same operations; each other one from that of the event before it, or from the one that brought its script.
    fn followed(&self, events: &[Event], operations: &Operations<'_>) -> Vec<Item> {
        let shapes = |events: &[Event]| events.iter().map(shape).collect::<Vec<_>>();
        let mut items = Vec::new();
        let mut guide = self.items.iter().peekable();
        let mut known = true;
        for part in capture_diff_slices(Algorithm::Myers, &shapes(&self.trace.events), &shapes(events)) {
            let equal = matches!(part, DiffOp::Equal { .. });
            let mut theirs = part.new_range();
            for ours in part.old_range() {
                while let Some(item) = guide.next_if(|item| **item != Item::Event(ours)) {
                    items.push(item.known(known));
                }
                guide.next();
                if let Some(event) = equal.then(|| theirs.next()).flatten() {
                    known &= self.trace.events[ours] == events[event];
                    items.push(Item::Event(event));
                }
            }
            known &= equal;
            for event in theirs {
                let by = script(&events[event]).and_then(|id| operations.script(id));
                let here = |items: &[Item]| by.is_none_or(|by| items.contains(&Item::Begins(by.by)));
                while !here(&items)
                    && let Some(item) = guide.next_if(|item| !matches!(item, Item::Event(_)))
                {
                    items.push(item.known(known));
                }
                items.push(Item::Event(event));
            }
        }
        items.extend(guide.map(|item| item.known(known)));
        items
    }
}

impl Item {
    /// How slots stand is known only as long as everything before was the same.
    fn known(&self, known: bool) -> Self {
        match self {
            Self::Ended(op, _) if !known => Self::Ended(*op, None),
            item => item.clone(),
        }
    }
}

/// What an event is, whatever came: two of the same shape are one thing that happened.
pub(super) fn shape(event: &Event) -> String {
    match event {
        Event::Run { run, .. } => format!("run {run}"),
        Event::Canceller { canceller } => format!("canceller {canceller}"),
        Event::Resume { resume, .. } => format!("resume {resume}"),
        Event::Error { error } => format!("error {error:?}"),
        Event::Logged { .. } => "logged".to_owned(),
        Event::SelfReturn { self_return } => format!("self return {self_return}"),
        Event::Probe { probe, .. } => format!("probe {probe}"),
    }
}

/// The script or coroutine that an event is of.
pub(super) fn script(event: &Event) -> Option<ScriptId> {
    match event {
        Event::Run { run: id, .. }
        | Event::Canceller { canceller: id }
        | Event::Resume { resume: id, .. }
        | Event::SelfReturn { self_return: id } => Some(*id),
        Event::Error { .. } | Event::Logged { .. } | Event::Probe { .. } => None,
    }
}

impl Bound {
    /// What operations have bound, as the looks show it, in the order in which they ended. Where nobody looked, an
    /// operation is taken to have bound what it can.
    pub(super) fn in_items(items: &[Item], operations: &Operations<'_>) -> Self {
        let mut bound = Self::default();
        for item in items {
            let Item::Ended(number, look) = item else { continue };
            let op = operations.all[*number];
            let next = bound.slots.len();
            let seen = look.as_ref().is_none_or(|look| look.iter().any(|(slot, _)| *slot == next));
            if binds_slot(op) && seen {
                bound.slots.insert(*number, next);
            }
            if binds_resource(op) {
                bound.resources.insert(*number, bound.resources.len());
            }
        }
        bound
    }

    /// The slot that a script, or a coroutine, belongs to.
    pub(super) fn lane(&self, by: usize, op: &Op) -> Option<usize> {
        op.slot().or_else(|| self.slots.get(&by).copied())
    }
}
