//! `conform enumerate`: every small program on two or more subjects.

use crate::check::jury;
use crate::{Verdict, show};
use anyhow::Result;
use clap::Args;
use deferral_conformance::check::Summary;
use deferral_conformance::enumerate::{core_alphabet, count, programs};
use std::time::Instant;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The subject to check
    #[arg(long, value_name = "SUBJECT", default_value = "engine")]
    subject: String,
    /// What to check it against; may be given several times
    #[arg(long, value_name = "SUBJECT", default_value = "model")]
    against: Vec<String>,
    /// The most operations that a program has, after the two that make its Deferreds
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=8))]
    ops: u32,
}

pub(crate) fn enumerate(arguments: &Arguments) -> Result<Verdict> {
    let alphabet = core_alphabet();
    let total = count(alphabet.len(), arguments.ops);
    let mut jury = jury(&arguments.subject, &arguments.against)?;
    let bar = show::progress(Some(total));
    let mut summary = Summary::default();
    let started = Instant::now();
    let ended = jury.check(programs(&alphabet, arguments.ops), &mut summary, |summary| {
        bar.set_position(summary.programs);
        true
    });
    bar.finish_and_clear();
    println!("every program of up to {} operations, {} letters: {total}", arguments.ops, alphabet.len());
    show::summary(&summary, None, started.elapsed());
    ended?;
    Ok(show::verdict(&summary))
}
