//! Twisted's `Deferred` for Rust: a result that comes later, with the chain of callbacks that it will run
//! through.
//!
//! A [`Deferred`] is fired once, with [`callback`](Deferred::callback) or [`errback`](Deferred::errback).
//! The result runs through the callbacks in the order in which they were added; each gives the next one its
//! result. An error, or a panic, switches to the errback side; an errback that returns a value switches back.
//! A callback may return another Deferred, and the chain waits for it. All of it happens synchronously, on
//! the thread that owns the Deferred: there is no event loop in here.
//!
//! ```
//! use deferral::{Deferred, Failure};
//!
//! let d: Deferred<String> = Deferred::new();
//! d.add_callback(|page| page + "!")
//!     .add_callback(|page| -> Result<String, Failure> { Err(Failure::new(format!("can't show {page}"))) })
//!     .add_errback(|failure| failure.message());
//! d.callback("hello".into()).unwrap();
//! d.add_callback(|text| { assert_eq!(text, "can't show hello!"); text });
//! ```
//!
//! What it does in every corner is what Twisted 26.10.0 does; where a typed language can't, the item says so.
//!
//! Coming from Twisted: [`guide::from_twisted`]. From Rust's futures: [`guide::from_rust`].
//!
//! # Ownership
//! [`Deferred`] is a handle, cheap to clone. A Deferred lives as long as a handle, or one that waits for it or
//! that it waits for, can be reached; Deferreds that wait for each other and that nobody can reach any more
//! are freed with their callbacks, and unhandled failures in them are reported. Closures
//! and values of your own stay opaque: where they hold handles in a circle, to the Deferred that they are added
//! to or to each other's, all of it is kept until they have run. Give such a closure a [`WeakDeferred`].
//!
//! # Threads
//! A Deferred belongs to the thread that made it:
//!
//! ```compile_fail,E0277
//! fn other_thread<X: Send>(_: X) {}
//! other_thread(deferral::Deferred::<u32>::new());
//! ```
//!
//! # Panics
//! A panic in a callback becomes a failure ([`Panicked`]) for the next errback. One in a canceller leaves
//! [`Deferred::cancel`]; the Deferred stays as it was, canceller and all. Panics in a callback's drop and in
//! the report hook end there and are reported.

/// Whether a planted fault happens here: never, but in a build for faults, when it is the chosen one.
#[cfg(not(deferral_faults))]
macro_rules! fault {
    ($name:ident) => {
        false
    };
}
#[cfg(deferral_faults)]
macro_rules! fault {
    ($name:ident) => {
        crate::fault::is(crate::fault::Fault::$name)
    };
}

mod debug;
mod deferred;
mod error;
mod failure;
#[cfg(deferral_faults)]
#[doc(hidden)]
pub mod fault;
pub mod guide;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod raw {
    //! What only tests and fuzzing reach.
    pub use crate::deferred::callbacks;
}
mod report;
mod returned;
mod sync;
mod time;
#[cfg(feature = "tokio")]
#[path = "tokio_bridge.rs"]
pub mod tokio;

pub use debug::{Origin, debugging, set_debugging};
pub use deferred::Null;
pub use deferred::{
    Deferred, DeferredFuture, DeferredList, ListResult, State, WeakDeferred, fail, gather_results, log_error,
    maybe_deferred, passthru, race, race_with, run_woken, succeed,
};
pub use error::{
    AlreadyCalled, Cancelled, FailureGroup, FirstError, Panicked, QueueOverflow, QueueUnderflow, Reason,
    Surplus, TimedOut, TimeoutReason,
};
pub use failure::Failure;
pub use report::{Report, Reported, reset_report_hook, set_report_hook};
pub use returned::{IntoReturned, Returned};
pub use sync::{DeferredLock, DeferredQueue, DeferredSemaphore, Guard};
pub use time::{Clock, DelayedCall, ManualClock};
