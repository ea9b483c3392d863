//! The heat map: how often each operation met each state.

use deferral_model::Coverage;
use deferral_model::coverage::Stage;
use deferral_model::program::OPERATIONS;
use serde::Serialize;

/// An operation.
#[derive(Serialize)]
pub(super) struct Row {
    operation: &'static str,
    cells: Vec<Cell>,
}

/// An operation in one state.
#[derive(Serialize)]
pub(super) struct Cell {
    operation: &'static str,
    /// The class of the cell.
    kind: &'static str,
    /// Of 100, by the logarithm of how often it was met.
    heat: u32,
    shown: String,
}

/// The states, each a column.
pub(super) fn stages() -> Vec<&'static str> {
    Stage::ALL[1..].iter().map(|stage| stage.name()).collect()
}

/// The operations that work on one Deferred, by its state.
pub(super) fn on_one(coverage: &Coverage) -> Vec<Row> {
    let cells = |operation| Stage::ALL[1..].iter().map(|stage| cell(coverage, operation, *stage)).collect();
    let names = OPERATIONS.into_iter().filter(|operation| works_on_one(operation));
    names.map(|operation| Row { operation, cells: cells(operation) }).collect()
}

/// The others.
pub(super) fn others(coverage: &Coverage) -> Vec<Cell> {
    let names = OPERATIONS.into_iter().filter(|operation| !works_on_one(operation));
    names.map(|operation| cell(coverage, operation, Stage::None)).collect()
}

fn works_on_one(operation: &str) -> bool {
    Coverage::reachable(operation, Stage::Unfired, false)
}

fn cell(coverage: &Coverage, operation: &'static str, stage: Stage) -> Cell {
    let place = |nested: bool| {
        let reachable = Coverage::reachable(operation, stage, nested);
        reachable.then(|| coverage.met(operation, stage, nested))
    };
    let places = [place(false), place(true)];
    let met: u64 = places.iter().flatten().sum();
    let highest = (coverage.total().max(2) as f64).ln();
    let heat = (((met + 1) as f64).ln() / highest * 100.0).min(100.0) as u32;
    Cell {
        operation,
        kind: if places.contains(&Some(0)) { "heat never" } else { "heat" },
        heat,
        shown: places.map(|met| met.map_or_else(|| "–".to_owned(), |met| met.to_string())).join(" + "),
    }
}
