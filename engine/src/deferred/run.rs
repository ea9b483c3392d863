//! Firing, and the loop that runs a result through the callbacks.
//!
//! The loop never recurses by itself, however long a chain of waiting Deferreds: a Deferred that is suspended
//! because another one runs first stands on a stack of the loop's own. Only callbacks that fire, cancel or
//! unpause other Deferreds nest.

use super::State;
use super::counted::{At, Edge};
use super::node::{Hooked, Node, SUPPRESS, UNHANDLED};
use super::queue::{Flow, Payload};
use super::reclaim::{Entered, EnteredNested};
use super::wait::settle;
use crate::error::{AlreadyCalled, Panicked, Reason};
use crate::report::drop_caught;
use crate::returned::{MakeNull, Returned};
use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Deferreds that are suspended while another one runs. One that owes a null has fired the target of a chain; the
/// others have handed their result over to one that waited for it.
struct Suspended<T, E> {
    /// Often there is one alone.
    bottom: Option<Edge<Node<T, E>>>,
    above: Vec<Edge<Node<T, E>>>,
}

impl<T, E> Suspended<T, E> {
    fn push(&mut self, node: Edge<Node<T, E>>) {
        self.above.push(node);
    }

    fn pop(&mut self) -> Option<Edge<Node<T, E>>> {
        self.above.pop().or_else(|| self.bottom.take())
    }

    /// One that is paused isn't going to run: then those that handed over to it are left as they are, up to one that
    /// merely chained.
    #[cold]
    fn abandon(&mut self) {
        if fault!(F20) {
            return;
        }
        while let Some(node) = self.pop() {
            if node.owes() {
                return self.push(node);
            }
        }
    }
}

/// Gives a Deferred its result, and runs its callbacks.
#[inline]
pub(super) fn fire<T: 'static, E: Reason>(
    node: At<'_, Node<T, E>>,
    result: Result<T, E>,
) -> Result<(), AlreadyCalled> {
    // Most have nothing rare.
    if node.called() || node.rare().is_some() {
        return fire_rare(node, result);
    }
    node.fill(result);
    if node.paused() == 0 {
        go(node);
    }
    Ok(())
}

#[inline(never)]
fn fire_rare<T: 'static, E: Reason>(
    node: At<'_, Node<T, E>>,
    result: Result<T, E>,
) -> Result<(), AlreadyCalled> {
    let _entered = Entered::new();
    if fire_along(node, result)? {
        run(node);
    }
    Ok(())
}

/// Gives a Deferred its result: whether it took it, or swallowed it because it was cancelled.
pub(super) fn fire_along<T, E>(
    node: At<'_, Node<T, E>>,
    result: Result<T, E>,
) -> Result<bool, AlreadyCalled> {
    if node.called() {
        return start_again(node, result);
    }
    note_fired(node);
    node.fill(result);
    release_canceller(node);
    Ok(true)
}

/// What comes of firing a Deferred that was called.
#[cold]
fn start_again<T, E>(node: At<'_, Node<T, E>>, result: Result<T, E>) -> Result<bool, AlreadyCalled> {
    let refused = refuse(node);
    if fault!(F09) && node.ready() {
        node.put(result);
    } else {
        drop_caught(result);
    }
    refused.map(|()| false)
}

/// Refuses a firing, or swallows it.
#[cold]
fn refuse<T, E>(node: At<'_, Node<T, E>>) -> Result<(), AlreadyCalled> {
    if node.is(SUPPRESS) || fault!(F08) {
        node.set(SUPPRESS, fault!(F41));
        return Ok(());
    }
    Err(AlreadyCalled::of(node.origin()))
}

fn note_fired<T, E>(node: At<'_, Node<T, E>>) {
    if let Some(origin) = node.origin() {
        origin.set_fired();
    }
}

fn release_canceller<T, E>(node: At<'_, Node<T, E>>) {
    let Some(rare) = node.rare() else {
        return;
    };
    if fault!(F50) {
        return;
    }
    let canceller = rare.canceller.take();
    match fault!(R19) {
        true => drop(canceller),
        false => drop_caught(canceller),
    }
}

/// Gives a Deferred what a callback returned for its result: it may have to wait for it.
pub(super) fn resolve<T: 'static, E: Reason>(
    node: At<'_, Node<T, E>>,
    returned: Returned<T, E>,
) -> Result<(), AlreadyCalled> {
    let _entered = Entered::new();
    if node.called() {
        return refuse(node);
    }
    node.begin();
    note_fired(node);
    let _ = settle(node, returned);
    release_canceller(node);
    run(node);
    Ok(())
}

/// Shows the result of a Deferred, which counts as running meanwhile.
pub(super) fn look<T: 'static, E: Reason, R>(
    node: At<'_, Node<T, E>>,
    look: impl FnOnce(Option<&Result<T, E>>) -> R,
) -> R {
    let entries = node.entries.back();
    let shown = node.take().map(|result| PutBack { node, result: Some(result), entries });
    look(shown.as_ref().and_then(|shown| shown.result.as_ref()))
}

/// Puts a result back that was looked at, and runs what was added meanwhile.
struct PutBack<'n, T: 'static, E: Reason> {
    node: At<'n, Node<T, E>>,
    result: Option<Result<T, E>>,
    entries: (*const (), usize),
}

impl<T: 'static, E: Reason> Drop for PutBack<'_, T, E> {
    fn drop(&mut self) {
        if let Some(result) = self.result.take() {
            self.node.fill(result);
        }
        if self.node.entries.back() != self.entries {
            run(self.node);
        }
    }
}

/// Adds a callback, and runs it where nothing holds it back.
#[inline]
pub(super) fn add<T: 'static, E: Reason, P: Payload<Node<T, E>>>(node: At<'_, Node<T, E>>, payload: P) {
    if loses(node) {
        return;
    }
    let alone =
        !node.entries.has_chunks() && node.entries.is_bare() && (node.rare().is_none() || fault!(R20));
    if alone && node.has_result() && node.paused() == 0 {
        run_alone(node, payload);
    } else {
        node.entries.push(payload);
        run(node);
    }
}

/// Whether a planted fault loses the entry that is added.
#[inline]
fn loses<T, E>(node: At<'_, Node<T, E>>) -> bool {
    match node.state() {
        State::Running => fault!(F91) && node.entries.len() == 4,
        _ => fault!(F89) && node.entries.len() == 4,
    }
}

/// Adds an entry that leads to another Deferred, and runs it where nothing holds it back.
pub(super) fn add_link<T: 'static, E: Reason, P: Payload<Node<T, E>>>(node: At<'_, Node<T, E>>, payload: P) {
    node.entries.push(payload);
    run(node);
}

/// Runs an entry of a Deferred that has its result, and no other entries: it needs no queue.
#[inline]
fn run_alone<T: 'static, E: Reason, P: Payload<Node<T, E>>>(node: At<'_, Node<T, E>>, payload: P) {
    let _entered = EnteredNested::new();
    if guarded(node, || payload.call(node)).is_break() {
        return;
    }
    if node.entries.is_bare() {
        finish(node);
    } else {
        // What was added meanwhile.
        go(node);
    }
}

/// Runs entries; a panic of one becomes the Deferred's error. Whether the Deferred goes on then.
#[inline]
fn guarded<T: 'static, E: Reason>(
    node: At<'_, Node<T, E>>,
    run: impl FnOnce() -> Flow<Node<T, E>>,
) -> Flow<Node<T, E>> {
    let outcome = catch_unwind(AssertUnwindSafe(run));
    outcome.unwrap_or_else(|panic| fail(node, panic))
}

#[cold]
fn fail<T: 'static, E: Reason>(node: At<'_, Node<T, E>>, panic: Box<dyn Any + Send>) -> Flow<Node<T, E>> {
    if fault!(F05) {
        return ControlFlow::Break(None);
    }
    while fault!(R16) && node.entries.drop_first() {}
    node.put(Err(panicked(panic)));
    ControlFlow::Continue(())
}

/// Runs the callbacks of a Deferred that is called, and of those that wait for it.
#[inline(always)]
pub(super) fn run<T: 'static, E: Reason>(node: At<'_, Node<T, E>>) {
    if node.has_result() && node.paused() == 0 {
        go_first(node);
    }
}

/// As [`run`], of a Deferred that nothing holds back, and that may have a hook that comes before all entries.
#[inline(never)]
fn go_first<T: 'static, E: Reason>(node: At<'_, Node<T, E>>) {
    if node.rare().is_none() {
        return go(node);
    }
    let _entered = EnteredNested::new();
    if run_first(node).is_continue() {
        go(node);
    }
}

/// As [`run`], of a Deferred that nothing holds back.
fn go<T: 'static, E: Reason>(node: At<'_, Node<T, E>>) {
    let _entered = EnteredNested::new();
    if let Some(to) = advance(node) {
        go_along(node, to);
    }
}

/// Runs the hook that comes before all entries.
fn run_first<T: 'static, E: Reason>(node: At<'_, Node<T, E>>) -> Flow<Node<T, E>> {
    match node.rare().and_then(|rare| rare.first.take()) {
        Some(first) => guarded(node, || Hooked(first).call(node)),
        None => ControlFlow::Continue(()),
    }
}

/// Runs a Deferred's entries until one makes it stop; gives whom to go on with, if it was because of another.
#[inline(always)]
fn advance<T: 'static, E: Reason>(node: At<'_, Node<T, E>>) -> Option<Edge<Node<T, E>>> {
    loop {
        let mut ended = false;
        let outcome = guarded(node, || {
            node.entries.run(node)?;
            ended = true;
            ControlFlow::Continue(())
        });
        if let ControlFlow::Break(to) = outcome {
            return to;
        }
        if ended {
            finish(node);
            return None;
        }
        // One panicked: the others are run on its error.
    }
}

/// Goes on with the Deferred that another one has handed its result over to, or fired along.
#[inline(never)]
fn go_along<T: 'static, E: Reason>(node: At<'_, Node<T, E>>, to: Edge<Node<T, E>>) {
    let mut suspended = Suspended { bottom: Some(node.edge()), above: Vec::new() };
    let mut next = Some(to);
    loop {
        // The edge by which one was held that waited keeps it while it runs.
        let current = match next.take() {
            Some(next) if next.paused() != 0 => {
                suspended.abandon();
                continue;
            }
            Some(next) => next,
            None => {
                let Some(node) = suspended.pop() else {
                    return;
                };
                if let Some(null) = node.owed() {
                    node.put(made(null));
                } else if node.blocked() {
                    suspended.abandon();
                    continue;
                } else if node.entries.is_bare() && node.rare().is_none() {
                    // Most have nothing left.
                    finish(node.at());
                    continue;
                }
                node
            }
        };
        if current.rare().is_some() && run_first(current.at()).is_break() {
            continue;
        }
        next = advance(current.at());
        if next.is_some()
            && let Some(current) = current.free_if_last()
        {
            suspended.push(current);
        }
    }
}

/// Remembers whether a Deferred whose entries have run is left with an error.
#[inline]
fn finish<T: 'static, E: Reason>(node: At<'_, Node<T, E>>) {
    let named = node.links().handles() > 0;
    if node.failed() || node.is(UNHANDLED) {
        node.set(UNHANDLED, node.failed() && (named || !fault!(R12)));
    }
    if fault!(R03) && !named {
        report_twice(node);
    }
}

/// Makes a null; a panic on the way is the error that is left instead.
#[inline]
pub(super) fn made<T, E: Reason>(null: MakeNull<T>) -> Result<T, E> {
    catch_unwind(null).map_err(|panic| Panicked::new(panic).into())
}

/// Copies a result; a panic on the way is the error of the copy.
#[inline]
pub(super) fn copied<T: Clone, E: Reason + Clone>(result: &Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(|| result.clone())).unwrap_or_else(|panic| Err(Panicked::new(panic).into()))
}

/// Calls the user's code; a panic becomes an error.
pub(super) fn caught<T, E: Reason>(call: impl FnOnce() -> Returned<T, E>) -> Returned<T, E> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Returned::Error(panicked(panic)))
}

#[cold]
fn panicked<E: Reason>(panic: Box<dyn Any + Send>) -> E {
    if fault!(F11) && panic.is::<String>() {
        resume_unwind(panic);
    }
    Panicked::new(panic).into()
}

/// What a fault does that reports an error where it arises, and again where the Deferred goes away.
fn report_twice<T: 'static, E: Reason>(node: At<'_, Node<T, E>>) {
    if let Some(result) = node.take() {
        if let Err(error) = &result {
            node.report_unhandled(error);
        }
        node.fill(result);
    }
}
