//! What the engine is held to. Nothing fails where it isn't met: measuring is noisy.

/// A row of the table of ratios.
pub(crate) struct Row {
    /// `group/case`.
    pub(crate) case: &'static str,
    /// Who is measured.
    pub(crate) this: &'static str,
    pub(crate) against: Against,
    pub(crate) bound: Bound,
}

/// What it is measured against.
pub(crate) enum Against {
    /// Another implementation, in turn with it.
    InTurn(&'static str),
    /// One that was measured in a process of its own.
    Elsewhere(&'static str),
    /// So many nanoseconds.
    Nanoseconds(f64),
}

pub(crate) enum Bound {
    /// It takes at most so many times as long.
    AtMost(f64),
    /// It is at least so many times as fast.
    AtLeast(f64),
    /// Shown for comparison.
    None,
}

impl Against {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::InTurn(other) | Self::Elsewhere(other) => other,
            Self::Nanoseconds(_) => "target",
        }
    }
}

impl Bound {
    /// The ratio of a row as it is shown, the bound, and whether it is met.
    pub(crate) fn judge(&self, ratio: f64) -> [String; 3] {
        let met = |met| if met { "yes" } else { "no" };
        let shown = |ratio: f64| if ratio < 10.0 { format!("{ratio:.2}x") } else { format!("{ratio:.0}x") };
        let (ratio, bound, met) = match self {
            Self::AtMost(most) => (shown(ratio), format!("at most {most}x"), met(ratio <= *most)),
            Self::AtLeast(least) => {
                (shown(1.0 / ratio) + " as fast", format!("at least {least}x"), met(1.0 / ratio >= *least))
            }
            Self::None => (shown(ratio), String::new(), ""),
        };
        [ratio, bound, met.to_owned()]
    }
}

use Against::{Elsewhere, InTurn, Nanoseconds};
use Bound::{AtLeast, AtMost};

const fn row(case: &'static str, against: &'static str, bound: Bound) -> Row {
    Row { case, this: "engine", against: InTurn(against), bound }
}

const fn twisted(case: &'static str, times: f64) -> Row {
    Row { case, this: "engine", against: Elsewhere("Twisted"), bound: AtLeast(times) }
}

pub(crate) static ROWS: &[Row] = &[
    row("chain/W1-add-then-fire", "arena", AtMost(1.15)),
    row("chain/W1-add-then-fire", "boxed", Bound::None),
    row("chain/W1-add-then-fire", "naive", Bound::None),
    row("chain/W1-add-then-fire", "futures", Bound::None),
    row("chain/add-only", "arena", AtMost(1.2)),
    row("chain/fire-only", "arena", AtMost(1.3)),
    row("closures/eight-types-fire", "arena", AtMost(1.15)),
    row("chain/W2-add-to-fired", "dyn", AtMost(1.2)),
    row("wait/W3-wait-then-fire", "list", AtMost(1.1)),
    row("wait/W3-fire-only", "list", Bound::None),
    row("chain/W4-one", "alloc", AtMost(1.15)),
    row("chain/W4-one", "tokio", AtMost(0.35)),
    row("gather/W5-gather", "futures", AtMost(0.2)),
    row("wait/W6-wait-then-cancel", "list", Bound::None),
    row("wait/W6-cancel-only", "list", AtMost(1.1)),
    row("chain/W7-failure", "arena", Bound::None),
    row("growth/wait-then-fire-1000", "list", AtMost(1.15)),
    row("growth/wait-then-fire-100000", "list", AtMost(1.15)),
    row("growth/wait-then-fire-10000000", "list", AtMost(1.15)),
    row("growth/add-then-fire-1000", "arena", Bound::None),
    row("growth/add-then-fire-100000", "arena", Bound::None),
    row("growth/add-then-fire-10000000", "arena", Bound::None),
    twisted("chain/W1-add-then-fire", 150.0),
    twisted("chain/W2-add-to-fired", 50.0),
    twisted("wait/W3-wait-then-fire", 50.0),
    twisted("chain/W4-one", 50.0),
    twisted("gather/W5-gather", 50.0),
    twisted("wait/W6-wait-then-cancel", 50.0),
    twisted("chain/W7-failure", 50.0),
    Row {
        case: "suite/generated-20-operations",
        this: "lockstep",
        against: Nanoseconds(10_000.0),
        bound: AtMost(1.0),
    },
    Row {
        case: "suite/shrink-60-operations",
        this: "lockstep",
        against: Nanoseconds(1e9),
        bound: AtMost(1.0),
    },
];
