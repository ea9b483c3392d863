//! The matrix as text: a table by the headings of the clauses, then what differs.

use super::{Column, Matrix};
use std::fmt;
use std::fmt::Write as _;

/// The width of the first column.
const HEADING: usize = 36;

impl Matrix {
    /// As text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text can't fail.
        let _ = self.write_table(&mut text);
        for column in &self.subjects {
            let _ = self.write_differences(&mut text, column);
        }
        text
    }

    fn write_table(&self, text: &mut String) -> fmt::Result {
        let widths: Vec<usize> = self.subjects.iter().map(|column| column.name.len().clamp(10, 24)).collect();
        write!(text, "{:HEADING$}", "programs that pass / compared (lacking)")?;
        for (column, &width) in self.subjects.iter().zip(&widths) {
            let name: String = column.name.chars().take(width).collect();
            write!(text, "  {name:>width$}")?;
        }
        writeln!(text)?;
        let all = std::iter::once(("all clauses", self.clauses));
        for (group, clauses) in self.groups().chain(all) {
            write!(text, "{group:HEADING$}")?;
            for (column, &width) in self.subjects.iter().zip(&widths) {
                write!(text, "  {:>width$}", self.cell(column, clauses).shown())?;
            }
            writeln!(text)?;
        }
        Ok(())
    }

    fn write_differences(&self, text: &mut String, column: &Column) -> fmt::Result {
        let lacks = Self::lacks(column);
        if !lacks.is_empty() {
            writeln!(text, "\n{} lacks {lacks}", column.name)?;
        }
        let differing = self.clauses.iter().map(|clause| (clause, self.cell(column, [clause])));
        let differing: Vec<_> = differing.filter(|(_, cell)| !cell.differs.is_empty()).collect();
        if differing.is_empty() {
            return Ok(());
        }
        writeln!(
            text,
            "\n{} differs in {} of {} clauses:",
            column.name,
            differing.len(),
            self.clauses.len()
        )?;
        for (clause, cell) in differing {
            let (number, title, differs) = (clause.number, clause.title, cell.differs.len());
            writeln!(
                text,
                "  DC-{number} {title}: {differs} of {}, first in {}",
                cell.compared(),
                cell.differs[0]
            )?;
        }
        Ok(())
    }
}
