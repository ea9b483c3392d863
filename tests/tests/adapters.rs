//! The skeletons of `tests/adapters/`: filled in with nothing they fail and show where; filled in with a Deferred they
//! pass the core table, which is every stored program of a clause that uses operations of the core alone.
//!
//! Those in other languages need Python or Node, and packages: `.ci/matrix` runs them.

use deferral_conformance::corpus::{read_folder, root};
use deferral_conformance::operation_set::OperationSet;
use deferral_conformance::subject::Reply;
use deferral_conformance::subjects::{named, twisted};
use deferral_model::coverage::CORE_OPERATIONS;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn adapters() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters")
}

/// The command of a file of `tests/adapters/`.
fn command(interpreter: &str, file: &str) -> String {
    format!("{interpreter} '{}'", adapters().join(file).display())
}

/// The command of an example in Rust.
fn example(name: &str) -> String {
    // target/debug/deps/adapters-… → target/debug/examples/…
    let test = std::env::current_exe().unwrap();
    let example = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(example.exists(), "`cargo test` builds it, `cargo test --test` doesn't: cargo build --examples");
    format!("'{}'", example.display())
}

fn conform(arguments: &[&str]) -> (i32, String) {
    let conform = env!("CARGO_BIN_EXE_conform");
    let Output { status, stdout, stderr } = Command::new(conform).args(arguments).output().unwrap();
    let said = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (status.code().unwrap(), said)
}

/// How many stored programs of clauses there are, and how many of them are of the core.
fn table() -> (usize, usize) {
    let core = OperationSet::try_from(CORE_OPERATIONS.map(str::to_owned).to_vec()).unwrap();
    let stored = read_folder(&root().join("clauses")).unwrap();
    let of_the_core = |program| OperationSet::of(program).without(core).is_empty();
    (stored.len(), stored.iter().filter(|stored| of_the_core(&stored.case.program)).count())
}

#[track_caller]
fn assert_fails_readably(subject: &str) {
    let (status, said) = conform(&["check", "--cases", "300", "--seed", "1", "--subject", subject]);
    assert_eq!(status, 1, "{said}");
    let shown: Vec<&str> = said.split("DIVERGENCE in program ").skip(1).collect();
    assert_eq!(shown.len(), 10, "{said}");
    for divergence in shown {
        let mut parts = divergence.split("\n\n");
        let title = parts.next().unwrap();
        if title.contains(": the same small program as of program ") {
            continue;
        }
        assert!(title.ends_with(", made small"), "{divergence}");
        // Small enough to be read at a glance, with the place where they differ.
        let [program, traces] = [parts.next().unwrap(), parts.next().unwrap()];
        assert!(program.lines().count() <= 8, "{divergence}");
        assert_eq!(traces.lines().filter(|line| line.starts_with('>')).count(), 1, "{divergence}");
    }
    assert!(said.contains("\nleft out "), "{said}");
}

#[track_caller]
fn assert_passes_the_core_table(subject: &str) {
    let (all, core) = table();
    assert!(core > 150, "{core}");
    let folder = root().join("clauses");
    let (status, said) = conform(&["replay", "--quiet", folder.to_str().unwrap(), "--subject", subject]);
    assert_eq!(status, 0, "{said}");
    let compared = format!("programs {all}, undefined 0, left out {}, divergences 0\n", all - core);
    assert!(said.ends_with(&compared), "{compared}{said}");
    // What isn't stored can't be learnt by heart.
    let (status, said) = conform(&["enumerate", "--ops", "2", "--subject", subject]);
    assert_eq!(status, 0, "{said}");
    let (status, said) = conform(&[
        "check",
        "--core",
        "--cases",
        "300",
        "--seed",
        "1",
        "--long-every",
        "0",
        "--subject",
        subject,
    ]);
    assert_eq!(status, 0, "{said}");
}

/// It answers the lines before one that is no program, and ends with a message that names the line.
#[track_caller]
fn assert_refuses_what_is_no_program(subject: &str) {
    let unfit = [
        r#"{"ops":"#,
        r#"{"ops":[{"op":"fly"}]}"#,
        r#"{"ops":[{"op":"new","height":1}]}"#,
        r#"{"ops":[{"op":"cancel"}]}"#,
        r#"{"ops":[{"op":"cancel","d":-1}]}"#,
        r#"{"ops":[{"op":"fail","error":"E3"}]}"#,
        r#"{"ops":[{"op":"succeed","value":[1]}]}"#,
        r#"{"ops":[{"op":"succeed","value":1.5}]}"#,
        r#"{"ops":[{"op":"maybe","call":{"id":1,"ret":{"wait":0,"value":1}}}]}"#,
        r#"{"ops":[{"op":"maybe","call":{"id":1}},{"op":"maybe","call":{"id":1}}]}"#,
        r#"{"ops":[],"author":"me"}"#,
        "[]",
    ];
    for line in unfit {
        let mut child = Command::new("sh")
            .args(["-c", subject])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        write!(stdin, "{{\"ops\":[]}}\n\n{line}\n").unwrap();
        drop(stdin);
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let [out, err] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(status.code(), Some(2), "{line}: {err}");
        assert_eq!(out, "{\"events\":[],\"state\":[],\"unhandled\":[]}\n", "{line}");
        assert!(err.starts_with("line 3: "), "{line}: {err}");
    }
}

#[test]
fn the_skeleton_in_rust_filled_in_with_nothing() {
    assert_fails_readably(&example("skeleton"));
    assert_refuses_what_is_no_program(&example("skeleton"));
}

#[test]
fn the_skeleton_in_rust_filled_in_with_the_engine() {
    assert_passes_the_core_table(&example("engine-by-skeleton"));
}

#[test]
#[ignore = "needs Python"]
fn the_skeleton_in_python_filled_in_with_nothing() {
    let skeleton = command("python3", "skeleton/python/subject.py");
    assert_fails_readably(&skeleton);
    assert_refuses_what_is_no_program(&skeleton);
}

#[test]
#[ignore = "needs Python and Twisted"]
fn the_skeleton_in_python_filled_in_with_twisted() {
    let (python, _) = twisted::python().unwrap();
    let skeleton = command(&format!("'{}'", python.display()), "skeleton/python/subject.py");
    assert_passes_the_core_table(&command(&skeleton, "twisted.py"));
}

#[test]
#[ignore = "needs Node"]
fn the_skeleton_in_javascript_filled_in_with_nothing() {
    let skeleton = command("node", "skeleton/javascript/subject.mjs");
    assert_fails_readably(&skeleton);
    assert_refuses_what_is_no_program(&skeleton);
}

#[test]
#[ignore = "needs Node"]
fn the_skeleton_in_javascript_filled_in_plainly() {
    assert_passes_the_core_table(&command(&command("node", "skeleton/javascript/subject.mjs"), "plain.mjs"));
}

/// It goes its own ways, but it answers to whatever it has the operations for. What it passes is in MATRIX.md.
#[test]
#[ignore = "needs Node and google-closure-library"]
fn the_skeleton_in_javascript_filled_in_with_goog() {
    let mut goog = named("goog").unwrap();
    let (mut lacks, mut agrees) = (OperationSet::default(), Vec::new());
    for stored in read_folder(&root().join("clauses")).unwrap() {
        match goog.ask(&stored.case.program).unwrap() {
            Reply::Lacks(operations) => lacks.add(operations),
            Reply::Answer(answer) if answer == stored.case.trace => agrees.push(stored.case.program.name),
            Reply::Answer(_) => {}
            Reply::Failed(failure) => panic!("{:?}: {failure}", stored.case.program.name),
        }
    }
    goog.finish().unwrap();
    let lacking = "maybe, pause, unpause, race, timeout, advance, coroutine, lock, semaphore, queue, acquire, \
                   release, put, get";
    assert_eq!(lacks.to_string(), lacking);
    let agrees_on = |name: &str| agrees.contains(&Some(name.to_owned()));
    assert!(agrees_on("dc-11-in-order"));
    // The second that waits for one Deferred is an error there.
    assert!(!agrees_on("dc-35-two-waiters"));
    assert_eq!(goog.restarts(), 0);
}
