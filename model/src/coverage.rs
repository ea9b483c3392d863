//! What a run met: which operations met a Deferred in which state, at the top level and inside scripts; which
//! clauses of SEMANTICS.md decided something; and what Deferreds without a handle were held by. A run that never
//! met a thing proves nothing about it.

use crate::clauses::Met;
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

/// The operations of the core.
pub const CORE_OPERATIONS: [&str; 16] = [
    "new",
    "succeed",
    "fail",
    "maybe",
    "add_callback",
    "add_errback",
    "add_both",
    "add_callbacks",
    "callback",
    "errback",
    "cancel",
    "pause",
    "unpause",
    "chain",
    "probe",
    "drop",
];

/// How many clauses SEMANTICS.md has.
pub const CLAUSES: usize = 215;

/// The last clause that is about the core alone.
const CORE_CLAUSES: usize = 87;

/// What can hold a Deferred that no slot names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Keeper {
    /// One that it waits for, or that waits for it.
    Wait,
    /// The source of a `chain` into it.
    Chain,
    /// A list that it is a member of, or a member of that list.
    List,
    /// A race that it is in, or whose outcome it will have.
    Race,
    /// A coroutine that awaits it, or whose end it will have.
    Coroutine,
    /// A call of the clock.
    Timeout,
    /// A lock, semaphore or queue that it waits in.
    Resource,
}

impl Keeper {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 7] =
        [Self::Wait, Self::Chain, Self::List, Self::Race, Self::Coroutine, Self::Timeout, Self::Resource];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Chain => "chain",
            Self::List => "list",
            Self::Race => "race",
            Self::Coroutine => "coroutine",
            Self::Timeout => "timeout",
            Self::Resource => "resource",
        }
    }
}

/// Counts of what was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By operation, stage and nesting; empty before the first.
    pairs: Vec<u64>,
    /// By number, from 1; empty before the first program has ended.
    clauses: Vec<u64>,
    held_only_by: [u64; Keeper::ALL.len()],
    events: u64,
    /// Whether clauses, and what holds a Deferred, aren't counted.
    without_clauses: bool,
}

const PAIRS: usize = OPERATIONS.len() * Stage::ALL.len() * 2;

fn place(operation: usize, stage: Stage, nested: bool) -> usize {
    (operation * Stage::ALL.len() + stage as usize) * 2 + usize::from(nested)
}

impl Coverage {
    /// One for what only the operations and events are counted of: not to look at clauses takes less time.
    #[must_use]
    pub fn without_clauses() -> Self {
        Self { without_clauses: true, ..Self::default() }
    }

    pub(crate) fn has_clauses(&self) -> bool {
        !self.without_clauses
    }

    pub(crate) fn count(&mut self, op: &Op, stage: Stage, nested: bool) {
        if self.pairs.is_empty() {
            self.pairs = vec![0; PAIRS];
        }
        self.pairs[place(op.number(), stage, nested)] += 1;
    }

    /// Counts what one program met.
    pub(crate) fn count_clauses(&mut self, met: Met) {
        if self.clauses.is_empty() {
            self.clauses = vec![0; CLAUSES + 1];
        }
        met.iter().for_each(|clause| self.clauses[clause] += 1);
    }

    pub(crate) fn count_held(&mut self, by: Keeper) {
        self.held_only_by[by as usize] += 1;
    }

    /// In how many programs a clause was met: the situation arose in which it decides something. 0 for a number that
    /// no clause has.
    #[must_use]
    pub fn clause(&self, number: usize) -> u64 {
        self.clauses.get(number).copied().unwrap_or(0)
    }

    /// The clauses that were never met.
    pub fn never_met_clauses(&self) -> impl Iterator<Item = usize> {
        (1..=CLAUSES).filter(|&number| self.clause(number) == 0)
    }

    /// Whether operations of the core alone can meet a clause.
    #[must_use]
    pub fn is_core(clause: usize) -> bool {
        (1..=CORE_CLAUSES).contains(&clause)
    }

    /// How many Deferreds, named by no slot, were held between two operations by something of this kind. One that is
    /// held in several ways counts once, for the way by which the model reaches it first.
    #[must_use]
    pub fn held_only_by(&self, keeper: Keeper) -> u64 {
        self.held_only_by[keeper as usize]
    }

    /// How often an operation met a stage. Panics when the name isn't in [`OPERATIONS`].
    #[must_use]
    pub fn met(&self, operation: &str, stage: Stage, nested: bool) -> u64 {
        self.pairs.get(place(row(operation), stage, nested)).copied().unwrap_or(0)
    }

    /// How often an operation was met, whatever its Deferred. Panics when the name isn't in [`OPERATIONS`].
    #[must_use]
    pub fn operation(&self, operation: &str) -> u64 {
        let first = place(row(operation), Stage::None, false);
        self.pairs.iter().skip(first).take(2 * Stage::ALL.len()).sum()
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
        for (mine, theirs) in self.held_only_by.iter_mut().zip(&other.held_only_by) {
            *mine += theirs;
        }
        for (mine, theirs) in [(&mut self.pairs, &other.pairs), (&mut self.clauses, &other.clauses)] {
            mine.resize(mine.len().max(theirs.len()), 0);
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
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
