//! The listing of two `DeferredList`s with `addTen`: a callback that was added to a member before the list
//! was made changes what the list gets; one that was added after that doesn't.
//!
//! It prints `[(true, "one ten"), (true, "two")]` where Python prints `[(True, 'one ten'), (True, 'two')]`:
//! the list's `Result`s are made pairs of a `bool` and a text for it. A list sees its members from `results`
//! on, where Python's does from its construction on: so `results` stands before the second `addTen` here.

use deferral::{Deferred, DeferredList, Failure};

fn print_result(results: Vec<Result<String, Failure>>, print: fn(&str)) {
    let pairs = results.into_iter().map(|result| match result {
        Ok(value) => (true, value),
        Err(failure) => (false, failure.message()),
    });
    print(&format!("{:?}", pairs.collect::<Vec<_>>()));
}

fn add_ten(result: String) -> String {
    result + " ten"
}

fn callback_before_the_list(print: fn(&str)) {
    let (deferred1, deferred2) = (Deferred::new(), Deferred::new());
    deferred1.add_callback(add_ten);
    let list = DeferredList::new([deferred1.clone(), deferred2.clone()]);
    list.results(move |results| print_result(results, print));
    // Runs add_ten, then the list notes "one ten".
    deferred1.callback("one".to_owned()).expect("nobody else fires it");
    deferred2.callback("two".to_owned()).expect("nobody else fires it");
}

fn callback_after_the_list(print: fn(&str)) {
    let (deferred1, deferred2) = (Deferred::new(), Deferred::new());
    let list = DeferredList::new([deferred1.clone(), deferred2.clone()]);
    list.results(move |results| print_result(results, print));
    deferred1.add_callback(add_ten);
    // The list notes "one", then runs add_ten.
    deferred1.callback("one".to_owned()).expect("nobody else fires it");
    deferred2.callback("two".to_owned()).expect("nobody else fires it");
}

/// The program: tells `print` the lines that it prints.
pub fn run(print: fn(&str)) {
    callback_before_the_list(print);
    callback_after_the_list(print);
}

fn main() {
    run(|line| println!("{line}"));
}
