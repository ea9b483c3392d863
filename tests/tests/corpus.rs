//! The stored programs: model and engine give what a real Twisted gave.

use deferral_conformance::corpus::{Stored, read_folder, root};
use deferral_conformance::stack::with_stack;
use deferral_conformance::subjects::engine;
use deferral_model::run;

fn replay(stored: &[Stored]) -> usize {
    let mut replayed = 0;
    for Stored { file, line, case } in stored {
        replayed += 1;
        let place = || format!("{}, line {line}: {}", file.display(), case.program.to_json());
        assert_eq!(run(&case.program), case.trace, "the model, {}", place());
        assert_eq!(engine::run(&case.program), case.trace, "the engine, {}", place());
    }
    replayed
}

#[test]
fn samples() {
    let stored = read_folder(&root().join("samples")).unwrap();
    assert_eq!(stored.len(), 460);
    assert_eq!(with_stack(|| replay(&stored)), stored.len());
}

#[test]
fn regressions() {
    let stored = read_folder(&root().join("regressions")).unwrap();
    assert_eq!(with_stack(|| replay(&stored)), stored.len());
    for Stored { file, case, .. } in &stored {
        assert!(case.program.why.is_some(), "{}: its cause isn't said", file.display());
    }
}
