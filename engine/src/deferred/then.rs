//! `then`: a Deferred of another type, fed from this one.
//!
//! The source's entry holds the new Deferred, whose canceller holds the source, until the source fires.

use super::counted::{At, Edge};
use super::node::{Canceller, Cancels, Hook, Hooked, Node};
use super::reclaim::Seen;
use super::{Deferred, cancel, run};
use crate::error::Reason;
use crate::returned::{IntoReturned, MakeNull, Returned};
use std::ops::ControlFlow;
use std::rc::Rc;

impl<T: Default + 'static, E: Reason> Deferred<T, E> {
    /// A Deferred of another type: this one's value, or what the callback makes of it. An error passes over
    /// the callback.
    ///
    /// The result goes to the new Deferred and leaves a null here. Cancelling the new one cancels this one.
    /// So types change along a chain:
    ///
    /// ```
    /// use deferral::Deferred;
    ///
    /// let bytes: Deferred<Vec<u8>> = Deferred::new();
    /// let length: Deferred<usize> = bytes.then(|bytes| bytes.len());
    /// bytes.callback(vec![1, 2, 3]).unwrap();
    /// assert_eq!(length.with_result(|result| *result.unwrap().as_ref().unwrap()), 3);
    /// ```
    pub fn then<U: 'static, R: IntoReturned<U, E>>(
        &self,
        callback: impl FnOnce(T) -> R + 'static,
    ) -> Deferred<U, E> {
        self.feed(move |result| match result {
            Ok(value) => callback(value).into_returned(),
            Err(error) => Returned::Error(error),
        })
    }

    /// As [`then`](Self::then), with a function that is given whatever comes, a value or an error.
    pub fn then_both<U: 'static, R: IntoReturned<U, E>>(
        &self,
        both: impl FnOnce(Result<T, E>) -> R + 'static,
    ) -> Deferred<U, E> {
        self.feed(move |result| both(result).into_returned())
    }

    fn feed<U: 'static>(
        &self,
        function: impl FnOnce(Result<T, E>) -> Returned<U, E> + 'static,
    ) -> Deferred<U, E> {
        let deferred = Deferred::made(Some(cancels(self.node.at())));
        let output = deferred.node.at().edge();
        self.add(Hooked(Feed { output, function, null: T::default }));
        deferred
    }
}

/// The canceller that cancels a source.
pub(super) fn cancels<T: 'static, U: 'static, E: Reason>(source: At<'_, Node<T, E>>) -> Canceller<U, E> {
    Canceller::Own(Rc::new(CancelSource(source.edge())))
}

struct CancelSource<T, E>(Edge<Node<T, E>>);

impl<T: 'static, U, E: Reason> Cancels<U, E> for CancelSource<T, E> {
    fn cancel(&self, _: At<'_, Node<U, E>>) {
        cancel::cancel(self.0.at());
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        // The canceller is released when the output fires, which may be by hand: the entry is there still.
        seen(self.0.at().erase(), true)
    }
}

struct Feed<T, U, E, F> {
    output: Edge<Node<U, E>>,
    function: F,
    null: MakeNull<T>,
}

impl<T: 'static, U: 'static, E: Reason, F> Hook<T, E> for Feed<T, U, E, F>
where
    F: FnOnce(Result<T, E>) -> Returned<U, E>,
{
    fn call(self, result: Result<T, E>) -> Returned<T, E> {
        let Self { output, function, null } = self;
        let returned = run::caught(|| function(result));
        match run::resolve(output.at(), returned) {
            Ok(()) => run::made(null).into_returned(),
            Err(error) => Returned::Error(error.into()),
        }
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        // Fired by hand, the output has let go of its source.
        let mutual = !self.output.called();
        seen(self.output.at().erase(), mutual)
    }
}
