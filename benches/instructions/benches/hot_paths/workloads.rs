//! What is counted: the hot paths of the engine, each with what it should come to.

use deferral::{Cancelled, Deferred, gather_results, succeed};
use std::fmt;
use std::hint::black_box;

type D = Deferred<u64>;

/// A hot path of the engine.
pub(crate) trait HotPath {
    /// What is there before it begins.
    type Input;
    /// What it leaves behind.
    type Output;

    /// Makes ready for a run over so many callbacks or Deferreds.
    fn input(units: u64) -> Self::Input;
    /// The part that is counted.
    fn run(input: Self::Input) -> Self::Output;
    /// Fails unless the run came to what it should.
    fn check(output: Self::Output, units: u64);
}

/// A hot path that is about to be counted.
pub(crate) struct Ready<H: HotPath> {
    units: u64,
    input: H::Input,
}

/// A hot path that was counted.
pub(crate) struct Done<H: HotPath> {
    units: u64,
    output: H::Output,
}

/// One callback or Deferred more in fifty, 2 % of the work, in a build for `.ci/instructions --self-test`; else none.
const PLANTED: u64 = if option_env!("DEFERRAL_PLANTED").is_some() { 1 } else { 0 };

/// Makes ready in a warm process: free lists and the allocator are then as in a program that has run for a while.
pub(crate) fn ready<H: HotPath>(units: u64) -> Ready<H> {
    let units = units + units / 50 * PLANTED;
    for _ in 0..2 {
        check(count(Ready::<H> { units, input: H::input(units) }));
    }
    Ready { units, input: black_box(H::input(units)) }
}

/// The run itself.
pub(crate) fn count<H: HotPath>(ready: Ready<H>) -> Done<H> {
    Done { units: ready.units, output: black_box(H::run(ready.input)) }
}

/// Fails unless the run came to what it should.
pub(crate) fn check<H: HotPath>(done: Done<H>) {
    H::check(done.output, done.units);
}

/// What the callback at that place does.
fn work(value: u64, place: u64) -> u64 {
    value.rotate_left(5) ^ place
}

/// What so many callbacks make of the value that everything is fired with.
fn expected(units: u64) -> u64 {
    (0..units).fold(FIRED_WITH, work)
}

const FIRED_WITH: u64 = 7;

fn fire(d: &D) {
    d.callback(black_box(FIRED_WITH)).expect("it is fired once");
}

fn add(d: &D, units: u64) {
    for place in 0..units {
        d.add_callback(move |value| work(value, place));
    }
}

fn value(d: &D) -> u64 {
    d.with_result(|result| *result.expect("it is fired").as_ref().expect("it has a value"))
}

/// The innermost and the outermost of so many Deferreds of which each waits for the next.
fn chain(units: u64) -> (D, D) {
    let innermost = D::new();
    let mut outermost = innermost.clone();
    for _ in 1..units {
        let awaited = std::mem::replace(&mut outermost, D::new());
        outermost.add_callback(move |_| awaited);
        outermost.callback(0).expect("it is fired once");
    }
    (innermost, outermost)
}

/// W1: callbacks are added, then the Deferred is fired.
pub(crate) struct AddThenFire;

impl HotPath for AddThenFire {
    type Input = u64;
    type Output = u64;

    fn input(units: u64) -> u64 {
        units
    }

    fn run(units: u64) -> u64 {
        let d = D::new();
        add(&d, units);
        fire(&d);
        value(&d)
    }

    fn check(output: u64, units: u64) {
        assert_eq!(output, expected(units));
    }
}

/// The first half of W1.
pub(crate) struct Add;

impl HotPath for Add {
    type Input = (D, u64);
    type Output = D;

    fn input(units: u64) -> (D, u64) {
        (D::new(), units)
    }

    fn run((d, units): (D, u64)) -> D {
        add(&d, units);
        d
    }

    fn check(d: D, units: u64) {
        fire(&d);
        assert_eq!(value(&d), expected(units));
    }
}

/// The second half of W1.
pub(crate) struct Fire;

impl HotPath for Fire {
    type Input = D;
    type Output = D;

    fn input(units: u64) -> D {
        let d = D::new();
        add(&d, units);
        d
    }

    fn run(d: D) -> D {
        fire(&d);
        d
    }

    fn check(d: D, units: u64) {
        assert_eq!(value(&d), expected(units));
    }
}

/// W2: callbacks are added to a Deferred that is fired.
pub(crate) struct AddToFired;

impl HotPath for AddToFired {
    type Input = u64;
    type Output = u64;

    fn input(units: u64) -> u64 {
        units
    }

    fn run(units: u64) -> u64 {
        let d = succeed(black_box(FIRED_WITH));
        add(&d, units);
        value(&d)
    }

    fn check(output: u64, units: u64) {
        assert_eq!(output, expected(units));
    }
}

/// W3: Deferreds of which each waits for the next, fired at the innermost.
pub(crate) struct Waiting;

impl HotPath for Waiting {
    type Input = u64;
    type Output = u64;

    fn input(units: u64) -> u64 {
        units
    }

    fn run(units: u64) -> u64 {
        let (innermost, outermost) = chain(units);
        fire(&innermost);
        value(&outermost)
    }

    fn check(output: u64, _: u64) {
        assert_eq!(output, FIRED_WITH);
    }
}

/// W4: Deferreds, each made, given one callback, fired and dropped.
pub(crate) struct One;

impl HotPath for One {
    type Input = u64;
    type Output = u64;

    fn input(units: u64) -> u64 {
        units
    }

    fn run(units: u64) -> u64 {
        let mut came_to = 0;
        for place in 0..units {
            let d = D::new();
            d.add_callback(move |value| work(value, place));
            d.callback(black_box(FIRED_WITH)).expect("it is fired once");
            // To look is no part of it.
            if place + 1 == units {
                came_to = value(&d);
            }
        }
        came_to
    }

    fn check(output: u64, units: u64) {
        assert_eq!(output, work(FIRED_WITH, units - 1));
    }
}

/// W5: Deferreds are gathered, then fired.
pub(crate) struct Gather;

impl HotPath for Gather {
    type Input = u64;
    type Output = Deferred<Vec<u64>>;

    fn input(units: u64) -> u64 {
        units
    }

    fn run(units: u64) -> Deferred<Vec<u64>> {
        let members: Vec<D> = (0..units).map(|_| D::new()).collect();
        let gathered = gather_results(members.iter().cloned());
        for (place, member) in (0..).zip(&members) {
            member.callback(black_box(place)).expect("it is fired once");
        }
        gathered
    }

    fn check(gathered: Deferred<Vec<u64>>, units: u64) {
        gathered.with_result(|result| {
            let values = result.expect("it is fired").as_ref().expect("it has the values");
            assert!(values.iter().copied().eq(0..units));
        });
    }
}

/// W6: Deferreds of which each waits for the next, cancelled at the outermost.
pub(crate) struct Cancel;

impl HotPath for Cancel {
    type Input = u64;
    type Output = u64;

    fn input(units: u64) -> u64 {
        units
    }

    fn run(units: u64) -> u64 {
        let (_, outermost) = chain(units);
        outermost.cancel();
        outermost.add_errback(|failure| u64::from(failure.check::<Cancelled>().is_some()));
        value(&outermost)
    }

    fn check(cancelled: u64, _: u64) {
        assert_eq!(cancelled, 1);
    }
}

/// W7: a failure goes past callbacks.
pub(crate) struct Fail;

impl HotPath for Fail {
    type Input = u64;
    type Output = u64;

    fn input(units: u64) -> u64 {
        units
    }

    fn run(units: u64) -> u64 {
        let d = D::new();
        add(&d, units);
        d.add_errback(|failure| u64::from(failure.check::<fmt::Error>().is_some()));
        d.errback(fmt::Error).expect("it is fired once");
        value(&d)
    }

    fn check(caught: u64, _: u64) {
        assert_eq!(caught, 1);
    }
}

/// A coroutine awaits fired Deferreds.
pub(crate) struct AwaitFired;

impl HotPath for AwaitFired {
    type Input = u64;
    type Output = u64;

    fn input(units: u64) -> u64 {
        units
    }

    fn run(units: u64) -> u64 {
        value(&D::from_future(async move {
            let mut value = black_box(FIRED_WITH);
            for place in 0..units {
                let fired: D = succeed(value);
                value = work(fired.await?, place);
            }
            Ok(value)
        }))
    }

    fn check(output: u64, units: u64) {
        assert_eq!(output, expected(units));
    }
}

/// A coroutine awaits Deferreds that are fired one after another.
pub(crate) struct AwaitUnfired;

impl HotPath for AwaitUnfired {
    type Input = u64;
    type Output = u64;

    fn input(units: u64) -> u64 {
        units
    }

    fn run(units: u64) -> u64 {
        let awaited: Vec<D> = (0..units).map(|_| D::new()).collect();
        let awaits = awaited.clone();
        let d = D::from_future(async move {
            let mut value = FIRED_WITH;
            for unfired in awaits {
                value = work(value, unfired.await?);
            }
            Ok(value)
        });
        for (place, unfired) in (0..).zip(&awaited) {
            unfired.callback(black_box(place)).expect("it is fired once");
        }
        value(&d)
    }

    fn check(output: u64, units: u64) {
        assert_eq!(output, expected(units));
    }
}
