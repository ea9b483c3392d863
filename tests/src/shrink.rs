//! Makes a program small that shows a difference, and keeps the kind of the difference.
//!
//! Any subjects, in this process or another, and any failure: what a program shows is asked of a function. What is
//! left at the end is 1-minimal: each single edit (`shrink/edits.rs` has them) takes the difference away.

pub mod agreement;
mod draft;
mod edits;
mod members;
pub(crate) mod names;
mod parts;
mod search;
pub(crate) mod tree;
mod weight;

use deferral_model::Program;
pub use search::Search;
pub use weight::{Weight, weight};

/// What has become of a program.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest that was found.
    pub program: Program,
    /// How many others were tried.
    pub tries: u64,
    /// Whether no single edit is left; else it was stopped.
    pub minimal: bool,
}

/// How far a program is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// How many operations the smallest has that was found so far, those inside scripts too.
    pub operations: usize,
    /// How many others were tried.
    pub tries: u64,
}

/// Makes a program small: goes over to a simpler one where `shows` says that it shows the same, as long as `go_on` says
/// yes before each try. That the program itself shows it is taken for granted.
///
/// # Errors
/// The error of `shows`.
pub fn shrink<E>(
    program: Program,
    mut shows: impl FnMut(&Program) -> Result<bool, E>,
    mut go_on: impl FnMut(Progress) -> bool,
) -> Result<Shrunk, E> {
    let mut search = Search::new(program);
    let mut tries = 0;
    let mut minimal = true;
    while let Some(candidate) = search.propose() {
        if !go_on(Progress { operations: search.size(), tries }) {
            minimal = false;
            break;
        }
        tries += 1;
        if shows(&candidate)? {
            search.accept();
        }
    }
    Ok(Shrunk { program: search.best(), tries, minimal })
}
