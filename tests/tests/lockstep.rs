//! The stored programs and a fixed number of random ones: model and engine in lockstep. That sees more than traces do:
//! reports, what is held, what is left.

use deferral_conformance::corpus::{Stored, read_folder, root};
use deferral_conformance::generate::{Operations, Seeded, program};
use deferral_conformance::lockstep::{Verdict, model_and_engine};
use deferral_conformance::stack::with_stack;
use deferral_model::{Coverage, Program};

fn conforms(program: &Program) -> bool {
    match model_and_engine(program, &mut Coverage::without_clauses()) {
        Verdict::Conforms => true,
        Verdict::Undefined(_) => false,
        Verdict::Diverges(divergence) => panic!("{}\n{divergence:?}", program.to_json()),
    }
}

#[test]
fn stored_programs() {
    with_stack(|| {
        for folder in ["samples", "clauses", "regressions"] {
            let stored = read_folder(&root().join(folder)).unwrap();
            let compared = stored.iter().filter(|Stored { case, .. }| conforms(&case.program)).count();
            assert!(compared > stored.len() / 2, "{folder}: {compared} of {}", stored.len());
        }
    });
}

fn random(operations: Operations) {
    const PROGRAMS: usize = 10_000;
    let mut choose = Seeded::new(2);
    let compared = (0..PROGRAMS).filter(|_| conforms(&program(&mut choose, operations, 25))).count();
    assert!(compared > PROGRAMS * 9 / 10, "{compared} of {PROGRAMS}");
}

#[test]
fn random_programs_of_the_core() {
    random(Operations::Core);
}

#[test]
fn random_programs_of_everything() {
    random(Operations::All);
}
