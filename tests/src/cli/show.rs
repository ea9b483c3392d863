//! What the commands print in common: the progress bar, the summary of a comparison, its divergences.

use crate::Verdict;
use deferral_conformance::check::{Divergence, ENOUGH, Summary};
use deferral_conformance::report::text::side_by_side;
use deferral_model::Coverage;
use deferral_model::coverage::{OPERATIONS, Stage};
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// How many pairs that were never met are listed.
const LISTED: usize = 20;

/// A progress bar with programs a second, on standard error; none where that is no terminal.
pub(crate) fn progress(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => {
            (ProgressBar::new(total), "{bar:40} {human_pos}/{human_len} programs, {per_sec}, {eta} left")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {human_pos} programs, {per_sec}, {elapsed}"),
    };
    bar.with_style(ProgressStyle::with_template(template).expect("the template is right"))
}

/// How a comparison ended.
pub(crate) fn verdict(summary: &Summary) -> Verdict {
    if summary.divergences.is_empty() { Verdict::Conforms } else { Verdict::Diverges }
}

/// What a comparison found.
pub(crate) fn summary(summary: &Summary, seed: Option<u64>, took: Duration) {
    for divergence in &summary.divergences {
        print_divergence(divergence);
    }
    if let Some(seed) = seed {
        println!("seed          {seed}");
    }
    let (programs, operations) = (summary.programs, summary.coverage.total());
    #[allow(clippy::cast_precision_loss, reason = "for people to read")]
    let per = |count: u64, by: f64| if by > 0.0 { count as f64 / by } else { 0.0 };
    #[allow(clippy::cast_precision_loss, reason = "for people to read")]
    let every = programs as f64;
    println!("programs      {programs}, {:.0} a second", per(programs, took.as_secs_f64()));
    println!("operations    {operations}, {:.1} a program", per(operations, every));
    println!("events        {}, {:.1} a program", summary.events, per(summary.events, every));
    println!("operation × state of its Deferred, how often it was met (at the top + inside scripts):");
    coverage(&summary.coverage);
    let undefined: u64 = summary.undefined.values().sum();
    println!("undefined     {undefined}");
    for (cause, count) in &summary.undefined {
        println!("              {count} by {cause}");
    }
    match summary.divergences.len() {
        ENOUGH => println!("divergences   {ENOUGH}, and the run ended with that"),
        found => println!("divergences   {found}"),
    }
}

fn coverage(coverage: &Coverage) {
    let stages = &Stage::ALL[1..];
    print!("  {:13}", "");
    for stage in stages {
        print!(" {:>16}", stage.name());
    }
    println!();
    for operation in
        OPERATIONS.iter().filter(|operation| Coverage::reachable(operation, Stage::Unfired, false))
    {
        print!("  {operation:13}");
        for &stage in stages {
            let [top, nested] = [false, true].map(|nested| coverage.met(operation, stage, nested));
            let cell = match Coverage::reachable(operation, stage, false) {
                true => format!("{top} + {nested}"),
                false => format!("- + {nested}"),
            };
            print!(" {cell:>16}");
        }
        println!();
    }
    for operation in OPERATIONS.iter().filter(|operation| Coverage::reachable(operation, Stage::None, false))
    {
        let [top, nested] = [false, true].map(|nested| coverage.met(operation, Stage::None, nested));
        println!("  {operation:13} {top} + {nested}");
    }
    let never: Vec<String> = coverage
        .never_met()
        .map(|(operation, stage, nested)| {
            let place = if nested { "inside a script" } else { "at the top" };
            format!("{operation} × {} {place}", stage.name())
        })
        .collect();
    match never.len() {
        0 => println!("never met     none"),
        few @ 1..=LISTED => println!("never met     {few}: {}", never.join("; ")),
        many => println!("never met     {many}: {}; …", never[..LISTED].join("; ")),
    }
}

fn print_divergence(divergence: &Divergence) {
    println!("DIVERGENCE in program {}, made small:", divergence.number);
    let replies: Vec<_> = divergence.replies.iter().map(|(name, reply)| (name.as_str(), reply)).collect();
    print!("{}", side_by_side(&divergence.program, &replies));
    if let Some(lockstep) = &divergence.lockstep {
        match lockstep.after {
            Some(op) => println!("in lockstep they differ after operation {op}:"),
            None => println!("in lockstep they differ when all handles are let go:"),
        }
        println!("  model   {:?}\n  engine  {:?}", lockstep.left, lockstep.right);
    }
    if let Some(odd) = &divergence.odd_one_out {
        println!("the odd one out is {odd}");
    }
    println!();
}
