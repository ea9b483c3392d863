//! `conform replay`: stored programs on all subjects, side by side.

use crate::Verdict;
use anyhow::{Context, Result, bail};
use clap::Args;
use deferral_conformance::corpus::Case;
use deferral_conformance::report::text::side_by_side;
use deferral_conformance::subject::{Reply, Subject};
use deferral_conformance::subjects::named;
use deferral_model::{Answer, Program};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Arguments {
    /// A file of stored programs: one a line, or one in a file that ends in .json; either bare, or with the
    /// trace that a real Twisted gave
    file: PathBuf,
    /// The subjects to run them on; may be given several times. Without any: model, engine, and twisted where
    /// that can be started
    #[arg(long, value_name = "SUBJECT")]
    subject: Vec<String>,
}

/// A program, and the trace that is stored with it.
struct Entry {
    line: usize,
    program: Program,
    stored: Option<Answer>,
}

pub(crate) fn replay(arguments: &Arguments) -> Result<Verdict> {
    let entries = read(&arguments.file)?;
    let mut subjects = subjects(&arguments.subject)?;
    let mut verdict = Verdict::Conforms;
    for entry in entries {
        let mut replies = Vec::new();
        for subject in &mut subjects {
            if let Some(operation) = subject.lacks(&entry.program) {
                bail!(
                    "{}, line {}: the subject `{}` doesn't have the operation `{operation}` yet",
                    arguments.file.display(),
                    entry.line,
                    subject.name()
                );
            }
            let reply = subject.ask(&entry.program)?;
            replies.push((subject.name().to_owned(), reply));
        }
        replies.extend(entry.stored.map(|trace| ("stored".to_owned(), Reply::Answer(trace))));
        let columns: Vec<_> = replies.iter().map(|(name, reply)| (name.as_str(), reply)).collect();
        println!("{}, line {}", arguments.file.display(), entry.line);
        println!("{}", side_by_side(&entry.program, &columns));
        let undefined = |reply: &Reply| matches!(reply, Reply::Answer(Answer::Undefined { .. }));
        let differ = replies.windows(2).any(|pair| pair[0].1 != pair[1].1);
        if differ && !replies.iter().any(|(_, reply)| undefined(reply)) {
            verdict = Verdict::Diverges;
        }
    }
    Ok(verdict)
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

fn read(file: &PathBuf) -> Result<Vec<Entry>> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let single = file.extension().is_some_and(|kind| kind == "json");
    let lines: Vec<(usize, &str)> =
        if single { vec![(0, text.as_str())] } else { text.lines().enumerate().collect() };
    let lines = lines.into_iter().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| entry(at + 1, line).with_context(|| format!("{}, line {}", file.display(), at + 1)))
        .collect()
}

fn entry(line: usize, text: &str) -> Result<Entry> {
    // A stored program has the key `trace`; anything else is to be a bare program, with that reader's message.
    let keys: serde_json::Value = serde_json::from_str(text).context("not JSON")?;
    if keys.get("trace").is_some() {
        let Case { program, trace } = serde_json::from_str(text)?;
        program.check()?;
        return Ok(Entry { line, program, stored: Some(trace) });
    }
    Ok(Entry { line, program: Program::from_json(text)?, stored: None })
}
