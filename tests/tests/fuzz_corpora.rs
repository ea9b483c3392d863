//! What fuzzers found worth keeping runs in `cargo test` as well. (What they kept for `callbacks` runs beside the engine's
//! queue, and what they kept for `chain` in `large.rs`, which counts memory.)

use arbitrary::{Arbitrary, Unstructured};
use deferral_conformance::encoded::{Encoded, encode};
use deferral_conformance::panics::at_every_place;
use deferral_conformance::shrink::agreement::assert_agreement;
use deferral_conformance::stack::with_stack;
use deferral_conformance::wire::read_and_write;
use std::fs::{read, read_dir};
use std::path::{Path, PathBuf};

/// The inputs of a target. There are some.
fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let entries = read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = entries.map(|entry| entry.unwrap().path());
    let inputs: Vec<_> = files.map(|file| (file.clone(), read(&file).unwrap())).collect();
    assert!(!inputs.is_empty(), "{} is empty", folder.display());
    inputs
}

/// How long the name is that `conform encode` gives: 128 bits, as hexadecimal digits.
const STORED: usize = 32;

fn programs<const FAMILY: bool>(target: &str) {
    let mut stored = 0;
    for (file, bytes) in inputs(target) {
        let input = Encoded::<FAMILY>::arbitrary_take_rest(Unstructured::new(&bytes)).unwrap();
        // A byte that is skipped today might be an operation one day. (What a fuzzer has just put there has a longer name.)
        if file.file_name().is_some_and(|name| name.len() == STORED) {
            let as_stored = "is not as `conform encode --encoded` writes it";
            assert_eq!(encode(&input.0), bytes, "{} {as_stored}", file.display());
            stored += 1;
        }
        assert_agreement(&input.0);
    }
    assert!(stored > 0, "{target} has nothing that is stored");
}

#[test]
fn kept_for_lockstep() {
    with_stack(|| programs::<false>("lockstep"));
}

#[test]
fn kept_for_family() {
    with_stack(|| programs::<true>("family"));
}

#[test]
fn kept_for_panics() {
    for (_, bytes) in inputs("panics") {
        at_every_place(&bytes);
    }
}

#[test]
fn kept_for_wire() {
    for (_, bytes) in inputs("wire") {
        read_and_write(&bytes);
    }
}
