//! What Twisted's own tests hold and no program of the corpus can say. The table is tests/TWISTED_TESTS.md.

use deferral::{
    AlreadyCalled, Cancelled, Deferred, DeferredList, DeferredLock, DeferredSemaphore, Failure, FailureGroup,
    FirstError, ListResult, ManualClock, State, TimedOut, maybe_deferred, race, run_woken, set_debugging,
    set_report_hook,
};
use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture, ready};
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

type D = Deferred<u32>;

/// The value that it has, if it has one.
fn value<T: Clone + 'static>(d: &Deferred<T>) -> Option<T> {
    d.with_result(|result| result?.as_ref().ok().cloned())
}

/// Whether it has failed with an `X`.
fn failed<X: Error + 'static, T: 'static>(d: &Deferred<T>) -> bool {
    d.with_result(|result| matches!(result, Some(Err(failure)) if failure.check::<X>().is_some()))
}

/// Whether it is unfired, or waits.
fn pending<T: 'static>(d: &Deferred<T>) -> bool {
    matches!(d.state(), State::Unfired | State::Waiting)
}

#[derive(Clone, Debug, PartialEq)]
struct Bang(&'static str);

impl fmt::Display for Bang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Bang {}

/// A list of what happened, for closures to write to.
struct Log<T>(Rc<RefCell<Vec<T>>>);

impl<T> Log<T> {
    fn new() -> Self {
        Self(Rc::default())
    }

    fn add(&self, note: T) {
        self.0.borrow_mut().push(note);
    }

    fn take(&self) -> Vec<T> {
        self.0.take()
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

/// What this thread reports from now on, as text.
fn reports() -> Log<String> {
    let reports = Log::new();
    let told = reports.clone();
    set_report_hook(move |report| told.add(report.to_string()));
    reports
}

/// Without the backtrace that may be there.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap()
}

// ---- Callbacks

#[test]
fn callbacks_capture_what_python_passes_as_arguments() {
    let d: Deferred<String> = Deferred::new();
    let world = "world".to_owned();
    d.add_callback(move |hello| format!("{hello} {world}"));
    d.callback("hello".into()).unwrap();
    assert_eq!(value(&d).unwrap(), "hello world");
}

#[test]
fn the_error_of_a_callback_that_was_added_inside_goes_to_the_next_errback() {
    let d = D::new();
    let own = d.clone();
    d.add_callback(move |value| {
        own.add_callback(raises);
        value
    });
    d.callback(1).unwrap();
    d.add_errback(|failure| failure.trap::<Bang>().map(|_| 5));
    assert_eq!(value(&d), Some(5));
}

#[test]
fn the_middle_of_three_is_left_with_a_null_and_goes_on() {
    let (first, second, third) = (D::new(), D::new(), D::new());
    let (waits_for, last) = (second.clone(), third.clone());
    first.add_callback(move |_| waits_for);
    second.add_callback(move |_| last);
    second.callback(1).unwrap();
    first.callback(2).unwrap();
    third.callback(3).unwrap();
    assert_eq!((value(&first), value(&second), value(&third)), (Some(3), Some(0), Some(0)));
    second.add_callback(|null| null + 8);
    assert_eq!(value(&second), Some(8));
}

#[test]
fn a_waiting_one_names_the_other_until_it_has_the_result() {
    let (a, b) = (D::new(), D::new());
    let inner = b.clone();
    a.add_callback(move |_| inner);
    assert!(a.waiting_for().is_none());
    a.callback(0).unwrap();
    assert!(a.waiting_for().unwrap().ptr_eq(&b));
    b.callback(1).unwrap();
    assert!(a.waiting_for().is_none());
    assert_eq!(value(&a), Some(1));
}

#[test]
fn debug_says_the_address_and_the_result() {
    let d: Deferred<String> = Deferred::new();
    let (one, same) = (format!("{d:?}"), format!("{:?}", d.clone()));
    assert!(one.starts_with("<Deferred at 0x") && one.ends_with(" unfired>"));
    assert_eq!(one, same);
    assert_ne!(one, format!("{:?}", Deferred::<String>::new()));
    d.callback("orange".into()).unwrap();
    assert_eq!(format!("{d:?}"), one.replace("unfired", "current result: \"orange\""));
}

#[test]
fn maybe_deferred_gives_back_the_deferred_of_a_coroutine() {
    assert_eq!(value(&maybe_deferred(|| D::from_future(async { Ok(7) }))), Some(7));
    let indirect = || D::from_future(async { Ok(7) });
    let d: D = maybe_deferred(indirect);
    d.add_callback(|seven| seven + 1);
    assert_eq!(value(&d), Some(8));
    let d: D = maybe_deferred(|| D::from_future(async { Err(Bang("from inside").into()) }));
    assert!(failed::<Bang, _>(&d));
}

// ---- Debug mode

#[inline(never)]
fn makes() -> D {
    let made = D::new();
    black_box(&made);
    made
}

#[inline(never)]
fn fires_first(d: &D, with: Result<u32, Failure>) -> Result<(), AlreadyCalled> {
    let fired = match with {
        Ok(value) => d.callback(value),
        Err(error) => d.errback(error),
    };
    black_box(&fired);
    fired
}

#[inline(never)]
fn fires_second(d: &D, with: Result<u32, Failure>) -> Result<(), AlreadyCalled> {
    let fired = match with {
        Ok(value) => d.callback(value),
        Err(error) => d.errback(error),
    };
    black_box(&fired);
    fired
}

fn both_ways() -> [Result<u32, Failure>; 2] {
    [Ok(1), Err(Bang("bang").into())]
}

#[test]
fn already_called_says_who_made_it_and_who_fired_it_first() {
    for first in both_ways() {
        for second in both_ways() {
            set_debugging(true);
            let d = makes();
            set_debugging(false);
            d.add_callbacks(|value| value, |_| 0);
            fires_first(&d, first.clone()).unwrap();
            let refused = fires_second(&d, second).unwrap_err();
            let origin = refused.origin().unwrap();
            let (made, fired) = (origin.created().to_string(), origin.fired().unwrap().to_string());
            assert!(made.contains("makes"));
            assert!(!made.contains("fires_first") && !made.contains("fires_second"));
            assert!(fired.contains("fires_first") && !fired.contains("fires_second"));
            assert!(format!("{refused:?}").contains("fires_first"));
        }
    }
}

#[test]
fn already_called_says_nothing_more_outside_debug_mode() {
    let d = makes();
    d.callback(1).unwrap();
    let refused = d.callback(2).unwrap_err();
    assert!(refused.origin().is_none());
    assert_eq!(format!("{refused:?}"), refused.to_string());
}

#[test]
fn debug_mode_may_be_switched_at_any_time() {
    let before = D::new();
    before.add_both(|_| 0);
    set_debugging(true);
    before.callback(1).unwrap();
    let during = D::new();
    set_debugging(false);
    during.callback(1).unwrap();
    set_debugging(true);
    during.add_both(|_| 0);
    set_debugging(false);
    assert_eq!((value(&before), value(&during)), (Some(0), Some(0)));
    assert!(before.callback(2).unwrap_err().origin().is_none());
    assert!(during.callback(2).unwrap_err().origin().is_some());
}

// ---- Cancellers

#[test]
fn a_canceller_is_given_its_own_deferred() {
    let given = Log::new();
    let note = given.clone();
    let d = D::with_canceller(move |d| note.add(d.clone()));
    d.add_callbacks(|value| value, |_| 0);
    d.cancel();
    let given = given.take();
    assert!(given.len() == 1 && given[0].ptr_eq(&d));
}

/// A Deferred whose canceller holds it: what tells that the canceller was freed, and the Deferred.
fn circle() -> (Rc<()>, D) {
    let (own, token) = (Rc::new(RefCell::new(None)), Rc::new(()));
    let captured = (Rc::clone(&own), Rc::clone(&token));
    let d = D::with_canceller(move |_| drop(captured.0.borrow_mut().take()));
    *own.borrow_mut() = Some(d.clone());
    (token, d)
}

#[test]
fn a_circle_through_the_canceller_ends_with_callback() {
    let (token, d) = circle();
    d.callback(1).unwrap();
    let weak = d.downgrade();
    assert_eq!(Rc::strong_count(&token), 1);
    drop(d);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_circle_through_the_canceller_ends_with_errback() {
    let (token, d) = circle();
    d.errback(Bang("bang")).unwrap();
    d.add_errback(|_| 0);
    let weak = d.downgrade();
    assert_eq!(Rc::strong_count(&token), 1);
    drop(d);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_circle_through_the_canceller_ends_when_the_firing_leads_into_a_wait() {
    let (token, d) = circle();
    d.add_callback(|_| D::new());
    d.callback(1).unwrap();
    let weak = d.downgrade();
    drop(d);
    assert_eq!(Rc::strong_count(&token), 1);
    assert!(weak.upgrade().is_none());
}

// ---- Reports

fn raises(_: u32) -> Result<u32, Failure> {
    Err(Bang("nobody looks").into())
}

#[test]
fn an_unhandled_error_is_reported_when_the_last_handle_goes() {
    let reports = reports();
    D::new().add_callback(raises).callback(1).unwrap();
    let told = reports.take();
    assert_eq!(told.len(), 1);
    assert_eq!(first_line(&told[0]), "Unhandled error in Deferred: nobody looks");
    let in_a_function = || {
        let d = D::new();
        d.add_callback(raises);
        d.callback(1).unwrap();
    };
    in_a_function();
    assert_eq!(reports.take().len(), 1);
}

#[test]
fn an_unhandled_error_is_reported_although_the_callback_held_its_deferred() {
    let reports = reports();
    let d = D::new();
    let own = d.clone();
    d.add_callback(move |value| {
        drop(own);
        raises(value)
    });
    d.callback(1).unwrap();
    assert!(reports.take().is_empty());
    drop(d);
    assert_eq!(reports.take().len(), 1);
}

#[test]
fn a_report_says_where_the_deferred_was_made_in_debug_mode() {
    let reports = reports();
    set_debugging(true);
    let d = makes();
    set_debugging(false);
    d.add_callback(raises);
    fires_first(&d, Ok(1)).unwrap();
    drop(d);
    let text = reports.take().remove(0);
    assert!(text.starts_with("Unhandled error in Deferred: nobody looks\n"));
    assert!(text.contains("makes") && text.contains("fires_first"));
}

#[test]
fn without_a_hook_reports_go_to_the_log() {
    struct Logger;

    thread_local! {
        static LOGGED: RefCell<Vec<(log::Level, String)>> = const { RefCell::new(Vec::new()) };
    }

    impl log::Log for Logger {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &log::Record<'_>) {
            LOGGED.with_borrow_mut(|logged| logged.push((record.level(), record.args().to_string())));
        }

        fn flush(&self) {}
    }

    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    drop(deferral::fail::<u32, Failure>(Bang("bang").into()));
    let logged = LOGGED.take();
    assert_eq!(logged.len(), 1);
    assert_eq!(logged[0].0, log::Level::Error);
    assert_eq!(first_line(&logged[0].1), "Unhandled error in Deferred: bang");
}

// ---- Lists and races

#[test]
fn a_list_cancels_the_members_that_it_was_made_of() {
    let mut members = vec![D::new(), D::new()];
    let list: Deferred<ListResult<u32, Failure>> = DeferredList::new(members.clone()).deferred();
    members.push(D::new());
    list.cancel();
    assert!(failed::<Cancelled, _>(&members[0]) && failed::<Cancelled, _>(&members[1]));
    assert!(!members[2].called());
    for member in &members {
        member.add_errback(|_| 0);
    }
}

type List = Deferred<ListResult<u32, Failure>>;

/// A list that fires on one callback, and one that fires on one errback.
fn with_flags(members: &[D]) -> [List; 2] {
    [
        DeferredList::new(members.to_vec()).fire_on_one_callback().deferred(),
        DeferredList::new(members.to_vec()).fire_on_one_errback().deferred(),
    ]
}

#[test]
fn a_list_with_flags_cancels_all_its_members() {
    for flag in 0..2 {
        let members = [D::new(), D::new()];
        let list = with_flags(&members).into_iter().nth(flag).unwrap();
        list.cancel();
        for member in &members {
            assert!(failed::<Cancelled, _>(member));
            member.add_errback(|_| 0);
        }
        if flag == 0 {
            let list = value(&list).unwrap();
            assert!(matches!(list, ListResult::All(results) if results.iter().all(Result::is_err)));
        } else {
            assert!(failed::<FirstError<Failure>, _>(&list));
            list.add_errback(|_| ListResult::All(Vec::new()));
        }
    }
}

#[test]
fn a_cancelled_list_that_fires_on_one_errback_has_what_cancellers_saved() {
    let saves = || D::with_canceller(|d| d.callback(7).unwrap());
    let list: List = DeferredList::new([saves(), saves()]).fire_on_one_errback().deferred();
    list.cancel();
    let Some(ListResult::All(results)) = value(&list) else { panic!("it fires with the array") };
    assert!(results.len() == 2 && results.iter().all(|result| matches!(result, Ok(7))));
}

#[test]
fn a_list_that_has_fired_cancels_nobody() {
    for (flag, fires) in both_ways().into_iter().enumerate() {
        let members = [D::new(), D::new()];
        let list = with_flags(&members).into_iter().nth(flag).unwrap();
        fires_first(&members[0], fires).unwrap();
        assert!(list.called());
        list.cancel();
        assert!(!members[1].called());
        members[0].add_errback(|_| 0);
        list.add_errback(|_| ListResult::All(Vec::new()));
    }
}

#[test]
fn first_error_says_its_index_and_its_error() {
    let error = FirstError { index: 3, error: Failure::from(Bang("some text")) };
    assert_eq!(error.to_string(), "member 3 failed: some text");
    let debug = format!("{error:?}");
    assert!(debug.contains("FirstError") && debug.contains("index: 3") && debug.contains("some text"));
}

#[test]
fn first_errors_are_equal_when_index_and_error_are() {
    let one = FirstError { index: 13, error: Bang("one") };
    assert_eq!(one, one.clone());
    assert_ne!(one, FirstError { index: 9, error: Bang("one") });
    assert_ne!(one, FirstError { index: 13, error: Bang("two") });
}

/// Members of a race, and how often each was cancelled.
fn contestants(count: usize) -> (Rc<Vec<Cell<usize>>>, Vec<D>) {
    let cancelled: Rc<Vec<Cell<usize>>> = Rc::new((0..count).map(|_| Cell::new(0)).collect());
    let contestant = |at: usize| {
        let cancelled = Rc::clone(&cancelled);
        D::with_canceller(move |_| cancelled[at].set(cancelled[at].get() + 1))
    };
    let contestants = (0..count).map(contestant).collect();
    (cancelled, contestants)
}

/// How many stand before and behind a winner.
fn places() -> impl Iterator<Item = (usize, usize)> {
    (0..4).flat_map(|before| (0..4).map(move |after| (before, after)))
}

#[test]
fn a_race_is_won_at_every_place_and_the_others_are_cancelled_once() {
    for (before, after) in places() {
        let (cancelled, ds) = contestants(before + 1 + after);
        let winner = race(ds.clone());
        ds[before].callback(7).unwrap();
        assert_eq!(value(&winner), Some((before, 7)));
        for (at, times) in cancelled.iter().enumerate() {
            assert_eq!(times.get(), usize::from(at != before));
        }
    }
}

#[test]
fn a_race_of_every_size_that_all_lose_fails_with_their_errors() {
    for size in 1..8 {
        let (cancelled, ds) = contestants(size);
        let winner = race(ds.clone());
        let failure = Failure::from(Bang("lost"));
        ds.iter().for_each(|d| d.errback(failure.clone()).unwrap());
        winner.add_errback(move |group| {
            let group = group.check::<FailureGroup<Failure>>().unwrap();
            assert_eq!(group.failures.len(), size);
            assert!(group.failures.iter().all(|error| error.ptr_eq(&failure)));
            (size, 0)
        });
        assert_eq!(value(&winner), Some((size, 0)));
        assert!(cancelled.iter().all(|times| times.get() == 0));
    }
}

#[test]
fn a_loser_that_fires_after_the_race_says_nothing() {
    let reports = reports();
    for (before, after) in places() {
        let ds: Vec<D> = (0..before + 2 + after).map(|_| D::new()).collect();
        let winner = race(ds.clone());
        ds[before].callback(1).unwrap();
        ds[before + 1].callback(2).unwrap();
        assert_eq!(value(&winner), Some((before, 1)));
    }
    assert!(reports.take().is_empty());
}

#[test]
fn a_race_of_every_size_cancels_each_once() {
    for size in 1..8 {
        let (cancelled, ds) = contestants(size);
        let winner = race(ds);
        winner.cancel();
        assert!(cancelled.iter().all(|times| times.get() == 1));
        assert!(failed::<FailureGroup<Failure>, _>(&winner));
        winner.add_errback(|_| (0, 0));
    }
}

// ---- Timeouts

const TEN: Duration = Duration::from_secs(10);

/// Stands for Twisted's `onTimeoutCancel`: says how often it was called.
fn on_timeout(d: &D) -> Rc<Cell<usize>> {
    let called = Rc::new(Cell::new(0));
    let count = Rc::clone(&called);
    d.add_errback(move |failure: Failure| {
        let _timed_out = failure.trap::<TimedOut>()?;
        count.set(count.get() + 1);
        Ok(99)
    });
    called
}

#[test]
fn a_timeout_stands_in_a_row_of_adds() {
    let d = D::new();
    d.add_timeout(TEN, &ManualClock::new()).add_callback(|value| value + 1);
    d.callback(1).unwrap();
    assert_eq!(value(&d), Some(2));
}

/// Adds a timeout of ten seconds and what handles it, ends the Deferred in some way, waits for another one and
/// lets the time pass: gives what came, and looks that the other one wasn't cancelled.
fn ended_before_the_time(end: impl FnOnce(&D)) -> Result<u32, Failure> {
    let (clock, d, inner) = (ManualClock::new(), D::new(), D::new());
    d.add_timeout(TEN, &clock);
    let handled = on_timeout(&d);
    let (came, waits) = (Log::new(), inner.clone());
    let note = came.clone();
    d.add_both(move |result| {
        note.add(result);
        waits
    });
    end(&d);
    clock.advance(TEN + TEN);
    assert!(!inner.called(), "the call was off");
    assert_eq!(handled.get(), 0);
    came.take().remove(0)
}

#[test]
fn what_handles_a_timeout_isnt_called_before_the_time() {
    assert_eq!(ended_before_the_time(|d| d.callback(5).unwrap()).unwrap(), 5);
    let error = ended_before_the_time(|d| d.errback(Bang("early")).unwrap()).unwrap_err();
    assert_eq!(error.check(), Some(&Bang("early")));
    let error = ended_before_the_time(Deferred::cancel).unwrap_err();
    assert_eq!(error.check(), Some(&Cancelled));
}

#[test]
fn what_handles_a_timeout_is_called_when_the_time_has_come() {
    let (clock, d) = (ManualClock::new(), D::new());
    let seen = Log::new();
    let note = seen.clone();
    d.add_errback(move |failure: Failure| {
        note.add(failure.check::<Cancelled>().is_some());
        Err::<u32, _>(failure)
    });
    d.add_timeout(TEN, &clock);
    let handled = on_timeout(&d);
    assert!(pending(&d));
    clock.advance(TEN);
    assert_eq!((value(&d), handled.get()), (Some(99), 1));
    assert_eq!(seen.take(), [true], "before the timeout it is a Cancelled");
}

#[test]
fn an_errback_before_a_timeout_may_handle_the_cancelled() {
    let (clock, d) = (ManualClock::new(), D::new());
    d.add_errback(|failure| failure.trap::<Cancelled>().map(|_| 5)).add_timeout(TEN, &clock);
    let handled = on_timeout(&d);
    clock.advance(TEN);
    assert_eq!((value(&d), handled.get()), (Some(5), 0));
}

#[test]
fn an_errback_behind_a_timeout_handles_the_cancellers_own_error() {
    let clock = ManualClock::new();
    let d = D::with_canceller(|d| d.errback(Bang("what!")).unwrap());
    d.add_timeout(TEN, &clock).add_errback(|failure| failure.trap::<Bang>().map(|_| 99));
    clock.advance(TEN);
    assert_eq!(value(&d), Some(99));
}

// ---- Locks and semaphores

#[test]
fn a_lock_runs_a_function_and_is_let_go_when_that_has_ended() {
    let lock = DeferredLock::new();
    let (control, called) = (D::new(), Rc::new(Cell::new(false)));
    let (returned, calls) = (control.clone(), Rc::clone(&called));
    let ran: D = lock.run(move || {
        calls.set(true);
        returned
    });
    assert!(called.get() && lock.locked() && pending(&ran));
    let next: Deferred<DeferredLock> = lock.acquire();
    assert!(!next.called());
    control.callback(8).unwrap();
    assert_eq!(value(&ran), Some(8));
    assert!(next.called() && lock.locked(), "the next one has it");
    let gives_up: Deferred<DeferredLock> = lock.acquire();
    gives_up.cancel();
    assert!(failed::<Cancelled, _>(&gives_up));
    gives_up.add_errback(|_| DeferredLock::new());
    lock.release().unwrap();
    assert!(!lock.locked());
}

#[test]
fn a_semaphore_runs_a_function_and_takes_the_token_back() {
    let semaphore = DeferredSemaphore::new(NonZeroUsize::new(13).unwrap());
    let control = D::new();
    let returned = control.clone();
    let ran: D = semaphore.run(move || returned);
    assert_eq!((semaphore.tokens(), value(&ran)), (12, None));
    control.callback(8).unwrap();
    assert_eq!((semaphore.tokens(), value(&ran)), (13, Some(8)));

    let acquired = Rc::new(Cell::new(0));
    let acquire = || {
        let acquired = Rc::clone(&acquired);
        let d: Deferred<DeferredSemaphore> = semaphore.acquire();
        d.add_callback(move |semaphore| {
            acquired.set(acquired.get() + 1);
            semaphore
        });
        d
    };
    for taken in 1..=13 {
        acquire();
        assert_eq!(acquired.get(), taken);
    }
    let gives_up = acquire();
    gives_up.cancel();
    assert!(failed::<Cancelled, _>(&gives_up));
    let own = semaphore.clone();
    gives_up.add_errback(move |_| own);
    acquire();
    assert_eq!(acquired.get(), 13);
    for _ in 0..14 {
        semaphore.release().unwrap();
        assert_eq!(acquired.get(), 14);
    }
    assert_eq!(semaphore.tokens(), 13);
    semaphore.release().unwrap_err();
}

#[test]
fn a_semaphore_without_tokens_cant_be_made() {
    assert!(NonZeroUsize::new(0).map(DeferredSemaphore::new).is_none());
}

#[test]
fn a_lock_is_held_while_a_coroutine_runs() {
    let lock = DeferredLock::new();
    let (inside, second) = (lock.clone(), Rc::new(RefCell::new(None)));
    let waits = Rc::clone(&second);
    let done: D = lock.run(move || {
        D::from_future(async move {
            assert!(inside.locked());
            let next: Deferred<()> = inside.acquire_with(|| ());
            let own = inside.clone();
            next.add_callback(move |()| own.release().map_err(Failure::from));
            assert!(inside.locked() && !next.called());
            *waits.borrow_mut() = Some(next);
            Ok(1)
        })
    });
    assert_eq!(value(&done), Some(1));
    assert!(second.borrow().as_ref().unwrap().called());
    assert!(!lock.locked());
}

#[test]
fn a_lock_is_let_go_when_its_coroutine_fails() {
    let lock = DeferredLock::new();
    let inside = lock.clone();
    let done: D = lock.run(move || {
        D::from_future(async move {
            assert!(inside.locked());
            Err(Bang("some specific error").into())
        })
    });
    assert!(failed::<Bang, _>(&done));
    assert!(!lock.locked());
    done.add_errback(|_| 0);
}

#[test]
fn a_semaphore_is_held_while_coroutines_run() {
    let semaphore = DeferredSemaphore::new(NonZeroUsize::new(3).unwrap());
    let outer = semaphore.clone();
    let done: D = semaphore.run(move || {
        D::from_future(async move {
            assert_eq!(outer.tokens(), 2);
            let inner = outer.clone();
            let ran: Deferred<(Deferred<()>, Deferred<()>)> = outer.run(move || {
                assert_eq!(inner.tokens(), 1);
                let (one, two) = (inner.acquire_with(|| ()), inner.acquire_with(|| ()));
                assert_eq!(inner.tokens(), 0);
                assert!(one.called() && !two.called());
                (one, two)
            });
            let (one, two) = ran.await?;
            assert_eq!(outer.tokens(), 0);
            assert!(two.called());
            one.await?;
            two.await?;
            outer.release()?;
            outer.release()?;
            assert_eq!(outer.tokens(), 2);
            Ok(1)
        })
    });
    assert_eq!(value(&done), Some(1));
    assert_eq!(semaphore.tokens(), 3);
}

// ---- Futures

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_future_of_a_deferred_ends_when_that_fires() {
    let d = D::new();
    let mut future = d.clone().into_future();
    assert!(poll(&mut future).is_pending());
    d.callback(13).unwrap();
    assert_eq!(value(&d), Some(0), "the result has gone to the future");
    assert!(matches!(poll(&mut future), Poll::Ready(Ok(13))));
}

#[test]
fn a_future_of_a_deferred_fails_when_that_does() {
    let d = D::new();
    let mut future = d.clone().into_future();
    assert!(poll(&mut future).is_pending());
    d.errback(Bang("bang")).unwrap();
    assert!(matches!(poll(&mut future), Poll::Ready(Err(error)) if error.check::<Bang>().is_some()));
    assert_eq!(value(&d), Some(0), "and so has the failure");
}

/// A future that is no Deferred, and that is ended from outside.
#[derive(Clone, Default)]
struct Foreign(Rc<RefCell<Ended>>);

#[derive(Default)]
struct Ended {
    with: Option<Result<u32, Failure>>,
    waker: Option<Waker>,
}

impl Foreign {
    fn end(&self, with: Result<u32, Failure>) {
        let mut inner = self.0.borrow_mut();
        inner.with = Some(with);
        inner.waker.take().unwrap().wake();
    }
}

impl Future for Foreign {
    type Output = Result<u32, Failure>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut inner = self.0.borrow_mut();
        inner.waker = Some(context.waker().clone());
        inner.with.take().map_or(Poll::Pending, Poll::Ready)
    }
}

#[test]
fn a_deferred_of_a_future_fires_when_that_ends() {
    let future = Foreign::default();
    let d = D::from_future(future.clone());
    assert!(pending(&d));
    future.end(Ok(7));
    assert_eq!(run_woken(), 1);
    assert_eq!(value(&d), Some(7));
}

#[test]
fn a_deferred_of_a_future_fails_when_that_was_cancelled_at_its_source() {
    let future = Foreign::default();
    let d = D::from_future(future.clone());
    future.end(Err(Cancelled.into()));
    run_woken();
    assert!(failed::<Cancelled, _>(&d));
    d.add_errback(|_| 0);
}

// ---- Coroutines

#[test]
fn what_is_no_deferred_can_be_awaited_and_gives_its_value() {
    let d = D::from_future(async {
        let five = ready(5).await;
        assert_eq!(five, 5);
        Ok(five)
    });
    assert_eq!(value(&d), Some(5));
}

/// Runs on a stack that holds no 100,000 calls.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 * 1024);
    thread.spawn(run).unwrap().join().unwrap();
}

#[test]
fn awaiting_what_is_there_takes_no_stack() {
    on_a_small_stack(|| {
        let d = D::from_future(async {
            let mut sum = 0;
            for _ in 0..100_000 {
                sum += deferral::succeed::<u32, Failure>(1).await?;
            }
            Ok(sum)
        });
        assert_eq!(value(&d), Some(100_000));
    });
}

#[test]
fn awaiting_values_takes_no_stack() {
    on_a_small_stack(|| {
        let d = D::from_future(async {
            let mut sum = 0;
            for _ in 0..100_000 {
                sum += ready(1).await;
            }
            Ok(sum)
        });
        assert_eq!(value(&d), Some(100_000));
    });
}

#[test]
fn a_coroutine_that_has_ended_keeps_nothing() {
    for awaits in [false, true] {
        let (token, d) = (Rc::new(()), D::new());
        let (captured, awaited) = (Rc::clone(&token), d.clone());
        let done = D::from_future(async move {
            let _captured = captured;
            if awaits { awaited.await } else { Ok(1) }
        });
        assert_eq!(Rc::strong_count(&token), if awaits { 2 } else { 1 });
        d.callback(1).unwrap();
        assert_eq!(value(&done), Some(1));
        assert_eq!(Rc::strong_count(&token), 1, "the coroutine is gone before its Deferred");
        let weak = done.downgrade();
        drop(done);
        assert!(weak.upgrade().is_none());
    }
}

#[test]
fn an_error_after_an_inner_coroutine_says_only_itself() {
    let clock = D::new();
    let waits = clock.clone();
    let d = D::from_future(async move {
        D::from_future(async move {
            waits.await?;
            Ok(6)
        })
        .await?;
        Err(Bang("boom normal return").into())
    });
    clock.callback(0).unwrap();
    d.add_errback(|failure| {
        assert!(failure.source().is_none());
        assert_eq!(first_line(&format!("{failure:?}")), "boom normal return");
        0
    });
    assert_eq!(value(&d), Some(0));
}

/// What coroutines did, with a number each.
type Steps = Log<(&'static str, u32)>;

/// The Deferreds that coroutines wait for, and with what each is to be fired.
type Waits = Log<(D, Result<u32, Failure>)>;

/// Waits for a Deferred that is fired with `x`, and adds 1.
fn f1(steps: &Steps, waits: &Waits, x: u32) -> D {
    let (steps, waits) = (steps.clone(), waits.clone());
    D::from_future(async move {
        steps.add(("f1 enter", x));
        let d = D::new();
        waits.add((d.clone(), Ok(x)));
        let x = d.await? + 1;
        steps.add(("f1 exit", x));
        Ok(x)
    })
}

/// Runs `f1` so many times, and adds 2.
fn f2(steps: &Steps, waits: &Waits, x: u32, times: usize) -> D {
    let (steps, waits) = (steps.clone(), waits.clone());
    D::from_future(async move {
        steps.add(("f2 enter", x));
        let mut x = x;
        for _ in 0..times {
            x = f1(&steps, &waits, x).await?;
        }
        x += 2;
        steps.add(("f2 exit", x));
        Ok(x)
    })
}

/// Runs `f2` so many times, and adds 4.
fn f3(steps: &Steps, waits: &Waits, x: u32, times: usize) -> D {
    let (steps, waits) = (steps.clone(), waits.clone());
    D::from_future(async move {
        steps.add(("f3 enter", x));
        let mut x = x;
        for _ in 0..times {
            x = f2(&steps, &waits, x, times).await?;
        }
        x += 4;
        steps.add(("f3 exit", x));
        Ok(x)
    })
}

/// Fires what is waited for until nothing is.
fn fire_all(waits: &Waits) {
    loop {
        let due = waits.take();
        if due.is_empty() {
            return;
        }
        for (d, with) in due {
            match with {
                Ok(value) => d.callback(value).unwrap(),
                Err(error) => d.errback(error).unwrap(),
            }
        }
    }
}

#[test]
fn three_coroutines_inside_each_other_wait_once() {
    let (steps, waits) = (Steps::new(), Waits::new());
    let d = f3(&steps, &waits, 1, 1);
    assert!(pending(&d));
    fire_all(&waits);
    assert_eq!(value(&d), Some(8));
    let expected =
        [("f3 enter", 1), ("f2 enter", 1), ("f1 enter", 1), ("f1 exit", 2), ("f2 exit", 4), ("f3 exit", 8)];
    assert_eq!(steps.take(), expected);
}

#[test]
fn three_coroutines_inside_each_other_wait_several_times() {
    let (steps, waits) = (Steps::new(), Waits::new());
    let d = f3(&steps, &waits, 1, 3);
    fire_all(&waits);
    assert_eq!(value(&d), Some(20));
    let mut expected = vec![("f3 enter", 1)];
    for outer in [1, 6, 11] {
        expected.push(("f2 enter", outer));
        for x in outer..outer + 3 {
            expected.extend([("f1 enter", x), ("f1 exit", x + 1)]);
        }
        expected.push(("f2 exit", outer + 5));
    }
    expected.push(("f3 exit", 20));
    assert_eq!(steps.take(), expected);
}

/// Runs a coroutine, adds a callback to its Deferred, and awaits that; gives the last value.
async fn with_a_callback_between(inner: D, steps: &Steps) -> Result<u32, Failure> {
    let note = steps.clone();
    inner.add_callback(move |x| {
        note.add(("f2", x));
        x + 2
    });
    let x = inner.await? + 4;
    steps.add(("f3 exit", x));
    Ok(x)
}

#[test]
fn a_callback_on_a_coroutines_deferred_changes_what_is_awaited() {
    let steps = Steps::new();
    let inner = steps.clone();
    let d = D::from_future(async move {
        let ended = D::from_future(async { Ok(2) });
        with_a_callback_between(ended, &inner).await
    });
    assert_eq!(value(&d), Some(8));
    assert_eq!(steps.take(), [("f2", 2), ("f3 exit", 8)]);
}

#[test]
fn a_callback_on_a_waiting_coroutines_deferred_changes_what_is_awaited() {
    for first in [false, true] {
        let (steps, waits) = (Steps::new(), Waits::new());
        let (inner, inner_waits) = (steps.clone(), waits.clone());
        let d = D::from_future(async move {
            let x = if first { f1(&inner, &inner_waits, 1).await? } else { 1 };
            with_a_callback_between(f1(&inner, &inner_waits, x), &inner).await
        });
        fire_all(&waits);
        let mut expected = vec![("f1 enter", 1), ("f1 exit", 2), ("f2", 2), ("f3 exit", 8)];
        if first {
            expected.splice(2.., [("f1 enter", 2), ("f1 exit", 3), ("f2", 3), ("f3 exit", 9)]);
        }
        assert_eq!(steps.take(), expected);
        assert_eq!(value(&d), Some(if first { 9 } else { 8 }));
    }
}

#[test]
fn a_failure_that_is_awaited_inside_ends_the_inner_coroutine_only() {
    for first in [false, true] {
        let (steps, waits) = (Steps::new(), Waits::new());
        let (inner, inner_waits) = (steps.clone(), waits.clone());
        let d = D::from_future(async move {
            let x = if first { f1(&inner, &inner_waits, 1).await? } else { 1 };
            let fails = D::new();
            inner_waits.add((fails.clone(), Err(Bang("bang").into())));
            let note = inner.clone();
            let failing = D::from_future(async move {
                note.add(("f2 enter", x));
                let x = fails.await?;
                note.add(("f2 exit", x));
                Ok(x)
            });
            assert_eq!(failing.await.unwrap_err().check(), Some(&Bang("bang")));
            inner.add(("f3 exit", x + 4));
            Ok(x + 4)
        });
        fire_all(&waits);
        let expected = match first {
            false => vec![("f2 enter", 1), ("f3 exit", 5)],
            true => vec![("f1 enter", 1), ("f1 exit", 2), ("f2 enter", 2), ("f3 exit", 6)],
        };
        assert_eq!(steps.take(), expected);
        assert_eq!(value(&d), Some(if first { 6 } else { 5 }));
    }
}

// ---- Cancelling coroutines

/// How the coroutine that is cancelled awaits its Deferred.
#[derive(Clone, Copy)]
enum Shape {
    Itself,
    /// In a coroutine inside.
    Stacked,
    /// In a coroutine inside, after it has waited for something else.
    StackedLater,
}

const SHAPES: [Shape; 3] = [Shape::Itself, Shape::Stacked, Shape::StackedLater];

#[derive(Debug)]
struct Translated;

impl fmt::Display for Translated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("translated")
    }
}

impl Error for Translated {}

/// A coroutine that waits for `child`: gives its value plus 1, makes "untranslated" into `Translated`, and goes on
/// after "don't fail".
fn sample(shape: Shape, child: &D) -> D {
    let (first, child) = (D::new(), child.clone());
    let begins = first.clone();
    let d = D::from_future(async move {
        let came = match shape {
            Shape::Itself => child.await,
            Shape::Stacked => D::from_future(child.into_future()).await,
            Shape::StackedLater => {
                begins.await?;
                D::from_future(child.into_future()).await
            }
        };
        match came {
            Err(error) => match error.check() {
                Some(&Bang("untranslated")) => Err(Translated.into()),
                Some(&Bang("don't fail")) => Ok(4320),
                _ => Err(error),
            },
            Ok(value) => Ok(value + 1),
        }
    });
    first.callback(1).unwrap();
    d
}

#[test]
fn a_cancelled_coroutine_cancels_what_it_awaits() {
    for shape in SHAPES {
        let (child, seen) = (D::new(), Rc::new(Cell::new(false)));
        let see = Rc::clone(&seen);
        child.add_errback(move |error: Failure| {
            see.set(error.check::<Cancelled>().is_some());
            Err::<u32, _>(error)
        });
        let d = sample(shape, &child);
        d.add_errback(|_| 0);
        assert!(!seen.get());
        d.cancel();
        assert!(seen.get());
    }
}

#[test]
fn the_cancelled_of_what_is_awaited_comes_out_of_the_coroutine() {
    for shape in SHAPES {
        let d = sample(shape, &D::new());
        d.cancel();
        assert!(failed::<Cancelled, _>(&d));
        d.add_errback(|_| 0);
    }
}

#[test]
fn a_cancelled_coroutine_may_exchange_the_error() {
    for shape in SHAPES {
        let child = D::with_canceller(|d| d.errback(Bang("untranslated")).unwrap());
        let d = sample(shape, &child);
        d.cancel();
        assert!(failed::<Translated, _>(&d));
        d.add_errback(|_| 0);
    }
}

#[test]
fn a_cancelled_coroutine_may_make_a_value_of_the_error() {
    for shape in SHAPES {
        let child = D::with_canceller(|d| d.errback(Bang("don't fail")).unwrap());
        let d = sample(shape, &child);
        d.cancel();
        assert_eq!(value(&d), Some(4320));
    }
}

#[test]
fn a_cancelled_coroutine_is_waited_for_until_what_it_awaits_has_come() {
    for shape in SHAPES {
        let (child, more) = (D::new(), D::new());
        let waits = more.clone();
        child.add_errback(move |error: Failure| -> Result<D, Failure> {
            error.trap::<Cancelled>()?;
            Ok(waits)
        });
        let d = sample(shape, &child);
        d.cancel();
        assert!(pending(&d));
        more.callback(6543).unwrap();
        assert_eq!(value(&d), Some(6544));
    }
}

#[test]
fn a_coroutine_that_catches_its_cancellation_can_be_cancelled_again() {
    let cancelled = Log::new();
    let make = |name: &'static str| {
        let cancelled = cancelled.clone();
        D::with_canceller(move |_| cancelled.add(name))
    };
    let (one, two) = (make("one"), make("two"));
    let d = D::from_future(async move {
        let _caught = one.await;
        two.await
    });
    assert!(pending(&d) && cancelled.take().is_empty());
    d.cancel();
    assert!(pending(&d));
    assert_eq!(cancelled.take(), ["one"]);
    d.cancel();
    assert!(failed::<Cancelled, _>(&d));
    assert_eq!(cancelled.take(), ["two"]);
    d.add_errback(|_| 0);
}

// ---- Backtraces

/// Runs this test once more, alone and with backtraces, when there are none.
fn with_backtraces(name: &str, check: impl FnOnce()) {
    if std::env::var_os("RUST_LIB_BACKTRACE").is_some_and(|asked| asked == "1") {
        return check();
    }
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    let ran = again.args(["--exact", name]).env("RUST_LIB_BACKTRACE", "1").output().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && text.contains("1 passed"), "{text}");
}

#[inline(never)]
fn erring() -> Failure {
    let made = Failure::from(Bang("Error Marker"));
    black_box(&made);
    made
}

async fn erroring() -> Result<u32, Failure> {
    ready(()).await;
    Err(erring())
}

async fn calling_one() -> Result<u32, Failure> {
    D::from_future(erroring()).await
}

async fn calling_two() -> Result<u32, Failure> {
    D::from_future(calling_one()).await
}

async fn calling_three() -> Result<u32, Failure> {
    D::from_future(calling_two()).await
}

/// Looks for functions in the backtrace of the failure.
fn assert_backtrace(d: &D, functions: &'static [&'static str]) {
    d.add_errback(move |failure| {
        let backtrace = failure.backtrace().to_string();
        for function in functions {
            assert!(backtrace.contains(function), "{function} isn't in\n{backtrace}");
        }
        assert_eq!(failure.message(), "Error Marker");
        0
    });
    assert_eq!(value(d), Some(0));
}

#[test]
fn a_backtrace_shows_the_coroutine_that_failed_and_who_called_it() {
    with_backtraces("a_backtrace_shows_the_coroutine_that_failed_and_who_called_it", || {
        assert_backtrace(&D::from_future(calling_one()), &["erroring", "calling_one"]);
    });
}

#[test]
fn a_backtrace_shows_coroutines_four_deep() {
    with_backtraces("a_backtrace_shows_coroutines_four_deep", || {
        let d = D::from_future(calling_three());
        assert_backtrace(&d, &["erroring", "calling_one", "calling_two", "calling_three"]);
    });
}

#[test]
fn a_backtrace_survives_a_coroutine_that_waited() {
    with_backtraces("a_backtrace_survives_a_coroutine_that_waited", || {
        let first = D::new();
        let awaited = first.clone();
        let inner = D::from_future(async move {
            awaited.await?;
            D::from_future(erroring()).await
        });
        let d = D::from_future(inner.into_future());
        first.callback(1).unwrap();
        assert_backtrace(&d, &["erroring", "erring"]);
    });
}

#[test]
fn a_backtrace_survives_the_deferreds_that_the_failure_goes_through() {
    with_backtraces("a_backtrace_survives_the_deferreds_that_the_failure_goes_through", || {
        let fails: D = maybe_deferred(|| Err::<u32, _>(erring()));
        assert_backtrace(&D::from_future(fails.into_future()), &["erring"]);
        let later = D::new();
        let d = D::from_future(later.clone().into_future());
        assert!(pending(&d));
        later.errback(erring()).unwrap();
        assert_backtrace(&d, &["erring"]);
        let d = D::new();
        d.errback(erring()).unwrap();
        d.add_errback(Err::<u32, Failure>);
        assert_backtrace(&d, &["erring"]);
    });
}
