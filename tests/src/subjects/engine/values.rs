//! The program's values and errors, as the engine carries them and as traces show them.

use deferral::{
    AlreadyCalled, Cancelled, FailureGroup, FirstError, ListResult, Panicked, TimedOut, TimeoutReason,
};
use deferral_model::{Failure, Outcome, Value};

/// The program's errors as the engine carries them.
#[derive(Clone, Debug)]
pub(super) struct Error(pub(super) Failure);

impl From<AlreadyCalled> for Error {
    fn from(_: AlreadyCalled) -> Self {
        Self(Failure::AlreadyCalledError)
    }
}

impl From<Cancelled> for Error {
    fn from(_: Cancelled) -> Self {
        Self(Failure::CancelledError)
    }
}

impl From<Panicked> for Error {
    fn from(_: Panicked) -> Self {
        Self(Failure::Panic)
    }
}

impl From<TimedOut> for Error {
    fn from(_: TimedOut) -> Self {
        Self(Failure::TimeoutError)
    }
}

impl TimeoutReason for Error {
    fn is_cancelled(&self) -> bool {
        self.0 == Failure::CancelledError
    }
}

impl From<FirstError<Self>> for Error {
    fn from(first: FirstError<Self>) -> Self {
        Self(Failure::FirstError { index: first.index, sub: Box::new(first.error.0) })
    }
}

impl From<FailureGroup<Self>> for Error {
    fn from(group: FailureGroup<Self>) -> Self {
        Self(Failure::FailureGroup(group.failures.into_iter().map(|error| error.0).collect()))
    }
}

/// What a callback is given, as its event shows it.
pub(super) fn traced(result: &Result<Value, Error>) -> Outcome {
    match result {
        Ok(value) => Outcome::Value(value.clone()),
        Err(Error(failure)) => Outcome::Failure(failure.clone()),
    }
}

/// A list's result as a value.
pub(super) fn list_value(result: ListResult<Value, Error>) -> Value {
    match result {
        ListResult::One { index, value } => Value::Array(vec![value, integer(index)]),
        ListResult::All(results) => {
            let pair = |result| match result {
                Ok(value) => Value::Array(vec![Value::Bool(true), value]),
                Err(Error(f)) => Value::Array(vec![Value::Bool(false), Value::Failed { f }]),
            };
            Value::Array(results.into_iter().map(pair).collect())
        }
    }
}

pub(super) fn integer(index: usize) -> Value {
    Value::Int(i64::try_from(index).expect("an index fits"))
}
