//! `DeferredLock`, `DeferredSemaphore` and `DeferredQueue`.

use crate::run_loop::AlreadyCalled;
use crate::trace::Raised;
use crate::value::{Outcome, Value};
use crate::world::{Canceller, Deferred, Id, World};
use std::collections::VecDeque;

/// What a program names by `r`.
pub(crate) enum Resource {
    /// A semaphore, or a lock: that is one with a single token.
    Tokens {
        tokens: u64,
        limit: u64,
        waiting: VecDeque<Id>,
    },
    Queue {
        size: Option<u64>,
        backlog: Option<u64>,
        waiting: VecDeque<Id>,
        pending: VecDeque<Value>,
    },
}

impl Resource {
    pub(crate) fn semaphore(tokens: u64) -> Self {
        Self::Tokens { tokens, limit: tokens, waiting: VecDeque::new() }
    }

    pub(crate) fn queue(size: Option<u64>, backlog: Option<u64>) -> Self {
        Self::Queue { size, backlog, waiting: VecDeque::new(), pending: VecDeque::new() }
    }

    /// The Deferreds that wait in it.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = Id> {
        let (Self::Tokens { waiting, .. } | Self::Queue { waiting, .. }) = self;
        waiting.iter().copied()
    }

    /// `_cancelAcquire` and `_cancelGet` (2217-2229, 2365-2377).
    pub(crate) fn forget(&mut self, d: Id) {
        let (Self::Tokens { waiting, .. } | Self::Queue { waiting, .. }) = self;
        waiting.retain(|other| *other != d);
    }
}

impl World<'_> {
    pub(crate) fn is_tokens(&self, r: usize) -> bool {
        matches!(self.resources.get(r), Some(Resource::Tokens { .. }))
    }

    /// Whether somebody has a token of a lock or semaphore.
    pub(crate) fn is_held(&self, r: usize) -> bool {
        matches!(self.resources.get(r), Some(Resource::Tokens { tokens, limit, .. }) if tokens < limit)
    }

    pub(crate) fn is_queue(&self, r: usize) -> bool {
        matches!(self.resources.get(r), Some(Resource::Queue { .. }))
    }

    /// `acquire` (2231-2245, 2291-2306): the Deferred, unless the resource is a queue.
    pub(crate) fn acquire(&mut self, r: usize) -> Option<Id> {
        let Some(Resource::Tokens { tokens, waiting, .. }) = self.resources.get_mut(r) else {
            return None;
        };
        let d = self.deferreds.len();
        let free = *tokens > 0;
        if free {
            *tokens -= 1;
        } else {
            waiting.push_back(d);
        }
        let canceller = Some(Canceller::Waiting(r));
        self.make(Deferred { canceller, ..Deferred::default() });
        if free {
            // Can't be refused: it is new.
            let _ = self.start_run_callbacks(d, Outcome::Value(Value::Resource { r }));
        }
        Some(d)
    }

    /// `release` (2247-2258, 2308-2322); a program's `release` does nothing when no token is held.
    pub(crate) fn release(&mut self, r: usize) -> Result<(), AlreadyCalled> {
        let free = self.free_during_hand_over();
        let Some(Resource::Tokens { tokens, limit, waiting }) = self.resources.get_mut(r) else {
            return Ok(());
        };
        if tokens == limit {
            return Ok(());
        }
        let Some(next) = waiting.pop_front() else {
            *tokens += 1;
            return Ok(());
        };
        *tokens += free;
        self.meet_hand_over(r, next);
        let fired = self.start_run_callbacks(next, Outcome::Value(Value::Resource { r }));
        self.meet_handed_over(r);
        if let Resource::Tokens { tokens, .. } = &mut self.resources[r] {
            *tokens = tokens.saturating_sub(free);
        }
        fired
    }

    /// `put` (2379-2390).
    pub(crate) fn put(&mut self, r: usize, value: Value) -> Result<(), Raised> {
        let serves_last = self.serves_last();
        let Some(Resource::Queue { size, waiting, pending, .. }) = self.resources.get_mut(r) else {
            return Ok(());
        };
        let next = if serves_last { waiting.pop_back() } else { waiting.pop_front() };
        if let Some(next) = next {
            self.meet_hand_over(r, next);
            let fired = self.start_run_callbacks(next, Outcome::Value(value));
            self.meet_handed_over(r);
            return fired.map_err(|AlreadyCalled| Raised::AlreadyCalledError);
        }
        if size.is_some_and(|size| pending.len() as u64 >= size) {
            return Err(Raised::QueueOverflow);
        }
        pending.push_back(value);
        Ok(())
    }

    /// `get` (2392-2409): the Deferred, unless the resource is no queue.
    pub(crate) fn get(&mut self, r: usize) -> Result<Option<Id>, Raised> {
        let Some(Resource::Queue { backlog, waiting, pending, .. }) = self.resources.get_mut(r) else {
            return Ok(None);
        };
        if let Some(value) = pending.pop_front() {
            return Ok(Some(self.made(Outcome::Value(value))));
        }
        if backlog.is_some_and(|backlog| waiting.len() as u64 >= backlog) {
            return Err(Raised::QueueUnderflow);
        }
        waiting.push_back(self.deferreds.len());
        let canceller = Some(Canceller::Waiting(r));
        Ok(Some(self.make(Deferred { canceller, ..Deferred::default() })))
    }
}
