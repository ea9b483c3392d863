//! What subjects said to one program, one thing a row: what happened stands beside what happened elsewhere, also
//! behind an event that only some of them have.

use super::words::{Names, failure, standing};
use crate::check::STORED;
use crate::subject::Reply;
use deferral_model::{Answer, Trace};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// One thing, and what each subject says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is about: an event by its number, a slot, a report.
    pub label: String,
    /// What each subject says, in their order; nothing where it says nothing about it.
    pub cells: Vec<Option<String>>,
    /// Whether those differ that gave a trace.
    pub differs: bool,
}

/// Who is taken for right where these are among the subjects; else the first that gave a trace is.
const RIGHT: [&str; 3] = ["twisted", STORED, "model"];

/// The column that the others are held beside.
#[must_use]
pub fn right(replies: &[(&str, &Reply)]) -> Option<usize> {
    let traced = |at: &usize| trace(replies[*at].1).is_some();
    let named = |name: &&str| replies.iter().position(|(of, _)| of == name).filter(traced);
    RIGHT.iter().find_map(named).or_else(|| (0..replies.len()).find(traced))
}

/// The rows of what subjects said.
#[must_use]
pub fn rows(names: &Names, replies: &[(&str, &Reply)]) -> Vec<Row> {
    let traces: Vec<Option<&Trace>> = replies.iter().map(|(_, reply)| trace(reply)).collect();
    let mut rows = Vec::new();
    if traces.iter().any(Option::is_none) {
        let cells = replies.iter().map(|(_, reply)| Some(said(reply))).collect();
        rows.push(Row { label: "answer".to_owned(), cells, differs: true });
    }
    let Some(right) = right(replies) else { return rows };
    let each = |part: &dyn Fn(&Trace) -> Vec<String>| -> Vec<Option<Vec<String>>> {
        traces.iter().map(|trace| trace.map(part)).collect()
    };
    let events = each(&|trace| trace.events.iter().map(|event| names.event(event)).collect());
    let slots = each(&|trace| trace.state.iter().map(standing).collect());
    let unhandled = each(&|trace| trace.unhandled.iter().map(failure).collect());
    let number = |at: usize| format!("event {at}");
    rows.extend(
        aligned(&events, right).into_iter().zip(1..).map(|(cells, at)| row(&number(at), cells, &traces)),
    );
    rows.extend(
        beside(&slots).into_iter().enumerate().map(|(at, cells)| row(&format!("d{at}"), cells, &traces)),
    );
    rows.extend(aligned(&unhandled, right).into_iter().map(|cells| row("unhandled", cells, &traces)));
    rows
}

fn trace(reply: &Reply) -> Option<&Trace> {
    match reply {
        Reply::Answer(Answer::Trace(trace)) => Some(trace),
        _ => None,
    }
}

fn said(reply: &Reply) -> String {
    match reply {
        Reply::Failed(failed) => failed.to_string(),
        Reply::Lacks(operations) => format!("lacks {operations}"),
        Reply::Answer(Answer::Undefined { undefined }) => format!("undefined: {undefined}"),
        Reply::Answer(Answer::Trace(_)) => "a trace".to_owned(),
    }
}

fn row(label: &str, cells: Vec<Option<String>>, traces: &[Option<&Trace>]) -> Row {
    let mut said = cells.iter().zip(traces).filter(|(_, trace)| trace.is_some()).map(|(cell, _)| cell);
    let first = said.next();
    Row { label: label.to_owned(), differs: !said.all(|cell| Some(cell) == first), cells }
}

/// Lists side by side, each thing at its own place.
fn beside(columns: &[Option<Vec<String>>]) -> Vec<Vec<Option<String>>> {
    let longest = columns.iter().flatten().map(Vec::len).max().unwrap_or(0);
    let at = |place: usize| columns.iter().map(|column| column.as_ref()?.get(place).cloned()).collect();
    (0..longest).map(at).collect()
}

/// Lists side by side, so that as much as possible stands beside the same in the right one.
fn aligned(columns: &[Option<Vec<String>>], right: usize) -> Vec<Vec<Option<String>>> {
    let Some(reference) = &columns[right] else { return Vec::new() };
    let placed: Vec<Placed> = columns.iter().map(|column| Placed::of(reference, column.as_deref())).collect();
    let mut rows = Vec::new();
    for place in 0..=reference.len() {
        let before: Vec<_> = placed.iter().map(|column| Some(column.before[place].clone())).collect();
        rows.extend(beside(&before));
        if place < reference.len() {
            rows.push(placed.iter().map(|column| column.at[place].clone()).collect());
        }
    }
    rows
}

/// A list held beside the right one.
struct Placed {
    /// What stands at each place of the right one.
    at: Vec<Option<String>>,
    /// What stands before each place, and behind the last.
    before: Vec<Vec<String>>,
}

impl Placed {
    fn of(reference: &[String], list: Option<&[String]>) -> Self {
        let mut placed =
            Self { at: vec![None; reference.len()], before: vec![Vec::new(); reference.len() + 1] };
        let list = list.unwrap_or_default();
        for op in capture_diff_slices(Algorithm::Myers, reference, list) {
            let (_, old, new) = op.as_tag_tuple();
            // What was replaced stands in the place of what is there instead, as far as that goes.
            for (place, thing) in old.clone().zip(&list[new.clone()]) {
                placed.at[place] = Some(thing.clone());
            }
            if !matches!(op, DiffOp::Equal { .. }) {
                placed.before[old.end].extend(list[new].iter().skip(old.len()).cloned());
            }
        }
        placed
    }
}
