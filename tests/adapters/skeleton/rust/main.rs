//! A subject of `conform` in Rust: deferred.rs is to be filled in, subject.rs needs no change.

mod deferred;
mod subject;

fn main() -> std::process::ExitCode {
    subject::main()
}
