//! Many results in one.

use super::LENGTH;
use crate::case::{Case, whole};
use crate::implementations::{finish, spawn, yield_now};
use deferral::{Deferred, gather_results};
use deferral_benches::naive::Naive;
use futures::FutureExt;
use std::hint::black_box;

pub(super) fn cases() -> Vec<Case> {
    let wanted: Vec<u64> = (0..LENGTH).collect();
    let each = |gather: fn(&[u64])| {
        let wanted = wanted.clone();
        whole(move || gather(black_box(&wanted)))
    };
    vec![
        Case::new("gather", "W5-gather", LENGTH)
            .with("engine", each(engine))
            .with("naive", each(naive))
            .with("futures", each(join_all))
            .with("tokio", each(tasks)),
    ]
}

/// W5: gathers unfired Deferreds, and fires each.
fn engine(wanted: &[u64]) {
    let members: Vec<Deferred<u64>> = wanted.iter().map(|_| Deferred::new()).collect();
    let all = gather_results(members.iter().cloned());
    for (member, value) in members.iter().zip(wanted) {
        member.callback(*value).expect("it is fired once");
    }
    all.with_result(|all| assert_eq!(all.expect("it is fired").as_ref().expect("all have values"), wanted));
}

fn naive(wanted: &[u64]) {
    let members: Vec<Naive<u64>> = wanted.iter().map(|_| Naive::new()).collect();
    let all = Naive::gather(&members);
    for (member, value) in members.iter().zip(wanted) {
        member.fire(Ok(*value)).expect("it is fired once");
    }
    all.with_result(|all| assert_eq!(all.expect("it is fired").as_ref().expect("all have values"), wanted));
}

/// W5, for `futures`: `join_all` of oneshot channels. It is polled once before they are sent to.
fn join_all(wanted: &[u64]) {
    let (sources, arrive): (Vec<_>, Vec<_>) =
        wanted.iter().map(|_| futures::channel::oneshot::channel::<u64>()).unzip();
    let mut all = futures::future::join_all(arrive);
    assert!((&mut all).now_or_never().is_none());
    for (source, value) in sources.into_iter().zip(wanted) {
        source.send(*value).expect("the receiver is there");
    }
    let values = all.now_or_never().expect("all are ready");
    assert!(values.into_iter().map(|value| value.expect("it was sent")).eq(wanted.iter().copied()));
}

/// W5, for `tokio`: a task for each oneshot channel, and one that awaits them in turn.
fn tasks(wanted: &[u64]) {
    let (sources, arrive): (Vec<_>, Vec<_>) =
        wanted.iter().map(|_| tokio::sync::oneshot::channel::<u64>()).unzip();
    let arrive: Vec<_> =
        arrive.into_iter().map(|arrives| spawn(async { arrives.await.expect("it is sent") })).collect();
    let all = spawn(async {
        let mut values = Vec::with_capacity(arrive.len());
        for value in arrive {
            values.push(value.await);
        }
        values
    });
    finish(yield_now());
    for (source, value) in sources.into_iter().zip(wanted) {
        source.send(*value).expect("the receiver is there");
    }
    assert_eq!(finish(all), wanted);
}
