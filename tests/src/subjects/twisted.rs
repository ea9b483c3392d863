//! A real Twisted as a subject: the Python adapter beside this file, in a virtual environment of its own.
//!
//! The environment is made on first use under `target/`: CPython's `venv`, and Twisted pinned to
//! [`VERSION`] from the Python Package Index; each other release that is asked for gets its own. Nothing else in the
//! project needs Python.
//!
//! Asked to, the adapter makes its Twisted faulty first, by one of the faults in `twisted/faults/`.

use super::environment::{Environment, run};
use super::process::Process;
use crate::subject::SubjectError;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// The release of Twisted that says what is right.
pub const VERSION: &str = "26.10.0";

/// Older releases, for what each of them changed.
pub const RELEASES: [&str; 6] = ["21.2.0", "22.10.0", "23.8.0", "24.3.0", "24.11.0", "25.5.0"];

/// How long the adapter may take: it watches its own worker, starts it anew and asks it again, and says itself
/// what never ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// The adapter's files.
const ADAPTER: [(&str, &str); 16] = [
    ("adapter.py", include_str!("twisted/adapter.py")),
    ("coroutine.py", include_str!("twisted/coroutine.py")),
    ("errors.py", include_str!("twisted/errors.py")),
    ("faults/__init__.py", include_str!("twisted/faults/__init__.py")),
    ("faults/callbacks.py", include_str!("twisted/faults/callbacks.py")),
    ("faults/cancelling.py", include_str!("twisted/faults/cancelling.py")),
    ("faults/combining.py", include_str!("twisted/faults/combining.py")),
    ("faults/plain.py", include_str!("twisted/faults/plain.py")),
    ("faults/plain_combining.py", include_str!("twisted/faults/plain_combining.py")),
    ("faults/registry.py", include_str!("twisted/faults/registry.py")),
    ("observe.py", include_str!("twisted/observe.py")),
    ("operations.py", include_str!("twisted/operations.py")),
    ("program.py", include_str!("twisted/program.py")),
    ("render.py", include_str!("twisted/render.py")),
    ("worker.py", include_str!("twisted/worker.py")),
    ("world.py", include_str!("twisted/world.py")),
];

/// The fault that is none: Twisted as the faults know it, written out plainly.
pub const NO_FAULT: &str = "none";

/// Starts the adapter, and makes its environment first where there is none. With a fault it is called
/// `twisted:` and the fault's id, and Twisted behaves wrongly in just that way.
///
/// # Errors
/// When Python or Twisted can't be had, or when there is no such fault.
pub fn start(fault: Option<&str>) -> Result<Process, SubjectError> {
    let Some(fault) = fault else {
        return start_as("twisted", VERSION, &[]);
    };
    let known = faults()?;
    if fault != NO_FAULT && !known.iter().any(|(id, _)| id == fault) {
        let known: Vec<&str> = known.iter().map(|(id, _)| id.as_str()).collect();
        let cause = format!("there is no such fault, only {} and {NO_FAULT}", known.join(", "));
        return Err(SubjectError::Start { subject: format!("twisted:{fault}"), cause });
    }
    start_as(&format!("twisted:{fault}"), VERSION, &["--fault", fault])
}

/// Starts the adapter with another release of Twisted, called `twisted-` and its number. Some operations it may lack.
///
/// # Errors
/// When Python or that release can't be had.
pub fn start_release(release: &str) -> Result<Process, SubjectError> {
    start_as(&format!("twisted-{release}"), release, &["--release", release])
}

fn start_as(name: &str, release: &str, arguments: &[&str]) -> Result<Process, SubjectError> {
    let failed = |cause| SubjectError::Start { subject: name.to_owned(), cause };
    let (python, adapter) = adapter(release).map_err(failed)?;
    let (python, adapter) = (python.to_string_lossy(), adapter.to_string_lossy());
    let command = [&[&*python, &*adapter], arguments].concat();
    Ok(Process::start_program(name, &command)?.with_patience(PATIENCE))
}

/// The faults that Twisted can be given: the id of each, and what it is.
///
/// # Errors
/// When Python or Twisted can't be had.
pub fn faults() -> Result<Vec<(String, String)>, SubjectError> {
    static FAULTS: OnceLock<Vec<(String, String)>> = OnceLock::new();
    if let Some(known) = FAULTS.get() {
        return Ok(known.clone());
    }
    let failed = |cause| SubjectError::Start { subject: "twisted".to_owned(), cause };
    let (python, adapter) = adapter(VERSION).map_err(failed)?;
    let listing = run(Command::new(python).arg(adapter).arg("--list-faults")).map_err(failed)?;
    let split = |line: &str| line.split_once('\t').map(|(id, what)| (id.to_owned(), what.to_owned()));
    let known = listing.lines().map(split).collect::<Option<Vec<_>>>();
    let known = known.ok_or_else(|| failed(format!("its faults are listed as {listing:?}")))?;
    Ok(FAULTS.get_or_init(|| known).clone())
}

/// The Python that has the Twisted that says what is right, and the adapter.
///
/// # Errors
/// When Python or Twisted can't be had.
pub fn python() -> Result<(PathBuf, PathBuf), SubjectError> {
    adapter(VERSION).map_err(|cause| SubjectError::Start { subject: "twisted".to_owned(), cause })
}

/// The Python to run the adapter with, and the adapter.
fn adapter(release: &str) -> Result<(PathBuf, PathBuf), String> {
    let environment = Environment::named(&format!("twisted-{release}"));
    let python = environment.path("venv/bin/python");
    environment.complete(&format!("a virtual environment with Twisted {release}"), |home| {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home.join("venv")))
            .map_err(|cause| format!("Python 3 with its venv module is needed for it: {cause}"))?;
        let twisted = format!("twisted=={release}");
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &twisted]);
        run(&mut pip).map_err(|cause| format!("{twisted} couldn't be installed by pip: {cause}"))?;
        Ok(())
    })?;
    Ok((python, environment.write_adapter(&ADAPTER)?.join("adapter.py")))
}
