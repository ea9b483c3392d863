//! A program and what each subject did, as a page that is stepped through: `timeline.html`.
//!
//! One file, which needs no network. Time goes down: a row for each operation and each event, the same thing of all
//! subjects in the same row. Each subject has a lane for every Deferred, by slot, so that two slots of one Deferred are
//! two lanes; callbacks are boxes in it, with what they are given and what they give. The page opens where the subjects
//! first differ.
//!
//! A trace says what happened, but not in which operation. What is drawn is exact where a subject was asked
//! ([`Account::ask`]): it is given the program once more with marks (`marks.rs`) that say it, and how all slots stand
//! after each operation. Of a subject of which only the reply is known ([`timeline`]), the events are exact, and what
//! else is drawn follows from the model's marks as far as its events are the model's; the page says so. Inferred is in
//! either case: how a Deferred stands in the middle of an operation, which awaited Deferred an `await` got its result
//! from, and the arrow of a hand-over within one operation.

mod account;
mod cells;
mod compare;
mod ending;
mod events;
mod marks;
mod operations;
mod picture;
mod rows;
mod story;
mod telling;
mod words;

use crate::check::{Judged, judge};
use crate::report::story::Story as Told;
use crate::report::text::side_by_side;
use crate::subject::Reply;
pub use account::Account;
use anstream::adapter::strip_str;
use deferral_model::Program;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use picture::{Picture, Subject};
use serde::Serialize;

const PAGE: &str = include_str!("html/timeline.html");
const STYLE: &str = include_str!("html/timeline.css");
const SCRIPT: &str = include_str!("html/timeline.js");

/// The page of a program and what each subject said to it.
#[must_use]
pub fn timeline(program: &Program, replies: &[(&str, &Reply)]) -> String {
    let accounts: Vec<_> = replies.iter().map(|(name, reply)| Account::of_reply(name, reply)).collect();
    timeline_of(program, &accounts)
}

/// The page of a program and what subjects said that were asked about it.
///
/// # Panics
/// Never: the page's template is right.
#[must_use]
pub fn timeline_of(program: &Program, accounts: &[Account]) -> String {
    let picture = story::picture(program, accounts);
    let replies: Vec<_> = accounts.iter().map(|account| (account.name.as_str(), &account.reply)).collect();
    let told = Told::of(program);
    let page = context! {
        title => program.name.clone().unwrap_or_else(|| format!("A program of {} operations", program.size())),
        why => &program.why,
        verdict => Serde(verdict(&picture, accounts)),
        text => strip_str(&side_by_side(&told.names, &replies)).to_string(),
        program => program.to_json(),
        data => data(&picture),
        style => STYLE,
        script => SCRIPT,
    };
    // The name's ending has everything escaped that the template doesn't call safe.
    Environment::new().render_named_str("timeline.html", PAGE, page).expect("the template is right")
}

/// What stands above the picture.
#[derive(Serialize)]
struct Verdict {
    differs: bool,
    sentence: String,
    subjects: Vec<Said>,
}

/// What a subject did where they first differ.
#[derive(Serialize)]
struct Said {
    name: String,
    right: bool,
    said: String,
}

/// Where the subjects first differ, or what else they come to.
fn verdict(picture: &Picture, accounts: &[Account]) -> Verdict {
    let (names, replies): (Vec<_>, Vec<_>) =
        accounts.iter().map(|account| (account.name.clone(), account.reply.clone())).unzip();
    let judged = judge(&names, &replies);
    let line = match (picture.first.map(|first| &picture.rows[first]), &judged) {
        (Some(line), Judged::Agrees | Judged::Differs) => line,
        (None, Judged::Agrees | Judged::Differs) | (_, Judged::Undefined(_) | Judged::LeftOut) => {
            let sentence = match &judged {
                Judged::Agrees => "The traces are the same.".to_owned(),
                Judged::Differs => "The subjects don't agree whether the program means something.".to_owned(),
                Judged::Undefined(who) => format!("Undefined, and so not compared: {who}"),
                Judged::LeftOut => "Left out, as somebody lacks an operation.".to_owned(),
            };
            let noted = picture.subjects.iter().filter_map(|subject| Some((subject, subject.note.clone()?)));
            let subjects = noted.map(|(subject, said)| subject.said(said)).collect();
            return Verdict { differs: judged == Judged::Differs, sentence, subjects };
        }
    };
    let place = match (line.number, line.within) {
        (Some(number), _) => format!("in operation {number}, {}", line.text),
        (None, Some(number)) => format!("in operation {number}, at {}", line.text),
        (None, None) => "when all operations have run".to_owned(),
    };
    let said = |at: usize| match (&line.cells[at], &line.otherwise[at]) {
        (Some(cell), _) => cell.said.clone(),
        (None, Some(next)) => format!("nothing here; next, {next}"),
        (None, None) => "nothing here".to_owned(),
    };
    let subjects = picture.subjects.iter().enumerate();
    Verdict {
        differs: true,
        sentence: format!("First difference {place}"),
        subjects: subjects.map(|(at, subject)| subject.said(said(at))).collect(),
    }
}

impl Subject {
    fn said(&self, said: String) -> Said {
        Said { name: self.name.clone(), right: self.right, said }
    }
}

/// A picture as JSON that may stand in a page: nothing in it ends the element that it is in.
fn data(picture: &Picture) -> String {
    let json = serde_json::to_string(picture).expect("it is plain data");
    json.replace('<', "\\u003c")
}
