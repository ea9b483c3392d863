//! The queue against a `VecDeque` of boxed closures, on random operations and on some that were thought of.

use crate::deferred::raw::callbacks;
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 20 } else { 4_000 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn does_what_a_deque_of_boxes_does(bytes in vec(any::<u8>(), 0..400)) {
        callbacks(&bytes);
    }
}

/// How many shapes an entry can have.
const SHAPES: u8 = 14;

// The operations, as bytes.
const PUSH: u8 = 0;
const PUSH_MANY: u8 = 6;
const DROP_MANY: u8 = 7;
const RUN: u8 = 8;
const DROP_FIRST: u8 = 11;
const LOOK: u8 = 13;
const DROP_ALL: u8 = 15;

// What an entry does when it is called, and what when it is dropped.
const GOES_ON: u8 = 0;
const STOPS: u8 = 2;
const PANICS: u8 = 3;
const PUSHES: u8 = 4;
const RUNS: u8 = 5;
const DROPS: u8 = 6;
const BOMB: u8 = 0b10_000;
const PUSHES_WHEN_DROPPED: u8 = 0b11_000;
const WAITS: u8 = 0b1000_0000;

#[test]
fn every_shape_is_run_dropped_and_looked_at() {
    for shape in 0..SHAPES {
        for id in 0..=u8::MAX {
            for many in [1, 2, 3, 4, 5, 30, 63] {
                callbacks(&[PUSH_MANY, many, shape, id, LOOK, RUN, LOOK, RUN, RUN]);
                callbacks(&[PUSH_MANY, many, shape, id, DROP_FIRST, DROP_FIRST, LOOK, DROP_ALL]);
            }
        }
    }
}

/// Each border of the node and of the first three chunks is met by each shape.
#[test]
fn every_shape_behind_so_many_words() {
    for shape in 0..SHAPES {
        for words in 0..64 {
            let filler = [PUSH_MANY, words, 0, GOES_ON];
            let other = [PUSH, shape, GOES_ON | WAITS];
            callbacks(&[&filler[..], &other, &filler, &other, &[LOOK, RUN, LOOK]].concat());
            callbacks(&[&filler[..], &filler, &other, &filler, &[DROP_MANY, words, LOOK, DROP_ALL]].concat());
        }
    }
}

#[test]
fn entries_act_while_they_run() {
    for acts in [STOPS, PANICS, PUSHES, RUNS, DROPS] {
        for drops in [0, BOMB, PUSHES_WHEN_DROPPED] {
            for at in 0..40 {
                let before = [PUSH_MANY, at, 5, GOES_ON];
                let entry = [PUSH, 7, acts | drops];
                callbacks(&[&before[..], &entry, &entry, &before, &[RUN, LOOK, RUN, RUN]].concat());
            }
        }
    }
}

/// The memory of what was taken out is used again only when nobody looks at it any more.
#[test]
fn a_queue_that_is_never_empty() {
    for shape in 0..SHAPES {
        let round = [PUSH, shape, PUSHES, PUSH, 5, GOES_ON | WAITS, DROP_FIRST, LOOK];
        callbacks(&[&[PUSH, 6, GOES_ON][..], &round.repeat(60), &[RUN]].concat());
    }
}

/// A run goes on where one inside it left off.
#[test]
fn an_entry_stops_a_run_within_a_run() {
    for at in 0..40 {
        let before = [PUSH_MANY, at, 5, GOES_ON];
        let entries = [PUSH, 7, RUNS, PUSH, 7, STOPS];
        callbacks(&[&before[..], &entries, &before, &entries, &[RUN, LOOK, RUN, LOOK, RUN]].concat());
    }
}

#[test]
#[cfg_attr(miri, ignore = "it reads files")]
fn kept_for_callbacks() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/callbacks");
    let files = std::fs::read_dir(folder).expect(folder).map(|file| file.unwrap().path());
    let inputs: Vec<_> = files.map(|file| std::fs::read(file).unwrap()).collect();
    assert!(!inputs.is_empty(), "{folder} is empty");
    inputs.iter().for_each(|bytes| callbacks(bytes));
}
