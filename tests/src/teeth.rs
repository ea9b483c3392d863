//! How much the suite catches: wrong variants of the model, and of the engine where they were built in, each
//! looked for with random programs.

use crate::generate::{LONG_EVERY, Operations, stream};
#[cfg(deferral_faults)]
use crate::lockstep::model_and_engine;
use crate::lockstep::{Seen, Verdict, caught, lockstep};
use crate::shrink::shrink;
use crate::subjects::engine::Engine;
use crate::subjects::model::Model;
use deferral_model::{Coverage, Fault, Program};
use std::convert::Infallible;
use std::time::{Duration, Instant};

/// The most operations that a random program has.
const MAX_OPS: u32 = 20;

/// Programs longer than that aren't made small: the size of what found a fault is then what it was found with.
const TOO_LONG: usize = 200;

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
    /// The program that found it, made small.
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

    /// Whether a program shows it.
    #[must_use]
    pub fn shows(self, program: &Program) -> bool {
        match self {
            Self::Model(fault) => {
                let faulty = || Model::new(Some(fault), Coverage::default());
                let right = caught(|| lockstep(&program.ops, &mut faulty(), &mut Model::default()));
                // A wrong model that panics shows nothing: it would be found by anyone.
                diverges(&right)
                    && diverges(&caught(|| lockstep(&program.ops, &mut faulty(), &mut Engine::default())))
            }
            #[cfg(deferral_faults)]
            Self::Engine(fault) => {
                deferral::fault::choose(Some(fault));
                let verdict = model_and_engine(program, &mut Coverage::default());
                deferral::fault::choose(None);
                matches!(verdict, Verdict::Diverges(_))
            }
        }
    }

    /// Looks for it with the programs of a seed, so many at the most.
    #[must_use]
    pub fn find(self, seed: u64, most: u64) -> Option<Found> {
        let started = Instant::now();
        let mut programs = stream(seed, Operations::All, MAX_OPS, LONG_EVERY).zip(1..=most);
        let (program, programs) = programs.find(|(program, _)| self.shows(program))?;
        let time = started.elapsed();
        let program = if program.ops.len() > TOO_LONG {
            program
        } else {
            let Ok(small) = shrink(program, |simpler| Ok::<_, Infallible>(self.shows(simpler)));
            small
        };
        Some(Found { programs, time, program })
    }
}

fn diverges(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Diverges(divergence) => !matches!(divergence.right, Seen::Panicked(_)),
        Verdict::Conforms | Verdict::Undefined(_) => false,
    }
}
