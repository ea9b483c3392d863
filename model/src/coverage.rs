//! Which operations met a Deferred in which state, at the top level and inside scripts: a run that never
//! met a pair proves nothing about it.

use crate::program::{OPERATIONS, Op};

/// How the Deferred that an operation names stands when the operation begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Stage {
    /// The operation names none.
    None,
    /// The slot isn't bound yet.
    Unbound,
    /// The slot was dropped.
    Dropped,
    /// It has no result.
    Unfired,
    /// It has no result and is paused, or unpaused too often.
    UnfiredPaused,
    /// Its canceller runs.
    Cancelling,
    /// One of its callbacks runs.
    Running,
    /// It waits for another.
    Waiting,
    /// It waits for another and is paused as well.
    WaitingPaused,
    /// It has a value.
    Succeeded,
    /// It has a failure.
    Failed,
    /// It has an outcome and is paused, or unpaused too often.
    FiredPaused,
}

impl Stage {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 12] = [
        Self::None,
        Self::Unbound,
        Self::Dropped,
        Self::Unfired,
        Self::UnfiredPaused,
        Self::Cancelling,
        Self::Running,
        Self::Waiting,
        Self::WaitingPaused,
        Self::Succeeded,
        Self::Failed,
        Self::FiredPaused,
    ];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "no Deferred",
            Self::Unbound => "unbound",
            Self::Dropped => "dropped",
            Self::Unfired => "unfired",
            Self::UnfiredPaused => "unfired, paused",
            Self::Cancelling => "cancelling",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::WaitingPaused => "waiting, paused",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::FiredPaused => "fired, paused",
        }
    }
}

/// Counts of (operation × stage × nested or not).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By operation, stage and nesting; empty before the first.
    pairs: Vec<u64>,
    events: u64,
}

const PAIRS: usize = OPERATIONS.len() * Stage::ALL.len() * 2;

fn place(operation: usize, stage: Stage, nested: bool) -> usize {
    (operation * Stage::ALL.len() + stage as usize) * 2 + usize::from(nested)
}

impl Coverage {
    pub(crate) fn count(&mut self, op: &Op, stage: Stage, nested: bool) {
        if self.pairs.is_empty() {
            self.pairs = vec![0; PAIRS];
        }
        self.pairs[place(op.number(), stage, nested)] += 1;
    }

    /// How often an operation met a stage. Panics when the name isn't in [`OPERATIONS`].
    #[must_use]
    pub fn met(&self, operation: &str, stage: Stage, nested: bool) -> u64 {
        self.pairs.get(place(row(operation), stage, nested)).copied().unwrap_or(0)
    }

    pub(crate) fn count_events(&mut self, events: usize) {
        self.events += events as u64;
    }

    /// How many events were traced.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many operations were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.pairs.iter().sum()
    }

    /// Adds what another run met.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.pairs.resize(PAIRS, 0);
        for (mine, theirs) in self.pairs.iter_mut().zip(&other.pairs) {
            *mine += theirs;
        }
    }

    /// Whether a program can bring an operation to a stage at all.
    ///
    /// An operation that works on one Deferred always names one; the others never do. Outside scripts no
    /// callback and no canceller runs.
    #[must_use]
    pub fn reachable(operation: &str, stage: Stage, nested: bool) -> bool {
        let on_one = matches!(
            operation,
            "add_callback"
                | "add_errback"
                | "add_both"
                | "add_callbacks"
                | "callback"
                | "errback"
                | "cancel"
                | "pause"
                | "unpause"
                | "chain"
                | "timeout"
                | "probe"
                | "drop"
        );
        match stage {
            Stage::None => !on_one,
            Stage::Cancelling | Stage::Running => on_one && nested,
            _ => on_one,
        }
    }

    /// The reachable pairs that were never met.
    pub fn never_met(&self) -> impl Iterator<Item = (&'static str, Stage, bool)> {
        let all = OPERATIONS.into_iter().flat_map(|operation| {
            Stage::ALL
                .into_iter()
                .flat_map(move |stage| [false, true].map(|nested| (operation, stage, nested)))
        });
        all.filter(|(operation, stage, nested)| {
            Self::reachable(operation, *stage, *nested) && self.met(operation, *stage, *nested) == 0
        })
    }
}

fn row(operation: &str) -> usize {
    OPERATIONS.iter().position(|name| *name == operation).expect("the name of an operation")
}
