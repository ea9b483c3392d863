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

use super::cancel::Nested;
use super::node::{Canceller, Cancels, Entry, Hook, Node};
use super::reclaim::{Edge, Entered, Linked, Links, Reclaimable, Seen, suspect};
use super::{Deferred, run};
use crate::error::{AlreadyCalled, Cancelled, Panicked, Reason};
use crate::report::drop_caught;
use crate::returned::Returned;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::{Rc, Weak};
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
        let task = Rc::new_cyclic(|own| Task {
            links: Links::default(),
            core: RefCell::new(Core { future: Some(Box::pin(future)), output: None, awaited: None }),
            running: Cell::new(false),
            again: Cell::new(false),
            rooted: Cell::new(false),
            waker: Woken::register(Weak::clone(own) as Weak<dyn Resume>),
        });
        let node = Node::new(Some(Canceller::Own(Rc::new(CancelTask(Edge::to(&task))))));
        let deferred = Self::handle(&node);
        task.core.borrow_mut().output = Some(Edge::to(&node));
        // Can't be refused: nobody else knows the Deferred yet.
        let _ = Rc::clone(&task).resume();
        deferred
    }
}

/// A future that runs, and the Deferred that it will fire.
struct Task<U, E> {
    links: Links,
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

/// A task of any type.
trait Resume {
    fn resume(self: Rc<Self>) -> Result<(), AlreadyCalled>;
    /// It isn't kept any more.
    fn unrooted(self: Rc<Self>);
    /// Whether it was woken since it was last polled.
    fn woken(&self) -> bool;
    fn id(&self) -> u64;
    fn waker(&self) -> Waker;
    /// Whether the Deferred that it awaits is still to come.
    fn awaits(&self) -> bool;
    fn set_awaited(&self, awaited: Box<dyn Awaits>);
    fn link(self: Rc<Self>) -> Box<dyn Link>;
}

/// What a task awaits, of any type.
trait Awaits {
    fn cancel(&self);
    /// Whether its entry is still to come.
    fn pending(&self) -> bool;
    fn show(&self, seen: &mut Seen<'_>) -> ControlFlow<()>;
}

/// What holds a task: an edge, of any type.
trait Link {
    fn resume_now(&self, waker: Option<&Waker>) -> Result<(), AlreadyCalled>;
    fn show(&self, seen: &mut Seen<'_>) -> ControlFlow<()>;
}

impl<U: Default + 'static, E: Reason> Link for Edge<Task<U, E>> {
    fn resume_now(&self, waker: Option<&Waker>) -> Result<(), AlreadyCalled> {
        let task = Rc::clone(self.node());
        if let Some(waker) = waker {
            waker.wake_by_ref();
        }
        task.resume()
    }

    fn show(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        // The task may await another Deferred by now, in a join or a select.
        Edge::show(self, false, seen)
    }
}

impl<U: Default + 'static, E: Reason> Resume for Task<U, E> {
    fn resume(self: Rc<Self>) -> Result<(), AlreadyCalled> {
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
                let _current = Current::set(Rc::clone(&self) as Rc<dyn Resume>);
                let _nested = Nested::enter();
                catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(&waker))))
            };
            drop(waker);
            self.running.set(false);
            match polled {
                Ok(Poll::Pending) => {
                    self.core.borrow_mut().future = Some(future);
                    if !self.again.get() {
                        self.root_if_wakeable();
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
        let fired = output.map_or(Ok(()), |output| run::fire(output.node(), ended));
        self.unroot();
        fired
    }

    fn unrooted(self: Rc<Self>) {
        if self.rooted.replace(false) && self.links.drop_handle() {
            suspect(&self);
        }
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
        drop(before);
    }

    fn link(self: Rc<Self>) -> Box<dyn Link> {
        Box::new(Edge::to(&self))
    }
}

impl<U: Default + 'static, E: Reason> Task<U, E> {
    /// Nobody holds what is woken by something else than a Deferred: it is kept until it was.
    fn root_if_wakeable(self: &Rc<Self>) {
        let before = match self.awaits() {
            true => None,
            false => self.core.borrow_mut().awaited.take(),
        };
        drop(before);
        if !self.waker.wakeable() {
            self.unroot();
        } else if !self.rooted.replace(true) {
            self.links.add_handle();
            Woken::root(&self.waker, Rc::clone(self) as Rc<dyn Resume>);
        }
    }

    fn unroot(self: &Rc<Self>) {
        if self.rooted.get() {
            Woken::unroot(&self.waker);
            Rc::clone(self).unrooted();
        }
    }
}

impl<U, E> Drop for Task<U, E> {
    fn drop(&mut self) {
        Woken::forget(&self.waker);
    }
}

impl<U: 'static, E: 'static> Linked for Task<U, E> {
    fn links(&self) -> &Links {
        &self.links
    }

    fn erase(self: Rc<Self>) -> Rc<dyn Reclaimable> {
        self
    }
}

impl<U: 'static, E: 'static> Reclaimable for Task<U, E> {
    fn links(&self) -> &Links {
        &self.links
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        let core = self.core.borrow();
        if let Some(output) = &core.output {
            let called = output.node().core.borrow().called();
            output.show(!called, seen)?;
        }
        match &core.awaited {
            Some(awaited) if !fault!(R11) => awaited.show(seen),
            _ => ControlFlow::Continue(()),
        }
    }

    fn die(&self) {
        self.links.dead.set(true);
        let (future, output, awaited) = {
            let mut core = self.core.borrow_mut();
            (core.future.take(), core.output.take(), core.awaited.take())
        };
        drop_caught(future);
        drop((output, awaited));
    }
}

/// The canceller of a task's output.
struct CancelTask<U: 'static, E: 'static>(Edge<Task<U, E>>);

impl<U: Default + 'static, E: Reason> Cancels<U, E> for CancelTask<U, E> {
    fn cancel(&self, node: &Rc<Node<U, E>>) {
        let first = Entry::Hook(Box::new(HandleCancel(Edge::to(self.0.node()))));
        node.core.borrow_mut().entries.push_front(first);
        // Can't be refused: it isn't called. The error is for the entry alone.
        let _ = run::fire(node, Err(Cancelled.into()));
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        let mutual = self.0.node().core.borrow().output.is_some();
        self.0.show(mutual, seen)
    }
}

/// The first entry of an output that was cancelled.
struct HandleCancel<U: 'static, E: 'static>(Edge<Task<U, E>>);

impl<U: Default + 'static, E: Reason> Hook<U, E> for HandleCancel<U, E> {
    fn call(self: Box<Self>, cancelled: Result<U, E>) -> Returned<U, E> {
        drop_caught(cancelled);
        let task = self.0.node();
        let node = Node::new(Some(Canceller::Own(Rc::new(CancelTask(Edge::to(task))))));
        let mut latest = Deferred::handle(&node);
        let before = task.core.borrow_mut().output.replace(Edge::to(&node));
        drop(before);
        // It is put back unless the task has gone on and awaits another by then, or no Deferred at all.
        let awaited = task.core.borrow_mut().awaited.take();
        if let Some(awaited) = awaited {
            let cancelled = catch_unwind(AssertUnwindSafe(|| awaited.cancel()));
            let mut core = task.core.borrow_mut();
            let gone_on = core.awaited.is_some() || core.future.is_some() && !awaited.pending();
            let stale = if gone_on { Some(awaited) } else { core.awaited.replace(awaited) };
            // Cancelled again on the way, the task has a newer output.
            if let Some(output) = &core.output {
                latest = Deferred::handle(output.node());
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
        self.0.show(false, seen)
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<dyn Resume>>> = const { RefCell::new(None) };
}

fn current() -> Option<Rc<dyn Resume>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// The task that is being polled, as long as it is.
struct Current(Option<Rc<dyn Resume>>);

impl Current {
    fn set(task: Rc<dyn Resume>) -> Self {
        Self(CURRENT.try_with(|current| current.replace(Some(task))).ok().flatten())
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        let before = self.0.take();
        let _ = CURRENT.try_with(|current| drop(current.replace(before)));
    }
}
