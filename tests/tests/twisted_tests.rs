//! TWISTED_TESTS.md names things that exist, each of Twisted's tests once, and counts right.

use deferral_conformance::corpus::root;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const TABLE: &str = include_str!("../TWISTED_TESTS.md");
const SEMANTICS: &str = include_str!("../../model/SEMANTICS.md");

/// The modules of Twisted 26.10.0, and how many tests its loader finds in each.
const MODULES: [(&str, usize); 4] = [
    ("twisted.test.test_defer", 181),
    ("twisted.internet.test.test_inlinecb", 60),
    ("twisted.internet.test.test_defer_await", 10),
    ("twisted.internet.test.test_defer_yieldfrom", 7),
];

struct Row {
    module: &'static str,
    test: &'static str,
    held_by: &'static str,
}

impl Row {
    /// What is named, without the remark in brackets at the end; or the reason why there is nothing.
    fn counterparts(&self) -> Result<Vec<&'static str>, &'static str> {
        if let Some(reason) = self.held_by.strip_prefix("none: ") {
            return Err(reason);
        }
        let names = self.held_by.split(" (").next().unwrap().split(", ");
        let bare = |name: &'static str| name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
        Ok(names.map(|name| bare(name).unwrap_or_else(|| panic!("{}: {name}", self.test))).collect())
    }
}

/// The cells of a line of a table.
fn cells(line: &'static str) -> Option<(&'static str, &'static str)> {
    line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")
}

fn rows() -> Vec<Row> {
    let mut module = None;
    let mut rows = Vec::new();
    for line in TABLE.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            module = Some(name);
        } else if let (Some(module), Some((test, held_by))) = (module, cells(line))
            && test != "Twisted's test"
        {
            rows.push(Row { module, test, held_by });
        }
    }
    rows
}

/// A number from the table of the introduction.
fn counted(what: &str) -> usize {
    let introduction = TABLE.split("\n## ").next().unwrap();
    let row = introduction.lines().filter_map(cells).find(|(name, _)| *name == what);
    row.unwrap_or_else(|| panic!("no count of {what}")).1.parse().unwrap()
}

#[test]
fn each_test_of_twisted_stands_once_and_has_a_counterpart_or_a_reason() {
    let mut seen = BTreeSet::new();
    let mut modules: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows() {
        let (class, method) = row.test.split_once('.').unwrap_or_else(|| panic!("{}", row.test));
        assert!(!class.is_empty() && method.starts_with("test"), "{}", row.test);
        assert!(seen.insert((row.module, row.test)), "{} stands twice", row.test);
        *modules.entry(row.module).or_default() += 1;
        match row.counterparts() {
            Ok(names) => assert!(!names.is_empty(), "{}", row.test),
            Err(reason) => assert!(!reason.trim().is_empty(), "{}", row.test),
        }
    }
    assert_eq!(modules, BTreeMap::from(MODULES));
}

#[test]
fn everything_that_is_named_exists() {
    let repository = root().join("../..");
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    for row in rows() {
        for name in row.counterparts().unwrap_or_default() {
            let exists = match name.split_once(' ') {
                Some(("program", program)) => {
                    root().join("clauses").join(format!("{program}.json")).is_file()
                }
                Some(("clause", clause)) => {
                    SEMANTICS.lines().any(|line| line.starts_with(&format!("### {clause} ")))
                }
                Some(("test", test)) => {
                    let (file, function) = test.split_once("::").unwrap();
                    let text = files.entry(repository.join(file)).or_insert_with_key(|file| {
                        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{test}: {error}"))
                    });
                    text.contains(&format!("#[test]\nfn {function}("))
                }
                _ => panic!("{}: what is {name}?", row.test),
            };
            assert!(exists, "{}: there is no {name}", row.test);
        }
    }
}

#[test]
fn the_counts_are_right_and_enough_have_a_counterpart() {
    let (mut programs, mut tests, mut reasons) = (0, 0, 0);
    for row in rows() {
        match row.counterparts() {
            Ok(names) if names.iter().all(|name| name.starts_with("test ")) => tests += 1,
            Ok(_) => programs += 1,
            Err(_) => reasons += 1,
        }
    }
    assert_eq!(counted("of these, held by a program or clause, some by a Rust test too"), programs);
    assert_eq!(counted("of these, held by Rust tests alone"), tests);
    assert_eq!(counted("with a counterpart"), programs + tests);
    assert_eq!(counted("without, for a reason"), reasons);
    assert_eq!(counted("all"), programs + tests + reasons);
    assert!((programs + tests) * 100 >= (programs + tests + reasons) * 85);
}

#[test]
fn every_test_that_was_written_for_the_table_is_in_it() {
    const FILE: &str = "engine/tests/twisted_counterparts.rs";
    let text = std::fs::read_to_string(root().join("../..").join(FILE)).unwrap();
    for test in text.split("#[test]\nfn ").skip(1) {
        let name = format!("`test {FILE}::{}`", test.split('(').next().unwrap());
        assert!(TABLE.contains(&name), "{name}");
    }
}
