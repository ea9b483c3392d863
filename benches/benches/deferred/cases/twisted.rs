//! The cases of Twisted's own `benchmarks/test_deferred.py`, written anew, under their names.

use crate::case::{Case, Routine, whole};
use crate::implementations::Chain;
use deferral::{Deferred, Failure, succeed};
use deferral_benches::naive::Naive;
use std::fmt;
use std::hint::black_box;

/// An element is one await, or all of a chain.
pub(super) fn cases() -> Vec<Case> {
    let case = |name, elements| Case::new("twisted", name, elements);
    vec![
        case("test_deferred_await", 1_000).with("engine", whole(await_fired)),
        case("test_deferred_await_unfired", 20).with("engine", whole(await_unfired)),
        case("test_deferred_callback_chain_fires_at_start", 1)
            .with("engine", fires_at_start::<Deferred<u64>>())
            .with("naive", fires_at_start::<Naive<u64>>()),
        case("test_deferred_callback_chain_fires_at_end", 1)
            .with("engine", fires_at_end::<Deferred<u64>>())
            .with("naive", fires_at_end::<Naive<u64>>()),
        case("test_deferred_errback_chain", 1).with("engine", whole(errback_chain)),
        case("test_deferred_chained_already_fired", 1).with("engine", whole(chained_already_fired)),
        case("test_deferred_chained_not_fired", 1).with("engine", whole(chained_not_fired)),
    ]
}

fn value<T: Copy + 'static>(deferred: &Deferred<T>) -> T {
    deferred.with_result(|result| *result.expect("it is fired").as_ref().expect("it has a value"))
}

fn await_fired() {
    let last = Deferred::from_future(async {
        let mut last = 0;
        for number in 0..1_000_u64 {
            let fired: Deferred<u64> = succeed(black_box(number));
            last = fired.await?;
        }
        Ok(last)
    });
    assert_eq!(value(&last), 999);
}

fn await_unfired() {
    let awaited: Vec<Deferred<u64>> = (0..20).map(|_| Deferred::new()).collect();
    let all = awaited.clone();
    let last = Deferred::from_future(async {
        let mut last = 0;
        for deferred in all {
            last = deferred.await?;
        }
        Ok(last)
    });
    for (deferred, number) in awaited.iter().zip(0..) {
        deferred.callback(black_box(number)).expect("it is fired once");
    }
    assert_eq!(value(&last), 19);
}

fn add_four(chain: &mut impl Chain<u64>) {
    for number in 1..=4 {
        chain.add(move |value| value + number);
    }
}

fn fires_at_start<C: Chain<u64>>() -> Routine {
    whole(|| {
        let mut chain = C::new();
        chain.fire(black_box(2));
        add_four(&mut chain);
        assert_eq!(chain.look(|value| *value), 12);
    })
}

fn fires_at_end<C: Chain<u64>>() -> Routine {
    whole(|| {
        let mut chain = C::new();
        add_four(&mut chain);
        chain.fire(black_box(2));
        assert_eq!(chain.look(|value| *value), 12);
    })
}

#[derive(Debug)]
struct Boom;

impl fmt::Display for Boom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("boom!")
    }
}

impl std::error::Error for Boom {}

/// A callback that fails, an errback that traps that and fails too, and what swallows it.
fn errback_chain() {
    let deferred: Deferred<u64> = succeed(black_box(2));
    deferred.add_callback(|_| -> Result<u64, Failure> { Err(Boom.into()) });
    deferred.add_errback(|failure: Failure| -> Result<u64, Failure> {
        failure.trap::<Boom>()?;
        Err(Boom.into())
    });
    deferred.add_both(|result| u64::from(result.is_err()));
    assert_eq!(value(&deferred), 1);
}

/// Two callbacks that return Deferreds that have fired.
fn chained_already_fired() {
    let (outer, second, third) = (Deferred::<u64>::new(), Deferred::new(), Deferred::new());
    second.callback(123).expect("it is fired once");
    third.callback(456).expect("it is fired once");
    outer.add_callback(move |_| second);
    outer.add_callback(move |_| third);
    outer.callback(black_box(7)).expect("it is fired once");
    assert_eq!(value(&outer), 456);
}

/// Two callbacks that return Deferreds of which the second waits for a third.
fn chained_not_fired() {
    let (outer, second, third) = (Deferred::<u64>::new(), Deferred::new(), Deferred::new());
    let inner = Deferred::new();
    let awaited = inner.clone();
    third.add_callback(move |_| awaited);
    third.callback(123).expect("it is fired once");
    let returned = second.clone();
    outer.add_callback(move |_| returned);
    outer.add_callback(move |_| third);
    second.callback(123).expect("it is fired once");
    inner.callback(57).expect("it is fired once");
    outer.callback(black_box(7)).expect("it is fired once");
    assert_eq!(value(&outer), 57);
}
