//! A program as a test of the engine, by its public functions alone: `repro.rs`. It asserts what is right.
//!
//! Deferreds are numbered, `d(0)`, and no variables: a handle in a closure would keep its Deferred alive, which a
//! program's scripts don't.

mod body;
mod statement;

use super::story::Story;
use super::words::{failure, standing};
use body::Body;
use deferral_model::deeds::Deed;
use deferral_model::{Answer, Failure, Trace};

/// What a file with tests begins with.
pub const HEAD: &str = "\
#![allow(dead_code, unused_imports)]

use deferral::{
    AlreadyCalled, Cancelled, Deferred, DeferredList, DeferredQueue, DeferredSemaphore, FailureGroup, FirstError,
    IntoReturned, ListResult, ManualClock, Panicked, Report, Returned, State, TimedOut, TimeoutReason,
    WeakDeferred, maybe_deferred, race_with, set_report_hook,
};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;
";

/// What it ends with: types for values and errors, and the slots.
pub const HELPERS: &str = concat!(include_str!("rust/values.rs"), "\n", include_str!("rust/slots.rs"));

/// The text of `repro.rs`: what the program is about, and what is right; with a look behind an operation, see
/// [`test()`].
#[must_use]
pub fn rust(story: &Story<'_>, title: &str, right: &Answer, look: Option<usize>) -> String {
    let title: String = title.chars().flat_map(super::pseudo::shown).collect();
    let undefined = match right {
        Answer::Trace(_) => String::new(),
        Answer::Undefined { undefined } => {
            format!("//!\n//! Nothing is asserted: the program is undefined ({undefined}).\n")
        }
    };
    let left_out = match story.left_out(|deed| *deed == Deed::NamesNothing) {
        0 => String::new(),
        count => format!("//!\n//! Operations that do nothing here and are left out: {count}.\n"),
    };
    format!(
        "//! {title}\n//!\n//! As `engine/tests/repro.rs` it is run by `cargo test --package deferral --test repro`.\n\
         {undefined}{left_out}\n{HEAD}\n{}\n{HELPERS}",
        test(story, "repro", right, look)
    )
}

/// The test alone, under a name. Behind the operation of a number it also asserts what no trace shows: which callbacks
/// are held, and what was reported so far.
#[must_use]
pub fn test(story: &Story<'_>, name: &str, right: &Answer, look: Option<usize>) -> String {
    let trace = match right {
        Answer::Trace(trace) => Some(trace),
        Answer::Undefined { .. } => None,
    };
    let mut body = Body::new(story, trace);
    body.line(0, "#[test]");
    body.line(0, format!("fn {name}() {{"));
    body.line(1, "let program = Program::begin();");
    for (at, op) in story.program.ops.iter().enumerate() {
        body.op(op, 1);
        if look == Some(at) && trace.is_some() {
            body.line(1, "// Here the lockstep of model and engine saw a difference.");
            looked(&mut body, story, at);
        }
    }
    match trace {
        Some(trace) => end(&mut body, story, trace),
        None => body.line(1, "program.end(0);"),
    }
    body.line(0, "}");
    body.text
}

/// What is to be seen behind an operation, and no trace shows.
fn looked(body: &mut Body<'_, '_>, story: &Story<'_>, at: usize) {
    let (held, reported) = story.looked_at(at);
    expected(body, "unhandled()", failures(&reported));
    expected(body, "held()", held);
}

fn failures(all: &[Failure]) -> Vec<String> {
    let mut shown: Vec<String> = all.iter().map(failure).collect();
    shown.sort();
    shown
}

fn end(body: &mut Body<'_, '_>, story: &Story<'_>, trace: &Trace) {
    let Trace { events, state, unhandled } = trace;
    body.line(1, format!("let states = program.end({});", state.len()));
    expected(body, "events()", events.iter().map(|event| story.names.event(event)).collect());
    expected(body, "states", state.iter().map(standing).collect());
    expected(body, "unhandled()", failures(unhandled));
    expected(body, "held()", Vec::new());
    body.line(1, "assert_eq!(left(), 0, \"Deferreds are left when all handles are let go\");");
}

fn expected(body: &mut Body<'_, '_>, what: &str, lines: Vec<String>) {
    if lines.is_empty() {
        body.line(1, format!("assert_eq!({what}, [\"\"; 0]);"));
        return;
    }
    body.line(1, format!("assert_eq!({what}, ["));
    for line in lines {
        body.line(2, format!("{line:?},"));
    }
    body.line(1, "]);");
}
