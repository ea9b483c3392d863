//! Programs that mean nothing on Twisted: a real one gives each of these reasons too (`conform run --subject twisted`).

use deferral_model::{Answer, Program, World, run};

const INTERNAL: &str = "_InternalInlineCallbacksCancelledError shows in the trace";

fn parse(ops: &str) -> Program {
    Program::from_json(&format!(r#"{{"ops":[{ops}]}}"#)).unwrap()
}

fn assert_undefined(ops: &str, why: &str) {
    assert_eq!(run(&parse(ops)), Answer::undefined(why), "{ops}");
}

/// Slot 1 is a coroutine that was cancelled while a surplus unpause blocked it: it holds Twisted's internal error.
const HELD: &str = concat!(
    r#"{"op":"new"},{"op":"coroutine","id":1,"steps":[{"await":0}]},"#,
    r#"{"op":"unpause","d":1},{"op":"cancel","d":1}"#
);

/// And slot 2 has taken it from there.
const TAKEN: &str = r#"{"op":"pause","d":1},{"op":"succeed","value":1},{"op":"add_callback","d":2,"cb":{"id":2,"ret":{"wait":1}}}"#;

#[test]
fn the_internal_error_may_stay_inside() {
    let inside = parse(&format!(r#"{HELD},{{"op":"pause","d":1}},{{"op":"drop","d":1}}"#));
    let answer = run(&inside);
    assert_eq!(
        serde_json::to_string(&answer).unwrap(),
        r#"{"events":[],"state":["unfired","dropped"],"unhandled":[]}"#
    );
}

#[test]
fn the_internal_error_shows() {
    for more in ["", r#",{"op":"probe","d":1},{"op":"drop","d":1}"#] {
        assert_undefined(&format!("{HELD}{more}"), INTERNAL);
    }
    let taken = [
        // Given to a script.
        r#"{"op":"drop","d":1},{"op":"add_errback","d":2,"eb":{"id":3,"ret":{"value":1}}}"#,
        // In a value, in a failure, in a failure among others.
        r#"{"op":"list","ds":[2],"consume_errors":true}"#,
        r#"{"op":"gather","ds":[2],"consume_errors":true}"#,
        r#"{"op":"race","ds":[2]}"#,
        // Given to a coroutine.
        r#"{"op":"coroutine","id":3,"steps":[{"await":2,"catch":true}]},{"op":"drop","d":1},{"op":"drop","d":2}"#,
        // Reported.
        r#"{"op":"drop","d":2}"#,
    ];
    for more in taken {
        assert_undefined(&format!("{HELD},{TAKEN},{more}"), INTERNAL);
    }
}

#[test]
fn twisted_itself_cancels_along_a_circle() {
    let why = "a RecursionError";
    assert_undefined(
        concat!(
            r#"{"op":"succeed","value":1},{"op":"add_callback","d":0,"cb":{"id":1,"ret":{"wait":0}}},"#,
            r#"{"op":"list","ds":[0]},{"op":"cancel","d":1}"#
        ),
        why,
    );
    assert_undefined(
        concat!(
            r#"{"op":"new"},{"op":"new"},{"op":"add_callback","d":0,"cb":{"id":1,"ret":{"wait":1}}},"#,
            r#"{"op":"add_callback","d":1,"cb":{"id":2,"ret":{"wait":0}}},{"op":"callback","d":0,"value":1},"#,
            r#"{"op":"callback","d":1,"value":1},{"op":"list","ds":[0]},{"op":"cancel","d":2}"#
        ),
        why,
    );
}

#[test]
fn a_canceller_is_entered_again() {
    let again = r#"{"op":"new","canceller":{"id":1,"ops":[{"op":"cancel","d":1}]}}"#;
    for by in [
        r#"{"op":"list","ds":[0]}"#,
        r#"{"op":"gather","ds":[0]}"#,
        r#"{"op":"race","ds":[0]}"#,
        r#"{"op":"coroutine","id":2,"steps":[{"await":0}]}"#,
    ] {
        let ops = format!(r#"{again},{by},{{"op":"cancel","d":0}}"#);
        assert_undefined(&ops, "a canceller was entered again while it ran");
    }
}

#[test]
fn what_delivers_to_an_await_is_paused() {
    assert_undefined(
        concat!(
            r#"{"op":"new"},{"op":"add_callback","d":0,"cb":{"id":1,"ops":[{"op":"pause","d":0}]}},"#,
            r#"{"op":"coroutine","id":2,"steps":[{"await":0}]},{"op":"callback","d":0,"value":1}"#
        ),
        "a Deferred was paused when it delivered to an await",
    );
}

/// A failure that no run has ended with: it came while a surplus unpause blocked the Deferred.
#[test]
fn what_is_awaited_was_never_marked() {
    assert_undefined(
        concat!(
            r#"{"op":"new"},{"op":"unpause","d":0},{"op":"errback","d":0,"error":"E0"},{"op":"pause","d":0},"#,
            r#"{"op":"coroutine","id":1,"steps":[{"await":0,"catch":true}]}"#
        ),
        "AssertionError inside twisted.internet.defer",
    );
}

/// From then on nothing more happens.
#[test]
fn it_is_known_at_once() {
    let program = parse(&format!(r#"{HELD},{{"op":"probe","d":1}},{{"op":"new"}}"#));
    let mut world = World::default();
    let mut known = Vec::new();
    for op in &program.ops {
        world.step(op);
        known.push(world.undefined());
    }
    assert_eq!(known, [None, None, None, None, Some(INTERNAL), Some(INTERNAL)]);
    assert_eq!(world.slots(), 2);
}
