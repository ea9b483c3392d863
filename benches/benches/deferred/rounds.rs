//! The tables' own measuring: medians of many short rounds.
//!
//! On a machine that has other things to do, most rounds are undisturbed where they are short; criterion's samples
//! are not. And what drifts (the clock of the processor, the state of the heap) is much the same for two
//! implementations that run within a millisecond: so ratios are of two that are measured in turn.

use crate::case::Routine;
use std::time::{Duration, Instant};

/// At least so long an implementation runs in a round.
const ROUND: Duration = Duration::from_micros(500);

/// The fewest and the most rounds, and how long there are more than the fewest.
const FEWEST: usize = 4;
const MOST: usize = 400;
const PATIENCE: Duration = Duration::from_millis(800);

/// Nanoseconds an element of two implementations, and the ratio of the two.
#[derive(Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) this: f64,
    pub(crate) other: f64,
    pub(crate) ratio: f64,
}

/// Measures an implementation by itself, and gives the nanoseconds of a run.
pub(crate) fn alone(routine: &mut Routine) -> f64 {
    let times = enough(routine);
    median(&rounds(|| once(routine, times)))
}

/// Measures two implementations in turn, and gives the nanoseconds of a run. The ratio is the median of the rounds'.
pub(crate) fn in_turn(this: &mut Routine, other: &mut Routine) -> Ratio {
    let (these, others) = (enough(this), enough(other));
    // Whoever comes second finds the caches and the heap as the first has left them: both do, in each round.
    let rounds = rounds(|| {
        let first = once(this, these);
        let between = once(other, others) + once(other, others);
        ((first + once(this, these)) / 2.0, between / 2.0)
    });
    let median_of = |of: fn(&(f64, f64)) -> f64| median(&rounds.iter().map(of).collect::<Vec<_>>());
    Ratio {
        this: median_of(|(this, _)| *this),
        other: median_of(|(_, other)| *other),
        ratio: median_of(|(this, other)| this / other),
    }
}

fn once(routine: &mut Routine, times: u64) -> f64 {
    routine(times).as_secs_f64() * 1e9 / times as f64
}

/// How many runs take as long as a round should.
fn enough(routine: &mut Routine) -> u64 {
    let mut times = 1;
    while routine(times) < ROUND {
        times *= 2;
    }
    times
}

fn rounds<R>(mut round: impl FnMut() -> R) -> Vec<R> {
    let started = Instant::now();
    let mut rounds = Vec::new();
    while rounds.len() < FEWEST || rounds.len() < MOST && started.elapsed() < PATIENCE {
        rounds.push(round());
    }
    rounds
}

fn median(of: &[f64]) -> f64 {
    let mut sorted = of.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
