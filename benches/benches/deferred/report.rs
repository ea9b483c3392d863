//! The tables, in Markdown, of what a run has measured.

use crate::bounds::{Against, ROWS, Row};
use crate::case::Case;
use crate::outside::{self, Answer};
use crate::rounds::{self, Ratio};
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

/// The allocator of this run.
const ALLOCATOR: &str = match (cfg!(feature = "mimalloc"), cfg!(target_env = "gnu")) {
    (true, _) => "mimalloc",
    (false, true) => "glibc's malloc",
    (false, false) => "the system's malloc",
};

/// The columns, as far as a group has them: subjects of the suite, limits, peers.
const COLUMNS: [&str; 14] = [
    "engine",
    "model",
    "lockstep",
    "arena",
    "boxed",
    "list",
    "list-walk",
    "alloc",
    "dyn",
    "naive",
    "futures",
    "tokio",
    "Twisted",
    "Node",
];

/// What was measured.
#[derive(Default)]
pub(crate) struct Report {
    cases: Vec<Measured>,
    in_turn: Vec<(&'static Row, Ratio)>,
}

/// A case, and the nanoseconds of an element by its implementations.
struct Measured {
    group: &'static str,
    name: String,
    medians: Vec<(&'static str, f64)>,
}

impl Report {
    /// Measures some implementations of a case, and the ratios of them that are asked for.
    pub(crate) fn add(&mut self, case: &mut Case, chosen: &[&'static str]) {
        let elements = case.elements as f64;
        case.implementations.retain(|(name, _)| chosen.contains(name));
        let medians =
            case.implementations.iter_mut().map(|(name, routine)| (*name, rounds::alone(routine) / elements));
        let medians = medians.collect();
        let measured = Measured { group: case.group, name: case.name.clone(), medians };
        for row in ROWS.iter().filter(|row| measured.is(row.case)) {
            let place = |of| case.implementations.iter().position(|(name, _)| *name == of);
            if let Against::InTurn(other) = row.against
                && let (Some(this), Some(other)) = (place(row.this), place(other))
                && let Ok([this, other]) = case.implementations.get_disjoint_mut([this, other])
            {
                let Ratio { this, other, ratio } = rounds::in_turn(&mut this.1, &mut other.1);
                let of_one = Ratio { this: this / elements, other: other / elements, ratio };
                self.in_turn.push((row, of_one));
            }
        }
        self.cases.push(measured);
    }

    /// Asks the peers in other languages about the same cases, and prints everything.
    pub(crate) fn print(mut self) {
        if self.cases.is_empty() {
            return;
        }
        println!("## Medians, with {ALLOCATOR}\n");
        println!("Nanoseconds of one callback, Deferred or program.");
        let names: Vec<&str> = self.cases.iter().map(|case| &*case.name).collect();
        for peer in outside::ask(&names) {
            match &peer.answer {
                Ok(answer) => {
                    println!("{}.", answer.version);
                    self.add_elsewhere(peer.name, answer);
                }
                Err(cause) => println!("{} was not measured: {cause}.", peer.name),
            }
        }
        for cases in self.cases.chunk_by(|one, next| one.group == next.group) {
            println!("\n{}", medians(cases));
        }
        let ratios = self.ratios();
        if !ratios.is_empty() {
            println!("\n## Ratios, with {ALLOCATOR}\n\n{ratios}");
        }
    }

    fn add_elsewhere(&mut self, peer: &'static str, answer: &Answer) {
        for case in &mut self.cases {
            case.medians.extend(answer.nanoseconds.get(&case.name).map(|median| (peer, *median)));
        }
    }

    fn ratios(&self) -> Table {
        let mut table = table(&["case", "measured", "ns", "against", "ns", "ratio", "bound", "met"]);
        for row in ROWS {
            if let Some(Ratio { this, other, ratio }) = self.ratio(row) {
                let (this, other) = (number(this), number(other));
                let [ratio, bound, met] = row.bound.judge(ratio);
                table.add_row([row.case, row.this, &this, row.against.name(), &other, &ratio, &bound, &met]);
            }
        }
        right(&mut table, &[2, 4, 5]);
        table
    }

    /// What a row came to, where both sides were measured.
    fn ratio(&self, row: &Row) -> Option<Ratio> {
        let case = self.cases.iter().find(|case| case.is(row.case))?;
        let other = match row.against {
            Against::InTurn(_) => {
                return self.in_turn.iter().find(|(of, _)| std::ptr::eq(*of, row)).map(|(_, ratio)| *ratio);
            }
            Against::Elsewhere(peer) => case.median(peer)?,
            Against::Nanoseconds(target) => target,
        };
        let this = case.median(row.this)?;
        Some(Ratio { this, other, ratio: this / other })
    }
}

impl Measured {
    /// Whether this is the case of an id, `group/case`.
    fn is(&self, id: &str) -> bool {
        id.split_once('/') == Some((self.group, &self.name))
    }

    fn median(&self, of: &str) -> Option<f64> {
        self.medians.iter().find(|(name, _)| *name == of).map(|(_, median)| *median)
    }
}

/// The medians of a group, an implementation a column.
fn medians(cases: &[Measured]) -> Table {
    let is_there = |name: &&str| cases.iter().any(|case| case.median(name).is_some());
    let names: Vec<&str> = COLUMNS.into_iter().filter(is_there).collect();
    let mut table = table(&[&[cases[0].group], &*names].concat());
    for case in cases {
        let medians = names.iter().map(|name| case.median(name).map_or(String::new(), number));
        table.add_row(std::iter::once(case.name.clone()).chain(medians));
    }
    right(&mut table, &(1..=names.len()).collect::<Vec<_>>());
    table
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    table
}

/// Aligns columns of numbers.
fn right(table: &mut Table, columns: &[usize]) {
    for column in columns {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// With three digits that count, where it has decimals.
fn number(number: f64) -> String {
    let decimals = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    format!("{number:.decimals$}")
}
