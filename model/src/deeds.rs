//! What each operation of a program came to when it ran: for whoever writes the program down for people, who want to
//! see names and no numbers that are counted while it runs.
//!
//! An operation runs once at the most, and so does a step of a coroutine; so one note for each says it all.

use crate::program::Op;
use crate::script::Step;
use crate::trace::ScriptId;
use crate::world::{Id, World};

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Nothing: what it names isn't there, or is of the wrong kind.
    NamesNothing,
    /// Nothing: a rule of the language has it left out.
    LeftOut,
    /// It did what it says.
    Done {
        /// The slot or resource that it bound.
        bound: Option<usize>,
        /// Whether it raised an error to its caller.
        raised: bool,
        /// Those of its members, for an operation on several, that named something.
        members: Vec<usize>,
    },
}

/// What the operations of a program came to, in the order in which they ended.
#[derive(Debug, Default)]
pub struct Deeds<'p> {
    /// The operations that ran.
    pub ops: Vec<(&'p Op, Deed)>,
    /// The scripts that gave null instead of the Deferred of a slot.
    pub nulls: Vec<ScriptId>,
    /// The steps of coroutines that didn't await what they name.
    pub passed: Vec<&'p Step>,
    /// The operation that ends just now has raised.
    raised: bool,
}

impl<'p> World<'p> {
    /// Has it write down from now on what operations come to.
    pub fn note_deeds(&mut self) {
        self.deeds = Some(Deeds::default());
    }

    /// What was written down.
    pub fn take_deeds(&mut self) -> Deeds<'p> {
        self.deeds.take().unwrap_or_default()
    }

    /// What an operation will come to, if that is asked for.
    pub(crate) fn deed_begins(&self, op: &Op) -> Option<Deed> {
        self.deeds.as_ref()?;
        let done = |members| Deed::Done { bound: None, raised: false, members };
        let if_named = |names: bool| if names { done(Vec::new()) } else { Deed::NamesNothing };
        Some(match op {
            Op::Callback { d, .. } | Op::Errback { d, .. } => if_named(self.fireable(*d).is_some()),
            Op::Chain { d, to } => if_named(self.named(*d).is_some() && self.fireable(*to).is_some()),
            Op::Release { r } if self.is_tokens(*r) && !self.is_held(*r) => Deed::LeftOut,
            Op::Acquire { r } | Op::Release { r } => if_named(self.is_tokens(*r)),
            Op::Put { r, .. } | Op::Get { r } => if_named(self.is_queue(*r)),
            Op::List { ds, .. } | Op::Gather { ds, .. } | Op::Race { ds } => {
                done(ds.iter().copied().filter(|&d| self.named(d).is_some()).collect())
            }
            op if op.slot().is_none() => done(Vec::new()),
            op => match (self.right_kind(op), op) {
                (None, _) => Deed::NamesNothing,
                (Some(d), Op::Cancel { .. }) if !self.may_cancel(d) => Deed::LeftOut,
                (Some(d), Op::Unpause { .. }) if !self.may_unpause(d) => Deed::LeftOut,
                _ => done(Vec::new()),
            },
        })
    }

    /// The Deferred that an operation names, unless it is of the wrong kind: what `gather` made is never paused.
    fn right_kind(&self, op: &Op) -> Option<Id> {
        let pauses = matches!(op, Op::Pause { .. } | Op::Unpause { .. });
        let d = op.slot().and_then(|slot| self.named(slot));
        d.filter(|&d| !(pauses && self.deferreds[d].gathered))
    }

    /// Writes down an operation that has ended.
    pub(crate) fn deed_ended(&mut self, op: &'p Op, mut deed: Deed) {
        let resource = matches!(op, Op::Lock {} | Op::Semaphore { .. } | Op::Queue { .. });
        let last = if resource { self.resources.len() } else { self.slots.len() };
        let Some(deeds) = &mut self.deeds else { return };
        if let Deed::Done { bound, raised, .. } = &mut deed {
            *raised = std::mem::take(&mut deeds.raised);
            *bound = last.checked_sub(1).filter(|_| op.binds() && !*raised);
        }
        deeds.ops.push((op, deed));
    }

    pub(crate) fn deed_raised(&mut self) {
        if let Some(deeds) = &mut self.deeds {
            deeds.raised = true;
        }
    }

    pub(crate) fn note_null(&mut self, script: ScriptId) {
        if let Some(deeds) = &mut self.deeds {
            deeds.nulls.push(script);
        }
    }

    pub(crate) fn note_passed(&mut self, step: &'p Step) {
        if let Some(deeds) = &mut self.deeds {
            deeds.passed.push(step);
        }
    }
}
