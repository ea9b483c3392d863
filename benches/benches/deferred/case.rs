//! What is measured: a case, by several implementations.

use std::time::{Duration, Instant};

/// Runs an implementation so many times, and gives the time that the measured part of it took. Criterion and the
/// [tables](crate::rounds) ask for the same.
pub(crate) type Routine = Box<dyn FnMut(u64) -> Duration>;

/// Something that several implementations do. Each checks that the right value came out.
pub(crate) struct Case {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    /// The callbacks, Deferreds or programs of one run: times are given for one of them.
    pub(crate) elements: u64,
    pub(crate) implementations: Vec<(&'static str, Routine)>,
}

impl Case {
    pub(crate) fn new(group: &'static str, name: impl Into<String>, elements: u64) -> Self {
        Self { group, name: name.into(), elements, implementations: Vec::new() }
    }

    /// The case with one more implementation.
    pub(crate) fn with(mut self, implementation: &'static str, routine: Routine) -> Self {
        self.implementations.push((implementation, routine));
        self
    }
}

/// All of a run is measured.
pub(crate) fn whole(mut run: impl FnMut() + 'static) -> Routine {
    Box::new(move |times| {
        let started = Instant::now();
        for _ in 0..times {
            run();
        }
        started.elapsed()
    })
}

/// Only a part of a run is measured: what it needs is prepared before, what it gives is checked and dropped after.
pub(crate) fn part<S, R>(
    mut prepare: impl FnMut() -> S + 'static,
    mut run: impl FnMut(S) -> R + 'static,
    mut check: impl FnMut(R) + 'static,
) -> Routine {
    /// So few are prepared at once that they stay in the cache.
    const BATCH: u64 = 8;
    Box::new(move |times| {
        let mut took = Duration::ZERO;
        let mut left = times;
        while left > 0 {
            let batch = left.min(BATCH);
            let prepared: Vec<S> = (0..batch).map(|_| prepare()).collect();
            let mut done = Vec::with_capacity(prepared.len());
            let started = Instant::now();
            done.extend(prepared.into_iter().map(&mut run));
            took += started.elapsed();
            done.into_iter().for_each(&mut check);
            left -= batch;
        }
        took
    })
}
