//! `conform matrix`: which clauses each subject keeps.

use crate::{Verdict, show};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use deferral_conformance::matrix::Matrix;
use deferral_conformance::subjects::{named, twisted};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The subjects; may be given several times. Without any: model, engine, twisted, older releases of Twisted, and
    /// goog (goog.async.Deferred)
    #[arg(long, value_name = "SUBJECT")]
    subject: Vec<String>,
    /// How the matrix is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A table by the headings of the clauses, and what differs
    Text,
    /// Every clause, and every trace that differs
    Json,
    /// The tables of tests/MATRIX.md
    Markdown,
}

pub(crate) fn matrix(arguments: &Arguments) -> Result<Verdict> {
    let older = twisted::RELEASES.iter().map(|release| format!("twisted-{release}"));
    let everybody = ["model", "engine", "twisted"].map(str::to_owned).into_iter().chain(older);
    let everybody = everybody.chain(["goog".to_owned()]);
    let asked: Vec<String> =
        if arguments.subject.is_empty() { everybody.collect() } else { arguments.subject.clone() };
    let mut subjects = asked.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?;
    let matrix = Matrix::fill(&mut subjects)?;
    for column in &matrix.subjects {
        if matrix.cell(column, matrix.clauses).compared() == 0 {
            bail!("nothing was compared: the subject `{}` lacks what every program uses", column.name);
        }
    }
    show::print(&match arguments.format {
        Format::Text => matrix.text(),
        Format::Json => serde_json::to_string_pretty(&matrix.json())? + "\n",
        Format::Markdown => matrix.markdown(),
    })?;
    Ok(if matrix.conforms() { Verdict::Conforms } else { Verdict::Diverges })
}
