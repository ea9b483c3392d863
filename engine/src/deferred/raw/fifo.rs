//! The two queues: ours, and one of boxed closures.

use super::entry::{Entry, Nothing};
use super::load::{Align16, Align64, Align128, Elsewhere, Filled, Load, Zero};
use super::world::Name;
use crate::deferred::queue::{Flow, Queue};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// A queue of entries, first in, first out.
pub(super) trait Fifo {
    /// Appends an entry of some shape.
    fn push(&self, shape: u8, id: u8, serial: u8);
    /// Runs entries until one stops it: whom to go on with then.
    fn run(&self) -> Option<u8>;
    /// Drops the first entry: whether there was one.
    fn drop_first(&self) -> bool;
    fn len(&self) -> usize;
    fn names(&self) -> Vec<Name>;
    fn waiters(&self) -> Vec<u8>;
}

/// Takes an entry of any type.
trait Take {
    fn take<L: Load>(&self, entry: Entry<L>);

    fn take_shape(&self, shape: u8, id: u8, serial: u8) {
        match shape % 14 {
            0 => self.take(Entry::<Zero<u8, 0>>::new(id, serial)),
            1 => self.take(Entry::<Zero<u64, 0b00_011>>::new(id, serial)),
            2 => self.take(Entry::<Zero<Align64, 0b10_000>>::new(id, serial)),
            3 => self.take(Entry::<Zero<u8, 0b11_100>>::new(id, serial)),
            4 => self.take(Entry::<Filled<u8, 1>>::new(id, serial)),
            5 => self.take(Entry::<Filled<u64, 8>>::new(id, serial)),
            6 => self.take(Entry::<Filled<u8, 9>>::new(id, serial)),
            7 => self.take(Entry::<Filled<u64, 48>>::new(id, serial)),
            8 => self.take(Entry::<Filled<u32, 300>>::new(id, serial)),
            9 => self.take(Entry::<Filled<Align16, 16>>::new(id, serial)),
            10 => self.take(Entry::<Filled<Align64, 9>>::new(id, serial)),
            11 => self.take(Entry::<Filled<Align128, 300>>::new(id, serial)),
            12 => self.take(Entry::<Filled<u8, 1500>>::new(id, serial)),
            _ => self.take(Entry::<Elsewhere>::new(id, serial)),
        }
    }
}

/// The engine's queue.
pub(super) struct Raw(Queue<Nothing>);

impl Default for Raw {
    fn default() -> Self {
        Self(Queue::new(()))
    }
}

impl Take for Raw {
    fn take<L: Load>(&self, entry: Entry<L>) {
        let back = self.0.back();
        self.0.push(entry);
        assert!(!self.0.is_bare(), "there is an entry");
        assert_ne!(self.0.back(), back, "something was added");
    }
}

impl Fifo for Raw {
    fn push(&self, shape: u8, id: u8, serial: u8) {
        self.take_shape(shape, id, serial);
    }

    fn run(&self) -> Option<u8> {
        match self.0.run(()) {
            ControlFlow::Continue(()) => {
                assert!(self.0.is_bare(), "at the end there is nothing left");
                None
            }
            ControlFlow::Break(link) => {
                assert!(link.is_some(), "an entry that stops the run says whom to go on with");
                link
            }
        }
    }

    fn drop_first(&self) -> bool {
        self.0.drop_first()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn names(&self) -> Vec<Name> {
        SHOWN.take();
        let _ = self.0.edges(&mut |_, _| ControlFlow::Break(()));
        SHOWN.take()
    }

    fn waiters(&self) -> Vec<u8> {
        let mut waiters = Vec::new();
        let _ = self.0.waiters(&mut |waiter| {
            waiters.push(*waiter);
            ControlFlow::Continue(())
        });
        waiters
    }
}

thread_local! {
    /// The entries that were shown.
    static SHOWN: RefCell<Vec<Name>> = const { RefCell::new(Vec::new()) };
}

/// An entry is shown.
pub(super) fn show(name: Name) {
    SHOWN.with_borrow_mut(|shown| shown.push(name));
}

/// What the standard library has for it.
#[derive(Default)]
pub(super) struct Boxes(RefCell<VecDeque<Shown>>);

/// A boxed closure, and what can't be asked of one.
struct Shown {
    name: Name,
    waits: Option<u8>,
    call: Box<Act>,
}

type Act = dyn FnOnce() -> Flow<Nothing>;

impl Boxes {
    fn pop(&self) -> Option<Shown> {
        self.0.borrow_mut().pop_front()
    }
}

impl Take for Boxes {
    fn take<L: Load>(&self, entry: Entry<L>) {
        let (name, waits) = (entry.name(), entry.waits().copied());
        let shown = Shown { name, waits, call: Box::new(|| entry.act()) };
        self.0.borrow_mut().push_back(shown);
    }
}

impl Fifo for Boxes {
    fn push(&self, shape: u8, id: u8, serial: u8) {
        self.take_shape(shape, id, serial);
    }

    fn run(&self) -> Option<u8> {
        while let Some(first) = self.pop() {
            if let ControlFlow::Break(link) = (first.call)() {
                return link;
            }
        }
        None
    }

    fn drop_first(&self) -> bool {
        self.pop().is_some()
    }

    fn len(&self) -> usize {
        self.0.borrow().len()
    }

    fn names(&self) -> Vec<Name> {
        self.0.borrow().iter().map(|shown| shown.name).collect()
    }

    fn waiters(&self) -> Vec<u8> {
        self.0.borrow().iter().filter_map(|shown| shown.waits).collect()
    }
}
