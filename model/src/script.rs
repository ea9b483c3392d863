//! Scripts, the bodies of callbacks and the like, with what they return; and the steps of coroutines.

use crate::program::{Op, is_false, or_default};
use crate::trace::ScriptId;
use crate::value::{ErrorName, TrapName, Value, scalar};
use serde::{Deserialize, Deserializer, Serialize};

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
            #[serde(default, deserialize_with = "given")]
            raise: Option<ErrorName>,
            #[serde(default, deserialize_with = "given")]
            failure: Option<ErrorName>,
            #[serde(default, deserialize_with = "given")]
            panic: Option<String>,
            #[serde(default, deserialize_with = "given")]
            wait: Option<usize>,
            #[serde(default, deserialize_with = "given")]
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

/// A field that may be absent (by `serde(default)`), but not `null`.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

fn some_scalar<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    scalar(from).map(Some)
}
