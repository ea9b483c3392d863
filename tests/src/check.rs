//! Runs many programs on several subjects and compares what they say.
//!
//! Which programs are undefined a judge says alone: a real Twisted, or a trace that one gave before, or else the
//! model. A subject that calls a program undefined on which a judge gave a trace differs from it. What is
//! undefined isn't compared, and counted, by cause.
//!
//! A subject may be right only when it is asked first, or only about programs as our generator writes them. So
//! some programs are asked once more at the end, in another order: as they were, and in other words.

use crate::digest::Digest;
use crate::lockstep::{self, Verdict};
use crate::shrink::shrink;
use crate::subject::{ProgramFailure, Reply, Subject, SubjectError};
use deferral_model::{Answer, Coverage, Program};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many programs are on their way to a subject at a time.
const BATCH: usize = 256;

/// After how many divergences a run ends: more of them say little.
pub const ENOUGH: usize = 10;

/// How many programs are asked once more at the end.
const ENCORE: usize = 64;

/// How long a divergence is made smaller, where each try takes its time.
const SHRINKING: Duration = Duration::from_secs(20);

/// Who says what is undefined: the first of these that is there, with all others of its rank.
const JUDGES: [&[&str]; 2] = [&["twisted", STORED], &["model"]];

/// The name that a stored trace goes by, as if a subject had given it.
pub const STORED: &str = "stored";

/// What a run has found so far.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many programs were run and compared, those called undefined among them.
    pub programs: u64,
    /// How often each operation met each state on the model, and how much it traced.
    pub coverage: Coverage,
    /// How many programs were undefined, and so not compared, by subject and cause.
    pub undefined: BTreeMap<String, u64>,
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
    /// The program, made small.
    pub program: Program,
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
}

impl Jury {
    /// These subjects: at least two, or there is nothing to compare.
    #[must_use]
    pub fn new(subjects: Vec<Box<dyn Subject>>) -> Self {
        Self { subjects }
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
        self.subjects.iter_mut().try_for_each(|subject| subject.finish())
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
            let differs = match judged {
                Judged::Undefined(who) => {
                    *summary.undefined.entry(who).or_default() += 1;
                    false
                }
                judged => judged == Judged::Differs,
            };
            if differs {
                let lockstep = match verdict {
                    Verdict::Diverges(divergence) => Some(*divergence),
                    _ => None,
                };
                found.push(Found { number, program: program.clone(), replies, lockstep });
            }
        }
        Ok(found)
    }

    /// Makes a program small on which subjects differ, and asks them all once more. What the lockstep saw the
    /// first time is shown if it sees nothing any more.
    ///
    /// # Errors
    /// When a subject failed as a whole.
    pub fn explain(
        &mut self,
        number: u64,
        program: Program,
        first_seen: Option<lockstep::Divergence>,
    ) -> Result<Divergence, SubjectError> {
        self.made_small(Found { number, program, replies: Vec::new(), lockstep: first_seen })
    }

    fn made_small(&mut self, found: Found) -> Result<Divergence, SubjectError> {
        let Found { number, mut program, mut replies, lockstep: first_seen } = found;
        let mut apart = Apart { subjects: &mut self.subjects };
        let silent = |replies: &[Reply]| {
            replies.iter().any(|reply| matches!(reply, Reply::Failed(ProgramFailure::Hung(_))))
        };
        // A subject that differs only sometimes, or that has to be waited for, is shown with what it was found
        // with, and with what it said when it was asked again.
        let mut again = Vec::new();
        if !silent(&replies) {
            let (said, differs) = apart.differ(&program)?;
            let shrinks = differs && !silent(&said);
            if shrinks || replies.is_empty() {
                replies = said;
            } else {
                again = said;
            }
            if shrinks {
                let started = Instant::now();
                program = shrink(program, |candidate| {
                    if started.elapsed() > SHRINKING {
                        return Ok(false);
                    }
                    let (said, differs) = apart.differ(candidate)?;
                    if differs {
                        replies = said;
                    }
                    Ok(differs)
                })?;
                again = apart.ask(&program)?;
            }
        }
        let names = self.names();
        let odd_one_out = odd_one_out(&names, &replies);
        let lockstep = match look(&program, self.has("model") && self.has("engine"), &mut Summary::default())
        {
            Verdict::Diverges(divergence) => Some(*divergence),
            _ => first_seen,
        };
        let agree = replies.windows(2).all(|pair| pair[0] == pair[1]);
        let mut columns = Vec::new();
        for (at, (name, reply)) in names.into_iter().zip(replies).enumerate() {
            let changed = again.get(at).filter(|again| **again != reply);
            let changed = changed.map(|again| (format!("again: {name}"), again.clone()));
            columns.push((name, reply));
            columns.extend(changed);
        }
        if agree && !self.has("model") {
            columns.push(("model".to_owned(), Reply::Answer(deferral_model::run(&program))));
        }
        Ok(Divergence { number, program, replies: columns, odd_one_out, lockstep })
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

fn digest(summary: &mut Summary, number: u64, names: &[String], replies: &[Reply], judged: &Judged) {
    for (name, reply) in names.iter().zip(replies) {
        let digest = summary.digests.entry(name.clone()).or_default();
        match reply {
            Reply::Answer(answer) if !matches!(judged, Judged::Undefined(_)) => digest.add(number, answer),
            _ => digest.add_undefined(number),
        }
    }
}

/// Asks subjects about single programs, while no batch is on its way.
struct Apart<'j> {
    subjects: &'j mut [Box<dyn Subject>],
}

impl Apart<'_> {
    fn ask(&mut self, program: &Program) -> Result<Vec<Reply>, SubjectError> {
        self.subjects.iter_mut().map(|subject| subject.ask(program)).collect()
    }

    /// What they say, and whether they differ.
    fn differ(&mut self, program: &Program) -> Result<(Vec<Reply>, bool), SubjectError> {
        let replies = self.ask(program)?;
        let names: Vec<String> = self.subjects.iter().map(|subject| subject.name().to_owned()).collect();
        let has = |name: &str| names.iter().any(|known| known == name);
        let verdict = look(program, has("model") && has("engine"), &mut Summary::default());
        let differs = with_model(&names, &replies, &verdict) == Judged::Differs;
        Ok((replies, differs))
    }
}

/// Whether replies to one program agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// All are the same.
    Agrees,
    /// They aren't.
    Differs,
    /// Who said so, and why.
    Undefined(String),
}

/// Compares what the subjects of these names said to one program.
#[must_use]
pub fn judge(names: &[String], replies: &[Reply]) -> Judged {
    let undefined = |at: usize| match &replies[at] {
        Reply::Answer(Answer::Undefined { undefined }) => Some(format!("{}: {undefined}", names[at])),
        _ => None,
    };
    let of_rank = |rank: &&[&str]| -> Vec<usize> {
        (0..replies.len()).filter(|&at| rank.contains(&names[at].as_str())).collect()
    };
    let judges = JUDGES.iter().map(of_rank).find(|judges| !judges.is_empty());
    let judges = judges.unwrap_or_else(|| (0..replies.len()).collect());
    let said: Vec<String> = judges.iter().filter_map(|&at| undefined(at)).collect();
    // Judges that don't agree are a difference of their own.
    let by = if said.len() == judges.len() { said.into_iter().next() } else { None };
    let failed = replies.iter().any(|reply| matches!(reply, Reply::Failed(_)));
    match by {
        _ if failed => Judged::Differs,
        Some(who) => Judged::Undefined(who),
        None if replies.windows(2).all(|pair| pair[0] == pair[1]) => Judged::Agrees,
        None => Judged::Differs,
    }
}

/// As [`judge`], with what the model says where no judge is among the subjects, and what the lockstep saw.
fn with_model(names: &[String], replies: &[Reply], verdict: &Verdict) -> Judged {
    let has_judge = names.iter().any(|name| JUDGES.iter().any(|rank| rank.contains(&name.as_str())));
    let failed = replies.iter().any(|reply| matches!(reply, Reply::Failed(_)));
    match (verdict, judge(names, replies)) {
        // A program that means nothing is to be ended, too.
        _ if failed => Judged::Differs,
        (Verdict::Undefined(why), _) if replies.is_empty() || !has_judge => {
            Judged::Undefined(format!("model: {why}"))
        }
        (Verdict::Diverges(_), Judged::Agrees) => Judged::Differs,
        // That all subjects say so makes no program undefined.
        (_, Judged::Undefined(_)) if !has_judge => Judged::Differs,
        (_, judged) => judged,
    }
}

fn odd_one_out(names: &[String], replies: &[Reply]) -> Option<String> {
    if replies.len() < 3 {
        return None;
    }
    let odd = (0..replies.len()).filter(|&at| {
        let mut others = (0..replies.len()).filter(|&other| other != at).map(|other| &replies[other]);
        let first = others.next().expect("there are three");
        others.all(|other| other == first) && *first != replies[at]
    });
    odd.map(|at| names[at].clone()).next()
}
