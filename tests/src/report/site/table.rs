//! The matrix: the clauses under their headings, each cell with a way to a program that shows it.

use super::pages;
use crate::clauses::Clause;
use crate::matrix::{Column, Matrix};
use serde::Serialize;

/// A heading, and the clauses under it.
#[derive(Serialize)]
pub(super) struct Group<'m> {
    name: &'m str,
    differs: bool,
    tally: String,
    rows: Vec<Row<'m>>,
}

#[derive(Serialize)]
struct Row<'m> {
    number: usize,
    title: &'static str,
    cells: Vec<Cell>,
    programs: &'m [&'static str],
}

#[derive(Serialize)]
struct Cell {
    /// The class of the cell.
    kind: &'static str,
    shown: String,
    /// The page of the first program that differs, or else of the first one.
    page: Option<String>,
}

/// The whole matrix.
pub(super) fn groups(matrix: &Matrix) -> Vec<Group<'_>> {
    matrix.groups().map(|(name, clauses)| group(matrix, name, clauses)).collect()
}

fn group<'m>(matrix: &'m Matrix, name: &'m str, clauses: &'m [Clause]) -> Group<'m> {
    let kept = |column: &Column| matrix.cell(column, clauses);
    let tally = matrix.subjects.iter().map(|column| format!("{} {}", column.name, kept(column).shown()));
    let row = |clause| {
        let cells = matrix.subjects.iter().map(|column| cell(matrix, column, clause)).collect();
        Row { number: clause.number, title: clause.title, cells, programs: &clause.programs }
    };
    Group {
        name,
        differs: matrix.subjects.iter().any(|column| !kept(column).differs.is_empty()),
        tally: tally.collect::<Vec<_>>().join(" · "),
        rows: clauses.iter().map(row).collect(),
    }
}

fn cell(matrix: &Matrix, column: &Column, clause: &Clause) -> Cell {
    let cell = matrix.cell(column, [clause]);
    let kind = match (cell.differs.is_empty(), cell.compared()) {
        (false, _) => "differs",
        (true, 0) => "lacks",
        (true, _) => "passes",
    };
    let page =
        cell.differs.first().map(String::as_str).or(clause.programs.first().copied()).map(pages::of_program);
    Cell { kind, shown: cell.shown(), page }
}
