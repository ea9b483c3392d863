//! `conform show`: stored programs as people read them.

use crate::stored::{Entry, read};
use crate::{Verdict, show};
use anyhow::Result;
use clap::{Args, ValueEnum};
use deferral_conformance::report::pseudo::pseudo;
use deferral_conformance::report::python::python;
use deferral_conformance::report::rust::rust;
use deferral_conformance::report::story::Story;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Stored programs, as `conform replay` reads them; `-` for standard input
    file: PathBuf,
    /// What they are shown as
    #[arg(long = "as", value_enum, default_value_t = Form::Text)]
    form: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// Pseudo-code
    Text,
    /// A program for plain Twisted, that asserts what it does
    Python,
    /// A test of the engine, that asserts what is right
    Rust,
}

pub(crate) fn tell(arguments: &Arguments) -> Result<Verdict> {
    let entries = read(&arguments.file)?;
    for (at, Entry { place, program, stored }) in entries.iter().enumerate() {
        let story = Story::of(program);
        let right = stored.as_ref().unwrap_or(&story.answer);
        let text = match arguments.form {
            Form::Text => format!("{place}\n\n{}", pseudo(&story)),
            Form::Python => python(&story, place, right),
            Form::Rust => rust(&story, place, right, None),
        };
        show::print(&if at == 0 { text } else { format!("\n{text}") })?;
    }
    Ok(Verdict::Conforms)
}
