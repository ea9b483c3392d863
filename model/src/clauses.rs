//! Which clauses of SEMANTICS.md a program meets: for each of them, the situation in which it decides something.
//!
//! The model says when something happens, by one of the moments below (`meet_…`); what is looked at is the world as
//! it is then. `when(n, …)` notes the clause DC-n, and a program that ends counts once for each clause that it met;
//! one that turns out to be undefined doesn't. A moment compares a few numbers and walks over nothing but a
//! list's members or one Deferred's entries. Whoever reads the model can skip all of this.
//!
//! | moment | |
//! |---|---|
//! | `meet_op`, `meet_maybe` | an operation begins; the script of a `maybe` has returned |
//! | `meet_fire`, `meet_run`, `meet_turn` | a Deferred is fired; its entries are to be run; the loop turns to it |
//! | `meet_entry`, `meet_return` | an entry is about to run; what it calls has returned |
//! | `meet_mark` | a run has ended, and the failure that it leaves is marked |
//! | `meet_cancel`, `meet_canceller_returned` | a cancel has come to a Deferred; its canceller has returned |
//! | `meet_member_cancelled` | a list has cancelled a member |
//! | `meet_due`, `meet_timed_out` | the clock calls; it has cancelled |
//! | `meet_await`, `meet_delivery`, `meet_coroutine_end` | a coroutine comes to an `await`, is cancelled, ends |
//! | `meet_hand_over`, `meet_handed_over` | a lock, semaphore or queue serves who waits, and has served |
//! | `meet_held`, `meet_reclaimed`, `meet_end` | a Deferred without a slot is reached, or is not; the program ends |

mod core;
mod family;
mod life;

use crate::coverage::CLAUSES;
use crate::value::{Outcome, Value};
use crate::world::{Call, Deferred, Held, Id, Item};

/// From so many entries on a chain counts as long: no store that keeps a few in place holds them.
const LONG_CHAIN: usize = 7;

/// The clauses that a program has met: a bit for each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Met([u64; CLAUSES / 64 + 1]);

impl Met {
    /// A clause is met, if this holds.
    fn when(&mut self, clause: usize, holds: bool) {
        self.0[clause / 64] |= u64::from(holds) << (clause % 64);
    }

    /// The numbers of the clauses.
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(word, mut bits)| {
            std::iter::from_fn(move || {
                let bit = bits.trailing_zeros() as usize;
                bits &= bits.checked_sub(1)?;
                Some(word * 64 + bit)
            })
        })
    }
}

/// What the clauses have to know of a Deferred's past.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Notes {
    flags: u32,
    /// What its chain calls at the moment.
    inside: Inside,
    /// By what it was held while no slot named it: a bit for each [`Keeper`](crate::Keeper).
    held_by: u8,
    /// Who handed over to it last.
    handed_by: Option<Id>,
}

/// What the chain of a Deferred can call that runs other code meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    Member,
    Contestant,
    Await,
    Delivery,
}

/// It is the target of a `chain`, or the source of one.
const CHAINED: u32 = 1;
/// The loop that runs it runs a waiter of its own just now.
const HANDING: u32 = 1 << 1;
/// What it began to wait for had entries by then.
const BEHIND: u32 = 1 << 2;
/// A cancel of it was of use once.
const CANCELLED: u32 = 1 << 3;
/// It had a canceller of the program's when it was fired.
const HAD_CANCELLER: u32 = 1 << 4;
/// That canceller was asked.
const ASKED: u32 = 1 << 5;
/// A cancel that was forwarded failed it.
const FORWARDED: u32 = 1 << 6;
/// A timeout failed it.
const TIMED_OUT: u32 = 1 << 7;
/// Its time came in vain.
const IN_VAIN: u32 = 1 << 8;
/// A script of it has run.
const RAN: u32 = 1 << 9;
/// A script of it has failed.
const FAILED: u32 = 1 << 16;
/// A list saw its failure, and left it.
const SEEN: u32 = 1 << 10;
/// A list consumed its failure.
const CONSUMED: u32 = 1 << 11;
/// No slot ever names it: a coroutine that was cancelled ends into it.
const UNNAMED: u32 = 1 << 12;
/// And nobody waits for it.
const LOST: u32 = 1 << 13;
/// A coroutine ended into it.
const ENDED: u32 = 1 << 14;
/// It has waited for a lock or semaphore, and was served.
const SERVED: u32 = 1 << 15;

impl Notes {
    fn has(self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    fn set(&mut self, flag: u32, holds: bool) {
        self.flags = if holds { self.flags | flag } else { self.flags & !flag };
    }
}

impl Deferred<'_> {
    fn unfired(&self) -> bool {
        matches!(self.result, Held::Nothing)
    }

    fn waits(&self) -> bool {
        matches!(self.result, Held::Deferred(_))
    }

    /// It has an outcome, and no script of it runs.
    fn at_rest(&self) -> bool {
        !self.running_callbacks && matches!(self.result, Held::Outcome(_))
    }

    fn ready(&self) -> bool {
        self.at_rest() && self.paused == 0
    }

    fn queued(&self) -> bool {
        !self.callbacks.is_empty()
    }

    /// How many of its entries are of a kind; it doesn't count beyond 2.
    fn up_to_two(&self, kind: impl Fn(&Item<'_>) -> bool) -> usize {
        self.callbacks.iter().filter(|item| kind(item)).take(2).count()
    }
}

fn is_null(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Value(Value::Null))
}

fn is_await(item: &Item<'_>) -> bool {
    matches!(item, Item::Pair { callback: Call::GotResult(_), .. })
}

/// Whether an entry is the hook of a list.
fn is_hook(item: &Item<'_>) -> bool {
    matches!(item, Item::Pair { callback: Call::Member { .. }, .. })
}

fn is_continuation(item: &Item<'_>) -> bool {
    matches!(item, Item::Continue(_))
}

/// What an entry calls for an outcome, and what it would call for one of the other kind.
fn sides<'p>(callback: Call<'p>, errback: Call<'p>, succeeded: bool) -> (Call<'p>, Call<'p>) {
    if succeeded { (callback, errback) } else { (errback, callback) }
}
