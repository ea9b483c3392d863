//! The world that a program runs in: an arena of Deferreds, the slots that name them, and what was seen.

use crate::clauses::{Met, Notes};
use crate::combine::{List, Race, RaceId};
use crate::coroutine::{Coroutine, CoroutineId};
use crate::coverage::Coverage;
use crate::deeds::Deeds;
use crate::fault::Fault;
use crate::reclaim::Marking;
use crate::script::Script;
use crate::sync::Resource;
use crate::time::{Clock, TimeoutId};
use crate::trace::{Answer, Event, ScriptId, State, Trace, sort_failures};
use crate::value::{Failure, Outcome};
use rustc_hash::FxHashSet;
use std::collections::VecDeque;

/// How deep scripts and `chain` may call each other before a program is undefined ("depth").
///
/// The language asks for 1,000 levels. Twisted itself, at Python's own limit, ends at about 330.
pub const MAX_DEPTH: usize = 1_500;

/// The stack, in bytes, that [`MAX_DEPTH`] levels need at the most, in a build without optimisation.
pub const STACK: usize = 64 << 20;

/// Why a program is undefined in which the error shows that Twisted cancels coroutines with.
pub(crate) const INTERNAL_SHOWS: &str = "_InternalInlineCallbacksCancelledError shows in the trace";

/// A Deferred's place in the arena.
pub(crate) type Id = usize;

/// A Deferred: the fields of Twisted's class under their names, and notes that programs and their coverage need.
#[derive(Default)]
pub(crate) struct Deferred<'p> {
    pub(crate) called: bool,
    pub(crate) result: Held,
    pub(crate) callbacks: VecDeque<Item<'p>>,
    pub(crate) paused: i64,
    pub(crate) running_callbacks: bool,
    pub(crate) suppress_already_called: bool,
    pub(crate) canceller: Option<Canceller<'p>>,
    /// `_debugInfo.failResult`: what is reported when the Deferred is reclaimed.
    pub(crate) fail_result: Option<Failure>,
    /// `_debugInfo is not None`: a run has ended with a failure.
    pub(crate) has_debug_info: bool,

    /// What the subclass `DeferredList` adds.
    pub(crate) list: Option<List>,

    /// How many times its canceller is on the call stack.
    pub(crate) cancelling: usize,
    /// The program's own pauses less its unpauses.
    pub(crate) balance: i64,
    /// Whether `gather` made it.
    pub(crate) gathered: bool,
    /// Whether it was reclaimed.
    pub(crate) gone: bool,
    /// What the coverage has to know of it later.
    pub(crate) notes: Notes,
}

/// The attribute `result`.
#[derive(Clone, Debug, Default)]
pub(crate) enum Held {
    /// `_NO_RESULT`: not fired yet.
    #[default]
    Nothing,
    Outcome(Outcome),
    /// The Deferred that it waits for.
    Deferred(Id),
}

/// An entry of the callback chain.
#[derive(Clone, Copy)]
pub(crate) enum Item<'p> {
    Pair {
        callback: Call<'p>,
        errback: Call<'p>,
    },
    /// `_CONTINUE`: this Deferred waits for the result.
    Continue(Id),
}

/// Something that the chain calls.
#[derive(Clone, Copy)]
pub(crate) enum Call<'p> {
    /// `passthru` and `_failthru`.
    Passthru,
    Script(&'p Script),
    /// The bound methods `callback` and `errback` of a Deferred, as `chainDeferred` adds them.
    Fire(Id),
    /// `DeferredList._cbDeferred`.
    Member {
        list: Id,
        index: usize,
    },
    /// `_parseDeferredListResult`.
    ParseList,
    /// `succeeded` and `failed` of a race.
    Contestant {
        race: RaceId,
        index: usize,
    },
    /// `convertCancelled` and `cancelTimeout` of `addTimeout`.
    ConvertCancelled(TimeoutId),
    CancelTimeout(TimeoutId),
    /// `_gotResultInlineCallbacks` and `_handleCancelInlineCallbacks`.
    GotResult(CoroutineId),
    HandleCancel(CoroutineId),
}

/// What a Deferred is cancelled by.
#[derive(Clone, Copy)]
pub(crate) enum Canceller<'p> {
    Script(&'p Script),
    Race(RaceId),
    Coroutine(CoroutineId),
    /// It waits for a lock, a semaphore or a queue.
    Waiting(usize),
}

/// A name that the program has for a Deferred.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    /// `None` once it was dropped.
    pub(crate) deferred: Option<Id>,
    /// Only what `new` bound may be fired by the program.
    pub(crate) may_fire: bool,
}

/// Everything that a running program has.
#[derive(Default)]
pub struct World<'p> {
    pub(crate) deferreds: Vec<Deferred<'p>>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) events: Vec<Event>,
    pub(crate) unhandled: Vec<Failure>,
    /// How the slots stood at the end.
    pub(crate) ending: Vec<State>,
    pub(crate) races: Vec<Race>,
    pub(crate) coroutines: Vec<Coroutine<'p>>,
    pub(crate) clock: Clock,
    pub(crate) resources: Vec<Resource>,
    /// The scripts whose operations have run.
    pub(crate) begun: FxHashSet<ScriptId>,
    /// How many scripts and chained fires are on the call stack.
    pub(crate) depth: usize,
    pub(crate) undefined: Option<&'static str>,
    /// How many times a Deferred began to wait for one that waits for it, by way of others.
    pub(crate) circles: u64,
    pub(crate) coverage: Coverage,
    /// The clauses that the program has met.
    pub(crate) met: Met,
    /// The resources that are handed over at the moment, as far as the coverage looks: a bit for each.
    pub(crate) handing_over: u64,
    /// What the operations came to, where that is asked for.
    pub(crate) deeds: Option<Deeds<'p>>,
    /// What it does wrong.
    pub(crate) fault: Option<Fault>,
    pub(crate) marking: Marking,
    /// Empty chains of former programs, so that their memory is used again.
    spare: Vec<VecDeque<Item<'p>>>,
}

impl<'p> World<'p> {
    /// A world that does one thing wrong, if it is given a fault, and adds to what former ones met.
    #[must_use]
    pub fn new(fault: Option<Fault>, coverage: Coverage) -> Self {
        Self { fault, coverage, ..Self::default() }
    }

    /// Forgets the program, for another one in the same memory; the coverage stays.
    pub fn clear(&mut self) {
        for mut deferred in self.deferreds.drain(..) {
            deferred.callbacks.clear();
            self.spare.push(deferred.callbacks);
        }
        self.slots.clear();
        self.events.clear();
        self.unhandled.clear();
        self.ending.clear();
        self.races.clear();
        self.coroutines.clear();
        self.clock = Clock::default();
        self.resources.clear();
        self.begun.clear();
        self.depth = 0;
        self.undefined = None;
        self.circles = 0;
        self.met = Met::default();
        self.handing_over = 0;
    }

    /// What has happened so far, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Every failure reported so far, in the order of the reports.
    #[must_use]
    pub fn unhandled(&self) -> &[Failure] {
        &self.unhandled
    }

    /// Why the program means nothing, once that is known.
    #[must_use]
    pub fn undefined(&self) -> Option<&'static str> {
        self.undefined
    }

    /// What was met so far.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// The clauses that the program has met so far, by number.
    pub fn met(&self) -> impl Iterator<Item = usize> {
        self.met.iter()
    }

    /// Gives what was met, and begins to count anew.
    pub fn take_coverage(&mut self) -> Coverage {
        std::mem::take(&mut self.coverage)
    }

    /// How many times a Deferred began to wait for one that waits for it, by way of others: neither goes on.
    #[must_use]
    pub fn circles(&self) -> u64 {
        self.circles
    }

    /// The scripts that are held, as callbacks, errbacks or cancellers of a Deferred that is not reclaimed:
    /// one number for all of them, whatever their order.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.held_scripts().map(weight).fold(0, u64::wrapping_add)
    }

    /// The same one by one.
    pub fn held_scripts(&self) -> impl Iterator<Item = ScriptId> {
        self.deferreds.iter().filter(|deferred| !deferred.gone).flat_map(Deferred::held)
    }

    /// How many slots were ever bound.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// How a slot stands. Panics when it was never bound.
    #[must_use]
    pub fn state(&self, slot: usize) -> State {
        match self.slots[slot].deferred {
            None => State::Dropped,
            Some(d) => self.state_of(d),
        }
    }

    fn state_of(&self, d: Id) -> State {
        let deferred = &self.deferreds[d];
        if deferred.running_callbacks {
            return State::Running;
        }
        match &deferred.result {
            Held::Nothing => State::Unfired,
            Held::Outcome(outcome) => outcome.clone().into(),
            Held::Deferred(inner) => {
                State::Waiting(self.slots.iter().position(|slot| slot.deferred == Some(*inner)))
            }
        }
    }

    /// Ends the program: lets go of every slot, and reclaims.
    pub fn end(&mut self) {
        for slot in 0..self.slots.len() {
            self.ending.push(self.state(slot));
        }
        if self.ending.iter().any(is_internal) {
            self.undefined.get_or_insert(INTERNAL_SHOWS);
        }
        for slot in &mut self.slots {
            slot.deferred = None;
        }
        self.resources.clear();
        self.clock = Clock::default();
        self.reclaim();
        if self.unhandled.iter().any(Failure::is_internal) {
            self.undefined.get_or_insert(INTERNAL_SHOWS);
        }
        self.coverage.count_events(self.events.len());
        self.meet_end();
    }

    /// What was seen of a program that has ended.
    #[must_use]
    pub fn answer(&self) -> Answer {
        if let Some(why) = self.undefined {
            return Answer::undefined(why);
        }
        let mut unhandled = self.unhandled.clone();
        sort_failures(&mut unhandled);
        Answer::Trace(Trace { events: self.events.clone(), state: self.ending.clone(), unhandled })
    }

    /// How the slots stood when the program ended.
    #[must_use]
    pub fn ending(&self) -> &[State] {
        &self.ending
    }

    pub(crate) fn make(&mut self, mut deferred: Deferred<'p>) -> Id {
        deferred.callbacks = self.spare.pop().unwrap_or_default();
        self.deferreds.push(deferred);
        self.deferreds.len() - 1
    }

    pub(crate) fn bind(&mut self, d: Id, may_fire: bool) {
        self.slots.push(Slot { deferred: Some(d), may_fire });
    }

    /// The Deferred that a slot names, unless it is unbound or dropped.
    pub(crate) fn named(&self, slot: usize) -> Option<Id> {
        self.slots.get(slot)?.deferred
    }
}

/// What a script that is held adds to [`World::held`].
#[must_use]
pub fn weight(script: ScriptId) -> u64 {
    // Far apart for near ids, so that two of them don't add up to a third.
    (script as u64 ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

impl Deferred<'_> {
    fn held(&self) -> impl Iterator<Item = ScriptId> {
        let of_item = |item: &Item<'_>| match item {
            Item::Pair { callback, errback } => match (of_call(*callback), of_call(*errback)) {
                (one, other) if one == other => [one, None],
                sides => sides.into(),
            },
            Item::Continue(_) => [None, None],
        };
        let canceller = match self.canceller {
            Some(Canceller::Script(script)) => Some(script.id),
            _ => None,
        };
        self.callbacks.iter().flat_map(of_item).flatten().chain(canceller)
    }
}

fn of_call(call: Call<'_>) -> Option<ScriptId> {
    match call {
        Call::Script(script) => Some(script.id),
        _ => None,
    }
}

/// Whether the error that Twisted cancels coroutines with shows in a state.
pub(crate) fn is_internal(state: &State) -> bool {
    match state {
        State::Value(value) => Outcome::Value(value.clone()).is_internal(),
        State::Failure(failure) => failure.is_internal(),
        _ => false,
    }
}
