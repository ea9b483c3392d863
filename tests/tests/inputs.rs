//! From stored programs to a fuzzer's inputs and back, by `conform encode`, `show` and `promote`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The status, what is printed, and what is said on standard error.
fn conform(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conform"));
    let ran = command.args(arguments).env("PATH", "").stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ran.status.code().unwrap(), text(ran.stdout), text(ran.stderr))
}

/// What is printed where all went well.
#[track_caller]
fn printed(arguments: &[&str]) -> String {
    let (status, out, err) = conform(arguments);
    assert_eq!(status, 0, "{out}{err}");
    out
}

fn files(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path().display().to_string()).collect();
    files.sort();
    files
}

const CORE: &str = r#"{"ops":[{"op":"new"},{"op":"add_callback","d":0,"cb":{"id":1,"ret":{"value":7}}},{"op":"callback","d":0,"value":3}]}"#;
const FAMILY: &str = r#"{"ops":[{"op":"succeed","value":5},{"op":"race","ds":[0]}]}"#;

#[test]
fn a_program_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let programs = folder.path().join("programs.jsonl");
    fs::write(&programs, format!("{CORE}\n{FAMILY}\n")).unwrap();
    let (programs, into) = (programs.to_str().unwrap(), folder.path().join("inputs"));
    let into_name = into.to_str().unwrap();

    // The other isn't of the core.
    let out = printed(&["encode", programs, "--target", "lockstep", "--into", into_name]);
    assert_eq!(out, "1 written, 1 left out\n");
    let [input] = &files(&into)[..] else { panic!("{:?}", files(&into)) };
    let json = printed(&["show", "--encoded=lockstep", "--as", "json", input]);
    let program = |json: &str| deferral_model::Program::from_json(json).unwrap();
    assert_eq!(program(&json).ops, program(CORE).ops);
    let shown = printed(&["show", "--encoded=lockstep", input]);
    assert!(shown.contains("d0.add_callback(cb1):\n    return 7\nd0.callback(3)\n"), "{shown}");

    assert_eq!(
        printed(&["encode", programs, "--max-ops", "2", "--into", into_name]),
        "1 written, 1 left out\n"
    );
    let both = files(&into);
    assert_eq!(both.len(), 2);
    let shown = printed(&["show", "--encoded", "--as", "json", into_name]);
    let shown: Vec<_> = shown.lines().map(|line| program(line).ops).collect();
    assert!(shown.contains(&program(CORE).ops) && shown.contains(&program(FAMILY).ops), "{shown:?}");
}

#[test]
fn what_is_skipped_is_left_out_of_what_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let programs = folder.path().join("program.json");
    fs::write(&programs, CORE).unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    printed(&["encode", programs.to_str().unwrap(), "--into", one.to_str().unwrap()]);
    let as_stored = fs::read(&files(&one)[0]).unwrap();

    // 0xff is no operation's number.
    let found = folder.path().join("found");
    fs::write(&found, [&as_stored[..], &[0xff]].concat()).unwrap();
    printed(&["encode", "--encoded", "--into", two.to_str().unwrap(), found.to_str().unwrap()]);
    let [file] = &files(&two)[..] else { panic!("{:?}", files(&two)) };
    assert_eq!(fs::read(file).unwrap(), as_stored);
    assert_eq!(Path::new(file).file_name(), Path::new(&files(&one)[0]).file_name(), "its name is its digest");
}

#[test]
fn an_input_is_promoted() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus");
    fs::create_dir_all(corpus.join("regressions")).unwrap();
    let programs = folder.path().join("program.json");
    fs::write(&programs, FAMILY).unwrap();
    let into = folder.path().join("inputs");
    printed(&["encode", programs.to_str().unwrap(), "--into", into.to_str().unwrap()]);
    let input = &files(&into)[0];
    let promote = ["promote", input, "--encoded=family", "--cause", "The first one wins", "--corpus"];
    printed(&[&promote[..], &[corpus.to_str().unwrap()]].concat());
    let text = fs::read_to_string(corpus.join("regressions/the-first-one-wins.json")).unwrap();
    let stored: deferral_conformance::corpus::Case = serde_json::from_str(&text).unwrap();
    assert_eq!(stored.program.ops, deferral_model::Program::from_json(FAMILY).unwrap().ops);
    assert_eq!(stored.trace, deferral_model::run(&stored.program));
}

#[test]
fn what_cannot_be_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("inputs");
    let into = into.to_str().unwrap();
    let nowhere = folder.path().join("nowhere");
    for arguments in [
        &["encode", nowhere.to_str().unwrap(), "--into", into][..],
        &["encode", "--encoded", nowhere.to_str().unwrap(), "--into", into],
        &["show", "--encoded", nowhere.to_str().unwrap()],
        &["show", "--encoded", into],
    ] {
        let (status, out, err) = conform(arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.starts_with("conform: ") && err.lines().count() == 1, "{err}");
    }
}
