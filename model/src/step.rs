//! What each operation of the language does: which Deferred it names, whether it may, and what it traces.

use crate::combine::Flags;
use crate::coverage::Stage;
use crate::program::Op;
use crate::run_loop::{AlreadyCalled, By, Panicked, Returned};
use crate::script::{Return, Script};
use crate::sync::Resource;
use crate::trace::{Event, Raised};
use crate::value::{Failure, Outcome, Value};
use crate::world::{Call, Canceller, Deferred, Held, INTERNAL_SHOWS, Id, MAX_DEPTH, World, is_internal};

impl<'p> World<'p> {
    /// Runs one operation, and with it every script that it sets off. Once the program is undefined, nothing.
    pub fn step(&mut self, op: &'p Op) {
        if self.undefined.is_some() {
            return;
        }
        self.meet_op(op);
        let deed = self.deed_begins(op);
        self.perform(op);
        if let Some(deed) = deed {
            self.deed_ended(op, deed);
        }
    }

    fn perform(&mut self, op: &'p Op) {
        match op {
            Op::New { canceller } => {
                let canceller = canceller.as_deref().map(Canceller::Script);
                let d = self.make(Deferred { canceller, ..Deferred::default() });
                self.bind(d, true);
            }
            Op::Succeed { value } => {
                let d = self.made(Outcome::Value(value.clone()));
                self.bind(d, false);
            }
            Op::Fail { error } => {
                let d = self.made(Outcome::Failure((*error).into()));
                self.bind(d, false);
            }
            Op::Maybe { call } => {
                let returned = self.invoke(call, None, None);
                self.meet_maybe(call, &returned);
                let d = match returned {
                    Returned::Deferred(d) => d,
                    Returned::Outcome(outcome) => self.made(outcome),
                };
                self.bind(d, false);
            }
            Op::AddCallback { d, cb } => self.add(*d, Call::Script(cb), Call::Passthru),
            Op::AddErrback { d, eb } => self.add(*d, Call::Passthru, Call::Script(eb)),
            Op::AddBoth { d, cb } => self.add(*d, Call::Script(cb), Call::Script(cb)),
            Op::AddCallbacks { d, cb, eb } => self.add(*d, Call::Script(cb), Call::Script(eb)),
            Op::Callback { d, value } => self.fire(*d, Outcome::Value(value.clone())),
            Op::Errback { d, error } => self.fire(*d, Outcome::Failure((*error).into())),
            Op::Cancel { d } => {
                if let Some(d) = self.named(*d).filter(|&d| self.may_cancel(d))
                    && let Err(Panicked) = self.cancel(d, By::Operation)
                {
                    self.raised(Raised::Panic);
                }
            }
            Op::Pause { d } => {
                if let Some(d) = self.named(*d).filter(|&d| !self.deferreds[d].gathered) {
                    self.deferreds[d].balance += 1;
                    self.pause(d);
                }
            }
            Op::Unpause { d } => {
                if let Some(d) = self.named(*d).filter(|&d| self.may_unpause(d)) {
                    self.deferreds[d].balance -= 1;
                    self.unpause(d);
                }
            }
            Op::Chain { d, to } => {
                if let (Some(d), Some(to)) = (self.named(*d), self.fireable(*to)) {
                    self.chain_deferred(d, to);
                }
            }
            Op::Probe { d: slot } => {
                if self.named(*slot).is_some() {
                    let (probe, state) = (*slot, self.state(*slot));
                    if is_internal(&state) {
                        self.undefined = Some(INTERNAL_SHOWS);
                    }
                    self.events.push(Event::Probe { probe, state });
                }
            }
            Op::Drop { d } => {
                if let Some(slot) = self.slots.get_mut(*d) {
                    slot.deferred = None;
                }
            }
            Op::List { ds, fire_on_one_callback, fire_on_one_errback, consume_errors } => {
                let flags = Flags {
                    fire_on_one_callback: *fire_on_one_callback,
                    fire_on_one_errback: *fire_on_one_errback,
                    consume_errors: *consume_errors,
                };
                let d = self.deferred_list(self.all_named(ds), flags);
                self.bind(d, false);
            }
            Op::Gather { ds, consume_errors } => {
                let d = self.gather_results(self.all_named(ds), *consume_errors);
                self.bind(d, false);
            }
            Op::Race { ds } => {
                let d = self.race(self.all_named(ds));
                self.bind(d, false);
            }
            Op::Timeout { d, after } => {
                if let Some(d) = self.named(*d) {
                    self.add_timeout(d, *after);
                }
            }
            Op::Advance { by } => {
                if let Err(Panicked) = self.advance(*by) {
                    self.raised(Raised::Panic);
                }
            }
            Op::Coroutine { id, steps, ret } => {
                let d = self.start_coroutine(*id, steps, ret.as_ref());
                self.bind(d, false);
            }
            Op::Lock {} => self.resources.push(Resource::semaphore(self.tokens(1))),
            Op::Semaphore { tokens } => self.resources.push(Resource::semaphore(self.tokens(*tokens))),
            Op::Queue { size, backlog } => self.resources.push(Resource::queue(self.size(*size), *backlog)),
            Op::Acquire { r } => {
                if let Some(d) = self.acquire(*r) {
                    self.bind(d, false);
                }
            }
            Op::Release { r } => {
                // Who waits is fired by nobody else.
                let _ = self.release(*r);
            }
            Op::Put { r, value } => {
                if let Err(raised) = self.put(*r, value.clone()) {
                    self.raised(raised);
                }
            }
            Op::Get { r } => match self.get(*r) {
                Ok(Some(d)) => self.bind(d, false),
                Ok(None) => {}
                Err(raised) => self.raised(raised),
            },
        }
    }

    /// `succeed` and `fail` (93-130).
    pub(crate) fn made(&mut self, outcome: Outcome) -> Id {
        let d = self.make(Deferred::default());
        let fresh = self.start_run_callbacks(d, outcome);
        debug_assert!(fresh.is_ok(), "a Deferred just made can be fired");
        d
    }

    fn add(&mut self, slot: usize, callback: Call<'p>, errback: Call<'p>) {
        if let Some(d) = self.named(slot) {
            self.add_callbacks(d, callback, errback);
        }
    }

    fn fire(&mut self, slot: usize, outcome: Outcome) {
        if let Some(d) = self.fireable(slot)
            && let Err(AlreadyCalled) = self.start_run_callbacks(d, outcome)
        {
            self.raised(Raised::AlreadyCalledError);
        }
    }

    /// The Deferreds that these slots name, without those that are unbound or dropped.
    fn all_named(&self, slots: &[usize]) -> Vec<Id> {
        slots.iter().filter_map(|&slot| self.named(slot)).collect()
    }

    /// The Deferred that a slot names, if the program may fire it.
    pub(crate) fn fireable(&self, slot: usize) -> Option<Id> {
        self.slots.get(slot).filter(|slot| slot.may_fire)?.deferred
    }

    /// A program doesn't cancel a Deferred whose canceller runs, or whose waiting ends in a circle.
    pub(crate) fn may_cancel(&self, d: Id) -> bool {
        let mut last = d;
        for _ in 0..self.deferreds.len() {
            match self.deferreds[last].result {
                Held::Deferred(inner) => last = inner,
                _ => return self.deferreds[d].cancelling == 0,
            }
        }
        // More steps than there are Deferreds: a circle.
        false
    }

    /// A program doesn't unpause a running or waiting Deferred more often than it paused it: Twisted would
    /// hand the Deferred that is waited for to a callback, as a value. Nor ever what `gather` made: paused, it
    /// would show the list that it is made from.
    pub(crate) fn may_unpause(&self, d: Id) -> bool {
        let deferred = &self.deferreds[d];
        let busy = deferred.running_callbacks || matches!(deferred.result, Held::Deferred(_));
        !deferred.gathered && (!busy || deferred.balance > 0)
    }

    pub(crate) fn raised(&mut self, error: Raised) {
        self.deed_raised();
        self.events.push(Event::Error { error });
    }

    /// Invokes a callback, errback (`own` is the Deferred that it was added to) or call.
    pub(crate) fn invoke(&mut self, script: &'p Script, own: Option<Id>, arg: Option<Outcome>) -> Returned {
        if !self.enter() {
            return Returned::Outcome(Outcome::Value(Value::Null));
        }
        self.note_internal(arg.as_ref());
        let event = Event::Run { run: script.id, arg: arg.clone() };
        self.events.push(event);
        self.run_ops(script);
        self.leave();

        let value = |value: &Value| Returned::Outcome(Outcome::Value(value.clone()));
        let failure = |failure| Returned::Outcome(Outcome::Failure(failure));
        let arg = arg.unwrap_or(Outcome::Value(Value::Null));
        match &script.ret {
            Return::Arg => Returned::Outcome(arg),
            Return::Value(v) => value(v),
            Return::Raise(error) => failure((*error).into()),
            Return::Failure(error) => Returned::Outcome(self.returned_failure((*error).into())),
            Return::Panic(_) => failure(Failure::Panic),
            Return::Wait(slot) => match self.named(*slot) {
                Some(d) if self.may_return(d, own) => Returned::Deferred(d),
                _ => {
                    self.note_null(script.id);
                    value(&Value::Null)
                }
            },
            Return::Trap { trap, or_else } => match arg {
                Outcome::Failure(f) if trap.iter().any(|name| f.is(*name)) => value(or_else),
                untrapped => Returned::Outcome(untrapped),
            },
        }
    }

    /// A callback doesn't return another Deferred that is running: Twisted would hand over the value that
    /// the running callback was given, which a typed engine has moved into it.
    fn may_return(&self, d: Id, own: Option<Id>) -> bool {
        own.is_none() || own == Some(d) || !self.deferreds[d].running_callbacks
    }

    pub(crate) fn invoke_canceller(&mut self, script: &'p Script) -> Result<(), Panicked> {
        if !self.enter() {
            return Ok(());
        }
        self.events.push(Event::Canceller { canceller: script.id });
        self.run_ops(script);
        self.leave();
        match script.ret {
            Return::Panic(_) => Err(Panicked),
            _ => Ok(()),
        }
    }

    /// A script's operations run only the first time that it is invoked.
    fn run_ops(&mut self, script: &'p Script) {
        if self.begun.insert(script.id) {
            for op in &script.ops {
                self.step(op);
            }
        }
    }

    /// Goes one level deeper, unless that is too deep or the program means nothing any more.
    pub(crate) fn enter(&mut self) -> bool {
        if self.depth == MAX_DEPTH {
            self.undefined = Some("depth");
        }
        if self.undefined.is_some() {
            return false;
        }
        self.depth += 1;
        true
    }

    /// A program in whose events the error shows that Twisted cancels coroutines with means nothing.
    pub(crate) fn note_internal(&mut self, shown: Option<&Outcome>) {
        if shown.is_some_and(Outcome::is_internal) {
            self.undefined.get_or_insert(INTERNAL_SHOWS);
        }
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// How the Deferred of a slot stands.
    pub(crate) fn stage(&self, slot: usize) -> Stage {
        let Some(slot) = self.slots.get(slot) else {
            return Stage::Unbound;
        };
        let Some(d) = slot.deferred else {
            return Stage::Dropped;
        };
        let deferred = &self.deferreds[d];
        match &deferred.result {
            _ if deferred.cancelling > 0 => Stage::Cancelling,
            _ if deferred.running_callbacks => Stage::Running,
            Held::Nothing if deferred.paused != 0 => Stage::UnfiredPaused,
            Held::Nothing => Stage::Unfired,
            Held::Deferred(_) if deferred.balance != 0 => Stage::WaitingPaused,
            Held::Deferred(_) => Stage::Waiting,
            Held::Outcome(_) if deferred.paused != 0 => Stage::FiredPaused,
            Held::Outcome(Outcome::Value(_)) => Stage::Succeeded,
            Held::Outcome(Outcome::Failure(_)) => Stage::Failed,
        }
    }
}
