//! Callbacks of one Deferred.

use super::LENGTH;
use crate::case::{Case, Routine, part, whole};
use crate::implementations::{Chain, Chained, Fails, Fallible, Tasks};
use deferral::Deferred;
use deferral_benches::limits::{Arena, Boxed, allocate_and_free, dyn_call};
use deferral_benches::naive::Naive;
use deferral_benches::{expected, work};
use futures::FutureExt;
use std::hint::black_box;

type ArenaChain = (Arena<u64>, Option<u64>);
type BoxedChain = (Boxed<u64>, Option<u64>);

pub(super) fn cases() -> Vec<Case> {
    let case = |name, elements| Case::new("chain", name, elements);
    vec![
        case("W1-add-then-fire", LENGTH)
            .with("engine", add_then_fire::<Deferred<u64>>(LENGTH))
            .with("arena", add_then_fire::<ArenaChain>(LENGTH))
            .with("boxed", add_then_fire::<BoxedChain>(LENGTH))
            .with("naive", add_then_fire::<Naive<u64>>(LENGTH))
            .with("futures", add_then_fire::<Chained<u64>>(LENGTH))
            .with("tokio", add_then_fire::<Tasks>(LENGTH)),
        case("add-only", LENGTH)
            .with("engine", add_only::<Deferred<u64>>())
            .with("arena", add_only::<ArenaChain>())
            .with("boxed", add_only::<BoxedChain>())
            .with("naive", add_only::<Naive<u64>>())
            .with("futures", add_only::<Chained<u64>>()),
        case("fire-only", LENGTH)
            .with("engine", fire_only::<Deferred<u64>>())
            .with("arena", fire_only::<ArenaChain>())
            .with("boxed", fire_only::<BoxedChain>())
            .with("naive", fire_only::<Naive<u64>>())
            .with("futures", fire_only::<Chained<u64>>()),
        case("W2-add-to-fired", LENGTH)
            .with("engine", add_to_fired::<Deferred<u64>>())
            .with("dyn", call_through_a_pointer())
            .with("naive", add_to_fired::<Naive<u64>>())
            .with("futures", map_what_is_ready()),
        case("W4-one", LENGTH)
            .with("engine", one::<Deferred<u64>>())
            .with("alloc", whole(|| (0..LENGTH).for_each(|_| allocate_and_free())))
            .with("boxed", one::<BoxedChain>())
            .with("naive", one::<Naive<u64>>())
            .with("futures", one::<Chained<u64>>())
            .with("tokio", whole(send_one)),
        case("W7-failure", LENGTH)
            .with("engine", failure::<Deferred<u64>>())
            .with("arena", drop_uncalled::<ArenaChain>())
            .with("boxed", drop_uncalled::<BoxedChain>())
            .with("naive", failure::<Naive<u64>>())
            .with("futures", failure::<Fallible>()),
    ]
}

fn with_callbacks<C: Chain<u64>>(length: u64) -> C {
    let mut chain = C::new();
    for place in 0..length {
        chain.add(move |value| work(value, place));
    }
    chain
}

fn check(mut chain: impl Chain<u64>, wanted: u64) {
    assert_eq!(chain.look(|value| *value), wanted);
}

/// W1: adds callbacks, then fires.
pub(super) fn add_then_fire<C: Chain<u64>>(length: u64) -> Routine {
    let wanted = expected(7, length);
    whole(move || {
        let mut chain: C = with_callbacks(length);
        chain.fire(black_box(7));
        check(chain, wanted);
    })
}

/// The first half of W1.
fn add_only<C: Chain<u64>>() -> Routine {
    let wanted = expected(7, LENGTH);
    part(
        || (),
        |()| with_callbacks::<C>(LENGTH),
        move |mut chain| {
            chain.fire(7);
            check(chain, wanted);
        },
    )
}

/// The second half of W1.
fn fire_only<C: Chain<u64>>() -> Routine {
    let wanted = expected(7, LENGTH);
    let fire = |mut chain: C| {
        chain.fire(black_box(7));
        chain
    };
    part(|| with_callbacks(LENGTH), fire, move |chain| check(chain, wanted))
}

/// W2: adds callbacks to what has fired.
fn add_to_fired<C: Chain<u64>>() -> Routine {
    let wanted = expected(7, LENGTH);
    whole(move || {
        let mut chain = C::new();
        chain.fire(black_box(7));
        for place in 0..LENGTH {
            chain.add(move |value| work(value, place));
        }
        check(chain, wanted);
    })
}

/// W2, for `dyn`.
fn call_through_a_pointer() -> Routine {
    let wanted = expected(7, LENGTH);
    let call = |value, place| dyn_call(&move |value| work(value, place), value);
    whole(move || assert_eq!((0..LENGTH).fold(black_box(7), call), wanted))
}

/// W2, for `futures`.
fn map_what_is_ready() -> Routine {
    let wanted = expected(7, LENGTH);
    let map = |value, place| {
        let ready = futures::future::ready(value).boxed_local();
        let mapped = ready.map(move |value| work(value, place)).boxed_local();
        black_box(mapped).now_or_never().expect("it is ready")
    };
    whole(move || assert_eq!((0..LENGTH).fold(black_box(7), map), wanted))
}

/// W4: creates, adds one callback, fires, drops. Looks at the last value only: looking is no part of it.
fn one<C: Chain<u64>>() -> Routine {
    whole(|| {
        for place in 0..LENGTH {
            let mut chain = C::new();
            chain.add(move |value| work(value, place));
            chain.fire(black_box(7));
            if place + 1 == LENGTH {
                check(chain, work(7, place));
            }
        }
    })
}

/// W4, for `tokio`: a oneshot channel, whose receiver does the work.
fn send_one() {
    for place in 0..LENGTH {
        let (source, mut arrives) = tokio::sync::oneshot::channel();
        source.send(black_box(7)).expect("the receiver is there");
        let value = work(arrives.try_recv().expect("it was sent"), place);
        assert_eq!(value, work(7, place));
    }
}

/// W7: a failure past callbacks, to an errback.
fn failure<C: Fails>() -> Routine {
    whole(|| {
        let mut chain: C = with_callbacks(LENGTH);
        chain.add_errback(black_box(3));
        chain.fail();
        check(chain, 3);
    })
}

/// W7, for the limits, which know no failures: callbacks are added and dropped.
fn drop_uncalled<C: Chain<u64>>() -> Routine {
    whole(|| {
        let chain: C = with_callbacks(LENGTH);
        drop(black_box(chain));
    })
}
