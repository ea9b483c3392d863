//! Reads programs, one a line, calls the Deferred of deferred.rs, and answers with traces. model/PROGRAMS.md says what
//! it all means. This file needs no change.

use crate::deferred::{
    AlreadyCalled, Callback, Deferred, LACKS, Outcome, Returned, Standing, listen, reclaim,
};
use deferral_model::coverage::CORE_OPERATIONS;
use deferral_model::trace::{Event, Raised, ScriptId, sort_failures};
use deferral_model::{Answer, Failure, Op, Program, Return, Script, State, Trace, Value};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

/// Answers all of standard input.
pub(crate) fn main() -> ExitCode {
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let answered = line.map_err(|cause| cause.to_string()).and_then(|line| match line.trim() {
            "" => Ok(String::new()),
            program => answer(program),
        });
        match answered {
            Ok(text) if std::io::stdout().write_all(text.as_bytes()).is_err() => return ExitCode::SUCCESS,
            Ok(_) => {}
            Err(cause) => {
                eprintln!("line {}: {cause}", number + 1);
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}

fn answer(line: &str) -> Result<String, String> {
    let program = Program::from_json(line).map_err(|cause| cause.to_string())?;
    let mut lacks = BTreeSet::new();
    program.walk(&mut |op, _| {
        if LACKS.contains(&op.name()) || !CORE_OPERATIONS.contains(&op.name()) {
            lacks.insert(op.name());
        }
    });
    let text = match lacks.is_empty() {
        true => serde_json::to_string(&Answer::Trace(run(&program))),
        false => serde_json::to_string(&serde_json::json!({ "lacks": lacks })),
    };
    Ok(text.expect("an answer is plain data") + "\n")
}

fn run(program: &Program) -> Trace {
    let world = Rc::new(World::default());
    let (reports, returns) = (Rc::downgrade(&world), Rc::downgrade(&world));
    listen(
        move |failure| {
            if let Some(world) = reports.upgrade() {
                world.unhandled.borrow_mut().push(failure);
            }
        },
        move || {
            if let Some(world) = returns.upgrade() {
                world.traced(Event::SelfReturn { self_return: world.returned.get() });
            }
        },
    );
    program.ops.iter().for_each(|op| world.perform(op));
    let slots = world.slots.borrow().len();
    let state = (0..slots).map(|slot| world.state(world.named(slot).as_ref())).collect();
    // One at a time: what goes with it may look at the others.
    for slot in 0..slots {
        let dropped = world.slots.borrow_mut()[slot].take();
        drop(dropped);
    }
    reclaim();
    let mut unhandled = world.unhandled.take();
    sort_failures(&mut unhandled);
    Trace { events: world.events.take(), state, unhandled }
}

/// A Deferred that the program names.
#[derive(Clone)]
struct Slot {
    d: Deferred,
    known: Rc<Known>,
    may_fire: bool,
}

/// What the language has to know of a Deferred; slots of the same one share it. Callbacks have it, so it doesn't refer
/// to the Deferred.
#[derive(Default)]
struct Known {
    /// The program's pauses less its unpauses.
    balance: Cell<i64>,
    /// How many times its canceller is on the call stack.
    cancelling: Cell<u32>,
}

/// One program: its slots, `None` for a dropped one, and what has happened.
#[derive(Default)]
struct World {
    slots: RefCell<Vec<Option<Slot>>>,
    events: RefCell<Vec<Event>>,
    unhandled: RefCell<Vec<Failure>>,
    /// The scripts whose operations have run.
    begun: RefCell<HashSet<ScriptId>>,
    /// The script that was the last to return a Deferred.
    returned: Cell<ScriptId>,
}

impl World {
    fn perform(self: &Rc<Self>, op: &Op) {
        match op {
            Op::New { canceller } => {
                let known = Rc::new(Known::default());
                let canceller = canceller.as_ref().map(|script| self.canceller(script, &known));
                self.bind(Deferred::new(canceller), Some(known), true);
            }
            Op::Succeed { value } => self.bind(Deferred::succeed(value.clone()), None, false),
            Op::Fail { error } => self.bind(Deferred::fail((*error).into()), None, false),
            Op::Maybe { call } => {
                let (world, script) = (Rc::clone(self), Arc::clone(call));
                let d = Deferred::maybe(move || {
                    world.traced(Event::Run { run: script.id, arg: None });
                    world.invoke(&script, Ok(Value::Null), None)
                });
                self.bind(d, None, false);
            }
            Op::AddCallback { d, cb } => self.on(*d, |slot| slot.d.add_callback(self.callback(cb, slot))),
            Op::AddErrback { d, eb } => self.on(*d, |slot| slot.d.add_errback(self.callback(eb, slot))),
            Op::AddBoth { d, cb } => self.on(*d, |slot| slot.d.add_both(self.callback(cb, slot))),
            Op::AddCallbacks { d, cb, eb } => {
                self.on(*d, |slot| slot.d.add_callbacks(self.callback(cb, slot), self.callback(eb, slot)));
            }
            Op::Callback { d, value } => {
                self.on_fireable(*d, |slot| self.fired(&slot.d.callback(value.clone())));
            }
            Op::Errback { d, error } => {
                self.on_fireable(*d, |slot| self.fired(&slot.d.errback((*error).into())));
            }
            Op::Cancel { d } => self.on(*d, |slot| self.cancel(slot)),
            Op::Pause { d } => self.on(*d, |slot| {
                slot.known.balance.set(slot.known.balance.get() + 1);
                slot.d.pause();
            }),
            Op::Unpause { d } => self.on(*d, |slot| {
                let busy = matches!(slot.d.standing(), Standing::Running | Standing::Waiting(_));
                if slot.known.balance.get() > 0 || !busy {
                    slot.known.balance.set(slot.known.balance.get() - 1);
                    slot.d.unpause();
                }
            }),
            Op::Chain { d, to } => self.on(*d, |slot| self.on_fireable(*to, |to| slot.d.chain(&to.d))),
            Op::Probe { d } => self.on(*d, |slot| {
                let state = self.state(Some(slot));
                self.traced(Event::Probe { probe: *d, state });
            }),
            Op::Drop { d } => {
                let dropped = self.slots.borrow_mut().get_mut(*d).and_then(Option::take);
                drop(dropped);
            }
            // Programs that use the others are answered by what is lacking.
            _ => {}
        }
    }

    /// What an operation does to the Deferred in a slot: nothing where there is none.
    fn on(&self, slot: usize, act: impl FnOnce(&Slot)) {
        if let Some(slot) = self.named(slot) {
            act(&slot);
        }
    }

    /// Only what `new` bound may be fired by the program.
    fn on_fireable(&self, slot: usize, act: impl FnOnce(&Slot)) {
        self.on(slot, |slot| {
            if slot.may_fire {
                act(slot);
            }
        });
    }

    fn named(&self, slot: usize) -> Option<Slot> {
        self.slots.borrow().get(slot)?.clone()
    }

    /// Gives a Deferred the next slot. The script of a `maybe` may have returned an old one.
    fn bind(&self, d: Deferred, known: Option<Rc<Known>>, may_fire: bool) {
        let mut slots = self.slots.borrow_mut();
        let same = || slots.iter().flatten().find(|slot| slot.d.is(&d)).map(|slot| Rc::clone(&slot.known));
        let known = known.or_else(same).unwrap_or_default();
        slots.push(Some(Slot { d, known, may_fire }));
    }

    fn traced(&self, event: Event) {
        self.events.borrow_mut().push(event);
    }

    fn fired(&self, fired: &Result<(), AlreadyCalled>) {
        if fired.is_err() {
            self.traced(Event::Error { error: Raised::AlreadyCalledError });
        }
    }

    fn cancel(&self, slot: &Slot) {
        if slot.known.cancelling.get() > 0 || waits_in_a_circle(&slot.d) {
            return;
        }
        if catch_unwind(AssertUnwindSafe(|| slot.d.cancel())).is_err() {
            self.traced(Event::Error { error: Raised::Panic });
        }
    }

    fn canceller(self: &Rc<Self>, script: &Arc<Script>, known: &Rc<Known>) -> Box<dyn Fn()> {
        let (world, script, known) = (Rc::clone(self), Arc::clone(script), Rc::clone(known));
        Box::new(move || {
            world.traced(Event::Canceller { canceller: script.id });
            known.cancelling.set(known.cancelling.get() + 1);
            world.perform_once(&script);
            known.cancelling.set(known.cancelling.get() - 1);
            if let Return::Panic(text) = &script.ret {
                resume_unwind(Box::new(text.clone()));
            }
        })
    }

    fn callback(self: &Rc<Self>, script: &Arc<Script>, slot: &Slot) -> Callback {
        let (world, script, known) = (Rc::clone(self), Arc::clone(script), Rc::clone(&slot.known));
        Box::new(move |outcome| {
            world.traced(Event::Run { run: script.id, arg: Some(shown(&outcome)) });
            world.invoke(&script, outcome, Some(&known))
        })
    }

    fn invoke(self: &Rc<Self>, script: &Script, arg: Outcome, own: Option<&Rc<Known>>) -> Returned {
        self.perform_once(script);
        Returned::Outcome(match &script.ret {
            Return::Arg => arg,
            Return::Value(value) => Ok(value.clone()),
            Return::Raise(error) | Return::Failure(error) => Err((*error).into()),
            Return::Panic(text) => resume_unwind(Box::new(text.clone())),
            Return::Wait(slot) => match self.to_wait_for(*slot, own) {
                Some(d) => {
                    self.returned.set(script.id);
                    return Returned::Wait(d);
                }
                None => Ok(Value::Null),
            },
            Return::Trap { trap, or_else } => match arg {
                Err(failure) if trap.iter().any(|name| failure.is(*name)) => Ok(or_else.clone()),
                arg => arg,
            },
        })
    }

    fn to_wait_for(&self, slot: usize, own: Option<&Rc<Known>>) -> Option<Deferred> {
        let Slot { d, known, .. } = self.named(slot)?;
        let other = own.is_some_and(|own| !Rc::ptr_eq(own, &known));
        (!other || !matches!(d.standing(), Standing::Running)).then_some(d)
    }

    fn perform_once(self: &Rc<Self>, script: &Script) {
        if self.begun.borrow_mut().insert(script.id) {
            script.ops.iter().for_each(|op| self.perform(op));
        }
    }

    fn state(&self, slot: Option<&Slot>) -> State {
        let Some(slot) = slot else { return State::Dropped };
        match slot.d.standing() {
            Standing::Unfired => State::Unfired,
            Standing::Running => State::Running,
            Standing::Fired(outcome) => shown(&outcome).into(),
            Standing::Waiting(inner) => {
                let names_it = |slot: &Option<Slot>| slot.as_ref().is_some_and(|slot| slot.d.is(&inner));
                State::Waiting(self.slots.borrow().iter().position(names_it))
            }
        }
    }
}

fn shown(outcome: &Outcome) -> deferral_model::Outcome {
    match outcome {
        Ok(value) => deferral_model::Outcome::Value(value.clone()),
        Err(failure) => deferral_model::Outcome::Failure(failure.clone()),
    }
}

/// Whether following who waits for whom comes back to one that was passed: then the hare meets the tortoise.
fn waits_in_a_circle(d: &Deferred) -> bool {
    let next = |d: Deferred| match d.standing() {
        Standing::Waiting(inner) => Some(inner),
        _ => None,
    };
    let (mut tortoise, mut hare) = (Some(d.clone()), next(d.clone()));
    while let Some(ahead) = hare {
        if tortoise.as_ref().is_some_and(|tortoise| tortoise.is(&ahead)) {
            return true;
        }
        tortoise = tortoise.and_then(next);
        hare = next(ahead).and_then(next);
    }
    false
}
