//! The user's code panics at every place, one after another, and the Deferreds are used again.
//!
//! Bytes are read as operations on a few Deferreds of the engine. They are run once to count the places where code
//! of the user's runs: callbacks, cancellers, the drop of whatever they own and of values, the making of nulls, the
//! report hook. Then once for each place, which panics. After that nothing may be stuck or lost: what wasn't fired
//! can be, what has a result runs a callback at once, and when the last handle goes, so does everything.

mod owned;
mod world;

use deferral::{Deferred, Failure, Returned, State};
use owned::{Failed, Owned, Value, check};
use std::panic::{AssertUnwindSafe, catch_unwind};
use world::{SLOTS, place, slot};

type D = Deferred<Value>;

/// Of how many places panics are tried: they are far apart where there are more.
const MOST: usize = 48;

/// Runs the bytes, once without a panic and once with one at each place.
///
/// # Panics
/// When a Deferred is stuck or lost afterwards, something is dropped twice or not at all, or something panics that
/// wasn't planned to.
pub fn at_every_place(bytes: &[u8]) {
    let places = run(bytes, None);
    for place in (0..places).step_by(places.div_ceil(MOST).max(1)) {
        run(bytes, Some(place));
    }
}

/// Runs the bytes; how many places there were.
fn run(bytes: &[u8], panics_at: Option<usize>) -> usize {
    let _begun = world::begin(panics_at);
    let mut bytes = bytes.iter().copied();
    while let Some(op) = bytes.next() {
        let (on, with) = (bytes.next().unwrap_or(0), bytes.next().unwrap_or(0));
        let outcome = catch_unwind(AssertUnwindSafe(|| operate(op, on, with)));
        if let Err(panic) = outcome {
            assert!(panic.is::<world::Planned>() && panics_at.is_some(), "only what was planned panics");
        }
    }
    let places = world::calm_down();
    use_again();
    world::end();
    places
}

/// One operation, of a user or of a user's code.
fn operate(op: u8, on: u8, with: u8) {
    let d = slot(on);
    match op % 16 {
        0..4 => add(&d, op / 16, with),
        4 => drop(d.callback(Value::default())),
        5 => drop(d.errback(Failed::new())),
        6 | 7 => d.cancel(),
        8 => d.pause(),
        9 => d.unpause(),
        10 => drop(d.chain_deferred(&slot(with))),
        11 => world::put(with, new(op / 16)),
        12 => world::put(with, d.then_both(callback::<8>(op / 16))),
        13 => d.with_result(|_| operate_within(op / 16, with)),
        14 => world::put(with, d),
        _ => world::put(with, deferral::race([d, slot(on ^ 1)]).then_both(on_race(with))),
    }
}

/// As [`operate`], in the user's code: as long as there is not too much of it.
fn operate_within(op: u8, with: u8) {
    place();
    if world::may_nest() {
        operate(op, with, with / 4);
    }
}

/// A Deferred, with a canceller or without.
fn new(canceller: u8) -> D {
    let owned = Owned::<8>::new();
    match canceller % 4 {
        0 => {
            drop(owned);
            D::new()
        }
        with => D::with_canceller(move |d| {
            owned.check();
            place();
            match with {
                1 => {}
                2 => drop(d.callback(Value::default())),
                _ => drop(d.errback(Failed::new())),
            }
        }),
    }
}

/// Adds a callback of some kind that captures more or less.
fn add(d: &D, kind: u8, with: u8) {
    match kind % 8 {
        0 => d.add_both(callback::<0>(with)),
        1 => d.add_both(callback::<8>(with)),
        2 => d.add_both(callback::<48>(with)),
        3 => d.add_both(callback::<300>(with)),
        4 => d.add_callback(on_value(callback::<8>(with))),
        5 => d.add_errback(on_error(callback::<8>(with))),
        6 => d.add_callbacks(on_value(callback::<0>(with)), on_error(callback::<48>(with))),
        // As one after another, so that the queue grows.
        _ => {
            for at in 0..with % 16 {
                d.add_both(callback::<8>(at / 4 * 16));
            }
            d
        }
    };
}

fn callback<const N: usize>(with: u8) -> impl FnOnce(Result<Value, Failure>) -> Returned<Value, Failure> {
    let owned = Owned::<N>::new();
    move |result| {
        owned.check();
        check(&result);
        place();
        if with % 8 > 5 {
            operate_within(with / 8, with / 16);
        }
        // Drops come first: Rust leaks what a function returns when a drop at its end panics.
        drop(owned);
        if !matches!(with % 8, 2..6) {
            return result.map_or_else(Returned::Error, Returned::Value);
        }
        drop(result);
        match with % 8 {
            2 => Returned::Value(Value::default()),
            3 => Returned::Error(Failed::new().into()),
            _ => Returned::wait(slot(with / 8)),
        }
    }
}

fn on_value(
    callback: impl FnOnce(Result<Value, Failure>) -> Returned<Value, Failure>,
) -> impl FnOnce(Value) -> Returned<Value, Failure> {
    |value| callback(Ok(value))
}

fn on_error(
    callback: impl FnOnce(Result<Value, Failure>) -> Returned<Value, Failure>,
) -> impl FnOnce(Failure) -> Returned<Value, Failure> {
    |error| callback(Err(error))
}

fn on_race(with: u8) -> impl FnOnce(Result<(usize, Value), Failure>) -> Returned<Value, Failure> {
    let callback = callback::<8>(with);
    move |result| callback(result.map(|(_, value)| value))
}

/// Fires what isn't fired, until all have a result but those that wait in a circle; runs a callback on each.
fn use_again() {
    for on in 0..SLOTS {
        let d = slot(on);
        assert!(!d.cancelling(), "no canceller is on the call stack");
        assert_ne!(d.state(), State::Running, "no callback is on the call stack");
        while d.paused() < 0 {
            d.pause();
        }
        // While it waits, unpausing it is no different.
        while d.paused() > 0 {
            d.unpause();
        }
    }
    for on in 0..SLOTS {
        let d = slot(on);
        if d.state() == State::Unfired {
            assert!(d.callback(Value::default()).is_ok(), "it wasn't fired");
        }
    }
    for on in 0..SLOTS {
        let d = slot(on);
        assert!(d.called());
        if matches!(d.state(), State::Succeeded | State::Failed) {
            let owned = Owned::<8>::new();
            let ran = world::flag();
            let sets = ran.clone();
            d.add_both(move |_| {
                owned.check();
                sets.set(true);
                Value::default()
            });
            // What is before it in the queue may wait; or hand over to one that is paused, which leaves the rest for later.
            let mut nudges = world::most();
            while !ran.get() && d.state() != State::Waiting {
                assert!(nudges > 0, "a callback is run at once");
                nudges -= 1;
                d.pause();
                d.unpause();
            }
        }
    }
}
