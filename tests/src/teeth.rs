//! How much the suite catches: wrong variants of the model, and of the engine where they were built in, each
//! looked for with random programs.

mod known;

use crate::difference::Kind;
use crate::generate::{LONG_EVERY, Operations, stream};
use crate::lockstep::{Verdict, at_the_end, caught, lockstep};
use crate::shrink::{Progress, Shrunk, shrink};
use crate::subject::Execution;
use crate::subjects::engine::Engine;
use crate::subjects::model::Model;
use deferral_model::{Coverage, Fault, Op, Program};
use std::convert::Infallible;
use std::time::{Duration, Instant};

pub use known::Known;

/// The most operations that a random program has.
const MAX_OPS: u32 = 20;

/// Longer programs are at first looked at only at the end while they are made small: to look at hundreds of Deferreds
/// after every operation takes thirty times as long.
pub const LONG: usize = 200;

/// A fault, and where it is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// In the model: what it says is compared with the right model and with the engine.
    Model(Fault),
    /// In the engine: what it does is compared with the model.
    #[cfg(deferral_faults)]
    Engine(deferral::fault::Fault),
}

/// How a fault was found from one seed.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many programs it took.
    pub programs: u64,
    /// How long it took.
    pub time: Duration,
    /// The program that found it.
    pub program: Program,
}

impl Planted {
    /// All faults that are planted in the model.
    pub fn in_model() -> impl Iterator<Item = Self> {
        Fault::ALL.iter().copied().map(Self::Model)
    }

    /// All faults that are planted in the engine and that programs can show: none, unless it was built with `--cfg
    /// deferral_faults`.
    pub fn in_engine() -> impl Iterator<Item = Self> {
        #[cfg(deferral_faults)]
        return deferral::fault::Fault::ALL
            .iter()
            .copied()
            .filter(|fault| fault.in_programs())
            .map(Self::Engine);
        #[cfg(not(deferral_faults))]
        return std::iter::empty();
    }

    /// Its number.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Model(fault) => fault.id(),
            #[cfg(deferral_faults)]
            Self::Engine(fault) => fault.id(),
        }
    }

    /// What goes wrong.
    #[must_use]
    pub fn wrong(self) -> &'static str {
        match self {
            Self::Model(fault) => fault.wrong(),
            #[cfg(deferral_faults)]
            Self::Engine(fault) => fault.wrong(),
        }
    }

    /// How a program shows it, if it does.
    #[must_use]
    pub fn difference(self, program: &Program) -> Option<Kind> {
        self.difference_at(Looks::All, program)
    }

    /// The operation behind which a program shows it; none for the end, and for one that doesn't show it.
    #[must_use]
    pub fn shown_after(self, program: &Program) -> Option<usize> {
        match self.verdict(Looks::All, &program.ops) {
            Verdict::Diverges(divergence) => divergence.after,
            Verdict::Conforms | Verdict::Undefined(_) => None,
        }
    }

    /// What the lockstep of it and the right model says.
    fn verdict(self, looks: Looks, ops: &[Op]) -> Verdict {
        let mut right = Model::new(None, Coverage::without_clauses());
        match self {
            Self::Model(fault) => {
                let mut wrong = Model::new(Some(fault), Coverage::without_clauses());
                caught(|| looks.lockstep(ops, &mut wrong, &mut right))
            }
            #[cfg(deferral_faults)]
            Self::Engine(fault) => {
                deferral::fault::choose(Some(fault));
                let verdict = caught(|| looks.lockstep(ops, &mut right, &mut Engine::default()));
                deferral::fault::choose(None);
                verdict
            }
        }
    }

    fn difference_at(self, looks: Looks, program: &Program) -> Option<Kind> {
        let ops = &program.ops;
        match self {
            Self::Model(fault) => {
                let kind = known(&self.verdict(looks, ops))?;
                // The engine is to be as right as the model.
                let mut wrong = Model::new(Some(fault), Coverage::without_clauses());
                let by_engine = caught(|| looks.lockstep(ops, &mut wrong, &mut Engine::default()));
                known(&by_engine).map(|_| kind)
            }
            #[cfg(deferral_faults)]
            Self::Engine(_) => kind(&self.verdict(looks, ops)),
        }
    }

    /// Looks for it with the programs of a seed, so many at the most.
    #[must_use]
    pub fn find(self, seed: u64, most: u64) -> Option<Found> {
        let started = Instant::now();
        let mut programs = stream(seed, Operations::All, MAX_OPS, LONG_EVERY).zip(1..=most);
        let (program, programs) = programs.find(|(program, _)| self.difference(program).is_some())?;
        Some(Found { programs, time: started.elapsed(), program })
    }

    /// Makes a program small that shows it, all in this process, as long as `go_on` says yes.
    pub fn shrink(self, program: Program, mut go_on: impl FnMut(Progress) -> bool) -> Shrunk {
        let whole = Shrunk { program, tries: 0, minimal: false };
        let end = if whole.program.ops.len() > LONG {
            self.shrink_at(Looks::End, &whole, &mut go_on)
        } else {
            None
        };
        match end {
            Some(end) if end.program.ops.len() > LONG => end,
            end => self.shrink_at(Looks::All, &end.unwrap_or(whole.clone()), &mut go_on).unwrap_or(whole),
        }
    }

    /// Nothing where it doesn't show at these looks.
    fn shrink_at(self, looks: Looks, before: &Shrunk, go_on: impl FnMut(Progress) -> bool) -> Option<Shrunk> {
        let kind = self.difference_at(looks, &before.program)?;
        let shows = |simpler: &Program| {
            Ok::<_, Infallible>(self.difference_at(looks, simpler).as_ref() == Some(&kind))
        };
        let Ok(shrunk) = shrink(before.program.clone(), shows, go_on);
        Some(Shrunk { tries: before.tries + shrunk.tries, ..shrunk })
    }
}

/// When two subjects are looked at in lockstep.
#[derive(Clone, Copy)]
enum Looks {
    All,
    End,
}

impl Looks {
    fn lockstep<'p>(
        self,
        ops: &'p [Op],
        left: &mut impl Execution<'p>,
        right: &mut impl Execution<'p>,
    ) -> Verdict {
        match self {
            Self::All => lockstep(ops, left, right),
            Self::End => at_the_end(ops, left, right),
        }
    }
}

fn kind(verdict: &Verdict) -> Option<Kind> {
    match verdict {
        Verdict::Diverges(divergence) => Some(Kind::of_lockstep(divergence)),
        Verdict::Conforms | Verdict::Undefined(_) => None,
    }
}

/// As [`kind`]. A wrong model that panics shows nothing: it would be found by anyone.
fn known(verdict: &Verdict) -> Option<Kind> {
    kind(verdict).filter(|kind| !matches!(kind, Kind::Panicked(_)))
}
