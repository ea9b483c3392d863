//! Every named fault is found, from several seeds, within a small budget.

use deferral_conformance::stack::with_stack;
use deferral_conformance::teeth::Planted;

/// Well above what the worst took in ten seeds (`conform teeth` prints it).
const MOST: u64 = 60_000;

#[test]
fn every_fault_of_the_model_is_found_from_every_seed() {
    let missed: Vec<String> = with_stack(|| {
        let runs = Planted::in_model().flat_map(|fault| [101, 102, 103].map(|seed| (fault, seed)));
        let missed = runs.filter(|(fault, seed)| fault.find(*seed, MOST).is_none());
        missed.map(|(fault, seed)| format!("{} from seed {seed}: {}", fault.id(), fault.wrong())).collect()
    });
    assert_eq!(missed, [""; 0]);
}

#[test]
fn no_fault_stands_twice_and_all_have_numbers_of_the_catalogue() {
    let ids: Vec<&str> = Planted::in_model().map(Planted::id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    assert!(ids.len() >= 77, "{}", ids.len());
}
