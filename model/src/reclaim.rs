//! What nobody can reach any more is reclaimed, and its unhandled failure reported (DC-69, DC-74, DC-75).
//!
//! Python counts references and collects circles; which of the two finds a Deferred changes only when a
//! report comes, never whether. So the model marks what the slots reach and sweeps the rest. Scripts hold
//! nothing: they name slots by number.

use crate::world::{Call, Held, Id, Item, World};

impl World<'_> {
    /// Reclaims every Deferred that no slot reaches. To be called between operations, when none runs.
    pub fn reclaim(&mut self) {
        let mut reached = vec![false; self.deferreds.len()];
        let mut pending: Vec<Id> = self.slots.iter().filter_map(|slot| slot.deferred).collect();
        while let Some(d) = pending.pop() {
            if !reached[d] {
                reached[d] = true;
                pending.extend(self.references(d));
            }
        }
        for (d, deferred) in self.deferreds.iter_mut().enumerate() {
            if !reached[d] && !deferred.gone {
                deferred.gone = true;
                self.unhandled.extend(deferred.fail_result.take());
            }
        }
    }

    /// The Deferreds that a Deferred holds on to.
    fn references(&self, d: Id) -> Vec<Id> {
        let mut held = Vec::new();
        if let Held::Deferred(inner) = self.deferreds[d].result {
            held.push(inner);
        }
        for item in &self.deferreds[d].callbacks {
            match item {
                Item::Continue(waiter) => held.push(*waiter),
                Item::Pair { callback, .. } => {
                    if let Call::Fire(target) = callback {
                        held.push(*target);
                    }
                }
            }
        }
        held
    }
}
