//! Every small program: all sequences of up to N operations over an alphabet, on two Deferreds.

use deferral_model::value::{ErrorName, TrapName};
use deferral_model::{Op, Program, Return, Script, Value};

/// What each enumerated program begins with: an unfired Deferred in slot 0, and one with a canceller in
/// slot 1.
fn prelude() -> [Op; 2] {
    [
        Op::New { canceller: None },
        Op::New { canceller: Some(Script { id: 0, ops: Vec::new(), ret: Return::Arg }) },
    ]
}

/// The letters of the core alphabet: fourteen operations for each of the two Deferreds.
///
/// The script ids in them are placeholders; [`programs`] numbers them by place. Values and errors differ from
/// letter to letter as far as there are enough.
#[must_use]
pub fn core_alphabet() -> Vec<Op> {
    let script = |ret| Script { id: 0, ops: Vec::new(), ret };
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
                },
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
pub fn programs(alphabet: &[Op], ops: u32) -> impl Iterator<Item = Program> {
    let letters = alphabet.len() as u64;
    (1..=ops).flat_map(move |length| {
        (0..letters.pow(length)).map(move |number| {
            let mut program = prelude().to_vec();
            let mut rest = number;
            let mut places = vec![0; length as usize];
            for place in places.iter_mut().rev() {
                *place = (rest % letters) as usize;
                rest /= letters;
            }
            program.extend(places.into_iter().map(|letter| alphabet[letter].clone()));
            number_scripts(&mut program);
            Program { ops: program, ..Program::default() }
        })
    })
}

/// Gives every script outside other scripts the next number.
fn number_scripts(ops: &mut [Op]) {
    let mut id = 0;
    let mut number = |script: &mut Script| {
        id += 1;
        script.id = id;
    };
    for op in ops {
        match op {
            Op::New { canceller: Some(script) } | Op::Maybe { call: script } => number(script),
            Op::AddCallback { cb, .. } | Op::AddBoth { cb, .. } => number(cb),
            Op::AddErrback { eb, .. } => number(eb),
            Op::AddCallbacks { cb, eb, .. } => {
                number(cb);
                number(eb);
            }
            _ => {}
        }
    }
}
