//! The engine as a subject: an interpreter of programs that uses the engine as any user would, through its
//! public functions.

mod values;

use crate::subject::{Execution, Observation};
use deferral::{
    AlreadyCalled, Deferred, DeferredList, DeferredQueue, DeferredSemaphore, IntoReturned, ManualClock,
    Origin, QueueOverflow, QueueUnderflow, Report, Returned, WeakDeferred, maybe_deferred, race_with,
    reset_report_hook, set_report_hook,
};
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::trace::{Event, Raised, ScriptId, sort_failures};
use deferral_model::{Answer, Failure, Op, Program, Return, Script, State, Trace, Value, weight};
use rustc_hash::FxHashSet;
use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use values::{Error, integer, list_value, traced};

/// How deep scripts may call each other before a program is undefined ("depth").
pub const MAX_DEPTH: usize = deferral_model::MAX_DEPTH;

/// A Deferred of a program.
type Handle = Deferred<Value, Error>;

/// What a program names by `r`; a lock is a semaphore with a single token, as it is in the engine.
#[derive(Clone)]
enum Resource {
    Tokens(DeferredSemaphore),
    Queue(DeferredQueue<Value, Error>),
}

struct Slot {
    /// `None` once it was dropped.
    handle: Option<Handle>,
    /// Only what `new` bound may be fired by the program.
    may_fire: bool,
}

/// What scripts share. They reach it through an `Rc`, and Deferreds only through its slots.
#[derive(Default)]
struct World {
    slots: RefCell<Vec<Slot>>,
    resources: RefCell<Vec<Resource>>,
    clock: RefCell<ManualClock>,
    events: RefCell<Vec<Event>>,
    unhandled: RefCell<Vec<Failure>>,
    /// The scripts whose operations have run.
    begun: RefCell<FxHashSet<ScriptId>>,
    depth: Cell<usize>,
    undefined: Cell<Option<&'static str>>,
    /// Every Deferred that was bound: none may be left when all handles are let go.
    made: RefCell<Vec<WeakDeferred<Value, Error>>>,
    /// What `gather` made: it is never paused.
    gathered: RefCell<Vec<WeakDeferred<Value, Error>>>,
    /// The script that returned last: the one to blame when its Deferred was its own.
    returned: Cell<ScriptId>,
    /// How the slots stood at the end.
    ending: RefCell<Vec<State>>,
    /// The scripts that callbacks, errbacks and cancellers hold.
    held: Cell<u64>,
    /// The warnings of Deferreds that wait for each other.
    circles: Cell<u64>,
    /// The refused firings and reports that should have had an origin, and had none.
    without_origin: Cell<u64>,
}

/// A script that a callback, errback or canceller of the engine holds.
struct HeldScript {
    world: Rc<World>,
    script: Arc<Script>,
}

impl HeldScript {
    fn new(world: &Rc<World>, script: &Arc<Script>) -> Self {
        world.held.set(world.held.get().wrapping_add(weight(script.id)));
        Self { world: Rc::clone(world), script: Arc::clone(script) }
    }
}

impl Drop for HeldScript {
    fn drop(&mut self) {
        self.world.held.set(self.world.held.get().wrapping_sub(weight(self.script.id)));
    }
}

/// A program in progress on the engine.
pub struct Engine {
    world: Rc<World>,
    events_seen: usize,
    unhandled_seen: usize,
}

/// Runs a program on the engine.
#[must_use]
pub fn run(program: &Program) -> Answer {
    let mut engine = Engine::default();
    for op in &program.ops {
        engine.step(op);
    }
    engine.end();
    engine.answer()
}

impl Default for Engine {
    /// Takes over this thread's report hook until it is dropped: one at a time on a thread.
    fn default() -> Self {
        Self { world: World::reporting(), events_seen: 0, unhandled_seen: 0 }
    }
}

impl Engine {
    /// Makes it ready for the next program.
    pub fn clear(&mut self) {
        // What was left by an undefined program reports to its own world.
        self.world.let_go();
        if self.leaked() == 0 {
            self.world.clear();
        } else {
            self.world = World::reporting();
        }
        self.events_seen = 0;
        self.unhandled_seen = 0;
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.world.let_go();
        reset_report_hook();
    }
}

impl<'p> Execution<'p> for Engine {
    fn step(&mut self, op: &'p Op) {
        self.world.step(op);
    }

    fn observe(&mut self, seen: &mut Observation) {
        let (events, unhandled) = (self.world.events.borrow(), self.world.unhandled.borrow());
        seen.events.clear();
        seen.events.extend_from_slice(&events[self.events_seen..]);
        seen.unhandled.clear();
        seen.unhandled.extend_from_slice(&unhandled[self.unhandled_seen..]);
        sort_failures(&mut seen.unhandled);
        seen.state.clear();
        self.world.states(&mut seen.state);
        seen.held = self.world.held.get();
        seen.circles = self.world.circles.get();
        seen.without_origin = self.world.without_origin.get();
        self.events_seen = events.len();
        self.unhandled_seen = unhandled.len();
    }

    fn undefined(&self) -> Option<&'static str> {
        self.world.undefined.get()
    }

    fn leaked(&self) -> usize {
        let alive = |made: &&WeakDeferred<Value, Error>| made.upgrade().is_some();
        let deferreds = self.world.made.borrow().iter().filter(alive).count();
        // Each callback and canceller that is left holds the world.
        deferreds + Rc::strong_count(&self.world) - 1
    }

    fn end(&mut self) {
        self.world.states(&mut self.world.ending.borrow_mut());
        self.world.let_go();
    }

    fn answer(&self) -> Answer {
        if let Some(why) = self.undefined() {
            return Answer::undefined(why);
        }
        let mut unhandled = self.world.unhandled.borrow().clone();
        sort_failures(&mut unhandled);
        let (events, state) = (self.world.events.borrow().clone(), self.world.ending.borrow().clone());
        Answer::Trace(Trace { events, state, unhandled })
    }
}

impl World {
    /// A world that this thread's reports go to.
    fn reporting() -> Rc<Self> {
        let world = Rc::<Self>::default();
        let told = Rc::downgrade(&world);
        set_report_hook(move |report| {
            if let Some(world) = told.upgrade() {
                world.report(report);
            }
        });
        world
    }

    /// Forgets the program, for another one in the same memory.
    fn clear(&self) {
        self.slots.borrow_mut().clear();
        self.events.borrow_mut().clear();
        self.unhandled.borrow_mut().clear();
        self.begun.borrow_mut().clear();
        self.made.borrow_mut().clear();
        self.gathered.borrow_mut().clear();
        self.ending.borrow_mut().clear();
        self.depth.set(0);
        self.undefined.set(None);
        self.circles.set(0);
        self.without_origin.set(0);
    }

    fn step(self: &Rc<Self>, op: &Op) {
        if self.undefined.get().is_some() {
            return;
        }
        match op {
            Op::New { canceller } => {
                let handle = match canceller {
                    None => Handle::new(),
                    Some(script) => self.with_canceller(script),
                };
                self.bind(handle, true);
            }
            Op::Succeed { value } => self.bind(deferral::succeed(value.clone()), false),
            Op::Fail { error } => self.bind(deferral::fail(Error((*error).into())), false),
            Op::Maybe { call } => {
                let handle = maybe_deferred(|| self.invoke(call, None));
                self.bind(handle, false);
            }
            Op::AddCallback { d, cb } => {
                let Some(handle) = self.named(*d) else { return };
                let callback = self.callback(cb);
                handle.add_callback(move |value| callback(Ok(value)));
            }
            Op::AddErrback { d, eb } => {
                let Some(handle) = self.named(*d) else { return };
                let errback = self.callback(eb);
                handle.add_errback(move |error| errback(Err(error)));
            }
            Op::AddBoth { d, cb } => {
                let Some(handle) = self.named(*d) else { return };
                handle.add_both(self.callback(cb));
            }
            Op::AddCallbacks { d, cb, eb } => {
                let Some(handle) = self.named(*d) else { return };
                let (callback, errback) = (self.callback(cb), self.callback(eb));
                handle.add_callbacks(move |value| callback(Ok(value)), move |error| errback(Err(error)));
            }
            Op::Callback { d, value } => {
                let Some(handle) = self.fireable(*d) else { return };
                self.fired(&handle.callback(value.clone()));
            }
            Op::Errback { d, error } => {
                let Some(handle) = self.fireable(*d) else { return };
                self.fired(&handle.errback(Error((*error).into())));
            }
            Op::Cancel { d } => {
                let Some(handle) = self.named(*d).filter(Self::may_cancel) else { return };
                if catch_unwind(AssertUnwindSafe(|| handle.cancel())).is_err() {
                    self.raised(Raised::Panic);
                }
            }
            Op::Pause { d } => {
                let Some(handle) = self.pausable(*d) else { return };
                handle.pause();
            }
            Op::Unpause { d } => {
                let Some(handle) = self.pausable(*d) else { return };
                handle.unpause();
            }
            Op::Chain { d, to } => {
                let (Some(handle), Some(to)) = (self.named(*d), self.fireable(*to)) else { return };
                handle.chain_deferred(&to);
            }
            Op::Probe { d } => {
                let Some(handle) = self.named(*d) else { return };
                let event = Event::Probe { probe: *d, state: self.state(&handle) };
                self.events.borrow_mut().push(event);
            }
            Op::Drop { d } => {
                let dropped = self.slots.borrow_mut().get_mut(*d).and_then(|slot| slot.handle.take());
                drop(dropped);
            }
            Op::List { ds, fire_on_one_callback, fire_on_one_errback, consume_errors } => {
                let mut list = DeferredList::new(self.all_named(ds));
                if *fire_on_one_callback {
                    list = list.fire_on_one_callback();
                }
                if *fire_on_one_errback {
                    list = list.fire_on_one_errback();
                }
                if *consume_errors {
                    list = list.consume_errors();
                }
                self.bind(list.build(list_value), false);
            }
            Op::Gather { ds, consume_errors } => {
                let mut list = DeferredList::new(self.all_named(ds));
                if *consume_errors {
                    list = list.consume_errors();
                }
                self.bind(list.gather(Value::Array), false);
                self.gathered.borrow_mut().extend(self.made.borrow().last().cloned());
            }
            Op::Race { ds } => {
                let won = |index, value| Value::Array(vec![integer(index), value]);
                self.bind(race_with(self.all_named(ds), won), false);
            }
            Op::Timeout { d, after } => {
                let Some(handle) = self.named(*d) else { return };
                let (clock, after) = self.clock_and_time(*after);
                handle.add_timeout(after, &clock);
            }
            Op::Advance { by } => {
                let (clock, by) = self.clock_and_time(*by);
                if catch_unwind(AssertUnwindSafe(|| clock.advance(by))).is_err() {
                    self.raised(Raised::Panic);
                }
            }
            Op::Coroutine { id, steps, ret } => {
                let running = Rc::clone(self).coroutine(*id, steps.clone(), ret.clone());
                self.bind(Handle::from_future(running), false);
            }
            Op::Lock {} => self.tokens(1),
            Op::Semaphore { tokens } => self.tokens(*tokens),
            Op::Queue { size, backlog } => {
                let limit = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
                let mut queue = DeferredQueue::new();
                if let Some(size) = size {
                    queue = queue.with_size(limit(*size));
                }
                if let Some(backlog) = backlog {
                    queue = queue.with_backlog(limit(*backlog));
                }
                self.resources.borrow_mut().push(Resource::Queue(queue));
            }
            Op::Acquire { r } => {
                let (Some(Resource::Tokens(tokens)), r) = (self.resource(*r), *r) else { return };
                self.bind(tokens.acquire_with(move || Value::Resource { r }), false);
            }
            Op::Release { r } => {
                let Some(Resource::Tokens(tokens)) = self.resource(*r) else { return };
                // Where no token is held, a program's `release` does nothing.
                let _ = tokens.release();
            }
            Op::Put { r, value } => {
                let Some(Resource::Queue(queue)) = self.resource(*r) else { return };
                if let Err(QueueOverflow { .. }) = queue.put(value.clone()) {
                    self.raised(Raised::QueueOverflow);
                }
            }
            Op::Get { r } => {
                let Some(Resource::Queue(queue)) = self.resource(*r) else { return };
                match queue.get() {
                    Ok(handle) => self.bind(handle, false),
                    Err(QueueUnderflow) => self.raised(Raised::QueueUnderflow),
                }
            }
        }
    }

    /// The future that a coroutine is.
    async fn coroutine(
        self: Rc<Self>,
        id: ScriptId,
        steps: Vec<Step>,
        ret: Option<CoroutineReturn>,
    ) -> Result<Value, Error> {
        for step in steps {
            if self.enter() {
                step.ops.iter().for_each(|op| self.step(op));
                self.leave();
            }
            let awaited = step.awaits.and_then(|slot| self.named(slot));
            let Some(awaited) = awaited.filter(|d| d.state() != deferral::State::Running) else {
                continue;
            };
            let came = awaited.await;
            if self.undefined.get().is_some() {
                return Ok(Value::Null);
            }
            let arg = traced(&came);
            self.events.borrow_mut().push(Event::Resume { resume: id, arg });
            if !step.catch {
                came?;
            }
        }
        match ret {
            None => Ok(Value::Null),
            Some(CoroutineReturn::Value(value)) => Ok(value),
            Some(CoroutineReturn::Raise(error)) => Err(Error(error.into())),
        }
    }

    fn with_canceller(self: &Rc<Self>, script: &Arc<Script>) -> Handle {
        let held = HeldScript::new(self, script);
        Handle::with_canceller(move |_| {
            let HeldScript { world, script } = &held;
            if !world.enter() {
                return;
            }
            world.events.borrow_mut().push(Event::Canceller { canceller: script.id });
            world.run_ops(script);
            world.leave();
            if let Return::Panic(text) = &script.ret {
                resume_unwind(Box::new(text.clone()));
            }
        })
    }

    /// A program doesn't cancel a Deferred whose canceller runs. (Where the waiting goes in a circle, the
    /// engine itself does nothing.)
    fn may_cancel(handle: &Handle) -> bool {
        !handle.cancelling()
    }

    /// The function that a script is.
    fn callback(
        self: &Rc<Self>,
        script: &Arc<Script>,
    ) -> impl FnOnce(Result<Value, Error>) -> Returned<Value, Error> + 'static {
        let held = HeldScript::new(self, script);
        move |result| held.world.invoke(&held.script, Some(result))
    }

    fn invoke(self: &Rc<Self>, script: &Script, arg: Option<Result<Value, Error>>) -> Returned<Value, Error> {
        if !self.enter() {
            return Returned::Value(Value::Null);
        }
        let event = Event::Run { run: script.id, arg: arg.as_ref().map(traced) };
        self.events.borrow_mut().push(event);
        self.run_ops(script);
        self.leave();
        self.returned.set(script.id);
        let arg = arg.unwrap_or(Ok(Value::Null));
        match &script.ret {
            Return::Arg => arg.into_returned(),
            Return::Value(value) => Returned::Value(value.clone()),
            Return::Raise(error) | Return::Failure(error) => Returned::Error(Error((*error).into())),
            Return::Panic(text) => resume_unwind(Box::new(text.clone())),
            Return::Wait(slot) => match self.named(*slot) {
                Some(handle) => Returned::wait(handle),
                None => Returned::Value(Value::Null),
            },
            Return::Trap { trap, or_else } => match arg {
                Err(Error(failure)) if trap.iter().any(|name| failure.is(*name)) => {
                    Returned::Value(or_else.clone())
                }
                untrapped => untrapped.into_returned(),
            },
        }
    }

    /// A script's operations run only the first time that it is invoked.
    fn run_ops(self: &Rc<Self>, script: &Script) {
        if self.begun.borrow_mut().insert(script.id) {
            for op in &script.ops {
                self.step(op);
            }
        }
    }

    fn enter(&self) -> bool {
        if self.depth.get() == MAX_DEPTH {
            self.undefined.set(Some("depth"));
        }
        if self.undefined.get().is_some() {
            return false;
        }
        self.depth.set(self.depth.get() + 1);
        true
    }

    fn leave(&self) {
        self.depth.set(self.depth.get() - 1);
    }

    fn report(&self, report: &Report<'_>) {
        match report {
            Report::Unhandled { error, origin, .. } => {
                self.look_for_origin(*origin);
                let Error(failure) =
                    error.downcast_ref::<Error>().expect("programs fail with this error only");
                self.unhandled.borrow_mut().push(failure.clone());
            }
            Report::WaitsForItself { directly: true, .. } => {
                let self_return = self.returned.get();
                self.events.borrow_mut().push(Event::SelfReturn { self_return });
            }
            Report::WaitsForItself { .. } => self.circles.set(self.circles.get() + 1),
            Report::CancellerPanicked { .. } => {
                self.events.borrow_mut().push(Event::Logged { logged: Failure::Panic });
            }
            _ => {}
        }
    }

    fn bind(&self, handle: Handle, may_fire: bool) {
        self.made.borrow_mut().push(handle.downgrade());
        self.slots.borrow_mut().push(Slot { handle: Some(handle), may_fire });
    }

    fn named(&self, slot: usize) -> Option<Handle> {
        self.slots.borrow().get(slot)?.handle.clone()
    }

    /// The program's clock, and how far a time from now is on it: in Python it counts in floats, with what that
    /// means for large times.
    fn clock_and_time(&self, from_now: u64) -> (ManualClock, Duration) {
        let clock = self.clock.borrow().clone();
        let now = clock.now().as_secs();
        let then = now as f64 + from_now as f64;
        let time = Duration::from_secs((then as u64).saturating_sub(now));
        (clock, time)
    }

    fn all_named(&self, slots: &[usize]) -> Vec<Handle> {
        slots.iter().filter_map(|&slot| self.named(slot)).collect()
    }

    /// The Deferred that a slot names, unless `gather` made it.
    fn pausable(&self, slot: usize) -> Option<Handle> {
        let handle = self.named(slot)?;
        let is_it = |made: &WeakDeferred<Value, Error>| made.upgrade().is_some_and(|d| d.ptr_eq(&handle));
        if self.gathered.borrow().iter().any(is_it) { None } else { Some(handle) }
    }

    fn tokens(&self, tokens: u64) {
        let tokens = usize::try_from(tokens).unwrap_or(usize::MAX);
        let tokens = NonZeroUsize::new(tokens).expect("the language has it start at 1");
        self.resources.borrow_mut().push(Resource::Tokens(DeferredSemaphore::new(tokens)));
    }

    fn resource(&self, r: usize) -> Option<Resource> {
        self.resources.borrow().get(r).cloned()
    }

    fn fireable(&self, slot: usize) -> Option<Handle> {
        self.slots.borrow().get(slot).filter(|slot| slot.may_fire)?.handle.clone()
    }

    fn fired(&self, fired: &Result<(), AlreadyCalled>) {
        if let Err(refused) = fired {
            self.look_for_origin(refused.origin());
            self.raised(Raised::AlreadyCalledError);
        }
    }

    /// In debug mode, whoever is told of a Deferred that was fired is told where.
    fn look_for_origin(&self, origin: Option<&Origin>) {
        if deferral::debugging() && origin.and_then(Origin::fired).is_none() {
            self.without_origin.set(self.without_origin.get() + 1);
        }
    }

    fn raised(&self, error: Raised) {
        self.events.borrow_mut().push(Event::Error { error });
    }

    fn states(&self, states: &mut Vec<State>) {
        let slots = self.slots.borrow();
        states
            .extend(slots.iter().map(|slot| slot.handle.as_ref().map_or(State::Dropped, |d| self.state(d))));
    }

    fn state(&self, handle: &Handle) -> State {
        match handle.state() {
            deferral::State::Unfired => State::Unfired,
            deferral::State::Running => State::Running,
            deferral::State::Waiting => {
                let inner = handle.waiting_for().expect("it waits");
                let slots = self.slots.borrow();
                let names_it = |slot: &Slot| slot.handle.as_ref().is_some_and(|other| other.ptr_eq(&inner));
                let name = slots.iter().position(names_it);
                drop(slots);
                State::Waiting(name)
            }
            deferral::State::Succeeded | deferral::State::Failed => {
                handle.with_result(|result| match result.expect("it is fired") {
                    Ok(value) => State::Value(value.clone()),
                    Err(Error(failure)) => State::Failure(failure.clone()),
                })
            }
        }
    }

    /// Lets go of every handle.
    fn let_go(&self) {
        // A slot at a time: what goes with it may look at the others.
        let slots = self.slots.borrow().len();
        for slot in 0..slots {
            let handle = self.slots.borrow_mut()[slot].handle.take();
            drop(handle);
        }
        let resources = self.resources.take();
        drop(resources);
        let clock = self.clock.take();
        drop(clock);
    }
}
