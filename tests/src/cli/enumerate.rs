//! `conform enumerate`: every small program on two or more subjects.

use crate::check::jury;
use crate::{Verdict, interrupt, show};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use deferral_conformance::check::{ENOUGH, Jury, Summary};
use deferral_conformance::digest::Digest;
use deferral_conformance::enumerate::{Enumeration, InLockstep, core, family};
use deferral_conformance::lockstep;
use indicatif::ProgressBar;
use std::fmt::Write;
use std::ops::Range;
use std::str::FromStr;
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
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=8))]
    ops: u8,
    /// Only part I of K parts of the same size
    #[arg(long, value_name = "I/K", default_value = "1/1")]
    shard: Shard,
    /// Begin with the program of this number, where an interrupted run ended
    #[arg(long, value_name = "N")]
    from: Option<u64>,
    /// The digest so far, of the programs before those; the sum of all parts is the digest of the whole
    #[arg(long, value_name = "HEX", default_value_t)]
    digest: Digest,
}

#[derive(Clone, Copy, ValueEnum)]
enum Alphabet {
    /// Callbacks, firing, cancelling, pausing, chaining
    Core,
    /// Lists, races, timeouts, coroutines, a lock and a queue
    Family,
}

/// Part `part` of `of`, from 1.
#[derive(Clone, Copy)]
pub(crate) struct Shard {
    pub(crate) part: u64,
    pub(crate) of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').map(|(part, of)| (part.parse::<u64>(), of.parse::<u64>()));
        match parts {
            Some((Ok(part), Ok(of))) if (1..=of).contains(&part) => Ok(Self { part, of }),
            _ => Err("a part is written 2/5, with a number from 1 to 5".to_owned()),
        }
    }
}

pub(crate) fn enumerate(arguments: &Arguments) -> Result<Verdict> {
    let alphabet = match arguments.alphabet {
        Alphabet::Core => core(),
        Alphabet::Family => family(),
    };
    let all = Enumeration::new(&alphabet, usize::from(arguments.ops));
    let mut numbers = all.shard(arguments.shard.part, arguments.shard.of);
    if let Some(from) = arguments.from {
        if !numbers.contains(&from) {
            bail!("program {from} isn't among these, which are {} to {}", numbers.start, numbers.end - 1);
        }
        numbers.start = from;
    }
    interrupt::note()?;
    let bar = show::progress(Some(numbers.end - numbers.start));
    let mut jury = jury(&arguments.subject, &arguments.against)?.shrinking_while(show::shrinking(&bar));
    let mut summary = Summary { first: numbers.start, ..Summary::default() };
    let started = Instant::now();
    let ended = if jury.in_lockstep_alone() {
        in_lockstep(&all, numbers.clone(), &mut jury, &mut summary, &bar)
    } else {
        let programs = numbers.clone().map(|number| all.program(number));
        let ended = jury.check(programs, &mut summary, |summary| {
            bar.set_position(summary.programs);
            !interrupt::came()
        });
        ended.map_err(anyhow::Error::from)
    };
    bar.finish_and_clear();
    let (ops, letters) = (arguments.ops, alphabet.letters.len());
    show::print(&format!("every program of up to {ops} operations, {letters} letters: {}\n", all.count()))?;
    show::summary(&summary, None, started.elapsed())?;
    show::print(&digests(&summary, &numbers, &arguments.digest))?;
    ended?;
    interrupt::check(&summary)?;
    show::verdict(&summary)
}

/// Model and engine in this process, in lockstep.
fn in_lockstep(
    all: &Enumeration,
    numbers: Range<u64>,
    jury: &mut Jury,
    summary: &mut Summary,
    bar: &ProgressBar,
) -> Result<()> {
    let mut lockstep = InLockstep::new(all);
    let mut digest = Digest::default();
    let mut differ = Vec::new();
    for number in numbers {
        if number.is_multiple_of(1 << 14) {
            bar.set_position(summary.programs);
            if interrupt::came() {
                break;
            }
        }
        summary.programs += 1;
        match lockstep.run(number, &mut digest) {
            lockstep::Verdict::Conforms => summary.compared += 1,
            lockstep::Verdict::Undefined(why) => {
                *summary.undefined.entry(format!("model: {why}")).or_default() += 1;
            }
            lockstep::Verdict::Diverges(divergence) => {
                summary.compared += 1;
                differ.push((number, divergence));
            }
        }
        if differ.len() == ENOUGH {
            break;
        }
    }
    summary.coverage.add(&lockstep.take_coverage());
    // One at a time on a thread: what shows the differences runs an engine of its own.
    drop(lockstep);
    for (number, divergence) in differ {
        summary.divergences.push(jury.explain(number, all.program(number), Some(*divergence))?);
    }
    summary.digests.insert("model and engine".to_owned(), digest);
    Ok(())
}

/// One line for each subject, and how an interrupted run goes on.
fn digests(summary: &Summary, numbers: &Range<u64>, before: &Digest) -> String {
    let mut text = String::new();
    for (subject, digest) in &summary.digests {
        let mut digest = digest.clone();
        digest.join(before);
        let _ = writeln!(text, "digest        {digest} {subject}");
        let next = numbers.start + summary.programs;
        if next < numbers.end && summary.divergences.is_empty() {
            let _ = writeln!(text, "interrupted   go on with --from {next} --digest {digest}");
        }
    }
    text
}
