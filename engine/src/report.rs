//! What nobody else can be told: failures that nobody handled, circles, panics where none may leave.

use crate::debug::Origin;
use crate::error::Panicked;
use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// Something that went wrong where nobody is there to be told by a return value.
#[non_exhaustive]
pub enum Report<'a> {
    /// A Deferred went away with a failure that no errback handled.
    ///
    /// As in Twisted, a failure that arrived while the Deferred was paused isn't reported.
    #[non_exhaustive]
    Unhandled {
        /// The error.
        error: &'a (dyn Reported + 'static),
        /// Where the Deferred was made and first fired, when that was in debug mode.
        origin: Option<&'a Origin>,
    },
    /// A callback returned the Deferred that it was added to, or one that waits for that: the chain never
    /// goes on.
    #[non_exhaustive]
    WaitsForItself {
        /// Whether it was the very same Deferred.
        directly: bool,
    },
    /// A list was cancelled, and the canceller of one of its members panicked; the others are cancelled all
    /// the same.
    #[non_exhaustive]
    CancellerPanicked {
        /// What it panicked with.
        panicked: &'a Panicked,
    },
    /// Something that a Deferred owned panicked when it was dropped.
    #[non_exhaustive]
    DropPanicked,
}

/// An error in a report: it can be printed, or be asked for its type.
pub trait Reported: Any + fmt::Debug {}

impl<E: Any + fmt::Debug> Reported for E {}

impl dyn Reported {
    /// The error, when it is an `X`.
    #[must_use]
    pub fn downcast_ref<X: 'static>(&self) -> Option<&X> {
        (self as &dyn Any).downcast_ref()
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unhandled { error, origin: None } => write!(f, "Unhandled error in Deferred: {error:?}"),
            Self::Unhandled { error, origin: Some(origin) } => {
                write!(f, "Unhandled error in Deferred: {error:?}\n{origin}")
            }
            Self::CancellerPanicked { panicked } => write!(f, "a canceller failed: {panicked}"),
            Self::WaitsForItself { directly: true } => {
                f.write_str("a callback returned the Deferred it was attached to; its chain never goes on")
            }
            Self::WaitsForItself { directly: false } => {
                f.write_str("a callback returned a Deferred that waits for its own; neither chain goes on")
            }
            Self::DropPanicked => f.write_str("something that a Deferred owned panicked when it was dropped"),
        }
    }
}

type Hook = Rc<dyn Fn(&Report<'_>)>;

thread_local! {
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

/// Has this thread's reports go to a function instead of the `log` crate. A panic of the function is
/// survived.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
///
/// let reports = Rc::new(RefCell::new(Vec::new()));
/// let seen = Rc::clone(&reports);
/// deferral::set_report_hook(move |report| seen.borrow_mut().push(report.to_string()));
/// drop(deferral::fail::<(), _>(deferral::Failure::new("nobody looks")));
/// assert!(reports.borrow()[0].starts_with("Unhandled error in Deferred: nobody looks"));
/// ```
pub fn set_report_hook(hook: impl Fn(&Report<'_>) + 'static) {
    replace_hook(Some(Rc::new(hook)));
}

/// Has this thread's reports go to the `log` crate again: unhandled failures and panics of
/// cancellers as errors, the rest as warnings.
pub fn reset_report_hook() {
    replace_hook(None);
}

fn replace_hook(hook: Option<Hook>) {
    // The old hook is dropped outside the borrow: its drop may report.
    let old = HOOK.try_with(|cell| cell.replace(hook));
    drop_caught(old);
}

pub(crate) fn report(report: &Report<'_>) {
    // The hook's thread-local may be gone while the thread ends: then the log is told.
    let hook = HOOK.try_with(|cell| cell.borrow().clone()).ok().flatten();
    let told = catch_unwind(AssertUnwindSafe(|| match &hook {
        Some(hook) => hook(report),
        None => match report {
            Report::Unhandled { .. } | Report::CancellerPanicked { .. } => log::error!("{report}"),
            _ => log::warn!("{report}"),
        },
    }));
    if let Err(payload) = told {
        forget_payload(payload);
    }
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(hook))) {
        forget_payload(payload);
    }
}

/// Drops what belongs to the user; a panic on the way is reported and goes no further.
pub(crate) fn drop_caught<X>(owned: X) {
    if !std::mem::needs_drop::<X>() {
        return;
    }
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(owned))) {
        dropped(payload);
    }
}

/// Reports that a drop panicked.
#[cold]
pub(crate) fn dropped(payload: Box<dyn Any + Send>) {
    forget_payload(payload);
    report(&Report::DropPanicked);
}

/// A panic's payload can itself panic when it is dropped: such a one is leaked.
fn forget_payload(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}
