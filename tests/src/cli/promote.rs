//! `conform promote`: the program of a report joins the corpus.

use crate::stored::{Encoded, Entry, read_as};
use crate::{Verdict, show};
use anyhow::{Context, Result, bail};
use clap::Args;
use deferral_conformance::corpus::{Case, read_folder, root};
use deferral_conformance::subject::Reply;
use deferral_conformance::subjects::named;
use deferral_model::{Answer, Program};
use std::path::PathBuf;

/// How many words of the cause make a name.
const WORDS: usize = 8;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The case.json of a report, or the folder of the report; or what a fuzzer ended with
    case: PathBuf,
    /// Why subjects differed on it
    #[arg(long, value_name = "SENTENCE")]
    cause: String,
    /// What it is called, and so its file; made of the cause where none is given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    encoded: Encoded,
    /// The folder of the corpus
    #[arg(long, value_name = "FOLDER", default_value_os_t = root())]
    corpus: PathBuf,
}

pub(crate) fn promote(arguments: &Arguments) -> Result<Verdict> {
    let Arguments { case, cause, name, encoded: Encoded { encoded }, corpus } = arguments;
    let file = if case.is_dir() && encoded.is_none() { case.join("case.json") } else { case.clone() };
    let [Entry { program, stored, .. }] = <[Entry; 1]>::try_from(read_as(&file, *encoded)?)
        .map_err(|entries| anyhow::anyhow!("{} has {} programs, not one", file.display(), entries.len()))?;
    let name = slug(name.as_deref().unwrap_or(cause));
    if name.is_empty() {
        bail!("a name has letters or digits, and `{cause}` has none");
    }
    if let Some(same) = read_folder(corpus)?.into_iter().find(|known| known.case.program.ops == program.ops) {
        bail!("the program stands in {}, line {} already", same.file.display(), same.line);
    }
    let place = corpus.join("regressions").join(format!("{name}.json"));
    let trace = trace(&program, stored)?;
    let today = jiff::Zoned::now().date();
    let why = Some(format!("{today}: {cause}"));
    let case = Case { program: Program { name: Some(name), why, ops: program.ops }, trace };
    let text = serde_json::to_string(&case).context("a program is plain data")? + "\n";
    // What is stored already is never written over.
    let written = std::fs::File::create_new(&place)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written.with_context(|| place.display().to_string())?;
    show::print(&format!("{}\n", place.display()))?;
    Ok(Verdict::Conforms)
}

/// What a real Twisted says; where none can be had, what was stored, or else what the model says.
fn trace(program: &Program, stored: Option<Answer>) -> Result<Answer> {
    let mut twisted = match named("twisted") {
        Ok(twisted) => twisted,
        Err(error) => {
            eprintln!("conform: the trace isn't asked of a real Twisted, which is to be done later: {error}");
            return Ok(stored.unwrap_or_else(|| deferral_model::run(program)));
        }
    };
    let reply = twisted.ask(program)?;
    twisted.finish()?;
    match reply {
        Reply::Answer(answer) => Ok(answer),
        Reply::Lacks(operations) => bail!("twisted gave no trace: it lacks {operations}"),
        Reply::Failed(failed) => bail!("twisted gave no trace: {failed}"),
    }
}

/// A text as a file may be called.
fn slug(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.take(WORDS).collect::<Vec<_>>().join("-").to_ascii_lowercase()
}
