//! Every small program: all of them, each once, in parts that add up, and with the digests that are stored.

use deferral_conformance::digest::Digest;
use deferral_conformance::enumerate::{Alphabet, Enumeration, InLockstep, core, family};
use deferral_conformance::lockstep::Verdict;
use deferral_conformance::stack::with_stack;
use std::collections::HashSet;
use std::ops::Range;

/// The digests that are stored: alphabet, operations, programs, digest, and who said so.
const DIGESTS: &str = include_str!("../corpus/digests.txt");

fn alphabet(name: &str) -> Alphabet {
    match name {
        "core" => core(),
        "family" => family(),
        other => panic!("there is no alphabet {other}"),
    }
}

#[test]
fn there_are_as_many_as_the_closed_form_says_and_each_is_there_once() {
    for name in ["core", "family"] {
        let letters = alphabet(name).letters.len() as u64;
        assert!(letters >= 24, "{name}: {letters}");
        let all = Enumeration::new(&alphabet(name), 3);
        assert_eq!(all.count(), letters + letters.pow(2) + letters.pow(3));
        let mut seen = HashSet::new();
        for number in 0..all.count() {
            let program = all.program(number);
            assert!(program.check().is_ok(), "{name} {number}: {}", program.to_json());
            assert!(seen.insert(program.to_json()), "{name} {number} is there twice");
        }
    }
}

#[test]
fn shards_are_all_of_it_one_after_the_other() {
    let all = Enumeration::new(&core(), 4);
    for of in [1, 2, 7, 1000] {
        let shards: Vec<Range<u64>> = (1..=of).map(|shard| all.shard(shard, of)).collect();
        assert_eq!((shards[0].start, shards[shards.len() - 1].end), (0, all.count()));
        assert!(shards.windows(2).all(|pair| pair[0].end == pair[1].start));
        let sizes = || shards.iter().map(|shard| shard.end - shard.start);
        assert!(sizes().max().unwrap() - sizes().min().unwrap() <= 1);
    }
}

/// Model and engine on part of an enumeration.
fn digest(all: &Enumeration, numbers: Range<u64>) -> Digest {
    let mut lockstep = InLockstep::new(all);
    let mut digest = Digest::default();
    for number in numbers {
        if let Verdict::Diverges(divergence) = lockstep.run(number, &mut digest) {
            panic!("{divergence:?} on {}", all.program(number).to_json());
        }
    }
    digest
}

#[test]
fn parts_add_up_to_the_digest_of_the_whole() {
    let all = Enumeration::new(&family(), 2);
    let mut sum = Digest::default();
    for shard in [2, 3, 1] {
        sum.join(&digest(&all, all.shard(shard, 3)));
    }
    assert_eq!(sum.to_string(), digest(&all, 0..all.count()).to_string());
}

#[test]
fn the_stored_digests_are_those_of_today() {
    let mut compared = 0;
    for line in DIGESTS.lines().filter(|line| !line.starts_with('#')) {
        let [name, ops, programs, stored, ..] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("not a digest with what it is of: {line}");
        };
        let all = Enumeration::new(&alphabet(name), ops.parse().unwrap());
        assert_eq!(all.count().to_string(), programs, "{line}");
        // The larger ones are for `.ci/enumerate`, and for patient people.
        if all.count() < 100_000 {
            let today = with_stack(|| digest(&all, 0..all.count()).to_string());
            assert_eq!(today, stored, "{line}");
            compared += 1;
        }
    }
    assert!(compared >= 4, "{compared}");
}
