//! Engine against model, on programs made from the fuzzer's bytes; where they differ, it ends with a small program.
#![no_main]

use arbitrary::Unstructured;
use deferral_conformance::generate::{Operations, program};
use deferral_conformance::shrink::agreement::assert_agreement;
use deferral_fuzz as _;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    assert_agreement(&program(&mut Unstructured::new(bytes), Operations::All, 24));
});
