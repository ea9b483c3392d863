//! The matrix as the tables of `tests/MATRIX.md`: by the headings of the clauses, and each clause that not everybody
//! keeps.

use super::{Cell, Matrix};
use std::fmt;
use std::fmt::Write as _;

impl Matrix {
    /// As Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        // Writing to a text can't fail.
        let _ = self.write_groups(&mut text);
        let _ = self.write_clauses(&mut text);
        text
    }

    fn write_head(&self, text: &mut String, first: &str) -> fmt::Result {
        write!(text, "| {first} |")?;
        self.subjects.iter().try_for_each(|column| write!(text, " {} |", column.name))?;
        write!(text, "\n|---|")?;
        self.subjects.iter().try_for_each(|_| write!(text, "---|"))?;
        writeln!(text)
    }

    fn write_groups(&self, text: &mut String) -> fmt::Result {
        self.write_head(text, "clauses")?;
        let all = std::iter::once(("all", self.clauses));
        for (group, clauses) in self.groups().chain(all) {
            let cells = self.subjects.iter().map(|column| self.cell(column, clauses).shown());
            writeln!(text, "| {group} | {} |", cells.collect::<Vec<_>>().join(" | "))?;
        }
        write!(text, "| operations that it lacks |")?;
        for column in &self.subjects {
            write!(text, " {} |", Self::lacks(column))?;
        }
        writeln!(text, "\n")
    }

    fn write_clauses(&self, text: &mut String) -> fmt::Result {
        let row = |clause| -> Vec<Cell> { self.subjects.iter().map(|it| self.cell(it, [clause])).collect() };
        let rows = self.clauses.iter().map(|clause| (clause, row(clause)));
        // A clause that somebody only lacks something for tells nothing that the list above doesn't.
        let differing = |cells: &[Cell]| cells.iter().any(|cell| !cell.differs.is_empty());
        let rows: Vec<_> = rows.filter(|(_, cells)| differing(cells)).collect();
        let kept = self.clauses.len() - rows.len();
        writeln!(text, "{kept} clauses are kept by all that have the operations. The others:\n")?;
        self.write_head(text, "clause")?;
        for (clause, cells) in rows {
            let shown: Vec<_> = cells.iter().map(Cell::shown).collect();
            writeln!(text, "| DC-{} {} | {} |", clause.number, clause.title, shown.join(" | "))?;
        }
        Ok(())
    }
}
