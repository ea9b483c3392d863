//! Random programs: what they are made of and how often ([`weights`]), making one ([`program()`]), and a
//! proptest strategy ([`programs`]).

mod choose;
mod program;
mod strategy;
pub mod weights;

pub use choose::{Choose, Seeded};
pub use program::{Operations, program};
pub use strategy::{Programs, programs};
