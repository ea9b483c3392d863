//! The reference model as a subject that is looked at after every operation.

use crate::subject::{Execution, Observation};
use deferral_model::trace::sort_failures;
use deferral_model::{Answer, Coverage, Failure, Fault, Op, State, Value, World};

/// A program in progress on the model.
#[derive(Default)]
pub struct Model<'p> {
    world: World<'p>,
    events_seen: usize,
    unhandled_seen: usize,
}

impl<'p> Model<'p> {
    /// The model, or a wrong variant of it, for programs whose coverage is added to what was met before.
    #[must_use]
    pub fn new(fault: Option<Fault>, coverage: Coverage) -> Self {
        let world = World::new(fault, coverage);
        Self { world, events_seen: 0, unhandled_seen: 0 }
    }

    /// Makes it ready for the next program.
    pub fn clear(&mut self) {
        self.world.clear();
        self.events_seen = 0;
        self.unhandled_seen = 0;
    }

    /// The world that the program runs in.
    #[must_use]
    pub fn world(&self) -> &World<'p> {
        &self.world
    }

    /// What was met so far; it begins to count anew.
    pub fn take_coverage(&mut self) -> Coverage {
        self.world.take_coverage()
    }
}

impl<'p> Execution<'p> for Model<'p> {
    fn step(&mut self, op: &'p Op) {
        self.world.step(op);
    }

    fn observe(&mut self, seen: &mut Observation) {
        self.world.reclaim();
        let world = &self.world;
        seen.events.clear();
        seen.events.extend_from_slice(&world.events()[self.events_seen..]);
        seen.unhandled.clear();
        seen.unhandled.extend_from_slice(&world.unhandled()[self.unhandled_seen..]);
        sort_failures(&mut seen.unhandled);
        seen.state.clear();
        seen.state.extend((0..world.slots()).map(|slot| shown(world.state(slot))));
        seen.held = world.held();
        seen.circles = world.circles();
        seen.without_origin = 0;
        self.events_seen = world.events().len();
        self.unhandled_seen = world.unhandled().len();
    }

    fn undefined(&self) -> Option<&'static str> {
        self.world.undefined()
    }

    fn end(&mut self) {
        self.world.end();
    }

    fn answer(&self) -> Answer {
        self.world.answer()
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
