//! A program for plain Twisted, as a person would write it down: `repro.py`. It asserts what a Twisted did.
//!
//! It has no rules of its own for what the language leaves out: that is known from the run on the model.

mod body;
mod calls;

use super::story::Story;
use super::words::{failure, standing};
use body::Body;
use calls::quoted;
use deferral_model::deeds::Deed;
use deferral_model::{Answer, Event, State, Trace};
use std::collections::BTreeSet;
use std::fmt::Write;

const HELPERS: &str = include_str!("python/helpers.py");
const WARNINGS: &str = include_str!("python/warnings.py");
const RESUME: &str = include_str!("python/resume.py");

/// The text of `repro.py`: what the program is about, and what its Twisted gave.
#[must_use]
pub fn python(story: &Story<'_>, title: &str, trace: &Answer) -> String {
    let mut text = head(story, title, trace);
    text.push_str(&Body::of(story, traced(trace)).lines.join("\n"));
    text.push_str("\n\n");
    if let Some(trace) = traced(trace) {
        text.push_str(&end(story, trace));
    }
    text
}

fn traced(answer: &Answer) -> Option<&Trace> {
    match answer {
        Answer::Trace(trace) => Some(trace),
        Answer::Undefined { .. } => None,
    }
}

fn operations(story: &Story<'_>) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    story.program.walk(&mut |op, _| {
        names.insert(op.name());
    });
    names
}

fn has_clock(ops: &BTreeSet<&str>) -> bool {
    ops.contains("timeout") || ops.contains("advance")
}

fn head(story: &Story<'_>, title: &str, trace: &Answer) -> String {
    let ops = operations(story);
    let clock = has_clock(&ops);
    let warning = |event: &Event| matches!(event, Event::SelfReturn { .. });
    let warned = traced(trace).is_some_and(|trace| trace.events.iter().any(warning));

    let title = title.replace('\\', "").replace('"', "'");
    let what = match trace {
        Answer::Trace(_) => "It passes where Twisted does what it does in release 26.10.0.".to_owned(),
        Answer::Undefined { undefined } => {
            format!("Nothing is asserted: the program is undefined ({undefined}).")
        }
    };
    let left_out = match story.left_out(|deed| matches!(deed, Deed::NamesNothing | Deed::LeftOut)) {
        0 => String::new(),
        count => format!("\n\nOperations that do nothing here and are left out: {count}."),
    };
    let mut text = format!("\"\"\"\n{title}\n\n{what}{left_out}\n\"\"\"\n\nimport gc\nimport sys\n");
    if warned {
        text.push_str("import warnings\n");
    }
    text.push_str("from contextlib import contextmanager\n\nfrom twisted.internet import defer\n");
    text.push_str(
        "from twisted.internet.defer import (\n    AlreadyCalledError,\n    Deferred,\n    DeferredLock,\n",
    );
    text.push_str("    DeferredSemaphore,\n    QueueOverflow,\n    QueueUnderflow,\n)\n");
    if clock {
        text.push_str("from twisted.internet.task import Clock\n");
    }
    text.push_str("from twisted.python.failure import Failure\n\n");
    text.push_str(HELPERS);
    if warned {
        text.push_str(WARNINGS);
    }
    if ops.contains("coroutine") {
        text.push_str(RESUME);
    }
    if clock {
        text.push_str("\n\nclock = Clock()\n");
    }
    text.push_str("\n\n# The program.\n\n");
    text
}

/// What stands in the end, letting go of everything, and what is to be seen.
fn end(story: &Story<'_>, trace: &Trace) -> String {
    let Trace { events, state, unhandled } = trace;
    let (mut states, mut names) = (Vec::new(), Vec::new());
    for (slot, standing) in state.iter().enumerate() {
        let dropped = *standing == State::Dropped;
        states.push(if dropped { "\"dropped\"".to_owned() } else { format!("state(d{slot})") });
        names.extend((!dropped).then(|| format!("d{slot}")));
    }
    let mut text = String::from("\n# What it came to.\n\n");
    let _ = writeln!(text, "states = [{}]", states.join(", "));
    let resources = story.resources();
    names.extend((0..resources).map(|r| format!("r{r}")));
    if !names.is_empty() {
        let _ = writeln!(text, "del {}", names.join(", "));
    }
    text.push_str(if has_clock(&operations(story)) { "del clock\n" } else { "" });
    text.push_str("gc.collect()\n\n");
    text.push_str(&expected("events", events.iter().map(|event| story.names.event(event))));
    text.push_str(&expected("states", state.iter().map(standing)));
    let mut unhandled: Vec<String> = unhandled.iter().map(failure).collect();
    unhandled.sort();
    text.push_str("unhandled.sort()\n");
    text.push_str(&expected("unhandled", unhandled));
    text
}

fn expected(name: &str, lines: impl IntoIterator<Item = String>) -> String {
    let lines: String = lines.into_iter().map(|line| format!("    {},\n", quoted(&line))).collect();
    let list = if lines.is_empty() { "[]".to_owned() } else { format!("[\n{lines}]") };
    format!("assert {name} == {list}, {name}\n")
}
