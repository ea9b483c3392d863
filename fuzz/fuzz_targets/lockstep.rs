//! Engine against model, on programs of the core; where they differ, it ends with a report of a small program.
#![no_main]

use deferral_conformance::encoded::{Encoded, mutate};
use deferral_conformance::shrink::agreement::assert_agreement;
use deferral_fuzz as _;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

type Program = Encoded<false>;

fuzz_target!(|program: Program| assert_agreement(&program.0));

fuzz_mutator!(|bytes: &mut [u8], size: usize, max_size: usize, seed: u32| {
    match seed % 16 {
        0 => fuzzer_mutate(bytes, size, max_size),
        _ => mutate(Program::OPERATIONS, bytes, size, max_size, seed),
    }
});
