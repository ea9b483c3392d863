//! What a subject said to a program, and what it says when it is asked more closely.

use super::marks::Marked;
use super::operations::Operations;
use crate::subject::{Reply, Subject, SubjectError};
use deferral_model::{Answer, Program, Trace};

/// What a subject said to a program.
#[derive(Clone, Debug)]
pub struct Account {
    /// The subject.
    pub name: String,
    /// What it said.
    pub reply: Reply,
    /// How many operations it got through: all, unless it failed.
    pub(super) operations: usize,
    /// What it said to these.
    plain: Option<Trace>,
    /// What it said to these with marks, where it was asked.
    marked: Option<Trace>,
}

impl Account {
    /// What a subject said, when it can't be asked any more.
    #[must_use]
    pub fn of_reply(name: &str, reply: &Reply) -> Self {
        let plain = trace(reply);
        Self { name: name.to_owned(), reply: reply.clone(), operations: usize::MAX, plain, marked: None }
    }

    /// Asks a subject about a program, and then more closely. Where it fails, it is asked how far it gets.
    ///
    /// # Errors
    /// As [`Subject::ask`].
    pub fn ask(subject: &mut dyn Subject, program: &Program) -> Result<Self, SubjectError> {
        let marked = Marked::of(program, &Operations::of(program));
        // Whoever fails on the first thing that it is asked is taken for no subject at all.
        subject.ask(&Program::default())?;
        let reply = subject.ask(program)?;
        let mut account = Self::of_reply(subject.name(), &reply);
        if account.plain.is_some() {
            account.marked = trace(&subject.ask(&marked.first(program.ops.len()))?);
        }
        if matches!(reply, Reply::Failed(_)) {
            account.operations = 0;
            for operations in 1..program.ops.len() {
                let first = Program { ops: program.ops[..operations].to_vec(), ..Program::default() };
                let Some(plain) = trace(&subject.ask(&first)?) else { break };
                account.operations = operations;
                account.plain = Some(plain);
            }
            if account.plain.is_some() {
                account.marked = trace(&subject.ask(&marked.first(account.operations))?);
            }
        }
        Ok(account)
    }

    /// What it said to the operations that it got through.
    pub(super) fn trace(&self) -> Option<&Trace> {
        self.plain.as_ref()
    }

    /// What it said to them with marks.
    pub(super) fn marked(&self) -> Option<&Trace> {
        self.marked.as_ref()
    }
}

fn trace(reply: &Reply) -> Option<Trace> {
    match reply {
        Reply::Answer(Answer::Trace(trace)) => Some(trace.clone()),
        _ => None,
    }
}
