//! What a red run prints and writes: the program as pseudo-code, the traces side by side, and the clauses.

use anstream::adapter::strip_str;
use deferral_conformance::corpus::{Stored, read_folder, root};
use deferral_conformance::report::clauses::{self, clauses};
use deferral_conformance::report::pseudo::pseudo;
use deferral_conformance::report::story::Story;
use deferral_conformance::report::text::side_by_side;
use deferral_conformance::report::words::Names;
use deferral_conformance::subject::{ProgramFailure, Reply};
use deferral_model::coverage::CLAUSES;
use deferral_model::{Answer, Program, Trace};

fn reply(trace: &str) -> Reply {
    Reply::Answer(Answer::Trace(serde_json::from_str::<Trace>(trace).unwrap()))
}

#[test]
fn a_program_is_read_as_pseudo_code() {
    let program = r#"{"ops":[
        {"op":"fail","error":"E0"},
        {"op":"maybe","call":{"id":1,"ops":[{"op":"new","canceller":{"id":9}}],"ret":{"wait":0}}},
        {"op":"add_callbacks","d":1,"cb":{"id":2,"ops":[{"op":"pause","d":7},{"op":"drop","d":2}]},
            "eb":{"id":-3,"ret":{"trap":["E0","CancelledError"],"else":"a\nb"}}},
        {"op":"callback","d":1,"value":5},
        {"op":"callback","d":1,"value":true},
        {"op":"add_both","d":1,"cb":{"id":4,"ret":{"wait":2}}},
        {"op":"coroutine","id":5,"steps":[{"await":1,"catch":true},{"ops":[{"op":"new"}],"await":9}],"ret":{"raise":"E1"}},
        {"op":"queue","size":1},
        {"op":"put","r":0,"value":null},
        {"op":"put","r":0,"value":-1},
        {"op":"race","ds":[3,8]}
    ]}"#;
    let program = Program::from_json(program).unwrap();
    let text = "\
d0 = fail(E0)
d2 = maybe(call1):
    d1 = new(canceller9)
    return d0
d1.add_callbacks(cb2, eb_minus_3):
    cb2:
        d7.pause()  # names nothing, does nothing
        drop(d2)
    eb_minus_3:
        trap E0, CancelledError, then return \"a\\nb\"
d1.callback(5)
d1.callback(true)  # raises
d1.add_both(both4):
    return null  # as d2 can't be waited for here
d4 = coroutine5:
    await d1, catch
    d3 = new()
    await d9  # passes it over
    raise E1
r0 = queue(size 1)
r0.put(null)
r0.put(-1)  # raises
d5 = race([d3, d8])
";
    assert_eq!(pseudo(&Story::of(&program)), text);
}

#[test]
fn each_stored_program_has_a_line_for_each_operation() {
    for Stored { case, .. } in read_folder(&root()).unwrap() {
        let text = pseudo(&Story::of(&case.program));
        assert!(text.lines().count() >= case.program.size(), "{text}");
    }
}

#[test]
fn one_event_more_shifts_nothing_else() {
    let names = Names::default();
    let left = reply(r#"{"events":[{"run":1},{"run":2},{"run":3}],"state":["unfired"],"unhandled":["E0"]}"#);
    let right = reply(
        r#"{"events":[{"run":1},{"canceller":9},{"run":2},{"run":3}],"state":[{"v":1},{"v":2}],"unhandled":["E0"]}"#,
    );
    let failed = Reply::Failed(ProgramFailure::Hung(10));
    let text = side_by_side(&names, &[("engine", &left), ("model", &right)]);
    let expected = "             engine        model
  event 1    script 1()    script 1()
> event 2    -             script 9()
  event 3    script 2()    script 2()
  event 4    script 3()    script 3()
~ d0         unfired       1
~ d1         -             2
  unhandled  failure E0    failure E0
";
    assert_eq!(strip_str(&text).to_string(), expected);
    assert_ne!(text, expected, "on a terminal the difference stands out");

    let text = strip_str(&side_by_side(&names, &[("a", &failed), ("b", &left)])).to_string();
    assert!(text.contains("\n> answer     it didn't answer within 10 s  a trace\n  event 1"), "{text}");
}

#[test]
fn every_clause_has_its_rule_and_its_lines() {
    assert_eq!(clauses().len(), CLAUSES);
    for (clause, number) in clauses().iter().zip(1..) {
        assert_eq!(clause.number, number);
        assert!(!clause.rule.is_empty() && clause.source.starts_with("defer.py "), "{clause:?}");
        assert!(!clause.rule.contains("Article:") && !clause.rule.contains("Source:"), "{clause:?}");
    }
}

#[test]
fn the_clauses_are_those_that_the_program_meets() {
    for Stored { case, .. } in read_folder(&root().join("clauses")).unwrap() {
        let met = clauses::met(&case.program, None);
        assert!((1..=3).contains(&met.len()), "{:?}: {met:?}", case.program.name);
    }
}
