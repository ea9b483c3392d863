//! What the shrinker promises: no simpler program is left that shows the same difference, whoever the subjects are.

use deferral_conformance::check::{Divergence, Jury, Made, Summary};
use deferral_conformance::difference::Kind;
use deferral_conformance::generate::{Operations, Seeded, program};
use deferral_conformance::shrink::agreement::assert_agreement;
use deferral_conformance::shrink::{Search, shrink, weight};
use deferral_conformance::stack::with_stack;
use deferral_conformance::subject::{InProcess, ProgramFailure, Reply, Subject};
use deferral_conformance::subjects::named;
use deferral_conformance::subjects::process::Process;
use deferral_conformance::teeth::{Known, Planted};
use deferral_model::{Answer, Event, Failure, Op, Program, State, Trace, Value};
use std::time::Duration;

mod simpler;
use simpler::simpler;

/// The faults that need hundreds of operations, which `conform teeth` makes small in half a minute.
const LONG: [&str; 1] = ["F19"];

/// Seeds of which the programs are made small.
const SEEDS: [u64; 3] = [101, 102, 103];

/// In how many faults of a hundred the smallest program must be no larger than the smallest that enumeration knows.
const NO_LARGER_PERCENT: usize = 95;

fn faults() -> impl Iterator<Item = Planted> {
    Planted::in_model().filter(|fault| !LONG.contains(&fault.id()))
}

#[test]
fn nothing_simpler_shows_the_same() {
    let (mut left, mut found_simpler) = (Vec::new(), 0);
    with_stack(|| {
        for fault in faults() {
            let found = fault.find(SEEDS[0], 100_000).unwrap().program;
            let kind = fault.difference(&found).unwrap();
            let shows = |simpler: &Program| fault.difference(simpler).as_ref() == Some(&kind);
            found_simpler += usize::from(found.size() < 200 && simpler(&found).iter().any(shows));
            let small = fault.shrink(found, |_| true);
            assert!(small.minimal && shows(&small.program), "{}: {}", fault.id(), small.program.to_json());
            if small.program.to_json().len() > 2_000 {
                continue;
            }
            if let Some(simpler) = simpler(&small.program).into_iter().find(shows) {
                left.push(format!("{}: {}\n  {}", fault.id(), small.program.to_json(), simpler.to_json()));
            }
        }
    });
    assert!(left.is_empty(), "{}", left.join("\n"));
    // The enumeration of what is simpler can find something: it does on nearly every program as it was found.
    assert!(found_simpler > faults().count() * 9 / 10, "{found_simpler}");
}

#[test]
fn the_smallest_are_no_larger_than_what_enumeration_knows() {
    let mut larger = Vec::new();
    let mut known_faults = 0;
    with_stack(|| {
        for fault in faults() {
            let Some(known) = Known::of(fault, 2, 2).fewest() else {
                continue;
            };
            known_faults += 1;
            let sizes = SEEDS.map(|seed| {
                let found = fault.find(seed, 100_000).unwrap().program;
                fault.shrink(found, |_| true).program.size()
            });
            if sizes.iter().all(|size| *size > known) {
                larger.push(format!("{}: {sizes:?}, known {known}", fault.id()));
            }
        }
    });
    assert!(known_faults >= 30, "{known_faults}");
    assert!(larger.len() * 100 <= known_faults * (100 - NO_LARGER_PERCENT), "{larger:?}");
}

#[test]
fn every_candidate_is_a_lighter_program() {
    with_stack(|| {
        let mut choose = Seeded::new(9);
        for number in 0..60 {
            let start = program(&mut choose, Operations::All, 20);
            let mut search = Search::new(start.clone());
            let (mut heaviest, mut tries) = (weight(&start.ops), 0);
            while let Some(candidate) = search.propose() {
                assert!(weight(&candidate.ops) < heaviest, "{}", candidate.to_json());
                assert_eq!(Program::from_json(&candidate.to_json()).unwrap(), candidate);
                tries += 1;
                // Now and then one is taken, so that all sorts of programs are seen.
                if tries % 97 == number {
                    search.accept();
                    heaviest = weight(&candidate.ops);
                    assert_eq!(search.best(), candidate);
                }
            }
            assert!(tries > 0 || start.ops.is_empty());
        }
    });
}

#[test]
fn whatever_fails_ends_as_the_empty_program() {
    with_stack(|| {
        let mut choose = Seeded::new(10);
        for _ in 0..100 {
            let mut search = Search::new(program(&mut choose, Operations::All, 40));
            while search.propose().is_some() {
                search.accept();
            }
            assert_eq!(search.best(), Program::default());
        }
    });
}

/// What a program becomes as long as `shows` holds.
fn shrunk(program: &str, shows: impl Fn(&Program) -> bool) -> String {
    let program = Program::from_json(program).unwrap();
    assert!(shows(&program));
    let shows = |program: &Program| Ok::<_, std::convert::Infallible>(shows(program));
    shrink(program, shows, |_| true).unwrap().program.to_json()
}

fn named_slot(ops: &[Op], name: &str) -> Option<usize> {
    ops.iter().find(|op| op.name() == name).and_then(Op::slot)
}

fn count(program: &Program, name: &str) -> usize {
    program.ops.iter().filter(|op| op.name() == name).count()
}

#[test]
fn each_kind_of_edit_does_its_part() {
    // All uses of a Deferred go over to another at once.
    let merged =
        shrunk(r#"{"ops":[{"op":"new"},{"op":"new"},{"op":"pause","d":1},{"op":"cancel","d":1}]}"#, |p| {
            let slot = named_slot(&p.ops, "pause");
            count(p, "new") == 2 && slot.is_some() && slot == named_slot(&p.ops, "cancel")
        });
    let expected = r#"{"ops":[{"op":"new"},{"op":"new"},{"op":"pause","d":0},{"op":"cancel","d":0}]}"#;
    assert_eq!(merged, expected);

    // Where a Deferred or a resource is gone, the others move up.
    let closed = shrunk(r#"{"ops":[{"op":"new"},{"op":"new"},{"op":"cancel","d":1}]}"#, |p| {
        named_slot(&p.ops, "cancel").is_some_and(|slot| slot + 1 == count(p, "new"))
    });
    assert_eq!(closed, r#"{"ops":[{"op":"new"},{"op":"cancel","d":0}]}"#);
    let locks = r#"{"op":"lock"},"#.repeat(15);
    let closed = shrunk(&format!(r#"{{"ops":[{locks}{{"op":"queue"}},{{"op":"get","r":15}}]}}"#), |p| {
        let queue = p.ops.iter().position(|op| op.name() == "queue");
        let get = p.ops.iter().find_map(|op| match op {
            Op::Get { r } => Some(*r),
            _ => None,
        });
        queue.is_some() && queue == get
    });
    assert_eq!(closed, r#"{"ops":[{"op":"queue"},{"op":"get","r":0}]}"#);

    // What scripts do comes out of them, with or without what carries the script; what is left is numbered anew.
    let deep = r#"{"ops":[{"op":"maybe","call":{"id":7,"ops":[{"op":"add_errback","d":0,"eb":{"id":9,"ops":[{"op":"probe","d":0}]}}]}}]}"#;
    let has = |p: &Program, name: &str| {
        let mut has = false;
        p.walk(&mut |op, _| has |= op.name() == name);
        has
    };
    assert_eq!(shrunk(deep, |p| has(p, "probe")), r#"{"ops":[{"op":"probe","d":0}]}"#);
    let both = shrunk(deep, |p| has(p, "probe") && has(p, "add_errback"));
    assert_eq!(both, r#"{"ops":[{"op":"probe","d":0},{"op":"add_errback","d":0,"eb":{"id":1}}]}"#);

    // A Deferred that is fired is made with its result.
    let many = r#"{"op":"probe","d":0},"#.repeat(20);
    let fired = format!(r#"{{"ops":[{{"op":"new"}},{many}{{"op":"callback","d":0,"value":5}}]}}"#);
    let fired = shrunk(&fired, |p| match deferral_model::run(p) {
        Answer::Trace(trace) => count(p, "probe") == 20 && trace.state == [State::Value(Value::Int(5))],
        Answer::Undefined { .. } => false,
    });
    let expected = format!(r#"{{"ops":[{{"op":"succeed","value":5}},{many}"#);
    assert_eq!(fired, expected.trim_end_matches(',').to_owned() + "]}");

    // Numbers go down to the least that does it.
    let number = shrunk(r#"{"ops":[{"op":"timeout","d":0,"after":9000000000}]}"#, |p| {
        p.ops.iter().any(|op| matches!(op, Op::Timeout { after, .. } if *after > 1_000))
    });
    assert_eq!(number, r#"{"ops":[{"op":"timeout","d":0,"after":1001}]}"#);
    let steps = r#"{"await":0,"catch":true},"#.repeat(30);
    let coroutine = format!(r#"{{"ops":[{{"op":"coroutine","id":3,"steps":[{steps}{{}}]}}]}}"#);
    let coroutine = shrunk(&coroutine, |p| {
        p.ops.iter().any(|op| matches!(op, Op::Coroutine { steps, .. } if steps.len() > 2))
    });
    assert_eq!(coroutine, r#"{"ops":[{"op":"coroutine","id":1,"steps":[{},{},{}]}]}"#);
}

/// The trace of the model, with a change.
fn changed(change: fn(&Program, &mut Trace)) -> Box<dyn Subject> {
    Box::new(InProcess::new("changed", move |program| {
        let mut answer = deferral_model::run(program);
        if let Answer::Trace(trace) = &mut answer {
            change(program, trace);
        }
        answer
    }))
}

fn random(seed: u64, count: usize) -> impl Iterator<Item = Program> {
    let mut choose = Seeded::new(seed);
    std::iter::repeat_with(move || program(&mut choose, Operations::All, 30)).take(count)
}

/// Two things are wrong with this subject. One shows on a program of one operation; what was found by the other
/// must not end as that.
#[test]
fn another_fault_that_is_easier_to_show_is_not_taken_for_it() {
    let two_faults = changed(|program, trace| {
        let count = |name: &str| program.ops.iter().filter(|op| op.name() == name).count();
        if count("cancel") >= 2 {
            trace.events.push(Event::SelfReturn { self_return: 0 });
        } else if count("new") >= 1 {
            trace.unhandled.push(Failure::Panic);
        }
    });
    let mut jury = Jury::new(vec![two_faults, named("model").unwrap()]);
    let mut summary = Summary::default();
    let programs: Vec<Program> = random(3, 400).collect();
    jury.check(programs.iter().cloned(), &mut summary, |_| true).unwrap();
    let mut seen = [0, 0];
    for found in &summary.divergences {
        assert_eq!(found.made, Made::Small);
        let cancels = programs[found.number as usize].ops.iter().filter(|op| op.name() == "cancel").count();
        let expected: &[&str] = if cancels >= 2 { &["cancel", "cancel"] } else { &["new"] };
        let names: Vec<&str> = found.program.ops.iter().map(Op::name).collect();
        assert_eq!(names, expected);
        seen[usize::from(cancels >= 2)] += 1;
    }
    assert!(seen.iter().all(|times| *times > 1), "{seen:?}");
}

/// A subject that answers by the model, but does this on every program with a `race`.
fn process(on_race: &str) -> Process {
    let model = format!("'{}' run --subject model", env!("CARGO_BIN_EXE_conform"));
    let command = format!(
        r#"while read -r line; do case "$line" in *'"race"'*) {on_race};; esac; printf '%s\n' "$line" | {model}; done"#
    );
    Process::start("process", &command).unwrap().with_patience(Duration::from_secs(1))
}

fn made_small(process: Process, programs: impl Iterator<Item = Program>) -> Vec<Divergence> {
    let mut jury = Jury::new(vec![Box::new(process) as Box<dyn Subject>, named("model").unwrap()]);
    // The first can be answered by anybody.
    let programs = std::iter::once(Program::default()).chain(programs);
    let mut summary = Summary::default();
    jury.check(programs, &mut summary, |_| true).unwrap();
    summary.divergences
}

const SMALLEST: &str = r#"{"ops":[{"op":"race","ds":[]}]}"#;

#[test]
fn a_process_that_crashes_is_started_again_until_its_program_is_small() {
    let races = |program: &Program| program.to_json().contains(r#""race""#);
    let small = made_small(process("exit 3"), random(4, 2_000).filter(races).take(2));
    assert_eq!(small.len(), 2);
    for found in small {
        assert_eq!((found.made, found.program.to_json().as_str()), (Made::Small, SMALLEST));
        let Reply::Failed(failure) = &found.replies[0].1 else { panic!("{found:?}") };
        assert_eq!(failure.to_string(), "it crashed (exit status: 3)");
    }
}

/// Each try that hangs is waited for, so this one begins with a small program.
#[test]
fn a_process_that_hangs_is_started_again_until_its_program_is_small() {
    let program = r#"{"ops":[{"op":"new"},{"op":"race","ds":[0]}]}"#;
    let program = Program::from_json(program).unwrap();
    let small = made_small(process("exec sleep 1000"), std::iter::once(program));
    let [found] = small.as_slice() else { panic!("{small:?}") };
    assert!(matches!(found.replies[0].1, Reply::Failed(ProgramFailure::Hung(_))), "{found:?}");
    assert_eq!((found.made, found.program.to_json().as_str()), (Made::Small, SMALLEST));
}

/// Asked again, it answers.
#[test]
fn what_differs_only_once_is_shown_as_it_was_found() {
    let asked = std::cell::Cell::new(0);
    let lies_once = InProcess::new("lies once", move |program| {
        let mut answer = deferral_model::run(program);
        asked.set(asked.get() + 1);
        if let (7, Answer::Trace(trace)) = (asked.get(), &mut answer) {
            trace.state.clear();
        }
        answer
    });
    let mut jury = Jury::new(vec![Box::new(lies_once), named("model").unwrap()]);
    let mut summary = Summary::default();
    let programs: Vec<Program> = random(5, 20).collect();
    jury.check(programs.clone().into_iter(), &mut summary, |_| true).unwrap();
    let [found] = summary.divergences.as_slice() else { panic!("{:?}", summary.divergences) };
    assert_eq!((found.made, &found.program), (Made::AsFound, &programs[6]));
    assert!(found.replies.iter().any(|(name, _)| name == "again: lies once"), "{:?}", found.replies);
}

/// The shrinker is told to stop at once: the program stays as it was found.
#[test]
fn an_interrupt_ends_it_with_what_there_is() {
    let lies = changed(|_, trace| trace.state.clear());
    let mut jury = Jury::new(vec![lies, named("model").unwrap()]).shrinking_while(|_| false);
    let mut summary = Summary::default();
    let programs: Vec<Program> = random(6, 1).collect();
    jury.check(programs.clone().into_iter(), &mut summary, |_| true).unwrap();
    assert_eq!(summary.divergences[0].made, Made::Smaller);
    assert_eq!(summary.divergences[0].program, programs[0]);
}

#[test]
fn what_agrees_is_no_failure_of_a_fuzzer() {
    random(7, 20).for_each(|program| assert_agreement(&program));
}

#[test]
fn kinds_tell_meanings_apart_and_not_places() {
    let state = |fault: &str, text: &str| -> Option<Kind> {
        let fault = Planted::in_model().find(|planted| planted.id() == fault).unwrap();
        fault.difference(&Program::from_json(text).unwrap())
    };
    let on_slot_0 =
        r#"{"ops":[{"op":"new"},{"op":"callback","d":0,"value":1},{"op":"callback","d":0,"value":2}]}"#;
    let on_slot_1 = r#"{"ops":[{"op":"new"},{"op":"new"},{"op":"callback","d":1,"value":5},{"op":"callback","d":1,"value":7}]}"#;
    assert!(state("F08", on_slot_0).is_some());
    assert_eq!(state("F08", on_slot_0), state("F08", on_slot_1));
    assert_ne!(state("F08", on_slot_0), state("F09", on_slot_0));
}
