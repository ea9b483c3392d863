// The callbacks reach Deferreds by number only: a handle in a closure would keep its Deferred alive.
thread_local! {
    static SLOTS: RefCell<Vec<Option<D>>> = const { RefCell::new(Vec::new()) };
    static MADE: RefCell<Vec<WeakDeferred<Value, Error>>> = const { RefCell::new(Vec::new()) };
    static TOKENS: RefCell<Vec<(usize, DeferredSemaphore)>> = const { RefCell::new(Vec::new()) };
    static QUEUES: RefCell<Vec<(usize, DeferredQueue<Value, Error>)>> = const { RefCell::new(Vec::new()) };
    static CLOCK: RefCell<ManualClock> = RefCell::default();
    static EVENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static UNHANDLED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static HELD: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    static RETURNING: Cell<&'static str> = const { Cell::new("") };
}

/// Lets go of everything at its end.
struct Program;

impl Program {
    fn begin() -> Self {
        EVENTS.take();
        UNHANDLED.take();
        MADE.take();
        HELD.take();
        set_report_hook(|report| match report {
            Report::Unhandled { error, .. } => {
                let error = error.downcast_ref::<Error>().expect("it is the type of all errors here");
                UNHANDLED.with_borrow_mut(|unhandled| unhandled.push(format!("failure {error}")));
            }
            Report::WaitsForItself { directly: true, .. } => {
                event(format!("{} returned its own Deferred", RETURNING.get()));
            }
            Report::CancellerPanicked { .. } => event("logged Panic"),
            _ => {}
        });
        Self
    }

    /// How the first Deferreds stand, so many; then all handles are let go.
    fn end(self, slots: usize) -> Vec<String> {
        (0..slots).map(|slot| named(slot).map_or("dropped".to_owned(), |d| state(&d))).collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        for slot in 0..SLOTS.with_borrow(Vec::len) {
            del(slot);
        }
        SLOTS.take();
        TOKENS.take();
        QUEUES.take();
        CLOCK.take();
        deferral::reset_report_hook();
    }
}

fn event(event: impl Into<String>) {
    EVENTS.with_borrow_mut(|events| events.push(event.into()));
}

fn events() -> Vec<String> {
    EVENTS.take()
}

fn unhandled() -> Vec<String> {
    let mut unhandled = UNHANDLED.with_borrow(Clone::clone);
    unhandled.sort();
    unhandled
}

/// How many Deferreds are left.
fn left() -> usize {
    MADE.with_borrow(|made| made.iter().filter(|made| made.upgrade().is_some()).count())
}

fn set(slot: usize, d: D) {
    MADE.with_borrow_mut(|made| made.push(d.downgrade()));
    let former = SLOTS.with_borrow_mut(|slots| {
        let length = slots.len().max(slot + 1);
        slots.resize_with(length, || None);
        slots[slot].replace(d)
    });
    drop(former);
}

fn named(slot: usize) -> Option<D> {
    SLOTS.with_borrow(|slots| slots.get(slot).cloned().flatten())
}

fn d(slot: usize) -> D {
    named(slot).unwrap_or_else(|| panic!("there is no d{slot}"))
}

fn ds(slots: &[usize]) -> Vec<D> {
    slots.iter().filter_map(|slot| named(*slot)).collect()
}

fn del(slot: usize) {
    let d = SLOTS.with_borrow_mut(|slots| slots.get_mut(slot).and_then(Option::take));
    drop(d);
}

fn state(d: &D) -> String {
    match d.state() {
        State::Unfired => "unfired".to_owned(),
        State::Running => "running".to_owned(),
        State::Waiting => {
            let inner = d.waiting_for().expect("it waits");
            let is_it = |slot: &Option<D>| slot.as_ref().is_some_and(|d| d.ptr_eq(&inner));
            let slot = SLOTS.with_borrow(|slots| slots.iter().position(is_it));
            slot.map_or("waiting".to_owned(), |slot| format!("waiting for d{slot}"))
        }
        State::Succeeded | State::Failed => {
            d.with_result(|result| shown(result.expect("it is fired").as_ref()))
        }
    }
}

fn shown(result: Result<&Value, &Error>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) => format!("failure {error}"),
    }
}

fn probe(slot: usize) {
    event(format!("d{slot} is {}", state(&d(slot))));
}

/// What a callback, errback or canceller has of its own.
struct Script(&'static str);

fn script(name: &'static str) -> Script {
    HELD.with_borrow_mut(|held| held.push(name));
    Script(name)
}

impl Script {
    fn called(&self, result: Result<&Value, &Error>) {
        event(format!("{}({})", self.0, shown(result)));
    }

    fn asked(&self) {
        event(format!("{}()", self.0));
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        HELD.with_borrow_mut(|held| held.retain(|name| *name != self.0));
    }
}

/// The callbacks, errbacks and cancellers that the engine holds.
fn held() -> Vec<&'static str> {
    let mut held = HELD.with_borrow(Clone::clone);
    held.sort_unstable();
    held
}

/// Whether a canceller was called before.
fn again(canceller: &str) -> bool {
    EVENTS.with_borrow(|events| events.iter().filter(|event| **event == format!("{canceller}()")).count() > 1)
}

fn raise(error: Error) -> Result<Value, Error> {
    Err(error)
}

fn panic(text: &str) -> Value {
    resume_unwind(Box::new(text.to_owned()))
}

fn trap(error: Error, trapped: &[Error], value: Value) -> Result<Value, Error> {
    if trapped.contains(&error) { Ok(value) } else { Err(error) }
}

/// Returns the Deferred of a slot from a callback; a null where there is none.
fn wait(name: &'static str, slot: usize) -> Returned<Value, Error> {
    RETURNING.set(name);
    named(slot).map_or(Returned::Value(Value::Null), Returned::wait)
}

async fn resume(name: &'static str, slot: usize) -> Result<Value, Error> {
    let came = d(slot).await;
    event(format!("{name} resumed with {}", shown(came.as_ref())));
    came
}

/// Notes what an operation was refused with.
fn refused<T, E>(done: Result<T, E>, name: &str) {
    if done.is_err() {
        event(format!("raised {name}"));
    }
}

/// What panics in it, a canceller does.
fn may_panic(run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        event("raised Panic");
    }
}

fn cancel(slot: usize) {
    // Programs leave alone what is being cancelled.
    if !d(slot).cancelling() {
        may_panic(|| d(slot).cancel());
    }
}

fn tokens(number: usize) -> DeferredSemaphore {
    let found = |all: &Vec<(usize, DeferredSemaphore)>| all.iter().find(|(of, _)| *of == number).cloned();
    TOKENS.with_borrow(found).expect("it was made").1
}

fn set_tokens(number: usize, count: u64) {
    let count = NonZeroUsize::new(count as usize).expect("they start at 1");
    TOKENS.with_borrow_mut(|all| all.push((number, DeferredSemaphore::new(count))));
}

fn queue(number: usize) -> DeferredQueue<Value, Error> {
    let found =
        |all: &Vec<(usize, DeferredQueue<Value, Error>)>| all.iter().find(|(of, _)| *of == number).cloned();
    QUEUES.with_borrow(found).expect("it was made").1
}

fn set_queue(number: usize, queue: DeferredQueue<Value, Error>) {
    QUEUES.with_borrow_mut(|all| all.push((number, queue)));
}

fn clock() -> ManualClock {
    CLOCK.with_borrow(Clone::clone)
}

/// Seconds from now, as Twisted's clock counts them: in floats, from the beginning.
fn seconds(from_now: u64) -> Duration {
    let now = clock().now().as_secs();
    Duration::from_secs(((now as f64 + from_now as f64) as u64).saturating_sub(now))
}

fn advance(by: u64) {
    may_panic(|| clock().advance(seconds(by)));
}
