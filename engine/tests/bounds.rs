//! What a Deferred asks of its types: nothing but where Twisted leaves a null, or shares.

use deferral::{Deferred, Failure, Returned};
use std::net::TcpListener;

#[test]
fn values_without_default_or_clone() {
    let d: Deferred<TcpListener> = Deferred::new();
    d.add_callback(|listener| listener).add_errback(|failure: Failure| Err(failure));
    d.callback(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
    assert!(d.with_result(|result| result.unwrap().as_ref().unwrap().local_addr().is_ok()));
}

#[test]
fn callbacks_return_whatever_becomes_an_outcome() {
    let value = |d: &Deferred<u32>| d.with_result(|result| result?.as_ref().ok().copied());
    let d: Deferred<u32> = deferral::succeed(1);
    d.add_callback(|value| value + 1);
    assert_eq!(value(&d), Some(2));
    d.add_callback(|value| -> Result<u32, Failure> { Ok("3".parse::<u32>()? * value) });
    assert_eq!(value(&d), Some(6));
    d.add_callback(|value| deferral::succeed(value + 1));
    assert_eq!(value(&d), Some(7));
    d.add_callback(|value| -> Result<Deferred<u32>, Failure> {
        Ok(deferral::succeed("8".parse::<u32>()? + value))
    });
    assert_eq!(value(&d), Some(15));
    d.add_callback(
        |value| if value > 10 { Returned::wait(deferral::succeed(16)) } else { Returned::Value(value) },
    );
    assert_eq!(value(&d), Some(16));
    d.add_callback(|_| "no number".parse::<u32>().map_err(Failure::from));
    d.add_errback(|failure| failure.trap::<std::num::ParseIntError>().map(|_| 17));
    assert_eq!(value(&d), Some(17));
}

#[test]
fn failures_keep_their_source_and_identity() {
    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("outer")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let failure = Failure::from(Outer("x".parse::<u8>().unwrap_err()));
    assert_eq!(failure.message(), "outer");
    assert_eq!(failure.source().unwrap().to_string(), "invalid digit found in string");
    assert!(format!("{failure:?}").contains("caused by: invalid digit"));
    let d: Deferred<u32> = deferral::fail(failure.clone());
    let seen = failure.clone();
    d.add_errback(move |arrived| {
        assert!(arrived.ptr_eq(&seen));
        0
    });
    assert!(failure.check::<Outer>().is_some() && failure.check::<std::fmt::Error>().is_none());
}
