//! Scenes: a few operations that bring about a state which chance alone brings about rarely. What happens then is
//! left to chance.

use super::choose::Choose;
use super::program::{Made, Making};
use super::weights::Kind;
use deferral_model::{Op, Return, Script};

impl<C: Choose> Making<'_, C> {
    /// The operations of a random scene, all for things that this program may use.
    pub(super) fn scene(&mut self) -> Vec<Op> {
        match self.choose.below(4) {
            0 if self.uses(Kind::Acquire) => self.waiting_for_a_token(),
            1 if self.uses(Kind::Get) => self.waiting_for_a_value(),
            2 if self.uses(Kind::List) => self.fired_list(),
            _ => self.waiting(),
        }
    }

    fn uses(&self, kind: Kind) -> bool {
        self.operations.iter().any(|(used, _)| *used == kind)
    }

    /// A Deferred waits for another one, and is sometimes paused as well.
    fn waiting(&mut self) -> Vec<Op> {
        let kind = if self.choose.chance(50) { Kind::New } else { Kind::NewWithCanceller };
        let mut ops = vec![self.op(Kind::New, 0), self.op(kind, 0)];
        let (outer, inner) = (self.slots.len() - 2, self.slots.len() - 1);
        ops.push(self.waits(outer, inner));
        ops.push(Op::Callback { d: outer, value: self.value() });
        self.slots[outer] = Made::Fired;
        if self.choose.chance(15) {
            ops.push(Op::Pause { d: outer });
        }
        self.last = outer;
        ops
    }

    /// Somebody has a lock, and somebody else waits for it.
    fn waiting_for_a_token(&mut self) -> Vec<Op> {
        [Kind::Lock, Kind::Acquire, Kind::Acquire].map(|kind| self.op_on_last(kind)).into()
    }

    /// Two wait for a queue.
    fn waiting_for_a_value(&mut self) -> Vec<Op> {
        [Kind::Queue, Kind::Get, Kind::Get].map(|kind| self.op_on_last(kind)).into()
    }

    /// A list that has fired waits for another Deferred.
    fn fired_list(&mut self) -> Vec<Op> {
        let mut ops = vec![self.op(Kind::New, 0), self.op(Kind::Succeed, 0)];
        let (inner, member) = (self.slots.len() - 2, self.slots.len() - 1);
        ops.push(self.list(vec![member]));
        self.last = self.slots.len() - 1;
        ops.push(self.waits(self.last, inner));
        ops
    }

    /// An operation after which the slot that it bound, if any, is the one to go on with.
    fn op_on_last(&mut self, kind: Kind) -> Op {
        let op = self.op(kind, 0);
        self.last = self.slots.len().saturating_sub(1);
        op
    }

    fn waits(&mut self, d: usize, inner: usize) -> Op {
        self.ids += 1;
        let cb = Script { id: self.ids, ops: Vec::new(), ret: Return::Wait(inner) };
        Op::AddBoth { d, cb: cb.into() }
    }
}
