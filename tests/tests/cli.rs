//! The program `conform` as people and machines run it: what it prints, and its exit statuses.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const CONFORM: &str = env!("CARGO_BIN_EXE_conform");

struct Ran {
    status: i32,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    /// It couldn't be run, and says why in one sentence.
    #[track_caller]
    fn assert_refused(&self, words: &[&str]) {
        assert_eq!(self.status, 2, "{}{}", self.out, self.err);
        let said: Vec<&str> = self.err.lines().collect();
        assert_eq!(said.len(), 1, "one sentence: {}", self.err);
        assert!(said[0].starts_with("conform: "), "{}", self.err);
        for word in words {
            assert!(said[0].contains(word), "{word}: {}", self.err);
        }
    }
}

fn conform(arguments: &[&str], input: &str) -> Ran {
    let mut command = Command::new(CONFORM);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // It may end before it has read everything.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output.into()
}

/// A subject that answers through the model, but for a line of shell around it.
fn through_the_model(shell: &str) -> String {
    shell.replace("MODEL", &format!("'{CONFORM}' run --subject model"))
}

fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let file = folder.path().join(name);
    std::fs::write(&file, text).unwrap();
    file
}

const ONE: &str = r#"{"ops":[{"op":"new"},{"op":"callback","d":0,"value":1}]}"#;
const ONE_TRACE: &str = r#"{"events":[],"state":[{"v":1}],"unhandled":[]}"#;

#[test]
fn run_answers_line_by_line() {
    let two = r#"{"name":"two","why":"w","ops":[{"op":"fail","error":"E1"},{"op":"probe","d":0}]}"#;
    let two_trace = r#"{"events":[{"probe":0,"state":{"f":"E1"}}],"state":[{"f":"E1"}],"unhandled":["E1"]}"#;
    for subject in ["engine", "model", &through_the_model("MODEL")] {
        let ran = conform(&["run", "--subject", subject], &format!("{ONE}\n\n{two}\n{ONE}"));
        assert_eq!(ran.out, format!("{ONE_TRACE}\n{two_trace}\n{ONE_TRACE}\n"), "{subject}: {}", ran.err);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{subject}");
    }
}

#[test]
fn run_answers_each_program_without_a_further_one() {
    let mut child = Command::new(CONFORM)
        .args(["run", "--subject", &through_the_model("MODEL")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        writeln!(stdin, "{ONE}").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), ONE_TRACE);
    }
    drop(stdin);
    assert!(lines.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[test]
fn run_answers_before_it_waits_behind_an_empty_line() {
    let mut child = Command::new(CONFORM)
        .args(["run", "--subject", "model"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    write!(stdin, "{ONE}\n\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), ONE_TRACE);
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    // The status of the program itself, not of the pipe.
    let pipe = format!("{{ '{CONFORM}' check --cases 3000 --seed 1; echo $? >&2; }} | true");
    let ran = Ran::from(Command::new("sh").args(["-c", &pipe]).output().unwrap());
    assert_eq!(ran.err, "0\n");
}

#[test]
fn who_calls_everything_undefined_diverges() {
    let lazy = r#"sed -u 's/.*/{"undefined":"no idea"}/'"#;
    let ran = conform(&["check", "--cases", "300", "--seed", "1", "--subject", lazy], "");
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    let ran =
        conform(&["check", "--cases", "300", "--seed", "1", "--subject", lazy, "--against", "engine"], "");
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
}

#[test]
fn nothing_to_compare_is_refused() {
    conform(&["check", "--subject", "model"], "").assert_refused(&["`model` is given twice"]);
    assert_eq!(conform(&["check", "--cases", "0"], "").status, 2);
    let undefined = r#"{"program":{"ops":[]},"trace":{"undefined":"bogus"}}"#;
    let folder = tempfile::tempdir().unwrap();
    let stored = file(&folder, "stored.jsonl", undefined);
    let ran = conform(&["replay", stored.to_str().unwrap(), "--subject", "model"], "");
    assert!(ran.out.contains("undefined 1, divergences 0"), "only the stored trace judges: {}", ran.out);
}

#[test]
fn a_crash_in_the_middle_of_an_answer_is_that_programs() {
    let half = through_the_model(
        r#"while read -r line; do case "$line" in *'"drop"'*) printf '{"events":[],"sta'; exit 3;; esac; printf '%s\n' "$line" | MODEL; done"#,
    );
    let ran = conform(&["check", "--cases", "40", "--seed", "1", "--max-ops", "6", "--subject", &half], "");
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("it crashed (exit status: 3"), "{}", ran.out);
}

#[test]
fn what_a_subject_started_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let hangs = format!(
        "sh -c 'echo $$ > {0}; exec sleep 1000' & read -r line; cat {0} >/dev/null; wait",
        mark.display()
    );
    conform(&["check", "--cases", "1", "--subject", &hangs], "").assert_refused(&["never answered"]);
    let pid = std::fs::read_to_string(&mark).unwrap();
    // Gone, or dead and not waited for by anybody; a busy machine takes its time over that.
    let stat = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let ended = || stat().is_empty() || stat().contains(" Z ");
    let asked = Instant::now();
    while !ended() && asked.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(ended(), "{}", stat());
}

#[test]
fn run_names_the_line_and_the_cause_after_the_traces_before_it() {
    let bad = [
        ("{", "EOF"),
        (r#"{"ops":[{"op":"fly"}]}"#, "unknown variant `fly`"),
        (r#"{"ops":[{"op":"cancel","d":0,"x":0}]}"#, "unknown field `x`"),
        (
            r#"{"ops":[{"op":"maybe","call":{"id":1}},{"op":"maybe","call":{"id":1}}]}"#,
            "script id 1 stands twice",
        ),
        (r#"{"ops":[{"op":"semaphore","tokens":0}]}"#, "tokens start at 1"),
    ];
    for subject in ["engine", "model"] {
        for (line, cause) in bad {
            let ran = conform(&["run", "--subject", subject], &format!("{ONE}\n\n{ONE}\n{line}\n{ONE}\n"));
            assert_eq!(ran.out, format!("{ONE_TRACE}\n{ONE_TRACE}\n"));
            ran.assert_refused(&["standard input, line 4: ", cause]);
        }
        let ran = conform(&["run", "--subject", subject], "\u{0}\u{1}");
        ran.assert_refused(&["line 1"]);
    }
    let ran = {
        let mut child = Command::new(CONFORM)
            .arg("run")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"\xff\xfe\n").unwrap();
        Ran::from(child.wait_with_output().unwrap())
    };
    ran.assert_refused(&["standard input, line 1", "UTF-8"]);
}

#[test]
fn check_conforms() {
    for arguments in [
        &["--cases", "2000", "--seed", "3"][..],
        &["check", "--cases", "2000", "--seed", "3"],
        &["check", "--cases", "300", "--seed", "3", "--subject", &through_the_model("MODEL")],
        &[
            "check",
            "--cases",
            "300",
            "--seed",
            "3",
            "--against",
            &through_the_model("MODEL"),
            "--against",
            "model",
        ],
    ] {
        let ran = conform(arguments, "");
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{arguments:?} {}", ran.out);
        for word in ["seed          3", "divergences   0", "undefined     ", "add_callback", "programs      "]
        {
            assert!(ran.out.contains(word), "{word}: {}", ran.out);
        }
    }
    let timed = conform(&["check", "--time", "1"], "");
    assert_eq!(timed.status, 0);
}

#[test]
fn enumerate_conforms() {
    let ran = conform(&["enumerate", "--ops", "2"], "");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("every program of up to 2 operations, 28 letters: 812"), "{}", ran.out);
    assert!(ran.out.contains("divergences   0"));
}

#[test]
fn a_subject_that_lies_diverges() {
    let lies = through_the_model(r#"MODEL | sed -u 's/CancelledError/E0/'"#);
    let ran = conform(
        &[
            "check",
            "--cases",
            "3000",
            "--seed",
            "1",
            "--subject",
            &lies,
            "--against",
            "model",
            "--against",
            "engine",
        ],
        "",
    );
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    for word in
        ["DIVERGENCE in program", "> ", "CancelledError", "The odd one out is ", "sed", "divergences   10"]
    {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    // It was made small: nothing more is needed than a cancelled Deferred.
    assert!(ran.out.contains("\n\nd0 = new()\nd0.cancel()\n\n"), "{}", ran.out);
}

#[test]
fn a_subject_that_crashes_on_one_program_diverges() {
    // It dies on every program with a `drop`, and answers the others.
    let crashes = through_the_model(
        r#"while read -r line; do case "$line" in *'"drop"'*) echo "no drops" >&2; exit 3;; esac; printf '%s\n' "$line" | MODEL; done"#,
    );
    let ran =
        conform(&["check", "--cases", "40", "--seed", "1", "--max-ops", "6", "--subject", &crashes], "");
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    for word in ["it crashed (exit status: 3", "no drops", "\n\ndrop(d"] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
}

#[test]
fn a_subject_that_crashes_once_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("crashed");
    let once = through_the_model(&format!(
        r#"while read -r line; do case "$line" in *'"drop"'*) test -e {0} || {{ touch {0}; exit 3; }};; esac; printf '%s\n' "$line" | MODEL; done"#,
        mark.display()
    ));
    let ran = conform(&["check", "--cases", "60", "--seed", "1", "--max-ops", "6", "--subject", &once], "");
    assert!(mark.exists());
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn subjects_that_are_none_are_refused() {
    let check = |subject: &str| conform(&["check", "--cases", "500", "--subject", subject], "");
    check("/no/such/program").assert_refused(&[
        "/no/such/program",
        "died before it answered anything",
        "line 1",
    ]);
    check("exit 7").assert_refused(&["exit 7", "exit status: 7"]);
    check("echo sorry >&2; exit 1").assert_refused(&["its last words: sorry"]);
    check("echo rubbish; cat >/dev/null").assert_refused(&[
        "wrote rubbish in line 1",
        "it isn't JSON",
        "`rubbish`",
    ]);
    check("cat").assert_refused(&["`cat`", "wrote rubbish in line 1", "neither a trace nor"]);
    let late = through_the_model("MODEL | sed -u '20s/.*/oh/'");
    let ran = check(&late);
    ran.assert_refused(&["wrote rubbish in line 20 of its answers", "`oh`"]);
    assert!(ran.out.contains("divergences   0"), "what was found before is shown: {}", ran.out);
    let more = through_the_model("MODEL; echo '{\"undefined\":\"more\"}'");
    check(&more).assert_refused(&["one answer more than there were programs"]);
    let ran = conform(&["run", "--subject", "exit 7"], ONE);
    ran.assert_refused(&["exit 7", "died before it answered anything"]);
}

#[test]
fn a_subject_that_never_answers_is_refused() {
    let started = Instant::now();
    let ran = conform(&["check", "--cases", "5", "--subject", "exec sleep 1000"], "");
    ran.assert_refused(&["exec sleep 1000", "never answered", "10 s"]);
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_subject_that_hangs_on_one_program_diverges() {
    let hangs = through_the_model(
        r#"while read -r line; do case "$line" in *'"drop"'*) exec sleep 1000;; esac; printf '%s\n' "$line" | MODEL; done"#,
    );
    let folder = tempfile::tempdir().unwrap();
    let programs =
        file(&folder, "programs.jsonl", &format!("{ONE}\n{}\n", r#"{"ops":[{"op":"drop","d":0}]}"#));
    let ran = conform(&["replay", programs.to_str().unwrap(), "--subject", &hangs, "--subject", "model"], "");
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("it didn't answer within 10 s"), "{}", ran.out);
}

#[test]
fn replay_shows_traces_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let right = format!(r#"{{"program":{ONE},"trace":{ONE_TRACE}}}"#);
    let wrong = right.replace(r#"[{"v":1}]"#, r#"[{"v":2}]"#);
    let replay = |file: &Path| {
        conform(&["replay", file.to_str().unwrap(), "--subject", "model", "--subject", "engine"], "")
    };
    let ran = replay(&file(&folder, "right.jsonl", &format!("{ONE}\n{right}\n")));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("model") && ran.out.contains("engine") && ran.out.contains("stored"));
    let ran = replay(&file(&folder, "wrong.json", &wrong));
    assert_eq!(ran.status, 1);
    let marked: Vec<_> = ran.out.lines().filter(|line| line.starts_with('>')).collect();
    assert_eq!(marked.len(), 1, "{}", ran.out);
    assert!(marked[0].split_whitespace().eq([">", "d0", "1", "1", "2"]));
    replay(&folder.path().join("none.jsonl")).assert_refused(&["none.jsonl", "No such file"]);
    replay(&file(&folder, "bad.jsonl", &format!("{ONE}\n{{\n"))).assert_refused(&["bad.jsonl, line 2"]);
}

#[test]
fn wrong_arguments_are_refused() {
    for arguments in [&["chek"][..], &["check", "--cases", "many"], &["check", "--max-ops", "0"], &["replay"]]
    {
        let ran = conform(arguments, "");
        assert_eq!(ran.status, 2, "{arguments:?}");
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
    }
    assert_eq!(conform(&["--help"], "").status, 0);
}

/// The digest that a run printed.
fn digest(ran: &Ran) -> String {
    let line =
        ran.out.lines().find(|line| line.starts_with("digest")).unwrap_or_else(|| panic!("{}", ran.out));
    line.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn parts_of_an_enumeration_add_up() {
    let whole = conform(&["enumerate", "--ops", "3"], "");
    assert_eq!(whole.status, 0, "{}{}", whole.out, whole.err);
    assert!(whole.out.contains("28 letters: 22764"), "{}", whole.out);
    let first = conform(&["enumerate", "--ops", "3", "--shard", "1/2"], "");
    let both = conform(&["enumerate", "--ops", "3", "--shard", "2/2", "--digest", &digest(&first)], "");
    assert_eq!(digest(&both), digest(&whole));
    // Other subjects on whole traces, from another place on: the same.
    let model = through_the_model("MODEL");
    let resumed = ["enumerate", "--ops", "2", "--from", "500", "--subject", "engine", "--against", &model];
    let resumed = conform(&resumed, "");
    let here = conform(&["enumerate", "--ops", "2", "--from", "500"], "");
    assert_eq!(digest(&resumed), digest(&here), "{}", resumed.out);
    conform(&["enumerate", "--ops", "1", "--from", "28"], "").assert_refused(&["28", "0 to 27"]);
}

/// The number that a line of the summary begins with.
fn total(ran: &Ran, of: &str) -> u64 {
    let line = ran.out.lines().find(|line| line.starts_with(of)).unwrap_or_else(|| panic!("{}", ran.out));
    let number = line.split([' ', ',']).filter(|word| !word.is_empty()).nth(1);
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn parts_of_a_check_are_all_of_it() {
    let check = |shard: &[&str]| {
        let ran = conform(&[&["check", "--seed", "5", "--cases", "700"], shard].concat(), "");
        assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
        ran
    };
    let whole = check(&[]);
    let parts = [check(&["--shard", "1/3"]), check(&["--shard", "2/3"]), check(&["--shard", "3/3"])];
    for of in ["programs", "operations", "events"] {
        assert_eq!(parts.iter().map(|part| total(part, of)).sum::<u64>(), total(&whole, of), "{of}");
    }
    assert_eq!(parts.map(|part| total(&part, "programs")), [234, 233, 233]);
    let unseeded = conform(&["check", "--shard", "1/3"], "");
    assert_eq!(unseeded.status, 2, "{}", unseeded.out);
    assert!(unseeded.err.contains("--seed"), "{}", unseeded.err);
}

#[test]
fn an_interrupted_enumeration_says_how_it_goes_on() {
    let mut command = Command::new(CONFORM);
    command.args(["enumerate", "--ops", "6"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let ran = Ran::from(child.wait_with_output().unwrap());
    ran.assert_refused(&["interrupted"]);
    assert!(ran.out.contains("go on with --from "), "{}", ran.out);
}

#[test]
fn a_wrong_model_is_a_subject() {
    let ran = conform(&["check", "--subject", "model:F31", "--seed", "1", "--cases", "2000"], "");
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    conform(&["check", "--subject", "model:F99"], "").assert_refused(&["F99"]);
}

#[test]
fn what_enumeration_finds_is_made_small_too() {
    let ran = conform(&["enumerate", "--subject", "model:F52", "--alphabet", "family", "--ops", "2"], "");
    assert_eq!(ran.status, 0, "no list is empty there: {}{}", ran.out, ran.err);
    let ran = conform(&["enumerate", "--subject", "model:F60", "--alphabet", "family", "--ops", "2"], "");
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    let smallest = "\n\nd0 = succeed(null)\nd1 = list([d0], fire_on_one_callback)\n\n";
    for word in [", made small", smallest] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
}

#[test]
fn teeth_shows_each_fault_and_what_was_not_found() {
    let found = conform(&["teeth", "--fault", "F31", "--fault", "F60", "--seeds", "2"], "");
    assert_eq!(found.status, 0, "{}{}", found.out, found.err);
    assert!(found.out.contains("F31       2/2"), "{}", found.out);
    assert!(found.out.contains("made small    4 of 4 programs"), "{}", found.out);
    let missed = conform(&["teeth", "--fault", "F76", "--seeds", "2", "--most", "1"], "");
    assert_eq!(missed.status, 1, "{}{}", missed.out, missed.err);
    assert!(missed.out.contains("NOT FOUND     F76"), "{}", missed.out);
    conform(&["teeth", "--fault", "F02"], "").assert_refused(&["F02"]);
    conform(&["teeth", "--in", "engine"], "").assert_refused(&["deferral_faults"]);
}
