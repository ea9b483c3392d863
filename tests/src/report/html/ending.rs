//! How subjects end: what they leave, or where they failed.

use super::account::Account;
use super::cells::flow_of;
use super::picture::{Box, Cell, Line};
use super::telling::Telling;
use super::words;
use crate::subject::Reply;
use deferral_model::{Answer, Program, Trace};

/// The end of a subject that gave no trace of the whole program.
pub(super) struct Ending {
    /// The operation at the top that it didn't get through, if it didn't.
    pub(super) at: Option<usize>,
    text: String,
}

impl Ending {
    pub(super) fn of(account: &Account) -> Option<Self> {
        match &account.reply {
            Reply::Failed(failure) => Some(Self { at: Some(account.operations), text: failure.to_string() }),
            Reply::Answer(Answer::Undefined { undefined }) => {
                Some(Self { at: None, text: format!("undefined: {undefined}") })
            }
            Reply::Lacks(operations) => Some(Self { at: None, text: format!("lacks {operations}") }),
            Reply::Answer(Answer::Trace(_)) => None,
        }
    }
}

/// Writes where subjects failed beside the operation that they failed on.
pub(super) fn failed(lines: &mut Vec<Line>, endings: &[Option<Ending>], program: &Program) {
    for (subject, ending) in endings.iter().enumerate() {
        let Some(Ending { at: Some(at), text }) = ending else { continue };
        let place = lines.iter().position(|line| line.number == Some(at + 1)).unwrap_or_else(|| {
            let text = format!("{} operations", program.ops.len());
            let cells = endings.iter().map(|_| None).collect();
            lines.push(Line {
                text,
                kind: "end",
                number: None,
                within: None,
                depth: 0,
                differs: true,
                cells,
                otherwise: Vec::new(),
            });
            lines.len() - 1
        });
        let cell =
            Cell { said: text.clone(), boxes: vec![Box::new(None, "failed", text, text)], ..Cell::default() };
        lines[place].cells[subject] = Some(cell);
        lines[place].differs = true;
    }
}

/// How everything stands at the end, and what is reported as unhandled.
pub(super) fn last(tellings: &[Option<Telling>], endings: &[Option<Ending>]) -> Vec<Line> {
    let traces = tellings.iter().zip(endings);
    let traces: Vec<_> = traces
        .map(|(telling, ending)| telling.as_ref().filter(|_| ending.is_none()).map(|telling| &telling.trace))
        .collect();
    let there: Vec<&Trace> = traces.iter().copied().flatten().collect();
    if there.is_empty() {
        return Vec::new();
    }
    let line = |text: &str, kind, differs, cell: fn(&Trace) -> Cell| Line {
        text: text.to_owned(),
        kind,
        number: None,
        within: None,
        depth: 0,
        differs,
        cells: traces.iter().map(|trace| trace.map(cell)).collect(),
        otherwise: Vec::new(),
    };
    let states = there.windows(2).any(|pair| pair[0].state != pair[1].state);
    let reports = there.windows(2).any(|pair| pair[0].unhandled != pair[1].unhandled);
    vec![line("in the end", "end", states, left), line("all let go", "unhandled", reports, unhandled)]
}

/// How all slots stand at the end.
fn left(trace: &Trace) -> Cell {
    let is = |slot, state| format!("d{slot} is {}", words::state(state));
    let boxes = trace.state.iter().enumerate().map(|(slot, state)| {
        let gives = flow_of(state);
        let text = if gives.is_some() { String::new() } else { words::state(state) };
        Box { gives, ..Box::new(Some(slot), "end", &text, &format!("in the end {}", is(slot, state))) }
    });
    let said = words::joined(trace.state.iter().enumerate().map(|(slot, state)| is(slot, state)));
    let said = if said.is_empty() { "there is no Deferred".to_owned() } else { said };
    Cell { said, boxes: boxes.collect(), ..Cell::default() }
}

/// What is reported as unhandled.
fn unhandled(trace: &Trace) -> Cell {
    let reported = words::joined(trace.unhandled.iter().map(words::failure));
    let (kind, text, said) = match reported.as_str() {
        "" => ("unhandled none", "nothing unhandled", "nothing is reported as unhandled".to_owned()),
        reported => ("unhandled", reported, format!("reported as unhandled: {reported}")),
    };
    Cell { boxes: vec![Box::new(None, kind, text, &said)], said, ..Cell::default() }
}
