//! Model and engine, whose differences property tests and fuzzers look for.

use super::shrink;
use crate::difference::Kind;
use crate::lockstep::{Verdict, model_and_engine};
use crate::report::Report;
use anstream::adapter::strip_str;
use deferral_model::{Coverage, Program};
use std::convert::Infallible;
use std::panic::{set_hook, take_hook};

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
/// # Panics
/// When they don't agree, with a small program on which they differ in the same way.
pub fn assert_agreement(program: &Program) {
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let small = difference(program).map(|kind| {
        let same = |simpler: &Program| Ok::<_, Infallible>(difference(simpler).as_ref() == Some(&kind));
        let Ok(small) = shrink(program.clone(), same, |_| true);
        report(&small.program)
    });
    set_hook(hook);
    if let Some(report) = small {
        panic!("{report}");
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
