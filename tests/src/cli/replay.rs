//! `conform replay`: stored programs on all subjects, side by side.

use crate::{Verdict, show};
use anyhow::{Context, Result};
use clap::Args;
use deferral_conformance::check::{Judged, STORED, judge};
use deferral_conformance::corpus::{Case, read_folder};
use deferral_conformance::report::text::side_by_side;
use deferral_conformance::subject::{Reply, Subject};
use deferral_conformance::subjects::named;
use deferral_model::{Answer, Program};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(crate) struct Arguments {
    /// A file of stored programs: one a line, or one in a file that ends in .json; either bare, or with the
    /// trace that a real Twisted gave. Or a folder of files with traces
    file: PathBuf,
    /// The subjects to run them on; may be given several times. Without any: model, engine, and twisted where
    /// that can be started
    #[arg(long, value_name = "SUBJECT")]
    subject: Vec<String>,
    /// Show only programs on which subjects differ
    #[arg(long)]
    quiet: bool,
}

/// A program, where it stands, and the trace that is stored with it.
pub(crate) struct Entry {
    place: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) program: Program,
    pub(crate) stored: Option<Answer>,
}

pub(crate) fn replay(arguments: &Arguments) -> Result<Verdict> {
    let entries = read(&arguments.file)?;
    let mut subjects = subjects(&arguments.subject)?;
    let (mut programs, mut undefined, mut divergences) = (0, 0, 0);
    for Entry { place, program, stored, .. } in entries {
        let (mut names, mut replies) = (Vec::new(), Vec::new());
        for subject in &mut subjects {
            replies.push(subject.ask(&program)?);
            names.push(subject.name().to_owned());
        }
        if let Some(trace) = stored {
            replies.push(Reply::Answer(trace));
            names.push(STORED.to_owned());
        }
        let judged = judge(&names, &replies);
        programs += 1;
        undefined += u64::from(matches!(judged, Judged::Undefined(_)));
        divergences += u64::from(judged == Judged::Differs);
        if judged == Judged::Differs || !arguments.quiet {
            let columns: Vec<_> = names.iter().map(String::as_str).zip(&replies).collect();
            show::print(&format!("{place}\n{}\n", side_by_side(&program, &columns)))?;
        }
    }
    for subject in &mut subjects {
        subject.finish()?;
    }
    show::print(&format!("programs {programs}, undefined {undefined}, divergences {divergences}\n"))?;
    Ok(if divergences == 0 { Verdict::Conforms } else { Verdict::Diverges })
}

fn subjects(asked: &[String]) -> Result<Vec<Box<dyn Subject>>> {
    if !asked.is_empty() {
        return Ok(asked.iter().map(|name| named(name)).collect::<Result<_, _>>()?);
    }
    let mut subjects = vec![named("model")?, named("engine")?];
    match named("twisted") {
        Ok(twisted) => subjects.push(twisted),
        Err(error) => eprintln!("conform: going on without twisted: {error}"),
    }
    Ok(subjects)
}

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
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let single = file.extension().is_some_and(|kind| kind == "json");
    let lines: Vec<(usize, &str)> =
        if single { vec![(0, text.as_str())] } else { text.lines().enumerate().collect() };
    let lines = lines.into_iter().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| entry(file, at + 1, line)).collect()
}

fn entry(file: &Path, line: usize, text: &str) -> Result<Entry> {
    let place = format!("{}, line {line}", file.display());
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
