//! `Deferred.fromCoroutine`: a coroutine that awaits Deferreds, and how it is cancelled.

use crate::run_loop::{AlreadyCalled, By, Returned};
use crate::script::{CoroutineReturn, Step};
use crate::trace::{Event, ScriptId};
use crate::value::{Failure, Outcome, Value};
use crate::world::{Call, Canceller, Deferred, Held, Id, Item, World};

/// Why a program is undefined that meets an assertion of Twisted's own.
const ASSERTION: &str = "AssertionError inside twisted.internet.defer";

/// A coroutine's place among the coroutines.
pub(crate) type CoroutineId = usize;

/// A coroutine's frame, and its `_CancellationStatus`.
pub(crate) struct Coroutine<'p> {
    id: ScriptId,
    steps: &'p [Step],
    ret: Option<&'p CoroutineReturn>,
    /// The step that runs or awaits.
    at: usize,
    /// The Deferred that its end fires; each cancellation puts a new one here.
    pub(crate) deferred: Id,
    /// The Deferred that it awaits, or awaited last.
    pub(crate) waiting_on: Option<Id>,
}

impl<'p> World<'p> {
    /// `fromCoroutine` (1272-1317), which is `_cancellableInlineCallbacks` (1987-2006).
    pub(crate) fn start_coroutine(
        &mut self,
        id: ScriptId,
        steps: &'p [Step],
        ret: Option<&'p CoroutineReturn>,
    ) -> Id {
        let coroutine = self.coroutines.len();
        let canceller = Some(Canceller::Coroutine(coroutine));
        let deferred = self.make(Deferred { canceller, ..Deferred::default() });
        self.coroutines.push(Coroutine { id, steps, ret, at: 0, deferred, waiting_on: None });
        // Can't be refused: nobody else knows the Deferred yet.
        let _ = self.resume(coroutine, None);
        deferred
    }

    /// `_inlineCallbacks` (1825-1955): goes on with what an `await` gave, or begins.
    pub(crate) fn resume(
        &mut self,
        coroutine: CoroutineId,
        came: Option<Outcome>,
    ) -> Result<(), AlreadyCalled> {
        if !self.enter() {
            return Ok(());
        }
        let ends = self.run_steps(coroutine, came);
        let fired = match ends {
            Some(outcome) => {
                self.meet_coroutine_end(coroutine);
                self.start_run_callbacks(self.coroutines[coroutine].deferred, outcome)
            }
            None => Ok(()),
        };
        self.leave();
        fired
    }

    /// Runs a coroutine until it awaits (`None`) or ends.
    fn run_steps(&mut self, coroutine: CoroutineId, mut came: Option<Outcome>) -> Option<Outcome> {
        let began = self.coroutines[coroutine].at;
        loop {
            let Coroutine { id, steps, ret, at, .. } = self.coroutines[coroutine];
            if let Some(arg) = came.take() {
                self.note_internal(Some(&arg));
                self.events.push(Event::Resume { resume: id, arg: arg.clone() });
                if let (Outcome::Failure(_), false) = (&arg, steps[at].catch) {
                    return Some(arg);
                }
                self.coroutines[coroutine].at += 1;
                continue;
            }
            if self.out_of_stack(at - began) {
                return None;
            }
            let Some(step) = steps.get(at) else {
                return Some(match ret {
                    None => Outcome::Value(Value::Null),
                    Some(CoroutineReturn::Value(value)) => Outcome::Value(value.clone()),
                    Some(CoroutineReturn::Raise(error)) => Outcome::Failure((*error).into()),
                });
            };
            step.ops.iter().for_each(|op| self.step(op));
            let awaited = step.awaits.and_then(|slot| self.named(slot));
            self.meet_await(coroutine, step, awaited);
            match awaited.filter(|&d| !self.deferreds[d].running_callbacks) {
                None => {
                    self.note_passed(step);
                    self.coroutines[coroutine].at += 1;
                }
                Some(d) => {
                    came = self.awaited(d);
                    if came.is_none() {
                        self.coroutines[coroutine].waiting_on = Some(d);
                        self.add_callbacks(d, Call::GotResult(coroutine), Call::GotResult(coroutine));
                        return None;
                    }
                }
            }
        }
    }

    /// `__await__` (1168-1184): what a Deferred gives at once. It keeps it, but its failure counts as handled.
    fn awaited(&mut self, d: Id) -> Option<Outcome> {
        let deferred = &mut self.deferreds[d];
        match &deferred.result {
            Held::Outcome(outcome) if deferred.paused == 0 => {
                let outcome = outcome.clone();
                if let Outcome::Failure(_) = outcome {
                    deferred.fail_result = None;
                    if !deferred.has_debug_info {
                        self.undefined.get_or_insert(ASSERTION);
                    }
                }
                Some(self.awaited_outcome(outcome))
            }
            Held::Deferred(_) => self.awaited_while_waiting(),
            _ => None,
        }
    }

    /// `_addCancelCallbackToDeferred` (1958-1972).
    pub(crate) fn cancel_coroutine(&mut self, d: Id, coroutine: CoroutineId) {
        let handle = Item::Pair { callback: Call::Passthru, errback: Call::HandleCancel(coroutine) };
        self.deferreds[d].callbacks.push_front(handle);
        // Can't be refused: it isn't called.
        let _ = self.start_run_callbacks(d, Outcome::Failure(Failure::InternalCancelled));
    }

    /// `_handleCancelInlineCallbacks` (1975-1998).
    pub(crate) fn handle_cancel(&mut self, coroutine: CoroutineId) -> Returned {
        let canceller = self.cancelled_again().then_some(Canceller::Coroutine(coroutine));
        self.coroutines[coroutine].deferred = self.make(Deferred { canceller, ..Deferred::default() });
        self.meet_delivery(coroutine);
        let Some(awaited) = self.coroutines[coroutine].waiting_on else {
            self.undefined.get_or_insert(ASSERTION);
            return Returned::Outcome(Outcome::Value(Value::Null));
        };
        match self.cancel(awaited, By::Twisted) {
            Ok(()) => Returned::Deferred(self.coroutines[coroutine].deferred),
            Err(panicked) => Returned::from(Err(panicked)),
        }
    }
}
