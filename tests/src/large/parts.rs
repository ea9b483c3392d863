//! The parts of a structure: each begins at one Deferred, and ends with one that fires after it.

use super::D;
use super::counted::{Lost, Value, add};
use deferral::{DeferredList, DeferredLock, race};

/// The most units of a part.
const LONGEST: usize = 4096;

/// The same where firing calls itself once for each: a thousand levels is what is promised, for all parts together.
const DEEPEST: usize = 200;

/// How many kinds of parts there are.
const KINDS: u8 = 10;

/// A structure as far as it is built.
pub(super) struct Built {
    /// Its Deferreds.
    pub(super) all: Vec<D>,
    /// Where the next part begins.
    pub(super) last: D,
    /// How many units it has: Deferreds, callbacks, memberships.
    pub(super) size: u64,
}

impl Built {
    pub(super) fn on(first: &D) -> Self {
        Self { all: vec![first.clone()], last: first.clone(), size: 1 }
    }

    /// Adds a part of a kind, of about such a length.
    pub(super) fn add(&mut self, kind: u8, length: usize) {
        let long = 1 + length % LONGEST;
        let deep = 1 + length % DEEPEST;
        match kind % KINDS {
            0 => self.callbacks(long),
            1 => self.waiting(long),
            2 => self.waiting_later(long),
            3 => self.then(deep),
            4 => self.chained(long),
            5 => drop(self.fan_out(long)),
            6 => self.list(long),
            7 => self.gather(long),
            8 => self.race(long),
            _ => self.lock(deep),
        }
    }

    /// The next Deferred of the structure, with a callback.
    fn push(&mut self, d: D) {
        add(&d);
        self.size += 2;
        self.last = d.clone();
        self.all.push(d);
    }

    /// Callbacks on one Deferred.
    fn callbacks(&mut self, length: usize) {
        for _ in 0..length {
            add(&self.last);
        }
        self.size += length as u64;
    }

    /// Each waits for the one before, as soon as it is there.
    fn waiting(&mut self, length: usize) {
        for _ in 0..length {
            let outer = waits_for(&self.last);
            outer.callback(Value::default()).expect("it is new");
            self.push(outer);
        }
    }

    /// Each waits for the one before, from the far end on.
    fn waiting_later(&mut self, length: usize) {
        let begin = self.all.len();
        for _ in 0..length {
            let outer = waits_for(&self.last);
            self.push(outer);
        }
        for outer in self.all[begin..].iter().rev() {
            outer.callback(Value::default()).expect("it is new");
        }
    }

    /// Each is made from the one before.
    fn then(&mut self, length: usize) {
        for _ in 0..length {
            self.push(self.last.then(|value| value));
        }
    }

    /// Each is fired by the one before.
    fn chained(&mut self, length: usize) {
        for _ in 0..length {
            let target = D::new();
            self.last.chain_deferred(&target);
            self.push(target);
        }
    }

    fn list(&mut self, length: usize) {
        let members = self.fan_out(length);
        self.push(DeferredList::new(members).consume_errors().results(|_| Value::default()));
    }

    fn gather(&mut self, length: usize) {
        let members = self.fan_out(length);
        self.push(DeferredList::new(members).consume_errors().gather(|_| Value::default()));
    }

    fn race(&mut self, length: usize) {
        let members = self.fan_out(length);
        self.push(race(members).then(|(_, value)| value));
    }

    /// All wait for a lock, which is given back when the part begins, and then by each that has got it.
    fn lock(&mut self, length: usize) {
        let lock = DeferredLock::new();
        drop(lock.acquire::<Lost>());
        let waiters: Vec<_> = (0..length).map(|_| lock.acquire()).collect();
        self.last.add_both(move |result| {
            lock.release().expect("it is held");
            result
        });
        for waiter in waiters {
            self.push(waiter.then(|lock: DeferredLock| {
                lock.release().expect("it was acquired");
                Value::default()
            }));
        }
        self.size += length as u64;
    }

    /// Deferreds that one fires, one after another.
    fn fan_out(&mut self, length: usize) -> Vec<D> {
        let from = self.last.clone();
        let begin = self.all.len();
        for _ in 0..length {
            let target = D::new();
            from.chain_deferred(&target);
            self.push(target);
        }
        self.size += length as u64;
        self.all[begin..].to_vec()
    }
}

/// A Deferred that will wait for another one when it is fired.
fn waits_for(inner: &D) -> D {
    let (outer, inner) = (D::new(), inner.clone());
    outer.add_callback(move |_| inner);
    outer
}
