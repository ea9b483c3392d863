//! The conformance matrix: which clauses each subject keeps, by the stored programs that show them and the traces that
//! a real Twisted gave.

mod json;
mod markdown;
mod text;

use crate::clauses::{Clause, clauses};
use crate::corpus::{CorpusError, Stored, read_folder, root};
use crate::operation_set::OperationSet;
use crate::subject::{Reply, Subject, SubjectError};
use crate::subjects;
use deferral_model::Program;
use std::collections::{BTreeMap, BTreeSet};

/// What each subject said to the programs of all clauses.
pub struct Matrix {
    /// The subjects, in the order of the columns.
    pub subjects: Vec<Column>,
    /// The clauses, in their order.
    pub clauses: &'static [Clause],
    /// The stored programs, by name.
    pub programs: BTreeMap<String, Stored>,
}

/// What one subject said.
pub struct Column {
    /// What it is called.
    pub name: String,
    /// By the name of the program.
    pub replies: BTreeMap<String, Reply>,
}

/// How a subject keeps a clause, or several: how many programs there are of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Those that it gives the stored trace for.
    pub passes: usize,
    /// The names of those for which it says something else.
    pub differs: Vec<String>,
    /// Those that use what it lacks.
    pub lacks: usize,
}

/// Why the matrix can't be filled.
#[derive(Debug, thiserror::Error)]
pub enum MatrixError {
    /// The stored programs can't be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// A subject failed as a whole.
    #[error(transparent)]
    Subject(#[from] SubjectError),
}

impl Matrix {
    /// Asks subjects about the programs of all clauses.
    ///
    /// # Errors
    /// When the programs can't be read, or a subject failed as a whole.
    pub fn fill(asked: &mut [Box<dyn Subject>]) -> Result<Self, MatrixError> {
        let clauses = clauses();
        let stored = read_folder(&root().join("clauses"))?;
        let named = |stored: Stored| (stored.case.program.name.clone().unwrap_or_default(), stored);
        let programs: BTreeMap<String, Stored> = stored.into_iter().map(named).collect();
        let all: Vec<Program> = programs.values().map(|stored| stored.case.program.clone()).collect();
        // All of them work at the same time.
        asked.iter_mut().try_for_each(|subject| subject.submit(&all))?;
        let mut columns = Vec::new();
        for subject in asked {
            let replies = programs.keys().cloned().zip(subject.collect()?).collect();
            subject.finish()?;
            columns.push(Column { name: subject.name().to_owned(), replies });
        }
        Ok(Self { subjects: columns, clauses, programs })
    }

    /// How a subject keeps these clauses together. A program that several of them have counts once.
    #[must_use]
    pub fn cell<'c>(&self, column: &Column, clauses: impl IntoIterator<Item = &'c Clause>) -> Cell {
        let names = clauses.into_iter().flat_map(|clause| &clause.programs);
        let names: BTreeSet<&str> = names.copied().collect();
        let mut cell = Cell::default();
        for name in names {
            match &column.replies[name] {
                Reply::Lacks(_) => cell.lacks += 1,
                Reply::Answer(answer) if *answer == self.programs[name].case.trace => cell.passes += 1,
                Reply::Answer(_) | Reply::Failed(_) => cell.differs.push(name.to_owned()),
            }
        }
        cell
    }

    /// The operations that a subject lacks, as far as the programs use them.
    #[must_use]
    pub fn lacks(column: &Column) -> OperationSet {
        let mut lacks = OperationSet::default();
        for reply in column.replies.values() {
            if let Reply::Lacks(operations) = reply {
                lacks.add(*operations);
            }
        }
        lacks
    }

    /// The headings of the clauses, each with its clauses.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &[Clause])> {
        self.clauses.chunk_by(|one, next| one.group == next.group).map(|group| (group[0].group, group))
    }

    /// Whether every subject keeps all clauses that is to: an older release or a relative of Twisted may go its own
    /// ways, and that it does is what one wants to see.
    #[must_use]
    pub fn conforms(&self) -> bool {
        let to_conform = self.subjects.iter().filter(|column| !subjects::goes_its_own_ways(&column.name));
        to_conform.into_iter().all(|column| self.cell(column, self.clauses).differs.is_empty())
    }
}

impl Cell {
    /// How many programs were compared.
    #[must_use]
    pub fn compared(&self) -> usize {
        self.passes + self.differs.len()
    }

    /// As it stands in a table: how many pass of how many that were compared, and in brackets how many use what is
    /// lacking.
    #[must_use]
    pub fn shown(&self) -> String {
        match (self.compared(), self.lacks) {
            (0, _) => "lacks".to_owned(),
            (compared, 0) => format!("{}/{compared}", self.passes),
            (compared, lacks) => format!("{}/{compared} ({lacks})", self.passes),
        }
    }

    /// Whether nothing is different, and nothing is lacking.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.differs.is_empty() && self.lacks == 0
    }
}
