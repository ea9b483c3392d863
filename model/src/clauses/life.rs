//! The clauses about what keeps a Deferred, and what is reported when nothing does.

use super::SEEN;
use crate::coverage::Keeper;
use crate::value::{Failure, Outcome, Value};
use crate::world::{Call, Canceller, Deferred, Held, Id, Item, World};

impl World<'_> {
    /// A Deferred that no slot names is reached all the same, through this.
    pub(crate) fn meet_held(&mut self, d: Id, by: Keeper) {
        let held_by = &mut self.deferreds[d].notes.held_by;
        let bit = 1 << by as u8;
        if *held_by & bit != 0 || !self.coverage.has_clauses() {
            return;
        }
        *held_by |= bit;
        self.coverage.count_held(by);
        let clause = match by {
            Keeper::Wait | Keeper::Chain => 74,
            Keeper::List => 209,
            Keeper::Race => 210,
            Keeper::Timeout => 211,
            Keeper::Coroutine => 212,
            Keeper::Resource => 213,
        };
        self.met.when(clause, true);
    }

    /// Nothing reaches a Deferred any more.
    pub(crate) fn meet_reclaimed(&mut self, d: Id) {
        if !self.coverage.has_clauses() {
            return;
        }
        let deferred = &self.deferreds[d];
        let met = &mut self.met;
        let marked = deferred.fail_result.is_some();
        let paused = deferred.called && deferred.paused != 0;
        let failed = matches!(deferred.result, Held::Outcome(Outcome::Failure(_)));
        met.when(69, marked);
        met.when(72, paused && failed && !marked);
        met.when(73, paused && marked);
        // It waits: the other one, which holds it, is reclaimed as well.
        met.when(75, deferred.waits());
        met.when(107, marked && deferred.notes.has(SEEN));
        met.when(107, deferred.list.is_some() && has_failures(&deferred.result));
        met.when(131, matches!(deferred.fail_result, Some(Failure::FailureGroup(_))));
        let awaited = deferred.callbacks.iter().any(super::is_await);
        let in_circle = awaited || self.is_in_circle(deferred);
        let met = &mut self.met;
        met.when(214, in_circle);
        met.when(215, awaited);
    }

    /// Whether a Deferred holds something by which it is held: a list or a race by its hook, a call of the clock.
    fn is_in_circle(&self, deferred: &Deferred<'_>) -> bool {
        let unfired = |d: Id| !self.deferreds[d].called;
        deferred.callbacks.iter().any(|item| match *item {
            Item::Pair { callback: Call::Member { list, .. }, .. } => unfired(list),
            Item::Pair { callback: Call::Contestant { race, .. }, .. } => unfired(self.races[race].result),
            Item::Pair { callback: Call::CancelTimeout(_), .. } => true,
            _ => false,
        }) || matches!(deferred.canceller, Some(Canceller::Coroutine(_) | Canceller::Waiting(_)))
    }

    /// The program has ended.
    pub(crate) fn meet_end(&mut self) {
        self.met.when(41, self.circles > 0);
        if self.undefined.is_none() && self.coverage.has_clauses() {
            self.coverage.count_clauses(self.met);
        }
    }
}

/// Whether an outcome is the array of a list in which some member failed.
fn has_failures(result: &Held) -> bool {
    let Held::Outcome(Outcome::Value(Value::Array(pairs))) = result else { return false };
    pairs.iter().any(|pair| match pair {
        Value::Array(pair) => matches!(pair[..], [_, Value::Failed { .. }]),
        _ => false,
    })
}
