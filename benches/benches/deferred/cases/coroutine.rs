//! Awaiting Deferreds in coroutines.

use super::LENGTH;
use crate::case::{Case, whole};
use crate::implementations::{finish, spawn};
use deferral::{Deferred, succeed};
use std::hint::black_box;

pub(super) fn cases() -> Vec<Case> {
    let case = |name| Case::new("coroutine", name, LENGTH);
    vec![
        case("await-fired").with("engine", whole(await_fired)).with("tokio", whole(receive_sent)),
        case("await-unfired").with("engine", whole(await_unfired)).with("tokio", whole(receive_unsent)),
    ]
}

const SUM: u64 = LENGTH * (LENGTH - 1) / 2;

fn value(deferred: &Deferred<u64>) -> u64 {
    deferred.with_result(|result| *result.expect("it is fired").as_ref().expect("it has a value"))
}

/// One coroutine that awaits Deferreds that have fired.
fn await_fired() {
    let sum = Deferred::from_future(async {
        let mut sum = 0;
        for number in 0..LENGTH {
            let fired: Deferred<u64> = succeed(black_box(number));
            sum += fired.await?;
        }
        Ok(sum)
    });
    assert_eq!(value(&sum), SUM);
}

/// One coroutine that awaits Deferreds that fire after it does.
fn await_unfired() {
    let awaited: Vec<Deferred<u64>> = (0..LENGTH).map(|_| Deferred::new()).collect();
    let all = awaited.clone();
    let sum = Deferred::from_future(async {
        let mut sum = 0;
        for deferred in all {
            sum += deferred.await?;
        }
        Ok(sum)
    });
    for (deferred, number) in awaited.iter().zip(0..) {
        deferred.callback(black_box(number)).expect("it is fired once");
    }
    assert_eq!(value(&sum), SUM);
}

/// One task that receives what was sent to oneshot channels.
fn receive_sent() {
    let sum = spawn(async {
        let mut sum = 0;
        for number in 0..LENGTH {
            let (source, arrives) = tokio::sync::oneshot::channel();
            source.send(black_box(number)).expect("the receiver is there");
            sum += arrives.await.expect("it was sent");
        }
        sum
    });
    assert_eq!(finish(sum), SUM);
}

/// One task that receives from oneshot channels, each of which is sent to when it waits there.
fn receive_unsent() {
    let (sources, arrive): (Vec<_>, Vec<_>) =
        (0..LENGTH).map(|_| tokio::sync::oneshot::channel::<u64>()).unzip();
    let sum = spawn(async {
        let mut sum = 0;
        for arrives in arrive {
            sum += arrives.await.expect("it is sent");
        }
        sum
    });
    finish(async {
        for (source, number) in sources.into_iter().zip(0..) {
            tokio::task::yield_now().await;
            source.send(black_box(number)).expect("the receiver is there");
        }
    });
    assert_eq!(finish(sum), SUM);
}
