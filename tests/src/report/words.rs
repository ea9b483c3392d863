//! The words that people read for what programs name and what traces show: the same in a report, in a reproduction
//! and beside each other, so that one can be looked for in the other.

use deferral_model::trace::{Event, ScriptId};
use deferral_model::{Failure, Op, Outcome, Program, State, Value};
use std::collections::HashMap;

/// What the scripts and coroutines of a program are called, after what they are: `cb1`, `eb2`, `canceller3`.
#[derive(Clone, Debug, Default)]
pub struct Names(HashMap<ScriptId, String>);

impl Names {
    /// Those of a program.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let mut names = Self::default();
        program.walk(&mut |op, _| names.add(op));
        names
    }

    fn add(&mut self, op: &Op) {
        let roles: &[&str] = match op {
            Op::New { .. } => &["canceller"],
            Op::Maybe { .. } => &["call"],
            Op::AddErrback { .. } => &["eb"],
            Op::AddBoth { .. } => &["both"],
            _ => &["cb", "eb"],
        };
        for (script, role) in op.scripts().zip(roles) {
            self.name(script.id, role);
        }
        if let Op::Coroutine { id, .. } = op {
            self.name(*id, "coroutine");
        }
    }

    fn name(&mut self, id: ScriptId, role: &str) {
        let sign = if id < 0 { "_minus_" } else { "" };
        self.0.insert(id, format!("{role}{sign}{}", id.unsigned_abs()));
    }

    /// What a script or coroutine is called. (A subject may name one that the program doesn't have.)
    #[must_use]
    pub fn script(&self, id: ScriptId) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| format!("script {id}"))
    }

    /// What happened, in words.
    #[must_use]
    pub fn event(&self, event: &Event) -> String {
        match event {
            Event::Run { run, arg } => {
                format!("{}({})", self.script(*run), arg.as_ref().map(outcome).unwrap_or_default())
            }
            Event::Canceller { canceller } => format!("{}()", self.script(*canceller)),
            Event::Resume { resume, arg } => {
                format!("{} resumed with {}", self.script(*resume), outcome(arg))
            }
            Event::Error { error } => format!("raised {error:?}"),
            Event::Logged { logged } => format!("logged {}", name(logged)),
            Event::SelfReturn { self_return } => {
                format!("{} returned its own Deferred", self.script(*self_return))
            }
            Event::Probe { probe, state } => format!("d{probe} is {}", standing(state)),
        }
    }
}

/// How a slot stands.
#[must_use]
pub fn standing(state: &State) -> String {
    match state {
        State::Dropped => "dropped".to_owned(),
        State::Unfired => "unfired".to_owned(),
        State::Running => "running".to_owned(),
        State::Waiting(Some(slot)) => format!("waiting for d{slot}"),
        State::Waiting(None) => "waiting".to_owned(),
        State::Value(v) => value(v),
        State::Failure(f) => failure(f),
    }
}

/// A value or a failure.
#[must_use]
pub fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(v) => value(v),
        Outcome::Failure(f) => failure(f),
    }
}

/// A value, much as JSON has it; a text stands in quotes as it is.
#[must_use]
pub fn value(of: &Value) -> String {
    match of {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Array(values) => format!("[{}]", joined(values, value)),
        Value::Resource { r } => format!("r{r}"),
        Value::Failed { f } => failure(f),
    }
}

/// A failure where a value might stand as well.
#[must_use]
pub fn failure(of: &Failure) -> String {
    format!("failure {}", name(of))
}

/// A failure's name, with what it wraps.
#[must_use]
pub fn name(of: &Failure) -> String {
    match of {
        Failure::FirstError { index, sub } => format!("FirstError({index}, {})", name(sub)),
        Failure::FailureGroup(failures) => format!("FailureGroup({})", joined(failures, name)),
        plain => format!("{plain:?}"),
    }
}

/// Each in words, with commas between.
pub fn joined<T>(all: &[T], words: impl Fn(&T) -> String) -> String {
    all.iter().map(words).collect::<Vec<_>>().join(", ")
}
