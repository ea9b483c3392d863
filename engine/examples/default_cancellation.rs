//! The listing `operation = Deferred()` with `operationDone`, under "default cancellation", and the three
//! rules below it: cancelled when done, nothing happens; cancelled before, it fails at once, and the one
//! result that comes later is swallowed; a second one is refused.
//!
//! The text is printed with double quotes, `"completed"`, where Python's `repr` has single ones. An errback
//! is added that shows the failure.

use deferral::{Cancelled, Deferred};

fn operation(print: fn(&str)) -> Deferred<String> {
    let operation: Deferred<String> = Deferred::new();
    operation.add_callback(move |result| {
        print(&format!("Hooray, a result:{result:?}"));
        result
    });
    operation.add_errback(move |failure| {
        let failure = failure.trap::<Cancelled>()?;
        print(&format!("CancelledError: {failure}"));
        Ok(String::new())
    });
    operation
}

fn operation_done(operation: &Deferred<String>, print: fn(&str)) {
    match operation.callback("completed".to_owned()) {
        Ok(()) => print("operationDone: accepted"),
        Err(error) => print(&format!("operationDone: AlreadyCalledError: {error}")),
    }
}

/// The program: tells `print` the lines that it prints.
pub fn run(print: fn(&str)) {
    print("Done, then cancelled:");
    let done = operation(print);
    operation_done(&done, print);
    done.cancel();
    operation_done(&done, print);

    print("Cancelled, then done:");
    let cancelled = operation(print);
    cancelled.cancel();
    operation_done(&cancelled, print);
    operation_done(&cancelled, print);
}

fn main() {
    run(|line| println!("{line}"));
}
