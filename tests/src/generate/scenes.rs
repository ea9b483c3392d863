//! Scenes: a few operations that bring about a state which chance alone brings about rarely. What happens then is
//! left to chance.

use super::choose::Choose;
use super::program::{Made, Making};
use super::weights::{DROP_PERCENT, Kind};
use deferral_model::{Op, Return, Script};

impl<C: Choose> Making<'_, C> {
    /// The operations of a random scene, all for things that this program may use.
    pub(super) fn scene(&mut self) -> Vec<Op> {
        let first = self.slots.len() as u32;
        let mut ops = match self.choose.below(11) {
            0 | 1 if self.uses(Kind::Acquire) => self.waiting_for_a_token(),
            2 if self.uses(Kind::Get) => self.waiting_for_a_value(),
            3 if self.uses(Kind::List) => self.fired_list(),
            4 if self.uses(Kind::Race) => self.held_race(),
            5 if self.uses(Kind::Race) => self.race_cancelled_inside(),
            6 if self.uses(Kind::Timeout) => self.time_that_comes(),
            7 if self.uses(Kind::Coroutine) => self.cancelled_coroutine(),
            8 if self.uses(Kind::Cancel) => self.canceller_entered_again(),
            _ => self.waiting(),
        };
        // Somebody else may keep what is dropped then.
        let made = self.slots.len() as u32 - first;
        if made > 0 && self.choose.chance(DROP_PERCENT) {
            ops.push(Op::Drop { d: (first + self.choose.below(made)) as usize });
        }
        ops
    }

    fn uses(&self, kind: Kind) -> bool {
        self.operations.iter().any(|(used, _)| *used == kind)
    }

    /// A Deferred waits for another one.
    fn waiting(&mut self) -> Vec<Op> {
        let kind = if self.choose.chance(50) { Kind::New } else { Kind::NewWithCanceller };
        let (outer, mut ops) = self.bound(Kind::New);
        let (inner, more) = self.bound(kind);
        ops.extend(more);
        ops.push(self.waits(outer, inner));
        ops.push(self.fired(outer));
        match self.choose.below(20) {
            // It is paused as well, and sometimes met so by what a script does.
            0..3 => {
                ops.push(Op::Pause { d: outer });
                self.last = outer;
                if self.choose.chance(40) {
                    ops.push(Op::Unpause { d: outer });
                    self.last = inner;
                }
            }
            3..6 => {
                ops.extend([Op::Pause { d: outer }, self.inside(outer)]);
            }
            // Two wait.
            6..9 => {
                let (second, more) = self.bound(Kind::Succeed);
                ops.extend(more);
                ops.push(self.waits(second, inner));
            }
            // What it has waited for is paused when it goes on.
            9..11 => {
                let cb = self.doing(vec![Op::Pause { d: inner }], Return::Arg);
                ops.push(Op::AddBoth { d: outer, cb: cb.into() });
                self.last = inner;
            }
            _ => self.last = outer,
        }
        ops
    }

    /// All tokens are taken, and somebody waits for one.
    fn waiting_for_a_token(&mut self) -> Vec<Op> {
        let r = self.resources();
        let mut ops = if self.choose.chance(70) {
            vec![self.op(Kind::Lock, 0)]
        } else {
            let semaphore = self.semaphore(2);
            vec![semaphore, self.op(Kind::Acquire, 0)]
        };
        ops.extend([Kind::Acquire, Kind::Acquire].map(|kind| self.op_on_last(kind)));
        if self.choose.chance(20) {
            // More of them, of whom the later ones give up.
            let first = self.last;
            ops.extend([Kind::Acquire, Kind::Acquire].map(|kind| self.op(kind, 0)));
            ops.extend([Op::Cancel { d: first + 1 }, Op::Cancel { d: first + 2 }]);
            return ops;
        }
        let inside = [Op::Acquire { r }, Op::Release { r }];
        self.served(&mut ops, self.last, inside, Op::Release { r });
        ops
    }

    /// Two wait for a queue, or two values in it.
    fn waiting_for_a_value(&mut self) -> Vec<Op> {
        let r = self.resources();
        let mut ops = vec![self.op(Kind::Queue, 0)];
        if self.choose.chance(25) {
            let values = [self.value(), self.value()];
            ops.extend(values.map(|value| Op::Put { r, value }));
            ops.push(self.op(Kind::Get, 0));
            return ops;
        }
        ops.extend([Kind::Get, Kind::Get].map(|kind| self.op_on_last(kind)));
        let inside = [Op::Get { r }, Op::Put { r, value: self.value() }];
        let put = Op::Put { r, value: self.value() };
        self.served(&mut ops, self.last.saturating_sub(1), inside, put);
        ops
    }

    /// Sometimes who waits is paused or cancelled, or works on the resource when it is served.
    fn served(&mut self, ops: &mut Vec<Op>, waiter: usize, inside: [Op; 2], serve: Op) {
        match self.choose.below(10) {
            0 => ops.extend([Op::Pause { d: waiter }, serve]),
            1 => ops.extend([Op::Cancel { d: waiter }, serve]),
            2..6 => {
                let [one, other] = inside;
                let inside = match self.choose.below(3) {
                    0 => vec![one],
                    1 => vec![other],
                    _ => vec![one, other],
                };
                let cb = self.doing(inside, Return::Arg);
                ops.extend([Op::AddBoth { d: waiter, cb: cb.into() }, serve]);
            }
            _ => {}
        }
    }

    /// A list, or what `gather` gives, has fired and waits for another Deferred.
    fn fired_list(&mut self) -> Vec<Op> {
        let mut ops = vec![self.op(Kind::New, 0), self.op(Kind::Succeed, 0)];
        let (inner, member) = (self.slots.len() - 2, self.slots.len() - 1);
        ops.push(if self.choose.chance(70) {
            self.list(vec![member])
        } else {
            self.binds(Op::Gather { ds: vec![member], consume_errors: false })
        });
        self.last = self.slots.len() - 1;
        ops.push(self.waits(self.last, inner));
        if self.choose.chance(20) {
            ops.push(Op::Cancel { d: self.last });
        }
        ops
    }

    /// A race is cancelled in vain: one of its members has its outcome, but is paused.
    fn held_race(&mut self) -> Vec<Op> {
        let kind = if self.choose.chance(50) { Kind::Succeed } else { Kind::Fail };
        let (held, mut ops) = self.bound(kind);
        let (other, more) = self.bound(Kind::New);
        ops.extend(more);
        ops.push(Op::Pause { d: held });
        if self.choose.chance(30) {
            // Cancelled, the other one goes on waiting.
            let (third, more) = self.bound(Kind::New);
            ops.extend(more);
            let eb = self.doing(Vec::new(), Return::Wait(third)).into();
            ops.push(Op::AddErrback { d: other, eb });
        }
        let race = self.slots.len();
        ops.push(self.binds(Op::Race { ds: vec![held, other] }));
        ops.push(Op::Cancel { d: race });
        self.last = held;
        if self.choose.chance(40) {
            ops.push(Op::Unpause { d: held });
        }
        ops
    }

    /// A race is cancelled while it is being cancelled.
    fn race_cancelled_inside(&mut self) -> Vec<Op> {
        let member = self.slots.len();
        let race = member + 1;
        let ret = self.ret(None);
        let canceller = self.doing(vec![Op::Cancel { d: race }], ret);
        let mut ops = vec![self.binds(Op::New { canceller: Some(canceller.into()) })];
        let other = self.slot();
        ops.push(self.binds(Op::Race { ds: vec![member, other] }));
        ops.push(Op::Cancel { d: race });
        self.last = member;
        ops
    }

    /// A canceller is entered again by way of a Deferred that waits for its own, and then asked for itself.
    fn canceller_entered_again(&mut self) -> Vec<Op> {
        let own = self.slots.len();
        let outer = own + 1;
        let ret = self.ret(None);
        let canceller = self.doing(vec![Op::Cancel { d: outer }, Op::Cancel { d: own }], ret);
        let mut ops = vec![self.binds(Op::New { canceller: Some(canceller.into()) }), self.op(Kind::New, 0)];
        ops.extend([self.waits(outer, own), self.fired(outer), Op::Cancel { d: own }]);
        self.last = own;
        ops
    }

    /// The time comes for a Deferred, which is sometimes paused or fired by then.
    fn time_that_comes(&mut self) -> Vec<Op> {
        let kind = if self.choose.chance(50) { Kind::New } else { Kind::NewWithCanceller };
        let (d, mut ops) = self.bound(kind);
        let held = self.choose.chance(60);
        if held {
            ops.push(Op::Pause { d });
        }
        let after = u64::from(self.choose.below(3));
        ops.push(Op::Timeout { d, after });
        match held {
            true if self.choose.chance(30) => ops.push(Op::Cancel { d }),
            true if self.choose.chance(80) => ops.push(self.fired(d)),
            // The time is over when it begins to wait.
            false if self.choose.chance(40) => {
                let (inner, more) = self.bound(Kind::New);
                ops.extend(more);
                ops.extend([self.waits(d, inner), self.fired(d)]);
            }
            _ => {}
        }
        ops.push(Op::Advance { by: after });
        if held && self.choose.chance(50) {
            ops.push(Op::Unpause { d });
        }
        self.last = d;
        ops
    }

    /// A coroutine is cancelled while it awaits something, and is sometimes paused meanwhile.
    fn cancelled_coroutine(&mut self) -> Vec<Op> {
        let kind = if self.choose.chance(40) { Kind::New } else { Kind::NewWithCanceller };
        let (awaited, mut ops) = self.bound(kind);
        let mut coroutine = self.op(Kind::Coroutine, 0);
        if let Op::Coroutine { steps, .. } = &mut coroutine {
            steps[0].awaits = Some(awaited);
        }
        ops.push(coroutine);
        let d = self.slots.len() - 1;
        if self.choose.chance(30) {
            // As long as it is held, an error of Twisted's own shows: so it is let go again.
            ops.extend([Op::Pause { d }, Op::Cancel { d }]);
            if self.choose.chance(50) {
                ops.push(self.fired(awaited));
            }
            ops.push(Op::Unpause { d });
        } else {
            ops.push(Op::Cancel { d });
        }
        self.last = if self.choose.chance(50) { awaited } else { d };
        ops
    }

    /// An operation that binds, and the slot that it binds.
    fn bound(&mut self, kind: Kind) -> (usize, Vec<Op>) {
        let op = self.op(kind, 0);
        (self.slots.len() - 1, vec![op])
    }

    /// An operation after which the slot that it bound, if any, is the one to go on with.
    fn op_on_last(&mut self, kind: Kind) -> Op {
        let op = self.op(kind, 0);
        self.last = self.slots.len().saturating_sub(1);
        op
    }

    fn fired(&mut self, d: usize) -> Op {
        self.slots[d] = Made::Fired;
        if self.choose.chance(70) {
            Op::Callback { d, value: self.value() }
        } else {
            Op::Errback { d, error: self.error() }
        }
    }

    fn waits(&mut self, d: usize, inner: usize) -> Op {
        Op::AddBoth { d, cb: self.doing(Vec::new(), Return::Wait(inner)).into() }
    }

    fn doing(&mut self, ops: Vec<Op>, ret: Return) -> Script {
        self.ids += 1;
        Script { id: self.ids, ops, ret }
    }

    /// Random operations, often on one Deferred, in a script that is called at once.
    fn inside(&mut self, d: usize) -> Op {
        let mut any_op = |_| {
            self.last = d;
            self.any_op(1)
        };
        let ops = (0..3).map(&mut any_op).collect();
        let call = self.doing(ops, Return::Arg).into();
        self.binds(Op::Maybe { call })
    }
}
