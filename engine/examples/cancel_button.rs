//! The listing `startConnecting` and `cancelClicked`: an attempt to connect that takes too long is cancelled,
//! so that the user can connect to another machine.
//!
//! The article leaves endpoint and button out and prints nothing; here connecting takes time of a
//! [`ManualClock`], and its canceller takes the call that would end it away from the clock.

use deferral::{Cancelled, Clock, Deferred, DelayedCall, ManualClock};
use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

struct Endpoint {
    name: &'static str,
    takes: Duration,
}

impl Endpoint {
    fn connect(&self, reactor: &ManualClock, print: fn(&str)) -> Deferred<&'static str> {
        let name = self.name;
        // The canceller needs the call, which needs the Deferred, which needs the canceller.
        let call = Rc::new(OnceCell::<DelayedCall>::new());
        let to_stop = Rc::clone(&call);
        let connection = Deferred::with_canceller(move |_| {
            if let Some(call) = to_stop.get() {
                call.cancel();
            }
            print(&format!("{name}: stopped connecting"));
        });
        let later = connection.clone();
        let established = move || later.callback(name).expect("a cancelled connection isn't established");
        let _ = call.set(reactor.call_later(self.takes, Box::new(established)));
        connection
    }
}

fn start_connecting(endpoint: &Endpoint, reactor: &ManualClock, print: fn(&str)) -> Deferred<&'static str> {
    print(&format!("{}: connecting", endpoint.name));
    let attempt = endpoint.connect(reactor, print);
    attempt.add_callback(move |name| {
        print(&format!("{name}: connected"));
        name
    });
    attempt
}

/// The program: tells `print` the lines that it prints.
pub fn run(print: fn(&str)) {
    let reactor = ManualClock::new();
    let slow = Endpoint { name: "slow", takes: Duration::from_secs(60) };
    let quick = Endpoint { name: "quick", takes: Duration::from_secs(1) };

    let attempt = start_connecting(&slow, &reactor, print);
    attempt.add_errback(move |failure| {
        let failure = failure.trap::<Cancelled>()?;
        print(&format!("slow: {failure}"));
        Ok("none")
    });
    let cancel_clicked = move || attempt.cancel();
    reactor.advance(Duration::from_secs(5));
    print("Cancel clicked");
    cancel_clicked();
    // It may be clicked again.
    cancel_clicked();

    start_connecting(&quick, &reactor, print);
    reactor.advance(Duration::from_secs(60));
}

fn main() {
    run(|line| println!("{line}"));
}
