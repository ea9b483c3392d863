//! `conform run`: the wire protocol, with any subject behind it.

use crate::Verdict;
use anyhow::{Context, Result, bail};
use clap::Args;
use deferral_conformance::subject::{Lacks, Reply, Subject};
use deferral_conformance::subjects::named;
use deferral_model::Program;
use serde::Serialize;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

/// How many programs are answered at a time, where so many are there already.
const BATCH: usize = 256;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The subject that answers
    #[arg(long, value_name = "SUBJECT", default_value = "engine")]
    subject: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Verdict> {
    let mut subject = named(&arguments.subject)?;
    let mut input = Input::new(io::stdin());
    let mut output = BufWriter::new(io::stdout().lock());
    loop {
        let mut batch = Vec::new();
        let ended = input.batch(&mut batch);
        let answered = answer(subject.as_mut(), &batch, &mut output);
        match (output.flush(), answered) {
            // Whoever read the traces wants no more of them.
            (Err(error), _) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Verdict::Conforms),
            (flushed, answered) => {
                answered?;
                flushed.context("standard output")?;
            }
        }
        if ended? {
            subject.finish()?;
            return Ok(Verdict::Conforms);
        }
    }
}

/// Writes the answers to programs, as far as there are any.
fn answer(subject: &mut dyn Subject, batch: &[(usize, Program)], output: &mut impl Write) -> Result<()> {
    let programs: Vec<Program> = batch.iter().map(|(_, program)| program.clone()).collect();
    if programs.is_empty() {
        return Ok(());
    }
    subject.submit(&programs)?;
    for ((line, _), reply) in batch.iter().zip(subject.collect()?) {
        match reply {
            Reply::Answer(answer) => write_line(output, &answer)?,
            Reply::Lacks(lacks) => write_line(output, &Lacks { lacks })?,
            Reply::Failed(failure) => {
                bail!("standard input, line {line}: the subject `{}` failed on it: {failure}", subject.name())
            }
        }
    }
    Ok(())
}

fn write_line(output: &mut impl Write, answer: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *output, answer)?;
    Ok(output.write_all(b"\n")?)
}

/// Programs, read line by line.
struct Input<R: Read> {
    from: BufReader<R>,
    line: usize,
}

impl<R: Read> Input<R> {
    fn new(from: R) -> Self {
        Self { from: BufReader::with_capacity(1 << 16, from), line: 0 }
    }

    /// Reads one program, waiting for it, and with it those that are there already. Whether that was the end.
    fn batch(&mut self, batch: &mut Vec<(usize, Program)>) -> Result<bool> {
        while batch.len() < BATCH {
            let mut text = String::new();
            if self
                .from
                .read_line(&mut text)
                .with_context(|| format!("standard input, line {}", self.line + 1))?
                == 0
            {
                return Ok(true);
            }
            self.line += 1;
            let line = self.line;
            if !text.trim().is_empty() {
                let program =
                    Program::from_json(&text).with_context(|| format!("standard input, line {line}"))?;
                batch.push((line, program));
            }
            // A whole line more is there without waiting for it, or the batch ends here.
            if !batch.is_empty() && !self.from.buffer().contains(&b'\n') {
                break;
            }
        }
        Ok(false)
    }
}
