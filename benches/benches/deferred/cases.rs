//! All cases, one group a file. A name that begins with W is a workload, as the README defines them.

mod chain;
mod closures;
mod coroutine;
mod gather;
mod growth;
mod suite;
mod sync;
mod twisted;
mod wait;

use crate::case::Case;

/// How many callbacks or Deferreds most cases have.
const LENGTH: u64 = 1_000;

/// All cases. The suite is the last: it needs threads, and malloc is slower once there was a second one.
pub(crate) fn all() -> impl Iterator<Item = Case> {
    let groups: [fn() -> Vec<Case>; 9] = [
        chain::cases,
        wait::cases,
        gather::cases,
        closures::cases,
        coroutine::cases,
        sync::cases,
        twisted::cases,
        growth::cases,
        suite::cases,
    ];
    groups.into_iter().flat_map(|group| group())
}
