//! Traces side by side, one column a subject, with the first difference marked. On a terminal what doesn't matter is
//! dimmed: the text has the terminal's codes, and whoever prints it elsewhere takes them out (`anstream`).

use super::aligned::{Row, rows};
use super::pseudo::shown;
use super::words::Names;
use crate::subject::Reply;
use anstyle::Style;
use std::fmt::Write;

/// The narrowest and the widest that a column gets, in characters.
const WIDTH: std::ops::RangeInclusive<usize> = 12..=60;

/// What stands where a subject says nothing, and another does.
const NOTHING: &str = "-";

/// What each subject said to a program: `>` marks the first difference, `~` the others.
#[must_use]
pub fn side_by_side(names: &Names, replies: &[(&str, &Reply)]) -> String {
    let rows = rows(names, replies);
    let label_width = rows.iter().map(|row| row.label.len()).max().unwrap_or(0);
    let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let width = |column: usize| {
        let head = replies[column].0.chars().count();
        let widest = cells.iter().map(|cells| cells[column].chars().count()).chain([head]).max();
        widest.unwrap_or(0).clamp(*WIDTH.start(), *WIDTH.end())
    };
    let widths: Vec<usize> = (0..replies.len()).map(width).collect();
    let line = |mark: char, label: &str, cells: &mut dyn Iterator<Item = &str>| {
        let mut line = format!("{mark} {label:label_width$}");
        for (cell, width) in cells.zip(&widths) {
            let _ = write!(line, "  {:width$}", clipped(cell, *width));
        }
        line.trim_end().to_owned()
    };

    let mut text = line(' ', "", &mut replies.iter().map(|(name, _)| *name)) + "\n";
    let first = rows.iter().position(|row| row.differs);
    for (at, (row, cells)) in rows.iter().zip(&cells).enumerate() {
        let mark = match (row.differs, first == Some(at)) {
            (true, true) => '>',
            (true, false) => '~',
            _ => ' ',
        };
        let line = line(mark, &row.label, &mut cells.iter().map(String::as_str));
        let style = match mark {
            '>' => Style::new().bold(),
            ' ' if first.is_some_and(|first| !related(row, &rows[first])) => Style::new().dimmed(),
            _ => Style::new(),
        };
        let _ = writeln!(text, "{style}{line}{style:#}");
    }
    text
}

fn cells(row: &Row) -> Vec<String> {
    let cell = |cell: &Option<String>| match cell {
        Some(cell) => cell.chars().flat_map(shown).collect(),
        None if row.differs => NOTHING.to_owned(),
        None => String::new(),
    };
    row.cells.iter().map(cell).collect()
}

/// Whether two rows are about the same script or slot.
fn related(one: &Row, other: &Row) -> bool {
    let words = |row: &Row| -> Vec<String> {
        let texts = row.cells.iter().flatten().chain([&row.label]);
        let names = texts.flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphanumeric()));
        let is_name = |word: &&str| {
            word.starts_with(|letter: char| letter.is_ascii_lowercase())
                && word.ends_with(|letter: char| letter.is_ascii_digit())
        };
        names.filter(is_name).map(str::to_owned).collect()
    };
    let theirs = words(other);
    words(one).iter().any(|word| theirs.contains(word))
}

fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut clipped: String = text.chars().take(width - 1).collect();
    clipped.push('…');
    clipped
}
