//! Random programs as a proptest strategy, shrunk by the project's own shrinker.

use super::choose::Seeded;
use super::program::Operations;
use crate::shrink::candidates;
use deferral_model::Program;
use proptest::arbitrary::any;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Programs of at most `max_ops` operations.
#[must_use]
pub fn programs(operations: Operations, max_ops: u32) -> Programs {
    Programs { operations, max_ops }
}

/// The strategy of [`programs`].
#[derive(Clone, Copy, Debug)]
pub struct Programs {
    operations: Operations,
    max_ops: u32,
}

impl Strategy for Programs {
    type Tree = Shrinking;
    type Value = Program;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = any::<u64>().new_tree(runner)?.current();
        let mut choose = Seeded::new(seed);
        Ok(Shrinking::from(super::program(&mut choose, self.operations, self.max_ops)))
    }
}

/// A program while proptest shrinks it: the smallest that failed, and what is still to be tried on it.
#[derive(Clone, Debug)]
pub struct Shrinking {
    failed: Program,
    tried: Program,
    candidates: std::vec::IntoIter<Program>,
}

impl From<Program> for Shrinking {
    fn from(program: Program) -> Self {
        let candidates = candidates(&program).into_iter();
        Self { failed: program.clone(), tried: program, candidates }
    }
}

impl ValueTree for Shrinking {
    type Value = Program;

    fn current(&self) -> Program {
        self.tried.clone()
    }

    /// The current program failed: goes on from there.
    fn simplify(&mut self) -> bool {
        if self.tried != self.failed {
            *self = Self::from(self.tried.clone());
        }
        self.complicate()
    }

    /// The current program passed: tries the next one.
    fn complicate(&mut self) -> bool {
        match self.candidates.next() {
            Some(next) => {
                self.tried = next;
                true
            }
            None => {
                let more = self.tried != self.failed;
                self.tried = self.failed.clone();
                more
            }
        }
    }
}
