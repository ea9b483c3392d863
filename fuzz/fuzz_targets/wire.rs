//! The wire protocol's readers: no line has them panic, and what they read survives writing.
#![no_main]

use deferral_conformance::wire::read_and_write;
use deferral_fuzz as _;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| read_and_write(bytes));
