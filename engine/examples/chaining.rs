//! The text under "chained Deferreds": a callback of A returns a Deferred B; A waits, and its next callback
//! gets what the last callback of B returned.
//!
//! The article has no listing here, and prints nothing.

use deferral::{Deferred, State};

/// The program: tells `print` the lines that it prints.
pub fn run(print: fn(&str)) {
    let (a, b) = (Deferred::<String>::new(), Deferred::<String>::new());
    b.add_callback(|result| result + ", seen by B");

    let returned = b.clone();
    a.add_callback(move |result| {
        print(&format!("A's first callback: {result}"));
        returned
    });
    a.add_callback(move |result| {
        print(&format!("A's second callback: {result}"));
        result
    });

    a.callback("fired A".to_owned()).expect("nobody else fires it");
    if a.state() == State::Waiting {
        print("A waits for B");
    }
    b.callback("fired B".to_owned()).expect("nobody else fires it");
}

fn main() {
    run(|line| println!("{line}"));
}
