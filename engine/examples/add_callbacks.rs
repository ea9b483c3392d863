//! The listing "Case 1 / Case 2": `addCallback` and then `addErrback`, against `addCallbacks` with both.
//!
//! In case 1 `errback1` also sees what goes wrong in `callback1`; in case 2 it sees only what goes wrong
//! before, and `errback2` sees the error of `callback1`. The article prints nothing; here each function says
//! its name.

use deferral::{Deferred, Failure, fail, succeed};

/// A callback that says its name, and fails if it is told to.
fn callback(name: &'static str, fails: bool, print: fn(&str)) -> impl FnOnce(()) -> Result<(), Failure> {
    move |()| {
        print(&format!("  {name}"));
        if fails { Err(Failure::new(format!("{name} failed"))) } else { Ok(()) }
    }
}

/// An errback that says its name, and handles the error.
fn errback(name: &'static str, print: fn(&str)) -> impl FnOnce(Failure) {
    move |failure| print(&format!("  {name}: {failure}"))
}

fn case_1(d: &Deferred<()>, callback1_fails: bool, print: fn(&str)) {
    d.add_callback(callback("callback1", callback1_fails, print)); // A
    d.add_errback(errback("errback1", print)); // B
    d.add_callback(callback("callback2", false, print));
    d.add_errback(errback("errback2", print));
}

fn case_2(d: &Deferred<()>, callback1_fails: bool, print: fn(&str)) {
    d.add_callbacks(callback("callback1", callback1_fails, print), errback("errback1", print)); // C
    d.add_callbacks(callback("callback2", false, print), errback("errback2", print));
}

/// The program: tells `print` the lines that it prints.
pub fn run(print: fn(&str)) {
    print("Case 1, callback1 fails:");
    case_1(&succeed(()), true, print);
    print("Case 2, callback1 fails:");
    case_2(&succeed(()), true, print);
    print("Case 1, getDeferredFromSomewhere fails:");
    case_1(&fail(Failure::new("no luck")), false, print);
    print("Case 2, getDeferredFromSomewhere fails:");
    case_2(&fail(Failure::new("no luck")), false, print);
}

fn main() {
    run(|line| println!("{line}"));
}
