//! `engine`: the crate `deferral`.

use super::{Chain, Fails, Waits};
use deferral::{Cancelled, Deferred, Failure};

impl<T: 'static> Chain<T> for Deferred<T> {
    fn new() -> Self {
        Deferred::new()
    }

    fn add(&mut self, callback: impl FnOnce(T) -> T + 'static) {
        self.add_callback(callback);
    }

    fn fire(&mut self, value: T) {
        self.callback(value).expect("it is fired once");
    }

    fn look<R>(&mut self, look: impl FnOnce(&T) -> R) -> R {
        self.with_result(|result| look(result.expect("it is fired").as_ref().expect("it has a value")))
    }
}

impl Fails for Deferred<u64> {
    fn add_errback(&mut self, value: u64) {
        Deferred::add_errback(self, move |_| value);
    }

    fn fail(&mut self) {
        self.errback(Failure::new(std::fmt::Error)).expect("it is fired once");
    }
}

impl Waits for Deferred<u64> {
    type Source = Self;

    fn innermost() -> (Self, Self) {
        let innermost = Self::new();
        (innermost.clone(), innermost)
    }

    fn waiting_for(inner: Self) -> Self {
        let outer = Self::new();
        outer.add_callback(move |_| inner);
        outer.callback(0).expect("it is fired once");
        outer
    }

    fn fire(innermost: Self, mut outermost: Self, value: u64) -> (u64, Self) {
        innermost.callback(value).expect("it is fired once");
        (outermost.look(|value| *value), outermost)
    }

    fn cancel(innermost: Self, mut outermost: Self) {
        Deferred::add_errback(&outermost, |failure| failure.trap::<Cancelled>().map(|_| 3));
        drop(innermost);
        Deferred::cancel(&outermost);
        assert_eq!(outermost.look(|value| *value), 3);
    }
}
