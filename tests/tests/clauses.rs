//! SEMANTICS.md and the corpus hold each other: each clause has its source and its programs, each program its
//! clause, and model and engine give what a real Twisted gave. The programs of a clause meet the situation in which it
//! decides something.

use deferral_conformance::clauses::{Clause, clauses};
use deferral_conformance::corpus::{Stored, read_folder, root};
use deferral_conformance::stack::with_stack;
use deferral_conformance::subjects::engine;
use deferral_model::coverage::{CLAUSES, CORE_OPERATIONS};
use deferral_model::{Answer, Coverage, Fault, Keeper, Program, SEMANTICS, World, run};
use std::collections::BTreeMap;

fn stored() -> BTreeMap<String, Stored> {
    let stored = read_folder(&root().join("clauses")).unwrap();
    let named = stored.into_iter().map(|stored| (stored.case.program.name.clone().unwrap(), stored));
    named.collect()
}

#[test]
fn clauses_are_numbered_in_order_and_have_a_source_and_a_program() {
    let clauses = clauses();
    let texts = SEMANTICS.split("\n### DC-").skip(1);
    for ((at, clause), text) in clauses.iter().enumerate().zip(texts) {
        assert_eq!(clause.number, at + 1);
        assert_eq!(text.matches("\nSource: defer.py ").count(), 1, "DC-{}", clause.number);
        assert!(!clause.programs.is_empty() && !clause.title.is_empty(), "DC-{}", clause.number);
        assert!(!clause.rule.is_empty() && !clause.rule.contains("Source: "), "DC-{}", clause.number);
        assert!(clause.source.starts_with("defer.py "), "DC-{}", clause.number);
    }
    assert!(clauses.len() >= 87);
}

#[test]
fn each_program_has_its_clause_and_its_file() {
    let stored = stored();
    let mut cited = BTreeMap::new();
    for clause in clauses() {
        for name in &clause.programs {
            assert!(stored.contains_key(*name), "DC-{}: there is no program {name}", clause.number);
            cited.entry(*name).or_insert(clause.number);
        }
    }
    for (name, Stored { file, case, .. }) in &stored {
        let lowest = cited.get(name.as_str()).unwrap_or_else(|| panic!("no clause cites {name}"));
        assert!(name.starts_with(&format!("dc-{lowest}-")), "{name} is first cited by DC-{lowest}");
        assert_eq!(file.file_stem().unwrap().to_str().unwrap(), name);
        assert!(case.program.why.is_some(), "{name}");
    }
}

#[test]
fn model_and_engine_give_what_twisted_gave() {
    with_stack(|| {
        for (name, Stored { case, .. }) in stored() {
            assert_eq!(run(&case.program), case.trace, "the model, {name}");
            assert_eq!(engine::run(&case.program), case.trace, "the engine, {name}");
        }
    });
}

#[test]
fn the_code_cites_clauses_that_exist() {
    let last = clauses().len();
    let repository = root().join("../..");
    let mut files = vec![repository.join("model"), repository.join("engine"), repository.join("tests/src")];
    let mut citations = 0;
    while let Some(file) = files.pop() {
        if file.is_dir() {
            files.extend(std::fs::read_dir(file).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        if !file.extension().is_some_and(|kind| kind == "rs" || kind == "md") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for citation in text.split("DC-").skip(1) {
            let digits: String = citation.chars().take_while(char::is_ascii_digit).collect();
            if let Ok(number) = digits.parse::<usize>() {
                citations += 1;
                assert!((1..=last).contains(&number), "{}: DC-{number}", file.display());
            }
        }
    }
    assert!(citations > 100);
}

/// Programs that SEMANTICS.md lists under a clause and that don't meet it, and why.
const BESIDE: [(usize, &str, &str); 3] = [
    (112, "dc-112-list-chained-into", "it is a member that is chained into, not the list"),
    (143, "dc-143-race-and-list", "its race has a list for a member, and is none itself"),
    (198, "dc-198-semaphore-no-barging", "to the model a semaphore of one token is a lock"),
];

/// Runs a program on the model, looked at after every operation.
fn ended<'p>(mut world: World<'p>, program: &'p Program) -> (Answer, Coverage) {
    for op in &program.ops {
        world.step(op);
        world.reclaim();
    }
    world.end();
    (world.answer(), world.take_coverage())
}

#[test]
fn every_clause_is_met_by_its_programs() {
    let stored = stored();
    let clauses = clauses();
    assert_eq!(clauses.len(), CLAUSES);
    for Clause { number, programs, .. } in clauses {
        let mut met = 0;
        for name in programs {
            let (_, coverage) = ended(World::default(), &stored[*name].case.program);
            let beside = BESIDE.iter().any(|(clause, beside, _)| (*clause, *beside) == (*number, *name));
            assert_ne!(coverage.clause(*number) > 0, beside, "DC-{number}: {name}");
            met += coverage.clause(*number);
        }
        assert!(met > 0, "DC-{number} is met by none of its programs");
    }
}

#[test]
fn each_keeper_holds_something_in_some_program() {
    let mut all = Coverage::default();
    for Stored { case, .. } in stored().values() {
        all.add(&ended(World::default(), &case.program).1);
    }
    for keeper in Keeper::ALL {
        assert!(all.held_only_by(keeper) > 0, "{}", keeper.name());
    }
    assert_eq!(all.never_met_clauses().collect::<Vec<_>>(), [0; 0]);
}

#[test]
fn core_programs_meet_core_clauses_only() {
    for Stored { case, .. } in stored().values() {
        let mut core = true;
        case.program.walk(&mut |op, _| core &= CORE_OPERATIONS.contains(&op.name()));
        let (_, coverage) = ended(World::default(), &case.program);
        let beyond = (1..=CLAUSES).find(|&clause| !Coverage::is_core(clause) && coverage.clause(clause) > 0);
        if core {
            assert_eq!(beyond, None, "{:?}", case.program.name);
        }
    }
}

/// To count what is met changes nothing, whatever the model does wrong.
#[test]
fn counting_changes_nothing() {
    let stored = stored();
    let faults = Fault::ALL.iter().copied().map(Some).chain([None]);
    for (fault, Stored { case, .. }) in faults.flat_map(|fault| stored.values().map(move |one| (fault, one)))
    {
        let run = |coverage| {
            let run = || ended(World::new(fault, coverage), &case.program);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(run))
        };
        let (counted, uncounted) = (run(Coverage::default()), run(Coverage::without_clauses()));
        let (answer, other) = (counted.as_ref().ok(), uncounted.as_ref().ok());
        let name = &case.program.name;
        assert_eq!(answer.map(|(answer, _)| answer), other.map(|(answer, _)| answer), "{fault:?}, {name:?}");
        assert!(uncounted.is_ok_and(|(_, coverage)| coverage.never_met_clauses().count() == CLAUSES));
    }
}
