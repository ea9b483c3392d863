//! The clauses of SEMANTICS.md, with the stored programs that show them.

/// The rules, as they are written down.
pub const SEMANTICS: &str = include_str!("../../model/SEMANTICS.md");

/// A clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its number, from 1.
    pub number: usize,
    /// What it says, in a few words.
    pub title: String,
    /// The heading that it stands under.
    pub group: String,
    /// The names of the stored programs that show it.
    pub programs: Vec<String>,
}

/// All clauses, in order.
#[must_use]
pub fn clauses() -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    let mut group = "";
    for line in SEMANTICS.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            group = heading;
        } else if let Some(heading) = line.strip_prefix("### DC-") {
            let (number, title) = heading.split_once(' ').unwrap_or((heading, ""));
            let number = number.parse().expect("a clause has a number");
            let (title, group) = (title.to_owned(), group.to_owned());
            clauses.push(Clause { number, title, group, programs: Vec::new() });
        } else if let (Some(names), Some(clause)) = (line.strip_prefix("Programs: "), clauses.last_mut()) {
            clause.programs.extend(names.split(", ").map(|name| name.trim_matches('`').to_owned()));
        }
    }
    clauses
}
