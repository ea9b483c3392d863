//! Model and engine, whose differences property tests and fuzzers look for.

use super::shrink;
use crate::difference::Kind;
use crate::lockstep::{Looks, Verdict, caught, model_and_engine, step_by_step};
use crate::report::{Report, write};
use crate::subjects::engine::Engine;
use crate::subjects::model::Model;
use anstream::adapter::strip_str;
use deferral_model::{Coverage, Program};
use std::cell::Cell;
use std::convert::Infallible;
use std::mem::ManuallyDrop;
use std::panic::{set_hook, take_hook};

/// An engine, and what is seen: used again for the next program.
type Used = ManuallyDrop<(Engine, Looks)>;

thread_local! {
    /// It isn't dropped when the thread ends: what the engine has of its own for a thread is gone by then.
    static USED: Cell<Option<Used>> = const { Cell::new(None) };
}

/// How model and engine differ on a program, if they do.
#[must_use]
pub fn difference(program: &Program) -> Option<Kind> {
    match model_and_engine(program, &mut Coverage::without_clauses()) {
        Verdict::Diverges(divergence) => Some(Kind::of_lockstep(&divergence)),
        Verdict::Conforms | Verdict::Undefined(_) => None,
    }
}

/// Makes sure that model and engine agree on a program, in a fuzzer: panics are silenced for the whole process
/// meanwhile, for a fuzzer ends at the first one, and a subject's own is only a difference.
///
/// The engine is used again for the next program of this thread, on which no other may be in use meanwhile.
///
/// # Panics
/// When they don't agree, with a small program on which they differ in the same way; the folder of its report is
/// written.
pub fn assert_agreement(program: &Program) {
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let told = (!agree(program)).then(|| tell(program));
    set_hook(hook);
    if let Some(told) = told {
        panic!("{told}");
    }
}

/// Whether model and engine agree on a program, in memory that is used again.
fn agree(program: &Program) -> bool {
    let mut used = USED.take().unwrap_or_default();
    let verdict = caught(|| {
        let (engine, looks) = &mut *used;
        let mut model = Model::new(None, Coverage::without_clauses());
        let verdict = step_by_step(&program.ops, |_| true, &mut model, engine, looks);
        engine.clear();
        verdict
    });
    let agree = !matches!(verdict, Verdict::Diverges(_));
    // Of an engine that differed nothing is known, not even whether it can be dropped: it is left as it is.
    if agree {
        USED.set(Some(used));
    }
    agree
}

/// What is told of a program on which model and engine differed: of a small one that differs in the same way.
fn tell(program: &Program) -> String {
    let Some(kind) = difference(program) else {
        return format!("they differ, but only after other programs, on {}", program.to_json());
    };
    let same = |simpler: &Program| Ok::<_, Infallible>(difference(simpler).as_ref() == Some(&kind));
    let Ok(small) = shrink(program.clone(), same, |_| true);
    match model_and_engine(&small.program, &mut Coverage::without_clauses()) {
        Verdict::Diverges(divergence) => {
            let report = Report::of_lockstep(&small.program, *divergence);
            let files = write(&report).unwrap_or_else(|error| format!("{error}\n"));
            format!("{}\n{files}{}", strip_str(&report.text()), small.program.to_json())
        }
        Verdict::Conforms | Verdict::Undefined(_) => report(&small.program),
    }
}

/// What is told of a program on which they differ, or of one on which they don't, any more.
#[must_use]
pub fn report(program: &Program) -> String {
    match model_and_engine(program, &mut Coverage::without_clauses()) {
        Verdict::Diverges(divergence) => {
            let report = Report::of_lockstep(program, *divergence);
            format!("{}\n{}", strip_str(&report.text()), program.to_json())
        }
        Verdict::Conforms | Verdict::Undefined(_) => format!("they agree on {}", program.to_json()),
    }
}
