//! Rows: one thing each that subjects did, side by side, so that the same stands beside the same.

use super::marks::{Item, Look};
use super::operations::Operations;
use super::telling::{Telling, shape};
use deferral_model::{Event, Op};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// One thing that a subject did.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// By what tokens of several subjects are known to be the same.
    key: String,
    /// The operation that begins, if one does.
    pub(super) begins: Option<usize>,
    /// The innermost operation that it happens in.
    pub(super) within: Option<usize>,
    /// The event that it is; a probe and an error of an operation are one with it.
    pub(super) event: Option<usize>,
    /// How many operations it is inside of.
    pub(super) depth: usize,
    /// How the slots stand when it is over, where that is known.
    pub(super) look: Option<Look>,
}

/// What each subject did at one point, as far as it did.
pub(super) struct Row {
    pub(super) tokens: Vec<Option<Token>>,
}

impl Row {
    pub(super) fn any(&self) -> &Token {
        self.tokens.iter().flatten().next().expect("somebody did something")
    }
}

/// What subjects did, side by side: operations at the top beside each other, and within each what is the same.
pub(super) fn rows(tellings: &[Option<Telling>], operations: &Operations<'_>) -> Vec<Row> {
    let columns: Vec<Vec<Vec<Token>>> = tellings
        .iter()
        .map(|telling| telling.as_ref().map_or_else(Vec::new, |telling| by_operation(telling, operations)))
        .collect();
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .flat_map(|top| {
            let mut rows = Vec::new();
            for (subject, column) in columns.iter().enumerate() {
                let tokens = column.get(top).cloned().unwrap_or_default();
                rows = merged(rows, subject, tokens, columns.len());
            }
            rows
        })
        .collect()
}

/// The tokens of a subject, those of each operation at the top by themselves.
fn by_operation(telling: &Telling, operations: &Operations<'_>) -> Vec<Vec<Token>> {
    let mut parts: Vec<Vec<Token>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for item in &telling.items {
        match item {
            Item::Begins(op) => {
                if open.is_empty() {
                    parts.resize_with(parts.len().max(operations.top(*op) + 1), Vec::new);
                }
                open.push(*op);
                push(&mut parts, Token::new(format!("op {op}"), Some(*op), None, &open));
            }
            Item::Event(at) => {
                let event = &telling.trace.events[*at];
                let last = parts.last_mut().and_then(|part| part.last_mut());
                match last.filter(|last| is_of(event, last, operations)) {
                    Some(last) => last.event = Some(*at),
                    None => push(&mut parts, Token::new(shape(event), None, Some(*at), &open)),
                }
            }
            Item::Ended(op, look) => {
                open.truncate(open.iter().rposition(|open| open == op).unwrap_or(open.len()));
                if let (Some(last), Some(look)) = (parts.last_mut().and_then(|part| part.last_mut()), look) {
                    last.look = Some(look.clone());
                }
            }
        }
    }
    parts
}

impl Token {
    fn new(key: String, begins: Option<usize>, event: Option<usize>, open: &[usize]) -> Self {
        let depth = open.len() - usize::from(begins.is_some());
        Self { key, begins, within: open.last().copied(), event, depth, look: None }
    }
}

fn push(parts: &mut Vec<Vec<Token>>, token: Token) {
    if parts.is_empty() {
        parts.push(Vec::new());
    }
    parts.last_mut().expect("there is one").push(token);
}

/// Whether an event is what the operation that has just begun gives.
fn is_of(event: &Event, last: &Token, operations: &Operations<'_>) -> bool {
    let Some(op) = last.begins.filter(|_| last.event.is_none()) else { return false };
    match event {
        Event::Error { .. } => true,
        Event::Probe { probe, .. } => matches!(operations.all[op], Op::Probe { d } if d == probe),
        _ => false,
    }
}

/// Puts what one more subject did beside what others did.
fn merged(rows: Vec<Row>, subject: usize, tokens: Vec<Token>, subjects: usize) -> Vec<Row> {
    let old: Vec<String> = rows.iter().map(|row| row.any().key.clone()).collect();
    let new: Vec<String> = tokens.iter().map(|token| token.key.clone()).collect();
    let mut rows = rows.into_iter();
    let mut tokens = tokens.into_iter();
    let mut merged = Vec::new();
    for part in capture_diff_slices(Algorithm::Myers, &old, &new) {
        for mut row in rows.by_ref().take(part.old_range().len()) {
            if let DiffOp::Equal { .. } = part {
                row.tokens[subject] = tokens.next();
            }
            merged.push(row);
        }
        if let DiffOp::Equal { .. } = part {
            continue;
        }
        for token in tokens.by_ref().take(part.new_range().len()) {
            let mut row = Row { tokens: vec![None; subjects] };
            row.tokens[subject] = Some(token);
            merged.push(row);
        }
    }
    merged
}
