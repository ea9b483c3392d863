//! What becomes of the counts of instructions that gungraun gives: compared with earlier ones, recorded, held against
//! the bounds. `.ci/instructions` calls this.

mod baseline;
mod bounds;
mod compare;
mod counts;
mod error;
mod machine;
mod table;

use baseline::Baseline;
use clap::{Args, Parser, Subcommand};
use compare::Comparison;
use counts::Counts;
use error::GateError;
use machine::Machine;
use std::path::PathBuf;
use std::process::ExitCode;

/// Holds the engine's instruction counts. Exit status: 0 when nothing rose, 1 when something did, 2 when it could not
/// be found out.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints new counts beside old ones and the bounds, and says whether one rose by more than 1 %.
    Compare {
        /// What gungraun printed as JSON.
        new: PathBuf,
        #[command(flatten)]
        old: Old,
        /// A bound that isn't met is a status of 1 as well.
        #[arg(long)]
        strict: bool,
    },
    /// Records counts as those of this machine.
    Record {
        /// What gungraun printed as JSON.
        new: PathBuf,
        /// The file of recorded counts.
        baseline: PathBuf,
    },
    /// Says whether counts of this machine are recorded; if not, that is a status of 1.
    Known {
        /// The file of recorded counts.
        baseline: PathBuf,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Old {
    /// Compares with what gungraun printed before.
    #[arg(long, value_name = "COUNTS")]
    with: Option<PathBuf>,
    /// Compares with the recorded counts of this machine.
    #[arg(long, value_name = "BASELINE")]
    recorded: Option<PathBuf>,
}

impl Old {
    fn per_unit(&self) -> Result<counts::PerUnit, GateError> {
        match (&self.with, &self.recorded) {
            (Some(counts), _) => Counts::read(counts)?.per_unit(),
            (None, Some(baseline)) => Baseline::read(baseline)?.of(&Machine::this()?),
            (None, None) => unreachable!("clap asks for one of them"),
        }
    }
}

fn run(command: Command) -> Result<ExitCode, GateError> {
    match command {
        Command::Compare { new, old, strict } => {
            let counts = Counts::read(&new)?;
            let comparison = Comparison::new(&old.per_unit()?, &counts.per_unit()?);
            println!("{}", table::per_unit(&comparison));
            let growth = counts.growth();
            if !growth.is_empty() {
                println!("\n{}", table::growth(&growth));
            }
            if old.recorded.is_some() && comparison.fell() {
                println!(
                    "\nWhat fell may rise again unnoticed until it is recorded: .ci/instructions --record"
                );
            }
            let holds =
                comparison.holds() && (!strict || comparison.bounds_met() && bounds::growth_met(&growth));
            Ok(ExitCode::from(u8::from(!holds)))
        }
        Command::Record { new, baseline } => {
            let counts = Counts::read(&new)?.per_unit()?;
            Baseline::read(&baseline)?.with(Machine::this()?, counts).write(&baseline)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Known { baseline } => {
            let machine = Machine::this()?;
            let known = Baseline::read(&baseline)?.knows(&machine);
            println!(
                "{} for {machine}",
                if known { "Counts are recorded" } else { "No counts are recorded" }
            );
            Ok(ExitCode::from(u8::from(!known)))
        }
    }
}

fn main() -> ExitCode {
    run(Cli::parse().command).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}
