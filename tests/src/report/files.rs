//! The folder of a report: what is printed, the program for the corpus, and reproductions that need none of this
//! project's machinery.

use super::Report;
use super::aligned::right;
use super::html::timeline;
use super::python::python;
use super::rust::rust;
use super::story::Story;
use crate::corpus::Case;
use crate::subject::Reply;
use crate::subjects::target_folder;
use anstream::adapter::strip_str;
use deferral_model::Program;
use std::fs;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// Why a report couldn't be written.
#[derive(Debug, thiserror::Error)]
#[error("the report can't be written to {}: {cause}", file.display())]
pub struct ReportError {
    /// The file or folder.
    pub file: PathBuf,
    /// Why.
    pub cause: std::io::Error,
}

/// The folder of a program's report.
#[must_use]
pub fn folder(program: &Program) -> PathBuf {
    let folder = target_folder().join("conform").join(digest(program));
    let here = std::env::current_dir().unwrap_or_default();
    folder.strip_prefix(here).map_or(folder.clone(), Path::to_owned)
}

/// A short name that only this program has.
pub(super) fn digest(program: &Program) -> String {
    let bare = Program { ops: program.ops.clone(), ..Program::default() };
    format!("{:016x}", xxh3_64(bare.to_json().as_bytes()))
}

/// Writes a report into its folder, and gives what is printed behind it: where the files lie, and the command that
/// replays it.
///
/// # Errors
/// When a file can't be written.
pub fn write(report: &Report) -> Result<String, ReportError> {
    let folder = folder(&report.program);
    let story = Story::of(&report.program);
    let case = case(report, &story);
    let replies: Vec<(&str, &Reply)> =
        report.replies.iter().map(|(name, reply)| (name.as_str(), reply)).collect();
    let files = [
        ("repro.py", python(&story, &report.title, &case.trace)),
        ("repro.rs", rust(&story, &report.title, &case.trace, report.look())),
        ("timeline.html", timeline(&report.program, &replies)),
        ("case.json", serde_json::to_string_pretty(&case).expect("a program is plain data") + "\n"),
    ];
    let names: String = files.iter().map(|(name, _)| format!(", {name}")).collect();
    let replaying = replaying(report, &folder, &names);
    let text = strip_str(&report.text()).to_string() + "\n" + &replaying;
    let failed = |file: &Path| {
        let file = file.to_owned();
        move |cause| ReportError { file, cause }
    };
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    for (name, text) in files.into_iter().chain([("report.txt", text)]) {
        let file = folder.join(name);
        fs::write(&file, text).map_err(failed(&file))?;
    }
    Ok(replaying)
}

/// Where the rest lies, and how the program is run again.
fn replaying(report: &Report, folder: &Path, names: &str) -> String {
    let subjects: String = report.subjects().map(|name| format!(" --subject {}", quoted(name))).collect();
    let folder = folder.display();
    format!(
        "Written to {folder}/: report.txt{names}\n\
         Replay it with: cargo run --release -- replay {folder}/case.json{subjects}\n"
    )
}

/// The program as the corpus has it: with the trace that a real Twisted gave, if one was asked, else with the model's.
fn case(report: &Report, story: &Story<'_>) -> Case {
    let replies: Vec<(&str, &Reply)> =
        report.replies.iter().map(|(name, reply)| (name.as_str(), reply)).collect();
    let judge =
        right(&replies).map(|at| replies[at]).filter(|(name, _)| ["twisted", "stored"].contains(name));
    let (trace, by) = match judge {
        Some((_, Reply::Answer(answer))) => (answer.clone(), "a real Twisted's"),
        _ => (story.answer.clone(), "the model's: no Twisted was asked"),
    };
    let why = format!("{}. The trace is {by}.", report.title);
    let name = report.program.name.clone().or_else(|| Some(digest(&report.program)));
    Case { program: Program { name, why: Some(why), ops: report.program.ops.clone() }, trace }
}

/// A word as the shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
