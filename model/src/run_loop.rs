//! The methods of Twisted's class `Deferred`, to be read beside defer.py of 26.10.0.

use crate::combine::parse_list;
use crate::trace::Event;
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
        self.deferreds[d].callbacks.push_back(item);
        if self.deferreds[d].called {
            self.run_callbacks(d);
        }
    }

    /// `chainDeferred` (833-856).
    pub(crate) fn chain_deferred(&mut self, d: Id, to: Id) {
        self.add_callbacks(d, Call::Fire(to), Call::Fire(to));
    }

    /// `callback` and `errback` (858-920), which are `_startRunCallbacks` (966-990).
    pub(crate) fn start_run_callbacks(&mut self, d: Id, result: Outcome) -> Result<(), AlreadyCalled> {
        let deferred = &mut self.deferreds[d];
        if deferred.called {
            if deferred.suppress_already_called {
                deferred.suppress_already_called = false;
                return Ok(());
            }
            return Err(AlreadyCalled);
        }
        deferred.called = true;
        deferred.canceller = None;
        deferred.result = Held::Outcome(result);
        self.run_callbacks(d);
        Ok(())
    }

    /// `pause` (922-926).
    pub(crate) fn pause(&mut self, d: Id) {
        self.deferreds[d].paused += 1;
    }

    /// `unpause` (928-936).
    pub(crate) fn unpause(&mut self, d: Id) {
        self.deferreds[d].paused -= 1;
        if self.deferreds[d].paused != 0 {
            return;
        }
        if self.deferreds[d].called {
            self.run_callbacks(d);
        }
    }

    /// `cancel` (938-964). What it forwards to is found by a loop: waiting has no depth limit here.
    pub(crate) fn cancel(&mut self, mut d: Id, by: By) -> Result<(), Panicked> {
        let mut links = 0;
        loop {
            if self.deferreds[d].list.is_some() {
                return self.cancel_list(d);
            }
            if !self.deferreds[d].called {
                break;
            }
            match self.deferreds[d].result {
                Held::Deferred(inner) if links < self.deferreds.len() => d = inner,
                Held::Deferred(_) => return self.mean_nothing("a RecursionError"),
                _ => return Ok(()),
            }
            links += 1;
        }
        if let Some(canceller) = self.deferreds[d].canceller {
            if by == By::Twisted && self.deferreds[d].cancelling > 0 {
                return self.mean_nothing("a canceller was entered again while it ran");
            }
            self.deferreds[d].cancelling += 1;
            let returned = match canceller {
                Canceller::Script(script) => self.invoke_canceller(script),
                Canceller::Race(race) => self.cancel_race(race),
                Canceller::Coroutine(coroutine) => {
                    self.cancel_coroutine(d, coroutine);
                    Ok(())
                }
                Canceller::Waiting(resource) => {
                    self.resources[resource].forget(d);
                    Ok(())
                }
            };
            self.deferreds[d].cancelling -= 1;
            returned?;
        } else {
            self.deferreds[d].suppress_already_called = true;
        }
        if !self.deferreds[d].called {
            let cancelled = Outcome::Failure(Failure::CancelledError);
            // Can't be refused: it isn't called.
            let _ = self.start_run_callbacks(d, cancelled);
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
        if self.deferreds[d].running_callbacks {
            return;
        }
        let mut chain = vec![d];
        while let Some(&current) = chain.last() {
            if self.deferreds[current].paused != 0 {
                return;
            }
            let mut finished = true;
            while let Some(item) = self.deferreds[current].callbacks.pop_front() {
                let Held::Outcome(result) = self.deferreds[current].result.clone() else {
                    unreachable!("a Deferred that runs is called and waits for nothing");
                };
                let call = match (item, &result) {
                    (Item::Continue(chainee), _) => {
                        self.deferreds[chainee].result = Held::Outcome(result);
                        self.leave_null(current);
                        self.deferreds[chainee].paused -= 1;
                        chain.push(chainee);
                        finished = false;
                        break;
                    }
                    (Item::Pair { callback, .. }, Outcome::Value(_)) => callback,
                    (Item::Pair { errback, .. }, Outcome::Failure(_)) => errback,
                };
                self.deferreds[current].running_callbacks = true;
                let returned = self.call(call, current, result);
                self.deferreds[current].running_callbacks = false;
                match returned {
                    Returned::Outcome(outcome) => {
                        self.deferreds[current].result = Held::Outcome(outcome);
                    }
                    Returned::Deferred(inner) => {
                        self.deferreds[current].result = Held::Deferred(inner);
                        match self.ready(inner) {
                            None => {
                                self.pause(current);
                                let waiter = Item::Continue(current);
                                self.deferreds[inner].callbacks.push_back(waiter);
                                break;
                            }
                            Some(stolen) => {
                                self.leave_null(inner);
                                self.deferreds[current].result = Held::Outcome(stolen);
                            }
                        }
                    }
                }
            }
            if finished {
                let deferred = &mut self.deferreds[current];
                deferred.fail_result = match &deferred.result {
                    Held::Outcome(Outcome::Failure(failure)) => Some(failure.clone()),
                    _ => None,
                };
                chain.pop();
            }
        }
    }

    /// The result that a returned Deferred can give at once, if it can (1107-1112).
    fn ready(&self, inner: Id) -> Option<Outcome> {
        match &self.deferreds[inner] {
            Deferred { result: Held::Outcome(result), paused: 0, .. } => Some(result.clone()),
            _ => None,
        }
    }

    /// What is left of a Deferred whose result another one has taken (1058-1063, 1123-1128).
    fn leave_null(&mut self, d: Id) {
        self.deferreds[d].result = Held::Outcome(Outcome::Value(Value::Null));
        self.deferreds[d].fail_result = None;
    }

    /// Calls what a chain has next; an exception becomes a failure (1096-1099).
    fn call(&mut self, call: Call<'p>, current: Id, arg: Outcome) -> Returned {
        match call {
            Call::Passthru => Returned::Outcome(arg),
            Call::Script(script) => {
                let returned = self.invoke(script, Some(current), Some(arg));
                if matches!(returned, Returned::Deferred(inner) if inner == current) {
                    let self_return = script.id;
                    self.events.push(Event::SelfReturn { self_return });
                }
                returned
            }
            Call::Fire(target) => Returned::from(self.fire_deeper(target, arg)),
            Call::Member { list, index } => Returned::Outcome(self.member_fired(list, index, arg)),
            Call::ParseList => Returned::Outcome(parse_list(arg)),
            Call::Contestant { race, index } => self.contestant_fired(race, index, arg),
            Call::ConvertCancelled(timeout) => Returned::Outcome(self.convert_cancelled(timeout, arg)),
            Call::CancelTimeout(timeout) => {
                self.clock.cancel(timeout);
                Returned::Outcome(arg)
            }
            Call::GotResult(_) if self.deferreds[current].paused != 0 => {
                self.undefined.get_or_insert("a Deferred was paused when it delivered to an await");
                Returned::Outcome(arg)
            }
            Call::GotResult(coroutine) => Returned::from(self.resume(coroutine, Some(arg))),
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
