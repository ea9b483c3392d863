//! Coroutines: awaiting a Deferred, and running a future for one.
//!
//! ```text
//!   output ─canceller─►┐                  ┌──edge──► output (the one to fire)
//!                      ├──── Task ────────┤
//!   awaited ──entry───►┘     └ the future └──edge──► awaited (the last one)
//! ```
//!
//! A task goes on synchronously when a Deferred that it awaits fires: the entry that it left there polls it.
//! Other wakes, which may come from any thread, are queued until [`run_woken`].
//!
//! Cancelling does what Twisted does. The output counts as called from then on; its first entry puts a new
//! output into the task, cancels the awaited Deferred, and waits for the new output, which whatever the
//! coroutine makes of that will fire.

mod future;
mod wake;

use super::counted::{At, Edge, Hold};
use super::node::{Canceller, Cancels, Hook, Node};
use super::reclaim::{Entered, Nested, Reclaimable, Seen};
use super::{Deferred, run};
use crate::error::{AlreadyCalled, Cancelled, Panicked, Reason};
use crate::report::drop_caught;
use crate::returned::Returned;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use wake::{TaskWaker, Woken};

pub use future::DeferredFuture;
#[cfg(feature = "tokio")]
pub(crate) use wake::Driver;
pub use wake::run_woken;

impl<U: Default + 'static, E: Reason> Deferred<U, E> {
    /// Runs a future on this thread, and gives a Deferred that fires with what it comes to.
    ///
    /// It runs at once, up to the first `await` of something that isn't there yet, and goes on synchronously
    /// when a Deferred that it awaits fires. Woken by anything else, it goes on when this thread calls
    /// [`run_woken`]. A panic inside is its error.
    ///
    /// Cancelling the Deferred cancels the one that is awaited at that moment, and its failure comes out of the
    /// `await`: the future may catch it and go on, and be cancelled again. A future that awaits something
    /// else can't be told so: then the cancel has no effect.
    ///
    /// It is dropped when nobody can reach the Deferred any more, nor what it awaits, and nothing else is going
    /// to wake it.
    ///
    /// ```
    /// use deferral::{Cancelled, Deferred, Failure};
    ///
    /// let page: Deferred<String> = Deferred::new();
    /// let awaited = page.clone();
    /// let length: Deferred<usize> = Deferred::from_future(async move { Ok(awaited.await?.len()) });
    /// page.callback("hello".into()).unwrap();
    /// assert_eq!(length.with_result(|result| *result.unwrap().as_ref().unwrap()), 5);
    /// ```
    #[doc(alias = "fromCoroutine")]
    #[doc(alias = "ensureDeferred")]
    #[doc(alias = "inlineCallbacks")]
    pub fn from_future(future: impl Future<Output = Result<U, E>> + 'static) -> Self {
        let _entered = Entered::new();
        let task = Hold::new(|| Task {
            core: RefCell::new(Core { future: Some(Box::pin(future)), output: None, awaited: None }),
            running: Cell::new(false),
            again: Cell::new(false),
            rooted: Cell::new(false),
            waker: Woken::waker(),
        });
        Woken::register(&task.waker, task.at().weak().of_any());
        let deferred = output_of(task.at());
        // Can't be refused: nobody else knows the Deferred yet.
        let _ = resume(&task.of_any());
        deferred
    }
}

/// A future that runs, and the Deferred that it will fire.
struct Task<U, E> {
    core: RefCell<Core<U, E>>,
    /// It is being polled.
    running: Cell<bool>,
    /// It was to be polled while it was.
    again: Cell<bool>,
    /// Something else than a Deferred may wake it, and it is kept alive for that.
    rooted: Cell<bool>,
    waker: Arc<TaskWaker>,
}

type Running<U, E> = Pin<Box<dyn Future<Output = Result<U, E>>>>;

struct Core<U, E> {
    future: Option<Running<U, E>>,
    output: Option<Edge<Node<U, E>>>,
    awaited: Option<Box<dyn Awaits>>,
}

/// Gives a task a new Deferred to fire, which cancels it.
fn output_of<U: Default + 'static, E: Reason>(task: At<'_, Task<U, E>>) -> Deferred<U, E> {
    let canceller = Canceller::Own(Rc::new(CancelTask(task.edge())));
    let deferred = Deferred::made(Some(canceller));
    let before = task.core.borrow_mut().output.replace(deferred.node.at().edge());
    drop(before);
    deferred
}

/// A task of any type.
pub(super) trait Resume: Reclaimable {
    /// Goes on; given its own place.
    fn resume(&self, own: At<'_, dyn Resume>) -> Result<(), AlreadyCalled>;
    /// It isn't kept any more.
    fn unrooted(&self);
    /// Whether it was woken since it was last polled.
    fn woken(&self) -> bool;
    fn id(&self) -> u64;
    fn waker(&self) -> Waker;
    /// Whether the Deferred that it awaits is still to come.
    fn awaits(&self) -> bool;
    fn set_awaited(&self, awaited: Box<dyn Awaits>);
}

/// Has a task go on.
fn resume(task: &Hold<dyn Resume>) -> Result<(), AlreadyCalled> {
    task.resume(task.at())
}

/// What a task awaits, of any type.
pub(super) trait Awaits {
    fn cancel(&self);
    /// Whether its entry is still to come.
    fn pending(&self) -> bool;
    fn show(&self, seen: &mut Seen<'_>) -> ControlFlow<()>;
}

impl<U: Default + 'static, E: Reason> Resume for Task<U, E> {
    fn resume(&self, own: At<'_, dyn Resume>) -> Result<(), AlreadyCalled> {
        if self.running.get() {
            self.again.set(true);
            return Ok(());
        }
        let _entered = Entered::new();
        let ended = loop {
            let Some(mut future) = self.core.borrow_mut().future.take() else {
                return Ok(());
            };
            self.again.set(false);
            self.running.set(true);
            self.waker.woken.swap(false, Ordering::AcqRel);
            let waker = self.waker();
            let polled = {
                let _current = Current::set(own.hold());
                let _nested = Nested::new();
                catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(&waker))))
            };
            drop(waker);
            self.running.set(false);
            match polled {
                Ok(Poll::Pending) => {
                    self.core.borrow_mut().future = Some(future);
                    if !self.again.get() {
                        self.root_if_wakeable(own);
                        return Ok(());
                    }
                }
                Ok(Poll::Ready(result)) => {
                    drop_caught(future);
                    break result;
                }
                Err(panic) => {
                    drop_caught(future);
                    break Err(Panicked::new(panic).into());
                }
            }
        };
        // What it awaited last stays: a cancel that comes late still reaches it.
        let output = self.core.borrow_mut().output.take();
        let fired = output.map_or(Ok(()), |output| run::fire(output.at(), ended));
        self.unroot();
        fired
    }

    fn unrooted(&self) {
        self.rooted.set(false);
    }

    fn woken(&self) -> bool {
        self.waker.woken.load(Ordering::Acquire)
    }

    fn id(&self) -> u64 {
        self.waker.id
    }

    fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.waker))
    }

    fn awaits(&self) -> bool {
        self.core.borrow().awaited.as_ref().is_some_and(|awaited| awaited.pending())
    }

    fn set_awaited(&self, awaited: Box<dyn Awaits>) {
        let before = self.core.borrow_mut().awaited.replace(awaited);
        drop_caught(before);
    }
}

impl<U: Default + 'static, E: Reason> Task<U, E> {
    /// Nobody holds what is woken by something else than a Deferred: it is kept until it was.
    fn root_if_wakeable(&self, own: At<'_, dyn Resume>) {
        let before = match self.awaits() {
            true => None,
            false => self.core.borrow_mut().awaited.take(),
        };
        drop_caught(before);
        if !self.waker.wakeable() {
            self.unroot();
        } else if !self.rooted.replace(true) {
            Woken::root(&self.waker, own.handle());
        }
    }

    fn unroot(&self) {
        if self.rooted.replace(false) {
            Woken::unroot(&self.waker);
        }
    }
}

impl<U: 'static, E: 'static> Reclaimable for Task<U, E> {
    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        let core = self.core.borrow();
        if let Some(output) = &core.output {
            seen(output.at().erase(), !output.called())?;
        }
        match &core.awaited {
            Some(awaited) if !fault!(R11) => awaited.show(seen),
            _ => ControlFlow::Continue(()),
        }
    }

    fn die(&self) {
        Woken::forget(&self.waker);
        let (future, output, awaited) = {
            let mut core = self.core.borrow_mut();
            (core.future.take(), core.output.take(), core.awaited.take())
        };
        drop_caught(future);
        // What has come for the future, and wasn't taken, is the user's.
        drop_caught(awaited);
        drop(output);
    }
}

/// The canceller of a task's output.
struct CancelTask<U: 'static, E: 'static>(Edge<Task<U, E>>);

impl<U: Default + 'static, E: Reason> Cancels<U, E> for CancelTask<U, E> {
    fn cancel(&self, node: At<'_, Node<U, E>>) {
        node.made_rare().first.replace(Some(Box::new(HandleCancel(self.0.at().edge()))));
        // Can't be refused: it isn't called. The error is for the entry alone.
        let _ = run::fire(node, Err(Cancelled.into()));
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        let mutual = self.0.core.borrow().output.is_some();
        seen(self.0.at().erase(), mutual)
    }
}

/// The first entry of an output that was cancelled.
struct HandleCancel<U: 'static, E: 'static>(Edge<Task<U, E>>);

impl<U: Default + 'static, E: Reason> Hook<U, E> for HandleCancel<U, E> {
    fn call(self, cancelled: Result<U, E>) -> Returned<U, E> {
        match cancelled {
            // One that waited for the output while this was held back has taken the error, and left a null.
            Ok(null) => return Returned::Value(null),
            Err(error) => drop_caught(error),
        }
        let task = self.0.at();
        let mut latest = output_of(task);
        // It is put back unless the task has gone on and awaits another by then, or no Deferred at all.
        let awaited = task.core.borrow_mut().awaited.take();
        if let Some(awaited) = awaited {
            let cancelled = catch_unwind(AssertUnwindSafe(|| awaited.cancel()));
            let mut core = task.core.borrow_mut();
            let gone_on = core.awaited.is_some() || core.future.is_some() && !awaited.pending();
            let stale = if gone_on { Some(awaited) } else { core.awaited.replace(awaited) };
            // Cancelled again on the way, the task has a newer output.
            if let Some(output) = &core.output {
                latest = Deferred::of(output.at());
            }
            drop(core);
            drop(stale);
            if let Err(panic) = cancelled {
                return Returned::Error(Panicked::new(panic).into());
            }
        }
        Returned::wait(latest)
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        seen(self.0.at().erase(), false)
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Hold<dyn Resume>>> = const { RefCell::new(None) };
}

fn current() -> Option<Hold<dyn Resume>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// The task that is being polled, as long as it is.
struct Current(Option<Hold<dyn Resume>>);

impl Current {
    fn set(task: Hold<dyn Resume>) -> Self {
        Self(CURRENT.try_with(|current| current.replace(Some(task))).ok().flatten())
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        let before = self.0.take();
        let _ = CURRENT.try_with(|current| drop(current.replace(before)));
    }
}
