//! The article's first listing, `getDummyData` and `cbPrintData`: a Deferred that a clock fires 2 seconds
//! later with 3 times its input.
//!
//! The reactor is a [`ManualClock`]: `reactor.callLater` is `call_later`, and `reactor.run` with a stop after
//! 4 seconds moves the clock on by 4 seconds, at once. It prints what the article's program prints.

use deferral::{Clock, Deferred, ManualClock};
use std::time::Duration;

fn get_dummy_data(input: u32, reactor: &ManualClock, print: fn(&str)) -> Deferred<u32> {
    print("getDummyData called");
    let deferred = Deferred::new();
    let later = deferred.clone();
    let fire = move || later.callback(input * 3).expect("nobody else fires it");
    reactor.call_later(Duration::from_secs(2), Box::new(fire));
    deferred
}

/// The program: tells `print` the lines that it prints.
pub fn run(print: fn(&str)) {
    let reactor = ManualClock::new();
    let deferred = get_dummy_data(3, &reactor, print);
    deferred.then(move |result| print(&format!("Result received: {result}")));

    print("Starting the reactor");
    reactor.advance(Duration::from_secs(4));
}

fn main() {
    run(|line| println!("{line}"));
}
