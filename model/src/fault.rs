//! Wrong variants of the model: the faults that a suite must find, under the numbers of the catalogue.
//!
//! Each question below is a decision that an implementation can get wrong. Without a fault it has the right
//! answer; a fault changes the answer of one. Whoever reads the model can skip this file.

use crate::combine::Flags;
use crate::run_loop::Returned;
use crate::script::Return;
use crate::trace::Raised;
use crate::value::{Failure, Outcome, Value};
use crate::world::{Call, Canceller, Held, Id, Item, World};
use std::fmt;
use std::str::FromStr;

/// How many links or steps the faults take that run out of stack: F19 and F87.
pub const SHALLOW: usize = 400;

/// How many entries the faults keep in place that store the rest elsewhere: F89, F90 and F91.
const INLINE: usize = 4;

/// Writes down the faults: number, origin, and what goes wrong.
macro_rules! faults {
    ($($name:ident $origin:ident $wrong:literal,)*) => {
        /// A wrong variant of the semantics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fault {
            $(#[doc = $wrong] $name,)*
        }

        impl Fault {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its number in the catalogue.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// What goes wrong.
            #[must_use]
            pub fn wrong(self) -> &'static str {
                match self {
                    $(Self::$name => $wrong,)*
                }
            }

            /// Where it comes from.
            #[must_use]
            pub fn origin(self) -> Origin {
                match self {
                    $(Self::$name => Origin::$origin,)*
                }
            }
        }
    };
}

/// Where a fault comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was in a release or a snapshot of Twisted, or is what a ticket asks for.
    Real,
    /// Whoever writes an engine may well make it.
    Plausible,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real",
            Self::Plausible => "plausible",
        })
    }
}

faults! {
    F01 Real "a failure returned by a callback stays on the callback side",
    F03 Real "an entry added inside a running callback runs at once, before those already queued",
    F04 Plausible "no guard: an add inside a running callback runs the rest nested",
    F05 Plausible "still running after a callback that raised",
    F06 Plausible "the last entry runs first",
    F07 Plausible "an entry added during a run goes to the front",
    F08 Plausible "a second firing is ignored",
    F09 Plausible "a second firing raises, but has overwritten the result",
    F10 Plausible "called only after the callbacks have run",
    F11 Plausible "a panic leaves callback() instead of becoming a failure",
    F12 Plausible "the errback of a pair handles its own callback's error",
    F13 Plausible "who waits is served before the entries already queued",
    F14 Plausible "who waits is served after all other entries, as promises do",
    F15 Real "a Deferred keeps its result after the hand-over",
    F16 Plausible "a returned Deferred that is ready keeps its result",
    F17 Plausible "a returned Deferred that is ready is reported as well",
    F18 Plausible "a Deferred that handed its failure over is reported as well",
    F19 Real "a long chain of waiting Deferreds runs out of stack, and its end never fires",
    F20 Real "a paused waiter doesn't stop the rest of the Deferred that it waited for",
    F22 Real "a waiting Deferred is not blocked",
    F23 Plausible "a fired but paused Deferred that is returned counts as ready",
    F25 Plausible "only one can wait for a Deferred: the last",
    F26 Real "a callback that returns its own Deferred gives a plain value",
    F28 Plausible "a chained Deferred keeps its value",
    F31 Real "pausing is a switch, not a count",
    F32 Real "unpausing an unfired Deferred fails for want of a result",
    F33 Plausible "pausing inside a callback stops the entries already queued",
    F34 Plausible "the pause counter never falls below 0",
    F35 Real "unpausing is ignored while waiting",
    F36 Plausible "a hand-over forgets the waiter's own pauses",
    F37 Real "a failure that arrives while paused is reported",
    F38 Plausible "a failure that was handled later is reported",
    F39 Plausible "a failure that a callback raised is not reported",
    F41 Plausible "the ignoring of a late result after a cancel is never used up",
    F42 Plausible "a late result is ignored although there is a canceller",
    F43 Plausible "a late result after a cancel is not ignored",
    F44 Real "cancelling a fired Deferred raises AlreadyCalledError",
    F45 Plausible "a cancel is not forwarded to the Deferred that is waited for",
    F46 Plausible "CancelledError although the canceller fired",
    F47 Plausible "no CancelledError when the canceller didn't fire",
    F48 Real "a canceller's panic is swallowed",
    F49 Plausible "the canceller is taken out before it is called",
    F50 Real "the canceller is kept after the firing",
    F51 Plausible "cancelling the target of a chain cancels its source",
    F52 Real "the empty list never fires",
    F53 Real "the empty list with fire_on_one_callback fires",
    F54 Real "a list's members go on with null",
    F55 Real "a list's flags are ignored for members that have fired before",
    F56 Real "a list fails with the bare failure instead of FirstError",
    F57 Plausible "consume_errors takes the members' values as well",
    F58 Plausible "consume_errors switches fire_on_one_errback off",
    F59 Plausible "a member that comes late gets an AlreadyCalledError",
    F60 Real "fire_on_one_callback gives index and value the wrong way round",
    F61 Real "cancelling a list doesn't reach its members",
    F62 Real "cancelling a fired list reaches what it waits for",
    F63 Plausible "a member's canceller that panics ends the cancelling of the list",
    F64 Plausible "a member that stands in a list twice is counted once",
    F65 Plausible "a race doesn't cancel the losers",
    F67 Plausible "a race fires before it cancels the losers",
    F68 Plausible "a race's failures are in the order of their coming",
    F69 Plausible "the first failure ends a race",
    F70 Plausible "a timeout outlives the firing",
    F71 Plausible "a cancel before the timeout gives TimeoutError",
    F72 Plausible "TimeoutError although the canceller gave a value",
    F73 Real "a queue without a size refuses everything",
    F74 Plausible "who waits for a queue last is served first",
    F75 Plausible "a cancelled waiter keeps its place, and the lock is lost",
    F76 Plausible "a lock is free while it is handed over",
    F77 Plausible "a semaphore has one token more than its limit",
    F80 Real "cancelling a coroutine doesn't reach what it awaits",
    F81 Plausible "a coroutine's second cancel doesn't arrive",
    F82 Real "awaiting a Deferred that waits gives a value at once",
    F83 Real "awaiting a failed Deferred gives the failure as a value",
    F85 Real "an awaited Deferred keeps its value",
    F87 Real "awaiting many ready Deferreds runs out of stack",
    F89 Plausible "the fifth entry is lost when the store spills over",
    F90 Plausible "entries that spilled over run before those in place",
    F91 Plausible "an entry added during a run is lost when the store is just full",
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(id: &str) -> Result<Self, UnknownFault> {
        let known = Self::ALL.iter().find(|fault| fault.id() == id);
        known.copied().ok_or_else(|| UnknownFault(id.to_owned()))
    }
}

/// There is no fault of this number that the language can express.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the model has no fault `{0}`")]
pub struct UnknownFault(pub String);

/// Where an entry goes.
pub(crate) enum Place {
    Back,
    Front,
    /// It is lost.
    Nowhere,
}

/// The two ways in which a Deferred loses its result to another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// At its continuation.
    HandedOver,
    /// When it was returned and ready.
    Stolen,
}

impl<'p> World<'p> {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    // Entries.

    /// Where a new entry goes: to the end.
    pub(crate) fn place(&self, d: Id, item: &Item<'_>) -> Place {
        let deferred = &self.deferreds[d];
        let full = deferred.callbacks.len() == INLINE;
        match self.fault {
            Some(Fault::F07) if deferred.running_callbacks => Place::Front,
            Some(Fault::F13) if matches!(item, Item::Continue(_)) => Place::Front,
            Some(Fault::F89) if full => Place::Nowhere,
            Some(Fault::F91) if full && deferred.running_callbacks => Place::Nowhere,
            _ => Place::Back,
        }
    }

    /// Which entry comes next: the first.
    pub(crate) fn next_entry(&self, d: Id) -> usize {
        let callbacks = &self.deferreds[d].callbacks;
        let last = callbacks.len().saturating_sub(1);
        match self.fault {
            Some(Fault::F06) => last,
            Some(Fault::F14) => {
                let pair = callbacks.iter().position(|item| matches!(item, Item::Pair { .. }));
                pair.unwrap_or(0)
            }
            Some(Fault::F90) if last >= INLINE => INLINE,
            _ => 0,
        }
    }

    /// Whether an add leaves a Deferred that runs to the loop that runs it: yes.
    pub(crate) fn guards(&self) -> bool {
        !self.has(Fault::F04)
    }

    /// Whether an entry that was added to a running Deferred runs right away, alone: no.
    pub(crate) fn runs_alone(&self, d: Id) -> bool {
        self.has(Fault::F03) && self.deferreds[d].running_callbacks
    }

    /// Runs an entry by itself in the middle of a run: F03.
    pub(crate) fn run_alone(&mut self, d: Id, item: Item<'p>) {
        let queued = std::mem::replace(&mut self.deferreds[d].callbacks, [item].into());
        self.deferreds[d].running_callbacks = false;
        self.run_callbacks(d);
        self.deferreds[d].running_callbacks = true;
        self.deferreds[d].callbacks.extend(queued);
    }

    /// Whether the errback of the same entry handles what its callback raised: no.
    pub(crate) fn pair_handles_itself(&self, errback: Call<'_>) -> bool {
        self.has(Fault::F12) && matches!(errback, Call::Script(_))
    }

    // Firing.

    /// Whether a second firing is an error: yes.
    pub(crate) fn refuses_second_firing(&self) -> bool {
        !self.has(Fault::F08)
    }

    /// Whether a refused firing leaves its result behind: no.
    pub(crate) fn refused_firing_overwrites(&self) -> bool {
        self.has(Fault::F09)
    }

    /// Whether a Deferred counts as called before its callbacks run: yes.
    pub(crate) fn called_first(&self) -> bool {
        !self.has(Fault::F10)
    }

    /// Whether a Deferred that fires lets its canceller go: yes.
    pub(crate) fn firing_frees_canceller(&self) -> bool {
        !self.has(Fault::F50)
    }

    // What a callback gives back.

    /// What a failure is that a script returns rather than raises: a failure.
    pub(crate) fn returned_failure(&self, failure: Failure) -> Outcome {
        match self.fault {
            Some(Fault::F01) => Outcome::Value(Value::Failed { f: failure }),
            _ => Outcome::Failure(failure),
        }
    }

    /// Whether a panic leaves the operation that ran the callback: no, it becomes a failure.
    pub(crate) fn panic_escapes(&self, call: Call<'_>, returned: &Returned) -> bool {
        let panics = matches!(call, Call::Script(script) if matches!(script.ret, Return::Panic(_)));
        self.has(Fault::F11) && panics && matches!(returned, Returned::Outcome(_))
    }

    /// Whether a Deferred still runs when a callback has returned: no, however it did.
    pub(crate) fn keeps_running(&self, returned: &Returned) -> bool {
        self.has(Fault::F05) && matches!(returned, Returned::Outcome(Outcome::Failure(_)))
    }

    /// Whether a callback may return its own Deferred, and so wait for itself: yes.
    pub(crate) fn waits_for_itself(&self) -> bool {
        !self.has(Fault::F26)
    }

    /// What `chain` leaves in its source: nothing.
    pub(crate) fn chain_leaves(&self, returned: Returned, arg: Outcome) -> Returned {
        if self.has(Fault::F28) { Returned::Outcome(arg) } else { returned }
    }

    // Waiting.

    /// Whether a Deferred is blocked while it waits: yes.
    pub(crate) fn waiting_blocks(&self) -> bool {
        !self.has(Fault::F22)
    }

    /// What an entry is given that runs although its Deferred waits: never, but with a fault.
    pub(crate) fn result_of_waiting(&self) -> Outcome {
        assert!(self.fault.is_some(), "a Deferred that runs is called and waits for nothing");
        Outcome::Value(Value::Null)
    }

    /// Whether a fired Deferred that is paused may be taken from: no.
    pub(crate) fn ready_while_paused(&self) -> bool {
        self.has(Fault::F23)
    }

    /// Whether several can wait for one Deferred: yes.
    pub(crate) fn has_many_waiters(&self) -> bool {
        !self.has(Fault::F25)
    }

    /// Whether a Deferred keeps its result when another takes it: no.
    pub(crate) fn keeps_result(&self, taken: Taken) -> bool {
        match taken {
            Taken::HandedOver => self.has(Fault::F15),
            Taken::Stolen => self.has(Fault::F16),
        }
    }

    /// The mark that a Deferred is left with when another takes its result: none.
    pub(crate) fn mark_left(&self, d: Id, taken: Taken) -> Option<Failure> {
        let keeps = match taken {
            Taken::HandedOver => self.has(Fault::F18),
            Taken::Stolen => self.has(Fault::F17),
        };
        match &self.deferreds[d].result {
            Held::Outcome(Outcome::Failure(failure)) if keeps => Some(failure.clone()),
            _ => None,
        }
    }

    /// How many Deferreds a run can follow, each waiting for the one before: any number.
    pub(crate) fn longest_chain(&self) -> usize {
        if self.has(Fault::F19) { SHALLOW } else { usize::MAX }
    }

    /// Whether a paused waiter stops the Deferreds that were run before it as well: yes.
    pub(crate) fn blocked_run_ends(&self, chain: usize) -> bool {
        chain == 1 || !self.has(Fault::F20)
    }

    // Pausing.

    /// What the pause counter becomes by a pause: one more.
    pub(crate) fn paused(&self, count: i64) -> i64 {
        if self.has(Fault::F31) { 1 } else { count + 1 }
    }

    /// What the pause counter becomes by an unpause: one less.
    pub(crate) fn unpaused(&self, count: i64) -> i64 {
        match self.fault {
            Some(Fault::F31) => 0,
            Some(Fault::F34) => (count - 1).max(0),
            _ => count - 1,
        }
    }

    /// Whether an unpause looks for a result that isn't there: no.
    pub(crate) fn unpause_needs_result(&self, d: Id) -> bool {
        self.has(Fault::F32) && !self.deferreds[d].called
    }

    /// Whether a pause is noticed between two entries of a run: no.
    pub(crate) fn pause_stops_run(&self, d: Id) -> bool {
        self.has(Fault::F33) && self.deferreds[d].paused != 0
    }

    /// Whether an unpause does nothing: no.
    pub(crate) fn unpause_ignored(&self, d: Id) -> bool {
        self.has(Fault::F35) && matches!(self.deferreds[d].result, Held::Deferred(_))
    }

    /// What a waiter's pause counter becomes by the hand-over: one less.
    pub(crate) fn released(&self, count: i64) -> i64 {
        match self.fault {
            Some(Fault::F22) => count,
            Some(Fault::F36) => 0,
            _ => count - 1,
        }
    }

    // Unhandled failures.

    /// Whether a run that finds its Deferred paused sets the mark: no.
    pub(crate) fn marks_while_paused(&self) -> bool {
        self.has(Fault::F37)
    }

    /// Whether a run that ends well takes the mark away: yes.
    pub(crate) fn handling_unmarks(&self, d: Id) -> bool {
        match self.fault {
            Some(Fault::F38) => false,
            Some(Fault::F18) => {
                !matches!(self.deferreds[d].result, Held::Outcome(Outcome::Value(Value::Null)))
            }
            _ => true,
        }
    }

    /// Whether a failure that a callback of this run raised is marked: yes.
    pub(crate) fn marks_raised(&self) -> bool {
        !self.has(Fault::F39)
    }

    // Cancelling.

    /// Whether a late result is ignored again after one was: no.
    pub(crate) fn ignores_again(&self) -> bool {
        self.has(Fault::F41)
    }

    /// Whether a late result is ignored where there is a canceller: no.
    pub(crate) fn ignores_with_canceller(&self, canceller: Canceller<'_>) -> bool {
        match self.fault {
            Some(Fault::F42) => true,
            Some(Fault::F80) => matches!(canceller, Canceller::Coroutine(_)),
            _ => false,
        }
    }

    /// Whether a late result is ignored where there is no canceller: yes.
    pub(crate) fn ignores_without_canceller(&self) -> bool {
        !self.has(Fault::F43)
    }

    /// Whether cancelling what has fired is an error: no.
    pub(crate) fn refuses_cancel(&mut self) {
        if self.has(Fault::F44) {
            self.raised(Raised::AlreadyCalledError);
        }
    }

    /// Whether a waiting Deferred hands a cancel on: yes.
    pub(crate) fn forwards_cancel(&self) -> bool {
        !self.has(Fault::F45)
    }

    /// Whether CancelledError is fired once the canceller has run: if it fired nothing.
    pub(crate) fn fires_cancelled(&self, d: Id, has_canceller: bool) -> bool {
        match self.fault {
            Some(Fault::F46) => true,
            Some(Fault::F47) if has_canceller => false,
            _ => !self.deferreds[d].called,
        }
    }

    /// Whether a canceller's panic leaves `cancel`: yes.
    pub(crate) fn canceller_panic_leaves(&self) -> bool {
        !self.has(Fault::F48)
    }

    /// Whether the canceller is gone while it is called: no.
    pub(crate) fn takes_canceller(&self) -> bool {
        self.has(Fault::F49)
    }

    /// Which unfired Deferred a cancel means: the one that it names.
    pub(crate) fn cancel_means(&self, d: Id) -> Id {
        let chained =
            |item: &Item<'_>| matches!(item, Item::Pair { callback: Call::Fire(to), .. } if *to == d);
        let source =
            |(_, deferred): &(Id, &crate::world::Deferred<'_>)| deferred.callbacks.iter().any(chained);
        match self.deferreds.iter().enumerate().find(source) {
            Some((source, _)) if self.has(Fault::F51) => source,
            _ => d,
        }
    }

    // Lists.

    /// Whether a list without members fires at once: unless it fires on the first callback.
    pub(crate) fn empty_list_fires(&self, flags: Flags) -> bool {
        match self.fault {
            Some(Fault::F52) => false,
            Some(Fault::F53) => true,
            _ => !flags.fire_on_one_callback,
        }
    }

    /// The flags that hold for members that have fired already: the list's own.
    pub(crate) fn flags_at_first(&self, flags: Flags) -> Flags {
        if self.has(Fault::F55) { Flags::default() } else { flags }
    }

    /// What a list leaves of a member's outcome: a failure that it consumes becomes null.
    pub(crate) fn member_goes_on_with(&self, result: Outcome, flags: Flags) -> Outcome {
        match result {
            Outcome::Failure(_) if flags.consume_errors => Outcome::Value(Value::Null),
            Outcome::Value(_) if flags.consume_errors && self.has(Fault::F57) => Outcome::Value(Value::Null),
            _ if self.has(Fault::F54) => Outcome::Value(Value::Null),
            result => result,
        }
    }

    /// What a list fails with: FirstError.
    pub(crate) fn first_error(&self, index: usize, failure: Failure) -> Failure {
        if self.has(Fault::F56) { failure } else { Failure::FirstError { index, sub: Box::new(failure) } }
    }

    /// Whether a list fires on its first failure: if it has the flag.
    pub(crate) fn fires_on_errback(&self, flags: Flags) -> bool {
        flags.fire_on_one_errback && !(flags.consume_errors && self.has(Fault::F58))
    }

    /// Whether a member that comes after the list has fired is refused: no.
    pub(crate) fn refuses_late_member(&self, called: bool) -> bool {
        called && self.has(Fault::F59)
    }

    /// What a list that fires on its first value fires with: value and index.
    pub(crate) fn value_and_index(&self, value: Value, index: Value) -> Vec<Value> {
        if self.has(Fault::F60) { vec![index, value] } else { vec![value, index] }
    }

    /// Whether cancelling a list cancels its members: yes.
    pub(crate) fn list_cancels_members(&self) -> bool {
        !self.has(Fault::F61)
    }

    /// Whether a list that has fired hands a cancel on to what it waits for: no.
    pub(crate) fn fired_list_forwards(&self, d: Id) -> bool {
        self.has(Fault::F62) && self.deferreds[d].called
    }

    /// Whether a list goes on cancelling after a member's canceller panicked: yes.
    pub(crate) fn list_cancels_all(&self) -> bool {
        !self.has(Fault::F63)
    }

    /// Whether a member's outcome counts: yes, each time that it stands in the list.
    pub(crate) fn counts(&self, list: Id, index: usize) -> bool {
        let members = &self.deferreds[list].list.as_ref().expect("it is a list").members;
        !(self.has(Fault::F64) && members[..index].contains(&members[index]))
    }

    // Races.

    /// Whether a race cancels those that lost: yes.
    pub(crate) fn cancels_losers(&self) -> bool {
        !self.has(Fault::F65)
    }

    /// Whether a race fires before it has cancelled those that lost: no.
    pub(crate) fn fires_before_cancelling(&self) -> bool {
        self.has(Fault::F67)
    }

    /// Whether a race's failures are put in the order of the contestants: yes.
    pub(crate) fn sorts_failures(&self) -> bool {
        !self.has(Fault::F68)
    }

    /// Whether a race is lost: when all have failed.
    pub(crate) fn race_is_lost(&self, failed: usize, contestants: usize) -> bool {
        failed >= contestants || self.has(Fault::F69)
    }

    // Timeouts.

    /// Whether a firing stops the clock's call: yes.
    pub(crate) fn firing_stops_timeout(&self) -> bool {
        !self.has(Fault::F70)
    }

    /// Whether an outcome becomes TimeoutError: when the time was up, and it is CancelledError.
    pub(crate) fn becomes_timeout(&self, timed_out: bool, cancelled: bool) -> bool {
        match self.fault {
            Some(Fault::F71) => cancelled,
            Some(Fault::F72) => timed_out,
            _ => timed_out && cancelled,
        }
    }

    // Locks, semaphores and queues.

    /// How many values a queue holds.
    pub(crate) fn size(&self, size: Option<u64>) -> Option<u64> {
        if self.has(Fault::F73) { size.or(Some(0)) } else { size }
    }

    /// Whether a queue serves who waits for it last: no.
    pub(crate) fn serves_last(&self) -> bool {
        self.has(Fault::F74)
    }

    /// Whether who is cancelled gives up its place: yes.
    pub(crate) fn gives_up_place(&self) -> bool {
        !self.has(Fault::F75)
    }

    /// How many tokens can be had while one is handed over, more than before: none.
    pub(crate) fn free_during_hand_over(&self) -> u64 {
        u64::from(self.has(Fault::F76))
    }

    /// How many tokens a semaphore begins with: its limit.
    pub(crate) fn tokens(&self, limit: u64) -> u64 {
        if self.has(Fault::F77) { limit.saturating_add(1) } else { limit }
    }

    // Coroutines.

    /// Whether cancelling a coroutine cancels what it awaits: yes.
    pub(crate) fn cancels_awaited(&self) -> bool {
        !self.has(Fault::F80)
    }

    /// Whether a coroutine that goes on after a cancel can be cancelled again: yes.
    pub(crate) fn cancelled_again(&self) -> bool {
        !self.has(Fault::F81)
    }

    /// What awaiting a Deferred that waits gives at once: nothing.
    pub(crate) fn awaited_while_waiting(&self) -> Option<Outcome> {
        self.has(Fault::F82).then_some(Outcome::Value(Value::Null))
    }

    /// What awaiting a fired Deferred gives: its outcome.
    pub(crate) fn awaited_outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Failure(f) if self.has(Fault::F83) => Outcome::Value(Value::Failed { f }),
            outcome => outcome,
        }
    }

    /// What an await leaves in the Deferred: nothing.
    pub(crate) fn await_leaves(&self, returned: Returned, arg: Outcome) -> Returned {
        if self.has(Fault::F85) { Returned::Outcome(arg) } else { returned }
    }

    /// How many steps a coroutine takes without a pause: any number.
    pub(crate) fn out_of_stack(&self, steps: usize) -> bool {
        self.has(Fault::F87) && steps > SHALLOW
    }
}
