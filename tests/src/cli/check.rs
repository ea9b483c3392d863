//! `conform check`: random programs on two or more subjects.

use crate::enumerate::Shard;
use crate::{Verdict, interrupt, show};
use anyhow::{Result, bail};
use clap::Args;
use deferral_conformance::check::{Jury, Summary};
use deferral_conformance::generate::{LONG_EVERY, Operations, stream};
use deferral_conformance::matrix::Matrix;
use deferral_conformance::report::site::{Run, Site};
use deferral_conformance::subjects::named;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The subject to check
    #[arg(long, value_name = "SUBJECT", default_value = "engine")]
    subject: String,
    /// What to check it against; may be given several times
    #[arg(long, value_name = "SUBJECT", default_value = "model")]
    against: Vec<String>,
    /// How many programs to run
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    cases: u64,
    /// Run for this long instead of for a number of programs
    #[arg(long, value_name = "SECONDS")]
    time: Option<u64>,
    /// The seed of the random programs; a random one where none is given
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Only part I of K of the programs of a seed: each K-th, so that all parts are what one run would be
    #[arg(long, value_name = "I/K", requires = "seed")]
    shard: Option<Shard>,
    /// The most operations that a program has, those inside scripts and long programs not counted
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    max_ops: u32,
    /// One program of so many is a long one, of hundreds of operations; 0 for none
    #[arg(long, value_name = "N", default_value_t = LONG_EVERY)]
    long_every: u64,
    /// Write a report of the run to this folder, as a site: begin with its index.html
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Only operations of the core: no lists, races, timeouts, coroutines, locks, semaphores, queues
    #[arg(long)]
    core: bool,
}

pub(crate) fn check(arguments: &Arguments) -> Result<Verdict> {
    let seed = arguments.seed.unwrap_or_else(|| {
        let seed = random_seed();
        // Known before anything can go wrong, as the progress bar is: to people.
        if std::io::stderr().is_terminal() {
            eprintln!("conform: the seed is {seed}");
        }
        seed
    });
    let site = arguments.report.as_deref().map(Site::at).transpose()?;
    let jury = jury(&arguments.subject, &arguments.against)?;
    let operations = if arguments.core { Operations::Core } else { Operations::All };
    let programs = stream(seed, operations, arguments.max_ops, arguments.long_every);
    let started = Instant::now();
    let time = arguments.time.map(Duration::from_secs);
    let cases = if time.is_some() { u64::MAX } else { arguments.cases };

    let shard = arguments.shard.unwrap_or(Shard { part: 1, of: 1 });
    let programs = programs.take(usize::try_from(cases)?);
    let programs = programs.skip(usize::try_from(shard.part - 1)?).step_by(usize::try_from(shard.of)?);

    let share = (cases.saturating_sub(shard.part - 1)).div_ceil(shard.of);
    let bar = show::progress(time.is_none().then_some(share));
    let mut jury = jury.shrinking_while(show::shrinking(&bar));
    let mut summary = Summary::default();
    interrupt::note()?;
    let ended = jury.check(programs, &mut summary, |summary| {
        bar.set_message("");
        bar.set_position(summary.programs);
        !interrupt::came() && time.is_none_or(|time| started.elapsed() < time)
    });
    bar.finish_and_clear();
    let took = started.elapsed();
    show::summary(&summary, Some(seed), took)?;
    ended?;
    if let Some(site) = site {
        report(&site, arguments, seed, took, &summary)?;
    }
    interrupt::check(&summary)?;
    show::verdict(&summary)
}

/// Writes the report of a run, with the matrix of its subjects, which are asked for that anew.
fn report(site: &Site, arguments: &Arguments, seed: u64, took: Duration, summary: &Summary) -> Result<()> {
    let subjects = [std::slice::from_ref(&arguments.subject), &arguments.against].concat();
    let mut asked = subjects.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?;
    let matrix = Matrix::fill(&mut asked)?;
    let index = site.write(&Run { subjects: &subjects, seed, took, summary, matrix: &matrix })?;
    show::print(&format!("report        {}\n", index.display()))
}

/// The subjects of a comparison.
pub(crate) fn jury(subject: &str, against: &[String]) -> Result<Jury> {
    let names: Vec<&str> = std::iter::once(subject).chain(against.iter().map(String::as_str)).collect();
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            bail!("the subject `{name}` is given twice: there is nothing to compare");
        }
    }
    let names = names.into_iter();
    Ok(Jury::new(names.map(named).collect::<Result<_, _>>()?))
}

fn random_seed() -> u64 {
    // The standard library's hasher is keyed at random.
    std::hash::BuildHasher::hash_one(&std::collections::hash_map::RandomState::new(), 0) >> 32
}
