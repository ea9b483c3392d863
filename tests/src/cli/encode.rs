//! `conform encode`: stored programs become inputs of a fuzz target.

use crate::stored::{Target, read_as};
use crate::{Verdict, show};
use anyhow::{Context, Result};
use clap::Args;
use deferral_conformance::encoded::MOST;
use std::path::PathBuf;
use xxhash_rust::xxh3::xxh3_128;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Stored programs, as `conform replay` reads them; `-` for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The target that runs them; programs that it wouldn't run whole are left out
    #[arg(long, value_enum, default_value_t = Target::Family)]
    target: Target,
    /// The folder that they are written into, each named by its digest
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    /// The files are inputs of the target already; they are written as the project stores them
    #[arg(long)]
    encoded: bool,
    /// Programs of more operations are left out
    #[arg(long, value_name = "COUNT", default_value_t = MOST)]
    max_ops: usize,
}

pub(crate) fn encode(arguments: &Arguments) -> Result<Verdict> {
    let Arguments { files, target, into, encoded, max_ops } = arguments;
    std::fs::create_dir_all(into).with_context(|| into.display().to_string())?;
    let (mut written, mut left_out) = (0, 0);
    for file in files {
        for entry in read_as(file, encoded.then_some(*target))? {
            let bytes = deferral_conformance::encoded::encode(&entry.program);
            if entry.program.size() > *max_ops || target.decode(&bytes).ops != entry.program.ops {
                left_out += 1;
                continue;
            }
            let place = into.join(format!("{:032x}", xxh3_128(&bytes)));
            std::fs::write(&place, bytes).with_context(|| place.display().to_string())?;
            written += 1;
        }
    }
    show::print(&format!("{written} written, {left_out} left out\n"))?;
    Ok(Verdict::Conforms)
}
