//! The programs that `replay`, `show` and `promote` are given: bare, or with the trace that is stored with them.

use anyhow::{Context, Result};
use deferral_conformance::corpus::{Case, read_folder};
use deferral_model::{Answer, Program};
use std::path::Path;

/// A program, where it stands, and the trace that is stored with it.
pub(crate) struct Entry {
    pub(crate) place: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) program: Program,
    pub(crate) stored: Option<Answer>,
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
