//! `naive`: Twisted's `Deferred` written down in Rust as it stands, a reference-counted cell with a queue of two
//! boxes a callback. It is what an engine is worth being faster than.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::rc::Rc;

/// What an errback gets.
pub type Failure = Box<dyn Error>;

/// What a callback or an errback gives.
pub enum Outcome<T> {
    /// A value, for the next callback.
    Value(T),
    /// A failure, for the next errback.
    Failure(Failure),
    /// Another Deferred, to wait for.
    Wait(Naive<T>),
}

/// A handle of a Deferred.
pub struct Naive<T>(Rc<RefCell<Core<T>>>);

struct Core<T> {
    called: bool,
    running: bool,
    suppress_already_called: bool,
    /// How many reasons there are to hold back the callbacks: waiting is one.
    paused: u32,
    /// None before it is fired, while it waits, and while a callback has it.
    result: Option<Result<T, Failure>>,
    callbacks: VecDeque<Entry<T>>,
    chained_to: Option<Naive<T>>,
}

enum Entry<T> {
    Pair(Box<dyn FnOnce(T) -> Outcome<T>>, Box<dyn FnOnce(Failure) -> Outcome<T>>),
    /// Who waits for this one.
    Continue(Naive<T>),
}

/// It was fired before.
#[derive(Debug)]
pub struct AlreadyCalled;

/// What a cancelled Deferred fails with.
#[derive(Debug)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")
    }
}

impl Error for Cancelled {}

impl<T: Default + 'static> Naive<T> {
    /// An unfired Deferred.
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::new(RefCell::new(Core {
            called: false,
            running: false,
            suppress_already_called: false,
            paused: 0,
            result: None,
            callbacks: VecDeque::new(),
            chained_to: None,
        })))
    }

    /// Adds a callback and an errback, of which one is called.
    pub fn add_callbacks(
        &self,
        callback: impl FnOnce(T) -> Outcome<T> + 'static,
        errback: impl FnOnce(Failure) -> Outcome<T> + 'static,
    ) {
        let called = {
            let mut core = self.0.borrow_mut();
            core.callbacks.push_back(Entry::Pair(Box::new(callback), Box::new(errback)));
            core.called
        };
        if called {
            self.run_callbacks();
        }
    }

    /// Adds a callback.
    pub fn add_callback(&self, callback: impl FnOnce(T) -> Outcome<T> + 'static) {
        self.add_callbacks(callback, Outcome::Failure);
    }

    /// Adds an errback.
    pub fn add_errback(&self, errback: impl FnOnce(Failure) -> Outcome<T> + 'static) {
        self.add_callbacks(Outcome::Value, errback);
    }

    /// Fires it.
    ///
    /// # Errors
    /// When it was fired before.
    pub fn fire(&self, result: Result<T, Failure>) -> Result<(), AlreadyCalled> {
        {
            let mut core = self.0.borrow_mut();
            if core.called {
                let suppressed = std::mem::take(&mut core.suppress_already_called);
                return if suppressed { Ok(()) } else { Err(AlreadyCalled) };
            }
            core.called = true;
            core.result = Some(result);
        }
        self.run_callbacks();
        Ok(())
    }

    /// Makes it fail with [`Cancelled`]; or the one that it waits for.
    pub fn cancel(&self) {
        let mut deferred = self.clone();
        loop {
            let (called, inner) = {
                let mut core = deferred.0.borrow_mut();
                core.suppress_already_called |= !core.called;
                (core.called, core.chained_to.clone())
            };
            if !called {
                // Can't be refused.
                let _ = deferred.fire(Err(Box::new(Cancelled)));
            }
            match inner {
                Some(inner) => deferred = inner,
                None => return,
            }
        }
    }

    /// Looks at the result, where it has one.
    pub fn with_result<R>(&self, look: impl FnOnce(Option<&Result<T, Failure>>) -> R) -> R {
        look(self.0.borrow().result.as_ref())
    }

    fn run_callbacks(&self) {
        if self.0.borrow().running {
            return;
        }
        let mut chain = vec![self.clone()];
        while let Some(current) = chain.last().cloned() {
            {
                let mut core = current.0.borrow_mut();
                if core.paused > 0 {
                    return;
                }
                core.chained_to = None;
            }
            match current.run_until_it_waits() {
                Some(waiter) => chain.push(waiter),
                None => drop(chain.pop()),
            }
        }
    }

    /// Gives who waited for the result, and has it now.
    fn run_until_it_waits(&self) -> Option<Self> {
        loop {
            let (entry, result) = {
                let mut core = self.0.borrow_mut();
                let entry = core.callbacks.pop_front()?;
                core.running = true;
                (entry, core.result.take().expect("it has a result while it runs"))
            };
            let outcome = match (entry, result) {
                (Entry::Pair(callback, _), Ok(value)) => callback(value),
                (Entry::Pair(_, errback), Err(failure)) => errback(failure),
                (Entry::Continue(waiter), result) => {
                    let mut core = self.0.borrow_mut();
                    core.running = false;
                    core.result = Some(Ok(T::default()));
                    let mut waiting = waiter.0.borrow_mut();
                    waiting.result = Some(result);
                    waiting.paused -= 1;
                    drop(waiting);
                    return Some(waiter);
                }
            };
            let mut core = self.0.borrow_mut();
            core.running = false;
            match outcome {
                Outcome::Value(value) => core.result = Some(Ok(value)),
                Outcome::Failure(failure) => core.result = Some(Err(failure)),
                Outcome::Wait(inner) => {
                    let mut other = inner.0.borrow_mut();
                    if other.result.is_some() && other.paused == 0 {
                        core.result = other.result.replace(Ok(T::default()));
                    } else {
                        other.callbacks.push_back(Entry::Continue(self.clone()));
                        drop(other);
                        core.paused += 1;
                        core.chained_to = Some(inner);
                        return None;
                    }
                }
            }
        }
    }
}

impl<T: Clone + Default + 'static> Naive<T> {
    /// The values of several Deferreds, in order; or the first failure among them, which is consumed.
    #[must_use]
    pub fn gather(members: &[Self]) -> Naive<Vec<T>> {
        let all = Naive::new();
        let values = Rc::new(RefCell::new((0, vec![T::default(); members.len()])));
        for (index, member) in members.iter().enumerate() {
            let (values, fires, fails) = (Rc::clone(&values), all.clone(), all.clone());
            let count = members.len();
            let arrived = move |value: T| {
                let mut values = values.borrow_mut();
                values.0 += 1;
                values.1[index] = value.clone();
                if values.0 == count {
                    let all = std::mem::take(&mut values.1);
                    drop(values);
                    let _ = fires.fire(Ok(all));
                }
                Outcome::Value(value)
            };
            member.add_callbacks(arrived, move |failure| {
                let _ = fails.fire(Err(failure));
                Outcome::Value(T::default())
            });
        }
        all
    }
}

impl<T> Clone for Naive<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T: Default + 'static> Default for Naive<T> {
    fn default() -> Self {
        Self::new()
    }
}
