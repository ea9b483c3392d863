//! The numbers of the encoding. They are frozen: no number ever gets another meaning or other fields, and what is new
//! gets a number that none has had. Files of fuzzers, here and elsewhere, are read by them.
//!
//! | fields | bytes |
//! |---|---|
//! | `d`, `to`, `r`, times, limits, counts, lengths | LEB128: seven bits a byte, the least first |
//! | ids, integers | the same, of the number in zigzag (0, -1, 1, -2 …) |
//! | `tokens` | the same, of one less |
//! | texts | length, UTF-8 |
//! | `ds` | count, slots |
//! | flags | a byte, a bit for each, the least first, in the order of the names below |
//! | `error`, `trap`, `value` | [`E0`] …, [`NULL`] …; a `trap` has its count before it |
//! | `script` | operations, then one of [`RET_ARG`] … |
//! | `steps` | for each its operations, then one of [`STEP`] …; after the last, one of [`END`] … |

/// The operations, each with its fields behind it. From 31 on none is given yet.
pub const NEW: u8 = 1;
/// `script`
pub const NEW_WITH_CANCELLER: u8 = 2;
/// `value`
pub const SUCCEED: u8 = 3;
/// `error`
pub const FAIL: u8 = 4;
/// `script`
pub const MAYBE: u8 = 5;
/// `d`, `script`
pub const ADD_CALLBACK: u8 = 6;
/// `d`, `script`
pub const ADD_ERRBACK: u8 = 7;
/// `d`, `script`
pub const ADD_BOTH: u8 = 8;
/// `d`, `script` of the callback, `script` of the errback
pub const ADD_CALLBACKS: u8 = 9;
/// `d`, `value`
pub const CALLBACK: u8 = 10;
/// `d`, `error`
pub const ERRBACK: u8 = 11;
/// `d`
pub const CANCEL: u8 = 12;
/// `d`
pub const PAUSE: u8 = 13;
/// `d`
pub const UNPAUSE: u8 = 14;
/// `d`, `to`
pub const CHAIN: u8 = 15;
/// flags: `fire_on_one_callback`, `fire_on_one_errback`, `consume_errors`; `ds`
pub const LIST: u8 = 16;
/// flags: `consume_errors`; `ds`
pub const GATHER: u8 = 17;
/// `ds`
pub const RACE: u8 = 18;
/// `d`, `after`
pub const TIMEOUT: u8 = 19;
/// `by`
pub const ADVANCE: u8 = 20;
/// `steps`
pub const COROUTINE: u8 = 21;
/// Nothing.
pub const LOCK: u8 = 22;
/// `tokens`
pub const SEMAPHORE: u8 = 23;
/// flags: `size`, `backlog`; those that there are
pub const QUEUE: u8 = 24;
/// `r`
pub const ACQUIRE: u8 = 25;
/// `r`
pub const RELEASE: u8 = 26;
/// `r`, `value`
pub const PUT: u8 = 27;
/// `r`
pub const GET: u8 = 28;
/// `d`
pub const PROBE: u8 = 29;
/// `d`
pub const DROP: u8 = 30;

/// What ends a script, with what it returns. This: nothing behind it.
pub const RET_ARG: u8 = 0x80;
/// `value`
pub const RET_VALUE: u8 = 0x81;
/// `error`
pub const RET_RAISE: u8 = 0x82;
/// `error`
pub const RET_FAILURE: u8 = 0x83;
/// A text.
pub const RET_PANIC: u8 = 0x84;
/// `d`
pub const RET_WAIT: u8 = 0x85;
/// `trap`, `value`
pub const RET_TRAP: u8 = 0x86;

/// What ends a step of a coroutine. This: nothing behind it.
pub const STEP: u8 = 0x90;
/// A step that catches: nothing behind it.
pub const STEP_CATCH: u8 = 0x91;
/// `d`
pub const AWAIT: u8 = 0x92;
/// `d`, caught.
pub const AWAIT_CATCH: u8 = 0x93;

/// What ends a coroutine. This: nothing behind it.
pub const END: u8 = 0xa0;
/// `value`
pub const END_VALUE: u8 = 0xa1;
/// `error`
pub const END_RAISE: u8 = 0xa2;

/// At the beginning of a script or of steps: its id. Else that is one more than of the one that began before, and of
/// the first it is 1.
pub const ID: u8 = 0xf0;

/// Values. This and what isn't assigned: `null`.
pub const NULL: u8 = 0;
/// `false`
pub const FALSE: u8 = 1;
/// `true`
pub const TRUE: u8 = 2;
/// An integer.
pub const INT: u8 = 3;
/// A text.
pub const TEXT: u8 = 4;

/// Errors. This and what isn't assigned: `E0`.
pub const E0: u8 = 0;
/// `E1`
pub const E1: u8 = 1;
/// `E2`
pub const E2: u8 = 2;
/// `CancelledError`, which can be trapped.
pub const CANCELLED: u8 = 3;

/// The numbers of all operations.
pub const OPERATIONS: std::ops::RangeInclusive<u8> = NEW..=DROP;

/// Whether an operation is none of the core's.
#[must_use]
pub fn of_the_family(opcode: u8) -> bool {
    (LIST..=GET).contains(&opcode)
}
