//! `conform timeline`: a stored program as a page that is stepped through.

use crate::{Verdict, show, stored};
use anyhow::{Context, Result, bail};
use clap::Args;
use deferral_conformance::check::{Judged, STORED, judge};
use deferral_conformance::report::html::{Account, timeline_of};
use deferral_conformance::subject::Reply;
use deferral_conformance::subjects::named;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Arguments {
    /// A file with a stored program, as `conform replay` reads it
    file: PathBuf,
    /// The line of the program, where the file has several
    #[arg(long)]
    line: Option<usize>,
    /// The subjects to run it on; may be given several times. Without any: model and engine, and the trace that is
    /// stored with it
    #[arg(long, value_name = "SUBJECT")]
    subject: Vec<String>,
    /// The file to write the page to, rather than standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn timeline(arguments: &Arguments) -> Result<Verdict> {
    let mut entries = stored::read(&arguments.file)?;
    if let Some(line) = arguments.line {
        entries.retain(|entry| entry.line == line);
    }
    let file = arguments.file.display();
    let entry = match entries.len() {
        0 => bail!("{file}: there is no program"),
        1 => entries.remove(0),
        many => bail!("{file}: there are {many} programs; say by --line which one"),
    };
    let names = match arguments.subject.as_slice() {
        [] => vec!["model".to_owned(), "engine".to_owned()],
        asked => asked.to_vec(),
    };
    let mut accounts = Vec::new();
    for name in names {
        let mut subject = named(&name)?;
        accounts.push(Account::ask(subject.as_mut(), &entry.program)?);
        subject.finish()?;
    }
    if let Some(trace) = entry.stored.filter(|_| arguments.subject.is_empty()) {
        accounts.push(Account::of_reply(STORED, &Reply::Answer(trace)));
    }
    let page = timeline_of(&entry.program, &accounts);
    match &arguments.out {
        Some(out) => std::fs::write(out, page).with_context(|| out.display().to_string())?,
        None => show::print(&page)?,
    }
    let (names, replies): (Vec<_>, Vec<_>) =
        accounts.into_iter().map(|account| (account.name, account.reply)).unzip();
    Ok(if judge(&names, &replies) == Judged::Differs { Verdict::Diverges } else { Verdict::Conforms })
}
