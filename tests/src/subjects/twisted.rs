//! A real Twisted as a subject: the Python adapter beside this file, in a virtual environment of its own.
//!
//! The environment is made on first use under `target/`: CPython's `venv`, and Twisted pinned to
//! [`VERSION`] from the Python Package Index. Nothing else in the project needs Python.
//!
//! Asked to, the adapter makes its Twisted faulty first, by one of the faults in `twisted/faults/`.

use super::process::Process;
use crate::subject::SubjectError;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// The release of Twisted that says what is right.
pub const VERSION: &str = "26.10.0";

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
        return start_as("twisted", &[]);
    };
    let known = faults()?;
    if fault != NO_FAULT && !known.iter().any(|(id, _)| id == fault) {
        let known: Vec<&str> = known.iter().map(|(id, _)| id.as_str()).collect();
        let cause = format!("there is no such fault, only {} and {NO_FAULT}", known.join(", "));
        return Err(SubjectError::Start { subject: format!("twisted:{fault}"), cause });
    }
    start_as(&format!("twisted:{fault}"), &["--fault", fault])
}

fn start_as(name: &str, arguments: &[&str]) -> Result<Process, SubjectError> {
    let failed = |cause| SubjectError::Start { subject: name.to_owned(), cause };
    let (python, adapter) = adapter().map_err(failed)?;
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
    let (python, adapter) = adapter().map_err(failed)?;
    let listing = run(Command::new(python).arg(adapter).arg("--list-faults")).map_err(failed)?;
    let split = |line: &str| line.split_once('\t').map(|(id, what)| (id.to_owned(), what.to_owned()));
    let known = listing.lines().map(split).collect::<Option<Vec<_>>>();
    let known = known.ok_or_else(|| failed(format!("its faults are listed as {listing:?}")))?;
    Ok(FAULTS.get_or_init(|| known).clone())
}

/// The Python that has this Twisted, and the adapter.
///
/// # Errors
/// When Python or Twisted can't be had.
pub fn python() -> Result<(PathBuf, PathBuf), SubjectError> {
    adapter().map_err(|cause| SubjectError::Start { subject: "twisted".to_owned(), cause })
}

/// The Python to run the adapter with, and the adapter.
fn adapter() -> Result<(PathBuf, PathBuf), String> {
    let home = target_folder().join(format!("twisted-{VERSION}"));
    let python = environment(&home)?;
    let adapter = write_adapter(&home).map_err(|cause| format!("{}: {cause}", home.display()))?;
    Ok((python, adapter))
}

/// The folder that builds go to: the one this program was built in, else `target` here.
pub(crate) fn target_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("CARGO_TARGET_DIR") {
        return PathBuf::from(folder);
    }
    let program = std::env::current_exe().unwrap_or_default();
    let built_in = program.ancestors().find(|folder| folder.ends_with("target"));
    built_in.map_or_else(|| PathBuf::from("target"), Path::to_owned)
}

/// The Python of the virtual environment, which is made where it isn't complete.
fn environment(home: &Path) -> Result<PathBuf, String> {
    let io = |cause: std::io::Error| format!("{}: {cause}", home.display());
    fs::create_dir_all(home).map_err(io)?;
    // Several programs may want it at once: one makes it, the others wait.
    let lock = fs::File::create(home.join("lock")).map_err(io)?;
    lock.lock().map_err(io)?;
    let python = home.join("venv/bin/python");
    let complete = home.join("complete");
    if !complete.exists() {
        eprintln!("making a virtual environment with Twisted {VERSION} in {}", home.display());
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home.join("venv")))
            .map_err(|cause| format!("Python 3 with its venv module is needed for it: {cause}"))?;
        let twisted = format!("twisted=={VERSION}");
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &twisted]);
        run(&mut pip).map_err(|cause| format!("{twisted} couldn't be installed by pip: {cause}"))?;
        fs::write(&complete, VERSION).map_err(io)?;
    }
    Ok(python)
}

/// What a command prints.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|cause| cause.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(format!("{} ({})", last.trim(), output.status))
}

fn write_adapter(home: &Path) -> std::io::Result<PathBuf> {
    let folder = home.join("adapter");
    fs::create_dir_all(folder.join("faults"))?;
    for (name, text) in ADAPTER {
        let file = folder.join(name);
        if fs::read_to_string(&file).ok().as_deref() != Some(text) {
            // By a new file: another process may be reading the old one.
            let fresh = folder.join(format!(".{}.{}", name.replace('/', "."), std::process::id()));
            fs::write(&fresh, text)?;
            fs::rename(&fresh, &file)?;
        }
    }
    Ok(folder.join("adapter.py"))
}
