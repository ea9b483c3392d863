//! Programs as bytes: any bytes are a program, any program is bytes, and no number ever changes its meaning.

use arbitrary::{Arbitrary, Unstructured};
use deferral_conformance::corpus::{Stored, read_folder, root};
use deferral_conformance::encoded::{Encoded, MOST, decode, encode, mutate, opcodes};
use deferral_conformance::generate::{Operations, programs, stream};
use deferral_model::coverage::CORE_OPERATIONS;
use deferral_model::program::OPERATIONS;
use deferral_model::{Op, Program};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::HashSet;

const ALL: Operations = Operations::All;

/// Bytes in hexadecimal, and the operations that they are for ever.
const GOLDEN: &str = include_str!("encoded/golden.txt");

fn golden() -> impl Iterator<Item = (Vec<u8>, Program)> {
    GOLDEN.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (bytes, ops) = line.split_once(" = ").unwrap();
        let bytes = bytes.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
        (bytes, Program::from_json(&format!(r#"{{"ops":[{ops}]}}"#)).unwrap())
    })
}

fn survives(program: &Program) {
    let bytes = encode(program);
    assert_eq!(decode(&bytes, ALL, usize::MAX).ops, program.ops, "{}", program.to_json());
}

/// What is decoded is a program that can be written and read.
fn is_valid(program: &Program) {
    program.check().unwrap();
    assert_eq!(&Program::from_json(&program.to_json()).unwrap(), program);
}

#[test]
fn numbers_keep_their_meaning() {
    let (mut numbers, mut names) = (HashSet::new(), HashSet::new());
    for (bytes, program) in golden() {
        assert_eq!(decode(&bytes, ALL, MOST), program, "{bytes:02x?}");
        assert_eq!(encode(&program), bytes, "{}", program.to_json());
        numbers.insert(bytes[0]);
        names.insert(program.ops[0].name());
    }
    assert!(
        opcodes::OPERATIONS.into_iter().all(|opcode| numbers.contains(&opcode)),
        "each number is written down"
    );
    assert_eq!(names.len(), OPERATIONS.len(), "so is each operation");
}

#[test]
fn every_end_and_value_is_written_down() {
    let written: HashSet<u8> = golden().flat_map(|(bytes, _)| bytes).collect();
    let ends = [
        opcodes::RET_ARG..=opcodes::RET_TRAP,
        opcodes::STEP..=opcodes::AWAIT_CATCH,
        opcodes::END..=opcodes::END_RAISE,
        opcodes::ID..=opcodes::ID,
    ];
    for end in ends.into_iter().flatten() {
        assert!(written.contains(&end), "{end:#x}");
    }
}

#[test]
fn stored_programs_survive() {
    let stored = read_folder(&root()).unwrap();
    assert!(stored.len() > 800, "{}", stored.len());
    stored.iter().for_each(|Stored { case, .. }| survives(&case.program));
}

#[test]
fn random_programs_survive() {
    stream(7, ALL, 30, 256).take(10_000).for_each(|program| survives(&program));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_program_survives(program in programs(ALL, 30)) {
        survives(&program);
    }

    #[test]
    fn any_bytes_are_a_program(bytes in vec(any::<u8>(), 0..300)) {
        let program = decode(&bytes, ALL, MOST);
        is_valid(&program);
        prop_assert!(program.size() <= MOST);
        survives(&program);
    }

    #[test]
    fn bytes_of_numbers_are_a_program(
        bytes in vec(prop_oneof![opcodes::OPERATIONS, 0_u8..8, 0x80_u8..=0x93, 0xa0_u8..=0xa2, Just(0xf0)], 0..300),
    ) {
        is_valid(&decode(&bytes, ALL, MOST));
        let core = decode(&bytes, Operations::Core, MOST);
        core.walk(&mut |op, _| assert!(CORE_OPERATIONS.contains(&op.name()), "{}", op.name()));
        let input = Encoded::<true>::arbitrary_take_rest(Unstructured::new(&bytes)).unwrap();
        prop_assert_eq!(input.0, decode(&bytes, ALL, MOST));
    }

    #[test]
    fn a_program_of_the_core_is_decoded_whole(program in programs(Operations::Core, 20)) {
        prop_assert_eq!(decode(&encode(&program), Operations::Core, usize::MAX), program);
    }
}

#[test]
fn what_nests_too_deep_is_skipped() {
    for opcode in [opcodes::NEW_WITH_CANCELLER, opcodes::ADD_BOTH, opcodes::COROUTINE] {
        let program = decode(&[opcode; 3_000], ALL, usize::MAX);
        is_valid(&program);
        survives(&program);
    }
}

#[test]
fn an_id_that_stands_twice_becomes_another() {
    // A script with the id 5 inside one with the id 5, in which one follows that counts on.
    let bytes = [5, 0xf0, 10, 5, 0xf0, 10, 0x80, 5, 0x80, 0x80];
    let program = decode(&bytes, ALL, MOST);
    let json = r#"{"ops":[{"op":"maybe","call":{"id":5,"ops":[{"op":"maybe","call":{"id":6}},{"op":"maybe","call":{"id":7}}]}}]}"#;
    assert_eq!(program.to_json(), json);
}

#[test]
fn there_are_as_many_operations_as_allowed() {
    for most in [0, 1, 10] {
        assert_eq!(decode(&[opcodes::NEW; 100], ALL, most).size(), most);
        let steps = [&[opcodes::COROUTINE][..], &[opcodes::STEP; 100]].concat();
        let steps = decode(&steps, ALL, most);
        let of = |op: &Op| match op {
            Op::Coroutine { steps, .. } => steps.len(),
            _ => 0,
        };
        assert_eq!(steps.ops.iter().map(of).sum::<usize>(), most.saturating_sub(1));
    }
}

#[test]
fn mutants_are_programs_and_new_ones() {
    let mut bytes = vec![0; 256];
    let (mut same, mut long) = (0, 0);
    for (seed, program) in stream(3, ALL, 12, 0).take(10_000).enumerate() {
        let before = encode(&program);
        let max_size = if seed % 2 == 0 { before.len().min(256) } else { 256 };
        if before.len() > 256 {
            long += 1;
            continue;
        }
        bytes[..before.len()].copy_from_slice(&before);
        let size = mutate(ALL, &mut bytes, before.len(), max_size, seed as u32);
        assert!(size <= max_size);
        let program = decode(&bytes[..size], ALL, MOST);
        is_valid(&program);
        same += usize::from(bytes[..size] == before);
        let mut again = bytes.clone();
        again[..before.len()].copy_from_slice(&before);
        assert_eq!(mutate(ALL, &mut again, before.len(), max_size, seed as u32), size);
        assert_eq!(again[..size], bytes[..size], "the seed alone says what is changed");
    }
    assert!(same < 200 && long < 2_000, "{same} as before, {long} too long");
}

#[test]
fn every_operation_is_reached_from_a_single_new() {
    for (operations, names) in [(ALL, &OPERATIONS[..]), (Operations::Core, &CORE_OPERATIONS[..])] {
        let mut met = HashSet::new();
        let (mut bytes, mut size) = ([0; 200], 0);
        for seed in 0..3_000 {
            if seed % 30 == 0 {
                (bytes[0], size) = (opcodes::NEW, 1);
            }
            size = mutate(operations, &mut bytes, size, 200, seed);
            decode(&bytes[..size], operations, MOST).walk(&mut |op, _| met.extend([op.name()]));
        }
        assert_eq!(met.len(), names.len(), "{met:?}");
    }
}
