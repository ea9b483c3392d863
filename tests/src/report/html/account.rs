//! What a subject said to a program, and what it says when it is asked more closely.

use super::marks::{Item, Marked};
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
    /// How many operations it is known to have got through.
    pub(super) operations: usize,
    /// What it said to these.
    pub(super) trace: Option<Trace>,
    /// What it did in these, as marks show it.
    pub(super) items: Option<Vec<Item>>,
}

impl Account {
    /// What a subject said, when it can't be asked any more.
    #[must_use]
    pub fn of_reply(name: &str, reply: &Reply) -> Self {
        let trace = trace(reply);
        Self { name: name.to_owned(), reply: reply.clone(), operations: 0, trace, items: None }
    }

    /// Asks a subject about a program, and then more closely. Where it fails, it is asked how far it gets.
    ///
    /// # Errors
    /// As [`Subject::ask`].
    pub fn ask(subject: &mut dyn Subject, program: &Program) -> Result<Self, SubjectError> {
        let first = |operations| Program { ops: program.ops[..operations].to_vec(), ..Program::default() };
        // Whoever fails on the first thing that it is asked is taken for no subject at all.
        subject.ask(&first(0))?;
        let reply = subject.ask(program)?;
        let mut account = Self::of_reply(subject.name(), &reply);
        match account.reply {
            Reply::Answer(_) | Reply::Lacks(_) => account.operations = program.ops.len(),
            Reply::Failed(_) => {
                for operations in 1..program.ops.len() {
                    let Some(said) = trace(&subject.ask(&first(operations))?) else { break };
                    account.operations = operations;
                    account.trace = Some(said);
                }
            }
        }
        if let Some(said) = &account.trace {
            let marked = Marked::of(program, &Operations::of(program));
            let ask = |program: &Program| Ok(trace(&subject.ask(program)?));
            account.items = marked.ask(account.operations, said, ask)?;
        }
        Ok(account)
    }
}

fn trace(reply: &Reply) -> Option<Trace> {
    match reply {
        Reply::Answer(Answer::Trace(trace)) => Some(trace.clone()),
        _ => None,
    }
}
