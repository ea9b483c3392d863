//! The clauses of the core: DC-1 to DC-87, but for those about ownership.

use super::{
    ASKED, BEHIND, CANCELLED, CHAINED, FAILED, FORWARDED, HAD_CANCELLER, HANDING, LONG_CHAIN, RAN, SERVED,
    TIMED_OUT, is_await, is_continuation, is_hook, is_null, sides,
};
use crate::coverage::Stage;
use crate::program::Op;
use crate::run_loop::{Panicked, Returned};
use crate::script::{Return, Script};
use crate::value::{Outcome, Value};
use crate::world::{Call, Canceller, Held, Id, Item, World};

impl World<'_> {
    /// An operation begins.
    pub(crate) fn meet_op(&mut self, op: &Op) {
        let nested = self.depth > 0;
        let slot = op.slot();
        let stage = slot.map_or(Stage::None, |slot| self.stage(slot));
        self.coverage.count(op, stage, nested);
        if !self.coverage.has_clauses() {
            return;
        }
        let met = &mut self.met;
        match (op, slot, stage) {
            (Op::Succeed { .. } | Op::Fail { .. }, ..) => met.when(77, true),
            (Op::Maybe { call }, ..) => met.when(80, call.ops.iter().any(binds)),
            (_, None, _) => self.meet_making(op, nested),
            (_, _, Stage::Unbound) => met.when(87, true),
            (_, _, Stage::Dropped) => {
                met.when(76, true);
                met.when(87, !matches!(op, Op::Drop { .. }));
            }
            (_, Some(slot), _) => {
                if let Some(d) = self.named(slot) {
                    self.meet_op_on(op, slot, d, nested);
                    self.meet_family_op_on(op, d);
                }
            }
        }
    }

    /// An operation begins on a Deferred that is there.
    fn meet_op_on(&mut self, op: &Op, slot: usize, d: Id, nested: bool) {
        let deferred = &self.deferreds[d];
        let met = &mut self.met;
        let busy = deferred.running_callbacks || deferred.waits();
        let runs = nested && deferred.queued() && !busy;
        match op {
            Op::AddCallback { .. } | Op::AddErrback { .. } | Op::AddBoth { .. } | Op::AddCallbacks { .. } => {
                met.when(1, deferred.unfired());
                met.when(4, deferred.ready());
                met.when(5, deferred.callbacks.len() >= LONG_CHAIN);
                met.when(19, nested && deferred.ready());
            }
            Op::Callback { .. } | Op::Errback { .. } if !self.slots[slot].may_fire => met.when(10, true),
            Op::Callback { .. } | Op::Errback { .. } if !deferred.called => {
                met.when(6, deferred.queued());
                met.when(19, runs && deferred.paused == 0);
            }
            Op::Callback { .. } | Op::Errback { .. } if deferred.suppress_already_called => {
                met.when(52, true);
                met.when(63, deferred.notes.has(FORWARDED));
                met.when(148, deferred.notes.has(TIMED_OUT));
            }
            Op::Callback { .. } | Op::Errback { .. } => {
                met.when(7, true);
                met.when(8, !deferred.running_callbacks);
                met.when(9, deferred.running_callbacks);
                met.when(31, deferred.waits());
                met.when(55, deferred.notes.has(ASKED));
                met.when(85, nested);
            }
            Op::Cancel { .. } => {
                met.when(19, runs && deferred.paused == 0 && deferred.unfired());
                if deferred.cancelling > 0 {
                    met.when(61, true);
                    met.when(144, matches!(deferred.canceller, Some(Canceller::Race(_))));
                } else if !self.may_cancel(d) {
                    self.met.when(67, true);
                }
            }
            Op::Pause { .. } => met.when(24, deferred.paused == -1 && !busy),
            Op::Unpause { .. } if !deferred.gathered => {
                met.when(27, busy);
                met.when(22, !busy && deferred.paused == 1 && (deferred.unfired() || deferred.queued()));
                met.when(23, !busy && deferred.paused >= 2);
                met.when(24, !busy && deferred.paused == 0);
                met.when(19, runs && deferred.paused == 1 && deferred.called);
            }
            Op::Chain { to, .. } => match self.slots.get(*to).map(|to| (to.deferred, to.may_fire)) {
                Some((Some(_), false)) => met.when(10, true),
                Some((Some(to), true)) => {
                    self.deferreds[d].notes.set(CHAINED, true);
                    self.deferreds[to].notes.set(CHAINED, true);
                }
                _ => met.when(87, true),
            },
            Op::Probe { .. } => met.when(13, deferred.running_callbacks),
            Op::Drop { .. } => {
                let names = self.slots.iter().filter(|slot| slot.deferred == Some(d));
                met.when(76, names.take(2).count() == 2);
                met.when(74, deferred.running_callbacks || deferred.cancelling > 0);
            }
            _ => {}
        }
    }

    /// The script of a `maybe` has returned.
    pub(crate) fn meet_maybe(&mut self, call: &Script, returned: &Returned) {
        let waits = matches!(returned, Returned::Deferred(_));
        self.met.when(79, waits);
        self.met.when(78, !waits);
        self.met.when(87, !waits && matches!(call.ret, Return::Wait(_)));
    }

    /// A Deferred is fired, for the first time.
    pub(crate) fn meet_fire(&mut self, d: Id) {
        let deferred = &mut self.deferreds[d];
        let had = matches!(deferred.canceller, Some(Canceller::Script(_)));
        deferred.notes.set(HAD_CANCELLER, had);
    }

    /// A Deferred's entries are to be run, now that it has an outcome or one more of them.
    pub(crate) fn meet_run(&mut self, d: Id) {
        let deferred = &self.deferreds[d];
        self.met.when(18, deferred.running_callbacks);
        let handing = deferred.notes.has(HANDING);
        self.met.when(20, handing && deferred.ready() && deferred.queued());
    }

    /// The loop turns to the last of these: the one that was to be run, a waiter of it, a waiter of that …
    pub(crate) fn meet_turn(&mut self, chain: &[Id]) {
        let Some((&d, outer)) = chain.split_last() else { return };
        let deferred = &mut self.deferreds[d];
        let back = deferred.notes.has(HANDING);
        deferred.notes.set(HANDING, false);
        if deferred.paused == 0 {
            self.met.when(39, outer.len() >= 2 && !back);
            return;
        }
        // It is blocked, and the loop ends.
        let held = deferred.queued() && !deferred.waits();
        let surplus = deferred.paused < 0;
        let met = &mut self.met;
        met.when(21, held && outer.is_empty() && !surplus);
        met.when(24, held && surplus);
        met.when(28, !outer.is_empty() && !back);
        met.when(30, held && back);
        let (mut stranded, mut hook) = (false, false);
        for &d in outer {
            let deferred = &mut self.deferreds[d];
            stranded |= deferred.queued();
            hook |= deferred.callbacks.iter().any(is_hook);
            deferred.notes.set(HANDING, false);
        }
        met.when(29, stranded);
        met.when(111, hook);
    }

    /// An entry is about to run: it has left the chain.
    pub(crate) fn meet_entry(&mut self, d: Id, item: Item<'_>, result: &Outcome) {
        if !self.coverage.has_clauses() {
            return;
        }
        match item {
            Item::Continue(waiter) => self.meet_continuation(d, waiter, result),
            Item::Pair { callback, errback } => {
                let succeeded = matches!(result, Outcome::Value(_));
                let (call, other) = sides(callback, errback, succeeded);
                self.meet_call(d, call, other, result);
                self.meet_family_call(d, call, other, result);
            }
        }
    }

    fn meet_continuation(&mut self, d: Id, waiter: Id, result: &Outcome) {
        let failed = matches!(result, Outcome::Failure(_));
        let (inner, outer) = (&self.deferreds[d], &self.deferreds[waiter]);
        let met = &mut self.met;
        met.when(32, inner.queued() || outer.notes.has(BEHIND));
        met.when(33, !is_null(result));
        met.when(34, inner.queued() && outer.queued() && outer.paused == 1);
        met.when(36, failed && outer.queued());
        met.when(71, failed);
        if let Some(next) = inner.callbacks.front() {
            met.when(35, is_continuation(next));
            met.when(110, is_hook(next));
            met.when(169, is_await(next));
        }
        self.deferreds[waiter].notes.handed_by = Some(d);
        self.deferreds[d].notes.set(HANDING, true);
    }

    fn meet_call(&mut self, d: Id, call: Call<'_>, other: Call<'_>, result: &Outcome) {
        let deferred = &self.deferreds[d];
        let met = &mut self.met;
        met.when(11, deferred.queued());
        met.when(25, deferred.paused != 0);
        match call {
            Call::Passthru => met.when(2, matches!(other, Call::Script(_))),
            Call::Script(script) => {
                met.when(15, deferred.notes.has(FAILED));
                met.when(3, matches!(other, Call::Script(other) if other.id == script.id));
                met.when(16, deferred.queued() && matches!(result, Outcome::Failure(_)));
                let odd = |value: &Value| matches!(value, Value::Null | Value::Bool(_) | Value::Text(_));
                met.when(81, matches!(result, Outcome::Value(value) if odd(value)));
            }
            Call::Fire(target) if target == d => met.when(49, true),
            Call::Fire(target) => {
                let target = &self.deferreds[target];
                met.when(44, !target.called);
                met.when(45, !target.called && !is_null(result));
                met.when(46, target.called && !target.suppress_already_called);
                met.when(47, target.called && target.suppress_already_called);
                met.when(71, !target.called && matches!(result, Outcome::Failure(_)));
            }
            _ => {}
        }
    }

    /// What an entry called has returned.
    pub(crate) fn meet_return(&mut self, d: Id, item: Item<'_>, succeeded: bool, returned: &Returned) {
        let Item::Pair { callback, errback } = item else { return };
        if !self.coverage.has_clauses() {
            return;
        }
        let (call, other) = sides(callback, errback, succeeded);
        match call {
            Call::Script(script) => self.meet_script_return(d, script, other, succeeded, returned),
            Call::Fire(target) => {
                let went = matches!(returned, Returned::Outcome(Outcome::Value(_)));
                let held = self.deferreds[target].paused != 0;
                self.met.when(50, went && held && self.deferreds[d].queued());
            }
            _ => self.meet_family_return(d, call, returned),
        }
        if let Returned::Deferred(inner) = *returned {
            self.meet_returned_deferred(d, inner, succeeded);
        }
    }

    fn meet_script_return(
        &mut self,
        d: Id,
        script: &Script,
        other: Call<'_>,
        succeeded: bool,
        returned: &Returned,
    ) {
        let names_one = matches!(script.ret, Return::Wait(slot) if self.named(slot).is_some());
        let deferred = &mut self.deferreds[d];
        let met = &mut self.met;
        let more = deferred.queued();
        let failed = matches!(returned, Returned::Outcome(Outcome::Failure(_)));
        deferred.notes.set(RAN, true);
        if failed {
            deferred.notes.set(FAILED, true);
        }
        match script.ret {
            Return::Arg => met.when(82, true),
            Return::Value(_) => met.when(12, more),
            Return::Raise(_) | Return::Failure(_) => {
                met.when(12, more);
                met.when(14, true);
            }
            Return::Panic(_) => met.when(15, true),
            Return::Wait(_) => {
                let none = matches!(returned, Returned::Outcome(_));
                met.when(43, none && names_one);
                met.when(87, none && !names_one);
            }
            Return::Trap { .. } => {
                met.when(83, !succeeded && !failed);
                met.when(84, succeeded || failed);
            }
        }
        // The callback failed, or the errback helped: not a matter of the other one.
        let alternatives = matches!(other, Call::Script(other) if other.id != script.id);
        let turned = matches!(returned, Returned::Outcome(_)) && succeeded == failed;
        met.when(17, alternatives && turned);
        met.when(196, failed && deferred.notes.has(SERVED));
    }

    /// An entry returned a Deferred: its outcome is taken, or it is waited for.
    fn meet_returned_deferred(&mut self, d: Id, inner: Id, succeeded: bool) {
        let (outer, other) = (&self.deferreds[d], &self.deferreds[inner]);
        let met = &mut self.met;
        if d != inner && other.ready() {
            met.when(37, true);
            met.when(42, other.notes.handed_by == Some(d));
            met.when(71, matches!(other.result, Held::Outcome(Outcome::Failure(_))));
            return;
        }
        met.when(26, outer.paused != 0);
        met.when(31, other.unfired());
        met.when(36, !succeeded);
        met.when(38, d != inner && !other.unfired());
        met.when(40, d == inner);
        let behind = other.queued();
        self.deferreds[d].notes.set(BEHIND, behind);
        self.meet_family_wait(inner);
    }

    /// A run has ended: what the Deferred is left with will be its mark.
    pub(crate) fn meet_mark(&mut self, d: Id) {
        let deferred = &self.deferreds[d];
        let failure = match &deferred.result {
            Held::Outcome(Outcome::Failure(failure)) => Some(failure),
            _ => None,
        };
        self.met.when(68, failure.is_some());
        self.met.when(70, deferred.fail_result.is_some() && deferred.fail_result.as_ref() != failure);
    }

    /// A cancel of one Deferred has come to another, by the links between them; to itself at first.
    pub(crate) fn meet_cancel(&mut self, named: Id, d: Id) {
        if !self.coverage.has_clauses() {
            return;
        }
        let linked = d != named;
        let again = linked && self.deferreds[named].notes.has(CANCELLED);
        let deferred = &self.deferreds[d];
        let met = &mut self.met;
        if deferred.called {
            met.when(58, deferred.notes.has(HAD_CANCELLER));
            if !deferred.waits() {
                met.when(59, !linked && !deferred.running_callbacks);
                met.when(60, !linked && deferred.running_callbacks);
                met.when(64, linked);
            }
        } else {
            met.when(48, deferred.notes.has(CHAINED));
            met.when(61, linked && deferred.cancelling > 0);
            met.when(62, linked);
            met.when(65, linked && deferred.up_to_two(is_continuation) == 2);
            met.when(66, again);
            match deferred.canceller {
                None => met.when(51, deferred.list.is_none()),
                Some(Canceller::Script(_)) => {
                    met.when(53, true);
                    met.when(86, deferred.notes.has(ASKED));
                    self.deferreds[d].notes.set(ASKED, true);
                }
                _ => {}
            }
            self.deferreds[named].notes.set(CANCELLED, true);
            self.deferreds[d].notes.set(FORWARDED, linked);
        }
        self.meet_family_cancel(d, linked);
    }

    /// A canceller has returned, or panicked.
    pub(crate) fn meet_canceller_returned(
        &mut self,
        d: Id,
        canceller: Canceller<'_>,
        returned: &Result<(), Panicked>,
    ) {
        let fired = self.deferreds[d].called;
        let met = &mut self.met;
        match canceller {
            Canceller::Script(_) => {
                met.when(54, returned.is_ok() && !fired);
                met.when(56, fired);
                met.when(57, returned.is_err());
            }
            Canceller::Race(race) => {
                let empty = self.races[race].contestants.is_empty();
                met.when(137, returned.is_ok() && !fired && !empty);
                met.when(141, returned.is_err());
            }
            _ => {}
        }
    }
}

/// Whether an operation binds a slot, whatever there is.
fn binds(op: &Op) -> bool {
    matches!(
        op,
        Op::New { .. }
            | Op::Succeed { .. }
            | Op::Fail { .. }
            | Op::Maybe { .. }
            | Op::List { .. }
            | Op::Gather { .. }
            | Op::Race { .. }
            | Op::Coroutine { .. }
    )
}
