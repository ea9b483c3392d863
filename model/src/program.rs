//! The language: a program is a list of operations on Deferreds, as data. `PROGRAMS.md` is its manual.

use crate::script::{CoroutineReturn, Script, Step};
use crate::trace::ScriptId;
use crate::value::{ErrorName, Value, scalar};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::HashSet;
use std::sync::Arc;

/// How deep scripts may be nested in scripts; deeper is an error.
///
/// The language asks for 32. `serde_json` itself stops at 128 levels, which is 41 nested scripts.
pub const MAX_NESTING: usize = 40;

/// A program: its operations, and two strings that mean nothing to a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The operations, run in order.
    pub ops: Vec<Op>,
}

/// An operation. `d`, `to` and `ds` name slots, `r` a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "PROGRAMS.md has the table of fields")]
pub enum Op {
    /// Binds an unfired Deferred.
    New {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        canceller: Option<Arc<Script>>,
    },
    /// Binds `succeed(value)`.
    Succeed {
        #[serde(deserialize_with = "scalar")]
        value: Value,
    },
    /// Binds `fail(error)`.
    Fail { error: ErrorName },
    /// Binds what `maybeDeferred` gives for the script.
    Maybe { call: Arc<Script> },
    /// `addCallback`.
    AddCallback { d: usize, cb: Arc<Script> },
    /// `addErrback`.
    AddErrback { d: usize, eb: Arc<Script> },
    /// `addBoth`.
    AddBoth { d: usize, cb: Arc<Script> },
    /// `addCallbacks`.
    AddCallbacks { d: usize, cb: Arc<Script>, eb: Arc<Script> },
    /// `callback`.
    Callback {
        d: usize,
        #[serde(deserialize_with = "scalar")]
        value: Value,
    },
    /// `errback`.
    Errback { d: usize, error: ErrorName },
    /// `cancel`.
    Cancel { d: usize },
    /// `pause`.
    Pause { d: usize },
    /// `unpause`.
    Unpause { d: usize },
    /// `chainDeferred`.
    Chain { d: usize, to: usize },
    /// Binds a `DeferredList`.
    List {
        ds: Vec<usize>,
        #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_false")]
        fire_on_one_callback: bool,
        #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_false")]
        fire_on_one_errback: bool,
        #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_false")]
        consume_errors: bool,
    },
    /// Binds `gatherResults`.
    Gather {
        ds: Vec<usize>,
        #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_false")]
        consume_errors: bool,
    },
    /// Binds `race`.
    Race { ds: Vec<usize> },
    /// `addTimeout`, in units of the program's clock.
    Timeout { d: usize, after: u64 },
    /// Moves the program's clock.
    Advance { by: u64 },
    /// Binds `Deferred.fromCoroutine`.
    Coroutine {
        id: ScriptId,
        steps: Vec<Step>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ret: Option<CoroutineReturn>,
    },
    /// Binds a `DeferredLock`.
    Lock {},
    /// Binds a `DeferredSemaphore`.
    Semaphore {
        #[serde(deserialize_with = "at_least_one")]
        tokens: u64,
    },
    /// Binds a `DeferredQueue`.
    Queue {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backlog: Option<u64>,
    },
    /// Binds what `acquire` of a lock or semaphore gives.
    Acquire { r: usize },
    /// `release` of a lock or semaphore.
    Release { r: usize },
    /// `put` into a queue.
    Put {
        r: usize,
        #[serde(deserialize_with = "scalar")]
        value: Value,
    },
    /// Binds what `get` from a queue gives.
    Get { r: usize },
    /// Traces the state of a slot.
    Probe { d: usize },
    /// Lets go of a slot's handle.
    Drop { d: usize },
}

/// The names of the operations, in the order of the language's table.
pub const OPERATIONS: [&str; 29] = [
    "new",
    "succeed",
    "fail",
    "maybe",
    "add_callback",
    "add_errback",
    "add_both",
    "add_callbacks",
    "callback",
    "errback",
    "cancel",
    "pause",
    "unpause",
    "chain",
    "list",
    "gather",
    "race",
    "timeout",
    "advance",
    "coroutine",
    "lock",
    "semaphore",
    "queue",
    "acquire",
    "release",
    "put",
    "get",
    "probe",
    "drop",
];

/// Why a text is not a program.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It isn't JSON, or has an unknown operation or field, or a value of the wrong type.
    #[error("not a program: {0}")]
    Json(#[from] serde_json::Error),
    /// Two scripts or coroutines have the same number.
    #[error("not a program: the script id {0} stands twice")]
    DuplicateId(ScriptId),
    /// An array stands where an object or a plain value belongs.
    #[error("not a program: an array stands where none belongs")]
    Array,
    /// Scripts are nested in scripts too deep.
    #[error("not a program: scripts are nested more than {MAX_NESTING} deep")]
    Nesting,
}

impl Program {
    /// Reads a program from its JSON text.
    ///
    /// # Errors
    /// When the text isn't a program: see [`ProgramError`].
    pub fn from_json(text: &str) -> Result<Self, ProgramError> {
        let program: Self = serde_json::from_str(text).map_err(|error| {
            // serde_json has no kind for it; an unforeseen wording falls back to its own message.
            if error.to_string().starts_with("recursion limit exceeded") {
                ProgramError::Nesting
            } else {
                ProgramError::Json(error)
            }
        })?;
        // serde reads an array of the fields' values as a struct, too; the language doesn't.
        let text: serde_json::Value = serde_json::from_str(text)?;
        if !arrays_belong(&text) {
            return Err(ProgramError::Array);
        }
        program.check()?;
        Ok(program)
    }

    /// Its JSON text on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a program is plain data")
    }

    /// Checks what the types can't say: each id stands once, and nesting has its bound.
    ///
    /// # Errors
    /// [`ProgramError::DuplicateId`] or [`ProgramError::Nesting`].
    pub fn check(&self) -> Result<(), ProgramError> {
        let mut ids = HashSet::new();
        let mut first_error = None;
        self.walk(&mut |op, nesting| {
            if nesting > MAX_NESTING {
                first_error.get_or_insert(ProgramError::Nesting);
            }
            for id in op.ids() {
                if !ids.insert(id) {
                    first_error.get_or_insert(ProgramError::DuplicateId(id));
                }
            }
        });
        first_error.map_or(Ok(()), Err)
    }

    /// How many operations it has, those inside scripts too.
    #[must_use]
    pub fn size(&self) -> usize {
        let mut size = 0;
        self.walk(&mut |_, _| size += 1);
        size
    }

    /// Shows every operation, those inside scripts too, with the number of scripts around it.
    pub fn walk<'p>(&'p self, seen: &mut impl FnMut(&'p Op, usize)) {
        walk(&self.ops, 0, seen);
    }
}

/// Whether arrays stand only under the fields that have them, and no array in an array.
fn arrays_belong(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Object(fields) => fields.iter().all(|(name, value)| match value {
            serde_json::Value::Array(items) => {
                ["ops", "ds", "steps", "trap"].contains(&name.as_str()) && items.iter().all(arrays_belong)
            }
            other => arrays_belong(other),
        }),
        serde_json::Value::Array(_) => false,
        _ => true,
    }
}

fn walk<'p>(ops: &'p [Op], nesting: usize, seen: &mut impl FnMut(&'p Op, usize)) {
    for op in ops {
        // A script stands one deeper than the operation that carries it, whether it has operations or not.
        let deepest = nesting + usize::from(op.scripts().next().is_some());
        seen(op, deepest);
        for body in op.bodies() {
            walk(body, nesting + 1, seen);
        }
    }
}

impl Op {
    /// Its name in the language.
    #[must_use]
    pub fn name(&self) -> &'static str {
        OPERATIONS[self.number()]
    }

    /// Its place in [`OPERATIONS`].
    #[must_use]
    pub fn number(&self) -> usize {
        match self {
            Self::New { .. } => 0,
            Self::Succeed { .. } => 1,
            Self::Fail { .. } => 2,
            Self::Maybe { .. } => 3,
            Self::AddCallback { .. } => 4,
            Self::AddErrback { .. } => 5,
            Self::AddBoth { .. } => 6,
            Self::AddCallbacks { .. } => 7,
            Self::Callback { .. } => 8,
            Self::Errback { .. } => 9,
            Self::Cancel { .. } => 10,
            Self::Pause { .. } => 11,
            Self::Unpause { .. } => 12,
            Self::Chain { .. } => 13,
            Self::List { .. } => 14,
            Self::Gather { .. } => 15,
            Self::Race { .. } => 16,
            Self::Timeout { .. } => 17,
            Self::Advance { .. } => 18,
            Self::Coroutine { .. } => 19,
            Self::Lock {} => 20,
            Self::Semaphore { .. } => 21,
            Self::Queue { .. } => 22,
            Self::Acquire { .. } => 23,
            Self::Release { .. } => 24,
            Self::Put { .. } => 25,
            Self::Get { .. } => 26,
            Self::Probe { .. } => 27,
            Self::Drop { .. } => 28,
        }
    }

    /// The slot that it acts on (`chain`: the one chained from), if it acts on one.
    #[must_use]
    pub fn slot(&self) -> Option<usize> {
        match self {
            Self::AddCallback { d, .. }
            | Self::AddErrback { d, .. }
            | Self::AddBoth { d, .. }
            | Self::AddCallbacks { d, .. }
            | Self::Callback { d, .. }
            | Self::Errback { d, .. }
            | Self::Cancel { d }
            | Self::Pause { d }
            | Self::Unpause { d }
            | Self::Chain { d, .. }
            | Self::Timeout { d, .. }
            | Self::Probe { d }
            | Self::Drop { d } => Some(*d),
            _ => None,
        }
    }

    /// Whether it takes the next slot or resource when it has finished, unless it raises or names nothing.
    #[must_use]
    pub fn binds(&self) -> bool {
        matches!(
            self,
            Self::New { .. }
                | Self::Succeed { .. }
                | Self::Fail { .. }
                | Self::Maybe { .. }
                | Self::List { .. }
                | Self::Gather { .. }
                | Self::Race { .. }
                | Self::Coroutine { .. }
                | Self::Lock {}
                | Self::Semaphore { .. }
                | Self::Queue { .. }
                | Self::Acquire { .. }
                | Self::Get { .. }
        )
    }

    /// The scripts that it carries, in the order of its fields.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        let (first, second) = match self {
            Self::New { canceller } => (canceller.as_ref(), None),
            Self::Maybe { call } => (Some(call), None),
            Self::AddCallback { cb, .. } | Self::AddBoth { cb, .. } => (Some(cb), None),
            Self::AddErrback { eb, .. } => (Some(eb), None),
            Self::AddCallbacks { cb, eb, .. } => (Some(cb), Some(eb)),
            _ => (None, None),
        };
        first.into_iter().chain(second).map(|script| &**script)
    }

    /// The operations inside it: its scripts' and its coroutine steps'.
    fn bodies(&self) -> impl Iterator<Item = &[Op]> {
        let steps = match self {
            Self::Coroutine { steps, .. } => steps.as_slice(),
            _ => &[],
        };
        let scripts = self.scripts().map(|script| script.ops.as_slice());
        scripts.chain(steps.iter().map(|step| step.ops.as_slice()))
    }

    fn ids(&self) -> impl Iterator<Item = ScriptId> {
        let coroutine = match self {
            Self::Coroutine { id, .. } => Some(*id),
            _ => None,
        };
        self.scripts().map(|script| script.id).chain(coroutine)
    }
}

/// An optional field: absent (by `serde(default)`) and `null` both mean the default.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    match u64::deserialize(from)? {
        0 => Err(serde::de::Error::custom("tokens start at 1")),
        tokens => Ok(tokens),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}
