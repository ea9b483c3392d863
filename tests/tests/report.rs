//! What a red run prints and writes: the program as pseudo-code, the traces side by side, and the clauses.

use anstream::adapter::strip_str;
use deferral_conformance::clauses::clauses;
use deferral_conformance::corpus::{Stored, read_folder, root};
use deferral_conformance::generate::{Operations, stream};
use deferral_conformance::report::Report;
use deferral_conformance::report::clauses::{self, Place};
use deferral_conformance::report::pseudo::pseudo;
use deferral_conformance::report::python::python;
use deferral_conformance::report::rust::rust;
use deferral_conformance::report::story::Story;
use deferral_conformance::report::text::side_by_side;
use deferral_conformance::report::words::Names;
use deferral_conformance::stack::with_stack;
use deferral_conformance::subject::{ProgramFailure, Reply};
use deferral_conformance::teeth::Planted;
use deferral_model::coverage::CLAUSES;
use deferral_model::{Answer, Program, SEMANTICS, Trace, run, run_with_fault};

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

const SMALL: &str = r#"{"ops":[
    {"op":"new","canceller":{"id":1,"ret":{"panic":"x"}}},
    {"op":"add_callbacks","d":0,"cb":{"id":2,"ops":[{"op":"new"}],"ret":{"wait":1}},"eb":{"id":3}},
    {"op":"cancel","d":0},
    {"op":"callback","d":0,"value":"a\"b"},
    {"op":"pause","d":7}
]}"#;

#[test]
fn a_reproduction_for_twisted_is_plain_python() {
    let program = Program::from_json(SMALL).unwrap();
    let text = python(&Story::of(&program), "A title", &run(&program));
    assert!(text.starts_with("\"\"\"\nA title\n\nIt passes where Twisted does what it does"), "{text}");
    let expected = r##"# The program.

def canceller1(d):
    events.append("canceller1()")
    raise Panic("x")


d0 = Deferred(canceller1)


def cb2(result):
    global d1
    events.append(f"cb2({text(result)})")
    d1 = Deferred()
    return d1


def eb3(result):
    events.append(f"eb3({text(result)})")
    return result


d0.addCallbacks(cb2, eb3)
with raising():
    d0.cancel()
d0.callback("a\"b")
# d7.pause(): does nothing here


# What it came to.

states = [state(d0), state(d1)]
del d0, d1
gc.collect()

assert events == [
    "canceller1()",
    "raised Panic",
    "cb2(\"a\"b\")",
], events
assert states == [
    "waiting for d1",
    "unfired",
], states
unhandled.sort()
assert unhandled == [], unhandled
"##;
    let program = text.find("# The program.").unwrap();
    assert_eq!(&text[program..], expected);
}

#[test]
fn a_reproduction_for_the_engine_is_a_test() {
    let program = Program::from_json(SMALL).unwrap();
    let story = Story::of(&program);
    let text = rust(&story, "A title", &run(&program), None);
    assert!(text.starts_with("//! A title\n//!\n"), "{text}");
    let expected = r##"
#[test]
fn repro() {
    let program = Program::begin();
    let canceller1 = script("canceller1");
    set(0, D::with_canceller(move |_| {
        canceller1.asked();
        panic("x");
    }));
    let cb2 = script("cb2");
    let eb3 = script("eb3");
    d(0).add_callbacks(
        move |value| {
            cb2.called(Ok(&value));
            set(1, D::new());
            wait("cb2", 1)
        },
        move |error| {
            eb3.called(Err(&error));
            raise(error)
        },
    );
    cancel(0);
    refused(d(0).callback(Value::Text("a\"b".to_owned())), "AlreadyCalledError");
    // d7.pause(): names nothing
    let states = program.end(2);
    assert_eq!(events(), [
        "canceller1()",
        "raised Panic",
        "cb2(\"a\"b\")",
    ]);
    assert_eq!(states, [
        "waiting for d1",
        "unfired",
    ]);
    assert_eq!(unhandled(), [""; 0]);
    assert_eq!(held(), [""; 0]);
    assert_eq!(left(), 0, "Deferreds are left when all handles are let go");
}
"##;
    assert!(text.contains(expected), "{text}");
    let looked = rust(&story, "A title", &run(&program), Some(1));
    let look = "difference.\n    assert_eq!(unhandled(), [\"\"; 0]);\n    assert_eq!(held(), [\n        \"canceller1\",\n";
    assert!(looked.contains(look), "{looked}");
}

#[test]
fn what_is_left_out_is_counted_and_nothing_is_asserted_of_an_undefined_program() {
    let program = r#"{"ops":[{"op":"pause","d":3},{"op":"gather","ds":[]},{"op":"pause","d":0},
        {"op":"lock"},{"op":"release","r":0},{"op":"coroutine","id":1,"steps":[{"await":9},{}]}]}"#;
    let program = Program::from_json(program).unwrap();
    let story = Story::of(&program);
    let (py, rs) = (python(&story, "", &story.answer), rust(&story, "", &story.answer, None));
    assert!(py.contains("\nOperations that do nothing here and are left out: 4.\n"), "{py}");
    assert!(
        py.contains("# r0.release(): does nothing here") && py.contains("# await d9: passed over"),
        "{py}"
    );
    assert!(rs.contains("\n//! Operations that do nothing here and are left out: 3.\n"), "{rs}");
    assert!(rs.contains("let _ = tokens(0).release();") && rs.contains("// d(9).await: passed over"), "{rs}");

    let undefined = |program: &Program| matches!(run(program), Answer::Undefined { .. });
    let program = stream(1, Operations::All, 20, 0).find(undefined).unwrap();
    let story = Story::of(&program);
    let (py, rs) = (python(&story, "", &story.answer), rust(&story, "", &story.answer, Some(0)));
    assert!(
        py.contains("\nNothing is asserted: the program is undefined (") && !py.contains("\nassert "),
        "{py}"
    );
    assert!(
        rs.contains("\n//! Nothing is asserted: the program is undefined (") && !rs.contains("assert_eq!"),
        "{rs}"
    );
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
        let met = clauses::met(&case.program, &Place::Unknown);
        assert!((1..=3).contains(&met.len()), "{:?}: {met:?}", case.program.name);
    }
}

/// Of how many faults that SEMANTICS.md lists with their clause a report names this clause, at the least.
const NAMED: usize = 50;

#[test]
fn reports_name_the_clause_that_a_fault_breaks() {
    let broken: Vec<(&str, usize)> = SEMANTICS
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let clause = cells.get(3)?.strip_prefix("DC-")?.parse().ok()?;
            cells[1].starts_with('F').then_some((cells[1], clause))
        })
        .collect();
    let named = |(id, clause): &&(&str, usize)| {
        let Some(fault) = Planted::in_model().find(|fault| fault.id() == *id) else { return false };
        let program = fault.shrink(fault.find(1, 100_000).unwrap().program, |_| true).program;
        let wrong = run_with_fault(id.parse().unwrap(), &program);
        let replies = [("wrong", wrong), ("model", run(&program))];
        let replies = replies.map(|(name, answer)| (name.to_owned(), Reply::Answer(answer))).into();
        let report = Report { title: String::new(), program, replies, lockstep: None };
        let named: Vec<usize> = report.clauses().iter().map(|clause| clause.number).collect();
        named.contains(clause)
    };
    let count = with_stack(|| broken.iter().filter(named).count());
    assert!(count >= NAMED, "{count} of {}", broken.len());
}
