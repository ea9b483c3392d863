//! The chain hot path: callbacks added and run. Each case checks its result.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use deferral::{Deferred, Failure};
use deferral_benches::{BoxedVector, expected, work};
use std::hint::black_box;

type D = Deferred<u64>;

fn value(d: &D) -> u64 {
    d.with_result(|result| *result.expect("it is fired").as_ref().expect("it has a value"))
}

/// W1: add callbacks, then fire.
fn add_then_fire(c: &mut Criterion) {
    let mut group = c.benchmark_group("chain/add-then-fire");
    for length in [10, 1_000, 100_000] {
        group.throughput(Throughput::Elements(length));
        group.bench_function(BenchmarkId::new("engine", length), |b| {
            b.iter(|| {
                let d = D::new();
                for place in 0..length {
                    d.add_callback(move |value| work(value, place));
                }
                d.callback(black_box(7)).expect("it is fired once");
                assert_eq!(value(&d), expected(7, length));
            });
        });
        group.bench_function(BenchmarkId::new("boxed-vector", length), |b| {
            b.iter(|| {
                let mut limit = BoxedVector::default();
                for place in 0..length {
                    limit.add(move |value| work(value, place));
                }
                assert_eq!(limit.fire(black_box(7)), expected(7, length));
            });
        });
    }
    group.finish();
}

/// W2: add callbacks to a Deferred that is fired.
fn add_to_fired(c: &mut Criterion) {
    const LENGTH: u64 = 1_000;
    let mut group = c.benchmark_group("chain/add-to-fired");
    group.throughput(Throughput::Elements(LENGTH));
    group.bench_function(BenchmarkId::new("engine", LENGTH), |b| {
        b.iter(|| {
            let d: D = deferral::succeed(black_box(7));
            for place in 0..LENGTH {
                d.add_callback(move |value| work(value, place));
            }
            assert_eq!(value(&d), expected(7, LENGTH));
        });
    });
    group.finish();
}

/// W3: Deferreds of which each waits for the next, fired at the innermost.
fn waiting(c: &mut Criterion) {
    let mut group = c.benchmark_group("chain/waiting");
    for length in [1_000, 100_000] {
        group.throughput(Throughput::Elements(length));
        group.bench_function(BenchmarkId::new("engine", length), |b| {
            b.iter(|| {
                let innermost = D::new();
                let mut outer = innermost.clone();
                for _ in 0..length {
                    let inner = std::mem::replace(&mut outer, D::new());
                    outer.add_callback(move |_| inner);
                    outer.callback(0).expect("it is fired once");
                }
                innermost.callback(black_box(7)).expect("it is fired once");
                assert_eq!(value(&outer), 7);
            });
        });
    }
    group.finish();
}

/// W4: create, add one callback, fire, drop.
fn one(c: &mut Criterion) {
    let mut group = c.benchmark_group("chain/one");
    group.bench_function(BenchmarkId::new("engine", 1), |b| {
        b.iter(|| {
            let d = D::new();
            d.add_callback(|value| work(value, 0));
            d.callback(black_box(7)).expect("it is fired once");
            assert_eq!(value(&d), expected(7, 1));
        });
    });
    group.finish();
}

/// W7: a failure past callbacks.
fn failure(c: &mut Criterion) {
    const LENGTH: u64 = 1_000;
    let mut group = c.benchmark_group("chain/failure");
    group.throughput(Throughput::Elements(LENGTH));
    group.bench_function(BenchmarkId::new("engine", LENGTH), |b| {
        b.iter(|| {
            let d = D::new();
            for place in 0..LENGTH {
                d.add_callback(move |value| work(value, place));
            }
            d.add_errback(|_| 3);
            d.errback(Failure::new(std::fmt::Error)).expect("it is fired once");
            assert_eq!(value(&d), 3);
        });
    });
    group.finish();
}

criterion_group!(chain, add_then_fire, add_to_fired, waiting, one, failure);
criterion_main!(chain);
