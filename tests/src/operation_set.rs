//! Sets of operations: what a program uses, and what a subject says that it lacks.

use deferral_model::Program;
use deferral_model::program::OPERATIONS;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Operations, each in it or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Vec<String>", into = "Vec<&'static str>")]
pub struct OperationSet(u32);

const _: () = assert!(OPERATIONS.len() <= u32::BITS as usize, "a bit for each operation");

impl OperationSet {
    /// What a program uses, in scripts too, whether they are ever invoked or not.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let mut used = 0;
        program.walk(&mut |op, _| used |= 1 << op.number());
        Self(used)
    }

    /// Whether there is none in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are in this set alone.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Takes in what is in another.
    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Their names, in the order of the language.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        (0..OPERATIONS.len()).filter(move |number| self.0 >> number & 1 == 1).map(|number| OPERATIONS[number])
    }
}

impl fmt::Display for OperationSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(", "))
    }
}

/// A name that no operation has.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no operation")]
pub struct UnknownOperation(String);

impl TryFrom<Vec<String>> for OperationSet {
    type Error = UnknownOperation;

    fn try_from(names: Vec<String>) -> Result<Self, UnknownOperation> {
        names.into_iter().try_fold(Self::default(), |Self(set), name| {
            match OPERATIONS.iter().position(|known| *known == name) {
                Some(number) => Ok(Self(set | 1 << number)),
                None => Err(UnknownOperation(name)),
            }
        })
    }
}

impl From<OperationSet> for Vec<&'static str> {
    fn from(set: OperationSet) -> Self {
        set.names().collect()
    }
}
