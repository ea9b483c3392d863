//! Deferreds among the tasks of a tokio runtime; needs the feature `tokio`.
//!
//! A Deferred belongs to one thread, so its place is a [`LocalSet`](::tokio::task::LocalSet): everything here
//! is called inside one. There
//!
//! - any task awaits a Deferred;
//! - a future that is run by [`Deferred::from_future`] may await whatever tokio has, once [`drive`] was
//!   spawned;
//! - [`from_join_handle`] and [`from_oneshot`] make Deferreds of what tokio has;
//! - [`TokioClock`] is the clock for [`Deferred::add_timeout`].
//!
//! ```
//! use deferral::Deferred;
//! use deferral::tokio::{TokioClock, drive, from_join_handle};
//! use std::time::Duration;
//! use tokio::task::{LocalSet, spawn_local};
//!
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! LocalSet::new().block_on(&runtime, async {
//!     spawn_local(drive());
//!     let work: Deferred<u32> = from_join_handle(tokio::spawn(async { 6 }));
//!     let answer: Deferred<u32> = Deferred::from_future(async move {
//!         tokio::time::sleep(Duration::from_millis(1)).await;
//!         Ok(work.await? * 7)
//!     });
//!     answer.add_timeout(Duration::from_secs(60), &TokioClock);
//!     assert_eq!(answer.await.unwrap(), 42);
//! });
//! ```
//!
//! A callback runs where its Deferred is fired: fire inside the LocalSet what leads to a callback, or a
//! future, that uses tokio.

use crate::deferred::Driver;
use crate::{Cancelled, Clock, Deferred, DelayedCall, Panicked, Reason, run_woken};
use ::tokio::sync::oneshot::Receiver;
use ::tokio::task::{AbortHandle, JoinError, JoinHandle, spawn_local};
use ::tokio::time::sleep;
use std::cell::{Cell, OnceCell};
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Goes on with this thread's futures that something else than a Deferred has woken, for ever: see
/// [`run_woken`].
///
/// Spawn it on the LocalSet, once. It never ends; whoever awaits the whole LocalSet aborts it before.
///
/// It sleeps while there is nothing to do, and lets the other tasks have their turn when there is much.
///
/// ```compile_fail,E0277
/// // It drives the futures of its own thread, and doesn't leave it.
/// tokio::spawn(deferral::tokio::drive());
/// ```
pub fn drive() -> Drive {
    Drive { driver: Driver::new() }
}

/// Made by [`drive`].
#[derive(Debug)]
#[must_use = "it drives nothing unless it is spawned"]
pub struct Drive {
    driver: Driver,
}

impl Future for Drive {
    type Output = Infallible;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Infallible> {
        run_woken();
        // What they have woken meanwhile waits for the next turn.
        if self.driver.register(context.waker()) {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// A Deferred that fires when a task ends: with what the task returned, with [`Panicked`] when it panicked,
/// with [`Cancelled`] when it was aborted.
///
/// Cancelling the Deferred aborts the task. Dropping it doesn't.
///
/// # Panics
/// Outside a LocalSet.
pub fn from_join_handle<T: 'static, E: Reason>(handle: JoinHandle<T>) -> Deferred<T, E> {
    let task = handle.abort_handle();
    fired_by(async { handle.await.map_err(join_error) }, move || task.abort())
}

fn join_error<E: Reason>(error: JoinError) -> E {
    match error.try_into_panic() {
        Ok(payload) => Panicked::new(payload).into(),
        Err(_) => Cancelled.into(),
    }
}

/// A Deferred that fires with the value that is sent through a channel, or with [`SenderDropped`].
///
/// Cancelling the Deferred closes the channel. Dropping it doesn't.
///
/// # Panics
/// Outside a LocalSet.
pub fn from_oneshot<T: 'static, E: Reason + From<SenderDropped>>(receiver: Receiver<T>) -> Deferred<T, E> {
    fired_by(async { receiver.await.map_err(|_| SenderDropped.into()) }, || {})
}

/// A channel's sender went away without sending a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderDropped;

impl fmt::Display for SenderDropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sender went away without sending a value")
    }
}

impl Error for SenderDropped {}

/// A Deferred that a task fires. Cancelling it stops the task, and whatever else is to be stopped.
fn fired_by<T: 'static, E: Reason>(
    result: impl Future<Output = Result<T, E>> + 'static,
    stop: impl Fn() + 'static,
) -> Deferred<T, E> {
    let task = Rc::new(OnceCell::<AbortHandle>::new());
    let own = Rc::clone(&task);
    let deferred = Deferred::with_canceller(move |_| {
        stop();
        if let Some(task) = own.get() {
            task.abort();
        }
    });
    let fires = deferred.clone();
    let spawned = spawn_local(async move {
        // Fired by hand meanwhile, it keeps the result that it has.
        let _ = match result.await {
            Ok(value) => fires.callback(value),
            Err(error) => fires.errback(error),
        };
    });
    let set = task.set(spawned.abort_handle());
    debug_assert!(set.is_ok(), "it is set once");
    deferred
}

/// Tokio's time. It calls inside the LocalSet in which it was asked to; calls that are due within the same
/// millisecond may come in any order.
///
/// A call that panics ends there, as a task does.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioClock;

impl Clock for TokioClock {
    /// # Panics
    /// Outside a LocalSet, and when the runtime's time isn't enabled.
    fn call_later(&self, after: Duration, call: Box<dyn FnOnce()>) -> DelayedCall {
        // The time counts from now on, not from the task's first turn.
        let due = sleep(after);
        let call = Rc::new(Cell::new(Some(call)));
        let own = Rc::clone(&call);
        let task = spawn_local(async move {
            due.await;
            if let Some(call) = own.take() {
                call();
            }
        });
        let task = task.abort_handle();
        DelayedCall::new(move || {
            task.abort();
            // At once: the task itself is dropped at its next turn.
            drop(call.take());
        })
    }
}
