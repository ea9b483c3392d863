//! The conformance suite: programs run on a reference model, on the engine and on a real Twisted, and
//! whatever differs is shown.
//!
//! The way of a program: [`generate`] makes it (or [`enumerate`], [`corpus`], a file), subjects
//! ([`subject`], [`subjects`]) run it, [`lockstep`] and [`check`](mod@check) compare, [`shrink`] makes a program
//! small that shows a [`difference`], [`report`] shows it. `conform` is all of that as a program.
//! [`check`](fn@check) holds a Deferred of another project to it, in one line of a test.

pub mod check;
pub mod clauses;
pub mod corpus;
pub mod difference;
pub mod digest;
pub mod encoded;
pub mod enumerate;
mod gate;
pub mod generate;
pub mod large;
pub mod lockstep;
pub mod matrix;
pub mod operation_set;
pub mod panics;
pub mod report;
pub mod shrink;
pub mod stack;
pub mod subject;
pub mod subjects;
pub mod teeth;
pub mod wire;

pub use gate::check;
