//! Debug mode: where a Deferred was made, and where it was fired first.

use std::backtrace::Backtrace;
use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, OnceLock};

thread_local! {
    static DEBUGGING: Cell<bool> = const { Cell::new(false) };
}

/// Switches debug mode on or off for Deferreds that this thread makes from now on: each keeps a backtrace of
/// where it was made and one of where it was fired first, which [`AlreadyCalled`](crate::AlreadyCalled) and
/// the [report](crate::Report) of an unhandled failure show. Off, it costs one look at a flag for each
/// Deferred.
///
/// ```
/// deferral::set_debugging(true);
/// let d = deferral::Deferred::<u32>::new();
/// deferral::set_debugging(false);
/// d.callback(1).unwrap();
/// let refused = d.callback(2).unwrap_err();
/// let origin = refused.origin().unwrap();
/// assert!(origin.to_string().contains("first fired"));
/// ```
#[doc(alias = "setDebugging")]
pub fn set_debugging(on: bool) {
    // While the thread ends there may be no flag any more; then there is nobody to debug for either.
    let _ = DEBUGGING.try_with(|debugging| debugging.set(on));
}

/// Whether this thread's new Deferreds note where they were made and fired.
#[doc(alias = "getDebugging")]
#[must_use]
pub fn debugging() -> bool {
    DEBUGGING.try_with(Cell::get).unwrap_or(false)
}

/// Where a Deferred was made, and where it was fired first.
#[doc(alias = "DebugInfo")]
pub struct Origin {
    created: Backtrace,
    fired: OnceLock<Backtrace>,
}

impl Origin {
    /// The origin of a Deferred that is made now, in debug mode.
    pub(crate) fn of_new() -> Option<Arc<Self>> {
        debugging().then(|| Arc::new(Self { created: Backtrace::force_capture(), fired: OnceLock::new() }))
    }

    pub(crate) fn set_fired(&self) {
        // Only the first firing counts.
        let _ = self.fired.set(Backtrace::force_capture());
    }

    /// Where it was made.
    pub fn created(&self) -> &Backtrace {
        &self.created
    }

    /// Where it was fired first.
    #[must_use]
    pub fn fired(&self) -> Option<&Backtrace> {
        self.fired.get()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the Deferred was made:\n{}", self.created)?;
        match self.fired() {
            Some(fired) => write!(f, "and first fired:\n{fired}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
