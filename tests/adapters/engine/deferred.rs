//! skeleton/rust/deferred.rs, filled in with the crate `deferral`.

use deferral::{Cancelled, Panicked, Report, set_report_hook};
use deferral_model::{Failure, Value};

pub(crate) const LACKS: &[&str] = &[];

pub(crate) type Outcome = Result<Value, Failure>;
pub(crate) type Callback = Box<dyn FnOnce(Outcome) -> Returned>;

pub(crate) enum Returned {
    Outcome(Outcome),
    Wait(Deferred),
}

pub(crate) enum Standing {
    Unfired,
    Running,
    Waiting(Deferred),
    Fired(Outcome),
}

pub(crate) struct AlreadyCalled;

/// A failure as the engine carries it: its own errors become failures.
#[derive(Clone, Debug)]
struct Error(Failure);

impl From<deferral::AlreadyCalled> for Error {
    fn from(_: deferral::AlreadyCalled) -> Self {
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

#[derive(Clone)]
pub(crate) struct Deferred(deferral::Deferred<Value, Error>);

pub(crate) fn listen(unhandled: impl Fn(Failure) + 'static, self_return: impl Fn() + 'static) {
    set_report_hook(move |report| match report {
        Report::Unhandled { error, .. } => {
            let Error(failure) = error.downcast_ref().expect("programs fail with this error only");
            unhandled(failure.clone());
        }
        Report::WaitsForItself { directly: true, .. } => self_return(),
        _ => {}
    });
}

/// The engine reclaims at once.
pub(crate) fn reclaim() {}

type Given = deferral::Returned<Value, Error>;

fn given(returned: Returned) -> Given {
    match returned {
        Returned::Outcome(Ok(value)) => Given::Value(value),
        Returned::Outcome(Err(failure)) => Given::Error(Error(failure)),
        Returned::Wait(Deferred(inner)) => Given::wait(inner),
    }
}

impl Deferred {
    pub(crate) fn new(canceller: Option<Box<dyn Fn()>>) -> Self {
        Self(match canceller {
            Some(canceller) => deferral::Deferred::with_canceller(move |_| canceller()),
            None => deferral::Deferred::new(),
        })
    }

    pub(crate) fn succeed(value: Value) -> Self {
        Self(deferral::succeed(value))
    }

    pub(crate) fn fail(failure: Failure) -> Self {
        Self(deferral::fail(Error(failure)))
    }

    pub(crate) fn maybe(call: impl FnOnce() -> Returned) -> Self {
        Self(deferral::maybe_deferred(|| given(call())))
    }

    pub(crate) fn add_callback(&self, callback: Callback) {
        self.0.add_callback(|value| given(callback(Ok(value))));
    }

    pub(crate) fn add_errback(&self, errback: Callback) {
        self.0.add_errback(|Error(failure)| given(errback(Err(failure))));
    }

    pub(crate) fn add_both(&self, callback: Callback) {
        self.0.add_both(|result| given(callback(result.map_err(|Error(failure)| failure))));
    }

    pub(crate) fn add_callbacks(&self, callback: Callback, errback: Callback) {
        self.0
            .add_callbacks(|value| given(callback(Ok(value))), |Error(failure)| given(errback(Err(failure))));
    }

    pub(crate) fn chain(&self, to: &Self) {
        self.0.chain_deferred(&to.0);
    }

    pub(crate) fn callback(&self, value: Value) -> Result<(), AlreadyCalled> {
        self.0.callback(value).map_err(|_| AlreadyCalled)
    }

    pub(crate) fn errback(&self, failure: Failure) -> Result<(), AlreadyCalled> {
        self.0.errback(Error(failure)).map_err(|_| AlreadyCalled)
    }

    pub(crate) fn cancel(&self) {
        self.0.cancel();
    }

    pub(crate) fn pause(&self) {
        self.0.pause();
    }

    pub(crate) fn unpause(&self) {
        self.0.unpause();
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.0.state() {
            deferral::State::Unfired => Standing::Unfired,
            deferral::State::Running => Standing::Running,
            deferral::State::Waiting => Standing::Waiting(Self(self.0.waiting_for().expect("it waits"))),
            deferral::State::Succeeded | deferral::State::Failed => self.0.with_result(|result| {
                let result = result.expect("it is fired").clone();
                Standing::Fired(result.map_err(|Error(failure)| failure))
            }),
        }
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}
