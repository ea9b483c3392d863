//! The listing of `defer.gatherResults([d1, d2], consumeErrors=True)`: one Deferred with the values of two.
//!
//! It prints `["one", "two"]`, as the article writes it. `consumeErrors=True` is `consume_errors`; without
//! that, `gather_results([d1, d2])` does the same.

use deferral::{Deferred, DeferredList};

/// The program: tells `print` the lines that it prints.
pub fn run(print: fn(&str)) {
    let (d1, d2) = (Deferred::<&str>::new(), Deferred::new());
    let d = DeferredList::new([d1.clone(), d2.clone()]).consume_errors().gather(|values| values);
    d.add_callback(move |values| {
        print(&format!("{values:?}"));
        values
    });

    d1.callback("one").expect("nobody else fires it");
    // Nothing is printed yet: d waits for d2.
    d2.callback("two").expect("nobody else fires it");
}

fn main() {
    run(|line| println!("{line}"));
}
