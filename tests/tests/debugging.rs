//! In debug mode whoever is told of a Deferred is told where it was made and first fired.

use deferral_conformance::generate::{Operations, Seeded, program};
use deferral_conformance::lockstep::{Verdict, model_and_engine};
use deferral_conformance::subject::{Execution, Observation};
use deferral_conformance::subjects::engine::Engine;
use deferral_model::{Coverage, Program};

#[test]
fn every_refusal_and_report_has_its_origin_in_debug_mode() {
    deferral::set_debugging(true);
    let mut choose = Seeded::new(1);
    let mut coverage = Coverage::default();
    for _ in 0..300 {
        let program = program(&mut choose, Operations::All, 12);
        let verdict = model_and_engine(&program, &mut coverage);
        assert!(!matches!(verdict, Verdict::Diverges(_)), "{}\n{verdict:?}", program.to_json());
    }
    assert!(coverage.events() > 500, "{}", coverage.events());
}

#[test]
fn a_deferred_from_before_debug_mode_has_none_and_that_is_seen() {
    let text =
        r#"{"ops":[{"op":"new"},{"op":"callback","d":0,"value":1},{"op":"callback","d":0,"value":2}]}"#;
    let program = Program::from_json(text).unwrap();
    let mut engine = Engine::default();
    engine.step(&program.ops[0]);
    deferral::set_debugging(true);
    program.ops[1..].iter().for_each(|op| engine.step(op));
    let mut seen = Observation::default();
    engine.observe(&mut seen);
    assert_eq!(seen.without_origin, 1);
}
