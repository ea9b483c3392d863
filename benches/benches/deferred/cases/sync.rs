//! Lock, semaphore and queue: with something to have, and with waiters for it.

use super::LENGTH;
use crate::case::{Case, whole};
use deferral::{Deferred, DeferredLock, DeferredQueue, DeferredSemaphore};
use futures::FutureExt;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// How many may hold the semaphore at a time.
const TOKENS: usize = 4;

/// An element is one acquire and its release, or one value that goes through the queue.
pub(super) fn cases() -> Vec<Case> {
    let case = |name| Case::new("sync", name, LENGTH);
    vec![
        case("lock").with("engine", whole(lock)).with("tokio", whole(tokio_lock)),
        case("lock-waiting").with("engine", whole(lock_waiting)).with("tokio", whole(tokio_lock_waiting)),
        case("semaphore").with("engine", whole(semaphore)).with("tokio", whole(tokio_semaphore)),
        case("semaphore-waiting").with("engine", whole(semaphore_waiting)),
        case("queue").with("engine", whole(queue)).with("tokio", whole(tokio_queue)),
        case("queue-waiting").with("engine", whole(queue_waiting)),
    ]
}

fn value(deferred: &Deferred<u64>) -> u64 {
    deferred.with_result(|result| *result.expect("it is fired").as_ref().expect("it has a value"))
}

fn lock() {
    let lock = DeferredLock::new();
    for _ in 0..LENGTH {
        let acquired: Deferred<DeferredLock> = lock.acquire();
        assert!(acquired.called());
        lock.release().expect("it is held");
    }
    assert!(!black_box(lock).locked());
}

/// All acquire the lock before any releases it.
fn lock_waiting() {
    let lock = DeferredLock::new();
    let acquired: Vec<Deferred<DeferredLock>> = (0..LENGTH).map(|_| lock.acquire()).collect();
    for waiting in &acquired {
        assert!(waiting.called());
        lock.release().expect("it is held");
    }
    assert!(!lock.locked());
}

fn semaphore() {
    let semaphore = DeferredSemaphore::new(NonZeroUsize::new(TOKENS).expect("it isn't 0"));
    for _ in 0..LENGTH {
        let acquired: Deferred<DeferredSemaphore> = semaphore.acquire();
        assert!(acquired.called());
        semaphore.release().expect("it is held");
    }
    assert_eq!(black_box(semaphore).tokens(), TOKENS);
}

/// All acquire the semaphore before any releases it.
fn semaphore_waiting() {
    let semaphore = DeferredSemaphore::new(NonZeroUsize::new(TOKENS).expect("it isn't 0"));
    let acquired: Vec<Deferred<DeferredSemaphore>> = (0..LENGTH).map(|_| semaphore.acquire()).collect();
    for waiting in &acquired {
        assert!(waiting.called());
        semaphore.release().expect("it is held");
    }
    assert_eq!(semaphore.tokens(), TOKENS);
}

/// Each value is put, then asked for.
fn queue() {
    let queue: DeferredQueue<u64> = DeferredQueue::new();
    for number in 0..LENGTH {
        queue.put(black_box(number)).expect("there is room");
        assert_eq!(value(&queue.get().expect("any number may wait")), number);
    }
}

/// All values are asked for before any is put.
fn queue_waiting() {
    let queue: DeferredQueue<u64> = DeferredQueue::new();
    let got: Vec<Deferred<u64>> = (0..LENGTH).map(|_| queue.get().expect("any number may wait")).collect();
    for (got, number) in got.iter().zip(0..) {
        queue.put(black_box(number)).expect("there is room");
        assert_eq!(value(got), number);
    }
}

fn tokio_lock() {
    let lock = tokio::sync::Mutex::new(());
    for _ in 0..LENGTH {
        drop(lock.lock().now_or_never().expect("it is free"));
    }
    assert!(black_box(lock).try_lock().is_ok());
}

fn tokio_lock_waiting() {
    let lock = Arc::new(tokio::sync::Mutex::new(()));
    let mut acquired: Vec<_> = (0..LENGTH).map(|_| Arc::clone(&lock).lock_owned().boxed_local()).collect();
    let mut first = acquired[0].as_mut().now_or_never();
    assert!(acquired[1..].iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
    for waiting in &mut acquired[1..] {
        drop(first);
        first = waiting.as_mut().now_or_never();
        assert!(first.is_some());
    }
    drop(first);
    assert!(lock.try_lock().is_ok());
}

fn tokio_semaphore() {
    let semaphore = tokio::sync::Semaphore::new(TOKENS);
    for _ in 0..LENGTH {
        drop(semaphore.acquire().now_or_never().expect("there is a permit"));
    }
    assert_eq!(black_box(semaphore).available_permits(), TOKENS);
}

fn tokio_queue() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..LENGTH {
        sender.send(black_box(number)).expect("the receiver is there");
        assert_eq!(receiver.recv().now_or_never(), Some(Some(number)));
    }
}
