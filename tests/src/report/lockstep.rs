//! What the lockstep of model and engine saw, in words: it sees more than whole traces show.

use super::pseudo::line;
use super::story::Story;
use super::text::side_by_side;
use crate::lockstep::{Divergence, Seen};
use crate::subject::{Observation, Reply};
use deferral_model::{Answer, Trace};
use std::fmt::Write;

/// Where they differ; and how, if the whole traces agree.
pub(super) fn told(story: &Story<'_>, seen: &Divergence, traces_agree: bool) -> String {
    let after = match seen.after.and_then(|at| story.program.ops.get(at)) {
        Some(op) => format!("after `{}`", line(story, op)),
        None => "when all handles are let go".to_owned(),
    };
    let mut text = format!("\nIn lockstep model and engine differ {after}");
    match (&seen.left, &seen.right) {
        (Seen::Panicked(message), _) | (_, Seen::Panicked(message)) => {
            let _ = writeln!(text, ": the run panics: {message}");
        }
        (Seen::Observed(left), Seen::Observed(right)) if traces_agree => {
            text.push_str(", though the whole traces are the same:\n");
            text.push_str(&observed(story, left, right));
        }
        (Seen::Left(model), Seen::Left(engine)) => {
            let _ = writeln!(
                text,
                ": so many Deferreds, callbacks and cancellers are left: {model} on the model, {engine} on the engine"
            );
        }
        _ => text.push_str(".\n"),
    }
    text
}

/// What is new since the operation before, on either side.
fn observed(story: &Story<'_>, left: &Observation, right: &Observation) -> String {
    let reply = |seen: &Observation| {
        let Observation { events, state, unhandled, .. } = seen.clone();
        Reply::Answer(Answer::Trace(Trace { events, state, unhandled }))
    };
    let (model, engine) = (reply(left), reply(right));
    let mut text = side_by_side(&story.names, &[("model", &model), ("engine", &engine)]);
    if left.held != right.held {
        text.push_str("> the callbacks and cancellers that are held aren't the same ones\n");
    }
    if left.circles != right.circles {
        let _ = writeln!(text, "> warnings of circles: {} and {}", left.circles, right.circles);
    }
    if left.without_origin != right.without_origin {
        let _ = writeln!(text, "> refusals and reports that don't say where: {}", right.without_origin);
    }
    text
}
