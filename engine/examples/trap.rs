//! The listings around `failure.trap(SpamException, EggException)`: `try: cookSpamAndEggs() except ...`, and
//! the errback that does the same.
//!
//! The article leaves the bodies out and prints nothing. Here the cook fails in three ways, and each form
//! says what it handled; the third error is trapped by neither and goes on to the next errback. `trap` takes
//! one type, so two are trapped one after the other.

use deferral::{Deferred, Failure};
use std::error::Error;
use std::fmt;

macro_rules! errors {
    ($($name:ident: $message:literal)*) => {$(
        #[derive(Debug)]
        struct $name;

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($message)
            }
        }

        impl Error for $name {}
    )*};
}

errors! {
    SpamError: "the spam is burnt"
    EggError: "the egg is rotten"
    GasError: "the gas is off"
}

#[derive(Clone, Copy)]
enum Kitchen {
    BadSpam,
    BadEgg,
    NoGas,
}

fn cook_spam_and_eggs(kitchen: Kitchen) -> Result<(), Failure> {
    match kitchen {
        Kitchen::BadSpam => Err(SpamError)?,
        Kitchen::BadEgg => Err(EggError)?,
        Kitchen::NoGas => Err(GasError)?,
    }
}

/// `try: cookSpamAndEggs() except (SpamException, EggException): ...`
fn with_try(kitchen: Kitchen, print: fn(&str)) -> Result<(), Failure> {
    match cook_spam_and_eggs(kitchen) {
        Err(failure) if failure.check::<SpamError>().is_some() || failure.check::<EggError>().is_some() => {
            print(&format!("try: handled: {failure}"));
            Ok(())
        }
        other => other,
    }
}

/// The same as callback and errback.
fn with_deferred(kitchen: Kitchen, print: fn(&str)) -> Deferred<()> {
    let d = Deferred::new();
    d.add_callback(move |()| cook_spam_and_eggs(kitchen)).add_errback(move |failure| {
        let failure = failure.trap::<SpamError>().or_else(Failure::trap::<EggError>)?;
        print(&format!("trap: handled: {failure}"));
        Ok(())
    });
    d.callback(()).expect("nobody else fires it");
    d
}

/// The program: tells `print` the lines that it prints.
pub fn run(print: fn(&str)) {
    for kitchen in [Kitchen::BadSpam, Kitchen::BadEgg, Kitchen::NoGas] {
        if let Err(failure) = with_try(kitchen, print) {
            print(&format!("try: went on: {failure}"));
        }
        let trapped = with_deferred(kitchen, print);
        trapped.add_errback(move |failure| print(&format!("trap: went on: {failure}")));
    }
}

fn main() {
    run(|line| println!("{line}"));
}
