//! Counts as gungraun gives them, and what a unit takes: a callback, or a Deferred.

use crate::error::GateError;
use gungraun_summary::v7::{BenchmarkSummary, EventKind, Metric, ToolMetricResults};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Instructions a unit, by hot path.
pub(crate) type PerUnit = BTreeMap<String, f64>;

/// Instructions of whole runs: by hot path, then by the units that the run went over.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Counts(BTreeMap<String, BTreeMap<u64, u64>>);

/// How what a unit takes grows with their number.
#[derive(Debug, PartialEq)]
pub(crate) struct Growth {
    /// The hot path.
    pub(crate) name: String,
    /// The largest number of units that was counted.
    pub(crate) units: u64,
    /// Instructions a unit at the smallest sizes.
    pub(crate) near: f64,
    /// Instructions a unit at the largest sizes.
    pub(crate) far: f64,
}

impl Growth {
    /// So many times as much at the largest sizes.
    pub(crate) fn factor(&self) -> f64 {
        self.far / self.near
    }
}

impl Counts {
    /// Reads what gungraun printed as JSON, a line a bench.
    pub(crate) fn read(path: &Path) -> Result<Self, GateError> {
        let text =
            fs::read_to_string(path).map_err(|source| GateError::File { path: path.into(), source })?;
        let mut counts = Self::default();
        for summary in serde_json::Deserializer::from_str(&text).into_iter() {
            counts.add(&summary.map_err(|source| GateError::Json { path: path.into(), source })?)?;
        }
        if counts.0.is_empty() {
            return Err(GateError::Empty { path: path.into() });
        }
        Ok(counts)
    }

    fn add(&mut self, summary: &BenchmarkSummary) -> Result<(), GateError> {
        let bench = || format!("{} {}", summary.function_name, summary.id.as_deref().unwrap_or_default());
        let units = summary.id.as_deref().and_then(|id| id.strip_prefix('n')?.parse().ok());
        let units = units.ok_or_else(|| GateError::NoSize { bench: bench() })?;
        let count = instructions(summary).ok_or_else(|| GateError::NoCount { bench: bench() })?;
        self.0.entry(summary.function_name.clone()).or_default().insert(units, count);
        Ok(())
    }

    /// Instructions a unit at the smallest sizes.
    pub(crate) fn per_unit(&self) -> Result<PerUnit, GateError> {
        let first = |(name, runs): (&String, _)| match slopes(runs).first() {
            Some((_, per_unit)) => Ok((name.clone(), *per_unit)),
            None => Err(GateError::OneSize(name.clone())),
        };
        self.0.iter().map(first).collect()
    }

    /// The growth of each hot path that was counted at more than two sizes.
    pub(crate) fn growth(&self) -> Vec<Growth> {
        let growth = |(name, runs): (&String, _)| match slopes(runs)[..] {
            [(_, near), .., (units, far)] => Some(Growth { name: name.clone(), units, near, far }),
            _ => None,
        };
        self.0.iter().filter_map(growth).collect()
    }
}

/// Instructions a unit from each size to the next, which it stands with: what a run takes at any size cancels out.
fn slopes(runs: &BTreeMap<u64, u64>) -> Vec<(u64, f64)> {
    let larger = runs.iter().skip(1);
    let slope = |((fewer, less), (more, count)): ((&u64, &u64), (&u64, &u64))| {
        (*more, (*count as f64 - *less as f64) / (more - fewer) as f64)
    };
    runs.iter().zip(larger).map(slope).collect()
}

/// The instructions that callgrind counted in the new run.
fn instructions(summary: &BenchmarkSummary) -> Option<u64> {
    summary.profiles.0.iter().find_map(|profile| match &profile.data.total.metrics {
        ToolMetricResults::Callgrind(metrics) => {
            match metrics.0.get(&EventKind::Ir)?.values.as_ref().left()? {
                Metric::Int(count) => Some(*count),
                Metric::Float(_) => None,
            }
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::io::Write;

    /// A line of gungraun's, with what is looked at.
    fn line(name: &str, id: &str, metrics: &Value) -> Value {
        json!({
            "baselines": [null, null], "benchmark_exe": "", "benchmark_file": "", "duration_ns": 0,
            "function_name": name, "group": "counts", "id": id, "kind": "LibraryBenchmark", "module_path": "",
            "output_dir": "", "package_dir": "", "project_root": "", "version": "7",
            "started_at": "2026-01-01T00:00:00Z",
            "profiles": [{
                "tool": "Callgrind", "duration_ns": 0, "process_ns": 0, "started_at": "2026-01-01T00:00:00Z",
                "data": { "parts": [], "total": { "metrics": metrics, "regressions": [] } },
            }],
        })
    }

    fn read(lines: &[Value]) -> Result<Counts, GateError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for line in lines {
            writeln!(file, "{line}").unwrap();
        }
        Counts::read(file.path())
    }

    fn counted(name: &str, id: &str, count: u64) -> Value {
        line(name, id, &json!({ "Ir": { "values": { "new": count } } }))
    }

    #[test]
    fn fixed_costs_cancel_out() {
        let counts = read(&[counted("add", "n1000", 30_500), counted("add", "n2000", 60_500)]).unwrap();
        assert_eq!(counts.per_unit().unwrap(), PerUnit::from([("add".into(), 30.0)]));
        assert_eq!(counts.growth(), []);
    }

    #[test]
    fn growth_is_from_the_smallest_sizes_to_the_largest() {
        let lines = [counted("add", "n4000", 210), counted("add", "n1000", 30), counted("add", "n2000", 50)];
        let growth = read(&lines).unwrap().growth();
        assert_eq!(growth, [Growth { name: "add".into(), units: 4000, near: 0.02, far: 0.08 }]);
        assert!((growth[0].factor() - 4.0).abs() < 1e-9);
    }

    #[test]
    fn the_new_count_is_taken_where_gungraun_compared() {
        let both = line("add", "n1000", &json!({ "Ir": { "values": { "new": 1, "old": 2 } } }));
        assert_eq!(read(&[both]).unwrap(), Counts([("add".into(), [(1000, 1)].into())].into()));
    }

    #[test]
    fn what_cannot_be_used_is_an_error() {
        let no_count = read(&[line("add", "n1000", &json!({}))]);
        assert!(matches!(no_count, Err(GateError::NoCount { .. })), "{no_count:?}");
        let no_size = read(&[counted("add", "large", 1)]);
        assert!(matches!(no_size, Err(GateError::NoSize { .. })), "{no_size:?}");
        let one_size = read(&[counted("add", "n1000", 1)]).unwrap().per_unit();
        assert!(matches!(one_size, Err(GateError::OneSize(_))), "{one_size:?}");
        let no_summary = read(&[json!({})]);
        assert!(matches!(no_summary, Err(GateError::Json { .. })), "{no_summary:?}");
        let no_file = Counts::read(Path::new("no such file"));
        assert!(matches!(no_file, Err(GateError::File { .. })), "{no_file:?}");
        let nothing = read(&[]);
        assert!(matches!(nothing, Err(GateError::Empty { .. })), "{nothing:?}");
    }
}
