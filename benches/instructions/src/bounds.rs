//! What the engine's hot paths may take at most.

use crate::counts::Growth;

/// Instructions a unit at most, by hot path.
const PER_UNIT: [(&str, f64); 5] = [
    ("w1_add_then_fire", 55.0),
    ("w1_fire", 30.0),
    ("w2_add_to_fired", 32.0),
    ("w3_waiting", 210.0),
    ("w4_one", 150.0),
];

/// So many times as much a unit at most, from a thousand units to a million.
pub(crate) const GROWTH: f64 = 1.05;

/// Instructions a unit that a hot path may take at most, if there is a bound.
pub(crate) fn per_unit(hot_path: &str) -> Option<f64> {
    PER_UNIT.iter().find(|(name, _)| *name == hot_path).map(|(_, bound)| *bound)
}

/// Whether no hot path grows by more than it may.
pub(crate) fn growth_met(growth: &[Growth]) -> bool {
    growth.iter().all(|growth| growth.factor() <= GROWTH)
}
