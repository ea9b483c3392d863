//! Makes one random program.

use super::choose::Choose;
use super::weights::{
    BODY_OPS, BODY_PERCENT, CANCELLER_FIRES_PERCENT, CANCELLER_PANICS_PERCENT, CORE, CORE_PERCENT, FAMILY,
    FIRE_ANY_PERCENT, FIRE_LATE_PERCENT, GROUPS, Gives, Kind, LARGE_TIME_EVERY, LEFT_OUT_PERCENT, NESTING,
    PREFERENCE, PREFERRED_GROUPS, PREFERRING_PERCENT, RETURNS, SAME_SLOT_PERCENT, SCENE_OPS, SCENE_PERCENT,
    STEPS, SWARM_PERCENT, WILD_SLOT_PERCENT,
};
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::value::{ErrorName, TrapName};
use deferral_model::{Op, Program, Return, Script, Value};

/// Which operations programs are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operations {
    /// Those of the core.
    Core,
    /// All of them.
    #[default]
    All,
}

/// A random program of at most `max_ops` operations, those inside scripts not counted.
///
/// Integers and script ids all differ within a program. Slots are mostly named once something may have bound
/// them.
pub fn program(choose: &mut impl Choose, operations: Operations, max_ops: u32) -> Program {
    let max_ops = max_ops.max(1);
    // The largest of five: short programs are for the enumeration.
    let left = 1 + [(); 5].map(|()| choose.below(max_ops)).into_iter().max().expect("there are five");
    let operations = swarm(choose, operations);
    let mut making = Making {
        choose,
        operations,
        left,
        slots: Vec::new(),
        last: 0,
        resources: Vec::new(),
        ids: 0,
        integers: 0,
    };
    let mut ops = Vec::new();
    // Something to work on, and sometimes two or three of it.
    for _ in 0..1 + making.choose.below(3) {
        if making.left > 0 {
            let first = if making.choose.chance(40) { Kind::NewWithCanceller } else { Kind::New };
            ops.push(making.op(first, 0));
        }
    }
    while making.left > 0 {
        // What is never fired shows little: towards the end, what is left is fired.
        if making.left > SCENE_OPS && making.choose.chance(SCENE_PERCENT) {
            let left = making.left;
            let scene = making.scene();
            making.left = left - scene.len() as u32;
            ops.extend(scene);
            continue;
        }
        let late = making.left <= making.unfired() && making.choose.chance(FIRE_LATE_PERCENT);
        let kind = match late {
            true if making.choose.chance(65) => Kind::Callback,
            true => Kind::Errback,
            false => pick(making.choose, &making.operations),
        };
        ops.push(making.op(kind, 0));
    }
    Program { ops, ..Program::default() }
}

/// The operations that this program may use: all of them, or a random part.
fn swarm(choose: &mut impl Choose, operations: Operations) -> Vec<(Kind, u32)> {
    let mut some = CORE.to_vec();
    if operations == Operations::All && !choose.chance(CORE_PERCENT) {
        some.extend(FAMILY);
    }
    if choose.chance(PREFERRING_PERCENT) {
        for _ in 0..1 + choose.below(PREFERRED_GROUPS) {
            let group = GROUPS[choose.below(GROUPS.len() as u32) as usize];
            let preferred = some.iter_mut().filter(|(kind, _)| group.contains(kind));
            preferred.for_each(|(_, weight)| *weight *= PREFERENCE);
        }
    }
    if choose.chance(SWARM_PERCENT) {
        some.retain(|(kind, _)| *kind == Kind::New || !choose.chance(LEFT_OUT_PERCENT));
    }
    some
}

fn pick<T: Copy>(choose: &mut impl Choose, weighted: &[(T, u32)]) -> T {
    let mut at = choose.below(weighted.iter().map(|(_, weight)| weight).sum());
    for (what, weight) in weighted {
        if at < *weight {
            return *what;
        }
        at -= weight;
    }
    unreachable!("the weights were added up")
}

pub(super) struct Making<'c, C> {
    pub(super) choose: &'c mut C,
    pub(super) operations: Vec<(Kind, u32)>,
    /// How many operations may still be made, outside scripts.
    left: u32,
    /// What the operations so far bind, roughly: scripts may never run, or later than they are written.
    pub(super) slots: Vec<Made>,
    /// The slot that was named last.
    pub(super) last: usize,
    /// What resources the operations so far bind, roughly.
    resources: Vec<Resource>,
    pub(super) ids: i64,
    integers: i64,
}

/// A slot, as far as the generator knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// Bound by `new`, and not fired yet.
    Unfired,
    Fired,
}

/// A resource, as far as the generator knows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Resource {
    Tokens,
    Queue,
}

impl<C: Choose> Making<'_, C> {
    fn unfired(&self) -> u32 {
        self.slots.iter().filter(|made| **made == Made::Unfired).count() as u32
    }

    pub(super) fn op(&mut self, kind: Kind, nesting: u32) -> Op {
        self.left = self.left.saturating_sub(u32::from(nesting == 0));
        let d = self.slot();
        match kind {
            Kind::New => self.binds(Op::New { canceller: None }),
            Kind::NewWithCanceller => {
                let canceller = Some(self.canceller(nesting).into());
                self.binds(Op::New { canceller })
            }
            Kind::Succeed => {
                let value = self.value();
                self.binds(Op::Succeed { value })
            }
            Kind::Fail => {
                let error = self.error();
                self.binds(Op::Fail { error })
            }
            Kind::Maybe => {
                let call = self.script(nesting, None).into();
                self.binds(Op::Maybe { call })
            }
            Kind::AddCallback => Op::AddCallback { d, cb: self.script(nesting, Some(d)).into() },
            Kind::AddErrback => Op::AddErrback { d, eb: self.script(nesting, Some(d)).into() },
            Kind::AddBoth => Op::AddBoth { d, cb: self.script(nesting, Some(d)).into() },
            Kind::AddCallbacks => Op::AddCallbacks {
                d,
                cb: self.script(nesting, Some(d)).into(),
                eb: self.script(nesting, Some(d)).into(),
            },
            Kind::Callback => Op::Callback { d: self.fires(d), value: self.value() },
            Kind::Errback => Op::Errback { d: self.fires(d), error: self.error() },
            Kind::Cancel => Op::Cancel { d },
            Kind::Pause => Op::Pause { d },
            Kind::Unpause => Op::Unpause { d },
            Kind::Chain => Op::Chain { d, to: self.slot() },
            Kind::Probe => Op::Probe { d },
            Kind::Drop => Op::Drop { d },
            Kind::List => {
                let ds = self.members();
                self.list(ds)
            }
            Kind::Gather => {
                let op = Op::Gather { ds: self.members(), consume_errors: self.choose.chance(40) };
                self.binds(op)
            }
            Kind::Race => {
                let ds = self.members();
                self.binds(Op::Race { ds })
            }
            Kind::Timeout => Op::Timeout { d, after: self.time() },
            Kind::Advance => Op::Advance { by: self.time() },
            Kind::Coroutine => self.coroutine(nesting),
            Kind::Lock => self.resource(Resource::Tokens, Op::Lock {}),
            Kind::Semaphore => {
                let tokens = u64::from(self.choose.below(3)) + 1;
                self.semaphore(tokens)
            }
            Kind::Queue => {
                let (size, backlog) = (self.limit(), self.limit());
                self.resource(Resource::Queue, Op::Queue { size, backlog })
            }
            Kind::Acquire => {
                let r = self.r(Resource::Tokens);
                self.binds(Op::Acquire { r })
            }
            Kind::Release => Op::Release { r: self.r(Resource::Tokens) },
            Kind::Put => Op::Put { r: self.r(Resource::Queue), value: self.value() },
            Kind::Get => {
                let r = self.r(Resource::Queue);
                self.binds(Op::Get { r })
            }
        }
    }

    /// Mostly two or three slots, sometimes the same one twice.
    fn members(&mut self) -> Vec<usize> {
        let count = if self.choose.chance(10) { self.choose.below(2) } else { 2 + self.choose.below(2) };
        (0..count).map(|_| self.slot()).collect()
    }

    pub(super) fn list(&mut self, ds: Vec<usize>) -> Op {
        let op = Op::List {
            ds,
            fire_on_one_callback: self.choose.chance(30),
            fire_on_one_errback: self.choose.chance(30),
            consume_errors: self.choose.chance(40),
        };
        self.binds(op)
    }

    fn coroutine(&mut self, nesting: u32) -> Op {
        self.ids += 1;
        let id = self.ids;
        let mut steps = Vec::new();
        for _ in 0..self.choose.below(STEPS) + 1 {
            let ops = self.body(nesting, BODY_PERCENT / 3);
            let awaits = if self.choose.chance(90) { Some(self.slot()) } else { None };
            steps.push(Step { ops, awaits, catch: self.choose.chance(40) });
        }
        let ret = match self.choose.below(4) {
            0 => None,
            1 => Some(CoroutineReturn::Raise(self.error())),
            _ => Some(CoroutineReturn::Value(self.value())),
        };
        self.binds(Op::Coroutine { id, steps, ret })
    }

    pub(super) fn semaphore(&mut self, tokens: u64) -> Op {
        self.resource(Resource::Tokens, Op::Semaphore { tokens })
    }

    /// How many resources there are, as far as the generator knows.
    pub(super) fn resources(&self) -> usize {
        self.resources.len()
    }

    fn resource(&mut self, resource: Resource, op: Op) -> Op {
        self.resources.push(resource);
        op
    }

    /// A resource: of this kind, most times, if there is one.
    fn r(&mut self, kind: Resource) -> usize {
        let all = self.resources.len() as u32;
        let fitting = self.resources.iter().filter(|resource| **resource == kind).count() as u32;
        if fitting == 0 || self.choose.chance(WILD_SLOT_PERCENT) {
            return self.choose.below(all.max(1)) as usize;
        }
        let nth = self.choose.below(fitting) as usize;
        let mut fitting = (0..self.resources.len()).filter(|&r| self.resources[r] == kind);
        fitting.nth(nth).expect("there are as many")
    }

    /// Mostly short; else about where whole numbers begin to be rounded.
    fn time(&mut self) -> u64 {
        match u64::from(self.choose.below(LARGE_TIME_EVERY)) {
            large @ 0..4 => (1 << 53) - 2 + large,
            short => short % 4,
        }
    }

    fn limit(&mut self) -> Option<u64> {
        if self.choose.chance(50) { None } else { Some(u64::from(self.choose.below(3))) }
    }

    pub(super) fn binds(&mut self, op: Op) -> Op {
        self.slots.push(if matches!(op, Op::New { .. }) { Made::Unfired } else { Made::Fired });
        op
    }

    /// The slot to fire: mostly one that wasn't fired yet.
    fn fires(&mut self, any: usize) -> usize {
        let unfired = self.unfired();
        if unfired == 0 || self.choose.chance(FIRE_ANY_PERCENT) {
            return any;
        }
        let nth = self.choose.below(unfired) as usize;
        let mut open = (0..self.slots.len()).filter(|&slot| self.slots[slot] == Made::Unfired);
        let slot = open.nth(nth).expect("there are as many");
        self.slots[slot] = Made::Fired;
        slot
    }

    /// A slot that is bound by now, most times.
    pub(super) fn slot(&mut self) -> usize {
        if self.choose.chance(SAME_SLOT_PERCENT) {
            return self.last;
        }
        let bound = (self.slots.len() as u32).max(1);
        let wild = self.choose.chance(WILD_SLOT_PERCENT);
        self.last = self.choose.below(if wild { bound + 3 } else { bound }) as usize;
        self.last
    }

    /// A canceller often fires its own Deferred: the one that is bound next, if its operations bind none. Others
    /// panic: what else a canceller returns means nothing.
    fn canceller(&mut self, nesting: u32) -> Script {
        let own = self.slots.len();
        let mut script = self.script(nesting, None);
        let at = self.choose.below(100);
        if at < CANCELLER_FIRES_PERCENT {
            script.ops.push(if self.choose.chance(60) {
                Op::Callback { d: own, value: self.value() }
            } else {
                Op::Errback { d: own, error: self.error() }
            });
        } else if at < CANCELLER_FIRES_PERCENT + CANCELLER_PANICS_PERCENT {
            script.ret = Return::Panic("planned".to_owned());
        }
        script
    }

    fn script(&mut self, nesting: u32, own: Option<usize>) -> Script {
        self.ids += 1;
        let id = self.ids;
        let ops = self.body(nesting, if nesting == 0 { BODY_PERCENT } else { BODY_PERCENT / 3 });
        Script { id, ops, ret: self.ret(own) }
    }

    /// The operations inside a script or a step: so many times in a hundred there are some.
    fn body(&mut self, nesting: u32, percent: u32) -> Vec<Op> {
        let mut ops = Vec::new();
        if nesting < NESTING && self.choose.chance(percent) {
            for _ in 0..1 + self.choose.below(BODY_OPS) {
                ops.push(self.any_op(nesting + 1));
            }
        }
        ops
    }

    pub(super) fn any_op(&mut self, nesting: u32) -> Op {
        let kind = pick(self.choose, &self.operations);
        self.op(kind, nesting)
    }

    pub(super) fn ret(&mut self, own: Option<usize>) -> Return {
        match pick(self.choose, &RETURNS) {
            Gives::Arg => Return::Arg,
            Gives::Value => Return::Value(self.value()),
            Gives::Raise => Return::Raise(self.error()),
            Gives::Failure => Return::Failure(self.error()),
            Gives::Panic => Return::Panic("planned".to_owned()),
            Gives::Wait => {
                let slot = self.slot();
                // To wait for itself ends a Deferred's part in the program: rarely.
                if Some(slot) == own && !self.choose.chance(15) {
                    Return::Wait(self.slot())
                } else {
                    Return::Wait(slot)
                }
            }
            Gives::Trap => {
                const NAMES: [TrapName; 4] =
                    [TrapName::E0, TrapName::E1, TrapName::E2, TrapName::CancelledError];
                let mut trap = vec![NAMES[self.choose.below(4) as usize]];
                if self.choose.chance(30) {
                    trap.push(NAMES[self.choose.below(4) as usize]);
                }
                Return::Trap { trap, or_else: self.value() }
            }
        }
    }

    /// Mostly an integer that the program doesn't have yet.
    pub(super) fn value(&mut self) -> Value {
        self.integers += 1;
        match self.choose.below(16) {
            0 => Value::Null,
            1 => Value::Bool(self.choose.below(2) == 0),
            2 => Value::Text(format!("text {}", self.integers)),
            3 => Value::Int(-self.integers),
            _ => Value::Int(self.integers),
        }
    }

    pub(super) fn error(&mut self) -> ErrorName {
        [ErrorName::E0, ErrorName::E1, ErrorName::E2][self.choose.below(3) as usize]
    }
}
