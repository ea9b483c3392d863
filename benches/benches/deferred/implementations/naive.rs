//! `naive`: the plain transliteration of Twisted's Deferred.

use super::{Chain, Fails, Waits};
use deferral_benches::naive::{Cancelled, Naive, Outcome};

impl<T: Default + 'static> Chain<T> for Naive<T> {
    fn new() -> Self {
        Naive::new()
    }

    fn add(&mut self, callback: impl FnOnce(T) -> T + 'static) {
        self.add_callback(|value| Outcome::Value(callback(value)));
    }

    fn fire(&mut self, value: T) {
        Naive::fire(self, Ok(value)).expect("it is fired once");
    }

    fn look<R>(&mut self, look: impl FnOnce(&T) -> R) -> R {
        self.with_result(|result| look(result.expect("it is fired").as_ref().expect("it has a value")))
    }
}

impl Fails for Naive<u64> {
    fn add_errback(&mut self, value: u64) {
        Naive::add_errback(self, move |_| Outcome::Value(value));
    }

    fn fail(&mut self) {
        Naive::fire(self, Err(Box::new(std::fmt::Error))).expect("it is fired once");
    }
}

impl Waits for Naive<u64> {
    type Source = Self;

    fn innermost() -> (Self, Self) {
        let innermost = Self::new();
        (innermost.clone(), innermost)
    }

    fn waiting_for(inner: Self) -> Self {
        let outer = Self::new();
        outer.add_callback(move |_| Outcome::Wait(inner));
        Naive::fire(&outer, Ok(0)).expect("it is fired once");
        outer
    }

    fn fire(innermost: Self, mut outermost: Self, value: u64) -> (u64, Self) {
        Naive::fire(&innermost, Ok(value)).expect("it is fired once");
        (outermost.look(|value| *value), outermost)
    }

    fn cancel(innermost: Self, mut outermost: Self) {
        Naive::add_errback(&outermost, |failure| Outcome::Value(3 + u64::from(!failure.is::<Cancelled>())));
        drop(innermost);
        Naive::cancel(&outermost);
        assert_eq!(outermost.look(|value| *value), 3);
    }
}
