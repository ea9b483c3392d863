//! The program `conform`: runs programs on subjects and compares what they say.
//!
//! Exit statuses: 0 when everything conforms, 1 when something diverges, 2 when it couldn't be found out.

#[path = "../cli/check.rs"]
mod check;
#[path = "../cli/encode.rs"]
mod encode;
#[path = "../cli/enumerate.rs"]
mod enumerate;
#[path = "../cli/interrupt.rs"]
mod interrupt;
#[path = "../cli/matrix.rs"]
mod matrix;
#[path = "../cli/promote.rs"]
mod promote;
#[path = "../cli/replay.rs"]
mod replay;
#[path = "../cli/run.rs"]
mod run;
#[path = "../cli/show.rs"]
mod show;
#[path = "../cli/stored.rs"]
mod stored;
#[path = "../cli/teeth.rs"]
mod teeth;
#[path = "../cli/tell.rs"]
mod tell;
#[path = "../cli/timeline.rs"]
mod timeline;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Holds Deferreds to Twisted's: runs programs on a reference model, on the engine, on a real Twisted and on
/// any command that speaks the wire protocol, and compares what they say.
///
/// Without a command it checks, as `conform check` does. A subject is `model`, `engine`, `twisted`, `goog`
/// (goog.async.Deferred), or a command for `sh -c`; `twisted-24.3.0` is that release, `model:F31` and `twisted:F31` are
/// those with a fault planted (see `conform teeth`). Exit status: 0 all conform, 1 something diverges, 2 it could not be run.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    check: check::Arguments,
}

#[derive(Subcommand)]
enum Command {
    /// Compare subjects on random programs.
    Check(check::Arguments),
    /// Compare subjects on every small program.
    Enumerate(enumerate::Arguments),
    /// Show which clauses each subject keeps.
    Matrix(matrix::Arguments),
    /// Run stored programs on all subjects and show the traces side by side.
    Replay(replay::Arguments),
    /// Show stored programs as people read them.
    Show(tell::Arguments),
    /// Write stored programs as a fuzzer's inputs.
    Encode(encode::Arguments),
    /// Add the program of a report to the corpus.
    Promote(promote::Arguments),
    /// Answer programs from standard input with traces on standard output (the wire protocol).
    Run(run::Arguments),
    /// Plant faults one by one, and show how soon random programs find each.
    Teeth(teeth::Arguments),
    /// Write what subjects make of a stored program as a page that is stepped through.
    Timeline(timeline::Arguments),
}

/// How a command ended.
enum Verdict {
    Conforms,
    Diverges,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = deferral_conformance::stack::with_stack(|| match cli.command {
        None => check::check(&cli.check),
        Some(Command::Check(arguments)) => check::check(&arguments),
        Some(Command::Enumerate(arguments)) => enumerate::enumerate(&arguments),
        Some(Command::Matrix(arguments)) => matrix::matrix(&arguments),
        Some(Command::Replay(arguments)) => replay::replay(&arguments),
        Some(Command::Show(arguments)) => tell::tell(&arguments),
        Some(Command::Encode(arguments)) => encode::encode(&arguments),
        Some(Command::Promote(arguments)) => promote::promote(&arguments),
        Some(Command::Run(arguments)) => run::run(&arguments),
        Some(Command::Teeth(arguments)) => teeth::teeth(&arguments),
        Some(Command::Timeline(arguments)) => timeline::timeline(&arguments),
    });
    match ended {
        Ok(Verdict::Conforms) => ExitCode::SUCCESS,
        Ok(Verdict::Diverges) => ExitCode::from(1),
        Err(error) => {
            eprintln!("conform: {error:#}");
            ExitCode::from(2)
        }
    }
}
