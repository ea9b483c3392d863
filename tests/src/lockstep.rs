//! The lockstep is an oracle: it decides whether two subjects differ on a program.
//!
//! It runs both inside this process, one operation at a time, compares everything that can be seen after
//! each, and stops at the first difference. At the end all handles are let go and the whole traces are
//! compared, with what was reported then; and nothing may be left that was made.

use crate::subject::{Execution, Observation};
use crate::subjects::engine::Engine;
use crate::subjects::model::Model;
use deferral::Panicked;
use deferral_model::{Answer, Coverage, Program};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the lockstep of two subjects gave.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They agree, on this trace.
    Conforms(Answer),
    /// The program is undefined for one of them, for this reason: nothing is compared from there on.
    Undefined(String),
    /// They differ.
    Diverges(Box<Divergence>),
}

/// The first difference between two subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The top-level operation after which they differed; `None` when it was after the last, when all
    /// handles were let go.
    pub after: Option<usize>,
    /// What the first subject showed.
    pub left: Seen,
    /// What the second subject showed.
    pub right: Seen,
}

/// What a subject showed at the first difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// After an operation.
    Step(Observation),
    /// At the end.
    End(Answer),
    /// So many Deferreds, callbacks and cancellers were left when all handles were let go.
    Left(usize),
    /// Nothing was asked of it any more.
    Nothing,
    /// The program's run panicked, in the subject or around it.
    Panicked(String),
}

/// Runs a program on the model and the engine, and adds to `coverage` what it met.
pub fn model_and_engine(program: &Program, coverage: &mut Coverage) -> Verdict {
    let mut model = Model::default();
    let run = || lockstep(program, &mut model, &mut Engine::default());
    let verdict = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let said = Panicked::from(panic);
        differ(None, Seen::Nothing, Seen::Panicked(said.message().unwrap_or("no message").to_owned()))
    });
    coverage.add(model.world().coverage());
    verdict
}

/// Runs a program on two subjects.
pub fn lockstep<'p>(
    program: &'p Program,
    left: &mut impl Execution<'p>,
    right: &mut impl Execution<'p>,
) -> Verdict {
    for (at, op) in program.ops.iter().enumerate() {
        left.step(op);
        right.step(op);
        if let Some(why) = left.undefined().or(right.undefined()) {
            return Verdict::Undefined(why.to_owned());
        }
        let (here, there) = (left.observe(), right.observe());
        if here != there {
            return differ(Some(at), Seen::Step(here), Seen::Step(there));
        }
    }
    let (here, there) = (left.finish(), right.finish());
    match (here, there) {
        (Answer::Undefined { undefined }, _) | (_, Answer::Undefined { undefined }) => {
            Verdict::Undefined(undefined)
        }
        (here, there) if here == there => match (left.leaked(), right.leaked()) {
            (0, 0) => Verdict::Conforms(here),
            (here, there) => differ(None, Seen::Left(here), Seen::Left(there)),
        },
        (here, there) => differ(None, Seen::End(here), Seen::End(there)),
    }
}

fn differ(after: Option<usize>, left: Seen, right: Seen) -> Verdict {
    Verdict::Diverges(Box::new(Divergence { after, left, right }))
}

/// Runs a program on the model alone, and adds to `coverage` what it met.
pub fn alone(program: &Program, coverage: &mut Coverage) -> Verdict {
    let mut model = Model::default();
    program.ops.iter().for_each(|op| model.step(op));
    coverage.add(model.world().coverage());
    match model.undefined() {
        Some(why) => Verdict::Undefined(why.to_owned()),
        None => Verdict::Conforms(model.finish()),
    }
}
