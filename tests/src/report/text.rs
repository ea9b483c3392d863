//! Traces side by side, one column a subject, with the first difference marked.

use crate::subject::Reply;
use deferral_model::{Answer, Program, State, Trace};
use serde::Serialize;
use std::fmt::Write;

/// The narrowest and the widest that a column gets, in characters.
const WIDTH: std::ops::RangeInclusive<usize> = 12..=60;

/// A program and what each subject said to it.
#[must_use]
pub fn side_by_side(program: &Program, replies: &[(&str, &Reply)]) -> String {
    let mut text = format!("program: {}\n", program.to_json());
    let columns: Vec<Vec<(String, String)>> = replies.iter().map(|(_, reply)| rows(reply)).collect();
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let label_width = columns.iter().flatten().map(|(label, _)| label.len()).max().unwrap_or(0);
    let widths: Vec<usize> = columns
        .iter()
        .zip(replies)
        .map(|(rows, (name, _))| {
            let widest = rows.iter().map(|(_, cell)| cell.chars().count()).max().unwrap_or(0);
            widest.max(name.chars().count()).clamp(*WIDTH.start(), *WIDTH.end())
        })
        .collect();
    let _ = write!(text, "  {:label_width$}", "");
    for ((name, _), width) in replies.iter().zip(&widths) {
        let _ = write!(text, "  {:width$}", clipped(name, *width));
    }
    text = text.trim_end().to_owned() + "\n";
    let mut differed = false;
    for row in 0..longest {
        let cells: Vec<_> = columns.iter().map(|rows| rows.get(row)).collect();
        let same = cells.windows(2).all(|pair| pair[0] == pair[1]);
        let mark = if same || differed { ' ' } else { '>' };
        differed |= !same;
        let label = cells.iter().flatten().next().map_or("", |(label, _)| label);
        let _ = write!(text, "{mark} {label:label_width$}");
        for (cell, width) in cells.iter().zip(&widths) {
            let shown = cell.map_or("", |(_, cell)| cell);
            let _ = write!(text, "  {:width$}", clipped(shown, *width));
        }
        text = text.trim_end().to_owned() + "\n";
    }
    text
}

/// What a reply says, one thing a row: what kind of thing, and the thing.
fn rows(reply: &Reply) -> Vec<(String, String)> {
    match reply {
        Reply::Failed(failure) => vec![("failed".to_owned(), failure.to_string())],
        Reply::Lacks(operations) => vec![("lacks".to_owned(), operations.to_string())],
        Reply::Answer(Answer::Undefined { undefined }) => vec![("undefined".to_owned(), undefined.clone())],
        Reply::Answer(Answer::Trace(Trace { events, state, unhandled })) => {
            let events = events.iter().enumerate().map(|(at, event)| (format!("event {at}"), json(event)));
            let state = state.iter().enumerate().map(|(slot, state)| (format!("slot {slot}"), shown(state)));
            let unhandled = unhandled.iter().map(|failure| ("unhandled".to_owned(), json(failure)));
            events.chain(state).chain(unhandled).collect()
        }
    }
}

fn shown(state: &State) -> String {
    json(state).trim_matches('"').to_owned()
}

fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).expect("it is plain data")
}

fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut clipped: String = text.chars().take(width - 1).collect();
    clipped.push('…');
    clipped
}
