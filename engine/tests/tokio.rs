//! Deferreds on a LocalSet of the real tokio. Time is paused or plays no part.

use deferral::tokio::{SenderDropped, TokioClock, drive, from_join_handle, from_oneshot};
use deferral::{
    AlreadyCalled, Cancelled, Clock, Deferred, Failure, Panicked, State, TimedOut, gather_results, run_woken,
};
use std::cell::{Cell, RefCell};
use std::future::{Future, IntoFuture, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::{Instant, advance, sleep};

type D = Deferred<u32>;

const SECOND: Duration = Duration::from_secs(1);

/// Runs a test on a LocalSet; time moves when there is nothing else to do.
fn local<R>(test: impl Future<Output = R>) -> R {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

/// Runs a test on a LocalSet beside a runtime of several threads.
fn threaded<R>(test: impl Future<Output = R>) -> R {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

fn value(d: &D) -> Option<u32> {
    d.with_result(|result| result.and_then(|result| result.as_ref().ok().copied()))
}

/// Whether it failed with an `X`.
fn failed<X: std::error::Error + 'static>(d: &D) -> bool {
    d.with_result(|result| matches!(result, Some(Err(failure)) if failure.check::<X>().is_some()))
}

/// Marks a Deferred's failure as handled.
fn handled(d: &D) {
    d.add_errback(|_| 0);
}

/// Lets every task have some turns.
async fn turns() {
    for _ in 0..20 {
        yield_now().await;
    }
}

#[test]
fn a_task_awaits_a_deferred_that_another_fires() {
    local(async {
        let d = D::new();
        let awaiting = spawn_local(d.clone().into_future());
        let fires = d.clone();
        spawn_local(async move { fires.callback(3).unwrap() }).await.unwrap();
        assert_eq!(awaiting.await.unwrap().unwrap(), 3);
        assert_eq!(value(&d), Some(0), "the result was taken");
    });
}

#[test]
fn a_fired_deferred_gives_its_result_and_keeps_it() {
    local(async {
        let d: D = deferral::succeed(4);
        assert_eq!((d.clone().await.unwrap(), d.clone().await.unwrap()), (4, 4));
    });
}

#[test]
fn failures_come_out_of_the_await() {
    local(async {
        let d = D::new();
        let awaiting = spawn_local(d.clone().into_future());
        turns().await;
        d.errback(Failure::new("no")).unwrap();
        assert_eq!(awaiting.await.unwrap().unwrap_err().message(), "no");
    });
}

#[test]
fn an_aborted_task_leaves_the_result_alone() {
    local(async {
        let d = D::new();
        let awaiting = spawn_local(d.clone().into_future());
        turns().await;
        awaiting.abort();
        assert!(awaiting.await.unwrap_err().is_cancelled());
        d.callback(5).unwrap();
        assert_eq!(value(&d), Some(5));
    });
}

#[test]
fn tokios_own_timeout_and_join_take_deferreds() {
    local(async {
        let (a, b) = (D::new(), D::new());
        assert!(tokio::time::timeout(SECOND, a.clone()).await.is_err());
        let both = spawn_local({
            let (a, b) = (a.clone(), b.clone());
            async move { tokio::join!(a, b) }
        });
        turns().await;
        b.callback(2).unwrap();
        turns().await;
        a.callback(1).unwrap();
        let (first, second) = both.await.unwrap();
        assert_eq!((first.unwrap(), second.unwrap()), (1, 2));
    });
}

#[test]
fn a_join_handle_fires_with_what_the_task_returns() {
    local(async {
        assert_eq!(from_join_handle::<_, Failure>(tokio::spawn(async { 6 })).await.unwrap(), 6);
        assert_eq!(
            from_join_handle::<_, Failure>(spawn_local(async { Rc::new(7) })).await.unwrap(),
            7.into()
        );
    });
    threaded(async {
        let spawned: Vec<D> = (0..50).map(|at| from_join_handle(tokio::spawn(async move { at }))).collect();
        let values = gather_results(spawned).await.unwrap();
        assert_eq!(values, (0..50).collect::<Vec<_>>());
        let blocking: D = from_join_handle(tokio::task::spawn_blocking(|| 8));
        assert_eq!(blocking.await.unwrap(), 8);
    });
}

#[test]
fn a_tasks_panic_is_the_error() {
    local(async {
        let panics = async { std::panic::resume_unwind(Box::new("out of paper")) };
        let d: D = from_join_handle(tokio::spawn(panics));
        let failure = d.await.unwrap_err();
        assert_eq!(failure.check::<Panicked>().unwrap().message(), Some("out of paper"));
    });
}

#[test]
fn an_aborted_task_is_a_cancelled_deferred() {
    local(async {
        let task = tokio::spawn(pending::<u32>());
        let abort = task.abort_handle();
        let d: D = from_join_handle(task);
        turns().await;
        assert_eq!(d.state(), State::Unfired);
        abort.abort();
        turns().await;
        assert!(failed::<Cancelled>(&d));
        handled(&d);
    });
}

#[test]
fn cancelling_aborts_the_task() {
    for run in [local::<()> as fn(_), threaded::<()>] {
        let test: std::pin::Pin<Box<dyn Future<Output = ()>>> = Box::pin(async {
            let (held, dropped) = oneshot::channel::<()>();
            let d: D = from_join_handle(tokio::spawn(async move {
                let _held = held;
                pending().await
            }));
            d.cancel();
            assert!(failed::<Cancelled>(&d), "it doesn't wait for the task");
            handled(&d);
            // What the task captured goes.
            assert!(dropped.await.is_err());
            turns().await;
            assert_eq!(value(&d), Some(0));
        });
        run(test);
    }
}

#[test]
fn a_dropped_deferred_lets_the_task_go_on_and_its_callbacks_run() {
    local(async {
        let (go, went) = (oneshot::channel::<u32>(), oneshot::channel::<u32>());
        let d: D = from_join_handle(tokio::spawn(async move { go.1.await.unwrap() }));
        d.add_callback(move |value| {
            went.0.send(value).unwrap();
            value
        });
        drop(d);
        turns().await;
        go.0.send(9).unwrap();
        assert_eq!(went.1.await.unwrap(), 9);
    });
}

#[test]
fn fired_by_hand_it_keeps_that_result() {
    local(async {
        let (sender, receiver) = oneshot::channel();
        let d: D = from_oneshot(receiver);
        d.callback(1).unwrap();
        sender.send(2).unwrap();
        turns().await;
        assert_eq!(value(&d), Some(1));
    });
}

#[test]
fn a_oneshot_fires_with_what_is_sent() {
    local(async {
        let (sender, receiver) = oneshot::channel();
        sender.send(1).unwrap();
        assert_eq!(from_oneshot::<_, Failure>(receiver).await.unwrap(), 1);
    });
    threaded(async {
        let (sender, receiver) = oneshot::channel();
        let d: D = from_oneshot(receiver);
        let (go, gone) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            gone.blocking_recv().unwrap();
            sender.send(2).unwrap();
        });
        turns().await;
        assert_eq!(d.state(), State::Unfired);
        go.send(()).unwrap();
        assert_eq!(d.await.unwrap(), 2);
        thread.join().unwrap();
    });
}

#[test]
fn a_dropped_sender_is_an_error_of_its_own() {
    #[derive(Debug, PartialEq)]
    enum Own {
        Sender,
        Deferred,
    }
    impl From<SenderDropped> for Own {
        fn from(_: SenderDropped) -> Self {
            Self::Sender
        }
    }
    impl From<AlreadyCalled> for Own {
        fn from(_: AlreadyCalled) -> Self {
            Self::Deferred
        }
    }
    impl From<Cancelled> for Own {
        fn from(_: Cancelled) -> Self {
            Self::Deferred
        }
    }
    impl From<Panicked> for Own {
        fn from(_: Panicked) -> Self {
            Self::Deferred
        }
    }
    local(async {
        let (sender, receiver) = oneshot::channel::<u32>();
        let d: D = from_oneshot(receiver);
        drop(sender);
        turns().await;
        assert!(failed::<SenderDropped>(&d));
        handled(&d);
        let (sender, receiver) = oneshot::channel::<u32>();
        let d: Deferred<u32, RcOwn<Own>> = from_oneshot(receiver);
        drop(sender);
        assert_eq!(*d.await.unwrap_err().0, Own::Sender);
    });
}

/// Makes an error that can be cloned, as an await asks for.
#[derive(Debug)]
struct RcOwn<X>(Rc<X>);

impl<X> Clone for RcOwn<X> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

macro_rules! wraps {
    ($($error:ty),*) => {$(
        impl<X: From<$error>> From<$error> for RcOwn<X> {
            fn from(error: $error) -> Self {
                Self(Rc::new(error.into()))
            }
        }
    )*};
}
wraps!(SenderDropped, AlreadyCalled, Cancelled, Panicked);

#[test]
fn cancelling_closes_the_channel() {
    local(async {
        let (mut sender, receiver) = oneshot::channel::<u32>();
        let d: D = from_oneshot(receiver);
        turns().await;
        assert!(!sender.is_closed());
        d.cancel();
        assert!(failed::<Cancelled>(&d));
        handled(&d);
        sender.closed().await;
    });
}

/// Notes what is called, and when it was.
#[derive(Clone)]
struct Notes(Rc<RefCell<Vec<(u32, Duration)>>>, Instant);

impl Notes {
    fn new() -> Self {
        Self(Rc::default(), Instant::now())
    }

    fn call(&self, name: u32) -> Box<dyn FnOnce()> {
        let notes = self.clone();
        Box::new(move || notes.0.borrow_mut().push((name, notes.1.elapsed())))
    }
}

#[test]
fn the_clock_calls_when_it_is_time() {
    local(async {
        let notes = Notes::new();
        TokioClock.call_later(3 * SECOND, notes.call(3));
        TokioClock.call_later(SECOND, notes.call(1));
        TokioClock.call_later(2 * SECOND, notes.call(2));
        sleep(4 * SECOND).await;
        assert_eq!(*notes.0.borrow(), [(1, SECOND), (2, 2 * SECOND), (3, 3 * SECOND)]);
    });
}

#[test]
fn the_clock_counts_from_the_call() {
    local(async {
        let notes = Notes::new();
        TokioClock.call_later(SECOND, notes.call(1));
        // Not even one turn was had until then.
        advance(SECOND).await;
        turns().await;
        assert_eq!(*notes.0.borrow(), [(1, SECOND)]);
    });
}

#[test]
fn nothing_is_called_before_its_time_or_synchronously() {
    local(async {
        let notes = Notes::new();
        TokioClock.call_later(Duration::ZERO, notes.call(0));
        TokioClock.call_later(Duration::MAX, notes.call(1));
        assert!(notes.0.borrow().is_empty());
        turns().await;
        sleep(SECOND).await;
        assert_eq!(notes.0.borrow().len(), 1);
    });
}

#[test]
fn a_cancelled_call_isnt_made_and_is_dropped_at_once() {
    local(async {
        let notes = Notes::new();
        let token = Rc::new(());
        let (held, call) = (Rc::clone(&token), notes.call(1));
        let delayed = TokioClock.call_later(
            SECOND,
            Box::new(move || {
                drop(held);
                call();
            }),
        );
        turns().await;
        delayed.cancel();
        assert_eq!(Rc::strong_count(&token), 1);
        delayed.cancel();
        sleep(2 * SECOND).await;
        assert!(notes.0.borrow().is_empty());
    });
}

#[test]
fn a_call_may_cancel_itself_and_others_and_make_more() {
    local(async {
        let notes = Notes::new();
        let other = TokioClock.call_later(2 * SECOND, notes.call(2));
        let own = Rc::new(RefCell::new(None));
        let (inside, first, more) = (Rc::clone(&own), notes.call(1), notes.call(3));
        let delayed = TokioClock.call_later(
            SECOND,
            Box::new(move || {
                let own: Option<deferral::DelayedCall> = inside.borrow_mut().take();
                own.unwrap().cancel();
                other.cancel();
                first();
                TokioClock.call_later(SECOND, more);
            }),
        );
        *own.borrow_mut() = Some(delayed);
        sleep(5 * SECOND).await;
        assert_eq!(*notes.0.borrow(), [(1, SECOND), (3, 2 * SECOND)]);
    });
}

#[test]
fn a_call_that_panics_ends_there() {
    local(async {
        let notes = Notes::new();
        TokioClock.call_later(SECOND, Box::new(|| std::panic::resume_unwind(Box::new("no"))));
        TokioClock.call_later(2 * SECOND, notes.call(2));
        sleep(3 * SECOND).await;
        assert_eq!(*notes.0.borrow(), [(2, 2 * SECOND)]);
    });
}

#[test]
fn timeouts_count_on_it() {
    local(async {
        let late = D::new();
        late.add_timeout(SECOND, &TokioClock);
        let begun = Instant::now();
        let failure = late.clone().await.unwrap_err();
        assert_eq!(failure.check::<TimedOut>().unwrap().after, SECOND);
        assert_eq!(begun.elapsed(), SECOND);

        let early = D::new();
        early.add_timeout(SECOND, &TokioClock);
        early.callback(1).unwrap();
        let weak = early.downgrade();
        drop(early);
        assert!(weak.upgrade().is_none(), "the clock has let go of it");
        sleep(2 * SECOND).await;
    });
}

#[test]
fn what_hangs_on_a_local_set_goes_with_it() {
    let token = Rc::new(());
    local(async {
        let held = Rc::clone(&token);
        TokioClock.call_later(SECOND, Box::new(move || drop(held)));
        let held = Rc::clone(&token);
        let (sender, receiver) = oneshot::channel();
        let d: D = from_oneshot(receiver);
        d.add_callback(move |value| {
            drop(held);
            value
        });
        turns().await;
        std::mem::forget(sender);
    });
    assert_eq!(Rc::strong_count(&token), 1);
}

#[test]
fn a_driven_future_sleeps() {
    local(async {
        spawn_local(drive());
        let begun = Instant::now();
        let d: D = Deferred::from_future(async {
            for _ in 0..5 {
                sleep(SECOND).await;
            }
            Ok(5)
        });
        assert_eq!(d.await.unwrap(), 5);
        assert_eq!(begun.elapsed(), 5 * SECOND);
    });
}

#[test]
fn a_driven_future_awaits_deferreds_and_tokio_by_turns() {
    local(async {
        spawn_local(drive());
        let (sender, mut receiver) = mpsc::channel(1);
        let first = D::new();
        let awaited = first.clone();
        let d: D = Deferred::from_future(async move {
            let mut sum = awaited.await?;
            while let Some(value) = receiver.recv().await {
                sleep(SECOND).await;
                let more: D = from_join_handle(tokio::spawn(async move { value }));
                sum += more.await?;
            }
            Ok(sum)
        });
        first.callback(100).unwrap();
        for value in 1..=4 {
            sender.send(value).await.unwrap();
        }
        drop(sender);
        assert_eq!(d.await.unwrap(), 110);
    });
}

#[test]
fn driven_futures_are_woken_from_other_threads() {
    const FUTURES: u32 = 20;
    const ROUNDS: u32 = 100;
    threaded(async {
        spawn_local(drive());
        let futures: Vec<D> = (0..FUTURES)
            .map(|_| {
                let (ask, mut asked) = mpsc::channel(1);
                let (answer, mut answers) = mpsc::channel(1);
                tokio::spawn(async move {
                    while let Some(value) = asked.recv().await {
                        answer.send(value + 1).await.unwrap();
                    }
                });
                Deferred::from_future(async move {
                    let mut value = 0;
                    while value < ROUNDS {
                        ask.send(value).await.map_err(|_| Failure::new("closed"))?;
                        value = answers.recv().await.ok_or_else(|| Failure::new("closed"))?;
                    }
                    Ok(value)
                })
            })
            .collect();
        let ends = gather_results(futures).await.unwrap();
        assert_eq!(ends, [ROUNDS; FUTURES as usize]);
    });
}

#[test]
fn driven_futures_talk_over_a_socket() {
    threaded(async {
        spawn_local(drive());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server: Deferred<()> = Deferred::from_future(async move {
            let (mut stream, _) = listener.accept().await?;
            let mut text = [0; 5];
            stream.read_exact(&mut text).await?;
            text.reverse();
            stream.write_all(&text).await?;
            Ok(())
        });
        let client: Deferred<Vec<u8>> = Deferred::from_future(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(b"hello").await?;
            let mut text = Vec::new();
            stream.read_to_end(&mut text).await?;
            Ok(text)
        });
        assert_eq!(client.await.unwrap(), b"olleh");
        server.await.unwrap();
    });
}

#[test]
fn a_driven_future_selects_between_a_deferred_and_a_sleep() {
    local(async {
        spawn_local(drive());
        for fires in [false, true] {
            let d = D::new();
            let awaited = d.clone();
            let selects: D = Deferred::from_future(async move {
                tokio::select! {
                    value = awaited => value,
                    () = sleep(SECOND) => Ok(99),
                }
            });
            if fires {
                d.callback(1).unwrap();
                assert_eq!(value(&selects), Some(1), "synchronously");
            }
            assert_eq!(selects.await.unwrap(), if fires { 1 } else { 99 });
        }
    });
}

#[test]
fn a_sleep_keeps_a_future_whose_deferred_was_dropped() {
    local(async {
        spawn_local(drive());
        let (sender, receiver) = oneshot::channel();
        let never = D::new();
        let awaited = never.clone();
        let d: D = Deferred::from_future(async move {
            tokio::select! {
                value = awaited => value,
                () = sleep(SECOND) => Ok(2),
            }
        });
        d.add_callback(|value| {
            sender.send(value).unwrap();
            value
        });
        drop((d, never));
        assert_eq!(receiver.await.unwrap(), 2);
    });
}

#[test]
fn cancelling_a_driven_future_that_sleeps_has_no_effect() {
    local(async {
        spawn_local(drive());
        let d: D = Deferred::from_future(async {
            sleep(SECOND).await;
            Ok(3)
        });
        d.cancel();
        assert_eq!(d.state(), State::Waiting);
        assert_eq!(d.await.unwrap(), 3);
    });
}

#[test]
fn cancelling_a_driven_future_aborts_the_task_that_it_awaits() {
    local(async {
        spawn_local(drive());
        let (held, dropped) = oneshot::channel::<()>();
        let d: D = Deferred::from_future(async {
            sleep(SECOND).await;
            let work: D = from_join_handle(tokio::spawn(async move {
                let _held = held;
                pending().await
            }));
            work.await
        });
        sleep(2 * SECOND).await;
        d.cancel();
        assert!(failed::<Cancelled>(&d));
        handled(&d);
        assert!(dropped.await.is_err());
    });
}

#[test]
fn a_panic_in_a_driven_future_is_its_error_and_the_driver_goes_on() {
    local(async {
        spawn_local(drive());
        let panics: D = Deferred::from_future(async {
            sleep(SECOND).await;
            std::panic::resume_unwind(Box::new("no"))
        });
        let sleeps: D = Deferred::from_future(async {
            sleep(2 * SECOND).await;
            Ok(1)
        });
        assert!(panics.await.unwrap_err().check::<Panicked>().is_some());
        assert_eq!(sleeps.await.unwrap(), 1);
    });
}

/// Drives, and counts the turns that this takes.
fn counted(turns: &Rc<Cell<usize>>) -> impl Future<Output = ()> + use<> {
    let turns = Rc::clone(turns);
    async move {
        let mut drive = pin!(drive());
        poll_fn(|context| {
            turns.set(turns.get() + 1);
            drive.as_mut().poll(context).map(|never| match never {})
        })
        .await;
    }
}

#[test]
fn the_driver_sleeps_while_there_is_nothing_to_do() {
    local(async {
        let count = Rc::new(Cell::new(0));
        spawn_local(counted(&count));
        turns().await;
        assert_eq!(count.get(), 1);
        let d: D = Deferred::from_future(async {
            sleep(2 * SECOND).await;
            Ok(1)
        });
        sleep(SECOND).await;
        assert_eq!(count.get(), 1, "nothing was woken");
        d.await.unwrap();
        turns().await;
        assert_eq!(count.get(), 2);
        let d = D::new();
        let waits: D = Deferred::from_future(d.clone().into_future());
        d.callback(4).unwrap();
        turns().await;
        assert_eq!((value(&waits), count.get()), (Some(4), 2), "a Deferred needs no driver");
    });
}

#[test]
fn a_future_that_always_wakes_itself_leaves_turns_to_the_others() {
    local(async {
        spawn_local(drive());
        let stop = Rc::new(Cell::new(false));
        let stopped = Rc::clone(&stop);
        let d: D = Deferred::from_future(async move {
            let mut turns = 0;
            while !stopped.get() {
                turns += 1;
                poll_fn({
                    let mut polled = false;
                    move |context| match std::mem::replace(&mut polled, true) {
                        true => Poll::Ready(()),
                        false => {
                            context.waker().wake_by_ref();
                            Poll::Pending
                        }
                    }
                })
                .await;
            }
            Ok(turns)
        });
        turns().await;
        stop.set(true);
        assert!(d.await.unwrap() >= 10);
    });
}

#[test]
fn a_future_that_never_has_to_wait_leaves_turns_to_the_others() {
    local(async {
        spawn_local(drive());
        let stop = Rc::new(Cell::new(false));
        let stopped = Rc::clone(&stop);
        let (sender, mut receiver) = mpsc::unbounded_channel();
        // Tokio makes it wait, so that it doesn't take all the time.
        let d: D = Deferred::from_future(async move {
            let mut count = 0;
            while !stopped.get() {
                sender.send(()).unwrap();
                receiver.recv().await.unwrap();
                count += 1;
            }
            Ok(count)
        });
        turns().await;
        stop.set(true);
        assert!(d.await.unwrap() > 0);
    });
}

#[test]
fn of_two_drivers_either_may_go() {
    for first_goes in [false, true] {
        local(async {
            let (first, second) = (spawn_local(drive()), spawn_local(drive()));
            turns().await;
            if first_goes {
                first.abort();
            } else {
                second.abort();
            }
            turns().await;
            let d: D = Deferred::from_future(async {
                sleep(SECOND).await;
                sleep(SECOND).await;
                Ok(1)
            });
            assert_eq!(d.await.unwrap(), 1);
        });
    }
}

#[test]
fn a_driver_that_comes_late_finds_what_was_woken() {
    local(async {
        let d: D = Deferred::from_future(async {
            sleep(SECOND).await;
            Ok(1)
        });
        sleep(2 * SECOND).await;
        assert_eq!(d.state(), State::Unfired);
        spawn_local(drive());
        assert_eq!(d.await.unwrap(), 1);
    });
}

#[test]
fn a_driver_outlives_neither_its_local_set_nor_stops_the_next() {
    for _ in 0..3 {
        local(async {
            spawn_local(drive());
            let d: D = Deferred::from_future(async {
                yield_now().await;
                sleep(SECOND).await;
                Ok(1)
            });
            assert_eq!(d.await.unwrap(), 1);
        });
        assert_eq!(run_woken(), 0);
    }
}

#[test]
fn a_driver_that_is_dropped_keeps_no_waker() {
    struct Task;
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    let task = Arc::new(Task);
    let waker = Waker::from(Arc::clone(&task));
    let (mut first, mut second) = (Box::pin(drive()), Box::pin(drive()));
    for driver in [&mut first, &mut second] {
        assert!(driver.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    drop(waker);
    drop(first);
    assert_eq!(Arc::strong_count(&task), 2, "the other one's");
    drop(second);
    assert_eq!(Arc::strong_count(&task), 1);
}

#[test]
fn it_says_that_the_sender_was_dropped() {
    assert_eq!(SenderDropped.to_string(), "the sender went away without sending a value");
}
