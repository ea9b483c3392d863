//! Stored programs, with the traces that a real Twisted gave: `tests/corpus/`.

use deferral_model::{Answer, Program};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A stored program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The program, with its name and why it is kept.
    pub program: Program,
    /// What a real Twisted said to it.
    pub trace: Answer,
}

/// A stored program, and where it stands.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1.
    pub line: usize,
    /// The program.
    pub case: Case,
}

/// Why stored programs can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The file or folder can't be read.
    #[error("{}: {cause}", file.display())]
    Read {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A line isn't a stored program.
    #[error("{}, line {line}: {cause}", file.display())]
    Parse {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        cause: String,
    },
}

/// The repository's corpus.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Every stored program below a folder, in the order of the file names.
///
/// # Errors
/// When one can't be read.
pub fn read_folder(folder: &Path) -> Result<Vec<Stored>, CorpusError> {
    let failed = |cause| CorpusError::Read { file: folder.to_owned(), cause };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() || path.extension().is_some_and(|kind| kind == "json" || kind == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    let mut stored = Vec::new();
    for file in files {
        stored.extend(if file.is_dir() { read_folder(&file)? } else { read_file(&file)? });
    }
    Ok(stored)
}

/// The stored programs of a file: `.jsonl` has one a line, `.json` is one.
///
/// # Errors
/// When the file can't be read, or one of them isn't a stored program.
pub fn read_file(file: &Path) -> Result<Vec<Stored>, CorpusError> {
    let text =
        std::fs::read_to_string(file).map_err(|cause| CorpusError::Read { file: file.to_owned(), cause })?;
    if file.extension().is_some_and(|kind| kind == "json") {
        return Ok(vec![parse(file, 1, &text)?]);
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| parse(file, at + 1, line)).collect()
}

fn parse(file: &Path, line: usize, text: &str) -> Result<Stored, CorpusError> {
    let failed = |line, cause: String| CorpusError::Parse { file: file.to_owned(), line, cause };
    let case: Case = serde_json::from_str(text)
        .map_err(|cause| failed(line - 1 + cause.line().max(1), cause.to_string()))?;
    case.program.check().map_err(|cause| failed(line, cause.to_string()))?;
    Ok(Stored { file: file.to_owned(), line, case })
}
