//! Ctrl-C: a run ends with what it has found so far.

use anyhow::{Context, Result, bail};
use deferral_conformance::check::Summary;
use std::sync::atomic::{AtomicBool, Ordering};

static CAME: AtomicBool = AtomicBool::new(false);

/// From now on the first interrupt is noted; the second ends the program at once.
pub(crate) fn note() -> Result<()> {
    let noted = ctrlc::set_handler(|| {
        if CAME.swap(true, Ordering::Relaxed) {
            std::process::exit(2);
        }
    });
    noted.context("interrupts can't be noted")
}

/// A run that was interrupted and found nothing proves nothing.
pub(crate) fn check(summary: &Summary) -> Result<()> {
    if came() && summary.divergences.is_empty() {
        bail!("interrupted after {} programs", summary.programs);
    }
    Ok(())
}

/// Whether an interrupt came.
pub(crate) fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}
