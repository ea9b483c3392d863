//! `cargo bench`: all cases by criterion, then the tables. With `-- --table` the tables alone.

mod bounds;
mod case;
mod cases;
mod implementations;
mod outside;
mod report;
mod rounds;

use case::Case;
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use report::Report;
use std::time::Duration;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A run of this many takes so long that there are only a few.
const LARGE: u64 = 10_000_000;

fn main() {
    let asked = |option: &str| std::env::args().any(|argument| argument == option);
    let mut report = Report::default();
    if asked("--table") {
        for mut case in cases::all() {
            let chosen = filtered(&case);
            measure(&mut report, &mut case, &chosen);
        }
        return report.print();
    }
    let mut criterion = Criterion::default()
        .without_plots()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    // Benches are tested without `--bench` or with `--test`.
    let reports = asked("--bench") && !asked("--test") && !asked("--profile-time");
    for mut case in cases::all() {
        let chosen = bench(&mut criterion, &mut case);
        if reports {
            measure(&mut report, &mut case, &chosen);
        }
    }
    criterion.final_summary();
    println!();
    report.print();
}

/// Benches a case, and gives the implementations that criterion's filter let through.
fn bench(criterion: &mut Criterion, case: &mut Case) -> Vec<&'static str> {
    let mut group = criterion.benchmark_group(case.group);
    group.throughput(Throughput::Elements(case.elements));
    if case.elements >= LARGE {
        group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_millis(1));
    }
    let mut chosen = Vec::new();
    for (implementation, routine) in &mut case.implementations {
        group.bench_function(BenchmarkId::new(&case.name, *implementation), |bencher| {
            bencher.iter_custom(&mut *routine);
            chosen.push(*implementation);
        });
    }
    group.finish();
    chosen
}

/// The implementations whose ids contain what was given on the command line.
fn filtered(case: &Case) -> Vec<&'static str> {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let chosen = |name: &&str| format!("{}/{}/{name}", case.group, case.name).contains(&filter);
    case.implementations.iter().map(|(name, _)| *name).filter(chosen).collect()
}

fn measure(report: &mut Report, case: &mut Case, chosen: &[&'static str]) {
    if !chosen.is_empty() {
        eprintln!("measuring {}/{} for the tables", case.group, case.name);
        report.add(case, chosen);
    }
}
