//! What flows along a chain: values, failures, and the outcome that is one of the two.

use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;

/// A value as programs write it (`Null` to `Text`) and as operations make it (the rest).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `null`, Python's `None`; what a hand-over leaves behind.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string.
    Text(String),
    /// A list or tuple: what a `DeferredList`, `gather` or `race` fires with.
    Array(Vec<Value>),
    /// A lock or a semaphore, named by its resource number: what `acquire` fires with.
    Resource {
        /// The resource's number.
        r: usize,
    },
    /// A failure inside the result of a `DeferredList`.
    Failed {
        /// The failure.
        f: Failure,
    },
}

/// An error that a program may raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say all there is")]
pub enum ErrorName {
    E0,
    E1,
    E2,
}

/// An error that a program may trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say all there is")]
pub enum TrapName {
    E0,
    E1,
    E2,
    CancelledError,
}

/// A failure, told apart by its error.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the program's or Twisted's own")]
pub enum Failure {
    E0,
    E1,
    E2,
    CancelledError,
    AlreadyCalledError,
    TimeoutError,
    /// An unexpected fault of a callback's own: an exception in Python, a panic in Rust.
    Panic,
    FirstError {
        index: usize,
        sub: Box<Failure>,
    },
    FailureGroup(Vec<Failure>),
    /// `_InternalInlineCallbacksCancelledError`: a program in which it would show is undefined.
    #[doc(hidden)]
    #[serde(skip)]
    InternalCancelled,
}

/// What a Deferred fires with, and what each of its callbacks is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// The callback side.
    #[serde(rename = "v")]
    Value(Value),
    /// The errback side.
    #[serde(rename = "f")]
    Failure(Failure),
}

impl Failure {
    /// Whether `failure.trap(name)` holds it.
    #[must_use]
    pub fn is(&self, name: TrapName) -> bool {
        matches!(
            (self, name),
            (Self::E0, TrapName::E0)
                | (Self::E1, TrapName::E1)
                | (Self::E2, TrapName::E2)
                | (Self::CancelledError, TrapName::CancelledError)
        )
    }
}

impl Failure {
    /// Whether the error that Twisted cancels coroutines with is in it.
    pub(crate) fn is_internal(&self) -> bool {
        match self {
            Self::InternalCancelled => true,
            Self::FirstError { sub, .. } => sub.is_internal(),
            Self::FailureGroup(failures) => failures.iter().any(Self::is_internal),
            _ => false,
        }
    }
}

impl Outcome {
    /// As [`Failure::is_internal`], for values that hold failures too.
    pub(crate) fn is_internal(&self) -> bool {
        fn holds(value: &Value) -> bool {
            match value {
                Value::Array(values) => values.iter().any(holds),
                Value::Failed { f } => f.is_internal(),
                _ => false,
            }
        }
        match self {
            Self::Value(value) => holds(value),
            Self::Failure(failure) => failure.is_internal(),
        }
    }
}

impl From<ErrorName> for Failure {
    fn from(name: ErrorName) -> Self {
        match name {
            ErrorName::E0 => Self::E0,
            ErrorName::E1 => Self::E1,
            ErrorName::E2 => Self::E2,
        }
    }
}

/// Reads a value that stands in a program: `null`, a boolean, an i64 or a string, and nothing else.
pub(crate) fn scalar<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    struct Scalar;
    impl de::Visitor<'_> for Scalar {
        type Value = Value;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("null, a boolean, an integer of 64 bits or a string")
        }
        fn visit_unit<E>(self) -> Result<Value, E> {
            Ok(Value::Null)
        }
        fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
            Ok(Value::Bool(value))
        }
        fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
            Ok(Value::Int(value))
        }
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
            i64::try_from(value)
                .map(Value::Int)
                .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
        }
        fn visit_str<E>(self, value: &str) -> Result<Value, E> {
            Ok(Value::Text(value.to_owned()))
        }
    }
    from.deserialize_any(Scalar)
}
