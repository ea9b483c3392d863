//! The listing `chainDeferred(otherDeferred)`: the result of one Deferred fires another.
//!
//! The article prints nothing; here the value and the error of a first Deferred arrive in a second one. The
//! first goes on with a null, Rust's `Default`, where Python's goes on with `None`.

use deferral::{Deferred, Failure};

/// Two Deferreds, the first chained to the second.
fn chained(print: fn(&str)) -> Deferred<String> {
    let (first, second) = (Deferred::<String>::new(), Deferred::new());
    first.add_callback(|result| result + ", seen by the first");
    first.chain_deferred(&second);
    first.add_callback(move |left| {
        print(&format!("The first goes on with {left:?}"));
        left
    });
    second
        .add_callback(move |result: String| {
            print(&format!("The second got: {result}"));
            result
        })
        .add_errback(move |failure| {
            print(&format!("The second failed: {failure}"));
            String::new()
        });
    first
}

/// The program: tells `print` the lines that it prints.
pub fn run(print: fn(&str)) {
    chained(print).callback("a value".to_owned()).expect("nobody else fires it");
    chained(print).errback(Failure::new("an error")).expect("nobody else fires it");
}

fn main() {
    run(|line| println!("{line}"));
}
