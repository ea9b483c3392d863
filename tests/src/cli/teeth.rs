//! `conform teeth`: how much the suite catches, fault by fault.

use crate::{Verdict, interrupt, show};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use deferral_conformance::shrink::{Progress, Shrunk};
use deferral_conformance::teeth::{Found, Known, LONG, Planted};
use std::fmt::Write;
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Where the faults are planted
    #[arg(long = "in", value_enum, default_value_t = Place::Model)]
    place: Place,
    /// Only these faults, by number; may be given several times
    #[arg(long, value_name = "F")]
    fault: Vec<String>,
    /// How many independent seeds each fault is looked for with
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// After how many programs of a seed a fault counts as not found
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    most: u64,
    /// Enumerate every program of up to so many operations of the core and of the family, to compare the smallest
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(..=5))]
    enumerated: u8,
}

#[derive(Clone, Copy, ValueEnum)]
enum Place {
    /// The model, compared with the right one and with the engine
    Model,
    /// The engine, compared with the model; it must be built with `--cfg deferral_faults`
    Engine,
}

/// What the seeds gave for one fault.
struct Row {
    fault: Planted,
    found: Vec<Option<Found>>,
    /// The programs that found it, made small.
    small: Vec<Shrunk>,
    known: Known,
}

pub(crate) fn teeth(arguments: &Arguments) -> Result<Verdict> {
    let faults = chosen(arguments)?;
    // Some faults panic, which is how they are found.
    std::panic::set_hook(Box::new(|_| {}));
    interrupt::note()?;
    let bar = show::progress(Some(faults.len() as u64 * arguments.seeds));
    show::print(HEADER)?;
    let mut rows = Vec::new();
    for fault in faults {
        let seeds = arguments.seed..arguments.seed.saturating_add(arguments.seeds);
        let found = seeds.map(|seed| {
            bar.inc(1);
            fault.find(seed, arguments.most)
        });
        let found: Vec<Option<Found>> = found.collect();
        let small = small(fault, &found, show::shrinking(&bar));
        let known = Known::of(fault, arguments.enumerated.into(), arguments.enumerated.into());
        let row = Row { fault, found, small, known };
        bar.suspend(|| show::print(&row.line()))?;
        rows.push(row);
        if interrupt::came() {
            bail!("interrupted after {} faults", rows.len());
        }
    }
    bar.finish_and_clear();
    show::print(&summary(&rows, arguments))?;
    let all = rows.iter().all(|row| row.found.iter().all(Option::is_some));
    Ok(if all { Verdict::Conforms } else { Verdict::Diverges })
}

fn chosen(arguments: &Arguments) -> Result<Vec<Planted>> {
    let all: Vec<Planted> = match arguments.place {
        Place::Model => Planted::in_model().collect(),
        Place::Engine => Planted::in_engine().collect(),
    };
    if all.is_empty() {
        bail!("this build of the engine has no faults: build it with RUSTFLAGS=\"--cfg deferral_faults\"");
    }
    if arguments.fault.is_empty() {
        return Ok(all);
    }
    let named = arguments.fault.iter().map(|id| match all.iter().find(|fault| fault.id() == id) {
        Some(fault) => Ok(*fault),
        None => bail!("there is no fault `{id}` here"),
    });
    named.collect()
}

/// What was found, made small; of long programs only the first, for that takes half a minute.
fn small(fault: Planted, found: &[Option<Found>], mut go_on: impl FnMut(Progress) -> bool) -> Vec<Shrunk> {
    let mut long = 0;
    let programs = found.iter().flatten().map(|found| &found.program).filter(|program| {
        long += usize::from(program.ops.len() > LONG);
        program.ops.len() <= LONG || long == 1
    });
    programs.map(|program| fault.shrink(program.clone(), &mut go_on)).collect()
}

const HEADER: &str =
    "        found  programs: median   worst    seconds: median   worst  smallest enumerated  fault\n";

impl Row {
    fn line(&self) -> String {
        let found: Vec<&Found> = self.found.iter().flatten().collect();
        let ratio = format!("{}/{}", found.len(), self.found.len());
        let (id, wrong) = (self.fault.id(), self.fault.wrong());
        let Some(smallest) = self.smallest() else {
            return format!("{id:4} {ratio:>8}  {:72}  {wrong}\n", "NEVER FOUND");
        };
        let known = self.known.fewest().map_or("-".to_owned(), |known| known.to_string());
        let (median, worst) = middle_and_worst(found.iter().map(|found| found.programs));
        let (median_time, worst_time) = middle_and_worst(found.iter().map(|found| found.time));
        format!(
            "{id:4} {ratio:>8}  {median:>16} {worst:>7}  {:>16.3} {:>7.3}  {smallest:>8} {known:>10}  {wrong}\n",
            median_time.as_secs_f64(),
            worst_time.as_secs_f64(),
        )
    }

    /// How many operations the smallest program has.
    fn smallest(&self) -> Option<usize> {
        self.small.iter().map(|small| small.program.size()).min()
    }

    /// Whether that is no more than enumeration knows, if it knows the fault.
    fn no_larger(&self) -> Option<bool> {
        Some(self.smallest()? <= self.known.fewest()?)
    }
}

fn summary(rows: &[Row], arguments: &Arguments) -> String {
    let found = || rows.iter().flat_map(|row| row.found.iter().flatten());
    let mut text = String::new();
    let in_every = rows.iter().filter(|row| row.found.iter().all(Option::is_some)).count();
    let _ = writeln!(text, "faults        {}, of {} seeds each", rows.len(), arguments.seeds);
    let _ = writeln!(text, "found         {in_every} in every seed");
    if found().next().is_some() {
        let (median, worst) = middle_and_worst(found().map(|found| found.programs));
        let _ = writeln!(text, "programs      median {median}, worst {worst}");
        let (median, worst): (Duration, Duration) = middle_and_worst(found().map(|found| found.time));
        let (median, worst) = (median.as_secs_f64(), worst.as_secs_f64());
        let _ = writeln!(text, "seconds       median {median:.3}, worst {worst:.3}");
    }
    text.push_str(&sizes(rows));
    for row in rows.iter().filter(|row| row.found.iter().any(Option::is_none)) {
        let _ = writeln!(text, "NOT FOUND     {} in every seed: {}", row.fault.id(), row.fault.wrong());
    }
    text
}

/// How small the programs became, and how small enumeration says that they can become.
fn sizes(rows: &[Row]) -> String {
    let mut text = String::new();
    let count = |all: &mut dyn Iterator<Item = bool>| {
        all.fold((0, 0), |(all, good), is| (all + 1, good + usize::from(is)))
    };
    let small = || rows.iter().flat_map(|row| row.small.iter().map(move |small| (row, small)));
    let (all, minimal) = count(&mut small().map(|(_, small)| small.minimal));
    let _ = writeln!(text, "made small    {minimal} of {all} programs, so that no single edit is left");
    let (all, no_larger) = count(&mut rows.iter().filter_map(Row::no_larger));
    let _ =
        writeln!(text, "enumerated    {all} faults, the smallest program no larger than that in {no_larger}");
    let (all, no_larger) = count(&mut small().filter_map(|(row, small)| {
        let (known, _) = row.known.smallest.get(&row.fault.difference(&small.program)?)?;
        Some(small.program.size() <= *known)
    }));
    let _ = writeln!(
        text,
        "              {all} programs that differ as enumerated ones do, no larger than those in {no_larger}"
    );
    for row in rows.iter().filter(|row| row.no_larger() == Some(false)) {
        let _ = writeln!(text, "larger        {}: {}", row.fault.id(), row.fault.wrong());
    }
    text
}

/// The median (the upper one of two) and the largest.
fn middle_and_worst<T: Ord + Copy>(values: impl Iterator<Item = T>) -> (T, T) {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    (values[values.len() / 2], values[values.len() - 1])
}
