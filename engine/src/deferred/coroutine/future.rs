//! Awaiting a Deferred: the future, and the entry that it leaves in the Deferred.

use super::{Awaits, Resume, current, resume};
use crate::deferred::counted::{At, Edge, Hold, Weak};
use crate::deferred::node::{Hook, Hooked, Node, UNHANDLED};
use crate::deferred::reclaim::Seen;
use crate::deferred::{Deferred, cancel, run};
use crate::error::Reason;
use crate::returned::{IntoReturned, Returned};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

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
    task: RefCell<Option<Edge<dyn Resume>>>,
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
fn ready<T: Clone + 'static, E: Reason + Clone>(deferred: &Deferred<T, E>) -> Option<Result<T, E>> {
    if !deferred.node.ready() {
        return None;
    }
    deferred.node.set(UNHANDLED, deferred.node.is(UNHANDLED) && fault!(R18));
    run::look(deferred.node.at(), |result| Some(result?.clone()))
}

fn wait<T: Clone + Default + 'static, E: Reason + Clone>(
    deferred: &Deferred<T, E>,
    context: &Context<'_>,
) -> Progress<T, E> {
    let task = current();
    let delivery = Rc::new(Delivery {
        result: Cell::new(None),
        waker: Cell::new(other_waker(task.as_ref(), context)),
        task: RefCell::new(None),
        over: Cell::new(false),
    });
    let from = match &task {
        Some(task) => {
            task.set_awaited(awaited(deferred.node.at(), &delivery));
            Source::Task(task.id(), deferred.node.at().weak())
        }
        None => Source::Elsewhere { _kept: deferred.clone() },
    };
    delivery.task.replace(task.map(|task| task.at().edge()));
    deferred.add(Hooked(Deliver { delivery: Rc::clone(&delivery) }));
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
            task.set_awaited(awaited(node.at(), delivery));
        }
        return other_waker(Some(&task), context);
    }
    Some(context.waker().clone())
}

fn awaited<T: 'static, E: Reason>(
    node: At<'_, Node<T, E>>,
    delivery: &Rc<Delivery<T, E>>,
) -> Box<dyn Awaits> {
    Box::new(Awaited { node: node.edge(), delivery: Rc::clone(delivery) })
}

/// The waker, unless it is the task's own.
fn other_waker(task: Option<&Hold<dyn Resume>>, context: &Context<'_>) -> Option<Waker> {
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

impl<T: Clone + Default + 'static, E: Reason + Clone> Hook<T, E> for Deliver<T, E> {
    fn call(self, result: Result<T, E>) -> Returned<T, E> {
        if self.delivery.over.replace(true) {
            // Nobody awaits it any more: it goes on as it came.
            return result.into_returned();
        }
        let kept = if fault!(F85) { Some(result.clone()) } else { None };
        self.delivery.result.set(Some(result));
        let waker = self.delivery.waker.take();
        let task = self.delivery.task.borrow_mut().take();
        let resumed = match &task {
            // The task is polled here and now. What stands between it and the future, a join or a select, may
            // have a waker of its own, which has to know.
            Some(task) => {
                if let Some(waker) = waker {
                    waker.wake();
                }
                resume(&task.at().hold())
            }
            None => {
                if let Some(waker) = waker {
                    waker.wake();
                }
                Ok(())
            }
        };
        match resumed {
            Ok(()) => kept.unwrap_or_else(|| run::made(T::default)).into_returned(),
            Err(error) => Returned::Error(error.into()),
        }
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        match &*self.delivery.task.borrow() {
            // The task may await another Deferred by now, in a join or a select.
            Some(task) => seen(task.at().erase(), false),
            None => ControlFlow::Continue(()),
        }
    }
}

/// A Deferred that a task awaits.
struct Awaited<T, E> {
    node: Edge<Node<T, E>>,
    delivery: Rc<Delivery<T, E>>,
}

impl<T: 'static, E: Reason> Awaits for Awaited<T, E> {
    fn cancel(&self) {
        let node = self.node.at().hold();
        if !fault!(F80) {
            cancel::cancel(node.at());
        }
    }

    fn pending(&self) -> bool {
        !self.delivery.over.get()
    }

    fn show(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        seen(self.node.at().erase(), self.pending())
    }
}

impl<T, E> fmt::Debug for DeferredFuture<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(DeferredFuture)")
    }
}
