//! The suite as one line in a test of another project.

use crate::check::{Jury, Summary};
use crate::corpus;
use crate::generate::{LONG_EVERY, Operations, stream};
use crate::report::Report;
use crate::stack::with_stack;
use crate::subject::{InProcess, Subject};
use deferral_model::Program;

/// The seed of the random programs: the same in every run, so that what is green stays green.
const SEED: u64 = 1;

/// How many random programs a subject is asked about.
const RANDOM: usize = 20_000;

/// Holds a subject to the model: on the stored programs of all clauses, and on 20,000 random ones. Operations that the
/// subject says it lacks are left out; how many programs that were is printed.
///
/// The subject is made by the function, on a thread with a stack for the deepest programs.
///
/// ```
/// use deferral_conformance::subject::InProcess;
///
/// deferral_conformance::check(|| InProcess::new("mine", |program| {
///     // Your own Deferred would run the program here.
///     deferral_model::run(program)
/// }));
/// ```
///
/// One in another language is a command that speaks the wire protocol:
/// `deferral_conformance::check(|| subjects::named("node my_deferred.js").unwrap())`.
///
/// # Panics
/// When the subject differs from the model: with the first program, made small, both traces and the clauses that speak
/// about it. When it can't be asked, when nothing could be compared, or when the stored programs can't be read.
pub fn check<S: Subject + 'static>(subject: impl FnOnce() -> S + Send) {
    with_stack(|| {
        let stored =
            corpus::read_folder(&corpus::root().join("clauses")).expect("the stored programs are there");
        let random = stream(SEED, Operations::All, 20, LONG_EVERY).take(RANDOM);
        hold(subject(), stored.into_iter().map(|stored| stored.case.program).chain(random));
    });
}

/// Compares a subject with the model.
fn hold(subject: impl Subject + 'static, programs: impl Iterator<Item = Program>) {
    let name = subject.name().to_owned();
    let model = InProcess::new("model", deferral_model::run);
    let mut summary = Summary::default();
    let ended = Jury::new(vec![Box::new(subject), Box::new(model)]).check(programs, &mut summary, |_| true);
    if let Some(divergence) = summary.divergences.first() {
        panic!("`{name}` isn't what a Deferred is:\n\n{}", Report::of(divergence).text());
    }
    if let Err(error) = ended {
        panic!("{error}");
    }
    assert!(summary.compared > 0, "`{name}` lacks something in every program: nothing was compared");
    let left_out: u64 = summary.left_out.values().map(|(programs, _)| programs).sum();
    println!("{} programs compared, {left_out} left out", summary.compared);
}
