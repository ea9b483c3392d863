//! The skeleton in Rust, filled in with the engine: a worked example. What the suite itself asks the engine with is
//! tests/src/subjects/engine.rs, which has all operations.

mod deferred;
#[path = "../skeleton/rust/subject.rs"]
mod subject;

fn main() -> std::process::ExitCode {
    subject::main()
}
