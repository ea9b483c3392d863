//! The pages of programs: those on which subjects differ, as small as they were made, and the stored ones.

use super::Run;
use crate::check::{Divergence, STORED};
use crate::matrix::Matrix;
use crate::report::html::timeline;
use crate::report::pseudo::pseudo;
use crate::report::story::Story;
use crate::report::text::side_by_side;
use crate::subject::Reply;
use anstream::adapter::strip_str;
use deferral_model::Program;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

/// A page of a program.
pub(super) struct Page {
    /// Its file.
    pub(super) file: String,
    /// What the template asks for.
    pub(super) values: Value,
    /// The page beside it, with the program as a picture that is stepped through.
    pub(super) timeline: String,
}

impl Page {
    /// The file of the picture.
    pub(super) fn timeline_file(&self) -> String {
        timeline_of(&self.file)
    }
}

fn timeline_of(file: &str) -> String {
    file.replace(".html", "-timeline.html")
}

/// The way from a page to the picture beside it.
fn link_to_timeline(file: &str) -> String {
    let beside = timeline_of(file);
    beside.rsplit('/').next().unwrap_or(&beside).to_owned()
}

/// A heading, and what stands under it.
#[derive(Serialize)]
struct Part {
    heading: &'static str,
    text: String,
}

/// What each page shows of a program and what was said to it.
fn body(program: &Program, replies: &[(&str, &Reply)]) -> Vec<Part> {
    let story = Story::of(program);
    let plain = |text: &str| strip_str(text).to_string();
    vec![
        Part { heading: "The program", text: plain(&pseudo(&story)) },
        Part { heading: "Side by side", text: plain(&side_by_side(&story.names, replies)) },
    ]
}

/// A divergence on the first page.
#[derive(Serialize)]
pub(super) struct Link<'r> {
    page: String,
    number: u64,
    made: String,
    odd: Option<&'r str>,
}

/// The ways to the divergences.
pub(super) fn links<'r>(run: &Run<'r>) -> Vec<Link<'r>> {
    let link = |(at, divergence): (usize, &'r Divergence)| Link {
        page: of_divergence(at),
        number: divergence.number + 1,
        made: divergence.made.to_string(),
        odd: divergence.odd_one_out.as_deref(),
    };
    run.summary.divergences.iter().enumerate().map(link).collect()
}

fn of_divergence(at: usize) -> String {
    format!("divergences/{}.html", at + 1)
}

/// The file of a stored program.
pub(super) fn of_program(name: &str) -> String {
    format!("programs/{name}.html")
}

/// The pages of the divergences.
pub(super) fn of_divergences<'r>(run: &Run<'r>) -> impl Iterator<Item = Page> + use<'r> {
    run.summary.divergences.iter().enumerate().map(|(at, divergence)| {
        let file = of_divergence(at);
        let replies: Vec<_> = divergence.replies.iter().map(|(name, reply)| (name.as_str(), reply)).collect();
        let mut remarks = vec![format!("Program {} of the run, {}.", divergence.number + 1, divergence.made)];
        remarks.extend(divergence.odd_one_out.iter().map(|odd| format!("The odd one out is {odd}.")));
        remarks.extend(divergence.lockstep.as_ref().map(|lockstep| match lockstep.after {
            Some(op) => format!("In lockstep model and engine differ after operation {op}."),
            None => "In lockstep model and engine differ when all handles are let go.".to_owned(),
        }));
        let values = context! {
            root => "../",
            timeline => link_to_timeline(&file),
            title => format!("Divergence {}", at + 1),
            remarks => remarks,
            differs => true,
            verdict => "The subjects differ.",
            body => Serde(body(&divergence.program, &replies)),
        };
        Page { file, values, timeline: timeline(&divergence.program, &replies) }
    })
}

/// The pages of the stored programs.
pub(super) fn of_programs(matrix: &Matrix) -> impl Iterator<Item = Page> {
    matrix.programs.iter().map(move |(name, stored)| {
        let file = of_program(name);
        let expected = Reply::Answer(stored.case.trace.clone());
        let mut replies: Vec<(&str, &Reply)> =
            matrix.subjects.iter().map(|column| (column.name.as_str(), &column.replies[name])).collect();
        replies.push((STORED, &expected));
        let others = |reply: &Reply| *reply != expected && !matches!(reply, Reply::Lacks(_));
        let differ: Vec<&str> =
            replies.iter().filter(|(_, reply)| others(reply)).map(|(subject, _)| *subject).collect();
        let verdict = match differ.is_empty() {
            true => "Everybody who has the operations says what a real Twisted said.".to_owned(),
            false => format!("Something else than a real Twisted says: {}.", differ.join(", ")),
        };
        let shown_by = matrix.clauses.iter().filter(|clause| clause.programs.contains(&name.as_str()));
        let clauses = shown_by.map(|clause| {
            let (number, title, rule, source) = (clause.number, clause.title, &clause.rule, &clause.source);
            context! { number, title, rule => rule.clone(), source => source.clone() }
        });
        let values = context! {
            root => "../",
            timeline => link_to_timeline(&file),
            title => name.clone(),
            remarks => stored.case.program.why.iter().cloned().collect::<Vec<_>>(),
            clauses => clauses.collect::<Vec<_>>(),
            differs => !differ.is_empty(),
            verdict => verdict,
            body => Serde(body(&stored.case.program, &replies)),
        };
        Page { file, values, timeline: timeline(&stored.case.program, &replies) }
    })
}
