//! The clauses of SEMANTICS.md: what each says, where Twisted does it, and the stored programs that show it.

use deferral_model::SEMANTICS;
use std::sync::OnceLock;

/// A clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its number, from 1.
    pub number: usize,
    /// Its title.
    pub title: &'static str,
    /// The heading that it stands under.
    pub group: &'static str,
    /// The rule.
    pub rule: String,
    /// The lines of Twisted's source.
    pub source: String,
    /// The names of the stored programs.
    pub programs: Vec<&'static str>,
}

/// All clauses, in the order of their numbers.
#[must_use]
pub fn clauses() -> &'static [Clause] {
    static CLAUSES: OnceLock<Vec<Clause>> = OnceLock::new();
    CLAUSES.get_or_init(|| {
        let groups = SEMANTICS.split("\n## ").skip(1);
        groups
            .flat_map(|text| text.split("\n### DC-").skip(1).filter_map(|it| parsed(heading(text), it)))
            .collect()
    })
}

fn heading(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// A clause from its text behind `### DC-`: its paragraphs are the title, the rule, the source, and more.
fn parsed(group: &'static str, text: &'static str) -> Option<Clause> {
    let (title, rest) = text.split_once('\n')?;
    let (number, title) = title.split_once(' ')?;
    let (rule, rest) = rest.split_once("\n\nSource: ")?;
    let (source, rest) = rest.split_once("\n\n").unwrap_or((rest, ""));
    let programs = rest.lines().find_map(|line| line.strip_prefix("Programs: ")).unwrap_or_default();
    let on_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Clause {
        number: number.parse().ok()?,
        title,
        group,
        rule: on_one_line(rule),
        source: on_one_line(source),
        programs: programs.split(", ").map(|name| name.trim_matches('`')).collect(),
    })
}
