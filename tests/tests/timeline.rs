//! The page of a program: well-formed and self-contained whatever stands in it, and it shows all that was said.

mod page;

use deferral_conformance::corpus::{Case, read_folder, root};
use deferral_conformance::report::html::{Account, timeline, timeline_of};
use deferral_conformance::subject::{InProcess, ProgramFailure, Reply, Subject, SubjectError};
use deferral_conformance::subjects::{engine, named};
use deferral_model::{Answer, Fault, Op, Program, Trace, run, run_with_fault};
use page::Page;
use proptest::prelude::*;
use serde_json::Value as Json;
use std::process::{Command, Output};

fn corpus() -> Vec<Case> {
    read_folder(&root()).unwrap().into_iter().map(|stored| stored.case).collect()
}

fn program(json: &str) -> Program {
    Program::from_json(json).unwrap()
}

fn trace(reply: &Reply) -> Option<&Trace> {
    match reply {
        Reply::Answer(Answer::Trace(trace)) => Some(trace),
        _ => None,
    }
}

fn ask(program: &Program, subjects: &[&str]) -> Json {
    let ask = |name: &&str| Account::ask(named(name).unwrap().as_mut(), program).unwrap();
    let accounts: Vec<_> = subjects.iter().map(ask).collect();
    Page::read(&timeline_of(program, &accounts)).data()
}

/// The texts of the rows, as far in as they are drawn.
fn rows(data: &Json) -> Vec<String> {
    let row = |row: &Json| {
        let depth = usize::try_from(row["depth"].as_u64().unwrap()).unwrap();
        format!("{}{}", "  ".repeat(depth), row["text"].as_str().unwrap())
    };
    data["rows"].as_array().unwrap().iter().map(row).collect()
}

/// Each event of each subject stands in the picture once, in order, and how all slots stand at the end.
#[track_caller]
fn assert_complete(data: &Json, replies: &[&Reply]) {
    for (subject, reply) in replies.iter().enumerate() {
        let Some(trace) = trace(reply) else { continue };
        let cells = data["rows"].as_array().unwrap().iter().map(|row| &row["cells"][subject]);
        let events: Vec<u64> = cells.clone().filter_map(|cell| cell["event"].as_u64()).collect();
        assert_eq!(events, (0..trace.events.len() as u64).collect::<Vec<_>>(), "{data}");
        let end = cells.rev().nth(1).unwrap();
        assert_eq!(end["boxes"].as_array().unwrap().len(), trace.state.len());
    }
}

#[test]
fn it_shows_each_event_of_the_corpus_once() {
    for Case { program, trace } in corpus() {
        let replies =
            [Reply::Answer(run(&program)), Reply::Answer(engine::run(&program)), Reply::Answer(trace)];
        let [model, engine, stored] = &replies;
        let page = timeline(&program, &[("model", model), ("engine", engine), ("stored", stored)]);
        let data = Page::read(&page).data();
        assert_complete(&data, &[model, engine, stored]);
        let traces = replies.iter().filter_map(self::trace).count();
        assert!(data["first"].is_null() || traces < 3, "{}: {}", program.to_json(), data["first"]);
    }
}

#[test]
fn marks_change_nothing_in_the_corpus() {
    let mut exact = 0;
    for Case { program, trace } in corpus() {
        if let Answer::Undefined { .. } = trace {
            continue;
        }
        let data = ask(&program, &["model", "engine"]);
        for subject in data["subjects"].as_array().unwrap() {
            assert_eq!(subject["inferred"], false, "{}: {subject}", program.to_json());
        }
        assert!(data["first"].is_null(), "{}: {}", program.to_json(), data["first"]);
        exact += 1;
    }
    assert!(exact > 800, "the corpus has so many programs: {exact}");
}

#[test]
fn what_is_taken_from_the_model_is_what_marks_say() {
    for Case { program, .. } in corpus() {
        let reply = Reply::Answer(run(&program));
        if trace(&reply).is_none() {
            continue;
        }
        let mut asked = ask(&program, &["model"]);
        let taken = Page::read(&timeline(&program, &[("model", &reply)])).data();
        assert_eq!(taken["subjects"][0]["inferred"], true);
        asked["subjects"][0]["inferred"] = true.into();
        assert_eq!(asked, taken, "{}", program.to_json());
    }
}

#[test]
fn it_shows_each_event_where_subjects_differ_once() {
    let corpus = corpus();
    for (number, &fault) in Fault::ALL.iter().enumerate() {
        // Others for each fault.
        for Case { program, .. } in corpus.iter().skip(number % 19).step_by(19) {
            let replies = [Reply::Answer(run(program)), Reply::Answer(run_with_fault(fault, program))];
            let [right, wrong] = &replies;
            let data = Page::read(&timeline(program, &[("model", right), ("wrong", wrong)])).data();
            assert_complete(&data, &[right, wrong]);
            let traces = trace(right).zip(trace(wrong));
            let differ = traces.is_some_and(|(right, wrong)| right != wrong);
            assert_eq!(!data["first"].is_null(), differ, "{fault:?}: {}", program.to_json());
        }
    }
}

#[test]
fn events_stand_inside_the_operations_that_they_happen_in() {
    let nested = program(
        r#"{"ops":[{"op":"new"},{"op":"new"},
        {"op":"add_callback","d":0,"cb":{"id":1,"ops":[{"op":"callback","d":1,"value":2},{"op":"probe","d":0}]}},
        {"op":"add_callback","d":0,"cb":{"id":2}},
        {"op":"add_callback","d":1,"cb":{"id":3,"ops":[{"op":"callback","d":1,"value":3}]}},
        {"op":"callback","d":0,"value":1}]}"#,
    );
    let data = ask(&nested, &["model", "engine"]);
    let expected = [
        "d0 = new()",
        "d1 = new()",
        "d0.add_callback(#1)",
        "d0.add_callback(#2)",
        "d1.add_callback(#3)",
        "d0.callback(1)",
        "  callback #1",
        "  d1.callback(2)",
        "    callback #3",
        "    d1.callback(3)",
        "  probe(d0)",
        "  callback #2",
        "in the end",
        "all let go",
    ];
    assert_eq!(rows(&data), expected);
    assert_eq!(data["rows"][9]["cells"][1]["said"], "d1.callback(3) raises AlreadyCalledError to its caller");
}

#[test]
fn what_waits_is_drawn_until_the_result_comes() {
    let waits = program(
        r#"{"ops":[{"op":"new"},{"op":"succeed","value":1},
        {"op":"add_callback","d":1,"cb":{"id":1,"ret":{"wait":0}}},{"op":"add_callback","d":1,"cb":{"id":2}},
        {"op":"callback","d":0,"value":5}]}"#,
    );
    let data = ask(&waits, &["engine"]);
    assert_eq!(rows(&data)[3], "  callback #1");
    let begins = &data["rows"][3]["cells"][0];
    assert_eq!(begins["arrows"][0]["kind"], "wait");
    assert_eq!(begins["lanes"][0][1]["text"], "waiting for d0");
    assert_eq!(rows(&data)[6], "  callback #2");
    let ends = &data["rows"][6]["cells"][0];
    assert_eq!((&ends["arrows"][0]["from"], &ends["arrows"][0]["kind"]), (&0.into(), &"result".into()));
    assert_eq!(ends["boxes"][0]["given"]["text"], "5");
}

#[test]
fn the_first_difference_may_be_in_a_state_that_no_event_shows() {
    // The traces differ in the end alone; that something is wrong shows two operations earlier.
    let queue = program(
        r#"{"ops":[{"op":"queue"},{"op":"get","r":0},{"op":"get","r":0},{"op":"put","r":0,"value":7},
        {"op":"new"},{"op":"probe","d":2}]}"#,
    );
    let data = ask(&queue, &["model", "model:F74"]);
    let first = &data["rows"][usize::try_from(data["first"].as_u64().unwrap()).unwrap()];
    assert_eq!(first["text"], "r0.put(7)");
    assert_eq!(first["cells"][0]["said"], "r0.put(7); then d0 is 7, d1 is unfired");
    assert_eq!(first["cells"][1]["said"], "r0.put(7); then d0 is unfired, d1 is 7");
    // What still differs afterwards is no difference of its own.
    assert_eq!(data["rows"][4]["differs"], false);
}

/// Fails on whatever cancels.
struct Failing;

impl Subject for Failing {
    fn name(&self) -> &str {
        "failing"
    }

    fn submit(&mut self, _: &[Program]) -> Result<(), SubjectError> {
        unreachable!("it is asked one program at a time")
    }

    fn collect(&mut self) -> Result<Vec<Reply>, SubjectError> {
        unreachable!("it is asked one program at a time")
    }

    fn ask(&mut self, program: &Program) -> Result<Reply, SubjectError> {
        match program.ops.iter().any(|op| matches!(op, Op::Cancel { .. })) {
            true => Ok(Reply::Failed(ProgramFailure::Hung(10))),
            false => InProcess::new("failing", run).ask(program),
        }
    }
}

#[test]
fn a_subject_that_fails_is_followed_to_where_it_fails() {
    let fails = program(
        r#"{"ops":[{"op":"succeed","value":1},{"op":"add_callback","d":0,"cb":{"id":1}},{"op":"new"},
        {"op":"cancel","d":1},{"op":"new"}]}"#,
    );
    let accounts = [
        Account::ask(named("model").unwrap().as_mut(), &fails).unwrap(),
        Account::ask(&mut Failing, &fails).unwrap(),
    ];
    let data = Page::read(&timeline_of(&fails, &accounts)).data();
    assert_eq!(data["first"], 4);
    assert_eq!(rows(&data)[4], "d1.cancel()");
    assert_eq!(data["rows"][2]["cells"][1]["event"], 0);
    assert_eq!(data["rows"][4]["cells"][1]["said"], "it didn't answer within 10 s");
    assert_eq!(data["rows"][5]["cells"][1], Json::Null);
}

#[test]
fn a_subject_that_calls_a_defined_program_undefined_differs() {
    let one = program(r#"{"ops":[{"op":"succeed","value":1}]}"#);
    let [right, lazy] = [run(&one), Answer::undefined("no idea")].map(Reply::Answer);
    let verdict = |replies: &[(&str, &Reply)]| {
        let page = Page::read(&timeline(&one, replies));
        page.with_id("verdict").attribute("class").unwrap().to_owned()
    };
    assert_eq!(verdict(&[("model", &right), ("lazy", &lazy)]), "differs");
    assert_eq!(verdict(&[("model", &right), ("eager", &right)]), "agrees");
    assert_eq!(verdict(&[("model", &lazy), ("eager", &right)]), "agrees");
}

/// What there is about the page: nothing that a browser would fetch.
#[track_caller]
fn assert_self_contained(page: &Page) {
    for element in page.elements() {
        for (name, value) in &element.attributes {
            let fetches = ["src", "href", "srcset", "action", "data", "poster"].contains(&name.as_str());
            assert!(!fetches || value == "data:,", "{}: {name}={value}", element.name);
            assert!(!name.starts_with("on"), "{}: {name}={value}", element.name);
        }
        if element.name == "style" || element.name == "script" {
            let rest = element.text.replace("http://www.w3.org/2000/svg", "");
            for fetching in ["http:", "https:", "url(", "@import", "import(", "fetch(", "innerHTML"] {
                assert!(!rest.contains(fetching), "{fetching} in the {}", element.name);
            }
        }
    }
}

/// A program with strings at every place where one can stand.
fn with_strings(name: &str, why: &str, value: &str, other: &str) -> Program {
    let json = serde_json::json!({"name": name, "why": why, "ops": [
        {"op": "succeed", "value": value},
        {"op": "add_callback", "d": 0, "cb": {"id": 1, "ret": {"value": other}}},
        {"op": "add_callback", "d": 0, "cb": {"id": 2, "ret": {"panic": value}}},
        {"op": "new"},
        {"op": "callback", "d": 1, "value": other},
    ]});
    serde_json::from_value(json).unwrap()
}

/// What a browser would make a plain text of: strings with bits of what ends elements, attributes and scripts.
fn strings() -> impl Strategy<Value = String> {
    let bits = prop_oneof![
        Just("</script>".to_owned()),
        Just("</title>".to_owned()),
        Just("</noscript></pre>".to_owned()),
        Just("<!--<script>".to_owned()),
        Just("-->".to_owned()),
        Just("<img src=x onerror=alert(1)>".to_owned()),
        Just("\"'`&amp;&lt;{{ data }}{% raw %}".to_owned()),
        Just("\u{2028}\u{202e}\u{7}".to_owned()),
        any::<String>(),
    ];
    // What is no text in any page: a browser mends it, and so html5gum complains.
    let page =
        |text: String| text.replace(|letter: char| letter.is_control() || is_noncharacter(letter), "?");
    proptest::collection::vec(bits, 0..5).prop_map(move |bits| page(bits.concat()))
}

fn is_noncharacter(letter: char) -> bool {
    let code = letter as u32;
    code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code)
}

proptest! {
    #[test]
    fn whatever_stands_in_a_program_is_text(
        [name, why, value, other, subject] in [strings(), strings(), strings(), strings(), strings()]
    ) {
        let program = with_strings(&name, &why, &value, &other);
        let reply = Reply::Answer(run(&program));
        let page = Page::read(&timeline(&program, &[(&subject, &reply), ("engine", &reply)]));
        let plain = Page::read(&timeline(&with_strings("n", "w", "v", "o"), &[("s", &reply), ("engine", &reply)]));
        let names = |page: &Page| page.elements().iter().map(|element| element.name.clone()).collect::<Vec<_>>();
        let expected = names(&plain);
        prop_assert_eq!(names(&page).len() + usize::from(why.is_empty()), expected.len());
        prop_assert_eq!(&page.the("h1").text, &name);
        prop_assert_eq!(&page.the("title").text, &name);
        assert_self_contained(&page);
        let data = page.data();
        prop_assert_eq!(data["subjects"][0]["name"].as_str(), Some(subject.as_str()));
        let given = &data["rows"][2]["cells"][0]["boxes"][0]["given"]["text"];
        let quoted = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(given.as_str(), Some(quoted.as_str()));
    }
}

fn conform(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_conform")).arg("timeline").args(arguments).output().unwrap()
}

#[test]
fn conform_writes_a_page_to_a_file_or_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [one, many, out] = ["one.json", "many.jsonl", "out.html"].map(path);
    let queue =
        r#"{"ops":[{"op":"queue"},{"op":"get","r":0},{"op":"get","r":0},{"op":"put","r":0,"value":7}]}"#;
    std::fs::write(&one, queue).unwrap();
    std::fs::write(&many, format!("{queue}\n{queue}\n")).unwrap();

    let agree = conform(&[&one]);
    assert_eq!(agree.status.code(), Some(0), "{}", String::from_utf8_lossy(&agree.stderr));
    assert_eq!(Page::read(&String::from_utf8(agree.stdout).unwrap()).data()["subjects"][1]["name"], "engine");

    let differ =
        conform(&[&many, "--line", "2", "--subject", "model", "--subject", "model:F74", "--out", &out]);
    assert_eq!((differ.status.code(), differ.stdout.len()), (Some(1), 0));
    let page = Page::read(&std::fs::read_to_string(&out).unwrap());
    assert!(page.data()["first"].is_u64());
    assert_self_contained(&page);

    for (arguments, words) in [
        (vec![many.as_str()], "there are 2 programs"),
        (vec![&many, "--line", "3"], "there is no program"),
        (vec!["no such file"], "no such file"),
    ] {
        let refused = conform(&arguments);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
}
