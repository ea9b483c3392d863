//! What the commands print in common: the progress bar, the summary of a comparison, its divergences.

use crate::{Verdict, interrupt};
use anyhow::{Context, Result, bail};
use deferral_conformance::check::{Divergence, ENOUGH, Summary};
use deferral_conformance::report::{Report, write};
use deferral_conformance::shrink::Progress;
use deferral_model::coverage::{CLAUSES, CORE_OPERATIONS, Stage};
use deferral_model::program::OPERATIONS;
use deferral_model::{Coverage, Keeper};
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::time::{Duration, Instant};

/// How many pairs that were never met are listed.
const LISTED: usize = 20;

/// A progress bar with programs a second, on standard error; none where that is no terminal.
pub(crate) fn progress(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => {
            (ProgressBar::new(total), "{bar:40} {human_pos}/{human_len} programs, {per_sec}, {eta} left{msg}")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {human_pos} programs, {per_sec}, {elapsed}{msg}"),
    };
    bar.with_style(ProgressStyle::with_template(template).expect("the template is right"))
}

/// How long programs are made smaller before that is shown.
const UNSEEN: Duration = Duration::from_secs(1);

/// Shows on a progress bar how far a program is that is made smaller, and ends that at an interrupt.
pub(crate) fn shrinking(bar: &ProgressBar) -> impl FnMut(Progress) -> bool + use<> {
    let bar = bar.clone();
    let mut started = Instant::now();
    move |Progress { operations, tries }| {
        if tries == 0 {
            started = Instant::now();
            bar.set_message("");
        }
        if started.elapsed() > UNSEEN {
            bar.set_message(format!("; making one smaller: {operations} operations, {tries} tries"));
        }
        !interrupt::came()
    }
}

/// Writes to standard output, without a terminal's codes where it is none. That nobody reads it any more is no failure: the exit status says it all.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output"),
    }
}

/// How a comparison ended.
pub(crate) fn verdict(summary: &Summary) -> Result<Verdict> {
    if !summary.divergences.is_empty() {
        return Ok(Verdict::Diverges);
    }
    if summary.compared == 0 {
        let why = match summary.left_out.keys().next() {
            Some(subject) => format!("undefined, or left out as `{subject}` lacks what it uses"),
            None => "undefined".to_owned(),
        };
        bail!("nothing was compared: every program was {why}");
    }
    Ok(Verdict::Conforms)
}

/// Tells of a program on which subjects differ. That the folder can't be written takes nothing from what was found.
pub(crate) fn report(report: &Report) -> Result<()> {
    print(&(report.text() + "\n"))?;
    match write(report) {
        Ok(replaying) => print(&(replaying + "\n")),
        Err(error) => {
            eprintln!("conform: {error}");
            Ok(())
        }
    }
}

/// What a comparison found.
pub(crate) fn summary(summary: &Summary, seed: Option<u64>, took: Duration) -> Result<()> {
    for (at, divergence) in summary.divergences.iter().enumerate() {
        let same = |known: &Divergence| known.program.ops == divergence.program.ops;
        match summary.divergences[..at].iter().find(|known| same(known)) {
            Some(known) => {
                let (number, known) = (divergence.number + 1, known.number + 1);
                print(&format!(
                    "DIVERGENCE in program {number}: the same small program as of program {known}\n\n"
                ))?;
            }
            None => report(&Report::of(divergence))?,
        }
    }
    let mut text = String::new();
    // Writing to a text can't fail.
    let _ = write_summary(&mut text, summary, seed, took);
    print(&text)
}

fn write_summary(text: &mut String, summary: &Summary, seed: Option<u64>, took: Duration) -> fmt::Result {
    if let Some(seed) = seed {
        writeln!(text, "seed          {seed}")?;
    }
    let (programs, operations) = (summary.programs, summary.coverage.total());
    let per = |count: u64, by: f64| if by > 0.0 { count as f64 / by } else { 0.0 };
    let every = programs as f64;
    writeln!(text, "programs      {programs}, {:.0} a second", per(programs, took.as_secs_f64()))?;
    writeln!(text, "operations    {operations}, {:.1} a program", per(operations, every))?;
    let events = summary.coverage.events();
    writeln!(text, "events        {events}, {:.1} a program", per(events, every))?;
    // What every small program meets is always the same.
    if seed.is_some() {
        writeln!(
            text,
            "operation × state of its Deferred, how often it was met (at the top + inside scripts):"
        )?;
        write_coverage(text, &summary.coverage)?;
    }
    writeln!(text, "undefined     {}", summary.undefined.values().sum::<u64>())?;
    for (cause, count) in &summary.undefined {
        writeln!(text, "              {count} by {cause}")?;
    }
    for (subject, (programs, lacks)) in &summary.left_out {
        writeln!(text, "left out      {programs}, for {subject} lacks {lacks}")?;
    }
    for (subject, times) in &summary.restarts {
        writeln!(text, "restarts      {times} of {subject}, which ended or was silent")?;
    }
    match summary.divergences.len() {
        ENOUGH => writeln!(text, "divergences   {ENOUGH}, and the run ended with that"),
        found => writeln!(text, "divergences   {found}"),
    }
}

fn write_coverage(text: &mut String, coverage: &Coverage) -> fmt::Result {
    let stages = &Stage::ALL[1..];
    write!(text, "  {:13}", "")?;
    for stage in stages {
        write!(text, " {:>16}", stage.name())?;
    }
    writeln!(text)?;
    let on_one = |operation: &&&str| Coverage::reachable(operation, Stage::Unfired, false);
    for operation in OPERATIONS.iter().filter(on_one) {
        write!(text, "  {operation:13}")?;
        for &stage in stages {
            let [top, nested] = [false, true].map(|nested| coverage.met(operation, stage, nested));
            let cell = match Coverage::reachable(operation, stage, false) {
                true => format!("{top} + {nested}"),
                false => format!("- + {nested}"),
            };
            write!(text, " {cell:>16}")?;
        }
        writeln!(text)?;
    }
    for operation in OPERATIONS.iter().filter(|operation| !on_one(operation)) {
        let [top, nested] = [false, true].map(|nested| coverage.met(operation, Stage::None, nested));
        writeln!(text, "  {operation:13} {top} + {nested}")?;
    }
    let never: Vec<String> = coverage
        .never_met()
        .map(|(operation, stage, nested)| {
            let place = if nested { "inside a script" } else { "at the top" };
            format!("{operation} × {} {place}", stage.name())
        })
        .collect();
    match never.len() {
        0 => writeln!(text, "never met     none"),
        few @ 1..=LISTED => writeln!(text, "never met     {few}: {}", never.join("; ")),
        many => writeln!(text, "never met     {many}: {}; …", never[..LISTED].join("; ")),
    }?;
    write_clauses(text, coverage)
}

/// The clauses that were never met and the rarest others, of the core alone where only its operations were met; and
/// what Deferreds without a slot were held by.
fn write_clauses(text: &mut String, coverage: &Coverage) -> fmt::Result {
    let family = OPERATIONS.iter().filter(|name| !CORE_OPERATIONS.contains(name));
    let core = family.map(|name| coverage.operation(name)).sum::<u64>() == 0;
    let listed = |clause: &usize| !core || Coverage::is_core(*clause);
    let never: Vec<_> = coverage.never_met_clauses().filter(listed).map(|n| format!("DC-{n}")).collect();
    let mut met: Vec<_> = (1..=CLAUSES).filter(listed).map(|n| (coverage.clause(n), n)).collect();
    met.retain(|(times, _)| *times > 0);
    met.sort_unstable();
    let rarest: Vec<_> = met.iter().take(3).map(|(times, n)| format!("DC-{n} in {times}")).collect();
    let never = if never.is_empty() { "none".to_owned() } else { never.join(", ") };
    writeln!(text, "clauses       never met: {never}; met by the fewest programs: {}", rarest.join(", "))?;
    let held = Keeper::ALL.map(|keeper| format!("{} {}", keeper.name(), coverage.held_only_by(keeper)));
    writeln!(text, "held only by  {}", held.join(", "))
}
