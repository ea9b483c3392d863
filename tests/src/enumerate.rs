//! Every small program: all sequences of up to N operations over an alphabet, on two Deferreds.

use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::value::{ErrorName, TrapName};
use deferral_model::{Op, Program, Return, Script, Value};
use std::sync::Arc;

/// What small programs are made of.
#[derive(Clone, Debug)]
pub struct Alphabet {
    /// What each program begins with.
    pub prelude: Vec<Op>,
    /// The operations that follow, in every order. The script ids in them are placeholders; [`programs`] numbers
    /// them by place. Values and errors differ from letter to letter as far as there are enough.
    pub letters: Vec<Op>,
}

fn script(ret: Return) -> Arc<Script> {
    Arc::new(Script { id: 0, ops: Vec::new(), ret })
}

/// The operations of the core: fourteen for each of two Deferreds, of which the second has a canceller.
#[must_use]
pub fn core() -> Alphabet {
    let prelude = vec![Op::New { canceller: None }, Op::New { canceller: Some(script(Return::Arg)) }];
    Alphabet { prelude, letters: core_letters() }
}

/// The family: lists, races, timeouts, a coroutine, a lock and a queue on two Deferreds, and what moves them.
///
/// Slot 2 and, less often, slot 3 name what the first operations bind.
#[must_use]
pub fn family() -> Alphabet {
    let list = |one_callback, one_errback, consume| Op::List {
        ds: vec![0, 1],
        fire_on_one_callback: one_callback,
        fire_on_one_errback: one_errback,
        consume_errors: consume,
    };
    let awaits = |slot, catch| Step { ops: Vec::new(), awaits: Some(slot), catch };
    let mut prelude = core().prelude;
    prelude.extend([Op::Lock {}, Op::Queue { size: Some(1), backlog: Some(1) }]);
    let letters = vec![
        list(false, false, false),
        list(true, false, true),
        list(false, true, false),
        Op::Gather { ds: vec![0, 0], consume_errors: true },
        Op::Race { ds: vec![0, 1] },
        Op::Timeout { d: 0, after: 1 },
        Op::Timeout { d: 2, after: 1 },
        Op::Advance { by: 1 },
        Op::Coroutine {
            id: 0,
            steps: vec![awaits(0, false), awaits(1, true)],
            ret: Some(CoroutineReturn::Value(Value::Int(1))),
        },
        Op::Coroutine {
            id: 0,
            steps: vec![awaits(2, true)],
            ret: Some(CoroutineReturn::Raise(ErrorName::E2)),
        },
        Op::Acquire { r: 0 },
        Op::Release { r: 0 },
        Op::Put { r: 1, value: Value::Int(2) },
        Op::Get { r: 1 },
        Op::Callback { d: 0, value: Value::Int(3) },
        Op::Errback { d: 0, error: ErrorName::E0 },
        Op::Callback { d: 1, value: Value::Int(4) },
        Op::Cancel { d: 0 },
        Op::Cancel { d: 2 },
        Op::Cancel { d: 3 },
        Op::Pause { d: 0 },
        Op::Unpause { d: 0 },
        Op::AddBoth { d: 0, cb: script(Return::Wait(2)) },
        Op::AddBoth { d: 2, cb: script(Return::Wait(1)) },
        Op::AddErrback { d: 2, eb: script(Return::Value(Value::Int(5))) },
        Op::Drop { d: 2 },
    ];
    Alphabet { prelude, letters }
}

fn core_letters() -> Vec<Op> {
    let mut letters = Vec::new();
    for (d, other) in [(0, 1), (1, 0)] {
        let base = 10 * i64::try_from(d).expect("it is 0 or 1");
        let error = [ErrorName::E0, ErrorName::E1][d];
        letters.extend([
            Op::Callback { d, value: Value::Int(base + 1) },
            Op::Errback { d, error },
            Op::Cancel { d },
            Op::Pause { d },
            Op::Unpause { d },
            Op::Drop { d },
            Op::Chain { d, to: other },
            Op::AddCallback { d, cb: script(Return::Value(Value::Int(base + 2))) },
            Op::AddCallback { d, cb: script(Return::Raise(ErrorName::E2)) },
            Op::AddErrback { d, eb: script(Return::Value(Value::Int(base + 3))) },
            Op::AddBoth { d, cb: script(Return::Wait(other)) },
            Op::AddBoth { d, cb: script(Return::Wait(d)) },
            Op::AddCallbacks {
                d,
                cb: script(Return::Failure(error)),
                eb: script(Return::Trap {
                    trap: vec![TrapName::CancelledError],
                    or_else: Value::Int(base + 4),
                }),
            },
            Op::AddBoth {
                d,
                cb: Script {
                    id: 0,
                    ops: vec![Op::Pause { d: other }, Op::Cancel { d: other }],
                    ret: Return::Arg,
                }
                .into(),
            },
        ]);
    }
    letters
}

/// How many programs [`programs`] gives: one for each sequence of 1 to `ops` letters.
#[must_use]
pub fn count(letters: usize, ops: u32) -> u64 {
    (1..=ops).map(|length| (letters as u64).pow(length)).sum()
}

/// Every program of 1 to `ops` operations, the shortest first, then in the order of the letters.
pub fn programs(alphabet: &Alphabet, ops: u32) -> impl Iterator<Item = Program> {
    let letters = alphabet.letters.len() as u64;
    (1..=ops).flat_map(move |length| {
        (0..letters.pow(length)).map(move |number| {
            let mut program = alphabet.prelude.clone();
            let mut rest = number;
            let mut places = vec![0; length as usize];
            for place in places.iter_mut().rev() {
                *place = (rest % letters) as usize;
                rest /= letters;
            }
            program.extend(places.into_iter().map(|letter| alphabet.letters[letter].clone()));
            number_scripts(&mut program);
            Program { ops: program, ..Program::default() }
        })
    })
}

/// Gives every script and coroutine outside other scripts the next number.
fn number_scripts(ops: &mut [Op]) {
    let mut last = 0;
    let mut number = |id: &mut i64| {
        last += 1;
        *id = last;
    };
    for op in ops {
        match op {
            Op::New { canceller: Some(script) } | Op::Maybe { call: script } => {
                number(&mut Arc::make_mut(script).id);
            }
            Op::AddCallback { cb, .. } | Op::AddBoth { cb, .. } => number(&mut Arc::make_mut(cb).id),
            Op::AddErrback { eb, .. } => number(&mut Arc::make_mut(eb).id),
            Op::AddCallbacks { cb, eb, .. } => {
                number(&mut Arc::make_mut(cb).id);
                number(&mut Arc::make_mut(eb).id);
            }
            Op::Coroutine { id, .. } => number(id),
            _ => {}
        }
    }
}
