/// What flows along the chains.
#[derive(Clone, Debug, Default)]
enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Array(Vec<Value>),
    Resource(usize),
    Failed(Error),
}

#[derive(Clone, Debug, PartialEq)]
enum Error {
    E0,
    E1,
    E2,
    CancelledError,
    AlreadyCalledError,
    TimeoutError,
    Panic,
    FirstError(usize, Box<Error>),
    FailureGroup(Vec<Error>),
}

type D = Deferred<Value, Error>;

impl From<AlreadyCalled> for Error {
    fn from(_: AlreadyCalled) -> Self {
        Self::AlreadyCalledError
    }
}

impl From<Cancelled> for Error {
    fn from(_: Cancelled) -> Self {
        Self::CancelledError
    }
}

impl From<Panicked> for Error {
    fn from(_: Panicked) -> Self {
        Self::Panic
    }
}

impl From<TimedOut> for Error {
    fn from(_: TimedOut) -> Self {
        Self::TimeoutError
    }
}

impl TimeoutReason for Error {
    fn is_cancelled(&self) -> bool {
        *self == Self::CancelledError
    }
}

impl From<FirstError<Self>> for Error {
    fn from(first: FirstError<Self>) -> Self {
        Self::FirstError(first.index, Box::new(first.error))
    }
}

impl From<FailureGroup<Self>> for Error {
    fn from(group: FailureGroup<Self>) -> Self {
        Self::FailureGroup(group.failures)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstError(index, sub) => write!(f, "FirstError({index}, {sub})"),
            Self::FailureGroup(group) => write!(f, "FailureGroup({})", joined(group)),
            plain => write!(f, "{plain:?}"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(bool) => write!(f, "{bool}"),
            Self::Int(int) => write!(f, "{int}"),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Array(values) => write!(f, "[{}]", joined(values)),
            Self::Resource(number) => write!(f, "r{number}"),
            Self::Failed(error) => write!(f, "failure {error}"),
        }
    }
}

fn joined(all: &[impl fmt::Display]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn int(index: usize) -> Value {
    Value::Int(index as i64)
}

fn list_value(result: ListResult<Value, Error>) -> Value {
    let pair = |result: Result<Value, Error>| match result {
        Ok(value) => Value::Array(vec![Value::Bool(true), value]),
        Err(error) => Value::Array(vec![Value::Bool(false), Value::Failed(error)]),
    };
    match result {
        ListResult::One { index, value } => Value::Array(vec![value, int(index)]),
        ListResult::All(results) => Value::Array(results.into_iter().map(pair).collect()),
    }
}
