//! The report of a run: every page is there, can be read, leads nowhere else, and says what the run found.

use roxmltree::{Document, Node, ParsingOptions};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Ran {
    status: i32,
    out: String,
    err: String,
}

fn check(arguments: &[&str], folder: &Path) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_conform"))
        .args(["check", "--cases", "300", "--seed", "1"])
        .args(arguments)
        .arg("--report")
        .arg(folder)
        .output()
        .unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    Ran { status: output.status.code().unwrap(), out, err }
}

/// All files of a report.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            files.insert(path, text);
        }
    }
    files
}

fn parsed(text: &str) -> Document<'_> {
    Document::parse_with_options(text, ParsingOptions { allow_dtd: true, ..Default::default() }).unwrap()
}

fn with_class<'d>(page: &'d Document<'_>, class: &'static str) -> impl Iterator<Item = Node<'d, 'd>> {
    page.descendants().filter(move |node| {
        node.attribute("class").is_some_and(|classes| classes.split(' ').any(|one| one == class))
    })
}

/// What stands in a node.
fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter_map(|node| if node.is_text() { node.text() } else { None }).collect()
}

/// Whether it is a picture beside a page: `timeline.rs` looks at those.
fn is_timeline(file: &Path) -> bool {
    file.to_string_lossy().ends_with("-timeline.html")
}

/// How many programs have a page in a folder, each with its picture.
fn pages(files: &BTreeMap<PathBuf, String>, folder: &Path) -> usize {
    let (pictures, pages): (Vec<_>, Vec<_>) =
        files.keys().filter(|file| file.starts_with(folder)).partition(|file| is_timeline(file));
    assert_eq!(pictures.len(), pages.len());
    pages.len()
}

/// Each page is well-formed, and each way on it leads to a file of the report, or to a place on it.
fn assert_whole(files: &BTreeMap<PathBuf, String>) {
    let pages = files.iter().filter(|(file, _)| file.extension().is_some_and(|kind| kind == "html"));
    let pages = pages.filter(|(file, _)| !is_timeline(file));
    for (file, page) in pages {
        let page = parsed(page);
        for node in page.descendants() {
            assert!(!["script", "img", "iframe"].contains(&node.tag_name().name()), "{}", file.display());
            for place in ["src", "href"].iter().filter_map(|name| node.attribute(*name)) {
                let (target, anchor) = place.split_once('#').unwrap_or((place, ""));
                let folder = file.parent().unwrap();
                let target = if target.is_empty() { file.clone() } else { folder.join(target) };
                let target =
                    target.canonicalize().unwrap_or_else(|_| panic!("{place} in {}", file.display()));
                let there = files.get(&target).unwrap_or_else(|| panic!("{place} leads out of the report"));
                assert!(anchor.is_empty() || there.contains(&format!("id=\"{anchor}\"")), "{place}");
            }
        }
    }
    for (file, text) in files.iter().filter(|(file, _)| !is_timeline(file)) {
        assert!(!text.contains("://") && !text.contains("@import"), "{} needs a network", file.display());
    }
}

#[test]
fn a_green_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let ran = check(&[], &folder);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", ran.out);
    let index = folder.join("index.html");
    assert!(ran.out.ends_with(&format!("report        {}\n", index.display())), "{}", ran.out);
    let files = files(&folder);
    assert_whole(&files);
    assert_eq!(pages(&files, &folder.join("programs")), 390);
    assert_eq!(pages(&files, &folder.join("divergences")), 0);

    let index = parsed(&files[&index]);
    assert_eq!(with_class(&index, "differs").count(), 0);
    assert_eq!(with_class(&index, "passes").count(), 215 * 2);
    // The figures of the map are those that were printed.
    let mapped: Vec<String> = with_class(&index, "heat").map(text).collect();
    assert_eq!(mapped.len(), 13 * 11 + 16);
    let row = ran.out.lines().find(|line| line.starts_with("  add_callback ")).unwrap();
    let printed = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).skip(1);
    let printed: Vec<String> = printed.map(|cell| cell.replace("- +", "– +")).collect();
    assert_eq!(mapped[..11], printed);
    let never = with_class(&index, "never").count();
    let zeros = mapped.iter().filter(|cell| cell.split(" + ").any(|count| count == "0")).count();
    assert_eq!(never, zeros);
}

#[test]
fn a_red_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let ran = check(&["--against", "model", "--against", "model:F01"], &folder);
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    let found = ran.out.matches("DIVERGENCE in program ").count();
    assert!(found > 0);
    let files = files(&folder);
    assert_whole(&files);
    assert_eq!(pages(&files, &folder.join("divergences")), found);
    // A page shows what was printed.
    let first = parsed(&files[&folder.join("divergences/1.html")]);
    let parts: Vec<String> = first.descendants().filter(|node| node.has_tag_name("pre")).map(text).collect();
    assert!(parts.iter().any(|part| ran.out.contains(part.as_str())), "{parts:?}");
    assert!(text(first.root()).contains("The odd one out is model:F01."));
    let index = parsed(&files[&folder.join("index.html")]);
    let differing: Vec<_> = with_class(&index, "differs").filter(|node| node.has_tag_name("td")).collect();
    assert!(!differing.is_empty());
    for cell in differing {
        let page = cell.first_element_child().unwrap().attribute("href").unwrap();
        assert!(files[&folder.join(page)].contains("Something else than a real Twisted says: model:F01."));
    }
}

#[test]
fn what_is_lacking_and_a_name_that_is_no_html() {
    let conform = env!("CARGO_BIN_EXE_conform");
    let race = r#"sed -u '/"op":"race"/s/.*/{"lacks":["race"]}/;t;s/.*/{"undefined":"no idea"}/'"#;
    let evil = r#"'<b>&"</script><img src=x>'"#;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let named = format!("'{conform}' run --subject model # {evil}");
    let ran = check(&["--subject", &named, "--against", race], &folder);
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    let files = files(&folder);
    assert_whole(&files);
    let index = parsed(&files[&folder.join("index.html")]);
    assert!(text(index.root()).contains(evil));
    assert!(text(index.root()).contains("lacks race"));
    assert!(with_class(&index, "lacks").count() > 0);
}

#[test]
fn where_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("a/b");
    assert_eq!(check(&["--against", "model:F01"], &report).status, 1);
    // A newer one takes its place, and leaves nothing of it.
    assert_eq!(check(&[], &report).status, 0);
    assert_eq!(std::fs::read_dir(report.join("divergences")).unwrap().count(), 0);
    // What somebody has there stays.
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("thesis.txt"), "years").unwrap();
    let ran = check(&[], &other);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("has other files in it than those of a report"), "{}", ran.err);
    assert_eq!(std::fs::read_dir(&other).unwrap().count(), 1);
    let ran = check(&[], &other.join("thesis.txt"));
    assert_eq!(ran.status, 2);
    assert!(ran.err.starts_with("conform: ") && ran.err.contains("thesis.txt"), "{}", ran.err);
}
