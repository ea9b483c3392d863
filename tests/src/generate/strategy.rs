//! Random programs as a proptest strategy, shrunk by the project's own shrinker.

use super::choose::Seeded;
use super::program::Operations;
use crate::difference::Kind;
use crate::shrink::Search;
use deferral_model::Program;
use proptest::arbitrary::any;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Programs of at most `max_ops` operations. They are made small as long as the test fails.
#[must_use]
pub fn programs(operations: Operations, max_ops: u32) -> Programs {
    Programs { operations, max_ops, difference: None }
}

/// The strategy of [`programs`].
#[derive(Clone, Copy, Debug)]
pub struct Programs {
    operations: Operations,
    max_ops: u32,
    difference: Option<fn(&Program) -> Option<Kind>>,
}

impl Programs {
    /// For a test that fails by a difference: they are made small as long as it is of the same kind.
    #[must_use]
    pub fn that_differ_by(self, difference: fn(&Program) -> Option<Kind>) -> Self {
        Self { difference: Some(difference), ..self }
    }
}

impl Strategy for Programs {
    type Tree = Shrinking;
    type Value = Program;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = any::<u64>().new_tree(runner)?.current();
        let tried = super::program(&mut Seeded::new(seed), self.operations, self.max_ops);
        Ok(Shrinking { tried, difference: self.difference, kind: None, search: None })
    }
}

/// A program, and once it has failed, how it is made smaller.
pub struct Shrinking {
    tried: Program,
    difference: Option<fn(&Program) -> Option<Kind>>,
    /// What the first program showed that failed.
    kind: Option<Kind>,
    search: Option<Search>,
}

impl ValueTree for Shrinking {
    type Value = Program;

    fn current(&self) -> Program {
        self.tried.clone()
    }

    /// The current program failed: goes on from there.
    fn simplify(&mut self) -> bool {
        match &mut self.search {
            Some(search) => search.accept(),
            None => {
                self.kind = self.difference.and_then(|difference| difference(&self.tried));
                self.search = Some(Search::new(self.tried.clone()));
            }
        }
        self.complicate()
    }

    /// The current program passed: tries the next one, or ends with the last that failed.
    fn complicate(&mut self) -> bool {
        let Some(search) = &mut self.search else {
            return false;
        };
        while let Some(next) = search.propose() {
            if self.difference.is_none_or(|difference| difference(&next) == self.kind) {
                self.tried = next;
                return true;
            }
        }
        let best = search.best();
        let more = self.tried != best;
        self.tried = best;
        more
    }
}
