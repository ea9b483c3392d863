//! `conform show`: stored programs as people read them.

use crate::stored::{Encoded, Entry, read_as};
use crate::{Verdict, show};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use deferral_conformance::check::STORED;
use deferral_conformance::report::html::timeline;
use deferral_conformance::report::pseudo::pseudo;
use deferral_conformance::report::python::python;
use deferral_conformance::report::rust::rust;
use deferral_conformance::report::story::Story;
use deferral_conformance::subject::Reply;
use deferral_conformance::subjects::engine;
use deferral_model::{Answer, Program};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Stored programs, as `conform replay` reads them; `-` for standard input
    file: PathBuf,
    /// What they are shown as
    #[arg(long = "as", value_enum, default_value_t = Form::Text)]
    form: Form,
    #[command(flatten)]
    encoded: Encoded,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// Pseudo-code
    Text,
    /// The program itself, on one line
    Json,
    /// A program for plain Twisted, that asserts what it does
    Python,
    /// A test of the engine, that asserts what is right
    Rust,
    /// A page that is stepped through; of one program (`conform timeline` has more to choose)
    Html,
}

pub(crate) fn tell(arguments: &Arguments) -> Result<Verdict> {
    let entries = read_as(&arguments.file, arguments.encoded.encoded)?;
    if matches!(arguments.form, Form::Html) && entries.len() > 1 {
        let (file, many) = (arguments.file.display(), entries.len());
        bail!(
            "{file}: there are {many} programs, and a page shows one; `conform timeline --line` says which"
        );
    }
    for (at, Entry { place, program, stored, .. }) in entries.iter().enumerate() {
        let story = Story::of(program);
        let right = stored.as_ref().unwrap_or(&story.answer);
        let text = match arguments.form {
            Form::Text => format!("{place}\n\n{}", pseudo(&story)),
            Form::Json => program.to_json() + "\n",
            Form::Python => python(&story, place, right),
            Form::Rust => rust(&story, place, right, None),
            Form::Html => page(program, stored.as_ref()),
        };
        let json = matches!(arguments.form, Form::Json);
        show::print(&if at == 0 || json { text } else { format!("\n{text}") })?;
    }
    Ok(Verdict::Conforms)
}

/// What model and engine do, beside the stored trace.
fn page(program: &Program, stored: Option<&Answer>) -> String {
    let mut replies = vec![("model", deferral_model::run(program)), ("engine", engine::run(program))];
    replies.extend(stored.map(|stored| (STORED, stored.clone())));
    let replies: Vec<_> = replies.into_iter().map(|(name, answer)| (name, Reply::Answer(answer))).collect();
    let replies: Vec<_> = replies.iter().map(|(name, reply)| (*name, reply)).collect();
    timeline(program, &replies)
}
