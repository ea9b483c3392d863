//! Runs many programs on several subjects and compares what they say.
//!
//! Which programs are undefined a judge says alone: a real Twisted, or a trace that one gave before, or else the
//! model. A subject that calls a program undefined on which a judge gave a trace differs from it. What is
//! undefined isn't compared, and counted, by cause. So is what a subject lacks operations for, by subject.
//!
//! A subject may be right only when it is asked first, or only about programs as our generator writes them. So
//! some programs are asked once more at the end, in another order: as they were, and in other words.

mod judge;
mod small;

use crate::digest::Digest;
use crate::lockstep::{self, Verdict};
use crate::operation_set::OperationSet;
use crate::shrink::Progress;
use crate::subject::{Reply, Subject, SubjectError};
use deferral_model::{Coverage, Program};
use judge::with_model;
pub use judge::{Judged, STORED, judge, odd_one_out};
use serde_json::Value as Json;
pub use small::Made;
use std::collections::BTreeMap;
use std::time::Duration;

/// How many programs are on their way to a subject at a time.
const BATCH: usize = 256;

/// After how many divergences a run ends: more of them say little.
pub const ENOUGH: usize = 10;

/// How many programs are asked once more at the end.
const ENCORE: usize = 64;

/// What a run has found so far.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many programs were run, those that weren't compared among them.
    pub programs: u64,
    /// How often each operation met each state on the model, and how much it traced.
    pub coverage: Coverage,
    /// How many programs were undefined, and so not compared, by subject and cause.
    pub undefined: BTreeMap<String, u64>,
    /// How many programs weren't compared because a subject lacks operations that they use, by subject, and these.
    pub left_out: BTreeMap<String, (u64, OperationSet)>,
    /// How many programs were compared.
    pub compared: u64,
    /// What each subject said to all programs, where whole traces were asked for.
    pub digests: BTreeMap<String, Digest>,
    /// The number that the first program has, if it isn't 0.
    pub first: u64,
    /// What differed.
    pub divergences: Vec<Divergence>,
    /// How many times subjects had to be started again, though no program could be blamed or after one was.
    pub restarts: BTreeMap<String, u64>,
}

/// A program on which subjects differ.
#[derive(Clone, Debug)]
pub struct Divergence {
    /// The number of the program in the run, from 0.
    pub number: u64,
    /// The program, as small as it was made.
    pub program: Program,
    /// How small that is.
    pub made: Made,
    /// What each subject said to it.
    pub replies: Vec<(String, Reply)>,
    /// The one that differs from all the others, where there are at least three and these agree.
    pub odd_one_out: Option<String>,
    /// Where the lockstep of model and engine saw a difference; whole traces may be equal all the same.
    pub lockstep: Option<lockstep::Divergence>,
}

/// A program on which subjects differ.
struct Found {
    number: u64,
    program: Program,
    /// What they said, where they were asked.
    replies: Vec<Reply>,
    /// What the lockstep of model and engine saw, if it did.
    lockstep: Option<lockstep::Divergence>,
}

/// The subjects of a run.
pub struct Jury {
    subjects: Vec<Box<dyn Subject>>,
    /// Is told how far a program is that is made smaller, and says whether to go on.
    go_on: Box<dyn FnMut(Progress) -> bool>,
    /// How long programs may still be made smaller on which a subject hangs.
    for_hanging: Duration,
}

impl Jury {
    /// These subjects: at least two, or there is nothing to compare.
    #[must_use]
    pub fn new(subjects: Vec<Box<dyn Subject>>) -> Self {
        Self { subjects, go_on: Box::new(|_| true), for_hanging: small::FOR_HANGING }
    }

    /// Is told before each try how far a program is that is made smaller, and says whether to go on.
    #[must_use]
    pub fn shrinking_while(self, go_on: impl FnMut(Progress) -> bool + 'static) -> Self {
        Self { go_on: Box::new(go_on), ..self }
    }

    /// Runs programs on all subjects until there are no more, enough divergences were found, or `go_on` says
    /// no; `go_on` is shown the summary after each batch.
    ///
    /// What was found is in the summary also when a subject failed as a whole.
    ///
    /// # Errors
    /// When a subject failed as a whole.
    pub fn check(
        &mut self,
        mut programs: impl Iterator<Item = Program>,
        summary: &mut Summary,
        mut go_on: impl FnMut(&Summary) -> bool,
    ) -> Result<(), SubjectError> {
        let mut take = |summary: &Summary| -> Vec<Program> {
            let more = summary.divergences.len() < ENOUGH && go_on(summary);
            if more { programs.by_ref().take(BATCH).collect() } else { Vec::new() }
        };
        let mut batch = take(summary);
        let first: Vec<Program> = batch.iter().take(ENCORE).cloned().collect();
        self.submit(&batch)?;
        while !batch.is_empty() {
            // While one batch is compared, the subjects work on the next.
            let next = take(summary);
            self.submit(&next)?;
            let mut found = self.compare(&batch, summary)?;
            batch = next;
            if !found.is_empty() {
                // To ask about single programs, nothing else may be on its way.
                found.extend(self.compare(&batch, summary)?);
                self.show(found, summary)?;
                batch = take(summary);
                self.submit(&batch)?;
            }
        }
        if summary.divergences.is_empty() {
            self.encore(&first, summary)?;
        }
        for subject in self.subjects.iter().filter(|subject| subject.restarts() > 0) {
            summary.restarts.insert(subject.name().to_owned(), subject.restarts());
        }
        self.subjects.iter_mut().try_for_each(Subject::finish)
    }

    /// Asks once more about the first programs of a run, backwards: as they were, and in other words.
    fn encore(&mut self, first: &[Program], summary: &mut Summary) -> Result<(), SubjectError> {
        let backwards = first.iter().rev();
        let programs: Vec<Program> = backwards.clone().cloned().chain(backwards.map(reworded)).collect();
        self.submit(&programs)?;
        let mut found = self.compare(&programs, &mut Summary::default())?;
        for found in &mut found {
            let place = found.number as usize % first.len();
            found.number = summary.first + (first.len() - 1 - place) as u64;
        }
        self.show(found, summary)
    }

    /// Adds to the summary what was found, made small, until that is enough.
    fn show(&mut self, found: Vec<Found>, summary: &mut Summary) -> Result<(), SubjectError> {
        for found in found.into_iter().take(ENOUGH - summary.divergences.len()) {
            let divergence = self.made_small(found)?;
            summary.divergences.push(divergence);
        }
        Ok(())
    }

    fn names(&self) -> Vec<String> {
        self.subjects.iter().map(|subject| subject.name().to_owned()).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.subjects.iter().any(|subject| subject.name() == name)
    }

    /// Whether nothing but the lockstep of model and engine is needed.
    #[must_use]
    pub fn in_lockstep_alone(&self) -> bool {
        self.subjects.len() == 2 && self.has("model") && self.has("engine")
    }

    fn submit(&mut self, batch: &[Program]) -> Result<(), SubjectError> {
        if batch.is_empty() || self.in_lockstep_alone() {
            return Ok(());
        }
        self.subjects.iter_mut().try_for_each(|subject| subject.submit(batch))
    }

    /// Compares the answers to the oldest batch; gives the programs that differ, with their numbers.
    fn compare(&mut self, batch: &[Program], summary: &mut Summary) -> Result<Vec<Found>, SubjectError> {
        let mut found = Vec::new();
        let lockstep = self.has("model") && self.has("engine");
        let verdicts: Vec<Verdict> = batch.iter().map(|program| look(program, lockstep, summary)).collect();
        let mut columns = Vec::new();
        if !batch.is_empty() && !self.in_lockstep_alone() {
            for subject in &mut self.subjects {
                columns.push(subject.collect()?.into_iter());
            }
        }
        let names = self.names();
        for (program, verdict) in batch.iter().zip(verdicts) {
            let number = summary.first + summary.programs;
            summary.programs += 1;
            let replies: Vec<Reply> =
                columns.iter_mut().map(|column| column.next().expect("one a program")).collect();
            let judged = with_model(&names, &replies, &verdict);
            digest(summary, number, &names, &replies, &judged);
            match &judged {
                Judged::Undefined(who) => *summary.undefined.entry(who.clone()).or_default() += 1,
                Judged::LeftOut => leave_out(summary, &names, &replies),
                Judged::Agrees | Judged::Differs => summary.compared += 1,
            }
            if judged == Judged::Differs {
                let lockstep = match verdict {
                    Verdict::Diverges(divergence) => Some(*divergence),
                    _ => None,
                };
                found.push(Found { number, program: program.clone(), replies, lockstep });
            }
        }
        Ok(found)
    }
}

/// The same program in other words: other script ids and values, a name and a reason.
fn reworded(program: &Program) -> Program {
    fn reword(name: &str, json: &mut Json) {
        match json {
            Json::Object(fields) => fields.iter_mut().for_each(|(name, field)| reword(name, field)),
            Json::Array(items) => items.iter_mut().for_each(|item| reword("", item)),
            // Numbers that need all 64 bits; different ones stay different.
            Json::Number(number) if ["id", "value", "else"].contains(&name) => {
                let number = number.as_i64().expect("ids and values have 64 bits");
                *json = number.wrapping_add(i64::MAX - 20).into();
            }
            Json::String(text) if ["value", "else"].contains(&name) => {
                *text = format!("E0 \"\\\u{e4}\u{1f980}\n{text}");
            }
            _ => {}
        }
    }
    let mut json = serde_json::to_value(program).expect("a program is plain data");
    reword("", &mut json);
    let program: Program = serde_json::from_value(json).expect("it is a program still");
    Program { name: Some("encore".to_owned()), why: Some("asked in other words".to_owned()), ..program }
}

/// Runs a program on the model, in lockstep with the engine where that is asked for, and counts what it met.
fn look(program: &Program, lockstep: bool, summary: &mut Summary) -> Verdict {
    if lockstep {
        lockstep::model_and_engine(program, &mut summary.coverage)
    } else {
        lockstep::alone(program, &mut summary.coverage)
    }
}

/// Counts a program that subjects lack operations for.
fn leave_out(summary: &mut Summary, names: &[String], replies: &[Reply]) {
    for (name, reply) in names.iter().zip(replies) {
        if let Reply::Lacks(operations) = reply {
            let (programs, lacks) = summary.left_out.entry(name.clone()).or_default();
            *programs += 1;
            lacks.add(*operations);
        }
    }
}

fn digest(summary: &mut Summary, number: u64, names: &[String], replies: &[Reply], judged: &Judged) {
    for (name, reply) in names.iter().zip(replies) {
        let digest = summary.digests.entry(name.clone()).or_default();
        match reply {
            Reply::Answer(answer) if !matches!(judged, Judged::Undefined(_) | Judged::LeftOut) => {
                digest.add(number, answer);
            }
            _ => digest.add_undefined(number),
        }
    }
}
