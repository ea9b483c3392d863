//! The user's code panics at every place of random programs, and the engine goes on.

use deferral_conformance::panics::at_every_place;
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_stuck_or_lost(bytes in vec(any::<u8>(), 0..100)) {
        // On a thread of its own: what a failure leaves behind doesn't reach the next case.
        let runs = std::thread::spawn(move || at_every_place(&bytes)).join();
        prop_assert!(runs.is_ok());
    }
}
