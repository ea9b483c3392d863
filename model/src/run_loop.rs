//! The methods of Twisted's class `Deferred`, to be read beside defer.py of 26.10.0.

use crate::combine::parse_list;
use crate::fault::{Place, Taken};
use crate::trace::{Event, Raised};
use crate::value::{Failure, Outcome, Value};
use crate::world::{Call, Canceller, Deferred, Held, Id, Item, World};

/// `AlreadyCalledError`.
pub(crate) struct AlreadyCalled;

/// A canceller panicked: its exception leaves `cancel`.
pub(crate) struct Panicked;

/// What a callback gave back: an outcome, or a Deferred to wait for.
pub(crate) enum Returned {
    Outcome(Outcome),
    Deferred(Id),
}

/// What returns nothing leaves null, and an exception is a failure.
impl From<Result<(), AlreadyCalled>> for Returned {
    fn from(done: Result<(), AlreadyCalled>) -> Self {
        Self::Outcome(match done {
            Ok(()) => Outcome::Value(Value::Null),
            Err(AlreadyCalled) => Outcome::Failure(Failure::AlreadyCalledError),
        })
    }
}

impl From<Result<(), Panicked>> for Returned {
    fn from(done: Result<(), Panicked>) -> Self {
        Self::Outcome(match done {
            Ok(()) => Outcome::Value(Value::Null),
            Err(Panicked) => Outcome::Failure(Failure::Panic),
        })
    }
}

/// Who cancels: an operation of the program may enter a canceller that runs, Twisted itself may not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Operation,
    Twisted,
}

impl<'p> World<'p> {
    /// `addCallbacks` (497-531), and with it `addCallback`, `addErrback` and `addBoth`.
    pub(crate) fn add_callbacks(&mut self, d: Id, callback: Call<'p>, errback: Call<'p>) {
        let item = Item::Pair { callback, errback };
        if self.runs_alone(d) {
            return self.run_alone(d, item);
        }
        self.append(d, item);
        if self.deferreds[d].called {
            self.run_callbacks(d);
        }
    }

    fn append(&mut self, d: Id, item: Item<'p>) {
        match self.place(d, &item) {
            Place::Back => self.deferreds[d].callbacks.push_back(item),
            Place::Front => self.deferreds[d].callbacks.push_front(item),
            Place::Nowhere => {}
        }
    }

    /// `chainDeferred` (833-856).
    pub(crate) fn chain_deferred(&mut self, d: Id, to: Id) {
        self.add_callbacks(d, Call::Fire(to), Call::Fire(to));
    }

    /// `callback` and `errback` (858-920), which are `_startRunCallbacks` (966-990).
    pub(crate) fn start_run_callbacks(&mut self, d: Id, result: Outcome) -> Result<(), AlreadyCalled> {
        if self.deferreds[d].called {
            if self.deferreds[d].suppress_already_called {
                self.deferreds[d].suppress_already_called = self.ignores_again();
                return Ok(());
            }
            if self.refused_firing_overwrites() {
                self.deferreds[d].result = Held::Outcome(result);
            }
            return if self.refuses_second_firing() { Err(AlreadyCalled) } else { Ok(()) };
        }
        self.meet_fire(d);
        self.deferreds[d].called = self.called_first();
        if self.firing_frees_canceller() {
            self.deferreds[d].canceller = None;
        }
        self.deferreds[d].result = Held::Outcome(result);
        self.run_callbacks(d);
        self.deferreds[d].called = true;
        Ok(())
    }

    /// `pause` (922-926).
    pub(crate) fn pause(&mut self, d: Id) {
        self.deferreds[d].paused = self.paused(self.deferreds[d].paused);
    }

    /// `unpause` (928-936).
    pub(crate) fn unpause(&mut self, d: Id) {
        if self.unpause_ignored(d) {
            return;
        }
        self.deferreds[d].paused = self.unpaused(self.deferreds[d].paused);
        if self.deferreds[d].paused != 0 {
            return;
        }
        if self.unpause_needs_result(d) {
            self.raised(Raised::Panic);
        }
        if self.deferreds[d].called {
            self.run_callbacks(d);
        }
    }

    /// `cancel` (938-964). What it forwards to is found by a loop: waiting has no depth limit here.
    pub(crate) fn cancel(&mut self, mut d: Id, by: By) -> Result<(), Panicked> {
        let named = d;
        let mut links = 0;
        loop {
            self.meet_cancel(named, d);
            if self.deferreds[d].list.is_some() && !self.fired_list_forwards(d) {
                return self.cancel_list(d);
            }
            if !self.deferreds[d].called {
                break;
            }
            match self.deferreds[d].result {
                Held::Deferred(_) if !self.forwards_cancel() => return Ok(()),
                Held::Deferred(inner) if links < self.deferreds.len() => d = inner,
                Held::Deferred(_) => return self.mean_nothing("a RecursionError"),
                _ => {
                    self.refuses_cancel();
                    return Ok(());
                }
            }
            links += 1;
        }
        d = self.cancel_means(d);
        let canceller = self.deferreds[d].canceller;
        if let Some(canceller) = canceller {
            if self.takes_canceller() {
                self.deferreds[d].canceller = None;
            }
            if by == By::Twisted && self.deferreds[d].cancelling > 0 {
                return self.mean_nothing("a canceller was entered again while it ran");
            }
            self.deferreds[d].cancelling += 1;
            let returned = match canceller {
                Canceller::Script(script) => self.invoke_canceller(script),
                Canceller::Race(race) => self.cancel_race(race),
                Canceller::Coroutine(_) if !self.cancels_awaited() => Ok(()),
                Canceller::Coroutine(coroutine) => {
                    self.cancel_coroutine(d, coroutine);
                    Ok(())
                }
                Canceller::Waiting(resource) => {
                    if self.gives_up_place() {
                        self.resources[resource].forget(d);
                    }
                    Ok(())
                }
            };
            self.deferreds[d].cancelling -= 1;
            self.meet_canceller_returned(d, canceller, &returned);
            if self.canceller_panic_leaves() {
                returned?;
            }
            if self.ignores_with_canceller(canceller) {
                self.deferreds[d].suppress_already_called = true;
            }
        } else {
            self.deferreds[d].suppress_already_called = self.ignores_without_canceller();
        }
        if self.fires_cancelled(d, canceller.is_some()) {
            let cancelled = Outcome::Failure(Failure::CancelledError);
            if let Err(AlreadyCalled) = self.start_run_callbacks(d, cancelled) {
                self.raised(Raised::AlreadyCalledError);
            }
        }
        Ok(())
    }

    /// From here on the program means nothing, and nothing more happens.
    pub(crate) fn mean_nothing(&mut self, why: &'static str) -> Result<(), Panicked> {
        self.undefined.get_or_insert(why);
        Ok(())
    }

    /// `_runCallbacks` (999-1149).
    pub(crate) fn run_callbacks(&mut self, d: Id) {
        self.meet_run(d);
        if self.deferreds[d].running_callbacks && self.guards() {
            return;
        }
        let mut chain = vec![d];
        while let Some(&current) = chain.last() {
            self.meet_turn(&chain);
            if self.deferreds[current].paused != 0 || chain.len() > self.longest_chain() {
                if self.marks_while_paused() {
                    self.mark(current, false);
                }
                if self.blocked_run_ends(chain.len()) {
                    return;
                }
                chain.pop();
                continue;
            }
            let mut finished = true;
            let mut raised = false;
            while let Some(item) = self.take_next(current) {
                let result = match &self.deferreds[current].result {
                    Held::Outcome(result) => result.clone(),
                    Held::Deferred(_) | Held::Nothing => self.result_of_waiting(),
                };
                self.meet_entry(current, item, &result);
                let (callback, errback) = match item {
                    Item::Pair { callback, errback } => (callback, errback),
                    Item::Continue(chainee) => {
                        self.deferreds[chainee].result = Held::Outcome(result);
                        self.leave_null(current, Taken::HandedOver);
                        self.deferreds[chainee].paused = self.released(self.deferreds[chainee].paused);
                        chain.push(chainee);
                        finished = false;
                        break;
                    }
                };
                let succeeded = matches!(result, Outcome::Value(_));
                let call = if succeeded { callback } else { errback };
                self.deferreds[current].running_callbacks = true;
                let returned = self.call(call, current, result);
                self.deferreds[current].running_callbacks = self.keeps_running(&returned);
                self.meet_return(current, item, succeeded, &returned);
                if self.panic_escapes(call, &returned) {
                    return self.raised(Raised::Panic);
                }
                match returned {
                    Returned::Outcome(outcome) => {
                        raised = succeeded && matches!(outcome, Outcome::Failure(_));
                        self.deferreds[current].result = Held::Outcome(outcome);
                    }
                    Returned::Deferred(inner) => {
                        self.deferreds[current].result = Held::Deferred(inner);
                        match self.ready(inner) {
                            None => {
                                self.wait(current, inner);
                                break;
                            }
                            Some(stolen) => {
                                self.leave_null(inner, Taken::Stolen);
                                self.deferreds[current].result = Held::Outcome(stolen);
                            }
                        }
                    }
                }
                if raised && self.pair_handles_itself(errback) {
                    let again = Item::Pair { callback: Call::Passthru, errback };
                    self.deferreds[current].callbacks.push_front(again);
                }
                if self.pause_stops_run(current) {
                    return;
                }
            }
            if finished {
                self.mark(current, raised);
                chain.pop();
            }
        }
    }

    fn take_next(&mut self, d: Id) -> Option<Item<'p>> {
        let next = self.next_entry(d);
        self.deferreds[d].callbacks.remove(next)
    }

    /// Begins to wait for a Deferred that was returned (1114-1121).
    fn wait(&mut self, d: Id, inner: Id) {
        if self.waiting_blocks() {
            self.pause(d);
        }
        if !self.has_many_waiters() {
            self.deferreds[inner].callbacks.retain(|item| !matches!(item, Item::Continue(_)));
        }
        self.append(inner, Item::Continue(d));
        if inner != d && self.waits_for(inner, d) {
            self.circles += 1;
        }
    }

    /// Whether a Deferred waits for another, by way of others.
    fn waits_for(&self, mut d: Id, other: Id) -> bool {
        for _ in 0..self.deferreds.len() {
            match self.deferreds[d].result {
                Held::Deferred(inner) if inner == other => return true,
                Held::Deferred(inner) => d = inner,
                _ => break,
            }
        }
        false
    }

    /// Remembers the failure that a Deferred is left with, or that it has none (1130-1145).
    fn mark(&mut self, d: Id, raised: bool) {
        self.meet_mark(d);
        match self.deferreds[d].result.clone() {
            Held::Outcome(Outcome::Failure(failure)) if !raised || self.marks_raised() => {
                self.deferreds[d].fail_result = Some(failure);
                self.deferreds[d].has_debug_info = true;
            }
            _ if self.handling_unmarks(d) => self.deferreds[d].fail_result = None,
            _ => {}
        }
    }

    /// The result that a returned Deferred can give at once, if it can (1107-1112).
    fn ready(&self, inner: Id) -> Option<Outcome> {
        match &self.deferreds[inner] {
            Deferred { result: Held::Outcome(result), paused, .. }
                if *paused == 0 || self.ready_while_paused() =>
            {
                Some(result.clone())
            }
            _ => None,
        }
    }

    /// What is left of a Deferred whose result another one has taken (1058-1063, 1123-1128).
    fn leave_null(&mut self, d: Id, taken: Taken) {
        self.deferreds[d].fail_result = self.mark_left(d, taken);
        if !self.keeps_result(taken) {
            self.deferreds[d].result = Held::Outcome(Outcome::Value(Value::Null));
        }
    }

    /// Calls what a chain has next; an exception becomes a failure (1096-1099).
    fn call(&mut self, call: Call<'p>, current: Id, arg: Outcome) -> Returned {
        match call {
            Call::Passthru => Returned::Outcome(arg),
            Call::Script(script) => {
                let returned = self.invoke(script, Some(current), Some(arg));
                if matches!(returned, Returned::Deferred(inner) if inner == current) {
                    if !self.waits_for_itself() {
                        return Returned::Outcome(Outcome::Value(Value::Null));
                    }
                    let self_return = script.id;
                    self.events.push(Event::SelfReturn { self_return });
                }
                returned
            }
            Call::Fire(target) => {
                let returned = Returned::from(self.fire_deeper(target, arg.clone()));
                self.chain_leaves(returned, arg)
            }
            Call::Member { list, index } => Returned::Outcome(self.member_fired(list, index, arg)),
            Call::ParseList => Returned::Outcome(parse_list(arg)),
            Call::Contestant { race, index } => self.contestant_fired(race, index, arg),
            Call::ConvertCancelled(timeout) => Returned::Outcome(self.convert_cancelled(timeout, arg)),
            Call::CancelTimeout(timeout) => {
                if self.firing_stops_timeout() {
                    self.clock.cancel(timeout);
                }
                Returned::Outcome(arg)
            }
            Call::GotResult(_) if self.deferreds[current].paused != 0 => {
                self.undefined.get_or_insert("a Deferred was paused when it delivered to an await");
                Returned::Outcome(arg)
            }
            Call::GotResult(coroutine) => {
                let returned = Returned::from(self.resume(coroutine, Some(arg.clone())));
                self.await_leaves(returned, arg)
            }
            Call::HandleCancel(coroutine) => self.handle_cancel(coroutine),
        }
    }

    /// Fires the target of a `chain`, one level deeper.
    pub(crate) fn fire_deeper(&mut self, target: Id, result: Outcome) -> Result<(), AlreadyCalled> {
        if !self.enter() {
            return Ok(());
        }
        let fired = self.start_run_callbacks(target, result);
        self.leave();
        fired
    }
}
