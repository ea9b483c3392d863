//! What is told about a program on which subjects differ: the program as pseudo-code, the traces side by side, the
//! clauses that speak about it, and a folder with reproductions ([`write()`]) and a picture that is stepped through
//! ([`html`]); and a whole run as a site ([`site`]).

pub mod aligned;
pub mod clauses;
mod files;
pub mod html;
mod lockstep;
pub mod pseudo;
pub mod python;
pub mod rust;
pub mod site;
pub mod story;
pub mod text;
pub mod words;

use crate::check::{Divergence, STORED, odd_one_out};
use crate::clauses::Clause;
use crate::lockstep::Divergence as InLockstep;
use crate::subject::Reply;
use crate::subjects::engine;
use clauses::Place;
use deferral_model::{Answer, Coverage, Program, Trace, World};

pub use files::{ReportError, folder, write};
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use story::Story;

/// A program on which subjects differ, and all that is known about it.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was found, and where: a line.
    pub title: String,
    /// The program.
    pub program: Program,
    /// What each subject said to it.
    pub replies: Vec<(String, Reply)>,
    /// Where the lockstep of model and engine saw a difference.
    pub lockstep: Option<InLockstep>,
}

impl Report {
    /// Of a divergence that a run has found.
    #[must_use]
    pub fn of(divergence: &Divergence) -> Self {
        let Divergence { number, program, made, replies, lockstep, .. } = divergence;
        let replies = if replies.is_empty() { both(program) } else { replies.clone() };
        Self {
            title: format!("DIVERGENCE in program {}, {made}", number + 1),
            program: program.clone(),
            replies,
            lockstep: lockstep.clone(),
        }
    }

    /// Of a program on which the lockstep of model and engine saw a difference.
    #[must_use]
    pub fn of_lockstep(program: &Program, lockstep: InLockstep) -> Self {
        Self {
            title: "DIVERGENCE of model and engine, made small".to_owned(),
            program: program.clone(),
            replies: both(program),
            lockstep: Some(lockstep),
        }
    }

    /// The program, and what each subject said to it; with the codes of a terminal.
    #[must_use]
    pub fn traces(&self) -> String {
        let story = Story::of(&self.program);
        let replies: Vec<_> = self.replies.iter().map(|(name, reply)| (name.as_str(), reply)).collect();
        let traces = text::side_by_side(&story.names, &replies);
        let name = self.program.name.iter().map(|name| format!("# {name}\n")).collect::<String>();
        format!("{}\n\n{name}{}\n{traces}", self.title, pseudo::pseudo(&story))
    }

    /// The report that people read, with the codes of a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.traces();
        if let Some(seen) = &self.lockstep {
            let agree = self.replies.windows(2).all(|pair| pair[0].1 == pair[1].1);
            text.push_str(&lockstep::told(&Story::of(&self.program), seen, agree));
        }
        if let Some(odd) = self.odd_one_out() {
            let _ = writeln!(text, "\nThe odd one out is {odd}.");
        }
        let clauses = self.clauses();
        if !clauses.is_empty() {
            text.push_str("\nClauses that this program meets, the likeliest first:\n");
        }
        for Clause { number, title, rule, source, .. } in clauses {
            let _ = writeln!(text, "  DC-{number}  {title}");
            for line in wrapped(rule, 104) {
                let _ = writeln!(text, "      {line}");
            }
            let _ = writeln!(text, "      {source}");
        }
        text
    }

    /// The clauses that speak about it, those first that say most.
    #[must_use]
    pub fn clauses(&self) -> Vec<&'static Clause> {
        clauses::met(&self.program, &self.place())
    }

    /// The subject that differs from all others, where these agree.
    #[must_use]
    pub fn odd_one_out(&self) -> Option<String> {
        // What a subject says when it is asked again is no other subject.
        let subjects = self.replies.iter().filter(|(name, _)| !name.starts_with("again: "));
        let (names, replies): (Vec<_>, Vec<_>) = subjects.cloned().unzip();
        odd_one_out(&names, &replies)
    }

    /// The operation behind which the lockstep saw a difference that the whole traces don't show.
    fn look(&self) -> Option<usize> {
        let agree = self.replies.windows(2).all(|pair| pair[0].1 == pair[1].1);
        self.lockstep.as_ref().filter(|_| agree)?.after
    }

    /// The subjects that can be asked again.
    fn subjects(&self) -> impl Iterator<Item = &str> {
        let names = self.replies.iter().map(|(name, _)| name.as_str());
        names.filter(|name| *name != STORED && !name.starts_with("again: "))
    }

    /// Where subjects first differ, as far as it is known.
    fn place(&self) -> Place {
        let traces: Vec<&Trace> = self.replies.iter().filter_map(|(_, reply)| traced(reply)).collect();
        let Some((first, others)) = traces.split_first() else { return Place::Unknown };
        let same = |other: &&Trace| {
            let pairs = first.events.iter().zip(&other.events);
            let same = pairs.take_while(|(one, other)| one == other).count();
            (same < first.events.len().max(other.events.len())).then_some(same)
        };
        if let Some(events) = others.iter().filter_map(same).min() {
            return place_of_event(&self.program, events, &traces);
        }
        if others.iter().any(|other| other.state != first.state) {
            return Place::Unknown;
        }
        match self.lockstep.as_ref().and_then(|seen| seen.after) {
            Some(operation) => Place::Operations(operation..=operation),
            None => Place::End,
        }
    }
}

fn traced(reply: &Reply) -> Option<&Trace> {
    match reply {
        Reply::Answer(Answer::Trace(trace)) => Some(trace),
        _ => None,
    }
}

/// The operations in one of which traces begin to differ, after so many events that are the same.
fn place_of_event(program: &Program, same: usize, traces: &[&Trace]) -> Place {
    let mut world = World::new(None, Coverage::without_clauses());
    let events_after = |op| {
        world.step(op);
        world.events().len()
    };
    let events: Vec<usize> = program.ops.iter().map(events_after).collect();
    let operation = |event: usize| events.iter().position(|events| *events > event);
    let last = operation(same).unwrap_or(program.ops.len().saturating_sub(1));
    // What is right only comes later somewhere: something else has happened before.
    let right = world.events().get(same);
    let later = |trace: &&Trace| {
        right.is_none_or(|right| trace.events.iter().skip(same + 1).any(|event| event == right))
    };
    let first = match traces.iter().any(later) {
        true => same.checked_sub(1).and_then(operation).unwrap_or(0),
        false => last,
    };
    Place::Operations(first..=last)
}

/// What model and engine say.
fn both(program: &Program) -> Vec<(String, Reply)> {
    let model = ("model".to_owned(), Reply::Answer(deferral_model::run(program)));
    let engine = catch_unwind(AssertUnwindSafe(|| engine::run(program)));
    let engine = engine.map(|answer| ("engine".to_owned(), Reply::Answer(answer)));
    [Some(model), engine.ok()].into_iter().flatten().collect()
}

/// A text in lines of so many characters at the most, where its words allow it.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
