//! `DeferredList` and `gather_results`: one Deferred for the results of many.
//!
//! ```text
//!   member ──entry──►┐                       ┌──edge──► members
//!   member ──entry──►├── Gathering ──────────┤
//!   output ─canceller┘                       └──edge──► output
//! ```
//!
//! Once the output is fired, the gathering lets go of members and output: nothing can come of them any more.

use super::counted::{At, Edge, Hold};
use super::node::{Canceller, Cancels, Hook, Hooked, LIST, Node};
use super::reclaim::{Entered, Reclaimable, Seen};
use super::{Deferred, cancel, run};
use crate::error::{FirstError, Panicked, Reason};
use crate::report::{Report, drop_caught, report};
use crate::returned::{IntoReturned, MakeNull, Returned};
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// Collects the results of several Deferreds in one.
///
/// By itself it waits for all of them and fires with a list of their results; it never fails. Flags make it
/// fire earlier, or have it take its members' errors for itself. The members keep their results, as the list
/// has copies: `T: Clone`, `E: Clone`. The list takes its place in the members' chains when it is asked for its
/// Deferred, not before: callbacks added to a member until then change what the list sees, later ones don't.
///
/// Cancelling the Deferred that it gives cancels every member. The list itself then fires when they do. A
/// canceller that panics on the way is reported, and the others are cancelled all the same. Once the list was
/// fired, cancelling it does nothing, not even when it waits for another Deferred.
///
/// ```
/// use deferral::{Deferred, DeferredList, Failure};
///
/// let (a, b) = (Deferred::<u32>::new(), Deferred::<u32>::new());
/// let list: Deferred<usize> = DeferredList::new([a.clone(), b.clone()])
///     .consume_errors()
///     .results(|results| results.into_iter().filter(Result::is_ok).count());
/// a.callback(1).unwrap();
/// b.errback(Failure::new("bang!")).unwrap();
/// assert_eq!(list.with_result(|result| *result.unwrap().as_ref().unwrap()), 1);
/// ```
#[must_use = "a list does nothing until it is asked for a Deferred"]
pub struct DeferredList<T, E = crate::Failure> {
    members: Vec<Deferred<T, E>>,
    flags: Flags<T, E>,
}

struct Flags<T, E> {
    one_callback: bool,
    /// How a member's error becomes the list's.
    one_errback: Option<fn(FirstError<E>) -> E>,
    /// What a consumed error leaves in the member.
    consume: Option<MakeNull<T>>,
}

/// What a [`DeferredList`] fires with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListResult<T, E> {
    /// All members fired: their results, in order.
    All(Vec<Result<T, E>>),
    /// The first member that succeeded, in a list that [fires on one
    /// callback](DeferredList::fire_on_one_callback).
    One {
        /// Which member it was, from 0.
        index: usize,
        /// Its value.
        value: T,
    },
}

/// The values of several Deferreds, in order; or the first error among them, at once.
///
/// The members' own errors stay with them: use [`DeferredList::consume_errors`] and
/// [`gather`](DeferredList::gather) to have them taken away.
#[doc(alias = "gatherResults")]
pub fn gather_results<T, E>(members: impl IntoIterator<Item = Deferred<T, E>>) -> Deferred<Vec<T>, E>
where
    T: Clone + 'static,
    E: Reason + Clone + From<FirstError<E>>,
{
    DeferredList::new(members).gather(|values| values)
}

impl<T: Clone + 'static, E: Reason + Clone> DeferredList<T, E> {
    /// A list of these members. The same one may stand in it several times.
    pub fn new(members: impl IntoIterator<Item = Deferred<T, E>>) -> Self {
        let flags = Flags { one_callback: false, one_errback: None, consume: None };
        Self { members: members.into_iter().collect(), flags }
    }

    /// Fires with the first member that succeeds. If all fail, it fires with the list of their errors; an
    /// empty list never fires.
    #[doc(alias = "fireOnOneCallback")]
    pub fn fire_on_one_callback(mut self) -> Self {
        self.flags.one_callback = true;
        self
    }

    /// Fails with the first member that fails, with [`FirstError`].
    #[doc(alias = "fireOnOneErrback")]
    pub fn fire_on_one_errback(mut self) -> Self
    where
        E: From<FirstError<E>>,
    {
        self.flags.one_errback = Some(E::from);
        self
    }

    /// Takes its members' errors away: they go on with a null.
    #[doc(alias = "consumeErrors")]
    pub fn consume_errors(mut self) -> Self
    where
        T: Default,
    {
        self.flags.consume = Some(T::default);
        self
    }

    /// The Deferred that fires with what the list comes to.
    #[must_use]
    pub fn deferred(self) -> Deferred<ListResult<T, E>, E> {
        self.build(|result| result)
    }

    /// The Deferred that fires with what a function makes of all results.
    ///
    /// # Panics
    /// When the list is to fire on one callback: that has no list of results. Use [`build`](Self::build).
    pub fn results<U: 'static>(
        self,
        function: impl FnOnce(Vec<Result<T, E>>) -> U + 'static,
    ) -> Deferred<U, E> {
        assert!(!self.flags.one_callback, "a list that fires on one callback has no list of results");
        self.build(|result| match result {
            ListResult::All(results) => function(results),
            ListResult::One { .. } => unreachable!("it waits for all"),
        })
    }

    /// As [`gather_results`], with what a function makes of the values.
    pub fn gather<U: 'static>(self, function: impl FnOnce(Vec<T>) -> U + 'static) -> Deferred<U, E>
    where
        E: From<FirstError<E>>,
    {
        let mut list = self.fire_on_one_errback();
        list.flags.one_callback = false;
        list.results(|results| {
            let values = results.into_iter().map(|result| match result {
                Ok(value) => value,
                Err(_) => unreachable!("the list fails on the first error"),
            });
            function(values.collect())
        })
    }

    /// The Deferred that fires with what a function makes of what the list comes to.
    pub fn build<U: 'static>(self, function: impl FnOnce(ListResult<T, E>) -> U + 'static) -> Deferred<U, E> {
        let Self { members, flags } = self;
        // Members that have fired already may be the only ones that hold what is made here.
        let _entered = Entered::new();
        let gathering = Hold::new(|| Gathering {
            core: RefCell::new(Core {
                results: members.iter().map(|_| None).collect(),
                finished: 0,
                fires: None,
            }),
            flags,
        });
        let canceller = Canceller::Own(Rc::new(CancelMembers(gathering.at().edge())));
        let deferred = Deferred::made(Some(canceller));
        deferred.node.set(LIST, true);
        gathering.core.borrow_mut().fires = Some(Fires {
            output: deferred.node.at().edge(),
            members: members.iter().map(|member| member.node.at().edge()).collect(),
            function: Box::new(function),
        });
        if members.is_empty() && !gathering.flags.one_callback {
            gathering.fire(Ok(ListResult::All(Vec::new())));
        }
        for (index, member) in members.iter().enumerate() {
            if fault!(F64) && members[..index].iter().any(|before| before.ptr_eq(member)) {
                continue;
            }
            let gathering = gathering.at().edge();
            member.add(Hooked(Member { gathering, index }));
        }
        deferred
    }
}

/// What members and output of a list share.
struct Gathering<T, U, E> {
    core: RefCell<Core<T, U, E>>,
    flags: Flags<T, E>,
}

struct Core<T, U, E> {
    results: Vec<Option<Result<T, E>>>,
    finished: usize,
    /// `None` once it has fired.
    fires: Option<Fires<T, U, E>>,
}

struct Fires<T, U, E> {
    output: Edge<Node<U, E>>,
    members: Vec<Edge<Node<T, E>>>,
    function: Box<dyn FnOnce(ListResult<T, E>) -> U>,
}

/// A member's error, and what the list's is made of it with: the user's code.
type Failing<E> = (fn(FirstError<E>) -> E, FirstError<E>);

impl<T: Clone + 'static, U: 'static, E: Reason + Clone> Gathering<T, U, E> {
    /// Notes a member's result, and fires when that decides it. A panic while it is copied is the member's error here.
    fn note(&self, index: usize, result: &Result<T, E>) {
        if self.core.borrow().fires.is_none() {
            return;
        }
        let result = run::copied(result);
        let mut core = self.core.borrow_mut();
        if core.fires.is_none() {
            drop(core);
            return drop_caught(result);
        }
        core.finished += 1;
        let outcome = match (result, self.flags.one_errback) {
            (Ok(value), _) if self.flags.one_callback => Ok(ListResult::One { index, value }),
            (Err(error), Some(first_error)) => Err((first_error, FirstError { index, error })),
            (result, _) => {
                core.results[index] = Some(result);
                if core.finished < core.results.len() {
                    return;
                }
                let results = std::mem::take(&mut core.results);
                Ok(ListResult::All(results.into_iter().flatten().collect()))
            }
        };
        drop(core);
        self.fire(outcome);
    }

    /// Whether somebody has a handle of what is to be fired.
    fn has_named_output(&self) -> bool {
        let core = self.core.borrow();
        let output = core.fires.as_ref().map(|fires| &fires.output);
        output.is_some_and(|output| output.at().links().handles() > 0 && !output.called())
    }

    fn fire(&self, outcome: Result<ListResult<T, E>, Failing<E>>) {
        let Some(Fires { output, members, function }) = self.core.borrow_mut().fires.take() else {
            return;
        };
        let returned = run::caught(|| match outcome {
            Ok(result) => Returned::Value(function(result)),
            Err((first_error, error)) => Returned::Error(first_error(error)),
        });
        // Fired by hand, it is left alone.
        let _ = run::resolve(output.at(), returned);
        drop(members);
        let results = std::mem::take(&mut self.core.borrow_mut().results);
        drop_caught(results);
    }
}

struct Member<T: 'static, U: 'static, E: 'static> {
    gathering: Edge<Gathering<T, U, E>>,
    index: usize,
}

impl<T: Clone + 'static, U: 'static, E: Reason + Clone> Hook<T, E> for Member<T, U, E> {
    fn call(self, result: Result<T, E>) -> Returned<T, E> {
        let Self { gathering, index } = self;
        gathering.note(index, &result);
        let returned = match (result, gathering.flags.consume) {
            (result, Some(null)) if result.is_err() || fault!(F57) => {
                drop_caught(result);
                run::made(null).into_returned()
            }
            (result, _) => result.into_returned(),
        };
        // Whoever has a handle of what isn't fired yet reaches it by its canceller.
        if gathering.has_named_output() {
            gathering.drop_quietly();
        }
        returned
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        let mutual = self.gathering.core.borrow().fires.is_some();
        seen(self.gathering.at().erase(), mutual)
    }
}

struct CancelMembers<T: 'static, U: 'static, E: 'static>(Edge<Gathering<T, U, E>>);

impl<T: 'static, U: 'static, E: Reason> Cancels<U, E> for CancelMembers<T, U, E> {
    fn cancel(&self, _: At<'_, Node<U, E>>) {
        let members: Vec<Hold<Node<T, E>>> = match &self.0.core.borrow().fires {
            Some(fires) => fires.members.iter().map(|member| member.at().hold()).collect(),
            None => return,
        };
        for member in members {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| cancel::cancel(member.at()))) {
                let panicked = Panicked::new(panic);
                report(&Report::CancellerPanicked { panicked: &panicked });
                drop_caught(panicked);
            }
        }
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        let mutual = self.0.core.borrow().fires.is_some();
        seen(self.0.at().erase(), mutual)
    }
}

impl<T: 'static, U: 'static, E: 'static> Reclaimable for Gathering<T, U, E> {
    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        let core = self.core.borrow();
        if let Some(fires) = &core.fires
            && !fault!(R10)
        {
            let called = fires.output.called();
            seen(fires.output.at().erase(), !called)?;
            for (member, result) in fires.members.iter().zip(&core.results) {
                seen(member.at().erase(), result.is_none())?;
            }
        }
        ControlFlow::Continue(())
    }

    fn die(&self) {
        let fires = self.core.borrow_mut().fires.take();
        drop_caught(fires);
        let results = std::mem::take(&mut self.core.borrow_mut().results);
        drop_caught(results);
    }
}
