//! The programs that `replay`, `show` and `promote` are given: bare, or with the trace that is stored with them.

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use deferral_conformance::corpus::{Case, read_folder};
use deferral_conformance::encoded::{MOST, decode};
use deferral_conformance::generate::Operations;
use deferral_model::{Answer, Program};
use std::path::{Path, PathBuf};

/// A program, where it stands, and the trace that is stored with it.
pub(crate) struct Entry {
    pub(crate) place: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) program: Program,
    pub(crate) stored: Option<Answer>,
}

/// A fuzz target that takes encoded programs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// Those of the core
    Lockstep,
    /// Those of all operations
    Family,
}

/// Whether files are a fuzzer's.
#[derive(Args)]
pub(crate) struct Encoded {
    /// The file, or each of the folder, is a fuzzer's input, as this target reads it
    #[arg(
        long,
        value_enum,
        value_name = "TARGET",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "family"
    )]
    pub(crate) encoded: Option<Target>,
}

impl Target {
    /// What bytes are to this target.
    pub(crate) fn decode(self, bytes: &[u8]) -> Program {
        let operations = match self {
            Self::Lockstep => Operations::Core,
            Self::Family => Operations::All,
        };
        decode(bytes, operations, MOST)
    }
}

/// The programs of a file or folder as a fuzz target has them, if one is given; else as [`read`] does.
pub(crate) fn read_as(file: &Path, encoded: Option<Target>) -> Result<Vec<Entry>> {
    let Some(target) = encoded else { return read(file) };
    let mut files = vec![file.to_owned()];
    if file.is_dir() {
        let place = || file.display().to_string();
        let listed: std::io::Result<Vec<PathBuf>> =
            std::fs::read_dir(file).with_context(place)?.map(|entry| Ok(entry?.path())).collect();
        files = listed.with_context(place)?;
        files.sort();
        if files.is_empty() {
            bail!("{}: no file is in it", file.display());
        }
    }
    let entry = |file: PathBuf| {
        let place = file.display().to_string();
        let bytes = std::fs::read(&file).with_context(|| place.clone())?;
        Ok(Entry { place, line: 1, program: target.decode(&bytes), stored: None })
    };
    files.into_iter().map(entry).collect()
}

/// The programs of a file, of a folder of files, or of standard input (`-`).
pub(crate) fn read(file: &Path) -> Result<Vec<Entry>> {
    if file.is_dir() {
        let stored = read_folder(file)?.into_iter().map(|stored| Entry {
            place: format!("{}, line {}", stored.file.display(), stored.line),
            line: stored.line,
            program: stored.case.program,
            stored: Some(stored.case.trace),
        });
        return Ok(stored.collect());
    }
    let (name, text) = if file == Path::new("-") {
        ("standard input".to_owned(), std::io::read_to_string(std::io::stdin()))
    } else {
        (file.display().to_string(), std::fs::read_to_string(file))
    };
    let text = text.with_context(|| name.clone())?;
    let single = file.extension().is_some_and(|kind| kind == "json");
    let lines: Vec<(usize, &str)> =
        if single { vec![(0, text.as_str())] } else { text.lines().enumerate().collect() };
    let lines = lines.into_iter().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| entry(&name, at + 1, line)).collect()
}

fn entry(name: &str, line: usize, text: &str) -> Result<Entry> {
    let place = format!("{name}, line {line}");
    // A stored program has the key `trace`; anything else is to be a bare program, with that reader's message.
    let read = || -> Result<(Program, Option<Answer>)> {
        let keys: serde_json::Value = serde_json::from_str(text).context("not JSON")?;
        if keys.get("trace").is_some() {
            let Case { program, trace } = serde_json::from_str(text)?;
            program.check()?;
            return Ok((program, Some(trace)));
        }
        Ok((Program::from_json(text)?, None))
    };
    let (program, stored) = read().with_context(|| place.clone())?;
    Ok(Entry { place, line, program, stored })
}
