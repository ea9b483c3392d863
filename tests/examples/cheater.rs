//! Subjects that want a green run without being a right Deferred: `cheater TRICK`. `tests/tests/cheaters.rs` holds
//! that none of them gets one.
//!
//! Each speaks the wire protocol, takes its answers from the model and then cheats. Without a trick it lists them.

use deferral_conformance::{corpus, stack::with_stack};
use deferral_model::trace::{Event, Trace};
use deferral_model::{Answer, Op, Program, State, run};
use serde_json::{Value as Json, json};
use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Stdin, Write, stdin, stdout};
use std::process::exit;
use std::time::Duration;

/// How a trick cheats.
enum Trick {
    /// By another answer than the right one.
    Answers(fn(&mut Session, &Program, Answer) -> Answer),
    /// By how the right answer is written.
    Writes(fn(&mut Session, &Program, String) -> String),
    /// By when it writes and ends.
    Behaves(fn(&mut Session)),
}

use Trick::{Answers, Behaves, Writes};

const TRICKS: &[(&str, Trick)] = &[
    // For comparison: no trick.
    ("honest", Answers(|_, _, right| right)),
    // Answers that are made up.
    ("knows-the-corpus-by-heart", Answers(|session, program, _| by_heart(session, program, empty()))),
    (
        "knows-the-corpus-else-undefined",
        Answers(|session, program, _| by_heart(session, program, undefined())),
    ),
    ("always-undefined", Answers(|_, _, _| undefined())),
    (
        "undefined-every-tenth",
        Answers(|session, _, right| but_if(session.number % 10 == 0, right, undefined())),
    ),
    (
        "lacks-where-it-is-hard",
        Writes(|_, program, right| if hard(program) { lacks(&[program.ops[0].name()]) } else { right }),
    ),
    ("lacks-everything", Writes(|_, program, _| lacks(&[program.ops[0].name()]))),
    (
        "lacks-what-is-not-used",
        Writes(|_, program, right| if hard(program) { lacks(&["get"]) } else { right }),
    ),
    ("lacks-nothing", Writes(|_, program, right| if hard(program) { lacks(&[]) } else { right })),
    ("lacks-what-there-is-not", Writes(|_, _, _| lacks(&["fly"]))),
    // For comparison: no trick either.
    ("lacks-race-and-pause", Writes(lacks_race_and_pause)),
    ("undefined-where-it-is-hard", Answers(|_, program, right| but_if(hard(program), right, undefined()))),
    ("copies-the-answer-before", Answers(copies_the_answer_before)),
    // Traces that lack something.
    ("drops-the-last-event", Answers(|_, _, right| with(right, |trace| drop(trace.events.pop())))),
    ("drops-probes", Answers(|_, _, right| with(right, drops_probes))),
    ("drops-reports", Answers(|_, _, right| with(right, |trace| trace.unhandled.clear()))),
    ("drops-the-last-slot", Answers(|_, _, right| with(right, |trace| drop(trace.state.pop())))),
    ("swaps-the-last-events", Answers(|_, _, right| with(right, swaps_the_last_events))),
    ("reverses-the-reports", Answers(|_, _, right| with(right, |trace| trace.unhandled.reverse()))),
    // Right for some programs only.
    ("knows-one-deferred", Answers(|_, program, _| run(&on_one_slot(program)))),
    ("right-up-to-three-operations", Answers(|_, program, _| run(&first(3, program)))),
    ("right-for-the-core", Answers(|_, program, right| wrong_if(!of_the_core(program), right))),
    ("right-for-flat-scripts", Answers(|_, program, right| wrong_if(nesting(program) > 2, right))),
    ("right-for-ids-in-order", Answers(|_, program, right| wrong_if(!ids_in_order(program), right))),
    ("right-for-small-integers", Answers(|_, program, right| wrong_if(!small_integers(program), right))),
    ("right-with-a-name", Answers(|_, program, right| wrong_if(program.name.is_none(), right))),
    ("right-without-a-name", Answers(|_, program, right| wrong_if(program.name.is_some(), right))),
    // Right at some times only.
    ("right-for-a-thousand-programs", Answers(|session, _, right| wrong_if(session.number > 1000, right))),
    ("right-the-first-time", Answers(|session, program, right| wrong_if(times(session, program) > 1, right))),
    (
        "right-the-second-time",
        Answers(|session, program, right| wrong_if(times(session, program) == 1, right)),
    ),
    (
        "right-every-other-time",
        Answers(|session, program, right| wrong_if(times(session, program).is_multiple_of(2), right)),
    ),
    ("wrong-now-and-then", Answers(|session, _, right| wrong_if(session.number % 97 == 0, right))),
    ("keeps-the-deferreds-of-before", Answers(keeps_the_deferreds_of_before)),
    // Right answers, written wrong.
    ("echoes-the-program", Writes(|_, program, _| program.to_json() + "\n")),
    ("adds-a-field", Writes(|_, _, right| right.replacen('{', r#"{"time":1,"#, 1))),
    ("adds-a-field-inside", Writes(|_, _, right| right.replace(r#"{"r":"#, r#"{"kind":"lock","r":"#))),
    ("writes-objects-as-arrays", Writes(writes_objects_as_arrays)),
    (
        "writes-a-key-twice",
        Writes(|_, _, right| right.replacen(r#"{"events":"#, r#"{"events":[],"events":"#, 1)),
    ),
    ("writes-nan", Writes(|_, _, right| right.replace("null", "NaN"))),
    ("writes-fractions", Writes(|_, _, right| right.replace(r#"{"v":1}"#, r#"{"v":1.0}"#))),
    ("writes-empty-lines", Writes(|_, _, right| right + "\n")),
    ("answers-twice", Writes(|_, _, right| right.clone() + &right)),
    ("cuts-lines", Writes(|_, _, right| right[..right.len() / 2].to_owned() + "\n")),
    (
        "writes-rubbish-after-twenty",
        Writes(|session, _, right| match session.number {
            ..=20 => right,
            _ => "\u{7}rubbish\n".to_owned(),
        }),
    ),
    (
        "never-ends-a-line",
        Writes(|session, _, right| match session.number {
            ..=20 => right,
            _ => loop {
                session.write(&"[".repeat(1 << 16));
            },
        }),
    ),
    // Answers in another order, or too many.
    ("answers-backwards", Behaves(|session| batches(session, <[_]>::reverse))),
    (
        "mixes-two-up",
        Behaves(|session| batches(session, |answers| answers.chunks_exact_mut(2).for_each(<[_]>::reverse))),
    ),
    ("answers-unasked", Behaves(answers_unasked)),
    (
        "says-one-thing-more",
        Behaves(|session| {
            answer_all(session);
            session.write("{\"undefined\":\"more\"}\n");
        }),
    ),
    // Processes that end, or keep one waiting.
    ("stops-after-forty", Writes(|session, _, right| if session.number > 40 { exit(0) } else { right })),
    ("dies-after-forty", Writes(|session, _, right| if session.number > 40 { exit(3) } else { right })),
    (
        "dies-after-a-thousand",
        Writes(|session, _, right| if session.number > 1000 { exit(3) } else { right }),
    ),
    ("dies-on-a-cancel", Writes(|_, program, right| if has(program, &["cancel"]) { exit(3) } else { right })),
    (
        "dies-where-undefined",
        Writes(|_, program, right| match run(program) {
            Answer::Undefined { .. } => exit(3),
            Answer::Trace(_) => right,
        }),
    ),
    (
        "dies-in-half-an-answer",
        Writes(|session, _, right| {
            if session.number > 40 {
                session.write(&right[..right.len() / 2]);
                exit(0);
            }
            right
        }),
    ),
    ("one-program-a-process", Writes(|session, _, right| if session.number > 1 { exit(0) } else { right })),
    (
        "sleeps-before-every-answer",
        Writes(|_, _, right| {
            std::thread::sleep(Duration::from_millis(600));
            right
        }),
    ),
    (
        "sleeps-for-ever-after-forty",
        Writes(|session, _, right| if session.number > 40 { sleep() } else { right }),
    ),
    (
        "sleeps-for-ever-on-a-cancel",
        Writes(|_, program, right| if has(program, &["cancel"]) { sleep() } else { right }),
    ),
    ("flushes-at-the-end", Behaves(|session| buffered(session, usize::MAX))),
    ("flushes-full-buffers", Behaves(|session| buffered(session, 4096))),
];

/// What a trick remembers.
struct Session {
    input: BufReader<Stdin>,
    /// The number of the program, from 1.
    number: u64,
    /// How often each program came.
    times: HashMap<String, u64>,
    /// The stored programs with their traces, once they are wanted.
    corpus: Option<HashMap<String, Answer>>,
    previous: Option<(Program, Answer)>,
}

impl Session {
    /// The next program, if there is one.
    fn read(&mut self) -> Option<Program> {
        let mut line = String::new();
        self.input.read_line(&mut line).unwrap();
        self.number += 1;
        (!line.is_empty()).then(|| Program::from_json(&line).unwrap())
    }

    /// Whether a further program is there without waiting for it.
    fn more(&self) -> bool {
        self.input.buffer().contains(&b'\n')
    }

    fn write(&mut self, text: &str) {
        let mut out = stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            exit(0);
        }
    }
}

fn main() {
    let asked = std::env::args().nth(1);
    let Some(name) = asked else {
        TRICKS.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let Some((_, trick)) = TRICKS.iter().find(|(known, _)| *known == name) else {
        eprintln!("cheater: `{name}` is no trick");
        exit(2);
    };
    with_stack(|| play(trick));
}

fn play(trick: &Trick) {
    let mut session = Session {
        input: BufReader::with_capacity(1 << 16, stdin()),
        number: 0,
        times: HashMap::new(),
        corpus: None,
        previous: None,
    };
    if let Behaves(behave) = trick {
        return behave(&mut session);
    }
    while let Some(program) = session.read() {
        let right = run(&program);
        let text = match trick {
            Answers(answer) => line(&answer(&mut session, &program, right)),
            Writes(write) => write(&mut session, &program, line(&right)),
            Behaves(_) => unreachable!("it has its own loop"),
        };
        session.write(&text);
    }
}

fn line(answer: &Answer) -> String {
    serde_json::to_string(answer).unwrap() + "\n"
}

fn answer_all(session: &mut Session) {
    while let Some(program) = session.read() {
        session.write(&line(&run(&program)));
    }
}

fn sleep() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(1000));
    }
}

fn undefined() -> Answer {
    Answer::undefined("no idea")
}

fn empty() -> Answer {
    Answer::Trace(Trace::default())
}

fn with(mut answer: Answer, change: impl FnOnce(&mut Trace)) -> Answer {
    if let Answer::Trace(trace) = &mut answer {
        change(trace);
    }
    answer
}

fn lacks(operations: &[&str]) -> String {
    json!({ "lacks": operations }).to_string() + "\n"
}

fn lacks_race_and_pause(_: &mut Session, program: &Program, right: String) -> String {
    let lacking: Vec<_> =
        ["race", "pause"].into_iter().filter(|operation| has(program, &[operation])).collect();
    if lacking.is_empty() { right } else { lacks(&lacking) }
}

fn but_if(cheat: bool, right: Answer, other: Answer) -> Answer {
    if cheat { other } else { right }
}

/// A slot too many is wrong for every program.
fn wrong_if(cheat: bool, right: Answer) -> Answer {
    if cheat { with(right, |trace| trace.state.push(State::Dropped)) } else { right }
}

fn by_heart(session: &mut Session, program: &Program, otherwise: Answer) -> Answer {
    let corpus = session.corpus.get_or_insert_with(|| {
        let stored = corpus::read_folder(&corpus::root()).unwrap();
        stored.into_iter().map(|stored| (stored.case.program.to_json(), stored.case.trace)).collect()
    });
    corpus.get(&program.to_json()).cloned().unwrap_or(otherwise)
}

fn copies_the_answer_before(session: &mut Session, program: &Program, right: Answer) -> Answer {
    match session.previous.replace((program.clone(), right.clone())) {
        Some((_, before)) => before,
        None => right,
    }
}

/// As if slots were global and lived on.
fn keeps_the_deferreds_of_before(session: &mut Session, program: &Program, right: Answer) -> Answer {
    let Some((before, _)) = session.previous.replace((program.clone(), right.clone())) else {
        return right;
    };
    run(&Program { ops: [before.ops, program.ops.clone()].concat(), ..Program::default() })
}

fn drops_probes(trace: &mut Trace) {
    trace.events.retain(|event| !matches!(event, Event::Probe { .. }));
}

fn swaps_the_last_events(trace: &mut Trace) {
    if let [.., first, second] = trace.events.as_mut_slice() {
        std::mem::swap(first, second);
    }
}

fn has(program: &Program, names: &[&str]) -> bool {
    let mut found = false;
    program.walk(&mut |op, _| found |= names.contains(&op.name()));
    found
}

fn hard(program: &Program) -> bool {
    has(program, &["pause", "chain"]) || nesting(program) > 1
}

fn nesting(program: &Program) -> usize {
    let mut deepest = 0;
    program.walk(&mut |_, nesting| deepest = deepest.max(nesting));
    deepest
}

fn of_the_core(program: &Program) -> bool {
    const FAMILY: [&str; 12] = [
        "list",
        "gather",
        "race",
        "timeout",
        "advance",
        "coroutine",
        "lock",
        "semaphore",
        "queue",
        "acquire",
        "put",
        "get",
    ];
    !has(program, &FAMILY)
}

fn first(count: usize, program: &Program) -> Program {
    Program { ops: program.ops.iter().take(count).cloned().collect::<Vec<Op>>(), ..Program::default() }
}

/// Shows every field of a program's text.
fn fields(json: &mut Json, seen: &mut impl FnMut(&str, &mut Json)) {
    match json {
        Json::Object(map) => {
            for (name, value) in map {
                seen(name, value);
                fields(value, seen);
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| fields(item, seen)),
        _ => {}
    }
}

fn on_one_slot(program: &Program) -> Program {
    let mut json = serde_json::to_value(program).unwrap();
    fields(&mut json, &mut |name, value| match name {
        "d" | "to" | "await" | "wait" => *value = json!(0),
        "ds" => *value = json!([0]),
        _ => {}
    });
    serde_json::from_value(json).unwrap()
}

fn ids_in_order(program: &Program) -> bool {
    let mut ids = HashSet::new();
    fields(&mut serde_json::to_value(program).unwrap(), &mut |name, value| {
        if name == "id" {
            ids.insert(value.as_i64());
        }
    });
    (1..=ids.len() as i64).all(|id| ids.contains(&Some(id)))
}

fn small_integers(program: &Program) -> bool {
    let mut small = true;
    fields(&mut serde_json::to_value(program).unwrap(), &mut |name, value| {
        let plain = name == "value" || name == "else";
        small &= !plain || value.as_i64().is_none_or(|value| value.abs() < 1000);
    });
    small
}

/// How often this program came, this time included.
fn times(session: &mut Session, program: &Program) -> u64 {
    let times = session.times.entry(program.to_json()).or_default();
    *times += 1;
    *times
}

fn writes_objects_as_arrays(_: &mut Session, _: &Program, right: String) -> String {
    let json: Json = serde_json::from_str(&right).unwrap();
    match (&json["events"], &json["state"], &json["unhandled"]) {
        (Json::Null, ..) => right,
        (events, state, unhandled) => json!([events, state, unhandled]).to_string() + "\n",
    }
}

/// Answers what is there, in another order.
fn batches(session: &mut Session, order: fn(&mut [String])) {
    let mut answers = Vec::new();
    while let Some(program) = session.read() {
        answers.push(line(&run(&program)));
        if !session.more() {
            order(&mut answers);
            session.write(&std::mem::take(&mut answers).concat());
        }
    }
}

fn answers_unasked(session: &mut Session) {
    for _ in 0..1000 {
        session.write(&line(&empty()));
    }
    while session.read().is_some() {}
}

/// Honest, but with an output that is written only when so much has gathered, as C's and Python's are by default
/// when they aren't a terminal's.
fn buffered(session: &mut Session, size: usize) {
    let mut gathered = String::new();
    while let Some(program) = session.read() {
        gathered += &line(&run(&program));
        if gathered.len() >= size {
            session.write(&gathered);
            gathered.clear();
        }
    }
    session.write(&gathered);
}
