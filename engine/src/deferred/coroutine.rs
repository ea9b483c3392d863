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

use super::cancel::Nested;
use super::node::{Canceller, Cancels, Entry, Hook, Node, Stage};
use super::reclaim::{Edge, Entered, Linked, Links, Reclaimable, Seen, suspect};
use super::{Deferred, cancel, run};
use crate::error::{AlreadyCalled, Cancelled, Panicked, Reason};
use crate::report::drop_caught;
use crate::returned::{IntoReturned, Returned};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

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

/// Goes on with the futures of this thread that were woken by something else than a Deferred, from this thread
/// or another; gives how many there were.
///
/// Without a runtime that tells when to call it, call it where the thread would wait otherwise.
pub fn run_woken() -> usize {
    let Ok(woken) = WOKEN.try_with(|woken| woken.queue.take()) else {
        return 0;
    };
    let mut count = 0;
    for id in woken {
        let task = WOKEN.try_with(|woken| woken.tasks.borrow().get(&id).and_then(Weak::upgrade));
        if let Ok(Some(task)) = task
            && task.woken()
        {
            count += 1;
            // A result that nobody can take any more is dropped.
            let _ = task.resume();
        }
    }
    count
}

/// Awaits the result of a Deferred: made by `.await`.
///
/// A Deferred that has its result, and isn't paused, gives a copy of it and keeps it; its failure counts as
/// handled. Of any other it takes the result when that comes, and leaves a null.
pub struct DeferredFuture<T, E = crate::Failure> {
    progress: Progress<T, E>,
}

enum Progress<T, E> {
    New(Deferred<T, E>),
    Waiting(Rc<Delivery<T, E>>, Source<T, E>),
    Done,
}

/// Where the result is to come from.
enum Source<T, E> {
    /// Polled in a task of ours, which holds the Deferred while it is the last one that it polled.
    Task(u64, Weak<Node<T, E>>),
    /// Polled elsewhere, it keeps the Deferred.
    Elsewhere { _kept: Deferred<T, E> },
}

/// What the entry in the awaited Deferred brings.
struct Delivery<T, E> {
    result: Cell<Option<Result<T, E>>>,
    /// None where it would wake the entry's own task, which is polled anyway.
    waker: Cell<Option<Waker>>,
    /// The task that the entry polls. It counts as the entry's: it goes when the entry or the future goes.
    task: RefCell<Option<Box<dyn Link>>>,
    /// The future was dropped, or the entry has run.
    over: Cell<bool>,
}

impl<T: Clone + Default + 'static, E: Reason + Clone> IntoFuture for Deferred<T, E> {
    type Output = Result<T, E>;
    type IntoFuture = DeferredFuture<T, E>;

    fn into_future(self) -> DeferredFuture<T, E> {
        DeferredFuture { progress: Progress::New(self) }
    }
}

impl<T, E> Unpin for DeferredFuture<T, E> {}

impl<T: Clone + Default + 'static, E: Reason + Clone> Future for DeferredFuture<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match std::mem::replace(&mut self.progress, Progress::Done) {
            Progress::New(deferred) => match ready(&deferred) {
                Some(result) => Poll::Ready(result),
                None => {
                    self.progress = wait(&deferred, context);
                    Poll::Pending
                }
            },
            Progress::Waiting(delivery, from) => match delivery.result.take() {
                Some(result) => Poll::Ready(result),
                None => {
                    let waker = again(&delivery, &from, context);
                    delivery.waker.set(waker);
                    self.progress = Progress::Waiting(delivery, from);
                    Poll::Pending
                }
            },
            Progress::Done => panic!("a future was polled after it was ready"),
        }
    }
}

impl<T, E> Drop for DeferredFuture<T, E> {
    fn drop(&mut self) {
        if let Progress::Waiting(delivery, _) = &self.progress {
            delivery.over.set(true);
            delivery.release();
        }
    }
}

impl<T, E> Delivery<T, E> {
    fn release(&self) {
        let task = self.task.borrow_mut().take();
        drop(task);
    }
}

/// The result that a Deferred can give at once.
fn ready<T: Clone, E: Clone>(deferred: &Deferred<T, E>) -> Option<Result<T, E>> {
    let mut core = deferred.node.core.borrow_mut();
    if !core.ready() {
        return None;
    }
    core.unhandled = false;
    match &core.stage {
        Stage::Fired(result) => Some(result.clone()),
        _ => None,
    }
}

fn wait<T: Clone + Default + 'static, E: Reason + Clone>(
    deferred: &Deferred<T, E>,
    context: &Context<'_>,
) -> Progress<T, E> {
    let task = current();
    let delivery = Rc::new(Delivery {
        result: Cell::new(None),
        waker: Cell::new(other_waker(task.as_deref(), context)),
        task: RefCell::new(None),
        over: Cell::new(false),
    });
    let from = match &task {
        Some(task) => {
            task.set_awaited(awaited(&deferred.node, &delivery));
            Source::Task(task.id(), Rc::downgrade(&deferred.node))
        }
        None => Source::Elsewhere { _kept: deferred.clone() },
    };
    delivery.task.replace(task.map(Resume::link));
    deferred.add(Entry::Hook(Box::new(Deliver { delivery: Rc::clone(&delivery) })));
    Progress::Waiting(delivery, from)
}

/// Waits on; gives the waker to keep.
fn again<T: 'static, E: Reason>(
    delivery: &Rc<Delivery<T, E>>,
    from: &Source<T, E>,
    context: &Context<'_>,
) -> Option<Waker> {
    if let Source::Task(id, node) = from
        && let Some(task) = current()
        && task.id() == *id
    {
        // The one that it polled last has come, and this one hasn't: it is awaited now.
        if let Some(node) = node.upgrade()
            && !task.awaits()
        {
            task.set_awaited(awaited(&node, delivery));
        }
        return other_waker(Some(&*task), context);
    }
    Some(context.waker().clone())
}

fn awaited<T: 'static, E: Reason>(node: &Rc<Node<T, E>>, delivery: &Rc<Delivery<T, E>>) -> Box<dyn Awaits> {
    Box::new(Awaited { node: Edge::to(node), delivery: Rc::clone(delivery) })
}

/// The waker, unless it is the task's own.
fn other_waker(task: Option<&dyn Resume>, context: &Context<'_>) -> Option<Waker> {
    let waker = context.waker();
    let own = task.is_some_and(|task| waker.will_wake(&task.waker()));
    (!own).then(|| waker.clone())
}

/// The entry in an awaited Deferred.
struct Deliver<T, E> {
    delivery: Rc<Delivery<T, E>>,
}

impl<T, E> Drop for Deliver<T, E> {
    fn drop(&mut self) {
        self.delivery.release();
    }
}

impl<T: Default + 'static, E: Reason> Hook<T, E> for Deliver<T, E> {
    fn call(self: Box<Self>, result: Result<T, E>) -> Returned<T, E> {
        if self.delivery.over.replace(true) {
            // Nobody awaits it any more: it goes on as it came.
            return result.into_returned();
        }
        self.delivery.result.set(Some(result));
        let waker = self.delivery.waker.take();
        let task = self.delivery.task.borrow_mut().take();
        let resumed = match &task {
            // The task is polled here and now. What stands between it and the future, a join or a select, may
            // have a waker of its own, which has to know.
            Some(task) => task.resume_now(waker.as_ref()),
            None => {
                if let Some(waker) = waker {
                    waker.wake();
                }
                Ok(())
            }
        };
        match resumed {
            Ok(()) => run::made(T::default).into_returned(),
            Err(error) => Returned::Error(error.into()),
        }
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        match &*self.delivery.task.borrow() {
            Some(task) => task.show(seen),
            None => ControlFlow::Continue(()),
        }
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

struct Awaited<T, E> {
    node: Edge<Node<T, E>>,
    delivery: Rc<Delivery<T, E>>,
}

impl<T: 'static, E: Reason> Awaits for Awaited<T, E> {
    fn cancel(&self) {
        let node = Rc::clone(self.node.node());
        cancel::cancel(&node);
    }

    fn pending(&self) -> bool {
        !self.delivery.over.get()
    }

    fn show(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        self.node.show(self.pending(), seen)
    }
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
            Some(awaited) => awaited.show(seen),
            None => ControlFlow::Continue(()),
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
    static WOKEN: Woken = Woken::default();
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

/// This thread's tasks, and those that were woken.
#[derive(Default)]
struct Woken {
    next: Cell<u64>,
    tasks: RefCell<HashMap<u64, Weak<dyn Resume>>>,
    roots: RefCell<HashMap<u64, Rc<dyn Resume>>>,
    queue: Arc<WakeQueue>,
}

/// The thread ends: nobody will go on with its futures.
impl Drop for Woken {
    fn drop(&mut self) {
        for (_, task) in self.roots.take() {
            task.unrooted();
        }
    }
}

/// The part that other threads reach.
#[derive(Default)]
struct WakeQueue {
    inner: Mutex<Wakes>,
}

#[derive(Default)]
struct Wakes {
    /// Tasks, in the order in which they were woken.
    ids: Vec<u64>,
    /// Who is to be told of the next wake.
    drivers: Vec<(u64, Waker)>,
}

impl WakeQueue {
    fn lock(&self) -> MutexGuard<'_, Wakes> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, id: u64) {
        let drivers = {
            let mut wakes = self.lock();
            wakes.ids.push(id);
            std::mem::take(&mut wakes.drivers)
        };
        for (_, driver) in drivers {
            driver.wake();
        }
    }

    fn take(&self) -> Vec<u64> {
        std::mem::take(&mut self.lock().ids)
    }
}

/// Someone who calls [`run_woken`] when there is something to do. Belongs to this thread.
#[cfg(feature = "tokio")]
#[derive(Debug)]
pub(crate) struct Driver {
    id: u64,
    _thread: std::marker::PhantomData<Rc<()>>,
}

#[cfg(feature = "tokio")]
impl Driver {
    pub(crate) fn new() -> Self {
        Self { id: WOKEN.try_with(Woken::next).unwrap_or(0), _thread: std::marker::PhantomData }
    }

    /// Has the next wake of a task wake the driver; says whether a task is queued already.
    pub(crate) fn register(&self, waker: &Waker) -> bool {
        let queued = WOKEN.try_with(|woken| {
            let waker = waker.clone();
            let mut wakes = woken.queue.lock();
            let before = wakes.drivers.iter().position(|(id, _)| *id == self.id);
            let before = before.map(|place| wakes.drivers.swap_remove(place));
            wakes.drivers.push((self.id, waker));
            let queued = !wakes.ids.is_empty();
            drop(wakes);
            drop(before);
            queued
        });
        queued.unwrap_or(false)
    }
}

#[cfg(feature = "tokio")]
impl Drop for Driver {
    fn drop(&mut self) {
        let _ = WOKEN.try_with(|woken| {
            let mut wakes = woken.queue.lock();
            let place = wakes.drivers.iter().position(|(id, _)| *id == self.id);
            let own = place.map(|place| wakes.drivers.swap_remove(place));
            drop(wakes);
            drop(own);
        });
    }
}

struct TaskWaker {
    id: u64,
    /// The task was woken, and not polled since.
    woken: AtomicBool,
    queue: Arc<WakeQueue>,
}

impl TaskWaker {
    /// Whether somebody may still wake the task, or has.
    fn wakeable(self: &Arc<Self>) -> bool {
        if Arc::strong_count(self) > 1 {
            return true;
        }
        // The last to drop a waker may have woken by it, on another thread: then this sees it.
        fence(Ordering::Acquire);
        self.woken.load(Ordering::Acquire)
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.queue.push(self.id);
        }
    }
}

impl Woken {
    fn next(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }

    fn register(task: Weak<dyn Resume>) -> Arc<TaskWaker> {
        WOKEN.with(|woken| {
            let id = woken.next();
            woken.tasks.borrow_mut().insert(id, task);
            Arc::new(TaskWaker { id, woken: AtomicBool::new(false), queue: Arc::clone(&woken.queue) })
        })
    }

    fn root(waker: &TaskWaker, task: Rc<dyn Resume>) {
        let _ = WOKEN.try_with(|woken| woken.roots.borrow_mut().insert(waker.id, task));
    }

    fn unroot(waker: &TaskWaker) {
        let root = WOKEN.try_with(|woken| woken.roots.borrow_mut().remove(&waker.id));
        drop(root);
    }

    fn forget(waker: &TaskWaker) {
        let _ = WOKEN.try_with(|woken| woken.tasks.borrow_mut().remove(&waker.id));
    }
}

impl<T, E> std::fmt::Debug for DeferredFuture<T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(DeferredFuture)")
    }
}
