//! Peers in other languages, measured by harnesses of their own: Twisted on CPython, and Promises on Node.

use deferral_conformance::subjects::twisted;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A peer in another language.
pub(crate) struct Outside {
    pub(crate) name: &'static str,
    /// What it measured, or why it didn't.
    pub(crate) answer: Result<Answer, String>,
}

/// What a harness prints.
#[derive(Deserialize)]
pub(crate) struct Answer {
    /// What it ran on.
    pub(crate) version: String,
    /// Nanoseconds of an element, by case.
    pub(crate) nanoseconds: BTreeMap<String, f64>,
}

/// Asks the peers about those of the cases that they may have, by name.
pub(crate) fn ask(cases: &[&str]) -> Vec<Outside> {
    let shared = |name: &&&str| name.starts_with('W') || name.starts_with("test_");
    let cases: Vec<&str> = cases.iter().filter(shared).copied().collect();
    if cases.is_empty() {
        return Vec::new();
    }
    let node = run(Command::new("node").arg(harness("promise.mjs")).args(&cases));
    vec![Outside { name: "Twisted", answer: ask_twisted(&cases) }, Outside { name: "Node", answer: node }]
}

/// Runs the harness on the Twisted that the conformance suite is held to, in the same environment.
fn ask_twisted(cases: &[&str]) -> Result<Answer, String> {
    // This makes the environment where there is none.
    drop(twisted::start(None).map_err(|cause| cause.to_string())?);
    let home = target_folder().join(format!("twisted-{}", twisted::VERSION));
    run(Command::new(home.join("venv/bin/python")).arg(harness("twisted_deferred.py")).args(cases))
}

/// The folder that builds go to, as the conformance suite looks for it.
fn target_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("CARGO_TARGET_DIR") {
        return PathBuf::from(folder);
    }
    let program = std::env::current_exe().unwrap_or_default();
    let built_in = program.ancestors().find(|folder| folder.ends_with("target"));
    built_in.map_or_else(|| PathBuf::from("target"), Path::to_owned)
}

fn harness(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("harness").join(file)
}

fn run(command: &mut Command) -> Result<Answer, String> {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().display().to_string();
    let failed = |cause: &dyn std::fmt::Display| format!("{program}: {cause}");
    let output = command.stderr(Stdio::inherit()).output().map_err(|cause| failed(&cause))?;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|cause| failed(&cause))
}
