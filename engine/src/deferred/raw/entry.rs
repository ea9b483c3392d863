//! Entries that tell what is done to them, and act.

use super::load::Load;
use super::world::{self, Event, Name, note, with_queue};
use crate::deferred::queue::{Context, Flow, Payload};
use crate::deferred::reclaim::Seen;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::thread::panicking;

/// What a queue by itself is run on: nothing. Who is gone on with, and who waits, is told by number.
pub(super) struct Nothing;

impl Context for Nothing {
    type At<'a> = ();
    type Link = u8;
    type Waiter = u8;
}

/// An entry of a queue.
pub(super) struct Entry<L: Load>(L);

impl<L: Load> Entry<L> {
    pub(super) fn new(id: u8, serial: u8) -> Self {
        let entry = Self(L::new(id, serial));
        note(Event::Pushed(entry.0.name()));
        world::set_bombs(world::bombs() + usize::from(entry.on_drop() == OnDrop::Panic));
        entry
    }

    pub(super) fn name(&self) -> Name {
        self.0.name()
    }

    pub(super) fn waits(&self) -> Option<&u8> {
        (*self.0.id() >= 128).then_some(self.0.id())
    }

    pub(super) fn check(&self) {
        if !self.0.intact() {
            note(Event::Broken(self.0.name()));
        }
    }

    /// Runs the entry.
    pub(super) fn act(self) -> Flow<Nothing> {
        self.check();
        note(Event::Called(self.0.name()));
        let id = *self.0.id();
        match id % 8 {
            2 => return ControlFlow::Break(Some(id)),
            3 => panic_once(),
            4 => with_queue(|queue| {
                for child in [id / 3, id ^ 0x55] {
                    world::push(queue, child, child);
                }
            }),
            5 => world::nested(world::run),
            6 => world::nested(world::drop_first),
            7 => with_queue(world::look),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn on_drop(&self) -> OnDrop {
        match self.0.id() / 8 % 4 {
            2 => OnDrop::Panic,
            3 => OnDrop::Push,
            _ => OnDrop::Nothing,
        }
    }
}

/// What an entry does when it is dropped.
#[derive(PartialEq, Eq)]
enum OnDrop {
    Nothing,
    Panic,
    Push,
}

/// Panics, without a message, unless there is a panic already: a second one would end the process.
fn panic_once() {
    if !panicking() {
        resume_unwind(Box::new(()));
    }
}

impl<L: Load> Drop for Entry<L> {
    fn drop(&mut self) {
        self.check();
        note(Event::Dropped(self.0.name()));
        match self.on_drop() {
            OnDrop::Nothing => {}
            OnDrop::Panic => {
                world::set_bombs(world::bombs() - 1);
                panic_once();
            }
            OnDrop::Push => with_queue(|queue| world::push(queue, self.0.id() / 5, self.0.id() / 2)),
        }
    }
}

impl<L: Load> Payload<Nothing> for Entry<L> {
    fn call(self, (): ()) -> Flow<Nothing> {
        self.act()
    }

    /// No edges; but who looks at all entries is shown every one.
    fn edges(&self, _: &mut Seen<'_>) -> ControlFlow<()> {
        self.check();
        super::fifo::show(self.name());
        ControlFlow::Continue(())
    }

    fn waiter(&self) -> Option<&u8> {
        self.waits()
    }
}
