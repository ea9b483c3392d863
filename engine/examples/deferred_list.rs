//! The listings of `DeferredList` with `printResult`: three Deferreds in a list with `consumeErrors=True`,
//! fired with one, bang! and three.
//!
//! It prints what the article's program prints. Instead of pairs `(success, value)` the list gives a `Result`
//! for each member.

use deferral::{Deferred, DeferredList, Failure};

fn print_result(results: Vec<Result<&'static str, Failure>>, print: fn(&str)) {
    for result in results {
        match result {
            Ok(value) => print(&format!("Success: {value}")),
            Err(failure) => print(&format!("Failure: {}", failure.message())),
        }
    }
}

/// The program: tells `print` the lines that it prints.
pub fn run(print: fn(&str)) {
    let (deferred1, deferred2, deferred3) = (Deferred::new(), Deferred::new(), Deferred::new());

    // Pack them into a list, and add the callback.
    let members = [deferred1.clone(), deferred2.clone(), deferred3.clone()];
    DeferredList::new(members).consume_errors().results(move |results| print_result(results, print));

    // Fire the three with various values.
    deferred1.callback("one").expect("nobody else fires it");
    deferred2.errback(Failure::new("bang!")).expect("nobody else fires it");
    deferred3.callback("three").expect("nobody else fires it");
}

fn main() {
    run(|line| println!("{line}"));
}
