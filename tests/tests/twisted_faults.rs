//! A real Twisted with a fault is found out by random programs, and without one, written out as the faults
//! know it, it is the same as ever.
//!
//! These need Python and Twisted; `.ci/twisted` runs them.

use deferral_conformance::check::{Jury, Summary};
use deferral_conformance::corpus;
use deferral_conformance::generate::{Operations, Seeded, program};
use deferral_conformance::stack::with_stack;
use deferral_conformance::subject::Reply;
use deferral_conformance::subjects::{named, twisted};
use deferral_model::{Answer, Fault, Op, Program};

/// How many programs a fault may take.
const BUDGET: usize = 100_000;

/// What the model alone can be given: F19 and F87 run out of stack, which is undefined in Python, and what F50 keeps
/// for too long no trace shows.
const BEYOND: [&str; 3] = ["F19", "F50", "F87"];

/// On how many programs Twisted must be the same without a fault.
const WITHOUT_FAULT: usize = 20_000;

/// How many programs are made from one seed.
const OF_A_SEED: usize = 5_000;

/// The most operations that a program has, those inside scripts not counted.
const MAX_OPS: u32 = 20;

/// How many programs are on their way at a time.
const BATCH: usize = 128;

/// Random programs. They seldom use one lock, queue or timeout often enough by themselves, so most of them go
/// on from one that is in use.
fn programs() -> impl Iterator<Item = Program> {
    let of_seed = |seed| {
        let mut choose = Seeded::new(seed);
        std::iter::repeat_with(move || program(&mut choose, Operations::All, MAX_OPS)).take(OF_A_SEED)
    };
    let openings: [Vec<Op>; 4] = [
        vec![],
        vec![Op::Lock {}, Op::Acquire { r: 0 }, Op::Acquire { r: 0 }],
        vec![Op::Queue { size: None, backlog: None }, Op::Get { r: 0 }, Op::Get { r: 0 }],
        vec![Op::New { canceller: None }, Op::Timeout { d: 0, after: 1 }],
    ];
    (1..).flat_map(of_seed).zip(openings.into_iter().cycle()).map(|(mut program, opening)| {
        program.ops.splice(..0, opening);
        program
    })
}

/// How many programs it takes until a trace differs from the model's. What only the faulty one calls undefined
/// doesn't count: that it overflowed or broke down says little.
fn programs_until_found(name: &str) -> Option<usize> {
    let mut faulty = named(name).unwrap();
    assert_eq!(faulty.name(), name);
    let mut programs = programs().take(BUDGET);
    let mut take = || programs.by_ref().take(BATCH).collect::<Vec<_>>();
    let (mut batch, mut done) = (take(), 0);
    faulty.submit(&batch).unwrap();
    while !batch.is_empty() {
        // While the answers to one batch are compared, the next is worked on.
        let next = take();
        faulty.submit(&next).unwrap();
        for (program, reply) in batch.iter().zip(faulty.collect().unwrap()) {
            done += 1;
            let differs = match (deferral_model::run(program), reply) {
                (Answer::Trace(expected), Reply::Answer(Answer::Trace(trace))) => trace != expected,
                _ => false,
            };
            if differs {
                return Some(done);
            }
        }
        batch = next;
    }
    None
}

#[test]
#[ignore = "needs Python and Twisted; .ci/twisted runs it"]
fn every_fault_is_found() {
    let faults = twisted::faults().unwrap();
    let ids: Vec<&str> = faults.iter().map(|(id, _)| id.as_str()).collect();
    let of_model = Fault::ALL.iter().map(|fault| fault.id()).filter(|id| !BEYOND.contains(id));
    assert_eq!(ids, of_model.collect::<Vec<_>>());

    let mut missed = Vec::new();
    println!("| fault | what is wrong | programs until found |");
    println!("|---|---|---|");
    for (id, description) in faults {
        let found = with_stack(|| programs_until_found(&format!("twisted:{id}")));
        let shown = found.map_or_else(|| format!("none of {BUDGET}"), |programs| programs.to_string());
        println!("| {id} | {description} | {shown} |");
        if found.is_none() {
            missed.push(id);
        }
    }
    assert!(missed.is_empty(), "not found in {BUDGET} programs: {missed:?}");
}

/// What the faults go into: Twisted written out plainly, in the place of its own methods.
#[test]
#[ignore = "needs Python and Twisted; .ci/twisted runs it"]
fn without_a_fault_it_is_twisted() {
    let mut summary = Summary::default();
    with_stack(|| {
        let subjects = ["model", "twisted", "twisted:none"].map(|name| named(name).unwrap());
        Jury::new(subjects.into()).check(programs().take(WITHOUT_FAULT), &mut summary, |_| true).unwrap();
    });
    assert!(summary.divergences.is_empty(), "{:#?}", summary.divergences);
    assert_eq!(summary.programs, WITHOUT_FAULT as u64);

    let mut plain = named("twisted:none").unwrap();
    for stored in corpus::read_folder(&corpus::root()).unwrap() {
        let expected = Reply::Answer(stored.case.trace);
        let reply = plain.ask(&stored.case.program).unwrap();
        assert_eq!(reply, expected, "{}, line {}", stored.file.display(), stored.line);
    }
    plain.finish().unwrap();
}

#[test]
#[ignore = "needs Python and Twisted; .ci/twisted runs it"]
fn an_unknown_fault_is_refused() {
    let error = named("twisted:F00").err().expect("there is no such fault").to_string();
    assert!(
        error.starts_with("the subject `twisted:F00` can't be started: there is no such fault"),
        "{error}"
    );
}
