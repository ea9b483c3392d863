//! `goog.async.Deferred` of google-closure-library, a descendant of Twisted's Deferred in JavaScript, as a subject: the
//! skeleton of `tests/adapters/`, filled in with it, on Node, with the package pinned to [`VERSION`] from npm.

use super::environment::{Environment, run};
use super::process::Process;
use crate::subject::SubjectError;
use std::process::Command;

/// The release of google-closure-library, the last one.
pub const VERSION: &str = "20230802.0.0";

/// What it is called.
pub const NAME: &str = "goog";

/// The adapter's files.
const ADAPTER: [(&str, &str); 4] = [
    ("closure.mjs", include_str!("../../adapters/closure.mjs")),
    ("json.mjs", include_str!("../../adapters/skeleton/javascript/json.mjs")),
    ("program.mjs", include_str!("../../adapters/skeleton/javascript/program.mjs")),
    ("subject.mjs", include_str!("../../adapters/skeleton/javascript/subject.mjs")),
];

/// Starts the adapter, and installs the package first where it isn't there.
///
/// # Errors
/// When Node, npm or the package can't be had.
pub fn start() -> Result<Process, SubjectError> {
    let failed = |cause| SubjectError::Start { subject: NAME.to_owned(), cause };
    let environment = Environment::named(&format!("google-closure-library-{VERSION}"));
    let package = format!("google-closure-library@{VERSION}");
    let made = environment.complete(&package, |home| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
        run(npm.arg(home).arg(&package)).map_err(|cause| {
            format!("{package} couldn't be installed by npm, which comes with Node.js: {cause}")
        })?;
        Ok(())
    });
    made.map_err(failed)?;
    let adapter = environment.write_adapter(&ADAPTER).map_err(failed)?;
    let [subject, filled_in] =
        ["subject.mjs", "closure.mjs"].map(|file| adapter.join(file).to_string_lossy().into_owned());
    Process::start_program(NAME, &["node", &subject, &filled_in])
}
