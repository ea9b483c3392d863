//! A subject is anything that runs a program and says what a user of it would have seen.
//!
//! Two traits: a [`Subject`] answers whole programs, also from another process; an [`Execution`] is one
//! program in progress inside this process, which can be looked at after every operation.

use crate::operation_set::OperationSet;
use deferral_model::{Answer, Failure, Op, Program, State, trace::Event};
use serde::{Deserialize, Serialize};

/// Runs programs and answers each with a trace, in order.
///
/// Programs are given in batches, so that a subject in another process can work on one batch while the next
/// is made: [`submit`](Self::submit) several times, then [`collect`](Self::collect) as often.
pub trait Subject {
    /// What it is called in reports.
    fn name(&self) -> &str;

    /// Hands over a batch of programs.
    ///
    /// # Errors
    /// When the subject can't be started.
    fn submit(&mut self, programs: &[Program]) -> Result<(), SubjectError>;

    /// Waits for the answers to the oldest batch that wasn't collected yet, one a program.
    ///
    /// # Errors
    /// When the subject as a whole failed, rather than on one program.
    fn collect(&mut self) -> Result<Vec<Reply>, SubjectError>;

    /// How many times it had to be started again because it ended or was silent.
    fn restarts(&self) -> u64 {
        0
    }

    /// Whether there is a hurry from now on: then no answer may take much longer than its slowest one took, and a
    /// program is to blame only when it fails on that twice.
    fn hurry(&mut self, hurry: bool) {
        let _ = hurry;
    }

    /// Ends it, and makes sure that it had nothing more to say.
    ///
    /// # Errors
    /// When it wrote more than it was asked for.
    fn finish(&mut self) -> Result<(), SubjectError> {
        Ok(())
    }

    /// Asks about one program.
    ///
    /// # Errors
    /// As [`submit`](Self::submit) and [`collect`](Self::collect).
    fn ask(&mut self, program: &Program) -> Result<Reply, SubjectError> {
        self.submit(std::slice::from_ref(program))?;
        let mut replies = self.collect()?;
        Ok(replies.pop().expect("one reply a program"))
    }
}

impl Subject for Box<dyn Subject> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn submit(&mut self, programs: &[Program]) -> Result<(), SubjectError> {
        (**self).submit(programs)
    }

    fn collect(&mut self) -> Result<Vec<Reply>, SubjectError> {
        (**self).collect()
    }

    fn restarts(&self) -> u64 {
        (**self).restarts()
    }

    fn hurry(&mut self, hurry: bool) {
        (**self).hurry(hurry);
    }

    fn finish(&mut self) -> Result<(), SubjectError> {
        (**self).finish()
    }

    fn ask(&mut self, program: &Program) -> Result<Reply, SubjectError> {
        (**self).ask(program)
    }
}

/// What a subject said to one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A trace, or the reason why there is none.
    Answer(Answer),
    /// The program uses these operations, which the subject doesn't have.
    Lacks(OperationSet),
    /// It failed on this program, and again when it was asked again.
    Failed(ProgramFailure),
}

/// The answer of a subject to a program that uses operations which it doesn't have.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lacks {
    /// Those operations.
    pub lacks: OperationSet,
}

/// How a subject failed on one program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramFailure {
    /// Its process ended.
    #[error("it crashed ({0})")]
    Crashed(String),
    /// It didn't answer in time.
    #[error("it didn't answer within {0} s")]
    Hung(u64),
}

/// Why a subject as a whole can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// Its process couldn't be started.
    #[error("the subject `{subject}` can't be started: {cause}")]
    Start {
        /// The subject.
        subject: String,
        /// Why.
        cause: String,
    },
    /// It ended before it answered anything.
    #[error("the subject `{subject}` died before it answered anything, asked for line 1: {cause}")]
    Died {
        /// The subject.
        subject: String,
        /// How it ended.
        cause: String,
    },
    /// It never answered.
    #[error("the subject `{subject}` never answered: line 1 was given {seconds} s, twice")]
    Silent {
        /// The subject.
        subject: String,
        /// How long it was given.
        seconds: u64,
    },
    /// What it wrote isn't an answer.
    #[error(
        "the subject `{subject}` wrote rubbish in line {line} of its answers: {cause}; the line is `{text}`"
    )]
    Rubbish {
        /// The subject.
        subject: String,
        /// The line of its output, from 1.
        line: u64,
        /// What is wrong.
        cause: String,
        /// The beginning of the line.
        text: String,
    },
}

/// One program in progress.
pub trait Execution<'p> {
    /// Runs the next operation.
    fn step(&mut self, op: &'p Op);

    /// Writes down what is new since the last look, and how everything stands.
    fn observe(&mut self, seen: &mut Observation);

    /// Why the program means nothing, once that is known.
    fn undefined(&self) -> Option<&'static str>;

    /// Ends the program: lets go of every handle.
    fn end(&mut self);

    /// How many Deferreds, callbacks and cancellers are left, once the program was ended.
    fn leaked(&self) -> usize {
        0
    }

    /// The whole trace of a program that was ended.
    fn answer(&self) -> Answer;
}

/// What can be seen of a program after an operation: more than a trace shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// What happened since the last look.
    pub events: Vec<Event>,
    /// How every slot stands.
    pub state: Vec<State>,
    /// What was reported as unhandled since the last look, sorted.
    pub unhandled: Vec<Failure>,
    /// The scripts that callbacks, errbacks and cancellers still hold: one number for all, whatever their order.
    pub held: u64,
    /// How many warnings there were of Deferreds that wait for each other.
    pub circles: u64,
    /// In debug mode: how many refused firings and reports didn't say where the Deferred was made and fired.
    pub without_origin: u64,
}

/// Stands for a subject inside this process: answers by a function.
pub struct InProcess {
    name: String,
    run: Box<dyn Fn(&Program) -> Answer>,
    batches: std::collections::VecDeque<Vec<Program>>,
}

impl InProcess {
    /// A subject that answers by a function.
    #[must_use]
    pub fn new(name: &str, run: impl Fn(&Program) -> Answer + 'static) -> Self {
        Self { name: name.to_owned(), run: Box::new(run), batches: std::collections::VecDeque::new() }
    }
}

impl Subject for InProcess {
    fn name(&self) -> &str {
        &self.name
    }

    fn submit(&mut self, programs: &[Program]) -> Result<(), SubjectError> {
        self.batches.push_back(programs.to_vec());
        Ok(())
    }

    fn collect(&mut self) -> Result<Vec<Reply>, SubjectError> {
        let batch = self.batches.pop_front().unwrap_or_default();
        Ok(batch.iter().map(|program| Reply::Answer((self.run)(program))).collect())
    }
}
