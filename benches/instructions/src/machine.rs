//! What counts depend on besides the engine.

use crate::error::GateError;
use procfs::{CpuInfo, Current};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::process::Command;

/// Counts of equal machines can be compared. The C library's `malloc` and `memcpy` are counted too, and valgrind
/// decides which instructions they find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Machine {
    pub(crate) compiler: String,
    pub(crate) processor: String,
    pub(crate) libc: String,
    pub(crate) valgrind: String,
}

impl Machine {
    /// The machine that this runs on.
    pub(crate) fn this() -> Result<Self, GateError> {
        Ok(Self {
            compiler: answer("rustc", "--version")?,
            processor: processor(&CpuInfo::current()?),
            libc: answer("getconf", "GNU_LIBC_VERSION")?,
            valgrind: answer("valgrind", "--version")?,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}, {}", self.compiler, self.processor, self.libc, self.valgrind)
    }
}

/// What Linux says of the first core, on any architecture.
fn processor(info: &CpuInfo) -> String {
    let first = info.get_info(0).unwrap_or_default();
    let telling = ["model name", "cpu family", "model", "CPU implementer", "CPU part", "uarch"];
    telling.iter().filter_map(|&field| first.get(field).copied()).collect::<Vec<_>>().join(" / ")
}

/// The one line that a command prints.
fn answer(command: &'static str, argument: &str) -> Result<String, GateError> {
    let output = Command::new(command).arg(argument).output();
    let output = output.map_err(|source| GateError::NoAnswer { command, source })?;
    if !output.status.success() {
        let source = io::Error::other(output.status.to_string());
        return Err(GateError::NoAnswer { command, source });
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use procfs::FromRead;

    #[test]
    fn processors_of_any_architecture_are_told_apart() {
        let named = |text: &str| processor(&CpuInfo::from_read(text.as_bytes()).unwrap());
        let x86 =
            "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC\nflags\t\t: fpu\n\n";
        assert_eq!(named(x86), "AMD EPYC / 25 / 1");
        let arm = "processor\t: 0\nBogoMIPS\t: 50\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\n";
        assert_eq!(named(arm), "0x41 / 0xd0c");
    }
}
