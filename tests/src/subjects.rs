//! The subjects: the model, the engine, a real Twisted, and any command that speaks the wire protocol.

pub mod engine;
pub mod model;
pub mod process;
pub mod twisted;

use crate::subject::{InProcess, Subject, SubjectError};

/// The subject of a name: `model`, `engine`, `twisted`, or else a command for `sh -c`.
///
/// # Errors
/// When it can't be started.
pub fn named(name: &str) -> Result<Box<dyn Subject>, SubjectError> {
    Ok(match name {
        "model" => Box::new(InProcess::new("model", deferral_model::run)),
        "engine" => Box::new(InProcess::new("engine", engine::run)),
        "twisted" => Box::new(twisted::start()?),
        command => Box::new(process::Process::start(command, command)?),
    })
}
