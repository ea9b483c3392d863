//! What a user of a subject would have seen: a trace. Two subjects conform when their traces are equal.

use crate::value::{Failure, Outcome, Value};
use serde::{Deserialize, Serialize};

/// The number that a program gives a script or a coroutine.
pub type ScriptId = i64;

/// What running a program gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Each slot that was ever bound, as it stands when the operations have run.
    pub state: Vec<State>,
    /// Every failure that was reported as unhandled, in the order of [`sort_failures`].
    pub unhandled: Vec<Failure>,
}

/// A trace, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Answer {
    /// The program ran, and this was seen.
    Trace(Trace),
    /// The program means nothing on Twisted: whatever happens, traces are not compared.
    Undefined {
        /// Why, in a few words.
        undefined: String,
    },
}

/// One thing that happened while a program ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Event {
    /// A script was invoked (`arg` is absent for a `maybe`).
    Run {
        /// The script.
        run: ScriptId,
        /// What it was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arg: Option<Outcome>,
    },
    /// A canceller was invoked.
    Canceller {
        /// Its script.
        canceller: ScriptId,
    },
    /// An `await` of a coroutine gave something.
    Resume {
        /// The coroutine.
        resume: ScriptId,
        /// What it gave.
        arg: Outcome,
    },
    /// An operation raised to its caller.
    Error {
        /// What it raised.
        error: Raised,
    },
    /// A `DeferredList` that was cancelled caught this from a member's canceller.
    Logged {
        /// What the canceller raised.
        logged: Failure,
    },
    /// A script returned the Deferred that it was attached to, and a warning was given.
    SelfReturn {
        /// The script.
        self_return: ScriptId,
    },
    /// The program looked at a slot.
    Probe {
        /// The slot.
        probe: usize,
        /// What it saw.
        state: State,
    },
}

/// What an operation can raise to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are Twisted's own")]
pub enum Raised {
    AlreadyCalledError,
    QueueOverflow,
    QueueUnderflow,
    /// A canceller panicked.
    Panic,
}

/// How a slot stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// The program let go of it.
    #[serde(rename = "dropped")]
    Dropped,
    /// It has no result yet.
    #[serde(rename = "unfired")]
    Unfired,
    /// One of its callbacks is on the call stack.
    #[serde(rename = "running")]
    Running,
    /// It waits for a Deferred that one of its callbacks returned: the lowest slot that names that one.
    #[serde(rename = "waiting")]
    Waiting(Option<usize>),
    /// It has succeeded.
    #[serde(rename = "v")]
    Value(Value),
    /// It has failed.
    #[serde(rename = "f")]
    Failure(Failure),
}

impl From<Outcome> for State {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Value(value) => Self::Value(value),
            Outcome::Failure(failure) => Self::Failure(failure),
        }
    }
}

impl Answer {
    /// An undefined answer with its reason.
    pub fn undefined(why: impl Into<String>) -> Self {
        Self::Undefined { undefined: why.into() }
    }
}

/// Sorts failures by their JSON text (compact, keys sorted).
pub fn sort_failures(failures: &mut [Failure]) {
    if failures.len() > 1 {
        // `FirstError`'s fields are declared, and so written, in the order of their names.
        failures
            .sort_by_cached_key(|failure| serde_json::to_string(failure).expect("a failure is plain data"));
    }
}
