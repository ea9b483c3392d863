//! Subjects that want a green run without being a right Deferred: none of them gets one.
//!
//! `tests/examples/cheater.rs` has the tricks. Each test here has the name of its trick.

use deferral_conformance::check::{Jury, Summary};
use deferral_conformance::corpus;
use deferral_conformance::generate::{Operations, Seeded, program};
use deferral_conformance::subject::{Reply, Subject, SubjectError};
use deferral_conformance::subjects::{named, process::Process};
use deferral_model::{Answer, Program};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than any of these runs may take, with all the others beside it.
const LONGEST: Duration = Duration::from_secs(60);

struct Ran {
    status: i32,
    out: String,
    err: String,
}

/// The command of a trick.
fn cheater(trick: &str) -> String {
    format!("'{}' {trick}", example().display())
}

fn example() -> PathBuf {
    // target/debug/deps/cheaters-… → target/debug/examples/cheater
    let test = std::env::current_exe().unwrap();
    let example = test.ancestors().nth(2).unwrap().join("examples/cheater");
    assert!(example.exists(), "`cargo test` builds it, `cargo test --test` doesn't: cargo build --examples");
    example
}

fn conform(arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conform"));
    let started = Instant::now();
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(started.elapsed() < LONGEST, "{arguments:?}");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// So many random programs.
fn check(trick: &str, cases: &str) -> Ran {
    conform(&["check", "--cases", cases, "--seed", "1", "--subject", &cheater(trick), "--against", "model"])
}

/// It was found out, and every divergence shows where.
#[track_caller]
fn assert_differs(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    let divergences: Vec<&str> = ran.out.split("DIVERGENCE in program ").skip(1).collect();
    assert!(!divergences.is_empty(), "{}", ran.out);
    let again =
        |shown: &&str| shown.lines().next().unwrap().contains(": the same small program as of program ");
    assert!(!again(&divergences[0]), "{}", ran.out);
    for shown in divergences.iter().filter(|shown| !again(shown)) {
        assert_eq!(shown.lines().filter(|line| line.starts_with('>')).count(), 1, "{shown}");
    }
    for word in words {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
}

/// It was turned down in a sentence.
#[track_caller]
fn assert_refused(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.status, 2, "{}{}", ran.out, ran.err);
    let said: Vec<&str> = ran.err.lines().collect();
    assert_eq!(said.len(), 1, "one sentence: {}", ran.err);
    assert!(said[0].starts_with("conform: the subject `"), "{}", ran.err);
    for word in words {
        assert!(said[0].contains(word), "{word}: {}", ran.err);
    }
}

/// A test for each trick: of its name, with so many random programs, and what is shown.
macro_rules! cheaters {
    ($($trick:ident: $cases:literal, $assert:ident($($word:literal),*);)*) => {
        $(
            #[test]
            fn $trick() {
                let ran = check(&stringify!($trick).replace('_', "-"), stringify!($cases));
                $assert(&ran, &[$($word),*]);
            }
        )*

        /// The tricks that have a test of their own above.
        const ABOVE: &[&str] = &[$(stringify!($trick)),*];
    };
}

cheaters! {
    // Answers that are made up.
    knows_the_corpus_else_undefined: 300, assert_differs("no idea");
    always_undefined: 300, assert_differs("no idea");
    undefined_every_tenth: 300, assert_differs("no idea");
    undefined_where_it_is_hard: 300, assert_differs("no idea");
    copies_the_answer_before: 300, assert_differs("again: ");

    // Traces that lack something, or have it in another order. Made small, the program shows what is wrong.
    drops_the_last_event: 300, assert_differs("> event 1");
    drops_probes: 300, assert_differs("\nprobe(d0)\n", "> event 1");
    drops_reports: 300, assert_differs("\n\nd0 = fail(E0)\n\n", "> unhandled");
    drops_the_last_slot: 300, assert_differs("\n\nd0 = new()\n\n", "> d0 ");
    swaps_the_last_events: 300, assert_differs("> event 1");
    reverses_the_reports: 300, assert_differs("> unhandled");

    // Right for some programs only.
    knows_one_deferred: 300, assert_differs("> event 1");
    right_up_to_three_operations: 300, assert_differs("\n> d");
    right_for_the_core: 300, assert_differs("\n> d");
    right_for_flat_scripts: 300, assert_differs("\n> d");
    right_for_ids_in_order: 300, assert_differs("canceller9223372036854775");
    right_for_small_integers: 300, assert_differs("callback(1000)");
    right_with_a_name: 300, assert_differs("\n> d");
    right_without_a_name: 300, assert_differs("\n# encore\n");

    // Right at some times only.
    right_for_a_thousand_programs: 1500, assert_differs("\n> d");
    right_the_first_time: 300, assert_differs("\n> d");
    right_the_second_time: 300, assert_differs("\n> d", "again: ");
    right_every_other_time: 300, assert_differs("\n> d", "again: ");
    wrong_now_and_then: 300, assert_differs("\n> d", "again: ");
    keeps_the_deferreds_of_before: 300, assert_differs("again: ");

    // Right answers, written wrong.
    echoes_the_program: 300, assert_refused("rubbish in line 1 ", "neither a trace nor", r#"`{"ops":"#);
    adds_a_field: 300, assert_refused("rubbish in line 1 ", r#"`{"time":1,"#);
    adds_a_field_inside: 300, assert_refused("rubbish in line ", "a field too many");
    writes_objects_as_arrays: 300, assert_refused("rubbish in line 1 ", "an array for an object", "`[[");
    writes_a_key_twice: 300, assert_refused("rubbish in line 1 ", r#"`{"events":[],"events":"#);
    writes_nan: 300, assert_refused("rubbish in line ", "it isn't JSON");
    writes_fractions: 300, assert_refused("rubbish in line ", "neither a trace nor");
    writes_empty_lines: 300, assert_refused("rubbish in line 2 ", "it isn't JSON", "the line is ``");
    cuts_lines: 300, assert_refused("rubbish in line 1 ", "it isn't JSON: EOF");
    writes_rubbish_after_twenty: 300, assert_refused("rubbish in line 21 ", "it isn't JSON");
    never_ends_a_line: 300, assert_refused("rubbish in line 21 ", "it isn't JSON", "`[[");

    // Operations that it lacks for one program and has for another, or that aren't asked for.
    lacks_where_it_is_hard: 300, assert_refused("it lacks new for one program, and has that for another");
    lacks_what_is_not_used: 300, assert_refused("rubbish in line ", "the program doesn't use get");
    lacks_nothing: 300, assert_refused("rubbish in line ", "it lacks nothing");
    lacks_what_there_is_not: 300, assert_refused("rubbish in line 1 ", "`fly` is no operation");

    // Answers in another order, or too many.
    answers_backwards: 300, assert_differs("again: ");
    mixes_two_up: 300, assert_differs("again: ");
    answers_twice: 300, assert_refused("one answer more than there were programs");
    answers_unasked: 300, assert_refused("one answer more than there were programs");
    says_one_thing_more: 300, assert_refused("one answer more than there were programs", "`{\"undefined\":\"more\"}`");

    // Processes that end.
    stops_after_forty: 600, assert_differs("it crashed (exit status: 0; 5 times before, no program was", "again: ");
    dies_after_forty: 600, assert_differs("it crashed (exit status: 3; 5 times before, no program was", "again: ");
    dies_after_a_thousand: 7000, assert_differs("it crashed (exit status: 3; 5 times before, no program was");
    dies_in_half_an_answer: 600, assert_differs("it crashed (exit status: 0; 5 times before, no program was");
    one_program_a_process: 20, assert_differs("it crashed (exit status: 0; 5 times before, no program was");
}

/// The tricks that have a test of their own below.
const BELOW: &[&str] = &[
    "honest",
    "lacks_everything",
    "lacks_race_and_pause",
    "knows_the_corpus_by_heart",
    "dies_on_a_cancel",
    "dies_where_undefined",
    "sleeps_before_every_answer",
    "sleeps_for_ever_after_forty",
    "sleeps_for_ever_on_a_cancel",
    "flushes_at_the_end",
    "flushes_full_buffers",
];

#[test]
fn every_trick_has_its_test() {
    let listed = Command::new(example()).output().unwrap().stdout;
    let mut listed: Vec<String> =
        String::from_utf8(listed).unwrap().lines().map(|trick| trick.replace('-', "_")).collect();
    let mut tested = [ABOVE, BELOW].concat();
    listed.sort();
    tested.sort_unstable();
    assert_eq!(listed, tested);
}

/// What is found in the others isn't the doing of the example.
#[test]
fn honest() {
    let corpus = corpus::root();
    for arguments in [
        &["check", "--cases", "3000", "--seed", "1"][..],
        &["enumerate", "--ops", "2"],
        &["replay", "--quiet", corpus.to_str().unwrap()],
    ] {
        let ran = conform(&[arguments, &["--subject", &cheater("honest")]].concat());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{arguments:?} {}", ran.out);
    }
}

/// What a subject lacks is left out and counted, and all that has to be compared is the rest.
#[test]
fn lacks_race_and_pause() {
    let ran = check("lacks-race-and-pause", "300");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", ran.out);
    let line = ran.out.lines().find(|line| line.starts_with("left out ")).unwrap();
    let (programs, lacks) = line.strip_prefix("left out").unwrap().trim().split_once(", for ").unwrap();
    assert!((50..250).contains(&programs.parse::<u32>().unwrap()), "{line}");
    assert!(lacks.ends_with(" lacks pause, race"), "{line}");
    let corpus = corpus::root();
    let lacking = cheater("lacks-race-and-pause");
    let ran = conform(&["replay", "--quiet", corpus.to_str().unwrap(), "--subject", &lacking]);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains(", left out "), "{}", ran.out);
    // Two that speak the wire protocol, one behind the other.
    let behind = format!("'{}' run --subject \"{lacking}\"", env!("CARGO_BIN_EXE_conform"));
    let ran = conform(&["check", "--cases", "300", "--seed", "1", "--subject", &behind]);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains(lacks.rsplit_once(" lacks").unwrap().1), "{}", ran.out);
}

#[test]
fn lacks_everything() {
    let ran = check("lacks-everything", "300");
    assert_eq!(ran.status, 2, "{}", ran.out);
    assert!(ran.err.starts_with("conform: nothing was compared: every program was "), "{}", ran.err);
    assert!(ran.err.contains("lacks what it uses"), "{}", ran.err);
}

/// What is stored can be learnt by heart; that is why there are random programs, and all small ones.
#[test]
fn knows_the_corpus_by_heart() {
    let (trick, corpus) = (cheater("knows-the-corpus-by-heart"), corpus::root());
    assert_eq!(conform(&["replay", "--quiet", corpus.to_str().unwrap(), "--subject", &trick]).status, 0);
    assert_differs(&check("knows-the-corpus-by-heart", "300"), &["\n> d0 "]);
    assert_differs(&conform(&["enumerate", "--ops", "1", "--subject", &trick]), &["\n> d0 "]);
}

#[test]
fn stored_and_small_programs_find_cheaters_too() {
    let corpus = corpus::root();
    for trick in ["drops-the-last-event", "right-up-to-three-operations", "undefined-where-it-is-hard"] {
        let ran = conform(&["replay", "--quiet", corpus.to_str().unwrap(), "--subject", &cheater(trick)]);
        assert_eq!(ran.status, 1, "{trick} {}", ran.err);
    }
    for trick in ["drops-the-last-event", "drops-reports", "right-the-first-time", "right-for-ids-in-order"] {
        assert_differs(&conform(&["enumerate", "--ops", "2", "--subject", &cheater(trick)]), &["> "]);
    }
}

#[test]
fn dies_on_a_cancel() {
    let ran = conform(&["enumerate", "--ops", "1", "--subject", &cheater("dies-on-a-cancel")]);
    assert_differs(&ran, &["it crashed (exit status: 3)", "\n\nd0.cancel()"]);
}

/// Nothing but the model is left to say that a program means something.
#[test]
fn two_agree_that_what_is_hard_is_undefined() {
    let two = cheater("undefined-where-it-is-hard");
    let other = format!("exec {two}");
    let ran = conform(&["check", "--cases", "300", "--seed", "1", "--subject", &two, "--against", &other]);
    assert_differs(&ran, &["no idea", "model"]);
}

/// The name of the stored traces, which judge everybody.
#[test]
fn goes_by_the_name_of_the_judge() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(example(), folder.path().join("stored")).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_conform"))
        .args(["check", "--cases", "300", "--subject", "stored"])
        .env("PATH", path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("`stored` can't be started: that name is for stored traces"), "{said}");
}

/// As `conform check` does it, but with less patience, so that nobody has to sit through it.
fn impatiently(
    trick: &str,
    against: &str,
    programs: impl Iterator<Item = Program>,
) -> (Summary, Result<(), SubjectError>) {
    let process = Process::start(trick, &cheater(trick)).unwrap().with_patience(Duration::from_secs(1));
    let mut jury = Jury::new(vec![Box::new(process) as Box<dyn Subject>, named(against).unwrap()]);
    let mut summary = Summary::default();
    let started = Instant::now();
    let ended = jury.check(programs, &mut summary, |_| true);
    // All its patience is two seconds; then ten divergences are enough.
    assert!(started.elapsed() < LONGEST / 2, "{:?}", started.elapsed());
    (summary, ended)
}

/// One that anybody can answer, and then random ones.
fn thousand() -> impl Iterator<Item = Program> {
    let mut choose = Seeded::new(1);
    let random = std::iter::repeat_with(move || program(&mut choose, Operations::All, 20));
    std::iter::once(Program::default()).chain(random.take(1000))
}

/// A program that means nothing is still to be ended without a crash, whoever else is asked.
#[test]
fn dies_where_undefined() {
    let pauses = r#"{"id":1,"ops":[{"op":"pause","d":0}]}"#;
    let undefined = format!(
        r#"{{"ops":[{{"op":"new"}},{{"op":"add_callback","d":0,"cb":{pauses}}},{{"op":"coroutine","id":2,"steps":[{{"await":0}}]}},{{"op":"callback","d":0,"value":1}}]}}"#
    );
    let undefined = Program::from_json(&undefined).unwrap();
    assert!(matches!(deferral_model::run(&undefined), Answer::Undefined { .. }));
    for against in ["model", "engine"] {
        let programs = [Program::default(), undefined.clone()];
        let (summary, ended) = impatiently("dies-where-undefined", against, programs.into_iter());
        assert!(ended.is_ok(), "{ended:?}");
        let [divergence] = summary.divergences.as_slice() else { panic!("{summary:?}") };
        let Reply::Failed(failure) = &divergence.replies[0].1 else { panic!("{divergence:?}") };
        assert_eq!(failure.to_string(), "it crashed (exit status: 3)");
    }
}

#[track_caller]
fn assert_hung((summary, ended): &(Summary, Result<(), SubjectError>)) {
    assert!(ended.is_ok(), "{ended:?}");
    assert!(!summary.divergences.is_empty());
    for divergence in &summary.divergences {
        let Reply::Failed(failure) = &divergence.replies[0].1 else { panic!("{divergence:?}") };
        assert_eq!(failure.to_string(), "it didn't answer within 1 s");
    }
}

/// Each answer is in time, but the run would take days.
#[test]
fn sleeps_before_every_answer() {
    assert_hung(&impatiently("sleeps-before-every-answer", "model", thousand()));
}

#[test]
fn sleeps_for_ever_after_forty() {
    assert_hung(&impatiently("sleeps-for-ever-after-forty", "model", thousand()));
}

#[test]
fn sleeps_for_ever_on_a_cancel() {
    assert_hung(&impatiently("sleeps-for-ever-on-a-cancel", "model", thousand()));
}

#[track_caller]
fn assert_buffered((summary, ended): &(Summary, Result<(), SubjectError>)) {
    assert!(summary.divergences.is_empty());
    let said = ended.as_ref().unwrap_err().to_string();
    assert!(said.contains("it came late, when the input was ended: does it flush its output"), "{said}");
}

/// Honest, but against the protocol: it doesn't flush before it waits for more.
#[test]
fn flushes_at_the_end() {
    assert_buffered(&impatiently("flushes-at-the-end", "model", thousand()));
}

/// As a C or Python program does that pays no attention to it.
#[test]
fn flushes_full_buffers() {
    assert_buffered(&impatiently("flushes-full-buffers", "model", thousand()));
}
