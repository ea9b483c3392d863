//! Programs as bytes, for fuzzers: what is encoded is the program itself, by numbers that are frozen ([`opcodes`]).
//!
//! Any bytes are a program ([`decode`]), and any program is bytes ([`encode`]), so that stored programs are a fuzzer's
//! first inputs. [`mutate`] changes bytes as programs are changed.
//!
//! An operation that is new one day has a number that is skipped today. So what is stored has none that is skipped: it
//! is just what [`encode`] writes, and means the same for ever.

mod decode;
mod encode;
mod mutate;
pub mod opcodes;

pub use decode::{MOST, decode};
pub use encode::encode;
pub use mutate::mutate;

use crate::generate::Operations;
use crate::report::pseudo::pseudo;
use crate::report::story::Story;
use arbitrary::{Arbitrary, Result, Unstructured};
use deferral_model::Program;
use std::fmt;

/// A program that a fuzzer gives: all the bytes, decoded. `FAMILY` says whether operations of the family are in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded<const FAMILY: bool>(pub Program);

impl<const FAMILY: bool> Encoded<FAMILY> {
    /// Those that are in it.
    pub const OPERATIONS: Operations = if FAMILY { Operations::All } else { Operations::Core };
}

impl<'b, const FAMILY: bool> Arbitrary<'b> for Encoded<FAMILY> {
    fn arbitrary(bytes: &mut Unstructured<'b>) -> Result<Self> {
        let all = bytes.bytes(bytes.len())?;
        Ok(Self(decode(all, Self::OPERATIONS, MOST)))
    }

    fn arbitrary_take_rest(mut bytes: Unstructured<'b>) -> Result<Self> {
        Self::arbitrary(&mut bytes)
    }
}

/// Pseudo-code, and the program as JSON.
impl<const FAMILY: bool> fmt::Debug for Encoded<FAMILY> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", pseudo(&Story::of(&self.0)), self.0.to_json())
    }
}
