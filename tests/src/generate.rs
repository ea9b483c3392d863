//! Random programs: what they are made of and how often ([`weights`]), making one ([`program()`], [`long()`]),
//! an endless stream of them ([`stream`]), and a proptest strategy ([`programs`]).

mod choose;
mod long;
mod program;
mod scenes;
mod strategy;
mod stream;
pub mod weights;

pub use choose::{Choose, Seeded};
pub use long::long;
pub use program::{Operations, program};
pub use strategy::{Programs, programs};
pub use stream::{LONG_EVERY, stream};
