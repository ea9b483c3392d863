//! The story of a program: what each subject did, row by row, and where they first differ.

use super::account::Account;
use super::cells::Teller;
use super::compare::Shown;
use super::ending::{self, Ending};
use super::operations::Operations;
use super::picture::{Cell, Line, Picture, Subject};
use super::rows::{Row, rows};
use super::telling::{Bound, Telling, script, tellings};
use super::words;
use crate::check::STORED;
use crate::subject::Reply;
use deferral_model::{Answer, Program};

/// Who is right, where they are among the subjects: the first of these.
const RIGHT: [&str; 3] = ["twisted", STORED, "model"];

pub(super) fn picture(program: &Program, accounts: &[Account]) -> Picture {
    let operations = Operations::of(program);
    let tellings = tellings(program, &operations, accounts);
    let bounds: Vec<Bound> = tellings.iter().map(|telling| bound(telling.as_ref(), &operations)).collect();
    let right = RIGHT.iter().find_map(|right| accounts.iter().position(|account| account.name == *right));
    let mut tellers: Vec<Option<Teller<'_>>> = tellings
        .iter()
        .zip(&bounds)
        .map(|(telling, bound)| telling.as_ref().map(|telling| Teller::new(&operations, telling, bound)))
        .collect();
    let endings: Vec<Option<Ending>> = accounts.iter().map(Ending::of).collect();
    // The slots are called as whoever is right has bound them.
    let named =
        right.filter(|&right| tellings[right].is_some()).or(tellings.iter().position(Option::is_some));
    let bound = named.map(|named| &bounds[named]);

    let mut lines = Vec::new();
    let rows = rows(&tellings, &operations);
    let mut disagreed = Vec::new();
    for row in &rows {
        let cells = row.tokens.iter().zip(&mut tellers);
        let cells = cells.map(|(token, teller)| Some(teller.as_mut()?.cell(token.as_ref()?))).collect();
        let mut line = line(row, &tellings, &operations, bound, cells);
        let shown = Shown::of(row, &tellings, &endings, &operations);
        line.differs = shown.differ();
        if let Some(disagree) = shown.disagree() {
            // What has differed since an earlier row is no news.
            let news = disagree.iter().filter(|stand| !disagreed.contains(*stand)).map(|(slot, _)| *slot);
            let news: Vec<usize> = news.collect();
            line.differs |= !news.is_empty();
            tell_states(row, &mut line, &news);
            disagreed = disagree;
        }
        lines.push(line);
    }
    ending::failed(&mut lines, &endings, program);
    lines.extend(ending::last(&tellings, &endings));
    let lanes = tellings.iter().flatten().map(|telling| telling.trace.state.len()).max().unwrap_or(0);
    let subjects = accounts.iter().zip(&tellings).enumerate().map(|(at, (account, telling))| Subject {
        name: account.name.clone(),
        right: right == Some(at),
        note: note(account),
        inferred: telling.as_ref().is_some_and(|telling| !telling.exact),
    });
    tell_next(&mut lines);
    let first = lines.iter().position(|line| line.differs);
    Picture { subjects: subjects.collect(), lanes, rows: lines, first }
}

fn bound(telling: Option<&Telling>, operations: &Operations<'_>) -> Bound {
    telling.map_or_else(Bound::default, |telling| Bound::in_items(&telling.items, operations))
}

/// How a subject failed, or why the program means nothing to it.
fn note(account: &Account) -> Option<String> {
    match &account.reply {
        Reply::Answer(Answer::Undefined { undefined }) => Some(format!("undefined: {undefined}")),
        Reply::Failed(failure) => Some(failure.to_string()),
        Reply::Lacks(operations) => Some(format!("lacks {operations}")),
        Reply::Answer(Answer::Trace(_)) => None,
    }
}

fn line(
    row: &Row,
    tellings: &[Option<Telling>],
    operations: &Operations<'_>,
    bound: Option<&Bound>,
    cells: Vec<Option<Cell>>,
) -> Line {
    let token = row.any();
    let event = row
        .tokens
        .iter()
        .zip(tellings)
        .find_map(|(token, telling)| Some(&telling.as_ref()?.trace.events[token.as_ref()?.event?]));
    let text = match (token.begins, event) {
        (Some(number), _) => {
            let slot = bound.and_then(|bound| bound.slots.get(&number).copied());
            let resource = bound.and_then(|bound| bound.resources.get(&number).copied());
            words::operation(operations.all[number], slot, resource)
        }
        (None, Some(event)) => {
            words::event(event, script(event).and_then(|id| Some(operations.script(id)?.role)))
        }
        (None, None) => String::new(),
    };
    let number = token.begins.and_then(|number| operations.tops.binary_search(&number).ok());
    let kind = if token.begins.is_some() { "op" } else { "event" };
    let within = token.within.map(|number| operations.top(number) + 1);
    Line {
        text,
        kind,
        number: number.map(|top| top + 1),
        within,
        depth: token.depth,
        differs: false,
        cells,
        otherwise: Vec::new(),
    }
}

/// Says of subjects that do nothing where others do what they do next.
fn tell_next(lines: &mut [Line]) {
    let mut next: Vec<Option<String>> = vec![None; lines.first().map_or(0, |line| line.cells.len())];
    for line in lines.iter_mut().rev() {
        for (cell, next) in line.cells.iter().zip(&mut next) {
            line.otherwise.push(next.clone().filter(|_| cell.is_none()));
            if let Some(cell) = cell {
                *next = Some(cell.said.clone());
            }
        }
    }
}

/// Says how those slots stand after a row.
fn tell_states(row: &Row, line: &mut Line, slots: &[usize]) {
    for (cell, token) in line.cells.iter_mut().zip(&row.tokens) {
        let (Some(cell), Some(look)) = (cell, token.as_ref().and_then(|token| token.look.as_ref())) else {
            continue;
        };
        let is = |slot: &usize| match look.iter().find(|(other, _)| other == slot) {
            Some((_, state)) => format!("d{slot} is {}", words::state(state)),
            None => format!("there is no d{slot}"),
        };
        if !slots.is_empty() {
            cell.said += &format!("; then {}", words::joined(slots.iter().map(is)));
        }
    }
}
