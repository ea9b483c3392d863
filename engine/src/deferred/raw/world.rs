//! What entries share: the queue that they act upon, and what has happened.

use super::fifo::Fifo;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// Something that happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    Pushed(Name),
    Called(Name),
    Dropped(Name),
    /// The bytes or the alignment of an entry aren't its own.
    Broken(Name),
    /// Whom a run went on with when an entry stopped it; else it came to the end.
    Ran(Option<u8>),
    /// Whether there was one.
    DroppedFirst(bool),
    Panicked,
    /// How many entries there are, which ones, and who waits.
    Held(usize, Vec<Name>, Vec<u8>),
    /// A queue was dropped.
    Gone,
}

/// What an entry knows of itself: its id says what it does, its serial is only told by those that have two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) id: u8,
    pub(super) serial: Option<u8>,
}

/// How many entries may be pushed in all, as entries push others.
const MOST: usize = 600;

/// How often an entry may run or drop others: they nest.
const MOST_NESTED: usize = 64;

thread_local! {
    static QUEUE: RefCell<Option<Weak<dyn Fifo>>> = const { RefCell::new(None) };
    static EVENTS: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
    static PUSHED: Cell<usize> = const { Cell::new(0) };
    static NESTED: Cell<usize> = const { Cell::new(0) };
    static BOMBS: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn begin() {
    EVENTS.take();
    PUSHED.set(0);
    NESTED.set(0);
    BOMBS.set(0);
}

pub(super) fn end() -> Vec<Event> {
    EVENTS.take()
}

pub(super) fn note(event: Event) {
    EVENTS.with_borrow_mut(|events| events.push(event));
}

pub(super) fn act_upon(queue: &Rc<dyn Fifo>) {
    QUEUE.set(Some(Rc::downgrade(queue)));
}

/// Does something to the queue, unless it is being dropped.
pub(super) fn with_queue(act: impl FnOnce(&dyn Fifo)) {
    if let Some(queue) = QUEUE.with_borrow(|queue| queue.as_ref().and_then(Weak::upgrade)) {
        act(&*queue);
    }
}

/// As [`with_queue`], as long as entries may run others.
pub(super) fn nested(act: impl FnOnce(&dyn Fifo)) {
    if NESTED.get() < MOST_NESTED {
        NESTED.set(NESTED.get() + 1);
        with_queue(act);
    }
}

/// Pushes an entry, as long as there may be more.
pub(super) fn push(queue: &dyn Fifo, shape: u8, id: u8) {
    let serial = PUSHED.get();
    if serial < MOST {
        PUSHED.set(serial + 1);
        queue.push(shape, id, serial as u8);
    }
}

pub(super) fn run(queue: &dyn Fifo) {
    let ran = queue.run();
    note(Event::Ran(ran));
}

pub(super) fn drop_first(queue: &dyn Fifo) {
    let dropped = queue.drop_first();
    note(Event::DroppedFirst(dropped));
}

pub(super) fn look(queue: &dyn Fifo) {
    note(Event::Held(queue.len(), queue.names(), queue.waiters()));
}

/// How many entries there are that panic when they are dropped.
pub(super) fn bombs() -> usize {
    BOMBS.get()
}

pub(super) fn set_bombs(bombs: usize) {
    BOMBS.set(bombs);
}
