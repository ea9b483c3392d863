//! Waiting: what a callback returned becomes its Deferred's result, or the Deferred that it waits for; and the entries
//! that lead from one Deferred to another.

use super::State;
use super::counted::{At, Edge};
use super::node::{Node, Stage, UNHANDLED};
use super::queue::{Entries, Flow, Payload};
use super::reclaim::Seen;
use super::run::{fire_along, made};
use crate::error::Reason;
use crate::report::{Report, drop_caught, report};
use crate::returned::{MakeNull, Returned};
use std::ops::ControlFlow;

/// How what waits for a Deferred leaves a null behind in it; given by [`Returned::wait`], which asks for
/// `T: Default`.
pub struct Null<T, E> {
    make: MakeNull<T>,
    waiters: Entries<Node<T, E>, Continue<T, E>>,
}

impl<T: Default + 'static, E: Reason> Default for Null<T, E> {
    fn default() -> Self {
        Self { make: T::default, waiters: Entries::of() }
    }
}

/// The entry of one that waits.
struct Continue<T, E>(Edge<Node<T, E>>);

impl<T: Default + 'static, E: Reason> Payload<Node<T, E>> for Continue<T, E> {
    #[inline]
    fn call(self, node: At<'_, Node<T, E>>) -> Flow<Node<T, E>> {
        let to = self.0;
        let Some(result) = node.take() else {
            unreachable!("a Deferred that runs has a result");
        };
        let left = made(T::default);
        let (result, left) = if fault!(R15) { (left, result) } else { (result, left) };
        node.fill(left);
        node.set(UNHANDLED, false);
        if fault!(R04) && to.at().links().handles() == 0 {
            return ControlFlow::Continue(());
        }
        // The loop, which runs this one, keeps it by an edge that is looked at when it goes.
        match to.stop_waiting(result) {
            Stage::Waiting(inner) => inner.drop_quietly(),
            other => return didn_t_wait(to, other),
        }
        if fault!(F36) {
            to.set_paused(0);
        }
        ControlFlow::Break(Some(to))
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        seen(self.0.at().erase(), true)
    }

    fn waiter(&self) -> Option<&Edge<Node<T, E>>> {
        Some(&self.0)
    }
}

/// Only a planted fault has other than a waiting Deferred be handed a result.
#[cold]
fn didn_t_wait<T, E>(to: Edge<Node<T, E>>, had: Stage<T, E>) -> Flow<Node<T, E>> {
    drop(had);
    ControlFlow::Break(Some(to))
}

/// The entry of one that is fired along.
pub(super) struct Chain<T, E>(pub(super) Edge<Node<T, E>>);

impl<T: Default + 'static, E: Reason> Payload<Node<T, E>> for Chain<T, E> {
    fn call(self, node: At<'_, Node<T, E>>) -> Flow<Node<T, E>> {
        let to = self.0;
        let result = node.take().expect("a Deferred that runs has a result");
        let left = match fire_along(to.at(), result) {
            Ok(true) => {
                node.owe(T::default);
                return ControlFlow::Break(Some(to));
            }
            Ok(false) => made(T::default),
            Err(error) => Err(error.into()),
        };
        node.fill(left);
        ControlFlow::Continue(())
    }

    fn edges(&self, seen: &mut Seen<'_>) -> ControlFlow<()> {
        seen(self.0.at().erase(), false)
    }
}

/// Has a Deferred that runs go on with what its callback returned; unless it is to wait for another.
#[inline(always)]
pub(super) fn settle<T: 'static, E: Reason>(
    node: At<'_, Node<T, E>>,
    returned: Returned<T, E>,
) -> Flow<Node<T, E>> {
    match returned {
        Returned::Value(value) => node.fill(Ok(value)),
        Returned::Error(error) => node.fill(Err(error)),
        Returned::Deferred(inner, null) => {
            let flow = wait(node, inner.node.at(), &null);
            // Whoever has a handle of the one that waits reaches the other. It does wait: nothing undoes the waiting in
            // a circle, and code of the user's runs in between only when such a one is reported.
            if flow.is_break() && node.links().handles() > 0 {
                inner.node.drop_quietly();
            }
            return flow;
        }
    }
    if fault!(F33) && node.paused() != 0 {
        return ControlFlow::Break(None);
    }
    ControlFlow::Continue(())
}

/// Has a Deferred take the result of another, or wait for it.
#[inline(always)]
fn wait<T: 'static, E: Reason>(
    node: At<'_, Node<T, E>>,
    inner: At<'_, Node<T, E>>,
    null: &Null<T, E>,
) -> Flow<Node<T, E>> {
    // One that wasn't called neither has a result nor waits; and one that waits closes no circle where nobody waits for
    // this one.
    let plainly = match inner.state() {
        State::Unfired => true,
        State::Waiting => node.links().edges() == 0,
        _ => false,
    };
    if !plainly {
        return wait_for_called(node, inner, null);
    }
    wait_for(node, inner, null);
    ControlFlow::Break(None)
}

#[inline(never)]
fn wait_for_called<T: 'static, E: Reason>(
    node: At<'_, Node<T, E>>,
    inner: At<'_, Node<T, E>>,
    null: &Null<T, E>,
) -> Flow<Node<T, E>> {
    if let Some(result) = give_up(inner, node, null.make) {
        node.fill(result);
        return ControlFlow::Continue(());
    }
    let directly = inner.ptr_eq(node);
    // Only a Deferred that somebody waits for can close a circle.
    let circle = directly || (node.links().edges() > 0 && leads_to(inner, node));
    wait_for(node, inner, null);
    if circle {
        report(&Report::WaitsForItself { directly });
    }
    ControlFlow::Break(None)
}

#[inline(always)]
fn wait_for<T: 'static, E: Reason>(node: At<'_, Node<T, E>>, inner: At<'_, Node<T, E>>, null: &Null<T, E>) {
    node.wait_for(inner.edge());
    node.set(UNHANDLED, node.is(UNHANDLED) && fault!(F38));
    inner.entries.push_one_of(&null.waiters, Continue(node.edge()));
}

/// Takes the result of a Deferred, and leaves a null, where it is ready to give it.
fn give_up<T: 'static, E: Reason>(
    inner: At<'_, Node<T, E>>,
    to: At<'_, Node<T, E>>,
    null: MakeNull<T>,
) -> Option<Result<T, E>> {
    let own = !fault!(F26) && inner.ptr_eq(to);
    // Twisted would take the value that a running callback was given; here that has moved into it.
    if inner.state() == State::Running && !own && !fault!(F21) {
        return Some(made(null));
    }
    if !inner.ready() {
        return None;
    }
    // The user's code: it may change what it is made for.
    let left = made(null);
    if !inner.ready() {
        drop_caught(left);
        return None;
    }
    inner.set(UNHANDLED, false);
    let result = inner.take();
    inner.fill(left);
    result
}

/// Whether the one that it waits for has a handle; or else the one that waits for it, first of all, or for that one, and so
/// on.
pub(super) fn leads_to_handle<T, E>(first: &Node<T, E>) -> bool {
    if first.look_at_awaited(|awaited| awaited.at().links().handles() > 0) == Some(true) {
        return true;
    }
    let Some(waiter) = first.entries.first_waiter(|waiter| waiter.at().hold()) else {
        return false;
    };
    let found = waiter.at().follow(|node| match node.links().handles() {
        0 => ControlFlow::Continue(node.entries.first_waiter(Edge::lead)),
        _ => ControlFlow::Break(()),
    });
    matches!(found, ControlFlow::Break(Some(())))
}

/// Whether a Deferred waits, however indirectly, for another.
///
/// Looked for from both ends, a step here and a step there: building a chain link by link, from either end or
/// from pieces, one of them is near.
fn leads_to<T, E>(inner: At<'_, Node<T, E>>, current: At<'_, Node<T, E>>) -> bool {
    let Some(mut ahead) = inner.awaited() else {
        return false;
    };
    let mut behind = vec![current.hold()];
    while let Some(node) = behind.pop() {
        let found = node.entries.waiters(&mut |waiter| {
            if waiter.at().ptr_eq(inner) {
                return ControlFlow::Break(());
            }
            behind.push(waiter.at().hold());
            ControlFlow::Continue(())
        });
        if found.is_break() {
            return true;
        }
        match ahead.awaited() {
            Some(next) => ahead = next,
            None => return ahead.at().ptr_eq(current),
        }
    }
    false
}
