//! New counts beside old ones.

use crate::bounds;
use crate::counts::PerUnit;
use std::collections::BTreeSet;

/// So many times as much may a count be. Clean runs don't differ at all; this leaves room for changes that the
/// compiler happens to lay out a little worse.
const TOLERATED: f64 = 1.01;

/// New counts beside old ones, by hot path.
#[derive(Debug)]
pub(crate) struct Comparison(pub(crate) Vec<Row>);

/// A hot path: instructions a unit, before and now.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) old: Option<f64>,
    pub(crate) new: Option<f64>,
}

impl Row {
    /// What the new count may be at most.
    pub(crate) fn limit(&self) -> Option<f64> {
        self.old.map(|old| old * TOLERATED)
    }

    /// The rise in per cent, below zero for a fall.
    pub(crate) fn change(&self) -> Option<f64> {
        Some((self.new? / self.old? - 1.0) * 100.0)
    }

    /// What the engine is to take at most, whatever it took before.
    pub(crate) fn bound(&self) -> Option<f64> {
        bounds::per_unit(&self.name)
    }

    /// Whether the count is within its limit. A hot path that is new has none; one that is gone isn't held any more.
    pub(crate) fn holds(&self) -> bool {
        match (self.new, self.limit()) {
            (Some(new), Some(limit)) => new <= limit,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// Whether the bound is met, if there is one.
    pub(crate) fn met(&self) -> Option<bool> {
        Some(self.new? <= self.bound()?)
    }
}

impl Comparison {
    /// All hot paths of both.
    pub(crate) fn new(old: &PerUnit, new: &PerUnit) -> Self {
        let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        let row = |name: &String| Row {
            name: name.clone(),
            old: old.get(name).copied(),
            new: new.get(name).copied(),
        };
        Self(names.into_iter().map(row).collect())
    }

    /// Whether every count is within its limit.
    pub(crate) fn holds(&self) -> bool {
        self.0.iter().all(Row::holds)
    }

    /// Whether a count fell by more than it may rise.
    pub(crate) fn fell(&self) -> bool {
        self.0.iter().any(|row| row.new.zip(row.old).is_some_and(|(new, old)| new * TOLERATED < old))
    }

    /// Whether every bound is met.
    pub(crate) fn bounds_met(&self) -> bool {
        self.0.iter().all(|row| row.met() != Some(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(old: f64, new: f64) -> Comparison {
        let counts = |count| PerUnit::from([("w1_add".into(), count)]);
        Comparison::new(&counts(old), &counts(new))
    }

    #[test]
    fn a_rise_of_more_than_one_per_cent_is_noticed() {
        assert!(comparison(200.0, 200.0).holds());
        assert!(comparison(200.0, 202.0).holds());
        assert!(!comparison(200.0, 202.1).holds());
        assert!(!comparison(55.0, 56.1).holds(), "two per cent of what W1 may take");
    }

    #[test]
    fn a_fall_is_no_rise() {
        assert!(comparison(200.0, 20.0).holds());
        assert!(comparison(200.0, 20.0).fell());
        assert!(!comparison(200.0, 199.0).fell());
    }

    #[test]
    fn a_new_hot_path_has_no_limit() {
        let new = PerUnit::from([("new".into(), 1.0)]);
        assert!(Comparison::new(&PerUnit::new(), &new).holds());
    }

    #[test]
    fn a_hot_path_cannot_go_unnoticed() {
        let old = PerUnit::from([("old".into(), 1.0)]);
        assert!(!Comparison::new(&old, &PerUnit::new()).holds());
    }

    #[test]
    fn bounds_are_of_the_new_counts_only() {
        let met = |count| {
            let new = PerUnit::from([("w1_add_then_fire".into(), count), ("other".into(), 9_999.0)]);
            Comparison::new(&PerUnit::new(), &new).bounds_met()
        };
        assert!(met(55.0));
        assert!(!met(55.1));
    }
}
