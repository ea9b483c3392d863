//! Awaiting Deferreds, and running futures for them, without a runtime.

use deferral::{
    AlreadyCalled, Cancelled, Deferred, Failure, Panicked, Report, State, run_woken, set_report_hook,
};
use std::cell::{Cell, RefCell};
use std::future::{Future, IntoFuture, pending, poll_fn, ready};
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};

type D = Deferred<u32>;

/// Something to be captured: whether it was dropped can be seen on the token that stays outside.
fn token() -> (Rc<()>, Rc<()>) {
    let token = Rc::new(());
    (Rc::clone(&token), token)
}

fn freed(token: &Rc<()>) -> bool {
    Rc::strong_count(token) == 1
}

fn value(d: &D) -> Option<u32> {
    d.with_result(|result| result.and_then(|result| result.as_ref().ok().copied()))
}

/// The message of its failure, which counts as handled from then on.
fn failure(d: &D) -> Option<String> {
    let message =
        d.with_result(|result| result.and_then(|result| result.as_ref().err().map(Failure::message)));
    d.add_errback(|_| 0);
    message
}

fn cancelled() -> Option<String> {
    Some(Cancelled.to_string())
}

/// Collects the unhandled errors that this thread reports.
fn reports() -> Rc<RefCell<Vec<String>>> {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let told = Rc::clone(&reports);
    set_report_hook(move |report| {
        if let Report::Unhandled { error, .. } = report {
            told.borrow_mut().push(error.downcast_ref::<Failure>().unwrap().message());
        }
    });
    reports
}

/// Awaits all of several futures, and polls each until it is ready.
struct Join<F: Future>(Vec<Result<F::Output, F>>);

fn join(deferreds: &[&D]) -> Join<<D as IntoFuture>::IntoFuture> {
    Join(deferreds.iter().map(|&d| Err(d.clone().into_future())).collect())
}

impl<F: Future + Unpin> Unpin for Join<F> {}

impl<F: Future + Unpin> Future for Join<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        for member in &mut self.0 {
            if let Err(future) = member
                && let Poll::Ready(output) = Pin::new(future).poll(context)
            {
                *member = Ok(output);
            }
        }
        if self.0.iter().any(Result::is_err) {
            return Poll::Pending;
        }
        Poll::Ready(self.0.drain(..).filter_map(Result::ok).collect())
    }
}

/// Awaits the first of two futures, and drops the other.
async fn select<O>(first: impl Future<Output = O>, second: impl Future<Output = O>) -> O {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Pending => second.as_mut().poll(context),
        ready => ready,
    })
    .await
}

/// Something that isn't a Deferred, and that any thread may send.
#[derive(Clone, Default)]
struct Signal(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Signal {
    fn send(&self) {
        let wakers = {
            let mut signal = self.0.lock().unwrap();
            signal.0 = true;
            std::mem::take(&mut signal.1)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Wakes without having been sent.
    fn wake(&self) {
        let wakers = self.0.lock().unwrap().1.clone();
        wakers.into_iter().for_each(Waker::wake);
    }

    fn forget(&self) {
        let wakers = std::mem::take(&mut self.0.lock().unwrap().1);
        drop(wakers);
    }

    fn sent(&self) -> impl Future<Output = ()> + use<> {
        let signal = self.clone();
        poll_fn(move |context| {
            let mut signal = signal.0.lock().unwrap();
            if signal.0 {
                return Poll::Ready(());
            }
            signal.1.push(context.waker().clone());
            Poll::Pending
        })
    }
}

/// A foreign executor.
fn block_on<F: Future>(future: F) -> F::Output {
    #[derive(Default)]
    struct Parker(Mutex<bool>, Condvar);
    impl Wake for Parker {
        fn wake(self: Arc<Self>) {
            *self.0.lock().unwrap() = true;
            self.1.notify_one();
        }
    }
    let parker = Arc::new(Parker::default());
    let waker = Waker::from(Arc::clone(&parker));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut woken = parker.0.lock().unwrap();
        while !std::mem::take(&mut *woken) {
            woken = parker.1.wait(woken).unwrap();
        }
    }
}

/// Polls a future once, outside any task.
fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn what_a_fired_deferred_has_is_copied() {
    let d: D = deferral::succeed(3);
    let awaited = d.clone();
    let twice: D = Deferred::from_future(async move { Ok(awaited.clone().await? + awaited.await?) });
    assert_eq!((value(&twice), value(&d)), (Some(6), Some(3)));
}

#[test]
fn what_an_unfired_one_gets_is_taken() {
    let (d, awaited) = (D::new(), Rc::new(Cell::new(None)));
    let (source, seen) = (d.clone(), Rc::clone(&awaited));
    let doubled: D = Deferred::from_future(async move {
        let value = source.await?;
        seen.set(Some(value));
        Ok(2 * value)
    });
    assert_eq!(doubled.state(), State::Unfired);
    let behind = Rc::new(Cell::new(None));
    let see = Rc::clone(&behind);
    d.add_callback(move |value| {
        see.set(Some(value));
        value
    });
    d.callback(4).unwrap();
    assert_eq!((awaited.get(), value(&doubled)), (Some(4), Some(8)));
    assert_eq!((behind.get(), value(&d)), (Some(0), Some(0)), "a null is left");
}

#[test]
fn it_runs_at_once_and_goes_on_inside_the_firing() {
    let notes = Rc::new(RefCell::new(Vec::new()));
    let (d, inside) = (D::new(), Rc::clone(&notes));
    let (before, after) = (Rc::clone(&notes), Rc::clone(&notes));
    let awaited = d.clone();
    d.add_callback(move |value| {
        before.borrow_mut().push("before");
        value
    });
    let runs: D = Deferred::from_future(async move {
        inside.borrow_mut().push("begins");
        let value = awaited.await;
        inside.borrow_mut().push("goes on");
        value
    });
    d.add_callback(move |value| {
        after.borrow_mut().push("after");
        value
    });
    notes.borrow_mut().push("fires");
    d.callback(1).unwrap();
    assert_eq!(*notes.borrow(), ["begins", "fires", "before", "goes on", "after"]);
    assert_eq!(value(&runs), Some(1));
}

#[test]
fn failures_come_out_of_the_await_and_count_as_handled() {
    let reports = reports();
    for fired in [true, false] {
        let d = D::new();
        if fired {
            d.errback(Failure::new("broken")).unwrap();
        }
        let awaited = d.clone();
        let passes: D = Deferred::from_future(async move { awaited.await });
        if !fired {
            d.errback(Failure::new("broken")).unwrap();
        }
        drop(d);
        assert_eq!(failure(&passes).as_deref(), Some("broken"));
    }
    assert!(reports.borrow().is_empty());
    let d = D::new();
    drop::<D>(Deferred::from_future(d.clone().into_future()));
    d.errback(Failure::new("nobody caught it")).unwrap();
    assert_eq!(*reports.borrow(), ["nobody caught it"]);
}

#[test]
fn a_paused_one_is_awaited_until_it_goes_on() {
    let d: D = deferral::succeed(5);
    d.pause();
    let waits: D = Deferred::from_future(d.clone().into_future());
    assert_eq!(waits.state(), State::Unfired);
    d.unpause();
    assert_eq!((value(&waits), value(&d)), (Some(5), Some(0)));
}

#[test]
fn cancel_reaches_the_awaited_one() {
    let asked = Rc::new(Cell::new(0));
    let counts = Rc::clone(&asked);
    let d = D::with_canceller(move |_| counts.set(counts.get() + 1));
    let waits: D = Deferred::from_future(d.clone().into_future());
    waits.cancel();
    assert_eq!((asked.get(), failure(&waits)), (1, cancelled()));
    assert_eq!(value(&d), Some(0));
}

#[test]
fn cancel_may_be_caught_again_and_again() {
    const TIMES: u32 = 4;
    let awaited: Vec<D> = (0..=TIMES).map(|_| D::new()).collect();
    let members = awaited.clone();
    let stubborn: D = Deferred::from_future(async move {
        let mut caught = 0;
        for d in members {
            match d.await {
                Err(failure) if failure.check::<Cancelled>().is_some() => caught += 1,
                other => return Ok(100 * caught + other?),
            }
        }
        Ok(caught)
    });
    for d in awaited.iter().take(TIMES as usize) {
        assert_eq!(d.state(), State::Unfired);
        stubborn.cancel();
        assert_eq!(value(d), Some(0));
        assert_eq!(stubborn.state(), State::Waiting);
    }
    awaited[TIMES as usize].callback(7).unwrap();
    assert_eq!(value(&stubborn), Some(100 * TIMES + 7));
}

#[test]
fn cancel_goes_through_nested_futures() {
    let d = D::new();
    let mut outer: D = Deferred::from_future(d.clone().into_future());
    for _ in 0..5 {
        outer = Deferred::from_future(outer.into_future());
    }
    outer.cancel();
    assert_eq!((failure(&outer), value(&d)), (cancelled(), Some(0)));
}

#[test]
fn cancel_finds_nothing_where_no_deferred_is_awaited() {
    let (d, signal) = (D::new(), Signal::default());
    let (awaited, sent) = (d.clone(), signal.sent());
    let waits: D = Deferred::from_future(async move {
        let value = awaited.await?;
        sent.await;
        Ok(value)
    });
    d.callback(2).unwrap();
    // What was awaited before is none of its business any more, even if it waits again.
    let other = D::new();
    let returned = other.clone();
    d.add_callback(move |_| returned);
    waits.cancel();
    assert_eq!((waits.state(), other.state()), (State::Waiting, State::Unfired));
    waits.cancel();
    signal.send();
    assert_eq!(run_woken(), 1);
    assert_eq!((value(&waits), other.state()), (Some(2), State::Unfired));
}

#[test]
fn cancel_of_one_that_went_on_to_something_else_leaves_what_it_awaited_alone() {
    let (d, signal) = (D::new(), Signal::default());
    let (awaited, sent) = (d.clone(), signal.sent());
    let waits: D = Deferred::from_future(async move {
        assert!(awaited.await.is_err());
        sent.await;
        Ok(1)
    });
    waits.cancel();
    let other = D::new();
    let returned = other.clone();
    d.add_callback(move |_| returned);
    waits.cancel();
    assert_eq!(other.state(), State::Unfired);
    signal.send();
    run_woken();
    assert_eq!(value(&waits), Some(1));
}

#[test]
fn a_panic_inside_is_the_error() {
    let at_once: D = Deferred::from_future(async { resume_unwind(Box::new("at once")) });
    let d = D::new();
    let awaited = d.clone();
    let later: D = Deferred::from_future(async move {
        awaited.await?;
        resume_unwind(Box::new("later"))
    });
    d.callback(1).unwrap();
    assert_eq!(value(&d), Some(0), "whoever fired it sees nothing of that");
    let signal = Signal::default();
    let sent = signal.sent();
    let woken: D = Deferred::from_future(async move {
        sent.await;
        resume_unwind(Box::new("woken"))
    });
    signal.send();
    run_woken();
    for (d, message) in [(at_once, "at once"), (later, "later"), (woken, "woken")] {
        d.with_result(|result| {
            let panicked = result.unwrap().as_ref().unwrap_err().check::<Panicked>().unwrap();
            assert_eq!(panicked.message(), Some(message));
        });
        failure(&d);
    }
}

#[test]
fn a_panic_when_the_future_is_dropped_goes_no_further() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            resume_unwind(Box::new("dropped"));
        }
    }
    let held = |d: D| {
        let bomb = Bomb;
        Deferred::<u32>::from_future(async move {
            let value = d.await;
            let _held = &bomb;
            value
        })
    };
    let d = D::new();
    let ends = held(d.clone());
    d.callback(3).unwrap();
    // It panics within the last poll, so it is the future's own panic.
    assert!(ends.state() == State::Failed && failure(&ends).is_some());
    drop(held(D::new()));
}

#[test]
fn two_are_joined() {
    for first in [0, 1] {
        let deferreds = [D::new(), D::new()];
        let both = join(&[&deferreds[0], &deferreds[1]]);
        let sum: D = Deferred::from_future(async move {
            let mut sum = 0;
            for result in both.await {
                sum = 10 * sum + result?;
            }
            Ok(sum)
        });
        deferreds[first].callback(1 + first as u32).unwrap();
        assert_eq!(sum.state(), State::Unfired);
        deferreds[1 - first].callback(2 - first as u32).unwrap();
        assert_eq!(value(&sum), Some(12));
    }
}

#[test]
fn of_joined_ones_cancel_reaches_one_that_is_still_to_come() {
    for first in [0, 1] {
        let deferreds = [D::new(), D::new()];
        let both = join(&[&deferreds[0], &deferreds[1]]);
        let ends: D = Deferred::from_future(async move {
            both.await.into_iter().collect::<Result<Vec<_>, _>>().map(|values| values.iter().sum())
        });
        deferreds[first].callback(1).unwrap();
        ends.cancel();
        assert_eq!(failure(&ends), cancelled(), "{first} came first");
    }
}

#[test]
fn a_combinator_with_wakers_of_its_own_is_told_who_woke() {
    /// Polls its future only when its own waker was woken.
    struct Own<F>(F, Arc<Mark>);
    struct Mark(Mutex<Option<Waker>>, std::sync::atomic::AtomicBool);
    impl Wake for Mark {
        fn wake(self: Arc<Self>) {
            self.1.store(true, std::sync::atomic::Ordering::SeqCst);
            let waker = self.0.lock().unwrap().clone();
            waker.unwrap().wake();
        }
    }
    impl<F: Future + Unpin> Future for Own<F> {
        type Output = F::Output;
        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
            *self.1.0.lock().unwrap() = Some(context.waker().clone());
            if !self.1.1.swap(false, std::sync::atomic::Ordering::SeqCst) {
                return Poll::Pending;
            }
            let waker = Waker::from(Arc::clone(&self.1));
            Pin::new(&mut self.0).poll(&mut Context::from_waker(&waker))
        }
    }
    let d = D::new();
    let mark = Arc::new(Mark(Mutex::default(), true.into()));
    let gets: D = Deferred::from_future(Own(d.clone().into_future(), mark));
    d.callback(6).unwrap();
    assert_eq!(value(&gets), Some(6), "synchronously");
    assert_eq!(run_woken(), 0, "it has ended");
}

#[test]
fn a_wake_of_another_thread_is_queued() {
    let signal = Signal::default();
    let sent = signal.sent();
    let own = std::thread::current().id();
    let waits: D = Deferred::from_future(async move {
        sent.await;
        assert_eq!(std::thread::current().id(), own);
        Ok(4)
    });
    assert_eq!(run_woken(), 0);
    let sends = signal.clone();
    std::thread::spawn(move || sends.send()).join().unwrap();
    assert_eq!(waits.state(), State::Unfired);
    assert_eq!(run_woken(), 1);
    assert_eq!((value(&waits), run_woken()), (Some(4), 0));
}

#[test]
fn a_wake_of_this_thread_is_queued_too() {
    let polls = Rc::new(Cell::new(0));
    let counts = Rc::clone(&polls);
    let yields: D = Deferred::from_future(poll_fn(move |context| {
        counts.set(counts.get() + 1);
        context.waker().wake_by_ref();
        if counts.get() < 3 { Poll::Pending } else { Poll::Ready(Ok(counts.get())) }
    }));
    assert_eq!((polls.get(), yields.state()), (1, State::Unfired));
    assert_eq!((run_woken(), polls.get()), (1, 2), "what it woke itself is for the next time");
    assert_eq!((run_woken(), value(&yields)), (1, Some(3)));
    assert_eq!(run_woken(), 0);
}

#[test]
fn many_wakes_are_one() {
    let signal = Signal::default();
    let polls = Rc::new(Cell::new(0));
    let (counts, mut sent) = (Rc::clone(&polls), Box::pin(signal.sent()));
    let waits: D = Deferred::from_future(poll_fn(move |context| {
        counts.set(counts.get() + 1);
        sent.as_mut().poll(context).map(|()| Ok(1))
    }));
    for _ in 0..1000 {
        signal.wake();
    }
    assert_eq!((run_woken(), polls.get()), (1, 2));
    signal.send();
    assert_eq!((run_woken(), value(&waits)), (1, Some(1)));
}

#[test]
fn they_go_on_in_the_order_of_their_wakes() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let signals: Vec<Signal> = (0..4).map(|_| Signal::default()).collect();
    let waits = signals.iter().enumerate().map(|(at, signal)| {
        let (sent, order) = (signal.sent(), Rc::clone(&order));
        Deferred::from_future(async move {
            sent.await;
            order.borrow_mut().push(at);
            Ok(0)
        })
    });
    let waits: Vec<D> = waits.collect();
    for at in [2, 0, 3, 1] {
        signals[at].send();
    }
    assert_eq!(run_woken(), 4);
    assert_eq!(*order.borrow(), [2, 0, 3, 1]);
    assert!(waits.iter().all(Deferred::called));
}

#[test]
fn one_that_a_deferred_has_resumed_since_isnt_polled_for_the_old_wake() {
    let (d, signal) = (D::new(), Signal::default());
    let (awaited, sent) = (d.clone(), signal.sent());
    let polls = Rc::new(Cell::new(0));
    let counts = Rc::clone(&polls);
    let mut both = Box::pin(async move {
        sent.await;
        awaited.await
    });
    let waits: D = Deferred::from_future(poll_fn(move |context| {
        counts.set(counts.get() + 1);
        both.as_mut().poll(context)
    }));
    signal.send();
    assert_eq!((run_woken(), polls.get()), (1, 2));
    d.callback(1).unwrap();
    assert_eq!((value(&waits), polls.get(), run_woken()), (Some(1), 3, 0));
}

#[test]
fn a_dropped_deferred_drops_the_future_that_awaits_a_deferred_nobody_has() {
    let ((first, outside), (second, at_start)) = (token(), token());
    let d = D::new();
    let awaited = d.clone();
    let waits: D = Deferred::from_future(async move {
        drop(second);
        let value = awaited.await;
        drop(first);
        value
    });
    assert!(freed(&at_start));
    drop(waits);
    assert!(!freed(&outside), "it may still be fired");
    drop(d);
    assert!(freed(&outside));
}

#[test]
fn a_dropped_deferred_drops_the_future_that_nothing_can_wake() {
    let (captured, outside) = token();
    let never: D = Deferred::from_future(async move {
        let _captured = captured;
        pending().await
    });
    assert!(!freed(&outside));
    drop(never);
    assert!(freed(&outside), "nobody has its waker");

    let ((captured, outside), d) = (token(), D::new());
    let awaited = d.clone();
    drop::<D>(Deferred::from_future(async move {
        let _captured = captured;
        awaited.await?;
        pending().await
    }));
    assert!(!freed(&outside));
    d.callback(1).unwrap();
    assert!(freed(&outside), "it comes to that later");
}

#[test]
fn whoever_may_wake_a_future_keeps_it() {
    let ((captured, outside), signal) = (token(), Signal::default());
    let sent = signal.sent();
    let ran = Rc::new(Cell::new(false));
    let runs = Rc::clone(&ran);
    drop::<D>(Deferred::from_future(async move {
        let _captured = captured;
        sent.await;
        runs.set(true);
        Ok(0)
    }));
    assert!(!freed(&outside));
    signal.send();
    assert!(!ran.get() && run_woken() == 1 && ran.get());
    assert!(freed(&outside));
}

#[test]
fn a_future_that_was_woken_in_vain_is_looked_at_again() {
    let ((captured, outside), signal) = (token(), Signal::default());
    let asks = signal.clone();
    let mut held = Some(captured);
    let mut polled = false;
    drop::<D>(Deferred::from_future(poll_fn(move |context| {
        let _captured = &mut held;
        if !std::mem::replace(&mut polled, true) {
            asks.0.lock().unwrap().1.push(context.waker().clone());
        }
        Poll::Pending
    })));
    signal.wake();
    signal.forget();
    assert!(!freed(&outside), "it was woken, and will be polled");
    assert_eq!(run_woken(), 1);
    assert!(freed(&outside), "nobody has its waker any more");
}

#[test]
fn a_select_is_kept_by_either_side() {
    for sends in [false, true] {
        let ((captured, outside), d, signal) = (token(), D::new(), Signal::default());
        let (awaited, sent) = (d.clone(), signal.sent());
        let got = Rc::new(Cell::new(None));
        let gets = Rc::clone(&got);
        drop::<D>(Deferred::from_future(async move {
            let _captured = captured;
            let sent = async {
                sent.await;
                Ok(9)
            };
            gets.set(Some(select(awaited.into_future(), sent).await?));
            Ok(0)
        }));
        if sends {
            drop(d);
            assert!(!freed(&outside), "the signal may come");
            signal.send();
            run_woken();
        } else {
            d.callback(1).unwrap();
        }
        assert_eq!(got.get(), Some(if sends { 9 } else { 1 }));
        assert!(freed(&outside));
    }
}

#[test]
fn one_that_lost_a_select_doesnt_keep_the_future() {
    let ((captured, outside), loser, winner) = (token(), D::new(), D::new());
    let (first, second) = (loser.clone(), winner.clone());
    let waits: D = Deferred::from_future(async move {
        let _captured = captured;
        select(first.into_future(), second.into_future()).await?;
        pending().await
    });
    winner.callback(1).unwrap();
    drop(waits);
    assert!(freed(&outside), "the loser's result isn't awaited any more");
    loser.callback(5).unwrap();
    assert_eq!(value(&loser), Some(5));
}

#[test]
fn the_last_handles_may_go_while_the_future_runs() {
    let (d, signal) = (D::new(), Signal::default());
    let (awaited, sent) = (d.clone(), signal.sent());
    let waits: D = Deferred::from_future(async move {
        let sent = async {
            sent.await;
            Ok(9)
        };
        let value = select(awaited.into_future(), sent).await;
        drop(d);
        value
    });
    let got = Rc::new(Cell::new(None));
    let gets = Rc::clone(&got);
    waits.add_callback(move |value| {
        gets.set(Some(value));
        value
    });
    drop(waits);
    signal.send();
    assert_eq!((run_woken(), got.get()), (1, Some(9)));
}

#[test]
fn circles_between_futures_are_freed() {
    for length in 1..=5 {
        let (captured, outside) = token();
        let circle: Rc<RefCell<Vec<D>>> = Rc::default();
        let starts: Vec<D> = (0..length).map(|_| D::new()).collect();
        for (at, start) in starts.iter().enumerate() {
            let (start, weak) = (start.clone(), Rc::downgrade(&circle));
            let captured = Rc::clone(&captured);
            let member = Deferred::from_future(async move {
                let _captured = captured;
                start.await?;
                let next = weak.upgrade().unwrap().borrow()[(at + 1) % length].clone();
                next.await
            });
            circle.borrow_mut().push(member);
        }
        drop(captured);
        for start in starts {
            start.callback(1).unwrap();
        }
        let last = circle.borrow_mut().pop();
        circle.borrow_mut().clear();
        assert!(!freed(&outside), "{length}: the last handle reaches all of it");
        drop(last);
        assert!(freed(&outside), "{length}");
    }
}

#[test]
fn circles_of_futures_and_waiting_deferreds_are_freed() {
    let ((captured, outside), start, waits) = (token(), D::new(), D::new());
    let (first, awaited) = (start.clone(), waits.downgrade());
    let future: D = Deferred::from_future(async move {
        let _captured = captured;
        first.await?;
        let awaited = awaited.upgrade().unwrap();
        awaited.await
    });
    let returned = future.clone();
    waits.add_callback(move |_| returned);
    waits.callback(1).unwrap();
    start.callback(1).unwrap();
    drop(future);
    assert!(!freed(&outside));
    drop(waits);
    assert!(freed(&outside));
}

#[test]
fn a_future_dropped_while_it_waits_leaves_the_result_alone() {
    let d = D::new();
    let mut awaits = d.clone().into_future();
    assert!(poll_once(&mut awaits).is_pending());
    drop(awaits);
    d.callback(8).unwrap();
    assert_eq!(value(&d), Some(8));

    let reports = reports();
    let d = D::new();
    let awaited = d.clone();
    let gives_up: D = Deferred::from_future(select(awaited.into_future(), ready(Ok(1))));
    assert_eq!(value(&gives_up), Some(1));
    d.errback(Failure::new("nobody awaits it")).unwrap();
    drop(d);
    assert_eq!(*reports.borrow(), ["nobody awaits it"]);
}

#[test]
fn a_future_that_was_never_polled_does_nothing() {
    let d = D::new();
    drop(d.clone().into_future());
    d.callback(8).unwrap();
    assert_eq!(value(&d), Some(8));
}

#[test]
#[should_panic(expected = "polled after it was ready")]
fn polled_after_it_was_ready_it_panics() {
    let mut awaits = deferral::succeed::<u32, Failure>(1).into_future();
    assert!(poll_once(&mut awaits).is_ready());
    let _ = poll_once(&mut awaits);
}

#[test]
fn a_foreign_executor_awaits_deferreds() {
    let fired: D = deferral::succeed(1);
    assert_eq!(block_on(fired.into_future()).unwrap(), 1);
    // The Deferred is fired by a future that the executor runs beside.
    let d = D::new();
    let (fires, (go, gone)) = (d.clone(), mpsc::channel());
    let signal = Signal::default();
    let (sent, sends) = (signal.sent(), signal.clone());
    let thread = std::thread::spawn(move || {
        gone.recv().unwrap();
        sends.send();
    });
    let mut beside = Box::pin(async move {
        sent.await;
        fires.callback(2).unwrap();
    });
    let mut awaits = d.clone().into_future();
    let (mut going, mut polls) = (true, 0);
    let result = block_on(poll_fn(|context| {
        polls += 1;
        let result = Pin::new(&mut awaits).poll(context);
        going = going && beside.as_mut().poll(context).is_pending();
        if polls == 1 {
            go.send(()).unwrap();
        }
        result
    }));
    assert_eq!((result.unwrap(), polls), (2, 3), "it was woken by the Deferred");
    thread.join().unwrap();
}

#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    struct Flag(std::sync::atomic::AtomicBool);
    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    }
    let flags = [(); 2].map(|()| Arc::new(Flag(false.into())));
    let d = D::new();
    let mut awaits = d.clone().into_future();
    for flag in &flags {
        let waker = Waker::from(Arc::clone(flag));
        assert!(Pin::new(&mut awaits).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    d.callback(1).unwrap();
    assert_eq!(flags.map(|flag| flag.0.load(std::sync::atomic::Ordering::SeqCst)), [false, true]);
    assert!(poll_once(&mut awaits).is_ready());
}

#[test]
fn an_await_may_move_from_one_future_to_another() {
    let (d, handed) = (D::new(), Rc::new(RefCell::new(None)));
    let (awaited, hands) = (d.clone(), Rc::clone(&handed));
    let first: D = Deferred::from_future(async move {
        let mut awaits = awaited.into_future();
        poll_fn(|context| {
            assert!(Pin::new(&mut awaits).poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        *hands.borrow_mut() = Some(awaits);
        pending().await
    });
    let second: D = Deferred::from_future(handed.borrow_mut().take().unwrap());
    d.callback(3).unwrap();
    run_woken();
    assert_eq!((value(&second), first.state()), (Some(3), State::Unfired));
}

#[test]
fn a_future_may_fire_what_it_awaits() {
    let (a, b) = (D::new(), D::new());
    let (first, second, fires) = (a.clone(), b.clone(), a.clone());
    let sum: D = Deferred::from_future(async move {
        let both = join(&[&first, &second]);
        let fire = async {
            fires.callback(1).unwrap();
            pending().await
        };
        let results = select(both, fire).await;
        results.into_iter().sum::<Result<u32, Failure>>()
    });
    b.callback(2).unwrap();
    assert_eq!(value(&sum), Some(3));
}

#[test]
fn fired_by_hand_the_futures_end_is_refused_and_the_awaited_one_told() {
    let d = D::new();
    let ends: D = Deferred::from_future(d.clone().into_future());
    ends.callback(7).unwrap();
    d.callback(1).unwrap();
    assert_eq!(value(&ends), Some(7));
    d.with_result(|result| {
        assert!(result.unwrap().as_ref().unwrap_err().check::<AlreadyCalled>().is_some());
    });
    failure(&d);
}

#[test]
fn a_long_chain_of_futures_ends() {
    const LENGTH: u32 = 200;
    let start = D::new();
    let mut end = start.clone();
    for _ in 0..LENGTH {
        let awaited = end;
        end = Deferred::from_future(async move { Ok(awaited.await? + 1) });
    }
    start.callback(0).unwrap();
    assert_eq!(value(&end), Some(LENGTH));
}

#[test]
fn what_sleeps_when_its_thread_ends_is_dropped() {
    struct Tells(mpsc::Sender<()>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    let (tells, told) = mpsc::channel();
    let signal = Signal::default();
    let sent = signal.clone();
    let thread = std::thread::spawn(move || {
        let tells = Tells(tells);
        drop::<D>(Deferred::from_future(async move {
            let _tells = tells;
            sent.sent().await;
            Ok(0)
        }));
    });
    thread.join().unwrap();
    told.recv().unwrap();
    // Nobody is there any more.
    signal.send();
}

#[test]
fn a_future_whose_deferred_was_fired_by_hand_goes_with_what_it_awaits() {
    let ((captured, outside), d) = (token(), D::new());
    let awaited = d.clone();
    let fired: D = Deferred::from_future(async move {
        let _captured = captured;
        awaited.await
    });
    fired.callback(7).unwrap();
    assert!(!freed(&outside), "it can still come");
    drop(d);
    assert!(freed(&outside), "a handle of what was fired doesn't reach it");
    assert_eq!(value(&fired), Some(7));
}

#[test]
fn what_lost_its_last_handle_in_a_select_lets_the_future_go() {
    let ((captured, outside), first, second) = (token(), D::new(), D::new());
    let (one, other) = (first.clone(), second.clone());
    let ends: D = Deferred::from_future(async move {
        let _captured = captured;
        select(one.into_future(), other.into_future()).await
    });
    drop(first);
    drop(ends);
    assert!(!freed(&outside), "the second one can still come");
    drop(second);
    assert!(freed(&outside));
}

#[test]
fn one_that_a_deferred_has_resumed_and_that_waits_on_isnt_polled_for_the_old_wake() {
    let (d, signal) = (D::new(), Signal::default());
    let (mut awaited, mut sent) = (d.clone().into_future(), Box::pin(signal.sent()));
    let polls = Rc::new(Cell::new(0));
    let counts = Rc::clone(&polls);
    let _waits: D = Deferred::from_future(poll_fn(move |context| {
        counts.set(counts.get() + 1);
        if counts.get() < 3 {
            let _ = Pin::new(&mut awaited).poll(context);
        }
        sent.as_mut().poll(context).map(|()| Ok(0))
    }));
    signal.wake();
    d.callback(1).unwrap();
    assert_eq!((polls.get(), run_woken()), (2, 0));
    signal.wake();
    assert_eq!((run_woken(), polls.get()), (1, 3));
}

#[test]
fn a_future_that_nothing_will_wake_goes_though_what_it_would_fire_was_fired_by_hand() {
    let ((captured, outside), d, signal) = (token(), D::new(), Signal::default());
    let (mut awaited, asks) = (d.clone().into_future(), signal.clone());
    let (mut held, mut polled) = (Some(captured), false);
    let fired: D = Deferred::from_future(poll_fn(move |context| {
        let _captured = &mut held;
        if !std::mem::replace(&mut polled, true) {
            asks.0.lock().unwrap().1.push(context.waker().clone());
        }
        Pin::new(&mut awaited).poll(context)
    }));
    fired.callback(7).unwrap();
    drop(d);
    signal.wake();
    signal.forget();
    assert!(!freed(&outside), "it was woken, and will be polled");
    assert_eq!(run_woken(), 1);
    assert!(freed(&outside), "a handle of what was fired doesn't reach it");
    assert_eq!(value(&fired), Some(7));
}
