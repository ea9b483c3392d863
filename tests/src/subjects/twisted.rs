//! A real Twisted as a subject: the Python adapter beside this file, in a virtual environment of its own.
//!
//! The environment is made on first use under `target/`: CPython's `venv`, and Twisted pinned to
//! [`VERSION`] from the Python Package Index. Nothing else in the project needs Python.

use super::process::Process;
use crate::subject::SubjectError;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The release of Twisted that says what is right.
pub const VERSION: &str = "26.10.0";

/// How long the adapter may take: it watches its own worker, starts it anew and asks it again, and says itself
/// what never ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// The adapter's files.
const ADAPTER: [(&str, &str); 9] = [
    ("adapter.py", include_str!("twisted/adapter.py")),
    ("coroutine.py", include_str!("twisted/coroutine.py")),
    ("errors.py", include_str!("twisted/errors.py")),
    ("observe.py", include_str!("twisted/observe.py")),
    ("operations.py", include_str!("twisted/operations.py")),
    ("program.py", include_str!("twisted/program.py")),
    ("render.py", include_str!("twisted/render.py")),
    ("worker.py", include_str!("twisted/worker.py")),
    ("world.py", include_str!("twisted/world.py")),
];

/// Starts the adapter, and makes its environment first where there is none.
///
/// # Errors
/// When Python or Twisted can't be had.
pub fn start() -> Result<Process, SubjectError> {
    let failed = |cause: String| SubjectError::Start { subject: "twisted".to_owned(), cause };
    let home = target_folder().join(format!("twisted-{VERSION}"));
    let python = environment(&home).map_err(failed)?;
    let adapter = write_adapter(&home).map_err(|cause| failed(format!("{}: {cause}", home.display())))?;
    let adapter =
        Process::start_program("twisted", &[&python.to_string_lossy(), &adapter.to_string_lossy()])?;
    Ok(adapter.with_patience(PATIENCE))
}

/// The folder that builds go to: the one this program was built in, else `target` here.
fn target_folder() -> PathBuf {
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

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|cause| cause.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(format!("{} ({})", last.trim(), output.status))
}

fn write_adapter(home: &Path) -> std::io::Result<PathBuf> {
    let folder = home.join("adapter");
    fs::create_dir_all(&folder)?;
    for (name, text) in ADAPTER {
        let file = folder.join(name);
        if fs::read_to_string(&file).ok().as_deref() != Some(text) {
            // By a new file: another process may be reading the old one.
            let fresh = folder.join(format!(".{name}.{}", std::process::id()));
            fs::write(&fresh, text)?;
            fs::rename(&fresh, &file)?;
        }
    }
    Ok(folder.join("adapter.py"))
}
