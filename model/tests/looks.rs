//! What can be seen of a world between two operations: the lockstep compares it with an engine's.

use deferral_model::{Coverage, Failure, Fault, Op, Program, World, weight};
use std::collections::HashSet;

fn parse(ops: &str) -> Vec<Op> {
    Program::from_json(&format!(r#"{{"ops":[{ops}]}}"#)).unwrap().ops
}

/// What is seen after each operation, when everything unreachable is reclaimed first.
fn looks<'p, T>(ops: &'p [Op], seen: impl Fn(&World<'p>) -> T) -> Vec<T> {
    let mut world = World::default();
    let mut looks = Vec::new();
    for op in ops {
        world.step(op);
        world.reclaim();
        looks.push(seen(&world));
    }
    looks
}

fn held(ops: &str) -> u64 {
    *looks(&parse(ops), World::held).last().unwrap()
}

#[test]
fn scripts_are_held_until_they_run_or_their_deferred_is_reclaimed() {
    let callback = r#"{"op":"new"},{"op":"add_callback","d":0,"cb":{"id":1}}"#;
    assert_eq!(held(callback), weight(1));
    assert_eq!(held(r#"{"op":"new"},{"op":"add_errback","d":0,"eb":{"id":2}}"#), weight(2));
    assert_eq!(held(r#"{"op":"new"},{"op":"add_both","d":0,"cb":{"id":3}}"#), weight(3));
    let both = r#"{"op":"new"},{"op":"add_callbacks","d":0,"cb":{"id":4},"eb":{"id":5}}"#;
    assert_eq!(held(both), weight(4).wrapping_add(weight(5)));
    assert_eq!(held(r#"{"op":"new","canceller":{"id":6}}"#), weight(6));
    let each = r#"{"op":"new"},{"op":"new","canceller":{"id":7}},{"op":"add_callback","d":0,"cb":{"id":1}},
        {"op":"add_callback","d":1,"cb":{"id":2}}"#;
    assert_eq!(held(each), weight(7).wrapping_add(weight(1)).wrapping_add(weight(2)));

    // One that runs is let go, and with it the canceller; and so is all that a reclaimed Deferred has.
    for ends in [
        r#"{"op":"callback","d":0,"value":1}"#,
        r#"{"op":"errback","d":0,"error":"E0"}"#,
        r#"{"op":"drop","d":0}"#,
    ] {
        assert_eq!(held(&format!("{both},{ends}")), 0);
        let canceller = format!(r#"{{"op":"new","canceller":{{"id":6}}}},{ends}"#);
        assert_eq!(held(&canceller), 0, "{canceller}");
    }
    // Unless by that fault, which no trace shows.
    let fired = parse(r#"{"op":"new","canceller":{"id":6}},{"op":"callback","d":0,"value":1}"#);
    let mut world = World::new(Some(Fault::F50), Coverage::default());
    fired.iter().for_each(|op| world.step(op));
    assert_eq!(world.held(), weight(6));
    // Paused, it holds what it hasn't run, but its canceller is gone.
    let paused = r#"{"op":"new","canceller":{"id":6}},{"op":"add_callback","d":0,"cb":{"id":1}},{"op":"pause","d":0},
        {"op":"callback","d":0,"value":1}"#;
    assert_eq!(held(paused), weight(1));
}

#[test]
fn what_others_add_is_no_script() {
    let others = [
        r#"{"op":"new"},{"op":"new"},{"op":"chain","d":0,"to":1}"#,
        r#"{"op":"new"},{"op":"list","ds":[0]},{"op":"gather","ds":[0]},{"op":"race","ds":[0]}"#,
        r#"{"op":"new"},{"op":"timeout","d":0,"after":1}"#,
        r#"{"op":"new"},{"op":"coroutine","id":1,"steps":[{"await":0}]}"#,
        r#"{"op":"lock"},{"op":"acquire","r":0},{"op":"acquire","r":0}"#,
        r#"{"op":"new"},{"op":"succeed","value":1},{"op":"add_callback","d":1,"cb":{"id":1,"ret":{"wait":0}}}"#,
    ];
    for ops in others {
        assert_eq!(held(ops), 0, "{ops}");
    }
}

/// Near ids have weights of their own, and no two of them add up to a third.
#[test]
fn weights_are_far_apart() {
    let ids = 0..300;
    let two = ids.clone().flat_map(|id| (0..id).map(move |other| weight(id).wrapping_add(weight(other))));
    let two: HashSet<u64> = two.collect();
    let one: HashSet<u64> = ids.map(weight).collect();
    assert_eq!(one.len(), 300);
    assert!(one.is_disjoint(&two) && !one.contains(&0));
}

#[test]
fn circles_are_counted_as_they_close() {
    // Each waits for the other; they begin to wait in this order.
    let circles = |waits: &[(usize, usize)]| {
        let news = vec![r#"{"op":"new"}"#.to_owned(); 4];
        let adds = waits.iter().map(|(d, inner)| {
            format!(r#"{{"op":"add_callback","d":{d},"cb":{{"id":{d},"ret":{{"wait":{inner}}}}}}}"#)
        });
        let fires = waits.iter().map(|(d, _)| format!(r#"{{"op":"callback","d":{d},"value":1}}"#));
        let ops: Vec<String> = news.into_iter().chain(adds).chain(fires).collect();
        *looks(&parse(&ops.join(",")), World::circles).last().unwrap()
    };
    // A line is none, and neither is one that waits for itself.
    assert_eq!(circles(&[(0, 1), (1, 2)]), 0);
    assert_eq!(circles(&[(0, 0)]), 0);
    assert_eq!(circles(&[(0, 0), (1, 0)]), 0);
    assert_eq!(circles(&[(0, 1), (1, 0)]), 1);
    assert_eq!(circles(&[(0, 1), (1, 2), (2, 0)]), 1);
    assert_eq!(circles(&[(2, 1), (1, 0), (0, 3), (3, 2)]), 1);
    assert_eq!(circles(&[(0, 1), (1, 0), (2, 3), (3, 2)]), 2);
    // Who waits for one in a circle is not in it.
    assert_eq!(circles(&[(0, 1), (1, 0), (2, 0)]), 1);
}

/// After which operation, counted from 1, the first failure is reported; 0 is never.
fn reported(ops: &str) -> usize {
    let looks = looks(&parse(ops), |world| world.unhandled().to_vec());
    let first = looks.iter().position(|unhandled| !unhandled.is_empty());
    first.map_or(0, |at| at + 1)
}

/// A failure is reported as soon as nothing leads to its Deferred any more, and not before (DC-69, DC-74,
/// DC-209): each program lets go of that at its end.
#[test]
fn reports_come_when_the_last_reference_goes() {
    let programs = [
        // Its own slot, and the second of two.
        r#"{"op":"fail","error":"E0"},{"op":"drop","d":0}"#,
        r#"{"op":"fail","error":"E0"},{"op":"maybe","call":{"id":1,"ret":{"wait":0}}},{"op":"drop","d":0},{"op":"drop","d":1}"#,
        // A list that has fired: its members don't hold it any more.
        r#"{"op":"new"},{"op":"fail","error":"E0"},{"op":"list","ds":[0,1],"fire_on_one_errback":true,"consume_errors":true},{"op":"drop","d":2}"#,
    ];
    for ops in programs {
        assert_eq!(reported(ops), parse(ops).len(), "{ops}");
    }
    assert_eq!(reported(r#"{"op":"fail","error":"E0"},{"op":"fail","error":"E1"}"#), 0);
    let two =
        r#"{"op":"fail","error":"E0"},{"op":"fail","error":"E1"},{"op":"drop","d":1},{"op":"drop","d":0}"#;
    let two = looks(&parse(two), |world| world.unhandled().to_vec());
    assert_eq!(two.last().unwrap()[..], [Failure::E1, Failure::E0]);
}
