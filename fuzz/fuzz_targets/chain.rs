//! Long chains and wide fan-outs on the engine: memory and allocations stay linear, and all of it is freed.
#![no_main]

use deferral_conformance::large::stays_linear;
use deferral_fuzz::memory;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| stays_linear(bytes, memory));
