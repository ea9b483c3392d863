//! The queue of callbacks by itself, against what the standard library has for it: for tests and for fuzzing.
//!
//! Bytes are read as operations on a queue ([`callbacks`]), and played on a `Queue` and on a `VecDeque` of boxed
//! closures. Entries of any size and alignment ([`load`]) tell what is done to them, and do things themselves, by
//! their number: stop the run, panic, push, run and drop others, when they are called and when they are dropped
//! ([`entry`]). All of it is written down ([`world`]), and both have to come to the same.

mod entry;
mod fifo;
mod load;
mod world;

use fifo::{Boxes, Fifo, Raw};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use world::{Event, note};

/// Plays the bytes on both queues.
///
/// # Panics
/// When the queue does otherwise than a `VecDeque` does, or an entry was lost or dropped twice.
pub fn callbacks(bytes: &[u8]) {
    let (raw, boxes) = (play::<Raw>(bytes), play::<Boxes>(bytes));
    let differs = raw.iter().zip(&boxes).position(|(raw, boxes)| raw != boxes);
    let at = differs.unwrap_or_else(|| raw.len().min(boxes.len()));
    assert!(raw == boxes, "event {at} is {:?} where it should be {:?}", raw.get(at), boxes.get(at));
    let count = |of: fn(&Event) -> bool| raw.iter().filter(|event| of(event)).count();
    let pushed = count(|event| matches!(event, Event::Pushed(_)));
    let dropped = count(|event| matches!(event, Event::Dropped(_)));
    assert_eq!(pushed, dropped, "every entry is dropped, once");
}

/// Plays the bytes on a queue; tells what happened.
fn play<F: Fifo + Default + 'static>(bytes: &[u8]) -> Vec<Event> {
    world::begin();
    let mut queue = fresh::<F>();
    let mut bytes = bytes.iter().copied();
    while let Some(op) = bytes.next() {
        let mut next = || bytes.next().unwrap_or(0);
        match op % 16 {
            0..6 => world::push(&*queue, next(), next()),
            6 => {
                let (many, shape, id) = (next() % 64, next(), next());
                (0..many).for_each(|_| world::push(&*queue, shape, id));
            }
            7 => (0..next() % 64).for_each(|_| drop_first(&*queue)),
            8..11 => caught(|| world::run(&*queue)),
            11..13 => drop_first(&*queue),
            13..15 => world::look(&*queue),
            _ => {
                drop_all(queue);
                queue = fresh::<F>();
            }
        }
    }
    drop_all(queue);
    world::end()
}

/// A new queue, which is from now on the one that entries act upon.
fn fresh<F: Fifo + Default + 'static>() -> Rc<dyn Fifo> {
    let queue: Rc<dyn Fifo> = Rc::new(F::default());
    world::act_upon(&queue);
    queue
}

fn drop_first(queue: &dyn Fifo) {
    caught(|| world::drop_first(queue));
}

/// Drops a queue with everything in it. What may panic when it is dropped goes before, one by one.
fn drop_all(queue: Rc<dyn Fifo>) {
    while world::bombs() > 0 && queue.len() > 0 {
        drop_first(&*queue);
    }
    drop(queue);
    note(Event::Gone);
}

/// Notes that something panicked.
fn caught(work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        note(Event::Panicked);
    }
}
