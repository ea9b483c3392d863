//! Engine against model, on programs made from the fuzzer's bytes.
#![no_main]

use arbitrary::Unstructured;
use deferral_conformance::generate::{Operations, program};
use deferral_conformance::lockstep::{Verdict, model_and_engine};
use deferral_fuzz as _;
use deferral_model::Coverage;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let program = program(&mut Unstructured::new(bytes), Operations::All, 24);
    let verdict = model_and_engine(&program, &mut Coverage::default());
    assert!(!matches!(verdict, Verdict::Diverges(_)), "{}\n{verdict:#?}", program.to_json());
});
