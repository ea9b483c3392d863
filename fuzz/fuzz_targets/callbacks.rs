//! The queue of callbacks against a `VecDeque` of boxed closures.
#![no_main]

use deferral_fuzz as _;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Only a build for fuzzing has the queue by itself.
    #[cfg(fuzzing)]
    deferral::raw::callbacks(bytes);
    #[cfg(not(fuzzing))]
    let _ = bytes;
});
