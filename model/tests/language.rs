//! What is a program and what isn't: fields, types, returns, ids, nesting.

use deferral_model::program::{MAX_NESTING, OPERATIONS};
use deferral_model::{Op, Program, Return, run};

fn error(text: &str) -> String {
    Program::from_json(text).expect_err(text).to_string()
}

#[test]
fn optional_fields_may_be_absent_or_null() {
    let spare = r#"{"ops":[{"op":"new"},{"op":"add_callback","d":0,"cb":{"id":1}}]}"#;
    let nulls = r#"{"ops":[{"op":"new","canceller":null},
        {"op":"add_callback","d":0,"cb":{"id":1,"ops":null,"ret":null}}]}"#;
    assert_eq!(Program::from_json(spare).unwrap(), Program::from_json(nulls).unwrap());
    let family = r#"{"ops":[{"op":"list","ds":[],"consume_errors":null},{"op":"queue","size":null},
        {"op":"coroutine","id":1,"steps":[{"ops":null,"await":null,"catch":null}],"ret":null}]}"#;
    let family = Program::from_json(family).unwrap();
    assert_eq!(
        family.to_json(),
        r#"{"ops":[{"op":"list","ds":[]},{"op":"queue"},{"op":"coroutine","id":1,"steps":[{}]}]}"#
    );
}

/// Every operation, with all its fields, in the order of [`OPERATIONS`].
const EVERY: &str = concat!(
    r#"{"name":"n","why":"w","ops":[{"op":"new","canceller":{"id":1}},{"op":"succeed","value":null},"#,
    r#"{"op":"fail","error":"E2"},{"op":"maybe","call":{"id":2,"ret":{"wait":0}}},"#,
    r#"{"op":"add_callback","d":0,"cb":{"id":3,"ret":{"value":-1}}},"#,
    r#"{"op":"add_errback","d":0,"eb":{"id":4,"ret":{"raise":"E0"}}},"#,
    r#"{"op":"add_both","d":0,"cb":{"id":5,"ret":{"failure":"E1"}}},"#,
    r#"{"op":"add_callbacks","d":0,"cb":{"id":6,"ret":{"panic":"p"}},"#,
    r#""eb":{"id":7,"ret":{"trap":["E0","CancelledError"],"else":"x"}}},"#,
    r#"{"op":"callback","d":0,"value":true},{"op":"errback","d":0,"error":"E0"},{"op":"cancel","d":0},"#,
    r#"{"op":"pause","d":0},{"op":"unpause","d":0},{"op":"chain","d":0,"to":1},"#,
    r#"{"op":"list","ds":[0,1],"fire_on_one_callback":true,"fire_on_one_errback":true,"consume_errors":true},"#,
    r#"{"op":"gather","ds":[0],"consume_errors":true},{"op":"race","ds":[]},"#,
    r#"{"op":"timeout","d":0,"after":0},{"op":"advance","by":3},"#,
    r#"{"op":"coroutine","id":8,"steps":[{"ops":[{"op":"lock"}],"await":0,"catch":true}],"ret":{"value":null}},"#,
    r#"{"op":"lock"},{"op":"semaphore","tokens":1},{"op":"queue","size":0,"backlog":2},{"op":"acquire","r":0},"#,
    r#"{"op":"release","r":0},{"op":"put","r":0,"value":9223372036854775807},{"op":"get","r":0},"#,
    r#"{"op":"probe","d":0},{"op":"drop","d":0}]}"#,
);

#[test]
fn every_operation_is_read_and_written() {
    assert_eq!(Program::from_json(EVERY).unwrap().to_json(), EVERY);
}

#[test]
fn operations_say_their_names_and_what_they_act_on() {
    let program = Program::from_json(EVERY).unwrap();
    assert_eq!(program.ops.iter().map(Op::name).collect::<Vec<_>>(), OPERATIONS);
    assert_eq!(program.size(), EVERY.matches(r#""op":"#).count());
    for op in &program.ops {
        let fields = serde_json::to_value(op).unwrap();
        assert_eq!(op.slot().map(|slot| slot as u64), fields["d"].as_u64(), "{}", op.name());
        let scripts: Vec<i64> = op.scripts().map(|script| script.id).collect();
        let ids = ["canceller", "call", "cb", "eb"].map(|name| fields[name]["id"].as_i64());
        assert_eq!(scripts, ids.into_iter().flatten().collect::<Vec<_>>(), "{}", op.name());
    }
    let seventh = Program::from_json(r#"{"ops":[{"op":"cancel","d":7}]}"#).unwrap();
    assert_eq!(seventh.ops[0].slot(), Some(7));
}

#[test]
fn traps_without_else_give_null() {
    let text = r#"{"ops":[{"op":"fail","error":"E1"},{"op":"add_errback","d":0,"eb":{"id":1,"ret":{"trap":["E1"]}}}]}"#;
    let state = serde_json::to_value(run(&Program::from_json(text).unwrap())).unwrap()["state"].to_string();
    assert_eq!(state, r#"[{"v":null}]"#);
}

#[test]
fn what_isnt_a_program_is_refused() {
    let op = |op: &str| format!(r#"{{"ops":[{{"op":"new"}},{op}]}}"#);
    let ret = |ret: &str| op(&format!(r#"{{"op":"add_both","d":0,"cb":{{"id":1,"ret":{ret}}}}}"#));
    let refused = [
        ("{".to_owned(), "EOF"),
        ("[]".to_owned(), "struct Program"),
        ("[null,null,[]]".to_owned(), "array"),
        (op(r#"["probe",0]"#), "array"),
        (op(r#"{"op":"maybe","call":[1,[],"arg"]}"#), "array"),
        (r#"{"ops":[]} x"#.to_owned(), "trailing"),
        ("{}".to_owned(), "missing field `ops`"),
        (r#"{"ops":[],"extra":1}"#.to_owned(), "unknown field `extra`"),
        (op(r#"{"op":"fly","d":0}"#), "unknown variant `fly`"),
        (op(r#"{"d":0}"#), "missing field `op`"),
        (op(r#"{"op":"cancel"}"#), "missing field `d`"),
        (op(r#"{"op":"cancel","d":0,"to":1}"#), "unknown field `to`"),
        (op(r#"{"op":"lock","d":0}"#), "unknown field `d`"),
        (op(r#"{"op":"cancel","d":-1}"#), "-1"),
        (op(r#"{"op":"cancel","d":1.5}"#), "1.5"),
        (op(r#"{"op":"cancel","d":"0"}"#), "string"),
        (op(r#"{"op":"cancel","d":null}"#), "null"),
        (op(r#"{"op":"cancel","d":0,"d":0}"#), "duplicate field"),
        (op(r#"{"op":"callback","d":0}"#), "missing field `value`"),
        (op(r#"{"op":"callback","d":0,"value":1.5}"#), "floating point"),
        (op(r#"{"op":"callback","d":0,"value":9223372036854775808}"#), "9223372036854775808"),
        (op(r#"{"op":"callback","d":0,"value":[]}"#), "sequence, expected null, a boolean,"),
        (op(r#"{"op":"callback","d":0,"value":{"r":0}}"#), "map"),
        (op(r#"{"op":"errback","d":0,"error":"E3"}"#), "unknown variant `E3`"),
        (op(r#"{"op":"semaphore","tokens":0}"#), "tokens start at 1"),
        (op(r#"{"op":"add_callback","d":0,"cb":{}}"#), "missing field `id`"),
        (op(r#"{"op":"add_callback","d":0,"cb":{"id":"1"}}"#), "string"),
        (op(r#"{"op":"add_callback","d":0,"cb":{"id":1,"x":1}}"#), "unknown field `x`"),
        (op(r#"{"op":"coroutine","id":1,"steps":[],"ret":"arg"}"#), "arg"),
        (ret(r#""value""#), "unknown variant `value`"),
        (ret("1"), "integer `1`, expected \"arg\" or an object"),
        (ret("{}"), "just one of"),
        (ret(r#"{"value":1,"raise":"E0"}"#), "just one of"),
        (ret(r#"{"value":1,"raise":null}"#), "null"),
        (ret(r#"{"value":1,"else":2}"#), "else beside trap only"),
        (ret(r#"{"else":2}"#), "just one of"),
        (ret(r#"{"raise":"CancelledError"}"#), "CancelledError"),
        (ret(r#"{"trap":["TimeoutError"]}"#), "TimeoutError"),
        (ret(r#"{"wait":-1}"#), "-1"),
        (ret(r#"{"give":1}"#), "unknown field `give`"),
    ];
    for (text, cause) in refused {
        let error = error(&text);
        assert!(error.starts_with("not a program: ") && error.contains(cause), "{text}: {error}");
    }
}

#[test]
fn an_id_stands_once() {
    let twice = [
        r#"{"ops":[{"op":"new","canceller":{"id":7}},{"op":"maybe","call":{"id":7}}]}"#,
        r#"{"ops":[{"op":"maybe","call":{"id":7,"ops":[{"op":"maybe","call":{"id":7}}]}}]}"#,
        r#"{"ops":[{"op":"coroutine","id":7,"steps":[{"ops":[{"op":"new","canceller":{"id":7}}]}]}]}"#,
        r#"{"ops":[{"op":"add_callbacks","d":0,"cb":{"id":7},"eb":{"id":7}}]}"#,
    ];
    for text in twice {
        assert_eq!(error(text), "not a program: the script id 7 stands twice");
    }
}

#[test]
fn else_stands_beside_trap_as_null_too() {
    let text = r#"{"ops":[{"op":"add_both","d":0,"cb":{"id":1,"ret":{"trap":[],"else":null}}}]}"#;
    let program = Program::from_json(text).unwrap();
    let script = program.ops[0].scripts().next().unwrap();
    assert!(matches!(&script.ret, Return::Trap { trap, .. } if trap.is_empty()));
}

/// Operations inside operations: each level in what this makes of the one inside it and an id.
fn nested(levels: usize, level: fn(&str, usize) -> String) -> String {
    let inner = (1..=levels).fold(String::new(), |inner, id| level(&inner, id));
    format!(r#"{{"ops":[{inner}]}}"#)
}

const IN_SCRIPTS: [fn(&str, usize) -> String; 4] = [
    |inner, id| format!(r#"{{"op":"new","canceller":{{"id":{id},"ops":[{inner}]}}}}"#),
    |inner, id| format!(r#"{{"op":"maybe","call":{{"id":{id},"ops":[{inner}]}}}}"#),
    |inner, id| format!(r#"{{"op":"add_errback","d":0,"eb":{{"id":{id},"ops":[{inner}]}}}}"#),
    |inner, id| {
        format!(r#"{{"op":"add_callbacks","d":0,"cb":{{"id":-{id}}},"eb":{{"id":{id},"ops":[{inner}]}}}}"#)
    },
];

#[test]
fn scripts_nest_up_to_the_bound() {
    for level in IN_SCRIPTS {
        let program = Program::from_json(&nested(MAX_NESTING, level)).unwrap();
        let mut seen = Vec::new();
        program.walk(&mut |_, around| seen.push(around));
        // The operation of the level n carries a script that stands n deep.
        assert_eq!(seen, (1..=MAX_NESTING).collect::<Vec<_>>());
        for deeper in [41, 42, 60, 200] {
            assert_eq!(
                error(&nested(deeper, level)),
                "not a program: scripts are nested more than 40 deep",
                "{deeper}"
            );
        }
    }
}

#[test]
fn the_steps_of_a_coroutine_nest_as_scripts_do() {
    let steps: fn(&str, usize) -> String =
        |inner, id| format!(r#"{{"op":"coroutine","id":{id},"steps":[{{}},{{"ops":[{inner}]}}]}}"#);
    let program = Program::from_json(&nested(3, steps)).unwrap();
    let mut seen = Vec::new();
    program.walk(&mut |_, around| seen.push(around));
    assert_eq!((seen, program.size()), (vec![0, 1, 2], 3));
}
