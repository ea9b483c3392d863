//! The instructions that callgrind counts in the engine's hot paths, at some sizes each: `n1000` is a run over a
//! thousand callbacks or Deferreds. `.ci/instructions` runs this, and says what becomes of the counts.

#![allow(missing_docs, reason = "gungraun's macros make public items")]

mod workloads;

use gungraun::{Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use workloads::{
    Add, AddThenFire, AddToFired, AwaitFired, AwaitUnfired, Cancel, Done, Fail, Fire, Gather, One, Ready,
    Waiting, check, count, ready,
};

/// A hot path to count, for instructions a unit; "and far", at sizes that show how those grow as well.
macro_rules! hot_path {
    ($name:ident, $path:ty) => {
        #[library_benchmark(setup = ready::<$path>, teardown = check::<$path>)]
        #[bench::n1000(1_000)]
        #[bench::n2000(2_000)]
        fn $name(ready: Ready<$path>) -> Done<$path> {
            count(ready)
        }
    };
    ($name:ident, $path:ty, and far) => {
        #[library_benchmark(setup = ready::<$path>, teardown = check::<$path>)]
        #[bench::n1000(1_000)]
        #[bench::n2000(2_000)]
        #[bench::n1000000(1_000_000)]
        #[bench::n10000000(10_000_000)]
        fn $name(ready: Ready<$path>) -> Done<$path> {
            count(ready)
        }
    };
}

hot_path!(w1_add_then_fire, AddThenFire, and far);
hot_path!(w1_add, Add);
hot_path!(w1_fire, Fire);
hot_path!(w2_add_to_fired, AddToFired);
hot_path!(w3_waiting, Waiting, and far);
hot_path!(w4_one, One, and far);
hot_path!(w5_gather, Gather);
hot_path!(w6_cancel, Cancel);
hot_path!(w7_fail, Fail);
hot_path!(await_fired, AwaitFired);
hot_path!(await_unfired, AwaitUnfired);

library_benchmark_group!(
    name = counts,
    benchmarks = [
        w1_add_then_fire,
        w1_add,
        w1_fire,
        w2_add_to_fired,
        w3_waiting,
        w4_one,
        w5_gather,
        w6_cancel,
        w7_fail,
        await_fired,
        await_unfired
    ]
);
main!(
    // Instructions are all that is asked for; without caches valgrind is faster.
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = counts
);
