//! The subjects: the model, the engine, a real Twisted, older releases of it, `goog.async.Deferred`, and any command
//! that speaks the wire protocol.

pub mod engine;
mod environment;
pub mod goog;
pub mod model;
pub mod process;
pub mod twisted;

pub(crate) use environment::target_folder;
pub(crate) use process::read_reply;

use crate::subject::{InProcess, Subject, SubjectError};
use deferral_model::fault::UnknownFault;
use deferral_model::{Fault, run_with_fault};

/// The subject of a name: `model`, `engine`, `twisted`, `goog`, or else a command for `sh -c`. `model:F31` is the model
/// with that fault, `twisted:F31` a real Twisted with it; `twisted-24.3.0` is that release.
///
/// # Errors
/// When it can't be started.
pub fn named(name: &str) -> Result<Box<dyn Subject>, SubjectError> {
    if let Some(fault) = name.strip_prefix("model:") {
        let failed =
            |cause: UnknownFault| SubjectError::Start { subject: name.to_owned(), cause: cause.to_string() };
        let fault: Fault = fault.parse().map_err(failed)?;
        return Ok(Box::new(InProcess::new(name, move |program| run_with_fault(fault, program))));
    }
    if let Some(fault) = name.strip_prefix("twisted:") {
        return Ok(Box::new(twisted::start(Some(fault))?));
    }
    if let Some(release) = name.strip_prefix("twisted-").filter(|release| is_release(release)) {
        return Ok(Box::new(twisted::start_release(release)?));
    }
    Ok(match name {
        "model" => Box::new(InProcess::new("model", deferral_model::run)),
        "engine" => Box::new(InProcess::new("engine", engine::run)),
        "twisted" => Box::new(twisted::start(None)?),
        goog::NAME => Box::new(goog::start()?),
        command => Box::new(process::Process::start(command, command)?),
    })
}

/// Whether a subject is here to show how it differs from Twisted: an older release, or a relative.
#[must_use]
pub fn goes_its_own_ways(name: &str) -> bool {
    name == goog::NAME || name.strip_prefix("twisted-").is_some_and(is_release)
}

fn is_release(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
}
