//! The lockstep is an oracle: it decides whether two subjects differ on a program.
//!
//! It runs both inside this process, one operation at a time, compares everything that can be seen after
//! each, and stops at the first difference. At the end all handles are let go, what was reported then is
//! compared, and nothing may be left that was made.

use crate::subject::{Execution, Observation};
use crate::subjects::engine::Engine;
use crate::subjects::model::Model;
use deferral::Panicked;
use deferral_model::{Coverage, Op, Program};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many times a program is looked at, at the most, not counting the end: to look at thousands of Deferreds
/// after each of thousands of operations would take too long.
const LOOKS: usize = 100;

/// What the lockstep of two subjects gave.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They agree.
    Conforms,
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
    /// This.
    Observed(Observation),
    /// So many Deferreds, callbacks and cancellers were left when all handles were let go.
    Left(usize),
    /// Nothing was asked of it any more.
    Nothing,
    /// The program's run panicked, in the subject or around it.
    Panicked(String),
}

/// What was seen last of the two subjects; it is kept for the next program, to use the memory again.
#[derive(Default)]
pub struct Looks {
    left: Observation,
    right: Observation,
}

/// Runs a program on the model and the engine, and adds to `coverage` what it met.
pub fn model_and_engine(program: &Program, coverage: &mut Coverage) -> Verdict {
    let mut model = Model::new(None, std::mem::take(coverage));
    let verdict = caught(|| lockstep(&program.ops, &mut model, &mut Engine::default()));
    *coverage = model.take_coverage();
    verdict
}

/// Runs a program on two subjects.
pub fn lockstep<'p>(ops: &'p [Op], left: &mut impl Execution<'p>, right: &mut impl Execution<'p>) -> Verdict {
    let every = ops.len().div_ceil(LOOKS).max(1);
    let looks = |at: usize| (at + 1).is_multiple_of(every) || at + 1 == ops.len();
    step_by_step(ops, looks, left, right, &mut Looks::default())
}

/// As [`lockstep`], but looks at both only after the last operation and when all handles are let go.
pub fn at_the_end<'p>(
    ops: &'p [Op],
    left: &mut impl Execution<'p>,
    right: &mut impl Execution<'p>,
) -> Verdict {
    step_by_step(ops, |at| at + 1 == ops.len(), left, right, &mut Looks::default())
}

/// Runs operations on two subjects, and looks at both after those that are asked for.
pub fn step_by_step<'p>(
    ops: impl IntoIterator<Item = &'p Op>,
    looks: impl Fn(usize) -> bool,
    left: &mut impl Execution<'p>,
    right: &mut impl Execution<'p>,
    seen: &mut Looks,
) -> Verdict {
    for (at, op) in ops.into_iter().enumerate() {
        left.step(op);
        right.step(op);
        if let Some(why) = left.undefined().or(right.undefined()) {
            return Verdict::Undefined(why.to_owned());
        }
        if looks(at) && seen.differ(left, right) {
            return seen.divergence(Some(at));
        }
    }
    left.end();
    right.end();
    if let Some(why) = left.undefined().or(right.undefined()) {
        return Verdict::Undefined(why.to_owned());
    }
    if seen.differ(left, right) {
        return seen.divergence(None);
    }
    match (left.leaked(), right.leaked()) {
        (0, 0) => Verdict::Conforms,
        (here, there) => differ(None, Seen::Left(here), Seen::Left(there)),
    }
}

impl Looks {
    fn differ<'p>(&mut self, left: &mut impl Execution<'p>, right: &mut impl Execution<'p>) -> bool {
        left.observe(&mut self.left);
        right.observe(&mut self.right);
        self.left != self.right
    }

    fn divergence(&self, after: Option<usize>) -> Verdict {
        differ(after, Seen::Observed(self.left.clone()), Seen::Observed(self.right.clone()))
    }
}

fn differ(after: Option<usize>, left: Seen, right: Seen) -> Verdict {
    Verdict::Diverges(Box::new(Divergence { after, left, right }))
}

/// A panic on the way is a difference too.
pub(crate) fn caught(run: impl FnOnce() -> Verdict) -> Verdict {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let said = Panicked::from(panic);
        differ(None, Seen::Nothing, Seen::Panicked(said.message().unwrap_or("no message").to_owned()))
    })
}

/// Runs a program on the model alone, and adds to `coverage` what it met.
pub fn alone(program: &Program, coverage: &mut Coverage) -> Verdict {
    let mut model = Model::new(None, std::mem::take(coverage));
    let mut seen = Observation::default();
    for op in &program.ops {
        model.step(op);
        // It reclaims, which is counted too.
        model.observe(&mut seen);
    }
    model.end();
    *coverage = model.take_coverage();
    match model.undefined() {
        Some(why) => Verdict::Undefined(why.to_owned()),
        None => Verdict::Conforms,
    }
}
