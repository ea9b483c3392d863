//! `tokio`: tasks and oneshot channels on a current-thread runtime. A callback is a task that awaits the one
//! before; waiting is a task that awaits another; cancelling is aborting.

use super::{Chain, Waits};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, LocalSet};

thread_local! {
    /// Leaked: tokio has thread-locals of its own, which may go first.
    static RUNTIME: &'static (Runtime, LocalSet) = {
        let runtime = Builder::new_current_thread().build().expect("a runtime without drivers can be made");
        Box::leak(Box::new((runtime, LocalSet::new())))
    };
}

/// Spawns a task on this thread's runtime.
pub(crate) fn spawn<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    Task(RUNTIME.with(|(_, tasks)| tasks.spawn_local(future)))
}

/// Runs this thread's tasks until a future is ready.
pub(crate) fn finish<F: Future>(future: F) -> F::Output {
    RUNTIME.with(|(runtime, tasks)| tasks.block_on(runtime, future))
}

pub(crate) use tokio::task::yield_now;

/// A task that is aborted when nobody awaits it any more.
pub(crate) struct Task<T>(JoinHandle<T>);

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|joined| joined.expect("it isn't aborted while it is awaited"))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A chain of tasks.
pub(crate) struct Tasks {
    source: Option<oneshot::Sender<u64>>,
    last: Option<Task<u64>>,
    value: Option<u64>,
}

impl Chain<u64> for Tasks {
    fn new() -> Self {
        let (source, innermost) = Task::innermost();
        Self { source: Some(source), last: Some(innermost), value: None }
    }

    fn add(&mut self, callback: impl FnOnce(u64) -> u64 + 'static) {
        let before = self.last.take().expect("it isn't fired");
        self.last = Some(spawn(async move { callback(before.await) }));
    }

    fn fire(&mut self, value: u64) {
        let source = self.source.take().expect("it is fired once");
        source.send(value).expect("the first task is there");
        self.value = self.last.take().map(finish);
    }

    fn look<R>(&mut self, look: impl FnOnce(&u64) -> R) -> R {
        look(self.value.as_ref().expect("it is fired"))
    }
}

impl Waits for Task<u64> {
    type Source = oneshot::Sender<u64>;

    fn innermost() -> (Self::Source, Self) {
        let (source, arrives) = oneshot::channel();
        (source, spawn(async { arrives.await.expect("it is fired") }))
    }

    fn waiting_for(inner: Self) -> Self {
        spawn(inner)
    }

    fn fire(source: Self::Source, mut outermost: Self, value: u64) -> (u64, Self) {
        source.send(value).expect("the innermost is there");
        (finish(&mut outermost), outermost)
    }

    fn cancel(mut source: Self::Source, outermost: Self) {
        drop(outermost);
        finish(source.closed());
    }
}
