//! Firing, and the loop that runs a result through the callbacks.
//!
//! The loop never recurses by itself, however long a chain of waiting Deferreds: a Deferred that is suspended
//! because another one runs first stands on a stack of the loop's own. Only callbacks that fire, cancel or
//! unpause other Deferreds nest.

use super::cancel::Nested;
use super::node::{Entry, Node, Stage};
use super::reclaim::{Edge, Entered};
use crate::error::{AlreadyCalled, Panicked, Reason};
use crate::report::{Report, drop_caught, report};
use crate::returned::{MakeNull, Null, Returned};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

/// A Deferred that is suspended while another one runs.
enum Suspended<T, E> {
    /// It has handed its result over to one that waited for it.
    HandedOver(Rc<Node<T, E>>),
    /// It has fired the target of a `Chain` entry, and goes on with a null after that.
    Chained(Rc<Node<T, E>>, MakeNull<T>),
}

/// Why a Deferred's own entries don't go on.
enum Stop<T, E> {
    /// There are none left, or it waits for another.
    Finished,
    /// It has handed its result over to this one.
    HandOver(Rc<Node<T, E>>),
    /// It has fired this one.
    Chain(Rc<Node<T, E>>, MakeNull<T>),
}

/// Gives a Deferred its result, and runs its callbacks.
pub(super) fn fire<T: 'static, E: Reason>(
    node: &Rc<Node<T, E>>,
    result: Result<T, E>,
) -> Result<(), AlreadyCalled> {
    let _entered = Entered::new();
    if start(node, result)? {
        run(node);
    }
    Ok(())
}

/// Gives a Deferred its result: whether it took it, or swallowed it because it was cancelled.
fn start<T, E>(node: &Rc<Node<T, E>>, result: Result<T, E>) -> Result<bool, AlreadyCalled> {
    match begin(node) {
        Ok(true) => node.core.borrow_mut().stage = Stage::Fired(result),
        refused => {
            if fault!(F09) && node.core.borrow().ready() {
                let _overwritten = std::mem::replace(&mut node.core.borrow_mut().stage, Stage::Fired(result));
                return refused;
            }
            drop_caught(result);
            return refused;
        }
    }
    release_canceller(node);
    Ok(true)
}

/// Has a Deferred be called from now on, with its result to be set: `Running` until then.
fn begin<T, E>(node: &Rc<Node<T, E>>) -> Result<bool, AlreadyCalled> {
    let mut core = node.core.borrow_mut();
    if core.called() {
        if core.suppress || fault!(F08) {
            core.suppress = fault!(F41);
            return Ok(false);
        }
        return Err(AlreadyCalled::of(core.origin.as_ref()));
    }
    core.stage = Stage::Running;
    if let Some(origin) = &core.origin {
        origin.set_fired();
    }
    Ok(true)
}

fn release_canceller<T, E>(node: &Rc<Node<T, E>>) {
    if fault!(F50) {
        return;
    }
    let canceller = node.core.borrow_mut().canceller.take();
    match fault!(R19) {
        true => drop(canceller),
        false => drop_caught(canceller),
    }
}

/// Gives a Deferred what a callback returned for its result: it may have to wait for it.
pub(super) fn resolve<T: 'static, E: Reason>(
    node: &Rc<Node<T, E>>,
    returned: Returned<T, E>,
) -> Result<(), AlreadyCalled> {
    let _entered = Entered::new();
    if begin(node)? {
        settle(node, returned);
        release_canceller(node);
        run(node);
    }
    Ok(())
}

/// Shows the result of a Deferred, which counts as running meanwhile.
pub(super) fn look<T: 'static, E: Reason, R>(
    node: &Rc<Node<T, E>>,
    look: impl FnOnce(Option<&Result<T, E>>) -> R,
) -> R {
    let shown = {
        let mut core = node.core.borrow_mut();
        match std::mem::replace(&mut core.stage, Stage::Running) {
            Stage::Fired(result) => Some(PutBack { node, result: Some(result), entries: core.entries.len() }),
            other => {
                core.stage = other;
                None
            }
        }
    };
    look(shown.as_ref().and_then(|shown| shown.result.as_ref()))
}

/// Puts a result back that was looked at, and runs what was added meanwhile.
struct PutBack<'n, T: 'static, E: Reason> {
    node: &'n Rc<Node<T, E>>,
    result: Option<Result<T, E>>,
    entries: usize,
}

impl<T: 'static, E: Reason> Drop for PutBack<'_, T, E> {
    fn drop(&mut self) {
        let added = {
            let mut core = self.node.core.borrow_mut();
            if let Some(result) = self.result.take() {
                core.stage = Stage::Fired(result);
            }
            core.entries.len() > self.entries
        };
        if added {
            run(self.node);
        }
    }
}

/// Runs the callbacks of a Deferred that is called, and of those that wait for it.
pub(super) fn run<T: 'static, E: Reason>(node: &Rc<Node<T, E>>) {
    {
        let core = node.core.borrow();
        if core.blocked() || matches!(core.stage, Stage::Running) {
            return;
        }
    }
    let _entered = Entered::new();
    let mut below = Vec::new();
    let mut current = Rc::clone(node);
    loop {
        let resumed = match advance(&current) {
            Stop::Finished => below.pop(),
            Stop::HandOver(waiter) => {
                below.push(Suspended::HandedOver(current));
                Some(Suspended::HandedOver(waiter))
            }
            Stop::Chain(target, null) => {
                below.push(Suspended::Chained(current, null));
                Some(Suspended::HandedOver(target))
            }
        };
        match next(resumed, &mut below) {
            Some(node) => current = node,
            None => return,
        }
    }
}

/// The Deferred that runs next. One that is paused isn't going to: then all those that handed over to it are
/// left as they are, up to one that merely chained.
fn next<T: 'static, E: Reason>(
    mut resumed: Option<Suspended<T, E>>,
    below: &mut Vec<Suspended<T, E>>,
) -> Option<Rc<Node<T, E>>> {
    let mut abandoned = false;
    loop {
        match resumed? {
            Suspended::HandedOver(node) => {
                if !abandoned && !node.core.borrow().blocked() {
                    return Some(node);
                }
                abandoned = !fault!(F20);
            }
            Suspended::Chained(node, null) => {
                let left = made(null);
                node.core.borrow_mut().stage = Stage::Fired(left);
                return Some(node);
            }
        }
        resumed = below.pop();
    }
}

/// Runs a Deferred's entries until one makes it stop.
fn advance<T: 'static, E: Reason>(current: &Rc<Node<T, E>>) -> Stop<T, E> {
    loop {
        let (entry, result) = {
            let mut core = current.core.borrow_mut();
            if fault!(F33) && core.paused != 0 {
                return Stop::Finished;
            }
            let Some(entry) = core.next_entry() else {
                let named = current.links.handles.get() > 0;
                core.unhandled = matches!(core.stage, Stage::Fired(Err(_)));
                if fault!(R03) && !named {
                    core.report_unhandled();
                }
                core.unhandled &= named || !fault!(R12);
                return Stop::Finished;
            };
            let Stage::Fired(result) = std::mem::replace(&mut core.stage, Stage::Running) else {
                unreachable!("a Deferred that runs has a result");
            };
            (entry, result)
        };
        match entry {
            Entry::Call(callback) => {
                if let Some(stop) = call(current, || callback(result)) {
                    return stop;
                }
            }
            Entry::Hook(hook) => {
                if let Some(stop) = call(current, || hook.call(result)) {
                    return stop;
                }
            }
            Entry::Continue(waiter, null) => {
                let left = made(null);
                let (result, left) = if fault!(R15) { (left, result) } else { (result, left) };
                leave(current, left);
                if fault!(R04) && waiter.node().links.handles.get() == 0 {
                    continue;
                }
                let waiter = Rc::clone(waiter.node());
                let edge_back = std::mem::replace(&mut waiter.core.borrow_mut().stage, Stage::Fired(result));
                drop(edge_back);
                if fault!(F36) {
                    waiter.core.borrow_mut().paused = 0;
                }
                return Stop::HandOver(waiter);
            }
            Entry::Chain(target, null) => {
                let left = match start(target.node(), result) {
                    Ok(true) => return Stop::Chain(Rc::clone(target.node()), null),
                    Ok(false) => made(null),
                    Err(error) => Err(error.into()),
                };
                current.core.borrow_mut().stage = Stage::Fired(left);
            }
        }
    }
}

/// Calls a callback, and has the Deferred go on with what it returned.
fn call<T: 'static, E: Reason>(
    current: &Rc<Node<T, E>>,
    callback: impl FnOnce() -> Returned<T, E>,
) -> Option<Stop<T, E>> {
    let returned = {
        let _borrowed = fault!(R16).then(|| current.core.borrow());
        let _nested = Nested::enter();
        catch_unwind(AssertUnwindSafe(callback))
    };
    match returned {
        Err(_) if fault!(F05) => Some(Stop::Finished),
        returned => settle(current, or_panicked(returned)),
    }
}

/// Makes what a callback returned the Deferred's result, or has it wait.
fn settle<T: 'static, E: Reason>(current: &Rc<Node<T, E>>, returned: Returned<T, E>) -> Option<Stop<T, E>> {
    let result = match returned {
        Returned::Value(value) => Ok(value),
        Returned::Error(error) => Err(error),
        Returned::Deferred(inner, Null(null)) => {
            let inner = &inner.node;
            let own = !fault!(F26) && Rc::ptr_eq(inner, current);
            // Twisted would take the value that a running callback was given; here that has moved into it.
            let running = !own && matches!(inner.core.borrow().stage, Stage::Running);
            let null_or_stolen = if running && !fault!(F21) { Some(made(null)) } else { steal(inner, null) };
            match null_or_stolen {
                Some(result) => result,
                None => {
                    wait(current, inner, null);
                    return Some(Stop::Finished);
                }
            }
        }
    };
    current.core.borrow_mut().stage = Stage::Fired(result);
    None
}

/// Takes the result of a Deferred, and leaves a null, where it is ready to give it.
fn steal<T: 'static, E: Reason>(inner: &Rc<Node<T, E>>, null: MakeNull<T>) -> Option<Result<T, E>> {
    if !inner.core.borrow().ready() {
        return None;
    }
    // The user's code: it may change what it is made for.
    let left = made(null);
    let mut core = inner.core.borrow_mut();
    if !core.ready() {
        drop(core);
        drop_caught(left);
        return None;
    }
    core.unhandled = false;
    match std::mem::replace(&mut core.stage, Stage::Fired(left)) {
        Stage::Fired(result) => Some(result),
        _ => unreachable!("it is ready"),
    }
}

/// Has a Deferred wait for another, which may be itself.
fn wait<T: 'static, E: Reason>(current: &Rc<Node<T, E>>, inner: &Rc<Node<T, E>>, null: MakeNull<T>) {
    let directly = Rc::ptr_eq(inner, current);
    // Only a Deferred that somebody waits for can close a circle.
    let circle = directly || (current.links.held() && leads_to(inner, current));
    {
        let mut core = current.core.borrow_mut();
        core.stage = Stage::Waiting(Edge::to(inner));
        core.unhandled &= fault!(F38);
    }
    inner.core.borrow_mut().add_waiter(Entry::Continue(Edge::to(current), null));
    if circle {
        report(&Report::WaitsForItself { directly });
    }
}

/// Whether a Deferred waits, however indirectly, for another.
///
/// Looked for from both ends, a step here and a step there: building a chain link by link, from either end or
/// from pieces, one of them is near.
fn leads_to<T, E>(inner: &Rc<Node<T, E>>, current: &Rc<Node<T, E>>) -> bool {
    let mut ahead = Rc::clone(inner);
    let mut behind = vec![Rc::clone(current)];
    while let Some(node) = behind.pop() {
        let next = match &ahead.core.borrow().stage {
            Stage::Waiting(next) => Rc::clone(next.node()),
            _ => return Rc::ptr_eq(&ahead, current),
        };
        ahead = next;
        for entry in &node.core.borrow().entries {
            if let Entry::Continue(waiter, _) = entry {
                if Rc::ptr_eq(waiter.node(), inner) {
                    return true;
                }
                behind.push(Rc::clone(waiter.node()));
            }
        }
    }
    false
}

/// Sets what is left of a Deferred whose result was handed over.
fn leave<T, E>(node: &Rc<Node<T, E>>, left: Result<T, E>) {
    let mut core = node.core.borrow_mut();
    core.stage = Stage::Fired(left);
    core.unhandled = false;
}

/// Makes a null; a panic on the way is the error that is left instead.
pub(super) fn made<T, E: Reason>(null: MakeNull<T>) -> Result<T, E> {
    catch_unwind(null).map_err(|panic| Panicked::new(panic).into())
}

/// Calls the user's code; a panic becomes an error.
pub(super) fn caught<T, E: Reason>(call: impl FnOnce() -> Returned<T, E>) -> Returned<T, E> {
    or_panicked(catch_unwind(AssertUnwindSafe(call)))
}

fn or_panicked<T, E: Reason>(returned: std::thread::Result<Returned<T, E>>) -> Returned<T, E> {
    returned.unwrap_or_else(|panic| {
        if fault!(F11) && panic.is::<String>() {
            resume_unwind(panic);
        }
        Returned::Error(Panicked::new(panic).into())
    })
}
