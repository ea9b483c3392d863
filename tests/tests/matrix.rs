//! The matrix: what it counts, and how `conform matrix` ends. `.ci/matrix` fills it for everybody.

use deferral_conformance::corpus::{read_folder, root};
use deferral_conformance::matrix::{Cell, Matrix};
use deferral_conformance::subject::{InProcess, Subject};
use deferral_conformance::subjects::{goes_its_own_ways, named};
use deferral_conformance::{clauses::clauses, stack::with_stack};
use deferral_model::Answer;
use serde_json::Value as Json;
use std::process::Command;

/// A faulty model: a failure returned by a callback stays on the callback side.
const FAULTY: &str = "model:F01";

fn filled(mut subjects: Vec<Box<dyn Subject>>) -> Matrix {
    Matrix::fill(&mut subjects).unwrap()
}

fn conform(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_conform")).arg("matrix").args(arguments).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code().unwrap(), out, err)
}

#[test]
fn model_and_engine_keep_every_clause() {
    with_stack(|| {
        let matrix = filled(vec![named("model").unwrap(), named("engine").unwrap()]);
        assert!(matrix.conforms());
        let stored = read_folder(&root().join("clauses")).unwrap().len();
        for column in &matrix.subjects {
            for clause in matrix.clauses {
                let cell = matrix.cell(column, [clause]);
                assert!(cell.is_kept() && cell.passes == clause.programs.len(), "DC-{}", clause.number);
            }
            assert_eq!(matrix.cell(column, matrix.clauses).passes, stored);
        }
        let by_group: usize = matrix.groups().map(|(_, clauses)| clauses.len()).sum();
        assert_eq!(by_group, clauses().len());
    });
}

#[test]
fn who_says_something_else_differs() {
    with_stack(|| {
        let undefined = InProcess::new("lazy", |_| Answer::undefined("no idea"));
        let matrix = filled(vec![named("model").unwrap(), Box::new(undefined)]);
        assert!(!matrix.conforms());
        let [model, lazy] = matrix.subjects.as_slice() else { panic!("two") };
        assert_eq!(matrix.cell(model, matrix.clauses).differs, [""; 0]);
        let cell = matrix.cell(lazy, &matrix.clauses[..1]);
        let programs = matrix.clauses[0].programs.iter().copied();
        assert_eq!(cell.shown(), format!("0/{}", programs.len()));
        assert_eq!((cell.passes, cell.differs), (0, programs.map(String::from).collect()));
    });
}

#[test]
fn cells_say_what_is_lacking() {
    let cell = |passes, differs: &[&str], lacks| Cell {
        passes,
        differs: differs.iter().map(|&name| name.to_owned()).collect(),
        lacks,
    };
    assert_eq!(cell(2, &[], 0).shown(), "2/2");
    assert_eq!(cell(1, &["a"], 3).shown(), "1/2 (3)");
    assert_eq!(cell(0, &[], 3).shown(), "lacks");
}

#[test]
fn older_releases_and_relatives_go_their_own_ways() {
    assert!(["twisted-21.2.0", "goog"].map(goes_its_own_ways) == [true, true]);
    let to_conform =
        ["model", "engine", "twisted", "twisted:F31", "model:F31", "node goog", "twisted-adapter"];
    assert!(to_conform.map(goes_its_own_ways) == [false; 7]);
}

#[test]
fn the_program_ends_by_what_differs() {
    let (status, out, err) = conform(&["--subject", "model", "--subject", "engine"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(!out.contains("differs") && !out.contains("\nmodel lacks"), "{out}");
    let (status, out, err) = conform(&["--subject", "engine", "--subject", FAULTY]);
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    assert!(out.contains(&format!("\n{FAULTY} differs in ")), "{out}");
    assert!(!out.contains("\nengine differs"), "{out}");
    let (status, _, err) = conform(&["--subject", "exit 3"]);
    assert_eq!(status, 2);
    assert!(err.starts_with("conform: the subject `exit 3` died before it answered anything"), "{err}");
    let lacks_all = r#"sed -u 's/.*"op":"\([a-z_]*\)".*/{"lacks":["\1"]}/'"#;
    let (status, _, err) = conform(&["--subject", lacks_all]);
    assert_eq!(status, 2);
    assert!(err.contains("nothing was compared") && err.contains("lacks what every program uses"), "{err}");
}

#[test]
fn all_formats_say_the_same() {
    let asked = ["--subject", "engine", "--subject", FAULTY, "--format"];
    let written = |format| conform(&[&asked[..], &[format]].concat());
    let (status, json, _) = written("json");
    assert_eq!(status, 1);
    let json: Json = serde_json::from_str(&json).unwrap();
    let faulty = &json["subjects"][1];
    assert_eq!(faulty["name"], FAULTY);
    let [passes, differs] = ["passes", "differs"].map(|field| faulty[field].as_u64().unwrap());
    assert!(differs > 0 && passes > 0, "{faulty}");
    let differences = json["differences"].as_array().unwrap();
    assert_eq!(differences.len() as u64, differs);
    for difference in differences {
        assert_ne!(difference["said"], difference["expected"]);
    }
    let total = format!("{passes}/{}", passes + differs);
    let (_, text, _) = written("text");
    let last = text.lines().find(|line| line.starts_with("all clauses")).unwrap();
    assert!(last.ends_with(&total), "{last}");
    let (_, markdown, _) = written("markdown");
    assert!(markdown.contains(&format!("{total} |\n| operations that it lacks |")), "{markdown}");
    let clauses = json["clauses"].as_array().unwrap();
    let broken = clauses.iter().filter(|clause| clause["cells"][1]["differs"] != serde_json::json!([]));
    let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with("| DC-")).collect();
    assert_eq!(rows.len(), broken.count());
    let kept = format!("{} clauses are kept by all", clauses.len() - rows.len());
    assert!(markdown.contains(&kept), "{kept} {markdown}");
}
