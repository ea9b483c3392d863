//! Deep and long programs: waiting has no limit, and where firing recurses a thousand levels work.

use deferral_model::{
    Answer, Fault, MAX_DEPTH, Op, Outcome, Program, Return, STACK, Script, State, Trace, Value, run,
    run_with_fault, trace::Event,
};
use std::sync::Arc;

/// Runs on a thread that has room for the deepest programs.
fn deep<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let deep = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).unwrap();
        deep.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn traced(program: &Program) -> Trace {
    match deep(|| run(program)) {
        Answer::Trace(trace) => trace,
        Answer::Undefined { undefined } => panic!("undefined: {undefined}"),
    }
}

fn parse(text: &str) -> Vec<Op> {
    Program::from_json(&format!(r#"{{"ops":[{text}]}}"#)).unwrap().ops
}

fn int(value: usize) -> Value {
    Value::Int(i64::try_from(value).unwrap())
}

/// New Deferreds, one more than there are levels; then for each level an operation; then the last ones.
fn levels(levels: usize, each: impl Fn(usize) -> Op, last: &str) -> Program {
    let mut ops = vec![Op::New { canceller: None }; levels + 1];
    ops.extend((0..levels).map(each));
    ops.extend(parse(last));
    Program { ops, ..Program::default() }
}

fn calls(d: usize, ops: Vec<Op>, ret: Return) -> Op {
    Op::AddCallback { d, cb: Arc::new(Script { id: i64::try_from(d).unwrap(), ops, ret }) }
}

/// Each Deferred's callback fires the next one.
fn firing(depth: usize) -> Program {
    let fires = |d| calls(d, vec![Op::Callback { d: d + 1, value: int(d + 1) }], Return::Arg);
    levels(depth, fires, r#"{"op":"callback","d":0,"value":0}"#)
}

/// Each Deferred is chained to the next one.
fn chained(depth: usize) -> Program {
    levels(depth, |d| Op::Chain { d, to: d + 1 }, r#"{"op":"callback","d":0,"value":7}"#)
}

/// Each Deferred waits for the next one; then come the last operations.
fn waiting(links: usize, last: &str) -> Program {
    let mut program = levels(links, |d| calls(d, Vec::new(), Return::Wait(d + 1)), "");
    program.ops.extend((0..links).map(|d| Op::Callback { d, value: int(d) }));
    program.ops.extend(parse(last));
    program
}

#[test]
fn a_thousand_levels_work() {
    let trace = traced(&firing(1_000));
    assert_eq!(trace.events.len(), 1_000);
    assert_eq!(trace.state, (0..=1_000).map(|d| State::Value(int(d))).collect::<Vec<_>>());

    let mut state = vec![State::Value(Value::Null); 1_000];
    state.push(State::Value(int(7)));
    assert_eq!(traced(&chained(1_000)), Trace { state, ..Trace::default() });
}

#[test]
fn what_is_deeper_than_the_model_goes_is_undefined() {
    for program in [firing(100_000), chained(100_000)] {
        assert_eq!(deep(|| run(&program)), Answer::undefined("depth"));
    }
}

/// What has returned is no depth.
#[test]
fn more_calls_in_a_row_than_levels_work() {
    let rows: [fn(usize) -> String; 6] = [
        |n| format!(r#"{{"op":"maybe","call":{{"id":{n}}}}}"#),
        |n| format!(r#"{{"op":"new","canceller":{{"id":{n}}}}},{{"op":"cancel","d":{n}}}"#),
        |n| {
            let (d, to) = (2 * n, 2 * n + 1);
            format!(
                r#"{{"op":"new"}},{{"op":"new"}},{{"op":"chain","d":{d},"to":{to}}},{{"op":"callback","d":{d},"value":1}}"#
            )
        },
        |n| {
            let (d, list) = (2 * n, 2 * n + 1);
            format!(r#"{{"op":"new"}},{{"op":"list","ds":[{d}]}},{{"op":"cancel","d":{list}}}"#)
        },
        |n| {
            let (d, race) = (2 * n, 2 * n + 1);
            format!(r#"{{"op":"new"}},{{"op":"race","ds":[{d}]}},{{"op":"cancel","d":{race}}}"#)
        },
        |n| format!(r#"{{"op":"coroutine","id":{n},"steps":[]}}"#),
    ];
    for row in rows {
        let ops = parse(&(0..=MAX_DEPTH).map(row).collect::<Vec<_>>().join(","));
        let trace = traced(&Program { ops, ..Program::default() });
        assert!(trace.state.iter().all(|state| matches!(state, State::Value(_) | State::Failure(_))));
    }
}

#[test]
fn waiting_has_no_limit() {
    const LINKS: usize = 5_000;
    let run_each = |d| Event::Run { run: d as i64, arg: Some(Outcome::Value(int(d))) };
    let events: Vec<Event> = (0..LINKS).map(run_each).collect();
    let nulls = || vec![State::Value(Value::Null); LINKS];

    let fired = traced(&waiting(LINKS, &format!(r#"{{"op":"callback","d":{LINKS},"value":1}}"#)));
    let state = [vec![State::Value(int(1))], nulls()].concat();
    assert_eq!(fired, Trace { events: events.clone(), state, unhandled: Vec::new() });

    let cancelled = traced(&waiting(LINKS, r#"{"op":"cancel","d":0}"#));
    let failure = deferral_model::Failure::CancelledError;
    let state = [vec![State::Failure(failure.clone())], nulls()].concat();
    assert_eq!(cancelled, Trace { events: events.clone(), state, unhandled: vec![failure] });

    let dropped = traced(&waiting(LINKS, r#"{"op":"drop","d":0}"#));
    assert_eq!((dropped.events, dropped.unhandled), (events, Vec::new()));
}

/// The faults that only long programs show.
#[test]
fn faults_that_run_out_of_stack_are_found() {
    let fired = waiting(500, r#"{"op":"callback","d":500,"value":1}"#);
    let steps = vec![r#"{"await":0}"#; 500].join(",");
    let awaits =
        parse(&format!(r#"{{"op":"succeed","value":1}},{{"op":"coroutine","id":1,"steps":[{steps}]}}"#));
    let awaited = Program { ops: awaits, ..Program::default() };
    for (fault, program) in [(Fault::F19, fired), (Fault::F87, awaited)] {
        assert_ne!(deep(|| run_with_fault(fault, &program)), Answer::Trace(traced(&program)), "{fault}");
    }
}
