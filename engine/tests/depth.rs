//! Chains of any length: everything is iterative, on a stack of 256 KiB.

use deferral::{Cancelled, Deferred, Failure, State};

const LINKS: usize = 1_000_000;

fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(run);
    thread.expect("a thread can be started").join().expect("it doesn't fail");
}

/// Deferreds of which each waits for the next; the last one isn't fired.
fn waiting(links: usize) -> Vec<Deferred<usize>> {
    let chain: Vec<Deferred<usize>> = (0..links).map(|_| Deferred::new()).collect();
    for pair in chain.windows(2) {
        let inner = pair[1].clone();
        pair[0].add_callback(move |_| inner);
    }
    for link in &chain[..links - 1] {
        link.callback(0).unwrap();
    }
    chain
}

fn value(d: &Deferred<usize>) -> Option<usize> {
    d.with_result(|result| result?.as_ref().ok().copied())
}

#[test]
fn fires_from_the_innermost() {
    on_a_small_stack(|| {
        let chain = waiting(LINKS);
        chain[LINKS - 1].callback(7).unwrap();
        assert_eq!(value(&chain[0]), Some(7));
        assert!(chain[1..].iter().all(|link| value(link) == Some(0)), "a hand-over leaves a null behind");
    });
}

#[test]
fn fires_through_callbacks_that_wait_behind_each_link() {
    on_a_small_stack(|| {
        let chain = waiting(LINKS);
        for link in &chain {
            link.add_callback(|value| value + 1);
        }
        chain[LINKS - 1].callback(0).unwrap();
        assert_eq!(value(&chain[0]), Some(1), "the innermost's own callback comes behind the hand-over");
        assert_eq!(value(&chain[1]), Some(1), "and gets the null that the hand-over left");
    });
}

#[test]
fn waits_innermost_first() {
    on_a_small_stack(|| {
        let last = Deferred::<usize>::new();
        let mut outer = last.clone();
        for _ in 1..LINKS {
            let inner = std::mem::replace(&mut outer, Deferred::new());
            outer.add_callback(move |_| inner);
            outer.callback(0).unwrap();
        }
        last.callback(9).unwrap();
        assert_eq!(value(&outer), Some(9));
    });
}

#[test]
fn cancels_from_the_outermost() {
    on_a_small_stack(|| {
        let chain = waiting(LINKS);
        chain[0].cancel();
        chain[0].with_result(|result| {
            let failure: &Failure = result.unwrap().as_ref().unwrap_err();
            assert!(failure.check::<Cancelled>().is_some());
        });
    });
}

#[test]
fn drops_while_waiting() {
    on_a_small_stack(|| {
        let chain = waiting(LINKS);
        let (first, last) = (chain[0].downgrade(), chain[LINKS - 1].downgrade());
        drop(chain);
        assert!(first.upgrade().is_none() && last.upgrade().is_none());
    });
}

#[test]
fn drops_what_was_never_fired() {
    on_a_small_stack(|| {
        let mut outer = Deferred::<usize>::new();
        let last = outer.downgrade();
        for _ in 1..LINKS {
            let inner = std::mem::replace(&mut outer, Deferred::new());
            outer.add_callback(move |_| inner);
        }
        drop(outer);
        assert!(last.upgrade().is_none());
    });
}

#[test]
fn chain_deferred_fires_and_drops() {
    on_a_small_stack(|| {
        let chain: Vec<Deferred<usize>> = (0..LINKS).map(|_| Deferred::new()).collect();
        for pair in chain.windows(2) {
            pair[0].chain_deferred(&pair[1]);
        }
        let last = chain[LINKS - 1].clone();
        chain[0].callback(5).unwrap();
        assert_eq!(value(&last), Some(5));
        assert_eq!(value(&chain[0]), Some(0));
        let unfired: Vec<Deferred<usize>> = (0..LINKS).map(|_| Deferred::new()).collect();
        for pair in unfired.windows(2) {
            pair[0].chain_deferred(&pair[1]);
        }
        drop(unfired);
    });
}

#[test]
fn many_wait_for_one() {
    on_a_small_stack(|| {
        let inner = Deferred::<usize>::new();
        let waiters: Vec<Deferred<usize>> = (0..LINKS / 10)
            .map(|_| {
                let (waiter, inner) = (deferral::succeed(1), inner.clone());
                waiter.add_callback(move |_| inner);
                waiter
            })
            .collect();
        inner.callback(3).unwrap();
        assert_eq!(value(&waiters[0]), Some(3), "the first gets the value");
        assert!(waiters[1..].iter().all(|waiter| value(waiter) == Some(0)), "the others what it left");
        assert!(waiters.iter().all(|waiter| waiter.state() == State::Succeeded));
    });
}
