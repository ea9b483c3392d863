//! The traces that a real Twisted gave, against the model alone: `.ci/mutants` judges by these tests.

use deferral_model::trace::sort_failures;
use deferral_model::{Answer, Fault, Program, STACK, State, World, run, run_with_fault};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct Stored {
    program: Program,
    trace: Answer,
}

/// Every stored program: a `.json` file is one, each line of a `.jsonl` file is one.
fn stored() -> Vec<Stored> {
    let mut stored = Vec::new();
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus")];
    while let Some(file) = files.pop() {
        if file.is_dir() {
            files.extend(std::fs::read_dir(file).unwrap().map(|entry| entry.unwrap().path()));
        } else if file.extension().is_some_and(|kind| kind == "json" || kind == "jsonl") {
            let text = std::fs::read_to_string(&file).unwrap();
            stored.extend(serde_json::Deserializer::from_str(&text).into_iter().map(Result::unwrap));
        }
    }
    assert!(stored.len() > 800, "{}", stored.len());
    stored
}

/// Runs a test on a thread that has room for the deepest programs.
fn with_stack(test: fn()) {
    let deep = std::thread::Builder::new().stack_size(STACK).spawn(test).unwrap();
    deep.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[test]
fn whole_programs() {
    with_stack(|| {
        for Stored { program, trace } in stored() {
            assert_eq!(run(&program), trace, "{}", program.to_json());
        }
    });
}

/// As the lockstep runs programs: it looks after every operation, and uses a world again.
#[test]
fn step_by_step() {
    with_stack(|| {
        let stored = stored();
        let mut world = World::default();
        for Stored { program, trace } in &stored {
            world.clear();
            assert_eq!((world.slots(), world.circles(), world.held()), (0, 0, 0));
            for op in &program.ops {
                world.step(op);
                world.reclaim();
            }
            let state: Vec<State> = (0..world.slots()).map(|slot| world.state(slot)).collect();
            world.end();
            assert_eq!(world.answer(), *trace, "{}", program.to_json());
            if let Answer::Trace(trace) = trace {
                let mut unhandled = world.unhandled().to_vec();
                sort_failures(&mut unhandled);
                assert_eq!((state, world.undefined()), (trace.state.clone(), None));
                assert_eq!((world.events(), world.ending()), (&trace.events[..], &trace.state[..]));
                assert_eq!((unhandled, world.held()), (trace.unhandled.clone(), 0));
            }
        }
    });
}

/// Faults that traces of so short programs can't show: two need hundreds of links or steps (tests/depth.rs), and one
/// only keeps what nobody asks for (tests/looks.rs).
const ELSEWHERE: [Fault; 3] = [Fault::F19, Fault::F50, Fault::F87];

/// Each decision of the model that has a fault is seen in the stored traces.
#[test]
fn every_fault_is_found() {
    with_stack(|| {
        let stored = stored();
        let found =
            |fault| stored.iter().any(|Stored { program, trace }| run_with_fault(fault, program) != *trace);
        let missed: Vec<Fault> = Fault::ALL.iter().copied().filter(|fault| !found(*fault)).collect();
        assert_eq!(missed, ELSEWHERE);
    });
}

#[test]
fn faults_go_by_their_numbers() {
    for fault in Fault::ALL {
        assert_eq!((fault.id().parse(), fault.to_string()), (Ok(*fault), fault.id().to_owned()));
    }
    assert_eq!("F00".parse::<Fault>().unwrap_err().to_string(), "the model has no fault `F00`");
    assert_eq!(
        [Fault::F01.origin(), Fault::F04.origin()].map(|origin| origin.to_string()),
        ["real", "plausible"]
    );
}
