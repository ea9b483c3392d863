//! The listing `class Getter`, under "several callbacks": `gotResults` chooses between `callback` and
//! `errback`, and a callback that makes HTML of the result stands before the one that prints it.
//!
//! The result is a number at first and a text behind `_toHTML`; where the type changes, `then` stands for
//! `addCallback`. Standard error gets the error's message, where Python prints `[Failure instance: ...]` with
//! a traceback around the same message. Time is a [`ManualClock`]'s.

use deferral::{Clock, Deferred, Failure, ManualClock};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

#[derive(Default)]
struct Getter {
    /// Empty again before it fires: so it is fired once, and a callback may ask for the next data.
    d: RefCell<Option<Deferred<u32>>>,
}

impl Getter {
    fn got_results(&self, x: u32, print: fn(&str)) {
        let Some(d) = self.d.take() else {
            print("Nowhere to put results");
            return;
        };
        let fired = if x.is_multiple_of(2) {
            d.callback(x * 3)
        } else {
            d.errback(Failure::new("You used an odd number!"))
        };
        fired.expect("nobody else fires it");
    }

    fn get_dummy_data(self: Rc<Self>, x: u32, reactor: &ManualClock, print: fn(&str)) -> Deferred<String> {
        let d = Deferred::new();
        let html = d.then(to_html);
        self.d.replace(Some(d));
        reactor.call_later(Duration::from_secs(2), Box::new(move || self.got_results(x, print)));
        html
    }
}

fn to_html(r: u32) -> String {
    format!("Result: {r}")
}

/// The program: tells `print` and `print_error` the lines for standard output and standard error.
pub fn run(print: fn(&str), print_error: fn(&str)) {
    let reactor = ManualClock::new();
    // The first is an error, the second prints "Result: 12".
    for x in [3, 4] {
        let d = Rc::new(Getter::default()).get_dummy_data(x, &reactor, print);
        d.then(move |result| print(&result)).add_errback(move |failure| print_error(&failure.message()));
    }
    reactor.advance(Duration::from_secs(4));
}

fn main() {
    run(|line| println!("{line}"), |line| eprintln!("{line}"));
}
