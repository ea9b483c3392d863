//! `DeferredQueue`: values for whoever asks, in order.

use crate::deferred::{Deferred, succeed};
use crate::error::{QueueOverflow, QueueUnderflow, Reason};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

/// Values in the order in which they were put, for whoever asks, in the order in which they ask. Clones are the
/// same queue.
///
/// ```
/// use deferral::{DeferredQueue, Failure};
///
/// let queue = DeferredQueue::<u32>::new().with_size(1);
/// let first = queue.get().unwrap();
/// queue.put(1).unwrap();
/// assert!(first.called());
/// queue.put(2).unwrap();
/// assert_eq!(queue.put(3).unwrap_err().value, 3);
/// ```
pub struct DeferredQueue<T, E = crate::Failure> {
    inner: Rc<RefCell<Inner<T, E>>>,
}

struct Inner<T, E> {
    size: Option<usize>,
    backlog: Option<usize>,
    pending: VecDeque<T>,
    waiting: VecDeque<(u64, Deferred<T, E>)>,
    asked: u64,
}

impl<T: 'static, E: Reason> DeferredQueue<T, E> {
    /// A queue without limits.
    #[must_use]
    pub fn new() -> Self {
        let (pending, waiting) = (VecDeque::new(), VecDeque::new());
        Self { inner: Rc::new(RefCell::new(Inner { size: None, backlog: None, pending, waiting, asked: 0 })) }
    }

    /// Holds at most so many values that nobody has asked for yet.
    #[must_use]
    pub fn with_size(self, size: usize) -> Self {
        self.inner.borrow_mut().size = Some(size);
        self
    }

    /// Lets at most so many wait for values.
    #[must_use]
    pub fn with_backlog(self, backlog: usize) -> Self {
        self.inner.borrow_mut().backlog = Some(backlog);
        self
    }

    /// How many values nobody has asked for yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.inner.borrow().pending.len()
    }

    /// How many wait for values.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inner.borrow().waiting.len()
    }

    /// Adds a value: whoever has waited longest has it at once, and runs before this returns.
    ///
    /// # Errors
    /// When nobody waits and there is no room; the value is in the error.
    pub fn put(&self, value: T) -> Result<(), QueueOverflow<T>> {
        let waiter = {
            let mut inner = self.inner.borrow_mut();
            let next = if fault!(F74) { inner.waiting.pop_back() } else { inner.waiting.pop_front() };
            match next {
                Some((_, waiter)) => waiter,
                None if inner.size.is_some_and(|size| inner.pending.len() >= size) => {
                    return Err(QueueOverflow { value });
                }
                None => {
                    inner.pending.push_back(value);
                    return Ok(());
                }
            }
        };
        // Fired by hand meanwhile, the value is lost, as in Twisted.
        let _ = waiter.callback(value);
        Ok(())
    }

    /// The next value, as soon as there is one. Cancelled before that, the Deferred loses its place.
    ///
    /// # Errors
    /// When as many wait already as may.
    pub fn get(&self) -> Result<Deferred<T, E>, QueueUnderflow> {
        let mut inner = self.inner.borrow_mut();
        if let Some(value) = inner.pending.pop_front() {
            drop(inner);
            return Ok(succeed(value));
        }
        if inner.backlog.is_some_and(|backlog| inner.waiting.len() >= backlog) {
            return Err(QueueUnderflow);
        }
        inner.asked += 1;
        let id = inner.asked;
        let queue = Rc::downgrade(&self.inner);
        let waiter = Deferred::with_canceller(move |_| {
            if let Some(queue) = queue.upgrade() {
                let place = queue.borrow().waiting.iter().position(|(other, _)| *other == id);
                let forgotten = place.and_then(|place| queue.borrow_mut().waiting.remove(place));
                drop(forgotten);
            }
        });
        inner.waiting.push_back((id, waiter.clone()));
        Ok(waiter)
    }
}

impl<T, E> Clone for DeferredQueue<T, E> {
    fn clone(&self) -> Self {
        Self { inner: Rc::clone(&self.inner) }
    }
}

impl<T: 'static, E: Reason> Default for DeferredQueue<T, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, E> fmt::Debug for DeferredQueue<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner.borrow();
        write!(f, "<DeferredQueue {} pending, {} waiting>", inner.pending.len(), inner.waiting.len())
    }
}
