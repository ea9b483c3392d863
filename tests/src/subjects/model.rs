//! The reference model as a subject that is looked at after every operation.

use crate::subject::{Execution, Observation};
use deferral_model::{Answer, Failure, Op, State, Value, World, trace::sort_failures};

/// A program in progress on the model.
#[derive(Default)]
pub struct Model<'p> {
    world: World<'p>,
    events_seen: usize,
    unhandled_seen: usize,
}

impl<'p> Model<'p> {
    /// The world that the program runs in.
    #[must_use]
    pub fn world(&self) -> &World<'p> {
        &self.world
    }
}

impl<'p> Execution<'p> for Model<'p> {
    fn step(&mut self, op: &'p Op) {
        self.world.step(op);
        self.world.reclaim();
    }

    fn observe(&mut self) -> Observation {
        let events = self.world.events()[self.events_seen..].to_vec();
        let mut unhandled = self.world.unhandled()[self.unhandled_seen..].to_vec();
        self.events_seen += events.len();
        self.unhandled_seen += unhandled.len();
        sort_failures(&mut unhandled);
        let state = (0..self.world.slots()).map(|slot| shown(self.world.state(slot))).collect();
        Observation { events, state, unhandled }
    }

    fn undefined(&self) -> Option<&'static str> {
        self.world.undefined()
    }

    fn finish(&mut self) -> Answer {
        self.world.finish()
    }
}

/// The error that Twisted cancels coroutines with makes a program undefined where it shows in the end. Until
/// then any engine may have its own stand-in for it: that of ours is `CancelledError`.
fn shown(state: State) -> State {
    match state {
        State::Failure(failure) => State::Failure(stand_in(failure)),
        State::Value(value) => State::Value(stand_in_value(value)),
        state => state,
    }
}

fn stand_in(failure: Failure) -> Failure {
    match failure {
        Failure::InternalCancelled => Failure::CancelledError,
        Failure::FirstError { index, sub } => Failure::FirstError { index, sub: Box::new(stand_in(*sub)) },
        Failure::FailureGroup(group) => Failure::FailureGroup(group.into_iter().map(stand_in).collect()),
        failure => failure,
    }
}

fn stand_in_value(value: Value) -> Value {
    match value {
        Value::Failed { f } => Value::Failed { f: stand_in(f) },
        Value::Array(values) => Value::Array(values.into_iter().map(stand_in_value).collect()),
        value => value,
    }
}
