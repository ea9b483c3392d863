//! What a subject in another language needs: an environment of its own below `target/`, made on first use, with
//! packages of pinned versions; and the files of its adapter, which this program carries with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of a subject's own below `target/`.
pub(super) struct Environment {
    home: PathBuf,
}

impl Environment {
    /// The environment of this name.
    pub(super) fn named(name: &str) -> Self {
        Self { home: target_folder().join(name) }
    }

    /// A path in it.
    pub(super) fn path(&self, inside: &str) -> PathBuf {
        self.home.join(inside)
    }

    /// Makes it where it isn't complete. Several programs may want it at once: one makes it, the others wait.
    pub(super) fn complete(
        &self,
        what: &str,
        make: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<(), String> {
        let io = |cause: std::io::Error| format!("{}: {cause}", self.home.display());
        fs::create_dir_all(&self.home).map_err(io)?;
        let lock = fs::File::create(self.path("lock")).map_err(io)?;
        lock.lock().map_err(io)?;
        let complete = self.path("complete");
        if complete.exists() {
            return Ok(());
        }
        eprintln!("making {what} in {}", self.home.display());
        make(&self.home)?;
        fs::write(&complete, what).map_err(io)
    }

    /// Writes the adapter's files where they aren't the same already: the folder that they are in.
    pub(super) fn write_adapter(&self, files: &[(&str, &str)]) -> Result<PathBuf, String> {
        let folder = self.path("adapter");
        for (name, text) in files {
            write(&folder, name, text).map_err(|cause| format!("{}: {cause}", folder.display()))?;
        }
        Ok(folder)
    }
}

/// What a command prints.
pub(super) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|cause| cause.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(format!("{} ({})", last.trim(), output.status))
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

fn write(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let file = folder.join(name);
    if fs::read_to_string(&file).ok().as_deref() == Some(text) {
        return Ok(());
    }
    fs::create_dir_all(file.parent().expect("it is in the folder"))?;
    // By a new file: another process may be reading the old one.
    let fresh = folder.join(format!(".{}.{}", name.replace('/', "."), std::process::id()));
    fs::write(&fresh, text)?;
    fs::rename(&fresh, &file)
}
