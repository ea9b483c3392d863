//! Recorded counts: what a run is compared with where nothing older is built.

use crate::counts::PerUnit;
use crate::error::GateError;
use crate::machine::Machine;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// Recorded counts, by machine.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Baseline(Vec<Record>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    machine: Machine,
    instructions: PerUnit,
}

impl Baseline {
    /// The records in a file.
    pub(crate) fn read(path: &Path) -> Result<Self, GateError> {
        let text =
            fs::read_to_string(path).map_err(|source| GateError::File { path: path.into(), source })?;
        serde_json::from_str(&text).map_err(|source| GateError::Json { path: path.into(), source })
    }

    /// Writes the records into a file.
    pub(crate) fn write(&self, path: &Path) -> Result<(), GateError> {
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|source| GateError::Json { path: path.into(), source })? + "\n";
        fs::write(path, text).map_err(|source| GateError::File { path: path.into(), source })
    }

    /// Whether a machine has a record.
    pub(crate) fn knows(&self, machine: &Machine) -> bool {
        self.0.iter().any(|record| record.machine == *machine)
    }

    /// The counts of a machine.
    pub(crate) fn of(self, machine: &Machine) -> Result<PerUnit, GateError> {
        let record = self.0.into_iter().find(|record| record.machine == *machine);
        record.map(|record| record.instructions).ok_or_else(|| GateError::NotRecorded(machine.clone()))
    }

    /// The records with new counts of a machine.
    pub(crate) fn with(mut self, machine: Machine, instructions: PerUnit) -> Self {
        self.0.retain(|record| record.machine != machine);
        self.0.push(Record { machine, instructions });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(compiler: &str) -> Machine {
        Machine { compiler: compiler.into(), processor: "P".into(), libc: "L".into(), valgrind: "V".into() }
    }

    fn counts(count: f64) -> PerUnit {
        PerUnit::from([("w1_add".into(), count)])
    }

    #[test]
    fn each_machine_has_its_own_counts() {
        let baseline = Baseline::default().with(machine("a"), counts(1.0)).with(machine("b"), counts(2.0));
        assert!(baseline.knows(&machine("a")) && !baseline.knows(&machine("c")));
        assert_eq!(baseline.of(&machine("b")).unwrap(), counts(2.0));
        assert!(matches!(Baseline::default().of(&machine("c")), Err(GateError::NotRecorded(_))));
    }

    #[test]
    fn recording_again_replaces_the_counts() {
        let baseline = Baseline::default().with(machine("a"), counts(1.0)).with(machine("a"), counts(2.5));
        assert_eq!(baseline, Baseline::default().with(machine("a"), counts(2.5)));
    }

    #[test]
    fn a_file_gives_back_what_was_written() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let baseline = Baseline::default().with(machine("a"), counts(364.516));
        baseline.write(file.path()).unwrap();
        assert_eq!(Baseline::read(file.path()).unwrap(), baseline);
    }
}
