//! The language: a program is a list of operations on Deferreds, as data. `PROGRAMS.md` is its manual.

use crate::trace::ScriptId;
use crate::value::{ErrorName, TrapName, Value, scalar};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::HashSet;

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
        canceller: Option<Script>,
    },
    /// Binds `succeed(value)`.
    Succeed {
        #[serde(deserialize_with = "scalar")]
        value: Value,
    },
    /// Binds `fail(error)`.
    Fail { error: ErrorName },
    /// Binds what `maybeDeferred` gives for the script.
    Maybe { call: Script },
    /// `addCallback`.
    AddCallback { d: usize, cb: Script },
    /// `addErrback`.
    AddErrback { d: usize, eb: Script },
    /// `addBoth`.
    AddBoth { d: usize, cb: Script },
    /// `addCallbacks`.
    AddCallbacks { d: usize, cb: Script, eb: Script },
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

/// The body of a callback, errback, canceller or call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Its number, which no other script or coroutine of the program has.
    pub id: ScriptId,
    /// What it does, the first time that it is invoked.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub ops: Vec<Op>,
    /// What it returns, every time.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Return::is_arg")]
    pub ret: Return,
}

/// What a script returns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Return {
    /// Its argument, as it came.
    #[default]
    Arg,
    /// A value.
    Value(Value),
    /// It raises an error.
    Raise(ErrorName),
    /// It returns a failure.
    Failure(ErrorName),
    /// It faults: an exception of its own in Python, a panic in Rust.
    Panic(String),
    /// It returns the Deferred in this slot.
    Wait(usize),
    /// On a failure, `failure.trap(names)` and then a value; on a value, its argument.
    #[serde(untagged)]
    Trap {
        /// What it traps.
        trap: Vec<TrapName>,
        /// The value once one was trapped.
        #[serde(rename = "else")]
        or_else: Value,
    },
}

/// A step of a coroutine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it does first.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub ops: Vec<Op>,
    /// The slot that it then awaits.
    #[serde(default, rename = "await", skip_serializing_if = "Option::is_none")]
    pub awaits: Option<usize>,
    /// Whether a failure that came is caught.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_false")]
    pub catch: bool,
}

/// How a coroutine ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoroutineReturn {
    /// With a value.
    Value(#[serde(deserialize_with = "scalar")] Value),
    /// With an error.
    Raise(ErrorName),
}

/// Why a text is not a program.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It isn't JSON, or has an unknown operation or field, or a value of the wrong type.
    #[error("not a program: {0}")]
    Json(#[from] serde_json::Error),
    /// Two scripts or coroutines have the same number.
    #[error("not a program: the script id {0} stands twice")]
    DuplicateId(ScriptId),
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

    /// The first operation that isn't built yet, if the program has one.
    #[must_use]
    pub fn beyond_core(&self) -> Option<&'static str> {
        let mut found = None;
        self.walk(&mut |op, _| {
            if !op.is_core() {
                found.get_or_insert(op.name());
            }
        });
        found
    }

    /// Shows every operation, those inside scripts too, with the number of scripts around it.
    pub fn walk<'p>(&'p self, seen: &mut impl FnMut(&'p Op, usize)) {
        walk(&self.ops, 0, seen);
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
        match self {
            Self::New { .. } => "new",
            Self::Succeed { .. } => "succeed",
            Self::Fail { .. } => "fail",
            Self::Maybe { .. } => "maybe",
            Self::AddCallback { .. } => "add_callback",
            Self::AddErrback { .. } => "add_errback",
            Self::AddBoth { .. } => "add_both",
            Self::AddCallbacks { .. } => "add_callbacks",
            Self::Callback { .. } => "callback",
            Self::Errback { .. } => "errback",
            Self::Cancel { .. } => "cancel",
            Self::Pause { .. } => "pause",
            Self::Unpause { .. } => "unpause",
            Self::Chain { .. } => "chain",
            Self::List { .. } => "list",
            Self::Gather { .. } => "gather",
            Self::Race { .. } => "race",
            Self::Timeout { .. } => "timeout",
            Self::Advance { .. } => "advance",
            Self::Coroutine { .. } => "coroutine",
            Self::Lock {} => "lock",
            Self::Semaphore { .. } => "semaphore",
            Self::Queue { .. } => "queue",
            Self::Acquire { .. } => "acquire",
            Self::Release { .. } => "release",
            Self::Put { .. } => "put",
            Self::Get { .. } => "get",
            Self::Probe { .. } => "probe",
            Self::Drop { .. } => "drop",
        }
    }

    /// Whether model and engine have it already; the family comes later.
    #[must_use]
    pub fn is_core(&self) -> bool {
        !matches!(
            self,
            Self::List { .. }
                | Self::Gather { .. }
                | Self::Race { .. }
                | Self::Timeout { .. }
                | Self::Advance { .. }
                | Self::Coroutine { .. }
                | Self::Lock {}
                | Self::Semaphore { .. }
                | Self::Queue { .. }
                | Self::Acquire { .. }
                | Self::Release { .. }
                | Self::Put { .. }
                | Self::Get { .. }
        )
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
        first.into_iter().chain(second)
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

impl Return {
    fn is_arg(&self) -> bool {
        *self == Self::Arg
    }
}

impl<'de> Deserialize<'de> for Return {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        /// The word `"arg"`.
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Word {
            Arg,
        }
        /// Every field that a return can have; just one of them stands, `else` beside `trap` apart.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            #[serde(default, deserialize_with = "some_scalar")]
            value: Option<Value>,
            raise: Option<ErrorName>,
            failure: Option<ErrorName>,
            panic: Option<String>,
            wait: Option<usize>,
            trap: Option<Vec<TrapName>>,
            #[serde(default, rename = "else", deserialize_with = "some_scalar")]
            or_else: Option<Value>,
        }
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Return;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"arg\" or an object with one of value, raise, failure, panic, wait and trap")
            }
            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Return, E> {
                Word::deserialize(serde::de::value::StrDeserializer::new(word)).map(|Word::Arg| Return::Arg)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Return, A::Error> {
                let from = serde::de::value::MapAccessDeserializer::new(map);
                let fields = Fields::deserialize(from)?;
                let without_trap = fields.trap.is_none() && fields.or_else.is_some();
                let mut given = [
                    fields.value.map(Return::Value),
                    fields.raise.map(Return::Raise),
                    fields.failure.map(Return::Failure),
                    fields.panic.map(Return::Panic),
                    fields.wait.map(Return::Wait),
                    fields
                        .trap
                        .map(|trap| Return::Trap { trap, or_else: fields.or_else.unwrap_or_default() }),
                ]
                .into_iter()
                .flatten();
                match (given.next(), given.next()) {
                    (Some(one), None) if !without_trap => Ok(one),
                    _ => Err(serde::de::Error::custom(
                        "a return has just one of value, raise, failure, panic, wait and trap, and else beside trap only",
                    )),
                }
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// An optional field: absent (by `serde(default)`) and `null` both mean the default.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

fn some_scalar<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    scalar(from).map(Some)
}

fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    match u64::deserialize(from)? {
        0 => Err(serde::de::Error::custom("tokens start at 1")),
        tokens => Ok(tokens),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}
