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
    List,
    Gather,
    Race,
    Timeout,
    Advance,
    Coroutine,
    Lock,
    Semaphore,
    Queue,
    Acquire,
    Release,
    Put,
    Get,
}

/// The operations of the core, with their weights.
pub const CORE: [(Kind, u32); 17] = [
    (Kind::New, 7),
    (Kind::NewWithCanceller, 5),
    (Kind::Succeed, 3),
    (Kind::Fail, 3),
    (Kind::Maybe, 4),
    (Kind::AddCallback, 18),
    (Kind::AddErrback, 11),
    (Kind::AddBoth, 26),
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

/// The other operations, with their weights beside those of the core.
pub const FAMILY: [(Kind, u32); 13] = [
    (Kind::List, 6),
    (Kind::Gather, 3),
    (Kind::Race, 4),
    (Kind::Timeout, 4),
    (Kind::Advance, 4),
    (Kind::Coroutine, 14),
    (Kind::Lock, 1),
    (Kind::Semaphore, 1),
    (Kind::Queue, 2),
    (Kind::Acquire, 5),
    (Kind::Release, 6),
    (Kind::Put, 5),
    (Kind::Get, 5),
];

/// Operations that show little without each other.
pub const GROUPS: [&[Kind]; 11] = [
    &[Kind::Pause, Kind::Unpause],
    &[Kind::Cancel, Kind::NewWithCanceller],
    &[Kind::Chain, Kind::Callback],
    &[Kind::Probe, Kind::Drop],
    &[Kind::Succeed, Kind::Fail, Kind::Maybe],
    &[Kind::List, Kind::Gather, Kind::Cancel],
    &[Kind::Race, Kind::Errback],
    &[Kind::Timeout, Kind::Advance],
    &[Kind::Coroutine, Kind::Cancel],
    &[Kind::Lock, Kind::Acquire, Kind::Release],
    &[Kind::Queue, Kind::Put, Kind::Get],
];

/// How many programs in a hundred prefer some groups.
pub const PREFERRING_PERCENT: u32 = 60;
/// How many groups such a program prefers at the most.
pub const PREFERRED_GROUPS: u32 = 3;
/// How much more often an operation of a preferred group is chosen.
pub const PREFERENCE: u32 = 5;

/// How many programs in a hundred use the core alone.
pub const CORE_PERCENT: u32 = 30;

/// The most steps that a coroutine has.
pub const STEPS: u32 = 3;

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

/// How many times in a hundred a scene comes where there is room for one.
pub const SCENE_PERCENT: u32 = 8;
/// The most operations that a scene has.
pub const SCENE_OPS: u32 = 8;
/// How many scenes in a hundred end with a drop of something that they made.
pub const DROP_PERCENT: u32 = 15;

/// How many cancellers in a hundred fire their own Deferred for sure.
pub const CANCELLER_FIRES_PERCENT: u32 = 30;
/// How many others panic for sure.
pub const CANCELLER_PANICS_PERCENT: u32 = 10;

/// Four of so many times of the clock are large ones.
pub const LARGE_TIME_EVERY: u32 = 200;

/// How many times in a hundred an operation names the slot that the one before it named.
pub const SAME_SLOT_PERCENT: u32 = 25;

/// How many firings in a hundred don't care whether the Deferred was fired already.
pub const FIRE_ANY_PERCENT: u32 = 20;

/// How many of a program's last operations in a hundred fire what is left unfired.
pub const FIRE_LATE_PERCENT: u32 = 80;
