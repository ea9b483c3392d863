//! W1, W3 and W4 from ten to ten million: time a callback or a Deferred must not grow faster than the limit's.

use super::chain::add_then_fire;
use super::wait::{list, wait_then_fire};
use crate::case::{Case, Routine, whole};
use deferral::Deferred;
use deferral_benches::limits::{Arena, Node};
use deferral_benches::work;
use std::hint::black_box;

const LENGTHS: [u64; 4] = [10, 1_000, 100_000, 10_000_000];

pub(super) fn cases() -> Vec<Case> {
    let of_length = |length| {
        let case = |name| Case::new("growth", format!("{name}-{length}"), length);
        [
            case("add-then-fire")
                .with("engine", add_then_fire::<Deferred<u64>>(length))
                .with("arena", add_then_fire::<(Arena<u64>, Option<u64>)>(length)),
            case("wait-then-fire")
                .with("engine", wait_then_fire::<Deferred<u64>>(length))
                .with("list", list(length)),
            case("all-at-once").with("engine", all_at_once(length)).with("alloc", allocate_all(length)),
        ]
    };
    LENGTHS.into_iter().flat_map(of_length).collect()
}

/// W4 with all Deferreds alive at the same time.
fn all_at_once(length: u64) -> Routine {
    whole(move || {
        let all: Vec<Deferred<u64>> = (0..length).map(|_| Deferred::new()).collect();
        for (deferred, place) in all.iter().zip(0..) {
            deferred.add_callback(move |value| work(value, place));
        }
        for deferred in &all {
            deferred.callback(black_box(7)).expect("it is fired once");
        }
        let last = all.last().expect("there are some");
        let value = last.with_result(|value| *value.expect("it is fired").as_ref().expect("it has a value"));
        assert_eq!(value, work(7, length - 1));
    })
}

/// W4 at once, for `alloc`: so many allocations of a Deferred's size, then all are freed.
fn allocate_all(length: u64) -> Routine {
    whole(move || {
        let all: Vec<_> = (0..length).map(|_| Box::<Node>::new_uninit()).collect();
        assert_eq!(black_box(all).len() as u64, length);
    })
}
