//! The clauses of lists, races, timeouts, coroutines, locks, semaphores and queues: DC-88 to DC-208.

use super::{
    CONSUMED, ENDED, IN_VAIN, Inside, LOST, RAN, SEEN, SERVED, TIMED_OUT, UNNAMED, is_await, is_continuation,
    is_hook, is_null,
};
use crate::combine::{Flags, RaceId};
use crate::coroutine::CoroutineId;
use crate::program::Op;
use crate::run_loop::{Panicked, Returned};
use crate::script::Step;
use crate::sync::Resource;
use crate::value::{Failure, Outcome, TrapName, Value};
use crate::world::{Call, Canceller, Held, Id, World};

/// From here on not every whole number is a 64-bit floating point number.
const INEXACT: f64 = (1_u64 << 53) as f64;

/// What the slots of a list or a race name.
#[derive(Default)]
struct Members {
    named: usize,
    unnamed: bool,
    value: bool,
    failure: bool,
    running: bool,
    blocked: bool,
}

impl World<'_> {
    /// An operation begins that names no one Deferred.
    pub(super) fn meet_making(&mut self, op: &Op, nested: bool) {
        match op {
            Op::List { ds, fire_on_one_callback, fire_on_one_errback, consume_errors } => {
                let flags = Flags {
                    fire_on_one_callback: *fire_on_one_callback,
                    fire_on_one_errback: *fire_on_one_errback,
                    consume_errors: *consume_errors,
                };
                self.meet_list(ds, flags);
            }
            Op::Gather { ds, .. } => {
                self.meet_list(ds, Flags { fire_on_one_errback: true, ..Flags::default() });
            }
            Op::Race { ds } => {
                let members = self.meet_members(ds);
                let met = &mut self.met;
                met.when(132, members.value && members.named >= 2);
                met.when(133, members.blocked);
                met.when(134, members.named == 0);
            }
            Op::Advance { by } => {
                let now = self.clock.now + *by as f64;
                let calls = &self.clock.calls;
                let due = calls.partition_point(|(time, _)| *time <= now);
                let met = &mut self.met;
                met.when(145, due >= 2 || due < calls.len());
                met.when(146, now >= INEXACT);
                met.when(158, nested && due > 0);
            }
            Op::Coroutine { steps, .. } => self.met.when(159, !steps.is_empty()),
            Op::Acquire { r } | Op::Release { r } | Op::Put { r, .. } | Op::Get { r } => {
                self.meet_resource(op, *r);
            }
            _ => {}
        }
    }

    fn meet_members(&mut self, slots: &[usize]) -> Members {
        let mut members = Members::default();
        for &slot in slots {
            let Some(d) = self.named(slot) else {
                members.unnamed = true;
                continue;
            };
            let deferred = &self.deferreds[d];
            members.named += 1;
            members.running |= deferred.running_callbacks;
            members.blocked |= deferred.paused != 0;
            if deferred.ready() {
                members.value |= matches!(deferred.result, Held::Outcome(Outcome::Value(_)));
                members.failure |= matches!(deferred.result, Held::Outcome(Outcome::Failure(_)));
            }
            self.met.when(143, matches!(deferred.canceller, Some(Canceller::Race(_))));
            self.meet_use(d);
        }
        members
    }

    fn meet_list(&mut self, slots: &[usize], flags: Flags) {
        let members = self.meet_members(slots);
        let met = &mut self.met;
        let Flags { fire_on_one_callback, fire_on_one_errback, consume_errors } = flags;
        met.when(88, members.named > 0);
        met.when(89, members.unnamed);
        met.when(95, members.running);
        met.when(96, members.named == 0 && !fire_on_one_callback);
        met.when(97, members.named == 0 && fire_on_one_callback);
        met.when(103, members.value && fire_on_one_callback);
        met.when(103, members.failure && (fire_on_one_errback || consume_errors));
        met.when(111, members.blocked);
    }

    /// A Deferred is used like any other: as a member, in a timeout, a wait or an await.
    fn meet_use(&mut self, d: Id) {
        let deferred = &self.deferreds[d];
        let met = &mut self.met;
        met.when(112, deferred.list.is_some());
        match deferred.canceller {
            Some(Canceller::Coroutine(_)) => met.when(186, true),
            Some(Canceller::Waiting(r)) => match self.resources.get(r) {
                Some(Resource::Tokens { .. }) => met.when(197, true),
                Some(Resource::Queue { .. }) => met.when(208, true),
                None => {}
            },
            _ => {}
        }
    }

    fn meet_resource(&mut self, op: &Op, r: usize) {
        let handing_over = self.handing_over & bit(r) != 0;
        let met = &mut self.met;
        match (op, self.resources.get(r)) {
            (Op::Acquire { .. }, Some(Resource::Tokens { limit, .. })) => {
                met.when(188, *limit == 1);
                met.when(190, handing_over && *limit == 1);
                met.when(198, *limit > 1);
            }
            (Op::Release { .. }, Some(Resource::Tokens { tokens, limit, waiting })) => {
                met.when(189, *limit == 1 && tokens != limit);
                met.when(191, handing_over && !waiting.is_empty());
                met.when(192, tokens == limit);
                met.when(198, *limit > 1 && !waiting.is_empty());
            }
            (Op::Put { .. }, Some(Resource::Queue { size, backlog, waiting, pending })) => {
                let full = size.is_some_and(|size| pending.len() as u64 >= size);
                let overflows = full && waiting.is_empty();
                met.when(201, waiting.len() >= 2);
                met.when(202, full);
                met.when(204, overflows && backlog.is_some() && backlog != size);
                met.when(207, handing_over);
            }
            (Op::Get { .. }, Some(Resource::Queue { size, backlog, waiting, pending })) => {
                let full = backlog.is_some_and(|backlog| waiting.len() as u64 >= backlog);
                let underflows = full && pending.is_empty();
                met.when(200, pending.len() >= 2);
                met.when(203, underflows);
                met.when(204, underflows && size.is_some() && backlog != size);
                met.when(207, handing_over);
            }
            _ => met.when(187, true),
        }
    }

    /// An operation begins on a Deferred that is there.
    pub(super) fn meet_family_op_on(&mut self, op: &Op, d: Id) {
        let deferred = &self.deferreds[d];
        let met = &mut self.met;
        match deferred.notes.inside {
            Inside::Nothing => {}
            Inside::Member => met.when(94, true),
            Inside::Contestant => met.when(127, true),
            Inside::Await => met.when(166, true),
            Inside::Delivery => met.when(176, true),
        }
        match op {
            Op::Pause { .. } | Op::Unpause { .. } if deferred.gathered => met.when(123, true),
            Op::Callback { .. } | Op::Errback { .. } | Op::Pause { .. } | Op::Unpause { .. } => {
                met.when(112, deferred.list.is_some());
            }
            Op::Timeout { after, .. } => {
                met.when(146, self.clock.now + *after as f64 >= INEXACT);
                met.when(150, deferred.ready());
                met.when(156, deferred.running_callbacks && deferred.queued());
                self.meet_use(d);
            }
            Op::Chain { .. } => self.meet_use(d),
            _ => {}
        }
    }

    /// An entry of a Deferred is about to run that isn't the program's own, or calls nothing.
    pub(super) fn meet_family_call(&mut self, d: Id, call: Call<'_>, other: Call<'_>, result: &Outcome) {
        let failed = matches!(result, Outcome::Failure(_));
        let inside = match call {
            Call::Script(_) | Call::Fire(_) => return,
            Call::Passthru => {
                self.met.when(119, matches!(other, Call::ParseList));
                return;
            }
            Call::ParseList => return self.met.when(118, true),
            Call::Member { list, .. } => {
                self.meet_member(list, d, result);
                Inside::Member
            }
            Call::Contestant { race, .. } => {
                self.meet_contestant(race, d, result);
                Inside::Contestant
            }
            Call::ConvertCancelled(timeout) => {
                let timed_out = self.clock.timeouts[timeout].timed_out;
                let in_vain = self.deferreds[d].notes.has(IN_VAIN);
                let met = &mut self.met;
                let cancelled =
                    matches!(result, Outcome::Failure(failure) if failure.is(TrapName::CancelledError));
                met.when(147, timed_out && cancelled && !in_vain);
                met.when(151, timed_out && !cancelled && !in_vain);
                met.when(152, !timed_out && cancelled);
                return met.when(154, timed_out && in_vain);
            }
            Call::CancelTimeout(timeout) => {
                return self.met.when(149, !self.clock.timeouts[timeout].timed_out);
            }
            Call::GotResult(coroutine) => {
                self.meet_awaited(d, coroutine, result);
                Inside::Await
            }
            Call::HandleCancel(_) => {
                self.met.when(175, failed && self.deferreds[d].notes.has(UNNAMED));
                Inside::Delivery
            }
        };
        self.deferreds[d].notes.inside = inside;
    }

    /// What an entry called that isn't the program's own has returned.
    pub(super) fn meet_family_return(&mut self, d: Id, call: Call<'_>, returned: &Returned) {
        self.deferreds[d].notes.inside = Inside::Nothing;
        let panicked = matches!(returned, Returned::Outcome(Outcome::Failure(Failure::Panic)));
        match call {
            Call::Contestant { .. } => self.met.when(140, panicked),
            Call::HandleCancel(coroutine) if panicked => {
                self.met.when(180, true);
                let unnamed = self.coroutines[coroutine].deferred;
                self.deferreds[unnamed].notes.set(LOST, true);
            }
            _ => {}
        }
    }

    fn meet_member(&mut self, list: Id, d: Id, result: &Outcome) {
        let (member, deferred) = (&self.deferreds[d], &self.deferreds[list]);
        let Some(of) = &deferred.list else { return };
        let Flags { fire_on_one_callback, fire_on_one_errback, consume_errors } = of.flags;
        let met = &mut self.met;
        let failed = matches!(result, Outcome::Failure(_));
        let consumed = failed && consume_errors;
        let more = member.queued();
        let decides = if failed { fire_on_one_errback } else { fire_on_one_callback };
        let last = of.finished_count + 1 == of.members.len();

        if deferred.called {
            met.when(102, true);
            met.when(106, consumed);
        } else {
            let any_failed = of.results.iter().flatten().any(|result| matches!(result, Outcome::Failure(_)));
            let ends = last && !decides;
            met.when(90, ends);
            met.when(91, ends && !fire_on_one_errback && (failed || any_failed));
            met.when(94, (ends || decides) && deferred.queued() && more);
            met.when(98, decides && !failed);
            met.when(99, ends && fire_on_one_callback);
            met.when(100, if failed { decides } else { ends && fire_on_one_errback });
            met.when(101, decides && fire_on_one_callback && fire_on_one_errback);
        }
        let twice = of.members.iter().filter(|other| **other == d).take(2).count() == 2;
        met.when(92, !consumed && !is_null(result));
        met.when(93, more && member.notes.has(RAN));
        met.when(104, consume_errors && !is_null(result));
        met.when(105, consumed && (fire_on_one_callback || fire_on_one_errback));
        met.when(108, twice);
        met.when(109, !twice && member.notes.has(CONSUMED) && is_null(result));
        met.when(120, consumed && deferred.gathered);
        met.when(124, member.list.is_some());
        if let Some(next) = member.callbacks.front() {
            met.when(110, is_continuation(next));
            met.when(169, is_await(next));
        }
        if failed {
            self.deferreds[d].notes.set(if consume_errors { CONSUMED } else { SEEN }, true);
        }
    }

    fn meet_contestant(&mut self, race: RaceId, d: Id, result: &Outcome) {
        let race = &self.races[race];
        let (member, outcome) = (&self.deferreds[d], &self.deferreds[race.result]);
        let met = &mut self.met;
        let failed = matches!(result, Outcome::Failure(_));
        let wins = !failed && race.winner.is_none();
        let loses_all = failed && race.failures.len() + 1 == race.contestants.len();
        let others = race.contestants.iter().filter(|other| **other != d);
        let cancellable = |other: &Id| !self.deferreds[*other].called || self.deferreds[*other].waits();
        met.when(125, wins && !outcome.called);
        met.when(126, wins && others.clone().any(cancellable));
        met.when(128, !is_null(result) && (failed || member.queued()));
        met.when(129, race.winner.is_some());
        met.when(130, failed && race.winner.is_none() && !outcome.called);
        met.when(136, wins && outcome.cancelling > 0);
        met.when(138, wins && outcome.called);
        met.when(139, loses_all && outcome.called);
        met.when(142, others.count() + 2 <= race.contestants.len());
    }

    /// A cancel has come to a Deferred.
    pub(super) fn meet_family_cancel(&mut self, d: Id, linked: bool) {
        let deferred = &self.deferreds[d];
        let met = &mut self.met;
        if let Some(list) = &deferred.list {
            let some = !deferred.called && !list.members.is_empty();
            met.when(113, some);
            met.when(117, deferred.waits());
            met.when(121, some && deferred.gathered);
            met.when(122, deferred.waits() && deferred.gathered);
        }
        if deferred.called {
            let limit = match deferred.result {
                Held::Outcome(Outcome::Value(Value::Resource { r })) => self.resources.get(r),
                _ => None,
            };
            if let Some(Resource::Tokens { limit, .. }) = limit {
                met.when(if *limit == 1 { 194 } else { 199 }, !linked);
            }
            met.when(183, !linked && deferred.at_rest() && deferred.notes.has(ENDED));
            return;
        }
        match deferred.canceller {
            Some(Canceller::Race(race)) => met.when(135, !self.races[race].contestants.is_empty()),
            Some(Canceller::Coroutine(_)) => met.when(184, deferred.paused != 0),
            Some(Canceller::Waiting(r)) => match self.resources.get(r) {
                Some(Resource::Tokens { limit: 1, .. }) => met.when(193, true),
                Some(Resource::Tokens { .. }) => met.when(199, true),
                Some(Resource::Queue { .. }) => met.when(205, true),
                None => {}
            },
            _ => {}
        }
    }

    /// A list has cancelled a member.
    pub(crate) fn meet_member_cancelled(&mut self, d: Id, index: usize, cancelled: &Result<(), Panicked>) {
        let list = &self.deferreds[d];
        let Some(of) = &list.list else { return };
        let Some(member) = of.members.get(index).map(|member| &self.deferreds[*member]) else { return };
        let met = &mut self.met;
        met.when(114, !list.called && member.called && member.paused != 0);
        met.when(115, list.called && index + 1 < of.members.len());
        met.when(116, cancelled.is_err());
    }

    /// The time of a Deferred has come: it will be cancelled.
    pub(crate) fn meet_due(&mut self, d: Id) {
        let deferred = &self.deferreds[d];
        let met = &mut self.met;
        let others = self.clock.calls.iter().map(|(_, timeout)| self.clock.timeouts[*timeout].deferred);
        met.when(149, deferred.waits());
        met.when(153, others.into_iter().any(|other| other == d));
        let race = matches!(deferred.canceller, Some(Canceller::Race(_)));
        met.when(157, deferred.waits() || deferred.list.is_some() || race);
        let in_vain = deferred.at_rest();
        let fails = deferred.unfired() && deferred.canceller.is_none() && deferred.list.is_none();
        self.deferreds[d].notes.set(IN_VAIN, in_vain);
        self.deferreds[d].notes.set(TIMED_OUT, fails);
    }

    /// The clock has cancelled a Deferred.
    pub(crate) fn meet_timed_out(&mut self, cancelled: &Result<(), Panicked>) {
        self.met.when(155, cancelled.is_err());
    }

    /// A Deferred is waited for that an entry returned.
    pub(super) fn meet_family_wait(&mut self, inner: Id) {
        let other = &self.deferreds[inner];
        if let (true, Some(Canceller::Coroutine(coroutine))) = (other.notes.has(UNNAMED), other.canceller) {
            // The coroutine has gone on if it awaits something that the cancel didn't reach.
            let status = &self.coroutines[coroutine];
            let unfired = |d: Id| d != status.deferred && self.deferreds[d].unfired();
            self.met.when(174, status.waiting_on.is_some_and(unfired));
        } else {
            self.meet_use(inner);
        }
    }

    /// A coroutine has come to the end of a step, and finds this to await.
    pub(crate) fn meet_await(&mut self, coroutine: CoroutineId, step: &Step, awaited: Option<Id>) {
        if !self.coverage.has_clauses() || step.awaits.is_none() {
            return;
        }
        let met = &mut self.met;
        let Some(d) = awaited else { return met.when(167, true) };
        let deferred = &self.deferreds[d];
        if deferred.running_callbacks {
            return met.when(167, true);
        }
        let failed = matches!(deferred.result, Held::Outcome(Outcome::Failure(_)));
        let ready = deferred.ready();
        met.when(161, ready);
        met.when(162, ready && failed);
        met.when(163, deferred.unfired() && deferred.paused == 0);
        met.when(165, ready && failed);
        met.when(168, deferred.paused != 0);
        met.when(171, d == self.coroutines[coroutine].deferred);
        let special = matches!(deferred.canceller, Some(Canceller::Race(_) | Canceller::Waiting(_)));
        met.when(186, special || deferred.list.is_some());
        self.meet_use(d);
    }

    /// What a coroutine awaits has come.
    fn meet_awaited(&mut self, d: Id, coroutine: CoroutineId, result: &Outcome) {
        let deferred = &self.deferreds[d];
        let met = &mut self.met;
        let failed = matches!(result, Outcome::Failure(_));
        met.when(164, !is_null(result));
        met.when(165, failed);
        if let Some(next) = deferred.callbacks.front() {
            met.when(169, is_hook(next) || is_continuation(next) || is_await(next));
        }
        let ends_into = self.coroutines[coroutine].deferred;
        let cancelled = self.deferreds[ends_into].notes.has(UNNAMED);
        met.when(177, !failed && cancelled && deferred.cancelling > 0);
    }

    /// A coroutine is cancelled, and will end into a Deferred that no slot names.
    pub(crate) fn meet_delivery(&mut self, coroutine: CoroutineId) {
        let status = &self.coroutines[coroutine];
        self.deferreds[status.deferred].notes.set(UNNAMED, true);
        let Some(awaited) = status.waiting_on.map(|awaited| &self.deferreds[awaited]) else { return };
        let met = &mut self.met;
        if awaited.running_callbacks || awaited.ready() {
            met.when(182, true);
        } else if awaited.at_rest() {
            met.when(179, true);
        } else {
            met.when(172, true);
            met.when(178, awaited.up_to_two(is_await) == 2);
            let inner = match awaited.result {
                Held::Deferred(inner) => self.deferreds[inner].canceller,
                _ => awaited.canceller,
            };
            met.when(173, matches!(inner, Some(Canceller::Coroutine(_))));
        }
    }

    /// A coroutine has ended, and its Deferred will be fired.
    pub(crate) fn meet_coroutine_end(&mut self, coroutine: CoroutineId) {
        let d = self.coroutines[coroutine].deferred;
        let deferred = &mut self.deferreds[d];
        let met = &mut self.met;
        met.when(160, true);
        met.when(170, deferred.callbacks.front().is_some_and(is_await));
        met.when(181, deferred.notes.has(LOST));
        met.when(185, deferred.called);
        deferred.notes.set(ENDED, true);
    }

    /// A resource serves who has waited longest.
    pub(crate) fn meet_hand_over(&mut self, r: usize, next: Id) {
        let queue = matches!(self.resources.get(r), Some(Resource::Queue { .. }));
        let named = self.slots.iter().any(|slot| slot.deferred == Some(next));
        let deferred = &mut self.deferreds[next];
        self.met.when(if queue { 206 } else { 195 }, deferred.paused != 0 || !named);
        deferred.notes.set(SERVED, !queue);
        self.handing_over |= bit(r);
    }

    /// Who was served has run its chain.
    pub(crate) fn meet_handed_over(&mut self, r: usize) {
        self.handing_over &= !bit(r);
    }
}

/// A resource's place among the first 64, which are enough for what is counted.
fn bit(r: usize) -> u64 {
    u32::try_from(r).ok().and_then(|r| 1_u64.checked_shl(r)).unwrap_or(0)
}
