//! `conform enumerate`: every small program on two or more subjects.

use crate::check::jury;
use crate::{Verdict, show};
use anyhow::Result;
use clap::{Args, ValueEnum};
use deferral_conformance::check::Summary;
use deferral_conformance::enumerate::{core, count, family, programs};
use std::time::Instant;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The subject to check
    #[arg(long, value_name = "SUBJECT", default_value = "engine")]
    subject: String,
    /// What to check it against; may be given several times
    #[arg(long, value_name = "SUBJECT", default_value = "model")]
    against: Vec<String>,
    /// What the programs are made of
    #[arg(long, value_enum, default_value_t = Alphabet::Core)]
    alphabet: Alphabet,
    /// The most operations that a program has, after those that make what it works on
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=8))]
    ops: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum Alphabet {
    /// Callbacks, firing, cancelling, pausing, chaining
    Core,
    /// Lists, races, timeouts, coroutines, a lock and a queue
    Family,
}

pub(crate) fn enumerate(arguments: &Arguments) -> Result<Verdict> {
    let alphabet = match arguments.alphabet {
        Alphabet::Core => core(),
        Alphabet::Family => family(),
    };
    let letters = alphabet.letters.len();
    let total = count(letters, arguments.ops);
    let mut jury = jury(&arguments.subject, &arguments.against)?;
    let bar = show::progress(Some(total));
    let mut summary = Summary::default();
    let started = Instant::now();
    let ended = jury.check(programs(&alphabet, arguments.ops), &mut summary, |summary| {
        bar.set_position(summary.programs);
        true
    });
    bar.finish_and_clear();
    show::print(&format!(
        "every program of up to {} operations, {letters} letters: {total}\n",
        arguments.ops
    ))?;
    show::summary(&summary, None, started.elapsed())?;
    ended?;
    show::verdict(&summary)
}
