//! What nobody can reach any more is reclaimed, and its unhandled failure reported (DC-69, DC-74, DC-75).
//!
//! Python counts references and collects circles; which of the two finds a Deferred changes only when a
//! report comes, never whether. So the model marks what the slots reach and sweeps the rest. Scripts hold
//! nothing: they name slots by number.

use crate::combine::RaceId;
use crate::coroutine::CoroutineId;
use crate::coverage::Keeper;
use crate::sync::Resource;
use crate::world::{Call, Canceller, Held, Id, Item, World};
use std::mem;

/// The memory that marking takes, to be used again.
#[derive(Default)]
pub(crate) struct Marking {
    /// Which Deferreds were reached.
    reached: Vec<bool>,
    /// What is still to be marked, and what holds it.
    pending: Vec<(Keeper, Id)>,
}

impl World<'_> {
    /// Reclaims every Deferred that no slot reaches. To be called between operations, when none runs.
    pub fn reclaim(&mut self) {
        let Marking { mut reached, mut pending } = mem::take(&mut self.marking);
        reached.clear();
        reached.resize(self.deferreds.len(), false);
        for d in self.slots.iter().filter_map(|slot| slot.deferred) {
            if !reached[d] {
                reached[d] = true;
                self.references(d, &mut pending);
            }
        }
        let waiting = self.resources.iter().flat_map(Resource::waiting);
        pending.extend(waiting.map(|d| (Keeper::Resource, d)));
        pending.extend(self.clock.deferreds().map(|d| (Keeper::Timeout, d)));
        while let Some((keeper, d)) = pending.pop() {
            if !reached[d] {
                reached[d] = true;
                self.meet_held(d, keeper);
                self.references(d, &mut pending);
            }
        }
        for (d, &reached) in reached.iter().enumerate() {
            if !reached && !self.deferreds[d].gone {
                self.meet_reclaimed(d);
                let deferred = &mut self.deferreds[d];
                deferred.gone = true;
                self.unhandled.extend(deferred.fail_result.take());
            }
        }
        self.marking = Marking { reached, pending };
    }

    /// The Deferreds that a Deferred holds on to.
    fn references(&self, d: Id, held: &mut Vec<(Keeper, Id)>) {
        let deferred = &self.deferreds[d];
        if let Held::Deferred(inner) = deferred.result {
            held.push((Keeper::Wait, inner));
        }
        for item in &deferred.callbacks {
            match item {
                Item::Continue(waiter) => held.push((Keeper::Wait, *waiter)),
                Item::Pair { callback, errback } => {
                    self.held_by_call(*callback, held);
                    self.held_by_call(*errback, held);
                }
            }
        }
        match deferred.canceller {
            Some(Canceller::Race(race)) => self.held_by_race(race, held),
            Some(Canceller::Coroutine(coroutine)) => self.held_by_coroutine(coroutine, held),
            _ => {}
        }
        // In Python a list and its members hold each other until the last of them has fired. But nothing can
        // come of that any more once the list has: it would be no more than a later report.
        if let (Some(list), false) = (&deferred.list, deferred.called) {
            held.extend(list.members.iter().map(|member| (Keeper::List, *member)));
        }
    }

    fn held_by_call(&self, call: Call<'_>, held: &mut Vec<(Keeper, Id)>) {
        match call {
            Call::Fire(target) => held.push((Keeper::Chain, target)),
            Call::Member { list, .. } if self.deferreds[list].called => {}
            Call::Member { list, .. } => held.push((Keeper::List, list)),
            Call::Contestant { race, .. } => self.held_by_race(race, held),
            Call::GotResult(coroutine) | Call::HandleCancel(coroutine) => {
                self.held_by_coroutine(coroutine, held);
            }
            Call::Passthru | Call::Script(_) | Call::ParseList => {}
            Call::ConvertCancelled(_) | Call::CancelTimeout(_) => {}
        }
    }

    /// The closures of a race share the contestants and the Deferred that it gives.
    fn held_by_race(&self, race: RaceId, held: &mut Vec<(Keeper, Id)>) {
        held.push((Keeper::Race, self.races[race].result));
        held.extend(self.races[race].contestants.iter().map(|contestant| (Keeper::Race, *contestant)));
    }

    /// A coroutine's status knows the Deferred to fire and the one that was awaited last.
    fn held_by_coroutine(&self, coroutine: CoroutineId, held: &mut Vec<(Keeper, Id)>) {
        held.push((Keeper::Coroutine, self.coroutines[coroutine].deferred));
        held.extend(self.coroutines[coroutine].waiting_on.map(|awaited| (Keeper::Coroutine, awaited)));
    }
}
