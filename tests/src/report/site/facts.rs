//! The first page: what a run found, in figures.

use super::{Run, heat, pages, table};
use deferral_model::coverage::CLAUSES;
use deferral_model::{Coverage, Keeper};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

/// A figure, and what it is of.
#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

fn fact(name: &'static str, value: String) -> Fact {
    Fact { name, value }
}

/// What the page of the run shows.
pub(super) fn index(run: &Run<'_>) -> Value {
    let coverage = &run.summary.coverage;
    context! {
        root => "",
        title => format!("{} compared", run.subjects.join(", ")),
        verdict => verdict(run),
        facts => Serde(facts(run)),
        divergences => Serde(pages::links(run)),
        stages => heat::stages(),
        heat => Serde(heat::on_one(coverage)),
        others => Serde(heat::others(coverage)),
        coverage => Serde(met(coverage)),
        subjects => run.matrix.subjects.iter().map(|column| column.name.clone()).collect::<Vec<_>>(),
        matrix => Serde(table::groups(run.matrix)),
    }
}

fn verdict(run: &Run<'_>) -> String {
    match run.summary.divergences.len() {
        0 if run.summary.compared == 0 => "Nothing was compared.".to_owned(),
        0 => format!("All {} programs that were compared conform.", run.summary.compared),
        found => format!("{found} programs were found on which subjects differ."),
    }
}

fn facts(run: &Run<'_>) -> Vec<Fact> {
    let summary = run.summary;
    let seconds = run.took.as_secs_f64();
    let per = |count: u64, by: f64| if by > 0.0 { count as f64 / by } else { 0.0 };
    let (programs, operations, events) =
        (summary.programs, summary.coverage.total(), summary.coverage.events());
    let mut facts = vec![
        fact("seed", run.seed.to_string()),
        fact("programs", format!("{programs}, {:.0} a second", per(programs, seconds))),
        fact("operations", format!("{operations}, {:.1} a program", per(operations, programs as f64))),
        fact("events", format!("{events}, {:.1} a program", per(events, programs as f64))),
        fact("undefined", summary.undefined.values().sum::<u64>().to_string()),
    ];
    facts.extend(summary.undefined.iter().map(|(cause, count)| fact("", format!("{count} by {cause}"))));
    facts.extend(summary.left_out.iter().map(|(subject, (programs, lacks))| {
        fact("left out", format!("{programs}, for {subject} lacks {lacks}"))
    }));
    facts.extend(
        summary.restarts.iter().map(|(subject, times)| fact("restarts", format!("{times} of {subject}"))),
    );
    facts
}

/// The clauses that were met, and what Deferreds without a slot were held by.
fn met(coverage: &Coverage) -> Vec<Fact> {
    let never: Vec<_> = coverage.never_met_clauses().map(|number| format!("DC-{number}")).collect();
    let met = CLAUSES - never.len();
    let held = Keeper::ALL.map(|keeper| format!("{} {}", keeper.name(), coverage.held_only_by(keeper)));
    vec![
        fact("clauses met", format!("{met} of {CLAUSES}")),
        fact("never met", if never.is_empty() { "none".to_owned() } else { never.join(", ") }),
        fact("held only by", held.join(", ")),
    ]
}
