//! The listings of `authenticateUser`: at first with a check that answers at once, then with `maybeDeferred`,
//! which takes `synchronousIsValidUser` and `asynchronousIsValidUser` alike.
//!
//! The article's functions are not called there; here each is asked about a user who is valid and one who is
//! not. A line in front of each answer says which. The asynchronous check takes 2 seconds of a
//! [`ManualClock`].

use deferral::{Clock, Deferred, Failure, IntoReturned, ManualClock, maybe_deferred};
use std::time::Duration;

fn synchronous_is_valid_user(user: &str) -> bool {
    ["Alice", "Angus", "Agnes"].contains(&user)
}

fn asynchronous_is_valid_user(user: &str, reactor: &ManualClock) -> Deferred<bool> {
    let d = Deferred::new();
    let (later, valid) = (d.clone(), synchronous_is_valid_user(user));
    let fire = move || later.callback(valid).expect("nobody else fires it");
    reactor.call_later(Duration::from_secs(2), Box::new(fire));
    d
}

fn print_result(valid: bool, print: fn(&str)) {
    print(if valid { "User is authenticated" } else { "User is not authenticated" });
}

/// The first form: it can't wait.
fn authenticate_user_at_once(is_valid_user: impl FnOnce(&str) -> bool, user: &str, print: fn(&str)) {
    print_result(is_valid_user(user), print);
}

/// The second form: the check may return a `bool`, a `Result` or a Deferred.
fn authenticate_user<R>(is_valid_user: impl FnOnce(&str) -> R, user: &str, print: fn(&str))
where
    R: IntoReturned<bool, Failure>,
{
    let d: Deferred<bool> = maybe_deferred(|| is_valid_user(user));
    d.then(move |valid| print_result(valid, print));
}

/// The program: tells `print` the lines that it prints.
pub fn run(print: fn(&str)) {
    let reactor = ManualClock::new();
    for user in ["Angus", "Mallory"] {
        print(&format!("{user}, at once:"));
        authenticate_user_at_once(synchronous_is_valid_user, user, print);
        print(&format!("{user}, synchronous:"));
        authenticate_user(synchronous_is_valid_user, user, print);
        print(&format!("{user}, asynchronous:"));
        authenticate_user(|user| asynchronous_is_valid_user(user, &reactor), user, print);
        reactor.advance(Duration::from_secs(2));
    }
}

fn main() {
    run(|line| println!("{line}"));
}
