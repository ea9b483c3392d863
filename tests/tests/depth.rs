//! Deep programs: every subject in this process ends them, on the stack that it is given.

use deferral_conformance::stack::with_stack;
use deferral_conformance::subjects::engine;
use deferral_model::{Answer, Op, Outcome, Program, Return, Script, State, Value, run, trace::Event};
use std::sync::Arc;

fn script(id: usize, ops: Vec<Op>, ret: Return) -> Arc<Script> {
    Arc::new(Script { id: i64::try_from(id).unwrap(), ops, ret })
}

fn int(value: usize) -> Value {
    Value::Int(i64::try_from(value).unwrap())
}

fn program(ops: Vec<Op>) -> Program {
    Program { ops, ..Program::default() }
}

fn news(count: usize) -> Vec<Op> {
    (0..count).map(|_| Op::New { canceller: None }).collect()
}

/// Each Deferred's callback fires the next one.
fn firing(levels: usize) -> Program {
    let mut ops = news(levels + 1);
    for d in 0..levels {
        let fires = Op::Callback { d: d + 1, value: int(d + 1) };
        ops.push(Op::AddCallback { d, cb: script(d, vec![fires], Return::Arg) });
    }
    ops.push(Op::Callback { d: 0, value: int(0) });
    program(ops)
}

/// Each Deferred is chained to the next one by `chain`.
fn chained(levels: usize) -> Program {
    let mut ops = news(levels + 1);
    ops.extend((0..levels).map(|d| Op::Chain { d, to: d + 1 }));
    ops.push(Op::Callback { d: 0, value: int(7) });
    program(ops)
}

/// Each Deferred waits for the next one; then the last is fired, or the first is cancelled.
fn waiting(levels: usize, last: Op) -> Program {
    let mut ops = news(levels + 1);
    for d in 0..levels {
        ops.push(Op::AddCallback { d, cb: script(d, Vec::new(), Return::Wait(d + 1)) });
    }
    ops.extend((0..levels).map(|d| Op::Callback { d, value: int(d) }));
    ops.push(last);
    program(ops)
}

fn trace(answer: Answer) -> deferral_model::Trace {
    match answer {
        Answer::Trace(trace) => trace,
        Answer::Undefined { undefined } => panic!("undefined: {undefined}"),
    }
}

#[test]
fn a_thousand_levels_work() {
    for program in [firing(1_000), chained(1_000)] {
        let (model, engine) = with_stack(|| (run(&program), engine::run(&program)));
        assert_eq!(model, engine);
        let state = trace(model).state;
        assert!(matches!(state[1_000], State::Value(_)));
    }
}

#[test]
fn a_hundred_thousand_levels_end() {
    for program in [firing(100_000), chained(100_000)] {
        for answer in with_stack(|| [run(&program), engine::run(&program)]) {
            match answer {
                Answer::Undefined { undefined } => assert_eq!(undefined, "depth"),
                Answer::Trace(trace) => assert_eq!(trace.state[100_000], State::Value(int(7))),
            }
        }
    }
}

#[test]
fn waiting_has_no_limit() {
    const LEVELS: usize = 20_000;
    let fired = waiting(LEVELS, Op::Callback { d: LEVELS, value: int(1) });
    let (model, engine) = with_stack(|| (run(&fired), engine::run(&fired)));
    assert_eq!(model, engine);
    let trace_of_fired = trace(model);
    assert_eq!(trace_of_fired.state[0], State::Value(int(1)));
    assert_eq!(trace_of_fired.events.len(), LEVELS);
    assert_eq!(trace_of_fired.events[5], Event::Run { run: 5, arg: Some(Outcome::Value(int(5))) });

    let cancelled = waiting(LEVELS, Op::Cancel { d: 0 });
    let (model, engine) = with_stack(|| (run(&cancelled), engine::run(&cancelled)));
    assert_eq!(model, engine);
    assert!(matches!(trace(model).state[0], State::Failure(_)));

    let dropped = waiting(LEVELS, Op::Drop { d: 0 });
    assert_eq!(with_stack(|| run(&dropped)), with_stack(|| engine::run(&dropped)));
}

#[test]
fn scripts_nest_up_to_the_bound() {
    let nested = |depth: usize| {
        let mut inner = script(0, Vec::new(), Return::Arg);
        for id in 1..depth {
            inner = script(id, vec![Op::Maybe { call: inner }], Return::Arg);
        }
        program(vec![Op::Maybe { call: inner }])
    };
    let deepest = nested(deferral_model::program::MAX_NESTING);
    let read = Program::from_json(&deepest.to_json()).unwrap();
    assert_eq!(trace(run(&read)).events.len(), deferral_model::program::MAX_NESTING);
    for deeper in [41, 42, 60, 200] {
        let error = Program::from_json(&nested(deeper).to_json()).unwrap_err();
        assert_eq!(error.to_string(), "not a program: scripts are nested more than 40 deep", "{deeper}");
    }
}
