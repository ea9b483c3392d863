//! The conformance suite: programs a second of the model, the engine, and both in lockstep; and how long it takes to
//! make a program small.

use crate::case::{Case, Routine};
use deferral_conformance::digest::Digest;
use deferral_conformance::enumerate::{Enumeration, InLockstep, core};
use deferral_conformance::generate::{Operations, stream};
use deferral_conformance::lockstep::{Verdict, model_and_engine};
use deferral_conformance::stack::with_stack;
use deferral_conformance::subjects::engine;
use deferral_conformance::teeth::Planted;
use deferral_model::{Answer, Coverage, Fault, Program, run};
use std::sync::Arc;
use std::time::Instant;

/// The seed of the programs: any other would do, but then times could not be compared.
const SEED: u64 = 20;

/// How many generated programs a run has, and the operations of each.
const PROGRAMS: usize = 200;
const OPERATIONS: usize = 20;

/// The operations of the program that is made small, and the fault that it shows: pauses aren't counted.
const LARGE: usize = 60;
const FAULT: Planted = Planted::Model(Fault::F31);

/// The digest of all programs of up to 3 operations of the core, as `tests/corpus/digests.txt` has it.
const DIGEST: &str = "3a17dd0da759e8f2fa42e88e41ac1a9b";

/// An element is a program.
pub(super) fn cases() -> Vec<Case> {
    let programs: Arc<[(Program, Answer)]> =
        with_stack(|| generated().map(|program| (program.clone(), run(&program))).collect());
    let all = Arc::new(Enumeration::new(&core(), 3));
    let count = all.count();
    let large = with_stack(large);
    vec![
        Case::new("suite", format!("generated-{OPERATIONS}-operations"), PROGRAMS as u64)
            .with("model", each(&programs, model))
            .with("engine", each(&programs, engine))
            .with("lockstep", each(&programs, lockstep(Coverage::default()))),
        Case::new("suite", "enumerated-3-operations", count)
            .with("lockstep", on_deep_stack(move || enumerate(&all))),
        Case::new("suite", format!("shrink-{LARGE}-operations"), 1)
            .with("lockstep", on_deep_stack(move || shrink(&large))),
    ]
}

fn model(program: &Program, wanted: &Answer) {
    assert_eq!(run(program), *wanted);
}

fn engine(program: &Program, wanted: &Answer) {
    let answer = engine::run(program);
    assert!(matches!(wanted, Answer::Undefined { .. }) || answer == *wanted, "{}", program.to_json());
}

/// As `conform check` runs it: what was met is counted over all programs.
fn lockstep(mut coverage: Coverage) -> impl FnMut(&Program, &Answer) + Send {
    move |program, wanted| {
        let defined = matches!(wanted, Answer::Trace(_));
        let verdict = model_and_engine(program, &mut coverage);
        assert_eq!(verdict == Verdict::Conforms, defined, "{}", program.to_json());
    }
}

/// A run of all programs, each of which is checked.
fn each(
    programs: &Arc<[(Program, Answer)]>,
    mut check: impl FnMut(&Program, &Answer) + Send + 'static,
) -> Routine {
    let programs = Arc::clone(programs);
    on_deep_stack(move || programs.iter().for_each(|(program, wanted)| check(program, wanted)))
}

/// Random programs of just so many operations, those inside scripts not counted.
fn generated() -> impl Iterator<Item = Program> {
    let programs = stream(SEED, Operations::All, OPERATIONS as u32, 0);
    programs.filter(|program| program.ops.len() == OPERATIONS).take(PROGRAMS)
}

/// The first program of so many operations that shows the fault.
fn large() -> Program {
    let mut programs = stream(SEED, Operations::All, LARGE as u32, 0);
    let shows = |program: &Program| program.ops.len() == LARGE && FAULT.difference(program).is_some();
    programs.find(shows).expect("there are always more programs")
}

fn shrink(program: &Program) {
    let small = FAULT.shrink(program.clone(), |_| true);
    assert!(small.minimal && small.program.ops.len() < 10, "{}", small.program.to_json());
}

fn enumerate(all: &Enumeration) {
    let mut lockstep = InLockstep::new(all);
    let mut digest = Digest::default();
    for number in 0..all.count() {
        let verdict = lockstep.run(number, &mut digest);
        assert!(!matches!(verdict, Verdict::Diverges(_)), "program {number}");
    }
    assert_eq!(digest.to_string(), DIGEST);
}

/// All of a run is measured, on a thread with the stack that nested callbacks may need.
fn on_deep_stack(mut run: impl FnMut() + Send + 'static) -> Routine {
    Box::new(move |times| {
        with_stack(|| {
            let started = Instant::now();
            for _ in 0..times {
                run();
            }
            started.elapsed()
        })
    })
}
