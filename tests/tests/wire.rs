//! The wire protocol's readers, on lines that are nearly right.

use deferral_conformance::corpus::{read_folder, root};
use deferral_conformance::wire::read_and_write;
use proptest::prelude::*;
use std::sync::LazyLock;

/// The lines of the stored programs and of the answers to them.
static LINES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let stored = read_folder(&root()).expect("the corpus can be read");
    let lines = stored.iter().flat_map(|stored| {
        let answer = serde_json::to_string(&stored.case.trace).expect("an answer is plain data");
        [stored.case.program.to_json(), answer]
    });
    lines.collect()
});

#[test]
fn stored_lines() {
    for line in &*LINES {
        read_and_write(line.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A part of a line taken out or written twice, or of another line in its place.
    #[test]
    fn mangled_lines(at in any::<[prop::sample::Index; 6]>()) {
        let of = |line: prop::sample::Index| line.get(&LINES).as_bytes();
        let (line, other) = (of(at[0]), of(at[1]));
        let part = |line: &[u8], from: prop::sample::Index, to: prop::sample::Index| {
            let (from, to) = (from.index(line.len()), to.index(line.len()));
            from.min(to)..from.max(to)
        };
        let mut mangled = line.to_vec();
        mangled.splice(part(line, at[2], at[3]), other[part(other, at[4], at[5])].iter().copied());
        read_and_write(&mangled);
    }
}
