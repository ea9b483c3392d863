//! What a run shares: the Deferreds, the places that were passed, and what is owned.

use super::D;
use deferral::{Report, WeakDeferred, reset_report_hook, set_report_hook};
use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::rc::Rc;
use std::thread::panicking;

/// What a planned panic carries.
pub(super) struct Planned;

/// How many Deferreds can be named.
pub(super) const SLOTS: u8 = 4;

/// How often the user's code may do something itself.
const MOST_NESTED: usize = 64;

#[derive(Default)]
struct World {
    slots: Vec<D>,
    /// Half of those that there ever were.
    all: Vec<WeakDeferred<super::Value>>,
    /// Whether what has this ticket is there still.
    owned: Vec<bool>,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
    static PASSED: Cell<usize> = const { Cell::new(0) };
    static PANICS_AT: Cell<Option<usize>> = const { Cell::new(None) };
    static NESTED: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn begin(panics_at: Option<usize>) -> Begun {
    WORLD.take();
    PASSED.set(0);
    PANICS_AT.set(panics_at);
    NESTED.set(0);
    set_report_hook(|report: &Report<'_>| {
        // Whatever it shows is there still.
        assert!(!report.to_string().is_empty());
        place();
    });
    for on in 0..SLOTS {
        put(on, D::new());
    }
    Begun(())
}

/// What a run that fails leaves behind is in no state to be dropped.
pub(super) struct Begun(());

impl Drop for Begun {
    fn drop(&mut self) {
        if panicking() {
            std::mem::forget(WORLD.take());
        }
    }
}

/// A place where the user's code runs: it panics if it is the one that is to. (A panic while there is one already
/// would end the process.)
pub(super) fn place() {
    let passed = PASSED.replace(PASSED.get() + 1);
    if PANICS_AT.get() == Some(passed) && !panicking() {
        resume_unwind(Box::new(Planned));
    }
}

/// Nothing panics from now on, and the user's code does nothing else; how many places there were.
pub(super) fn calm_down() -> usize {
    NESTED.set(MOST_NESTED);
    PANICS_AT.set(None);
    PASSED.get()
}

/// Lets go of all Deferreds. Nothing may be left.
pub(super) fn end() {
    let slots = WORLD.with_borrow_mut(|world| std::mem::take(&mut world.slots));
    drop(slots);
    reset_report_hook();
    let world = WORLD.take();
    assert!(world.all.iter().all(|weak| weak.upgrade().is_none()), "every Deferred is gone");
    assert!(!world.owned.contains(&true), "everything was dropped");
}

/// The Deferred that has a number.
pub(super) fn slot(on: u8) -> D {
    WORLD.with_borrow(|world| world.slots[usize::from(on % SLOTS)].clone())
}

/// Gives a number to a Deferred; the one that had it is let go.
pub(super) fn put(on: u8, d: D) {
    let before = WORLD.with_borrow_mut(|world| {
        // The others have no weak pointer that keeps their memory.
        if on & SLOTS != 0 {
            world.all.push(d.downgrade());
        }
        match world.slots.get_mut(usize::from(on % SLOTS)) {
            Some(slot) => Some(std::mem::replace(slot, d)),
            None => {
                world.slots.push(d);
                None
            }
        }
    });
    drop(before);
}

/// Whether the user's code may do something itself.
pub(super) fn may_nest() -> bool {
    NESTED.replace(NESTED.get() + 1) < MOST_NESTED
}

/// At least how many Deferreds there are.
pub(super) fn most() -> usize {
    WORLD.with_borrow(|world| world.owned.len())
}

/// A ticket for what is owned.
pub(super) fn issue() -> usize {
    WORLD.with_borrow_mut(|world| {
        world.owned.push(true);
        world.owned.len() - 1
    })
}

pub(super) fn take_back(ticket: usize) {
    let was_there = WORLD.with_borrow_mut(|world| std::mem::take(&mut world.owned[ticket]));
    assert!(was_there, "it is dropped once");
}

/// Something to be set by a callback.
pub(super) fn flag() -> Rc<Cell<bool>> {
    Rc::default()
}
