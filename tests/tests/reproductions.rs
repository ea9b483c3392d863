//! What a report leaves to be run: `repro.py` passes on a real Twisted, and fails on one with the fault that its
//! program was found by.
//!
//! These need Python and Twisted; `.ci/twisted` runs them.

use deferral_conformance::check::{Jury, Summary};
use deferral_conformance::corpus::{Stored, read_folder, root};
use deferral_conformance::generate::{Operations, stream};
use deferral_conformance::report::python::python;
use deferral_conformance::report::story::Story;
use deferral_conformance::stack::with_stack;
use deferral_conformance::subjects::{named, twisted};
use deferral_conformance::teeth::Planted;
use deferral_model::{Answer, Program};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reproductions/driver.py");

/// Has to do with the adapter's own class of errors, which a reproduction doesn't know.
const FOREIGN: [&str; 1] = ["F11"];

/// How many random programs are run.
const RANDOM: usize = 400;

/// How long all reproductions may take on a Twisted with a fault: it may hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes the reproductions of programs that mean something, and gives their files.
fn written(folder: &Path, programs: &[Program]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for (at, program) in programs.iter().enumerate() {
        let story = Story::of(program);
        if let Answer::Trace(_) = story.answer {
            let file = folder.join(format!("repro{at}.py"));
            fs::write(&file, python(&story, &program.to_json(), &story.answer)).unwrap();
            files.push(file);
        }
    }
    files
}

/// Runs reproductions on a Twisted, right or wrong; gives what failed, and whether it came to an end in time.
fn run(folder: &Path, fault: &str, files: &[PathBuf]) -> (Vec<String>, bool) {
    let (interpreter, adapter) = twisted::python().unwrap();
    let list = folder.join(format!("list-{fault}"));
    let names: Vec<_> = files.iter().map(|file| file.to_str().unwrap()).collect();
    fs::write(&list, names.join("\n")).unwrap();
    let output = folder.join(format!("output-{fault}"));
    let mut child = Command::new(interpreter)
        .args([Path::new(DRIVER), adapter.parent().unwrap(), Path::new(fault), &list])
        .stdout(fs::File::create(&output).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let ended = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.success(),
            None if !fault.is_empty() && started.elapsed() > PATIENCE => {
                child.kill().unwrap();
                child.wait().unwrap();
                break false;
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let failed = fs::read_to_string(output).unwrap();
    (failed.lines().map(str::to_owned).collect(), ended)
}

#[test]
#[ignore = "needs Python and Twisted; .ci/twisted runs it"]
fn reproductions_pass_on_twisted() {
    let folder = tempfile::tempdir().unwrap();
    let stored = read_folder(&root()).unwrap().into_iter().map(|Stored { case, .. }| case.program);
    let random = stream(5, Operations::All, 20, 0).take(RANDOM);
    let programs: Vec<Program> = stored.chain(random).collect();
    let files = with_stack(|| written(folder.path(), &programs));
    assert!(files.len() > RANDOM, "{}", files.len());
    let (failed, ended) = run(folder.path(), "", &files);
    assert_eq!(failed, [""; 0]);
    assert!(ended);
}

#[test]
#[ignore = "needs Python and Twisted; .ci/twisted runs it"]
fn reproductions_fail_on_a_twisted_with_the_fault() {
    let folder = tempfile::tempdir().unwrap();
    let known = twisted::faults().unwrap();
    let faults: Vec<Planted> =
        Planted::in_model().filter(|fault| known.iter().any(|(id, _)| id == fault.id())).collect();
    let programs: Vec<Program> = with_stack(|| {
        let small = |fault: &Planted| {
            let found = fault.find(1, 100_000).expect("each fault is found");
            fault.shrink(found.program, |_| true).program
        };
        faults.iter().map(small).collect()
    });
    let files = with_stack(|| written(folder.path(), &programs));
    assert_eq!(files.len(), faults.len());
    assert_eq!(run(folder.path(), "", &files), (Vec::new(), true));
    assert_eq!(run(folder.path(), twisted::NO_FAULT, &files), (Vec::new(), true));

    let fails = |fault: Planted, file: &PathBuf| {
        let (failed, ended) = run(folder.path(), fault.id(), std::slice::from_ref(file));
        !failed.is_empty() || !ended
    };
    let mut hidden = Vec::new();
    for (fault, file) in faults.iter().zip(&files) {
        // The model may be wrong in a way that is a little different: then Twisted's own is looked for.
        if !fails(*fault, file) {
            let own = with_stack(|| counterexample(fault.id()));
            let folder = folder.path().join(fault.id());
            fs::create_dir(&folder).unwrap();
            let file = with_stack(|| written(&folder, &[own]));
            assert_eq!(run(&folder, "", &file), (Vec::new(), true));
            if !fails(*fault, &file[0]) {
                hidden.push(fault.id());
            }
        }
    }
    println!("{} of {} fail on their faults", faults.len() - hidden.len(), faults.len());
    assert_eq!(hidden, FOREIGN);
}

/// A small program on which a Twisted with a fault differs from the model.
fn counterexample(fault: &str) -> Program {
    let subjects = ["model", &format!("twisted:{fault}")].map(|name| named(name).unwrap());
    let programs = stream(1, Operations::All, 20, 0).take(100_000);
    let mut summary = Summary::default();
    let mut jury = Jury::new(subjects.into());
    jury.check(programs, &mut summary, |summary| summary.divergences.is_empty()).unwrap();
    summary.divergences.swap_remove(0).program
}
