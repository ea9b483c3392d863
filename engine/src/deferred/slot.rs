//! The place of a Deferred's result, and what stands there while there is none.
//!
//! Invariant: the state says what stands there: a result where it is `Succeeded` or `Failed`, the edge to another
//! where it is `Waiting`, nothing else, or, where it is `Running`, what it owes. No code of the user's runs between the change of the one and of the
//! other.

use super::State;
use super::counted::{Edge, Hold};
use super::node::Node;
use super::reclaim::Seen;
use crate::returned::MakeNull;
use std::mem;
use std::ops::ControlFlow;

/// What a Deferred has.
pub(super) enum Stage<T, E> {
    /// Nothing yet; or the result is elsewhere: with a callback, with who looks at it, or on its way to another
    /// Deferred.
    Nothing,
    /// The result went to the target of a chain, which runs; then a null is to be made.
    Owing(MakeNull<T>),
    /// It waits for this one.
    Waiting(Edge<Node<T, E>>),
    Fired(Result<T, E>),
}

impl<T, E> Node<T, E> {
    #[inline]
    pub(super) fn state(&self) -> State {
        self.beside().state.get()
    }

    #[inline]
    fn replace(&self, stage: Stage<T, E>, state: State) -> Stage<T, E> {
        self.beside().state.set(state);
        self.stage.replace(stage)
    }

    #[inline]
    pub(super) fn called(&self) -> bool {
        self.state() != State::Unfired
    }

    #[inline]
    pub(super) fn has_result(&self) -> bool {
        matches!(self.state(), State::Succeeded | State::Failed)
    }

    #[inline]
    pub(super) fn failed(&self) -> bool {
        self.state() == State::Failed
    }

    /// Has it count as called, with its result to come.
    #[inline]
    pub(super) fn begin(&self) {
        debug_assert!(!self.called(), "it is called once");
        self.beside().state.set(State::Running);
    }

    /// The result, if there is one, which is elsewhere from now on.
    #[inline]
    pub(super) fn take(&self) -> Option<Result<T, E>> {
        match self.stage.replace(Stage::Nothing) {
            Stage::Fired(result) => {
                self.beside().state.set(State::Running);
                Some(result)
            }
            other => self.give_back(other),
        }
    }

    /// The value, if there is one, which is elsewhere from now on.
    #[inline]
    pub(super) fn take_value(&self) -> Option<T> {
        match self.stage.replace(Stage::Nothing) {
            Stage::Fired(Ok(value)) => {
                self.beside().state.set(State::Running);
                Some(value)
            }
            other => {
                seldom();
                self.give_back(other)
            }
        }
    }

    /// The error, if there is one, which is elsewhere from now on.
    #[inline]
    pub(super) fn take_error(&self) -> Option<E> {
        match self.stage.replace(Stage::Nothing) {
            Stage::Fired(Err(error)) => {
                self.beside().state.set(State::Running);
                Some(error)
            }
            other => self.give_back(other),
        }
    }

    /// Puts back what was taken and isn't what was looked for.
    #[inline]
    fn give_back<R>(&self, stage: Stage<T, E>) -> Option<R> {
        mem::forget(self.stage.replace(stage));
        None
    }

    /// Puts a result where there is nothing.
    #[inline]
    pub(super) fn fill(&self, result: Result<T, E>) {
        debug_assert!(matches!(self.state(), State::Unfired | State::Running), "there is nothing");
        let state = if result.is_ok() { State::Succeeded } else { State::Failed };
        // There is nothing to drop.
        mem::forget(self.replace(Stage::Fired(result), state));
    }

    /// Puts a result where there may be another, or an edge.
    #[inline]
    pub(super) fn put(&self, result: Result<T, E>) {
        let state = if result.is_ok() { State::Succeeded } else { State::Failed };
        let before = self.replace(Stage::Fired(result), state);
        drop(before);
    }

    /// Has one that runs wait for another.
    #[inline]
    pub(super) fn wait_for(&self, inner: Edge<Node<T, E>>) {
        debug_assert!(self.state() == State::Running, "there is nothing");
        mem::forget(self.replace(Stage::Waiting(inner), State::Waiting));
    }

    /// Puts the result that was waited for; gives what was there: the edge to the one that gave it.
    #[inline]
    pub(super) fn stop_waiting(&self, result: Result<T, E>) -> Stage<T, E> {
        let state = if result.is_ok() { State::Succeeded } else { State::Failed };
        self.replace(Stage::Fired(result), state)
    }

    /// Has one that runs leave a null when the target of its chain has run.
    pub(super) fn owe(&self, null: MakeNull<T>) {
        debug_assert!(self.state() == State::Running, "there is nothing");
        mem::forget(self.stage.replace(Stage::Owing(null)));
    }

    pub(super) fn owes(&self) -> bool {
        self.stage.look(|stage| matches!(stage, Stage::Owing(_)))
    }

    /// The null that it owes, if it does, and from now on doesn't.
    #[inline]
    pub(super) fn owed(&self) -> Option<MakeNull<T>> {
        if self.state() != State::Running {
            return None;
        }
        match self.stage.replace(Stage::Nothing) {
            Stage::Owing(null) => Some(null),
            other => self.give_back(other),
        }
    }

    /// Looks at the edge to the one that it waits for. `look` is ours, and doesn't touch this one.
    #[inline]
    pub(super) fn look_at_awaited<R>(&self, look: impl FnOnce(&Edge<Node<T, E>>) -> R) -> Option<R> {
        self.stage.look(|stage| match stage {
            Stage::Waiting(inner) => Some(look(inner)),
            _ => None,
        })
    }

    /// The one that it waits for.
    pub(super) fn awaited(&self) -> Option<Hold<Node<T, E>>> {
        self.look_at_awaited(|inner| inner.at().hold())
    }

    /// Shows the one that it waits for.
    pub(super) fn show_awaited(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        match self.awaited() {
            Some(inner) => seen(inner.at().erase(), true),
            None => ControlFlow::Continue(()),
        }
    }

    /// Takes away whatever there is.
    pub(super) fn empty(&self) -> Stage<T, E> {
        self.replace(Stage::Nothing, State::Running)
    }
}

/// Has the code of the more frequent case lie in line.
#[cold]
#[inline]
fn seldom() {}
