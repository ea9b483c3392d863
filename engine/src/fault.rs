//! Planted faults: one wrong decision of the engine each, so that a suite can prove that it finds them.
//!
//! They are compiled with `--cfg deferral_faults` only, and one at a time is chosen, for a thread. `fault!(F31)`
//! stands where the engine decides otherwise then; in any other build it is `false`.
//!
//! F numbers are those of the catalogue, for any engine. R numbers are for mistakes that this engine invites:
//! moved results, counted edges, panics that unwind.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

/// Writes down the faults: name, origin, and what goes wrong.
macro_rules! faults {
    ($($name:ident $origin:expr, $wrong:literal;)*) => {
        /// A wrong variant of the engine.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fault {
            $(#[doc = $wrong] $name,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// What goes wrong.
            #[must_use]
            pub fn wrong(self) -> &'static str {
                match self {
                    $(Self::$name => $wrong,)*
                }
            }

            /// Where it comes from.
            #[must_use]
            pub fn origin(self) -> Origin {
                match self {
                    $(Self::$name => $origin,)*
                }
            }
        }
    };
}

/// Where a fault comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The catalogue: it was in a release or a snapshot of Twisted, or is what a ticket asks for.
    Real,
    /// The catalogue: whoever writes an engine may well make it.
    Plausible,
    /// Whoever writes one in Rust may: where.
    Rust(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real",
            Self::Plausible => "plausible",
            Self::Rust(place) => place,
        })
    }
}

use Origin::{Plausible, Real, Rust};

faults! {
    F05 Plausible, "still running after a callback that panicked";
    F08 Plausible, "a second firing is ignored";
    F09 Plausible, "a second firing is refused, but has overwritten the result";
    F11 Plausible, "a panic with a formatted message leaves callback() instead of becoming a failure";
    F12 Plausible, "the errback of a pair handles its own callback's error";
    F20 Real, "a paused waiter doesn't stop the rest of the Deferred that it waited for";
    F21 Real, "a returned Deferred that is running is waited for";
    F23 Plausible, "a fired but paused Deferred that is returned or awaited counts as ready";
    F26 Real, "a callback that returns its own Deferred gives a plain value";
    F31 Real, "pausing is a switch, not a count";
    F33 Plausible, "pausing inside a callback stops the entries already queued";
    F34 Plausible, "the pause counter never falls below 0";
    F35 Real, "unpausing is ignored while waiting";
    F36 Plausible, "a hand-over forgets the waiter's own pauses";
    F37 Real, "a failure that arrives while paused is reported";
    F38 Plausible, "the mark of a failure stays while its handler's Deferred is waited for";
    F41 Plausible, "the ignoring of a late result after a cancel is never used up";
    F42 Plausible, "a late result is ignored although there is a canceller";
    F45 Plausible, "a cancel is not forwarded to the Deferred that is waited for";
    F48 Real, "a canceller's panic is swallowed";
    F49 Plausible, "the canceller is taken out before it is called";
    F50 Real, "the canceller is kept after the firing";
    F51 Plausible, "cancelling the target of a chain cancels its source";
    F57 Plausible, "consume_errors takes the members' values as well";
    F62 Real, "cancelling a fired list reaches what it waits for";
    F64 Plausible, "a member that stands in a list twice is counted once";
    F67 Plausible, "a race fires before it cancels the losers";
    F68 Plausible, "a race's failures are in the order of their coming";
    F70 Plausible, "a timeout outlives the firing";
    F71 Plausible, "a cancel before the timeout gives TimedOut";
    F74 Plausible, "who waits for a queue last is served first";
    F75 Plausible, "a cancelled waiter keeps its place, and the lock is lost";
    F79 Plausible, "a semaphore takes back more tokens than it gave out";
    F80 Real, "cancelling a coroutine doesn't reach what it awaits";
    F85 Real, "an awaited Deferred keeps its value";
    F89 Plausible, "the fifth entry is lost when the store spills over";
    F90 Plausible, "entries that spilled over run before those in place";
    F91 Plausible, "an entry added during a run is lost when the store is just full";
    R01 Rust("numbers that are given again, as those of slots are"),
        "cancelling a delayed call that is over cancels another that has its number";
    R02 Rust("upgrading a weak handle by the Rc's own count"),
        "a weak handle reaches a Deferred that was reclaimed";
    R03 Rust("reporting where the run ends, when the last handle is gone, and in Drop as well"),
        "a failure is reported twice when the last handle went before the run's end";
    R04 Rust("moving the result out before the waiter is looked for"),
        "a result is lost when nobody has a handle of the waiter";
    R05 Rust("counting out after the call, without a guard"),
        "a canceller that panics counts as running for good";
    R06 Rust("a guard against endless cancelling"),
        "what is being cancelled isn't cancelled again from within";
    R07 Rust("dying with the last handle, whoever runs it"),
        "a Deferred whose last handle goes inside its own callback dies under it";
    R08 Rust("a weak edge where only one side holds the other"),
        "what is held from one side only is reclaimed too early";
    R09 Rust("an edge that the reclaimer isn't shown"),
        "Deferreds of which one waits for the other are never reclaimed";
    R10 Rust("an edge that the reclaimer isn't shown"),
        "an unfired list is never reclaimed with its members";
    R11 Rust("an edge that the reclaimer isn't shown"),
        "a coroutine is never reclaimed with what it awaits";
    R12 Rust("a mark that is cleared on the wrong side of a hand-over"),
        "a failure isn't reported when the last handle went before it came";
    R13 Rust("ManuallyDrop, or a union, for the two sides of a pair"),
        "the errback of a pair whose callback is called is never dropped";
    R14 Rust("a counter of eight bits that wraps"),
        "256 pauses are none";
    R15 Rust("mem::replace with its arguments the wrong way round"),
        "who waits gets the null, and the result stays";
    R16 Rust("one guard around a run of callbacks, and the rest of them unwound"),
        "a panic loses the callbacks that were queued behind it";
    R17 Rust("a queue of suspects that is only looked at where it is filled"),
        "what becomes unreachable inside a callback is never reclaimed";
    R18 Rust("a clone of the result that leaves the mark"),
        "a failure that was awaited is reported";
    R19 Rust("dropping what is the user's without a guard"),
        "a canceller whose drop panics keeps the callbacks from running";
    R20 Rust("a shortcut past the queue that looks at the queue alone"),
        "a callback overtakes the hook of a coroutine that was cancelled while unpaused too often";
}

impl Fault {
    /// Whether random programs of the conformance suite show it. The others are for the engine's own tests, and
    /// R06 and R20 for stored programs: in a million random ones there may be none.
    #[must_use]
    pub fn in_programs(self) -> bool {
        !matches!(self, Self::R02 | Self::R06 | Self::R19 | Self::R20)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(id: &str) -> Result<Self, UnknownFault> {
        let known = Self::ALL.iter().find(|fault| fault.id() == id);
        known.copied().ok_or_else(|| UnknownFault(id.to_owned()))
    }
}

/// The engine has no fault of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFault(pub String);

impl fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the engine has no fault `{}`", self.0)
    }
}

impl std::error::Error for UnknownFault {}

thread_local! {
    static CHOSEN: Cell<Option<Fault>> = Cell::new(from_environment());
}

/// What `DEFERRAL_FAULT` says.
///
/// # Panics
/// When it names no fault: to go on without one would look as if it hadn't been found.
fn from_environment() -> Option<Fault> {
    let id = std::env::var("DEFERRAL_FAULT").ok().filter(|id| !id.is_empty())?;
    Some(id.parse().unwrap_or_else(|unknown| panic!("DEFERRAL_FAULT: {unknown}")))
}

/// Has this thread's engine go wrong in this way from now on, or be right again. Until it is called, the
/// environment variable `DEFERRAL_FAULT` chooses.
pub fn choose(fault: Option<Fault>) {
    CHOSEN.set(fault);
}

/// Whether this one is chosen.
pub(crate) fn is(fault: Fault) -> bool {
    CHOSEN.get() == Some(fault)
}
