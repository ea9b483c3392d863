//! `conform replay`: stored programs on all subjects, side by side.

use crate::stored::{Entry, read};
use crate::{Verdict, show};
use anyhow::Result;
use clap::Args;
use deferral_conformance::check::{Judged, STORED, judge};
use deferral_conformance::report::Report;
use deferral_conformance::subject::{Reply, Subject};
use deferral_conformance::subjects::named;
use std::path::PathBuf;

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

pub(crate) fn replay(arguments: &Arguments) -> Result<Verdict> {
    let entries = read(&arguments.file)?;
    let mut subjects = subjects(&arguments.subject)?;
    let (mut programs, mut undefined, mut left_out, mut divergences) = (0, 0, 0, 0);
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
        left_out += u64::from(judged == Judged::LeftOut);
        divergences += u64::from(judged == Judged::Differs);
        if judged == Judged::Differs || !arguments.quiet {
            let replies = names.into_iter().zip(replies).collect();
            let report = Report { title: place, program, replies, lockstep: None };
            match judged {
                Judged::Differs => show::report(&report)?,
                Judged::Agrees | Judged::Undefined(_) | Judged::LeftOut => {
                    show::print(&(report.traces() + "\n"))?;
                }
            }
        }
    }
    for subject in &mut subjects {
        subject.finish()?;
    }
    let lacked = if left_out > 0 { format!("left out {left_out}, ") } else { String::new() };
    show::print(&format!("programs {programs}, undefined {undefined}, {lacked}divergences {divergences}\n"))?;
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
