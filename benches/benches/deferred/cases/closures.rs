//! What callbacks are made of: their types, what they capture, and what values they take.

use super::LENGTH;
use crate::case::{Case, Routine, part, whole};
use crate::implementations::{Chain, Chained};
use deferral::Deferred;
use deferral_benches::limits::{Arena, Boxed};
use deferral_benches::naive::Naive;
use deferral_benches::work;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::any::Any;
use std::hint::black_box;

type ArenaChain<T> = (Arena<T>, Option<T>);
type BoxedChain<T> = (Boxed<T>, Option<T>);

pub(super) fn cases() -> Vec<Case> {
    let case = |name| Case::new("closures", name, LENGTH);
    vec![
        case("eight-types-fire")
            .with("engine", eight_types_fire::<Deferred<u64>>())
            .with("arena", eight_types_fire::<ArenaChain<u64>>())
            .with("boxed", eight_types_fire::<BoxedChain<u64>>())
            .with("naive", eight_types_fire::<Naive<u64>>()),
        captured::<0>("captured-0"),
        captured::<1>("captured-8"),
        captured::<6>("captured-48"),
        case("value-any")
            .with("engine", any::<Deferred<Box<dyn Any>>>())
            .with("arena", any::<ArenaChain<Box<dyn Any>>>())
            .with("boxed", any::<BoxedChain<Box<dyn Any>>>())
            .with("futures", any::<Chained<Box<dyn Any>>>()),
    ]
}

/// Fires a chain of callbacks of eight types in random order, which is the same in every run.
fn eight_types_fire<C: Chain<u64>>() -> Routine {
    let mut random = SmallRng::seed_from_u64(8);
    let types: Vec<u32> = (0..LENGTH).map(|_| random.random_range(0..8)).collect();
    let wanted = types.iter().zip(0..).fold(7_u64, |value, (of, place)| value.rotate_left(*of) ^ place);
    let prepare = move || {
        let mut chain = C::new();
        types.iter().zip(0..).for_each(|(of, place)| add(&mut chain, *of, place));
        chain
    };
    let fire = |mut chain: C| {
        chain.fire(black_box(7));
        chain
    };
    part(prepare, fire, move |mut chain| assert_eq!(chain.look(|value| *value), wanted))
}

fn add(chain: &mut impl Chain<u64>, of: u32, place: u64) {
    match of {
        0 => chain.add(rotate::<0>(place)),
        1 => chain.add(rotate::<1>(place)),
        2 => chain.add(rotate::<2>(place)),
        3 => chain.add(rotate::<3>(place)),
        4 => chain.add(rotate::<4>(place)),
        5 => chain.add(rotate::<5>(place)),
        6 => chain.add(rotate::<6>(place)),
        _ => chain.add(rotate::<7>(place)),
    }
}

/// A type of its own for each number.
fn rotate<const OF: u32>(place: u64) -> impl FnOnce(u64) -> u64 + 'static {
    move |value| value.rotate_left(OF) ^ place
}

/// W1 with callbacks that capture so many words, and read all of them.
fn captured<const WORDS: usize>(name: &str) -> Case {
    Case::new("closures", name, LENGTH)
        .with("engine", capturing::<WORDS, Deferred<u64>>())
        .with("arena", capturing::<WORDS, ArenaChain<u64>>())
        .with("boxed", capturing::<WORDS, BoxedChain<u64>>())
        .with("naive", capturing::<WORDS, Naive<u64>>())
        .with("futures", capturing::<WORDS, Chained<u64>>())
}

fn capturing<const WORDS: usize, C: Chain<u64>>() -> Routine {
    let step = |value, captured: [u64; WORDS]| captured.into_iter().fold(work(value, 1), work);
    let wanted = (0..LENGTH).fold(7, |value, place| step(value, [place; WORDS]));
    whole(move || {
        let mut chain = C::new();
        for place in 0..LENGTH {
            let captured = [place; WORDS];
            chain.add(move |value| step(value, captured));
        }
        chain.fire(black_box(7));
        assert_eq!(chain.look(|value| *value), wanted);
    })
}

/// W1 with a boxed value of a type that callbacks ask for.
fn any<C: Chain<Box<dyn Any>>>() -> Routine {
    let wanted = deferral_benches::expected(7, LENGTH);
    whole(move || {
        let mut chain = C::new();
        for place in 0..LENGTH {
            chain.add(move |mut value: Box<dyn Any>| {
                let number = value.downcast_mut::<u64>().expect("it is a number");
                *number = work(*number, place);
                value
            });
        }
        chain.fire(Box::new(black_box(7_u64)));
        assert_eq!(chain.look(|value| value.downcast_ref::<u64>().copied()), Some(wanted));
    })
}
