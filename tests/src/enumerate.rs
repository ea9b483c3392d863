//! Every small program: all sequences of up to N operations over an alphabet, on two Deferreds.

use crate::digest::Digest;
use crate::lockstep::{Looks, Verdict, caught, step_by_step};
use crate::subjects::engine::Engine;
use crate::subjects::model::Model;
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::value::{ErrorName, TrapName};
use deferral_model::{Coverage, Op, Program, Return, Script, Value};
use std::ops::Range;
use std::sync::Arc;

/// What small programs are made of.
#[derive(Clone, Debug)]
pub struct Alphabet {
    /// What each program begins with.
    pub prelude: Vec<Op>,
    /// The operations that follow, in every order. The script ids in them are placeholders; an [`Enumeration`]
    /// numbers them by place. Values and errors differ from letter to letter as far as there are enough.
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

/// All programs of 1 to so many operations over an alphabet, by number: the shortest first, then in the order of the
/// letters.
pub struct Enumeration {
    prelude: Vec<Op>,
    /// The letters as they stand in each place, with the script ids of that place.
    places: Vec<Vec<Op>>,
    letters: u64,
}

impl Enumeration {
    /// All programs of 1 to `ops` operations after the prelude.
    #[must_use]
    pub fn new(alphabet: &Alphabet, ops: usize) -> Self {
        let mut id = 0;
        let mut prelude = alphabet.prelude.clone();
        prelude.iter_mut().for_each(|op| number_scripts(op, &mut id));
        let places = (0..ops).map(|_| {
            let first = id;
            let mut letters = alphabet.letters.clone();
            for letter in &mut letters {
                let mut here = first;
                number_scripts(letter, &mut here);
                id = id.max(here);
            }
            letters
        });
        Self { prelude, places: places.collect(), letters: alphabet.letters.len() as u64 }
    }

    /// How many programs there are: `n + n² + … + n^ops` for `n` letters.
    ///
    /// # Panics
    /// When that doesn't fit into 64 bits.
    #[must_use]
    pub fn count(&self) -> u64 {
        let too_many = "there are more programs than 64 bits can number";
        let of_length = |length: usize| self.letters.checked_pow(length as u32).expect(too_many);
        (1..=self.places.len()).map(of_length).try_fold(0_u64, u64::checked_add).expect(too_many)
    }

    /// The operations of the program of a number, from 0.
    pub fn ops(&self, number: u64) -> impl Iterator<Item = &Op> {
        let mut length = 1;
        let mut rest = number;
        let mut of_length = self.letters;
        while rest >= of_length {
            rest -= of_length;
            of_length *= self.letters;
            length += 1;
        }
        let letters = self.places[..length].iter().map(move |place| {
            of_length /= self.letters;
            let letter = rest / of_length;
            rest %= of_length;
            &place[letter as usize]
        });
        self.prelude.iter().chain(letters)
    }

    /// The program of a number, from 0.
    #[must_use]
    pub fn program(&self, number: u64) -> Program {
        Program { ops: self.ops(number).cloned().collect(), ..Program::default() }
    }

    /// Which numbers are the part `shard` of `of`, both from 1: parts of about the same size, one after the other.
    #[must_use]
    pub fn shard(&self, shard: u64, of: u64) -> Range<u64> {
        let border = |part: u64| (u128::from(self.count()) * u128::from(part) / u128::from(of)) as u64;
        border(shard - 1)..border(shard)
    }
}

/// Gives every script and coroutine outside other scripts the next number.
fn number_scripts(op: &mut Op, last: &mut i64) {
    let mut number = |id: &mut i64| {
        *last += 1;
        *id = *last;
    };
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

/// Model and engine in lockstep over an enumeration, in memory that is used again.
pub struct InLockstep<'p> {
    all: &'p Enumeration,
    model: Model<'p>,
    engine: Engine,
    looks: Looks,
}

impl<'p> InLockstep<'p> {
    /// Over these programs.
    #[must_use]
    pub fn new(all: &'p Enumeration) -> Self {
        let model = Model::new(None, Coverage::without_clauses());
        Self { all, model, engine: Engine::default(), looks: Looks::default() }
    }

    /// Runs the program of a number, and adds what the model said to a digest.
    ///
    /// Both are looked at after the last operation and at the end: what they show before that is compared by the
    /// shorter programs.
    pub fn run(&mut self, number: u64, digest: &mut Digest) -> Verdict {
        self.model.clear();
        self.engine.clear();
        let last = self.all.ops(number).count() - 1;
        let Self { all, model, engine, looks } = self;
        let verdict = caught(|| step_by_step(all.ops(number), |at| at == last, model, engine, looks));
        match &verdict {
            Verdict::Undefined(_) => digest.add_undefined(number),
            Verdict::Conforms | Verdict::Diverges(_) => digest.add_world(number, self.model.world()),
        }
        verdict
    }

    /// What was met.
    pub fn take_coverage(&mut self) -> Coverage {
        self.model.take_coverage()
    }
}
