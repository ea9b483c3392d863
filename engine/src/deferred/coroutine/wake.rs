//! Wakes that don't come from a Deferred: queued, from any thread, until the thread of the task asks for them.

use super::{Resume, resume};
use crate::deferred::counted::{Handle, Weak};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

thread_local! {
    static WOKEN: Woken = Woken::default();
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
            let _ = resume(&task);
        }
    }
    count
}

/// This thread's tasks, and those that were woken.
#[derive(Default)]
pub(super) struct Woken {
    next: Cell<u64>,
    tasks: RefCell<HashMap<u64, Weak<dyn Resume>>>,
    roots: RefCell<HashMap<u64, Handle<dyn Resume>>>,
    queue: Arc<WakeQueue>,
}

/// The thread ends: nobody will go on with its futures.
impl Drop for Woken {
    fn drop(&mut self) {
        for (_, task) in self.roots.take() {
            task.unrooted();
            drop(task);
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
    _thread: std::marker::PhantomData<*const ()>,
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

pub(super) struct TaskWaker {
    pub(super) id: u64,
    /// The task was woken, and not polled since.
    pub(super) woken: AtomicBool,
    queue: Arc<WakeQueue>,
}

impl TaskWaker {
    /// Whether somebody may still wake the task, or has.
    pub(super) fn wakeable(self: &Arc<Self>) -> bool {
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

    /// What a new task of this thread is woken by.
    pub(super) fn waker() -> Arc<TaskWaker> {
        WOKEN.with(|woken| {
            let queue = Arc::clone(&woken.queue);
            Arc::new(TaskWaker { id: woken.next(), woken: AtomicBool::new(false), queue })
        })
    }

    pub(super) fn register(waker: &TaskWaker, task: Weak<dyn Resume>) {
        let _ = WOKEN.try_with(|woken| woken.tasks.borrow_mut().insert(waker.id, task));
    }

    pub(super) fn root(waker: &TaskWaker, task: Handle<dyn Resume>) {
        let _ = WOKEN.try_with(|woken| woken.roots.borrow_mut().insert(waker.id, task));
    }

    pub(super) fn unroot(waker: &TaskWaker) {
        let root = WOKEN.try_with(|woken| woken.roots.borrow_mut().remove(&waker.id));
        drop(root);
    }

    pub(super) fn forget(waker: &TaskWaker) {
        let task = WOKEN.try_with(|woken| woken.tasks.borrow_mut().remove(&waker.id));
        drop(task);
    }
}

#[cfg(test)]
mod tests {
    use super::WOKEN;
    use crate::{Deferred, Failure};

    #[test]
    fn a_task_that_is_gone_is_forgotten() {
        let waits: Deferred<u32> = Deferred::from_future(std::future::pending::<Result<u32, Failure>>());
        let tasks = || WOKEN.with(|woken| woken.tasks.borrow().len());
        assert_eq!(tasks(), 1);
        drop(waits);
        assert_eq!(tasks(), 0);
    }
}
