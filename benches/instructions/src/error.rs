//! Why it could not be found out whether the engine got slower.

use crate::machine::Machine;
use std::path::PathBuf;
use thiserror::Error;

/// Why it could not be found out whether the engine got slower.
#[derive(Debug, Error)]
pub(crate) enum GateError {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{} is not what was expected: {source}", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("{} has no counts", path.display())]
    Empty { path: PathBuf },
    #[error("{bench} has no count of instructions")]
    NoCount { bench: String },
    #[error("{bench} doesn't say its size: its id should be n1000 or the like")]
    NoSize { bench: String },
    #[error("{0} was counted at one size, and takes two")]
    OneSize(String),
    #[error("no counts are recorded for {0}")]
    NotRecorded(Machine),
    #[error("{command} doesn't answer: {source}")]
    NoAnswer { command: &'static str, source: std::io::Error },
    #[error("the processor is unknown: {0}")]
    NoProcessor(#[from] procfs::ProcError),
}
