//! `DeferredList`, `gatherResults` and `race`.

use crate::run_loop::{AlreadyCalled, By, Panicked, Returned};
use crate::trace::Event;
use crate::value::{Failure, Outcome, Value};
use crate::world::{Call, Canceller, Deferred, Id, World};

/// The attributes of a `DeferredList`.
pub(crate) struct List {
    pub(crate) members: Vec<Id>,
    pub(crate) results: Vec<Option<Outcome>>,
    pub(crate) finished_count: usize,
    pub(crate) flags: Flags,
}

/// How a list fires early, and what it leaves of its members' failures.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flags {
    pub(crate) fire_on_one_callback: bool,
    pub(crate) fire_on_one_errback: bool,
    pub(crate) consume_errors: bool,
}

/// A race's place among the races.
pub(crate) type RaceId = usize;

/// What the closures of `race` share.
pub(crate) struct Race {
    pub(crate) contestants: Vec<Id>,
    /// The Deferred that it gives.
    pub(crate) result: Id,
    pub(crate) winner: Option<usize>,
    pub(crate) failures: Vec<(usize, Failure)>,
}

impl World<'_> {
    /// `DeferredList.__init__` (1458-1538).
    pub(crate) fn deferred_list(&mut self, members: Vec<Id>, flags: Flags) -> Id {
        let results = members.iter().map(|_| None).collect();
        let at_first = self.flags_at_first(flags);
        let list = List { members: members.clone(), results, finished_count: 0, flags: at_first };
        let d = self.make(Deferred { list: Some(list), ..Deferred::default() });
        if members.is_empty() && self.empty_list_fires(flags) {
            // Can't be refused: it is new.
            let _ = self.start_run_callbacks(d, Outcome::Value(Value::Array(Vec::new())));
        }
        for (index, member) in members.into_iter().enumerate() {
            let hook = Call::Member { list: d, index };
            self.add_callbacks(member, hook, hook);
        }
        self.list(d).flags = flags;
        d
    }

    fn list(&mut self, d: Id) -> &mut List {
        self.deferreds[d].list.as_mut().expect("it is a list")
    }

    /// `gatherResults` (1597-1623).
    pub(crate) fn gather_results(&mut self, members: Vec<Id>, consume_errors: bool) -> Id {
        let flags = Flags { fire_on_one_errback: true, consume_errors, ..Flags::default() };
        let d = self.deferred_list(members, flags);
        self.deferreds[d].gathered = true;
        self.add_callbacks(d, Call::ParseList, Call::Passthru);
        d
    }

    /// `_cbDeferred` (1540-1564).
    pub(crate) fn member_fired(&mut self, d: Id, index: usize, result: Outcome) -> Outcome {
        let called = self.deferreds[d].called;
        let flags = self.list(d).flags;
        self.list(d).results[index] = Some(result.clone());
        if self.counts(d, index) {
            self.list(d).finished_count += 1;
        }
        if self.refuses_late_member(called) {
            return Outcome::Failure(Failure::AlreadyCalledError);
        }
        if !called {
            let list = self.deferreds[d].list.as_ref().expect("it is a list");
            let fires = match &result {
                Outcome::Value(value) if flags.fire_on_one_callback => {
                    let both = self.value_and_index(value.clone(), integer(index));
                    Some(Outcome::Value(Value::Array(both)))
                }
                Outcome::Failure(failure) if self.fires_on_errback(flags) => {
                    Some(Outcome::Failure(self.first_error(index, failure.clone())))
                }
                _ if list.finished_count == list.results.len() => {
                    let results = list.results.iter().flatten().map(success_and_result);
                    Some(Outcome::Value(Value::Array(results.collect())))
                }
                _ => None,
            };
            if let Some(outcome) = fires {
                // Can't be refused: it isn't called.
                let _ = self.fire_deeper(d, outcome);
            }
        }
        self.member_goes_on_with(result, flags)
    }

    /// `DeferredList.cancel` (1566-1583).
    pub(crate) fn cancel_list(&mut self, d: Id) -> Result<(), Panicked> {
        if self.deferreds[d].called || !self.list_cancels_members() || !self.enter() {
            return Ok(());
        }
        let members = self.list(d).members.clone();
        for (index, member) in members.into_iter().enumerate() {
            let cancelled = self.cancel(member, By::Twisted);
            self.meet_member_cancelled(d, index, &cancelled);
            if let Err(Panicked) = cancelled {
                self.events.push(Event::Logged { logged: Failure::Panic });
                if !self.list_cancels_all() {
                    break;
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// `race` (1636-1712).
    pub(crate) fn race(&mut self, contestants: Vec<Id>) -> Id {
        let race = self.races.len();
        let canceller = Some(Canceller::Race(race));
        let result = self.make(Deferred { canceller, ..Deferred::default() });
        self.races.push(Race {
            contestants: contestants.clone(),
            result,
            winner: None,
            failures: Vec::new(),
        });
        for (index, contestant) in contestants.into_iter().enumerate() {
            let hook = Call::Contestant { race, index };
            self.add_callbacks(contestant, hook, hook);
        }
        result
    }

    /// `cancel` of a race (1656-1662).
    pub(crate) fn cancel_race(&mut self, race: RaceId) -> Result<(), Panicked> {
        self.cancel_contestants(race, None)
    }

    /// `succeeded` and `failed` of a race (1671-1702).
    pub(crate) fn contestant_fired(&mut self, race: RaceId, index: usize, result: Outcome) -> Returned {
        let outcome = match result {
            Outcome::Value(_) if self.races[race].winner.is_some() => {
                return Returned::from(Ok::<(), Panicked>(()));
            }
            Outcome::Value(value) => {
                let winner = self.races[race].contestants[index];
                self.races[race].winner = Some(winner);
                let outcome = Outcome::Value(Value::Array(vec![integer(index), value]));
                if self.fires_before_cancelling() {
                    let _ = self.fire_deeper(self.races[race].result, outcome.clone());
                }
                if let Err(panicked) = self.cancel_contestants(race, Some(winner)) {
                    return Returned::from(Err(panicked));
                }
                outcome
            }
            Outcome::Failure(failure) => {
                self.races[race].failures.push((index, failure));
                let mut failures = self.races[race].failures.clone();
                if !self.race_is_lost(failures.len(), self.races[race].contestants.len()) {
                    return Returned::from(Ok::<(), AlreadyCalled>(()));
                }
                if self.sorts_failures() {
                    failures.sort_by_key(|(index, _)| *index);
                }
                let failures = failures.into_iter().map(|(_, failure)| failure);
                Outcome::Failure(Failure::FailureGroup(failures.collect()))
            }
        };
        Returned::from(self.fire_deeper(self.races[race].result, outcome))
    }

    fn cancel_contestants(&mut self, race: RaceId, but: Option<Id>) -> Result<(), Panicked> {
        let losers_stay = but.is_some() && !self.cancels_losers();
        if losers_stay || !self.enter() {
            return Ok(());
        }
        let contestants = self.races[race].contestants.clone();
        let mut losers = contestants.into_iter().filter(|contestant| Some(*contestant) != but);
        let cancelled = losers.try_for_each(|loser| self.cancel(loser, By::Twisted));
        self.leave();
        cancelled
    }
}

/// `_parseDeferredListResult` (1586-1594). Only with a fault does it meet anything but an array of pairs.
pub(crate) fn parse_list(result: Outcome) -> Outcome {
    let second = |pair| match pair {
        Value::Array(mut pair) if pair.len() == 2 => pair.remove(1),
        other => other,
    };
    match result {
        Outcome::Value(Value::Array(pairs)) => {
            Outcome::Value(Value::Array(pairs.into_iter().map(second).collect()))
        }
        other => other,
    }
}

fn success_and_result(result: &Outcome) -> Value {
    Value::Array(match result.clone() {
        Outcome::Value(value) => vec![Value::Bool(true), value],
        Outcome::Failure(f) => vec![Value::Bool(false), Value::Failed { f }],
    })
}

fn integer(index: usize) -> Value {
    Value::Int(i64::try_from(index).expect("an index fits"))
}
