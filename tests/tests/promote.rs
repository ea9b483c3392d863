//! From a red run to the corpus: the folder of a report, and what `conform show` and `conform promote` make of it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs `conform` where there is no Python, with a target folder of its own.
fn conform(target: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conform"));
    command.args(arguments).env("CARGO_TARGET_DIR", target).env("PATH", "");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// The folder of the report on the first program that shows a fault of the model.
fn red_run(target: &Path) -> (PathBuf, String) {
    let wrong = ["check", "--subject", "model:F31", "--against", "model", "--against", "engine"];
    let (status, out, err) = conform(target, &[&wrong[..], &["--seed", "1", "--cases", "500"]].concat(), "");
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    let folder = out.split("Written to ").nth(1).unwrap().split(": ").next().unwrap();
    (PathBuf::from(folder), out)
}

#[test]
fn a_red_run_explains_itself_and_leaves_a_folder() {
    let target = tempfile::tempdir().unwrap();
    let (folder, out) = red_run(target.path());
    assert!(folder.starts_with(target.path().join("conform")), "{}", folder.display());
    let report = fs::read_to_string(folder.join("report.txt")).unwrap();
    assert!(out.starts_with(&report), "{out}\n{report}");
    for word in
        ["\n> event 1 ", "The odd one out is model:F31.", "DC-24  The counter has a sign", "defer.py "]
    {
        assert!(report.contains(word), "{word}: {report}");
    }

    for (name, begins) in [
        ("repro.py", "\"\"\"\nDIVERGENCE in "),
        ("repro.rs", "//! DIVERGENCE in "),
        ("case.json", "{\n  \"program\""),
    ] {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.starts_with(begins), "{name}: {text}");
    }
    let case = fs::read_to_string(folder.join("case.json")).unwrap();
    assert!(case.contains("The trace is the model's: no Twisted was asked."), "{case}");

    // The command that replays it does.
    let command = report.lines().find_map(|line| line.strip_prefix("Replay it with: ")).unwrap();
    let arguments: Vec<&str> = command.strip_prefix("cargo run --release -- ").unwrap().split(' ').collect();
    let (status, out, err) = conform(target.path(), &arguments, "");
    assert_eq!((status, err.as_str()), (1, ""));
    assert!(out.contains("The odd one out is model:F31.") && out.contains("stored"), "{out}");
}

#[test]
fn what_was_found_is_told_where_no_folder_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    fs::write(&target, "").unwrap();
    let (status, out, err) =
        conform(&target, &["check", "--subject", "model:F31", "--seed", "1", "--cases", "100"], "");
    assert_eq!(status, 1, "{out}{err}");
    assert!(out.contains("\n> event 1 ") && out.contains("divergences   "), "{out}");
    assert!(err.starts_with("conform: the report can't be written to "), "{err}");
}

#[test]
fn a_case_is_promoted_once() {
    let target = tempfile::tempdir().unwrap();
    let (folder, _) = red_run(target.path());
    let corpus = target.path().join("corpus");
    fs::create_dir_all(corpus.join("regressions")).unwrap();
    let (case, corpus_name) = (folder.to_str().unwrap(), corpus.to_str().unwrap());
    let promote = |case: &str, cause: &str| {
        conform(target.path(), &["promote", case, "--cause", cause, "--corpus", corpus_name], "")
    };

    let (status, out, err) = promote(case, "A pause was a switch, not a count!");
    assert_eq!(status, 0, "{err}");
    assert!(err.lines().last().unwrap().contains("isn't asked of a real Twisted"), "{err}");
    let file = corpus.join("regressions/a-pause-was-a-switch-not-a-count.json");
    assert_eq!(out.trim_end(), file.to_str().unwrap());
    let text = fs::read_to_string(&file).unwrap();
    let stored: deferral_conformance::corpus::Case = serde_json::from_str(&text).unwrap();
    let why = stored.program.why.clone().unwrap();
    assert!(why.ends_with(": A pause was a switch, not a count!") && why.starts_with("20"), "{why}");
    assert_eq!(stored.trace, deferral_model::run(&stored.program));

    for case in [case, folder.join("case.json").to_str().unwrap()] {
        let (status, out, err) = promote(case, "again");
        assert_eq!((status, out.as_str()), (2, ""));
        assert!(err.contains("a-pause-was-a-switch-not-a-count.json, line 1 already"), "{err}");
    }
    // Nor is another program written over it.
    let other = target.path().join("other.json");
    fs::write(&other, r#"{"ops":[{"op":"new"}]}"#).unwrap();
    let (status, _, err) = promote(other.to_str().unwrap(), "A pause was a switch, not a count");
    assert!(status == 2 && err.contains("File exists"), "{err}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    let (status, _, err) = promote(other.to_str().unwrap(), "!");
    assert!(status == 2 && err.contains("has none"), "{err}");
}

#[test]
fn show_reads_what_replay_reads_and_standard_input() {
    let target = tempfile::tempdir().unwrap();
    let programs = "{\"ops\":[{\"op\":\"new\"}]}\n\n{\"ops\":[{\"op\":\"fail\",\"error\":\"E0\"}]}\n";
    let shown = "standard input, line 1\n\nd0 = new()\n\nstandard input, line 3\n\nd0 = fail(E0)\n";
    let show = |input| conform(target.path(), &["show", "-"], input);
    assert_eq!(show(programs), (0, shown.to_owned(), String::new()));
    let form = |form| conform(target.path(), &["show", "-", "--as", form], programs).1;
    assert!(form("python").contains("\nd0 = defer.fail(E0())\n"), "{}", form("python"));
    assert!(form("rust").contains("\n    set(0, deferral::fail(Error::E0));\n"), "{}", form("rust"));
    let (status, out, err) = show("{\"ops\":[]}\n{");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.starts_with("conform: standard input, line 2: not JSON"), "{err}");
}
