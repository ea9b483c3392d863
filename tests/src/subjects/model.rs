//! The reference model as a subject that is looked at after every operation.

use crate::subject::{Execution, Observation};
use deferral_model::{Answer, Failure, Op, State, World, trace::sort_failures};

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
        State::Failure(Failure::InternalCancelled) => State::Failure(Failure::CancelledError),
        state => state,
    }
}
