//! A panic at every place where code of the user's runs, one after another; then the Deferreds are used again.
#![no_main]

use deferral_conformance::panics::at_every_place;
use deferral_fuzz as _;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| at_every_place(bytes));
