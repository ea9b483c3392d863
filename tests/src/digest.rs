//! One line for any number of traces: what two subjects, machines or releases said to the same programs is the
//! same when their digests are.
//!
//! A program adds the XXH3 hash (128 bits, seed 0) of its number and its trace to the sum, modulo 2^128: so
//! parts may be run in any order and by different machines, and their digests added.

use deferral_model::trace::{Event, Raised, sort_failures};
use deferral_model::{Answer, Failure, Outcome, State, Value, World};
use std::fmt;
use std::str::FromStr;
use xxhash_rust::xxh3::xxh3_128;

/// The digest of some programs' traces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    sum: u128,
    /// The text of the last program, kept for its memory.
    text: Vec<u8>,
}

impl Digest {
    /// Adds what a subject said to the program of a number; of an undefined one, only that it is undefined.
    pub fn add(&mut self, number: u64, answer: &Answer) {
        match answer {
            Answer::Undefined { .. } => self.add_undefined(number),
            Answer::Trace(trace) => self.add_parts(number, &trace.events, &trace.state, &trace.unhandled),
        }
    }

    /// Adds a program that is undefined.
    pub fn add_undefined(&mut self, number: u64) {
        self.text.clear();
        number.write(&mut self.text);
        self.finish();
    }

    /// As [`add`](Self::add), for a program that has ended on the model, and is not undefined.
    pub fn add_world(&mut self, number: u64, world: &World<'_>) {
        match world.unhandled() {
            unhandled @ ([] | [_]) => self.add_parts(number, world.events(), world.ending(), unhandled),
            many => {
                let mut sorted = many.to_vec();
                sort_failures(&mut sorted);
                self.add_parts(number, world.events(), world.ending(), &sorted);
            }
        }
    }

    /// Adds what another run gave.
    pub fn join(&mut self, other: &Self) {
        self.sum = self.sum.wrapping_add(other.sum);
    }

    fn add_parts(&mut self, number: u64, events: &[Event], state: &[State], unhandled: &[Failure]) {
        self.text.clear();
        number.write(&mut self.text);
        events.write(&mut self.text);
        state.write(&mut self.text);
        unhandled.write(&mut self.text);
        self.finish();
    }

    fn finish(&mut self) {
        self.sum = self.sum.wrapping_add(xxh3_128(&self.text));
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.sum)
    }
}

impl FromStr for Digest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let sum = u128::from_str_radix(text, 16).ok().filter(|_| digits);
        sum.map(|sum| Self { sum, text: Vec::new() }).ok_or_else(|| NoDigest(text.to_owned()))
    }
}

/// A text isn't a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a digest, which has 32 hexadecimal digits: `{0}`")]
pub struct NoDigest(String);

/// What is written for a trace: a byte for each kind of thing, numbers with 8 bytes, the least first, and what
/// has a length after it.
trait Write {
    fn write(&self, text: &mut Vec<u8>);
}

impl Write for u64 {
    fn write(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(&self.to_le_bytes());
    }
}

impl Write for i64 {
    fn write(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(&self.to_le_bytes());
    }
}

impl Write for usize {
    fn write(&self, text: &mut Vec<u8>) {
        (*self as u64).write(text);
    }
}

impl<T: Write> Write for [T] {
    fn write(&self, text: &mut Vec<u8>) {
        self.len().write(text);
        self.iter().for_each(|item| item.write(text));
    }
}

impl<T: Write> Write for Option<T> {
    fn write(&self, text: &mut Vec<u8>) {
        text.push(u8::from(self.is_some()));
        self.iter().for_each(|some| some.write(text));
    }
}

/// A kind, and what belongs to it.
fn kind(kind: u8, parts: &[&dyn Write], text: &mut Vec<u8>) {
    text.push(kind);
    parts.iter().for_each(|part| part.write(text));
}

impl Write for Event {
    fn write(&self, text: &mut Vec<u8>) {
        match self {
            Self::Run { run, arg } => kind(0, &[run, arg], text),
            Self::Canceller { canceller } => kind(1, &[canceller], text),
            Self::Resume { resume, arg } => kind(2, &[resume, arg], text),
            Self::Error { error } => kind(3, &[error], text),
            Self::Logged { logged } => kind(4, &[logged], text),
            Self::SelfReturn { self_return } => kind(5, &[self_return], text),
            Self::Probe { probe, state } => kind(6, &[probe, state], text),
        }
    }
}

impl Write for Raised {
    fn write(&self, text: &mut Vec<u8>) {
        text.push(match self {
            Self::AlreadyCalledError => 0,
            Self::QueueOverflow => 1,
            Self::QueueUnderflow => 2,
            Self::Panic => 3,
        });
    }
}

impl Write for Outcome {
    fn write(&self, text: &mut Vec<u8>) {
        match self {
            Self::Value(value) => kind(0, &[value], text),
            Self::Failure(failure) => kind(1, &[failure], text),
        }
    }
}

impl Write for State {
    fn write(&self, text: &mut Vec<u8>) {
        match self {
            Self::Dropped => text.push(0),
            Self::Unfired => text.push(1),
            Self::Running => text.push(2),
            Self::Waiting(slot) => kind(3, &[slot], text),
            Self::Value(value) => kind(4, &[value], text),
            Self::Failure(failure) => kind(5, &[failure], text),
        }
    }
}

impl Write for Value {
    fn write(&self, text: &mut Vec<u8>) {
        match self {
            Self::Null => text.push(0),
            Self::Bool(value) => text.extend_from_slice(&[1, u8::from(*value)]),
            Self::Int(value) => kind(2, &[value], text),
            Self::Text(value) => {
                kind(3, &[&value.len()], text);
                text.extend_from_slice(value.as_bytes());
            }
            Self::Array(values) => {
                text.push(4);
                values.as_slice().write(text);
            }
            Self::Resource { r } => kind(5, &[r], text),
            Self::Failed { f } => kind(6, &[f], text),
        }
    }
}

impl Write for Failure {
    fn write(&self, text: &mut Vec<u8>) {
        match self {
            Self::E0 => text.push(0),
            Self::E1 => text.push(1),
            Self::E2 => text.push(2),
            Self::CancelledError => text.push(3),
            Self::AlreadyCalledError => text.push(4),
            Self::TimeoutError => text.push(5),
            Self::Panic => text.push(6),
            Self::FirstError { index, sub } => kind(7, &[index, &**sub], text),
            Self::FailureGroup(group) => {
                text.push(8);
                group.as_slice().write(text);
            }
            // It shows in undefined programs only, whose traces aren't written.
            Self::InternalCancelled => text.push(9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deferral_model::Program;

    fn of(programs: &[(u64, &str)]) -> Digest {
        let mut digest = Digest::default();
        for (number, text) in programs {
            digest.add(*number, &deferral_model::run(&Program::from_json(text).unwrap()));
        }
        digest
    }

    const ONE: &str = r#"{"ops":[{"op":"new"},{"op":"callback","d":0,"value":1},{"op":"probe","d":0}]}"#;
    const TWO: &str = r#"{"ops":[{"op":"fail","error":"E0"},{"op":"fail","error":"E1"}]}"#;

    #[test]
    fn order_and_parts_dont_matter() {
        let mut parts = of(&[(2, TWO)]);
        parts.join(&of(&[(1, ONE)]));
        assert_eq!(parts.to_string(), of(&[(1, ONE), (2, TWO)]).to_string());
    }

    #[test]
    fn number_and_trace_matter() {
        assert_ne!(of(&[(1, ONE)]).to_string(), of(&[(2, ONE)]).to_string());
        assert_ne!(of(&[(1, ONE)]).to_string(), of(&[(1, TWO)]).to_string());
        assert_ne!(of(&[(1, ONE), (2, TWO)]).to_string(), of(&[(1, TWO), (2, ONE)]).to_string());
    }

    #[test]
    fn a_world_gives_what_its_answer_gives() {
        for text in [ONE, TWO] {
            let program = Program::from_json(text).unwrap();
            let mut world = World::default();
            program.ops.iter().for_each(|op| world.step(op));
            world.end();
            let mut digest = Digest::default();
            digest.add_world(3, &world);
            assert_eq!(digest.to_string(), of(&[(3, text)]).to_string());
        }
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = of(&[(1, ONE)]).to_string();
        assert_eq!(digest.parse::<Digest>().unwrap().to_string(), digest);
        for wrong in ["", "12", &digest[1..], "+fffffffffffffffffffffffffffffff"] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }
}
