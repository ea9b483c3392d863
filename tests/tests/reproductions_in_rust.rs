//! What a report leaves to be run: `repro.rs` passes on the engine, and fails on it with the fault that its program
//! was found by.
//!
//! All reproductions are tests of one file, which a build of its own compiles once. `.ci/teeth` runs these, in a build
//! with `--cfg deferral_faults`.

use deferral_conformance::corpus::{Stored, read_folder, root};
use deferral_conformance::generate::{Operations, stream};
use deferral_conformance::report::rust::{HEAD, HELPERS, test};
use deferral_conformance::report::story::Story;
use deferral_conformance::stack::with_stack;
use deferral_conformance::teeth::Planted;
use deferral_model::{Answer, Program};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many random programs are run.
const RANDOM: usize = 200;

/// How long a reproduction may take with a fault: it may hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// One file of tests, of those programs that mean something; each is called after a letter and its number, and has a
/// look behind an operation.
fn file(programs: &[(char, Program, Option<usize>)]) -> (String, usize) {
    let (mut text, mut tests) = (HEAD.to_owned(), 0);
    for (at, (letter, program, look)) in programs.iter().enumerate() {
        let story = Story::of(program);
        if let Answer::Trace(_) = story.answer {
            text.push_str(&test(&story, &format!("{letter}{at}"), &story.answer, *look));
            tests += 1;
        }
    }
    (text + HELPERS, tests)
}

/// Compiles a file of tests against the engine, with its faults, and gives the program that runs them.
fn compiled(folder: &Path, text: &str) -> PathBuf {
    let repository = root().join("../..").canonicalize().unwrap();
    let manifest = format!(
        "[package]\nname = \"reproductions\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\ndeferral = {{ path = {:?} }}\n\n[profile.dev]\ndebug = 0\n",
        repository.join("engine")
    );
    fs::create_dir_all(folder.join("tests")).unwrap();
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    fs::copy(repository.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::write(folder.join("tests/repro.rs"), text).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["test", "--no-run", "--test", "repro", "--message-format", "json"])
        .current_dir(folder)
        .env("RUSTFLAGS", "--cfg deferral_faults")
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()
        .unwrap();
    let messages = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}{messages}", String::from_utf8_lossy(&output.stderr));
    let messages = messages.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let executable =
        messages.filter_map(|message| Some(message.get("executable")?.as_str()?.to_owned())).next_back();
    PathBuf::from(executable.expect("a test was built"))
}

/// Whether a test passes under a fault, or without one; none is said to pass that isn't there.
fn passes(tests: &Path, name: &str, fault: &str) -> bool {
    let mut command = Command::new(tests);
    command.args([name, "--exact"]).env("DEFERRAL_FAULT", fault);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("running 1 test"), "{name}: {said}");
    output.status.success()
}

#[test]
#[ignore = "needs --cfg deferral_faults; .ci/teeth runs it"]
fn reproductions_pass_on_the_engine_and_fail_on_its_faults() {
    let faults: Vec<Planted> = Planted::in_engine().collect();
    assert!(faults.len() > 20, "it is built with --cfg deferral_faults");
    let mut programs: Vec<(char, Program, Option<usize>)> = with_stack(|| {
        let small = |fault: &Planted| {
            let found = fault.find(1, 100_000).expect("each fault is found");
            let program = fault.shrink(found.program, |_| true).program;
            let look = fault.shown_after(&program);
            ('f', program, look)
        };
        faults.iter().map(small).collect()
    });
    let stored = read_folder(&root().join("regressions")).unwrap();
    programs.extend(stored.into_iter().map(|Stored { case, .. }| ('s', case.program, Some(2))));
    programs.extend(stream(6, Operations::All, 20, 0).take(RANDOM).map(|program| ('p', program, Some(4))));

    let folder = tempfile::tempdir().unwrap();
    let (text, count) = with_stack(|| file(&programs));
    let tests = compiled(folder.path(), &text);
    let output = Command::new(&tests).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(&format!("running {count} tests")), "{said}");

    let mut hidden = Vec::new();
    for (at, fault) in faults.iter().enumerate() {
        if passes(&tests, &format!("f{at}"), fault.id()) {
            hidden.push(fault.id());
        }
    }
    println!("{} of {} fail on their faults", faults.len() - hidden.len(), faults.len());
    assert_eq!(hidden, [""; 0]);
}
