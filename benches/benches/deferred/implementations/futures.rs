//! `futures`: the crate of that name. A callback is a boxed `map` around the future before; waiting is a boxed
//! future that awaits another; cancelling is dropping.

use super::{Chain, Fails, Waits};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::LocalBoxFuture;

/// A chain of futures. It does nothing before it is polled, which firing does.
pub(crate) struct Chained<T> {
    source: Option<oneshot::Sender<T>>,
    chain: LocalBoxFuture<'static, T>,
    value: Option<T>,
}

impl<T: 'static> Chain<T> for Chained<T> {
    fn new() -> Self {
        let (source, arrives) = oneshot::channel();
        let chain = arrives.map(|value| value.expect("it is fired")).boxed_local();
        Self { source: Some(source), chain, value: None }
    }

    fn add(&mut self, callback: impl FnOnce(T) -> T + 'static) {
        // Boxing what has no size allocates nothing.
        let before = std::mem::replace(&mut self.chain, futures::future::pending().boxed_local());
        self.chain = before.map(callback).boxed_local();
    }

    fn fire(&mut self, value: T) {
        let source = self.source.take().expect("it is fired once");
        assert!(source.send(value).is_ok(), "the chain is there");
        self.value = (&mut self.chain).now_or_never();
    }

    fn look<R>(&mut self, look: impl FnOnce(&T) -> R) -> R {
        look(self.value.as_ref().expect("it is ready"))
    }
}

/// A chain of futures of results.
pub(crate) struct Fallible(Chained<Result<u64, std::fmt::Error>>);

impl Chain<u64> for Fallible {
    fn new() -> Self {
        Self(Chained::new())
    }

    fn add(&mut self, callback: impl FnOnce(u64) -> u64 + 'static) {
        self.0.add(|result| result.map(callback));
    }

    fn fire(&mut self, value: u64) {
        self.0.fire(Ok(value));
    }

    fn look<R>(&mut self, look: impl FnOnce(&u64) -> R) -> R {
        self.0.look(|result| look(result.as_ref().expect("it has a value")))
    }
}

impl Fails for Fallible {
    fn add_errback(&mut self, value: u64) {
        self.0.add(move |result| result.or(Ok(value)));
    }

    fn fail(&mut self) {
        self.0.fire(Err(std::fmt::Error));
    }
}

impl Waits for LocalBoxFuture<'static, u64> {
    type Source = oneshot::Sender<u64>;

    fn innermost() -> (Self::Source, Self) {
        let (source, arrives) = oneshot::channel();
        (source, arrives.map(|value| value.expect("it is fired")).boxed_local())
    }

    fn waiting_for(inner: Self) -> Self {
        futures::future::ready(()).then(move |()| inner).boxed_local()
    }

    fn fire(source: Self::Source, mut outermost: Self, value: u64) -> (u64, Self) {
        source.send(value).expect("the innermost is there");
        ((&mut outermost).now_or_never().expect("it is ready"), outermost)
    }

    fn cancel(source: Self::Source, outermost: Self) {
        drop(outermost);
        assert!(source.is_canceled());
    }
}
