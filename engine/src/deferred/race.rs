//! `race`: the first success of several Deferreds, and the others cancelled.
//!
//! Contestants and result share the course, which holds all of them: a contestant that succeeds late, after
//! the result was cancelled, still cancels the others.

use super::counted::{At, Edge, Hold};
use super::node::{Canceller, Cancels, Hook, Hooked, Node};
use super::reclaim::{Entered, Reclaimable, Seen};
use super::{Deferred, cancel, run};
use crate::error::{FailureGroup, Reason};
use crate::report::drop_caught;
use crate::returned::{IntoReturned, Returned};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::rc::Rc;

/// The first value among several Deferreds, with its index; the others are cancelled before it fires. Fails
/// with [`FailureGroup`] when all fail. Values and errors move out of the contestants, and leave nulls.
///
/// Cancelling the Deferred that it gives cancels every contestant. A canceller that panics ends the cancelling
/// of the others: on a success the panic becomes the winner's error and the race never fires, else it leaves
/// [`Deferred::cancel`].
///
/// ```
/// let (slow, fast) = (deferral::Deferred::<&str>::new(), deferral::Deferred::new());
/// let first = deferral::race([slow.clone(), fast.clone()]);
/// fast.callback("here").unwrap();
/// assert_eq!(first.with_result(|result| *result.unwrap().as_ref().unwrap()), (1, "here"));
/// slow.add_errback(|cancelled| cancelled.trap::<deferral::Cancelled>().map(|_| ""));
/// ```
pub fn race<T, E>(contestants: impl IntoIterator<Item = Deferred<T, E>>) -> Deferred<(usize, T), E>
where
    T: Default + 'static,
    E: Reason + From<FailureGroup<E>>,
{
    race_with(contestants, |index, value| (index, value))
}

/// As [`race`], with what a function makes of the winner's index and value.
pub fn race_with<T, U, E>(
    contestants: impl IntoIterator<Item = Deferred<T, E>>,
    function: impl FnOnce(usize, T) -> U + 'static,
) -> Deferred<U, E>
where
    T: Default + 'static,
    U: 'static,
    E: Reason + From<FailureGroup<E>>,
{
    let contestants: Vec<Deferred<T, E>> = contestants.into_iter().collect();
    // Contestants that have fired already may be the only ones that hold what is made here.
    let _entered = Entered::new();
    let course = Hold::new(|| Course {
        core: RefCell::new(Core {
            running: contestants.iter().map(|_| true).collect(),
            finished: Cell::new(0),
            contestants: contestants.iter().map(|contestant| contestant.node.at().edge()).collect(),
            result: None,
            won: false,
            failures: Vec::new(),
            function: Some(Box::new(function)),
        }),
    });
    let canceller = Canceller::Own(Rc::new(CancelAll(course.at().edge())));
    let deferred = Deferred::made(Some(canceller));
    course.core.borrow_mut().result = Some(deferred.node.at().edge());
    for (index, contestant) in contestants.iter().enumerate() {
        let course = course.at().edge();
        contestant.add(Hooked(Contestant { course, index }));
    }
    deferred
}

/// What contestants and result of a race share.
struct Course<T, U, E> {
    core: RefCell<Core<T, U, E>>,
}

struct Core<T, U, E> {
    contestants: Vec<Edge<Node<T, E>>>,
    /// Whether each contestant's entry is still to come.
    running: Vec<bool>,
    /// So many contestants, from the first, aren't running any more; there may be more of them.
    finished: Cell<usize>,
    /// `None` until the race has begun, and when it was reclaimed.
    result: Option<Edge<Node<U, E>>>,
    won: bool,
    failures: Vec<(usize, E)>,
    function: Option<Box<dyn FnOnce(usize, T) -> U>>,
}

impl<T: Default + 'static, U: 'static, E: Reason + From<FailureGroup<E>>> Course<T, U, E> {
    /// Cancels the contestants, all but one.
    fn cancel(&self, but: Option<usize>) {
        let losers: Vec<Hold<Node<T, E>>> = {
            let core = self.core.borrow();
            let winner = but.map(|index| &core.contestants[index]);
            let loses = |node: &&Edge<Node<T, E>>| winner.is_none_or(|winner| !winner.ptr_eq(node));
            core.contestants.iter().filter(loses).map(|node| node.at().hold()).collect()
        };
        for loser in losers {
            cancel::cancel(loser.at());
        }
    }

    /// What the race comes to now that a contestant has fired, if that decides it.
    fn decide(&self, index: usize, result: Result<T, E>) -> Option<Returned<U, E>> {
        let value = {
            let mut core = self.core.borrow_mut();
            core.running[index] = false;
            match result {
                Ok(value) if !core.won => {
                    core.won = true;
                    value
                }
                Ok(late) => {
                    drop(core);
                    drop_caught(late);
                    return None;
                }
                Err(error) => {
                    core.failures.push((index, error));
                    if core.failures.len() < core.contestants.len() {
                        return None;
                    }
                    let mut failures = std::mem::take(&mut core.failures);
                    drop(core);
                    if !fault!(F68) {
                        failures.sort_by_key(|(index, _)| *index);
                    }
                    let failures = failures.into_iter().map(|(_, error)| error).collect();
                    return Some(Returned::Error(FailureGroup { failures }.into()));
                }
            }
        };
        if !fault!(F67) {
            self.cancel(Some(index));
        }
        let function = self.core.borrow_mut().function.take()?;
        Some(run::caught(|| Returned::Value(function(index, value))))
    }
}

struct Contestant<T: 'static, U: 'static, E: 'static> {
    course: Edge<Course<T, U, E>>,
    index: usize,
}

impl<T: Default + 'static, U: 'static, E: Reason + From<FailureGroup<E>>> Hook<T, E> for Contestant<T, U, E> {
    fn call(self, result: Result<T, E>) -> Returned<T, E> {
        let course = &*self.course;
        if let Some(returned) = course.decide(self.index, result) {
            let result = course.core.borrow().result.as_ref().map(|result| result.at().hold());
            if let Some(Err(error)) = result.map(|result| run::resolve(result.at(), returned)) {
                return Returned::Error(error.into());
            }
            if fault!(F67) {
                course.cancel(Some(self.index));
            }
        }
        run::made(T::default).into_returned()
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        seen(self.course.at().erase(), true)
    }
}

struct CancelAll<T: 'static, U: 'static, E: 'static>(Edge<Course<T, U, E>>);

impl<T: Default + 'static, U: 'static, E: Reason + From<FailureGroup<E>>> Cancels<U, E>
    for CancelAll<T, U, E>
{
    fn cancel(&self, _: At<'_, Node<U, E>>) {
        self.0.cancel(None);
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        seen(self.0.at().erase(), true)
    }
}

impl<T: 'static, U: 'static, E: 'static> Reclaimable for Course<T, U, E> {
    /// Looks at one that is still running: behind those that aren't any more it would be found too late.
    fn leads_to_handle(&self) -> bool {
        let core = self.core.borrow();
        let mut left = core.contestants.iter().zip(&core.running).enumerate().skip(core.finished.get());
        let Some((index, (contestant, _))) = left.find(|(_, (_, running))| **running) else {
            return false;
        };
        core.finished.set(index);
        contestant.at().links().handles() > 0
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        let core = self.core.borrow();
        if let Some(result) = &core.result {
            // Fired, it has released its canceller.
            let called = result.called();
            seen(result.at().erase(), !called)?;
        }
        for (contestant, running) in core.contestants.iter().zip(&core.running) {
            seen(contestant.at().erase(), *running)?;
        }
        ControlFlow::Continue(())
    }

    fn die(&self) {
        let (contestants, result, failures, function) = {
            let mut core = self.core.borrow_mut();
            let contestants = std::mem::take(&mut core.contestants);
            (contestants, core.result.take(), std::mem::take(&mut core.failures), core.function.take())
        };
        drop((contestants, result));
        drop_caught(failures);
        drop_caught(function);
    }
}
