//! Bytes as a program. Any bytes are one.

use super::opcodes as code;
use crate::generate::Operations;
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::trace::ScriptId;
use deferral_model::value::{ErrorName, TrapName};
use deferral_model::{Op, Program, Return, Script, Value};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// How many operations and steps a program has at the most that a fuzzer runs: it stays short.
pub const MOST: usize = 64;

/// How deep scripts and coroutines are nested at the most, in levels of JSON: 40 scripts, or 30 coroutines. So what is
/// decoded can be written as JSON, and read again.
const DEEPEST: usize = 120;
const SCRIPT: usize = 3;
const COROUTINE: usize = 4;

/// The program that bytes stand for: of those operations alone (others are read and left out), and of at most
/// `most` operations and steps, those inside scripts and those left out too.
///
/// What is missing at the end is 0. A byte is skipped where an operation or an end belongs and it is neither, or would
/// nest too deep; an id that stands already becomes the next one that doesn't.
#[must_use]
pub fn decode(bytes: &[u8], operations: Operations, most: usize) -> Program {
    let mut decoder = Decoder { bytes, operations, left: most, last_id: 0, ids: FxHashSet::default() };
    let (ops, _) = decoder.ops(0, |_| false);
    Program { ops, ..Program::default() }
}

struct Decoder<'b> {
    /// What is still to be read.
    bytes: &'b [u8],
    operations: Operations,
    /// How many operations and steps may still come.
    left: usize,
    /// Of the script or coroutine that began last.
    last_id: ScriptId,
    ids: FxHashSet<ScriptId>,
}

impl Decoder<'_> {
    /// Operations, and the byte that ended them; none where there was nothing left to read.
    fn ops(&mut self, depth: usize, ends: impl Fn(u8) -> bool) -> (Vec<Op>, Option<u8>) {
        let mut ops = Vec::new();
        while let Some((&opcode, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            if ends(opcode) {
                return (ops, Some(opcode));
            }
            if !code::OPERATIONS.contains(&opcode) {
                continue;
            }
            if !self.counts() {
                break;
            }
            let left_out = self.operations == Operations::Core && code::of_the_family(opcode);
            ops.extend(self.op(opcode, depth).filter(|_| !left_out));
        }
        (ops, None)
    }

    /// Takes in one more operation or step. Where there are too many, all the rest is left out.
    fn counts(&mut self) -> bool {
        if self.left == 0 {
            self.bytes = &[];
            return false;
        }
        self.left -= 1;
        true
    }

    /// The operation of a number; none where there is none, or it would nest too deep.
    fn op(&mut self, opcode: u8, depth: usize) -> Option<Op> {
        let inside = match opcode {
            code::NEW_WITH_CANCELLER | code::MAYBE | code::ADD_CALLBACK..=code::ADD_CALLBACKS => {
                depth + SCRIPT
            }
            code::COROUTINE => depth + COROUTINE,
            _ => depth,
        };
        if inside > DEEPEST {
            return None;
        }
        Some(match opcode {
            code::NEW => Op::New { canceller: None },
            code::NEW_WITH_CANCELLER => Op::New { canceller: Some(self.script(inside)) },
            code::SUCCEED => Op::Succeed { value: self.value() },
            code::FAIL => Op::Fail { error: self.error() },
            code::MAYBE => Op::Maybe { call: self.script(inside) },
            code::ADD_CALLBACK => Op::AddCallback { d: self.index(), cb: self.script(inside) },
            code::ADD_ERRBACK => Op::AddErrback { d: self.index(), eb: self.script(inside) },
            code::ADD_BOTH => Op::AddBoth { d: self.index(), cb: self.script(inside) },
            code::ADD_CALLBACKS => {
                Op::AddCallbacks { d: self.index(), cb: self.script(inside), eb: self.script(inside) }
            }
            code::CALLBACK => Op::Callback { d: self.index(), value: self.value() },
            code::ERRBACK => Op::Errback { d: self.index(), error: self.error() },
            code::CANCEL => Op::Cancel { d: self.index() },
            code::PAUSE => Op::Pause { d: self.index() },
            code::UNPAUSE => Op::Unpause { d: self.index() },
            code::CHAIN => Op::Chain { d: self.index(), to: self.index() },
            code::LIST => {
                let [fire_on_one_callback, fire_on_one_errback, consume_errors] = self.flags();
                let ds = self.indexes();
                Op::List { ds, fire_on_one_callback, fire_on_one_errback, consume_errors }
            }
            code::GATHER => {
                let [consume_errors] = self.flags();
                Op::Gather { ds: self.indexes(), consume_errors }
            }
            code::RACE => Op::Race { ds: self.indexes() },
            code::TIMEOUT => Op::Timeout { d: self.index(), after: self.number() },
            code::ADVANCE => Op::Advance { by: self.number() },
            code::COROUTINE => self.coroutine(inside),
            code::LOCK => Op::Lock {},
            code::SEMAPHORE => Op::Semaphore { tokens: self.number().saturating_add(1) },
            code::QUEUE => {
                let [size, backlog] = self.flags().map(|limited| limited.then_some(()));
                let (size, backlog) = (size.map(|()| self.number()), backlog.map(|()| self.number()));
                Op::Queue { size, backlog }
            }
            code::ACQUIRE => Op::Acquire { r: self.index() },
            code::RELEASE => Op::Release { r: self.index() },
            code::PUT => Op::Put { r: self.index(), value: self.value() },
            code::GET => Op::Get { r: self.index() },
            code::PROBE => Op::Probe { d: self.index() },
            code::DROP => Op::Drop { d: self.index() },
            _ => return None,
        })
    }

    fn script(&mut self, depth: usize) -> Arc<Script> {
        let id = self.id();
        let (ops, end) = self.ops(depth, |byte| (code::RET_ARG..=code::RET_TRAP).contains(&byte));
        let ret = match end {
            Some(code::RET_VALUE) => Return::Value(self.value()),
            Some(code::RET_RAISE) => Return::Raise(self.error()),
            Some(code::RET_FAILURE) => Return::Failure(self.error()),
            Some(code::RET_PANIC) => Return::Panic(self.text()),
            Some(code::RET_WAIT) => Return::Wait(self.index()),
            Some(code::RET_TRAP) => {
                let names = (0..self.count()).map(|_| self.trapped()).collect();
                Return::Trap { trap: names, or_else: self.value() }
            }
            _ => Return::Arg,
        };
        Arc::new(Script { id, ops, ret })
    }

    fn coroutine(&mut self, depth: usize) -> Op {
        let id = self.id();
        let mut steps = Vec::new();
        loop {
            let ends = |byte| matches!(byte, code::STEP..=code::AWAIT_CATCH | code::END..=code::END_RAISE);
            let (ops, end) = self.ops(depth, ends);
            let is_step = matches!(end, Some(code::STEP..=code::AWAIT_CATCH));
            // Operations before the end, or before nothing, are a step as well.
            if is_step && self.counts() || !ops.is_empty() {
                let awaits = matches!(end, Some(code::AWAIT | code::AWAIT_CATCH)).then(|| self.index());
                let catch = matches!(end, Some(code::STEP_CATCH | code::AWAIT_CATCH));
                steps.push(Step { ops, awaits, catch });
            }
            if is_step {
                continue;
            }
            let ret = match end {
                Some(code::END_VALUE) => Some(CoroutineReturn::Value(self.value())),
                Some(code::END_RAISE) => Some(CoroutineReturn::Raise(self.error())),
                _ => None,
            };
            return Op::Coroutine { id, steps, ret };
        }
    }

    fn id(&mut self) -> ScriptId {
        let mut id = self.last_id.wrapping_add(1);
        if let [code::ID, rest @ ..] = self.bytes {
            self.bytes = rest;
            id = self.integer();
        }
        while !self.ids.insert(id) {
            id = id.wrapping_add(1);
        }
        self.last_id = id;
        id
    }

    fn value(&mut self) -> Value {
        match self.byte() {
            code::FALSE => Value::Bool(false),
            code::TRUE => Value::Bool(true),
            code::INT => Value::Int(self.integer()),
            code::TEXT => Value::Text(self.text()),
            _ => Value::Null,
        }
    }

    fn error(&mut self) -> ErrorName {
        match self.byte() {
            code::E1 => ErrorName::E1,
            code::E2 => ErrorName::E2,
            _ => ErrorName::E0,
        }
    }

    fn trapped(&mut self) -> TrapName {
        match self.byte() {
            code::E1 => TrapName::E1,
            code::E2 => TrapName::E2,
            code::CANCELLED => TrapName::CancelledError,
            _ => TrapName::E0,
        }
    }

    fn indexes(&mut self) -> Vec<usize> {
        (0..self.count()).map(|_| self.index()).collect()
    }

    fn text(&mut self) -> String {
        let length = self.count();
        let (text, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// How many of something come, each of a byte or more: no more than there are bytes.
    fn count(&mut self) -> usize {
        self.index().min(self.bytes.len())
    }

    fn flags<const N: usize>(&mut self) -> [bool; N] {
        let byte = self.byte();
        std::array::from_fn(|bit| byte >> bit & 1 == 1)
    }

    fn integer(&mut self) -> i64 {
        let number = self.number();
        (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
    }

    fn index(&mut self) -> usize {
        usize::try_from(self.number()).unwrap_or(usize::MAX)
    }

    /// Bits behind the 64th are lost.
    fn number(&mut self) -> u64 {
        let mut number = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }

    fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        byte
    }
}
