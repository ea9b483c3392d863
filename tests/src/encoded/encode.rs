//! A program as bytes.

use super::opcodes as code;
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::trace::ScriptId;
use deferral_model::value::{ErrorName, TrapName};
use deferral_model::{Op, Program, Return, Script, Value};

/// The operations of a program as bytes: [`decode`](super::decode) gives them back. Its name and why it exists aren't
/// written, as they mean nothing to a subject.
///
/// # Panics
/// When a value stands in it that no program can have: a list, a resource or a failure.
#[must_use]
pub fn encode(program: &Program) -> Vec<u8> {
    let mut encoder = Encoder { bytes: Vec::new(), last_id: Some(0) };
    encoder.ops(&program.ops);
    encoder.bytes
}

/// As [`encode`], but scripts and coroutines are numbered anew: from 1, in their order.
pub(super) fn encode_numbered(ops: &[Op]) -> Vec<u8> {
    let mut encoder = Encoder { bytes: Vec::new(), last_id: None };
    encoder.ops(ops);
    encoder.bytes
}

struct Encoder {
    bytes: Vec<u8>,
    /// Of the script or coroutine that began last; `None` where ids aren't kept.
    last_id: Option<ScriptId>,
}

impl Encoder {
    fn ops(&mut self, ops: &[Op]) {
        ops.iter().for_each(|op| self.op(op));
    }

    fn op(&mut self, op: &Op) {
        match op {
            Op::New { canceller: None } => self.byte(code::NEW),
            Op::New { canceller: Some(script) } => self.byte(code::NEW_WITH_CANCELLER).script(script),
            Op::Succeed { value } => self.byte(code::SUCCEED).value(value),
            Op::Fail { error } => self.byte(code::FAIL).error(*error),
            Op::Maybe { call } => self.byte(code::MAYBE).script(call),
            Op::AddCallback { d, cb } => self.byte(code::ADD_CALLBACK).index(*d).script(cb),
            Op::AddErrback { d, eb } => self.byte(code::ADD_ERRBACK).index(*d).script(eb),
            Op::AddBoth { d, cb } => self.byte(code::ADD_BOTH).index(*d).script(cb),
            Op::AddCallbacks { d, cb, eb } => self.byte(code::ADD_CALLBACKS).index(*d).script(cb).script(eb),
            Op::Callback { d, value } => self.byte(code::CALLBACK).index(*d).value(value),
            Op::Errback { d, error } => self.byte(code::ERRBACK).index(*d).error(*error),
            Op::Cancel { d } => self.byte(code::CANCEL).index(*d),
            Op::Pause { d } => self.byte(code::PAUSE).index(*d),
            Op::Unpause { d } => self.byte(code::UNPAUSE).index(*d),
            Op::Chain { d, to } => self.byte(code::CHAIN).index(*d).index(*to),
            Op::List { ds, fire_on_one_callback, fire_on_one_errback, consume_errors } => {
                let flags = [*fire_on_one_callback, *fire_on_one_errback, *consume_errors];
                self.byte(code::LIST).flags(&flags).indexes(ds)
            }
            Op::Gather { ds, consume_errors } => {
                self.byte(code::GATHER).flags(&[*consume_errors]).indexes(ds)
            }
            Op::Race { ds } => self.byte(code::RACE).indexes(ds),
            Op::Timeout { d, after } => self.byte(code::TIMEOUT).index(*d).number(*after),
            Op::Advance { by } => self.byte(code::ADVANCE).number(*by),
            Op::Coroutine { id, steps, ret } => {
                self.byte(code::COROUTINE).coroutine(*id, steps, ret.as_ref())
            }
            Op::Lock {} => self.byte(code::LOCK),
            Op::Semaphore { tokens } => self.byte(code::SEMAPHORE).number(tokens.saturating_sub(1)),
            Op::Queue { size, backlog } => {
                let limits = [*size, *backlog];
                self.byte(code::QUEUE).flags(&limits.map(|limit| limit.is_some()));
                limits.into_iter().flatten().fold(self, |encoder, limit| encoder.number(limit))
            }
            Op::Acquire { r } => self.byte(code::ACQUIRE).index(*r),
            Op::Release { r } => self.byte(code::RELEASE).index(*r),
            Op::Put { r, value } => self.byte(code::PUT).index(*r).value(value),
            Op::Get { r } => self.byte(code::GET).index(*r),
            Op::Probe { d } => self.byte(code::PROBE).index(*d),
            Op::Drop { d } => self.byte(code::DROP).index(*d),
        };
    }

    fn script(&mut self, script: &Script) -> &mut Self {
        self.id(script.id);
        self.ops(&script.ops);
        match &script.ret {
            Return::Arg => self.byte(code::RET_ARG),
            Return::Value(value) => self.byte(code::RET_VALUE).value(value),
            Return::Raise(error) => self.byte(code::RET_RAISE).error(*error),
            Return::Failure(error) => self.byte(code::RET_FAILURE).error(*error),
            Return::Panic(text) => self.byte(code::RET_PANIC).text(text),
            Return::Wait(d) => self.byte(code::RET_WAIT).index(*d),
            Return::Trap { trap, or_else } => {
                self.byte(code::RET_TRAP).index(trap.len());
                self.bytes.extend(trap.iter().map(|name| match name {
                    TrapName::E0 => code::E0,
                    TrapName::E1 => code::E1,
                    TrapName::E2 => code::E2,
                    TrapName::CancelledError => code::CANCELLED,
                }));
                self.value(or_else)
            }
        }
    }

    fn coroutine(&mut self, id: ScriptId, steps: &[Step], ret: Option<&CoroutineReturn>) -> &mut Self {
        self.id(id);
        for Step { ops, awaits, catch } in steps {
            self.ops(ops);
            match (awaits, catch) {
                (None, false) => self.byte(code::STEP),
                (None, true) => self.byte(code::STEP_CATCH),
                (Some(d), false) => self.byte(code::AWAIT).index(*d),
                (Some(d), true) => self.byte(code::AWAIT_CATCH).index(*d),
            };
        }
        match ret {
            None => self.byte(code::END),
            Some(CoroutineReturn::Value(value)) => self.byte(code::END_VALUE).value(value),
            Some(CoroutineReturn::Raise(error)) => self.byte(code::END_RAISE).error(*error),
        }
    }

    fn id(&mut self, id: ScriptId) {
        let Some(last) = self.last_id.replace(id) else {
            self.last_id = None;
            return;
        };
        if id != last.wrapping_add(1) {
            self.byte(code::ID).integer(id);
        }
    }

    fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.byte(code::NULL),
            Value::Bool(false) => self.byte(code::FALSE),
            Value::Bool(true) => self.byte(code::TRUE),
            Value::Int(value) => self.byte(code::INT).integer(*value),
            Value::Text(text) => self.byte(code::TEXT).text(text),
            made => panic!("a program has no value like {made:?}"),
        }
    }

    fn error(&mut self, error: ErrorName) -> &mut Self {
        self.byte(match error {
            ErrorName::E0 => code::E0,
            ErrorName::E1 => code::E1,
            ErrorName::E2 => code::E2,
        })
    }

    fn indexes(&mut self, indexes: &[usize]) -> &mut Self {
        indexes.iter().fold(self.index(indexes.len()), |encoder, index| encoder.index(*index))
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.index(text.len()).bytes.extend_from_slice(text.as_bytes());
        self
    }

    fn flags(&mut self, flags: &[bool]) -> &mut Self {
        self.byte(flags.iter().rev().fold(0, |byte, flag| byte << 1 | u8::from(*flag)))
    }

    fn integer(&mut self, integer: i64) -> &mut Self {
        self.number((integer << 1 ^ integer >> 63).cast_unsigned())
    }

    fn index(&mut self, index: usize) -> &mut Self {
        self.number(index as u64)
    }

    fn number(&mut self, mut number: u64) -> &mut Self {
        while number > 0x7f {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8)
    }

    fn byte(&mut self, byte: u8) -> &mut Self {
        self.bytes.push(byte);
        self
    }
}
