//! The listing `d.addErrback(log.err)`, "make sure errors get logged", and the text before it: an error that
//! nobody handled is logged when its Deferred goes away, and not before.
//!
//! The log is standard error, by a report hook; without a hook the engine tells the `log` crate. Where
//! Twisted logs a traceback, this logs the message. The lines on standard output say what happens in between.

use deferral::{Deferred, Failure, Report, fail, reset_report_hook, set_report_hook};

/// The program: tells `print` and `print_error` the lines for standard output and standard error.
pub fn run(print: fn(&str), print_error: fn(&str)) {
    set_report_hook(move |report| match report {
        Report::Unhandled { error, .. } => {
            let message = error.downcast_ref::<Failure>().map(Failure::message);
            print_error(&format!("Unhandled error in Deferred: {}", message.unwrap_or_default()));
        }
        other => print_error(&other.to_string()),
    });

    let d: Deferred<()> = fail(Failure::new("disk full"));
    print("Failed, and held: nobody sees it");
    drop(d);
    print("Let go of: it was logged");

    let d: Deferred<()> = fail(Failure::new("disk on fire"));
    d.add_errback(move |failure| print_error(&format!("log.err: {failure}")));
    print("With an errback: it was logged while the Deferred is held");
    drop(d);

    reset_report_hook();
}

fn main() {
    run(|line| println!("{line}"), |line| eprintln!("{line}"));
}
