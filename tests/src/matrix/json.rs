//! The matrix as JSON, for other programs: every subject, every clause, and what differs with its trace.

use super::{Column, Matrix};
use crate::subject::Reply;
use serde_json::{Value as Json, json};

impl Matrix {
    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Json {
        let subjects = self.subjects.iter().map(|column| {
            let cell = self.cell(column, self.clauses);
            json!({
                "name": column.name,
                "passes": cell.passes,
                "differs": cell.differs.len(),
                "left_out": cell.lacks,
                "lacks": Self::lacks(column),
            })
        });
        let clauses = self.clauses.iter().map(|clause| {
            let cells = self.subjects.iter().map(|column| {
                let cell = self.cell(column, [clause]);
                json!({ "passes": cell.passes, "differs": cell.differs, "left_out": cell.lacks })
            });
            json!({
                "clause": format!("DC-{}", clause.number),
                "title": clause.title,
                "group": clause.group,
                "programs": clause.programs,
                "cells": cells.collect::<Vec<_>>(),
            })
        });
        let differences = self.subjects.iter().flat_map(|column| self.differences(column));
        json!({
            "subjects": subjects.collect::<Vec<_>>(),
            "clauses": clauses.collect::<Vec<_>>(),
            "differences": differences.collect::<Vec<_>>(),
        })
    }

    fn differences(&self, column: &Column) -> Vec<Json> {
        let differs = self.cell(column, self.clauses).differs;
        let difference = |program: String| {
            let said = match &column.replies[&program] {
                Reply::Answer(answer) => json!(answer),
                Reply::Failed(failure) => json!({ "failed": failure.to_string() }),
                Reply::Lacks(operations) => json!({ "lacks": operations }),
            };
            let expected = &self.programs[&program].case.trace;
            json!({ "subject": column.name, "program": program, "said": said, "expected": expected })
        };
        differs.into_iter().map(difference).collect()
    }
}
