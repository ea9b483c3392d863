//! The reference model of Twisted's Deferred: the smallest readable thing that says what is right.
//!
//! [`program`] is the language, [`trace`] what is seen when a program runs, [`World`] what each operation
//! means. `SEMANTICS.md` numbers the rules; code cites them as DC-n.
//!
//! The model is read beside `twisted/internet/defer.py` of Twisted 26.10.0: the same steps in the same
//! order over a plain arena, with no attention to speed. It knows nothing of any engine.

mod clauses;
mod combine;
mod coroutine;
pub mod coverage;
pub mod deeds;
pub mod fault;
pub mod program;
mod reclaim;
mod run_loop;
pub mod script;
mod step;
mod sync;
mod time;
pub mod trace;
pub mod value;
mod world;

pub use coverage::{Coverage, Keeper};
pub use fault::Fault;
pub use program::{Op, Program, ProgramError};
pub use script::{Return, Script};
pub use trace::{Answer, Event, State, Trace};
pub use value::{Failure, Outcome, Value};
pub use world::{MAX_DEPTH, STACK, World, weight};

/// The rules, one clause each: the text of SEMANTICS.md.
pub const SEMANTICS: &str = include_str!("../SEMANTICS.md");

/// Runs a program and says what was seen.
#[must_use]
pub fn run(program: &Program) -> Answer {
    run_in(World::new(None, Coverage::without_clauses()), program)
}

/// As [`run`], on a model that does one thing wrong.
#[must_use]
pub fn run_with_fault(fault: Fault, program: &Program) -> Answer {
    run_in(World::new(Some(fault), Coverage::without_clauses()), program)
}

fn run_in<'p>(mut world: World<'p>, program: &'p Program) -> Answer {
    for op in &program.ops {
        world.step(op);
    }
    world.end();
    world.answer()
}
