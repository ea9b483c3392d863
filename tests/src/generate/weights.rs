//! How often each operation and each return is chosen, relative to the others.

/// The kinds of operations that the generator makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the operations of the language")]
pub enum Kind {
    New,
    NewWithCanceller,
    Succeed,
    Fail,
    Maybe,
    AddCallback,
    AddErrback,
    AddBoth,
    AddCallbacks,
    Callback,
    Errback,
    Cancel,
    Pause,
    Unpause,
    Chain,
    Probe,
    Drop,
}

/// Operations with their weights.
pub const OPERATIONS: [(Kind, u32); 17] = [
    (Kind::New, 7),
    (Kind::NewWithCanceller, 5),
    (Kind::Succeed, 3),
    (Kind::Fail, 3),
    (Kind::Maybe, 4),
    (Kind::AddCallback, 16),
    (Kind::AddErrback, 11),
    (Kind::AddBoth, 22),
    (Kind::AddCallbacks, 14),
    (Kind::Callback, 14),
    (Kind::Errback, 9),
    (Kind::Cancel, 9),
    (Kind::Pause, 3),
    (Kind::Unpause, 4),
    (Kind::Chain, 4),
    (Kind::Probe, 2),
    (Kind::Drop, 2),
];

/// The kinds of returns that the generator makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the returns of the language")]
pub enum Gives {
    Arg,
    Value,
    Raise,
    Failure,
    Panic,
    Wait,
    Trap,
}

/// Returns with their weights.
pub const RETURNS: [(Gives, u32); 7] = [
    (Gives::Arg, 16),
    (Gives::Value, 14),
    (Gives::Raise, 8),
    (Gives::Failure, 5),
    (Gives::Panic, 4),
    (Gives::Wait, 17),
    (Gives::Trap, 6),
];

/// How many programs in a hundred leave some operations out (swarm testing: what is never done can't undo
/// what others did).
pub const SWARM_PERCENT: u32 = 40;

/// How often each operation is left out in such a program, in a hundred.
pub const LEFT_OUT_PERCENT: u32 = 30;

/// How many scripts in a hundred have operations, at the top level; a third of that in scripts.
pub const BODY_PERCENT: u32 = 45;

/// The most operations that a script has.
pub const BODY_OPS: u32 = 3;

/// How deep scripts are nested at the most.
pub const NESTING: u32 = 4;

/// How many times in a hundred a slot is named that may be unbound.
pub const WILD_SLOT_PERCENT: u32 = 3;

/// How many firings in a hundred don't care whether the Deferred was fired already.
pub const FIRE_ANY_PERCENT: u32 = 20;

/// How many of a program's last operations in a hundred fire what is left unfired.
pub const FIRE_LATE_PERCENT: u32 = 80;
