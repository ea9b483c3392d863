//! Operations, values and states in the few words that the picture has room for.

use deferral_model::trace::ScriptId;
use deferral_model::{Event, Failure, Op, Outcome, Return, Script, State, Value};
use serde::Serialize;
use std::fmt::Display;

/// An operation, with the slot and the resource that it bound.
pub(super) fn operation(op: &Op, slot: Option<usize>, resource: Option<usize>) -> String {
    let script = |script: &Script| number(script.id);
    let list = |ds: &[usize]| format!("[{}]", joined(ds.iter().map(|d| format!("d{d}"))));
    let flag = |set: &bool, name: &'static str| set.then_some(name);
    let called = |name: &str, ds: &[usize], flags: &[Option<&str>]| {
        let flags = flags.iter().flatten().map(|flag| (*flag).to_owned());
        format!("{name}({})", joined(std::iter::once(list(ds)).chain(flags)))
    };
    let text = match op {
        Op::New { canceller: None } => "new()".to_owned(),
        Op::New { canceller: Some(canceller) } => format!("new(canceller {})", script(canceller)),
        Op::Succeed { value } => format!("succeed({})", json(value)),
        Op::Fail { error } => format!("fail({error:?})"),
        Op::Maybe { call } => format!("maybe({})", script(call)),
        Op::AddCallback { d, cb } => format!("d{d}.add_callback({})", script(cb)),
        Op::AddErrback { d, eb } => format!("d{d}.add_errback({})", script(eb)),
        Op::AddBoth { d, cb } => format!("d{d}.add_both({})", script(cb)),
        Op::AddCallbacks { d, cb, eb } => format!("d{d}.add_callbacks({}, {})", script(cb), script(eb)),
        Op::Callback { d, value } => format!("d{d}.callback({})", json(value)),
        Op::Errback { d, error } => format!("d{d}.errback({error:?})"),
        Op::Cancel { d } | Op::Pause { d } | Op::Unpause { d } => format!("d{d}.{}()", op.name()),
        Op::Chain { d, to } => format!("d{d}.chain(d{to})"),
        Op::List { ds, fire_on_one_callback, fire_on_one_errback, consume_errors } => called(
            "list",
            ds,
            &[
                flag(fire_on_one_callback, "fire_on_one_callback"),
                flag(fire_on_one_errback, "fire_on_one_errback"),
                flag(consume_errors, "consume_errors"),
            ],
        ),
        Op::Gather { ds, consume_errors } => called("gather", ds, &[flag(consume_errors, "consume_errors")]),
        Op::Race { ds } => called("race", ds, &[]),
        Op::Timeout { d, after } => format!("d{d}.timeout({after})"),
        Op::Advance { by } => format!("clock.advance({by})"),
        Op::Coroutine { id, .. } => format!("coroutine({})", number(*id)),
        Op::Lock {} => "lock()".to_owned(),
        Op::Semaphore { tokens } => format!("semaphore({tokens})"),
        Op::Queue { size, backlog } => {
            let bound = |name, bound: &Option<u64>| bound.map(|bound| format!("{name} {bound}"));
            format!("queue({})", joined(bound("size", size).into_iter().chain(bound("backlog", backlog))))
        }
        Op::Acquire { r } | Op::Release { r } | Op::Get { r } => format!("r{r}.{}()", op.name()),
        Op::Put { r, value } => format!("r{r}.put({})", json(value)),
        Op::Probe { d } => format!("probe(d{d})"),
        Op::Drop { d } => format!("drop(d{d})"),
    };
    match (slot, resource) {
        (Some(slot), _) => format!("d{slot} = {text}"),
        (None, Some(resource)) => format!("r{resource} = {text}"),
        (None, None) => text,
    }
}

/// What an event is, with what its script is to whatever carries it.
pub(super) fn event(event: &Event, role: Option<&str>) -> String {
    match event {
        Event::Run { run, .. } => format!("{} {}", role.unwrap_or("script"), number(*run)),
        Event::Canceller { canceller } => format!("canceller {}", number(*canceller)),
        Event::Resume { resume, .. } => format!("await of coroutine {}", number(*resume)),
        Event::Error { error } => format!("{error:?}"),
        Event::Logged { .. } => "logged".to_owned(),
        Event::SelfReturn { self_return } => format!("{} returned itself", number(*self_return)),
        Event::Probe { probe, .. } => format!("probe(d{probe})"),
    }
}

/// How scripts and coroutines are called.
pub(super) fn number(id: ScriptId) -> String {
    format!("#{id}")
}

pub(super) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::FirstError { index, sub } => format!("FirstError({index}, {})", self::failure(sub)),
        Failure::FailureGroup(group) => format!("FailureGroup({})", joined(group.iter().map(self::failure))),
        plain => format!("{plain:?}"),
    }
}

pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Array(values) => format!("[{}]", joined(values.iter().map(self::value))),
        Value::Resource { r } => format!("r{r}"),
        Value::Failed { f } => failure(f),
        plain => json(plain),
    }
}

pub(super) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(value) => self::value(value),
        Outcome::Failure(failure) => self::failure(failure),
    }
}

/// A state, as what follows "is".
pub(super) fn state(state: &State) -> String {
    match state {
        State::Dropped => "dropped".to_owned(),
        State::Unfired => "unfired".to_owned(),
        State::Running => "running".to_owned(),
        State::Waiting(Some(slot)) => format!("waiting for d{slot}"),
        State::Waiting(None) => "waiting".to_owned(),
        State::Value(value) => self::value(value),
        State::Failure(failure) => self::failure(failure),
    }
}

/// What a script does with what it is given, as what follows "and".
pub(super) fn returns(script: &Script, given: Option<&Outcome>) -> String {
    match (&script.ret, given) {
        (Return::Arg, Some(_)) => "returns it".to_owned(),
        (Return::Arg, None) => "returns null".to_owned(),
        (Return::Value(value), _) => format!("returns {}", self::value(value)),
        (Return::Raise(error), _) => format!("raises {error:?}"),
        (Return::Failure(error), _) => format!("returns the failure {error:?}"),
        (Return::Panic(_), _) => "panics".to_owned(),
        (Return::Wait(slot), _) => format!("returns d{slot}"),
        (Return::Trap { trap, or_else }, Some(Outcome::Failure(failure))) => {
            match trap.iter().any(|name| failure.is(*name)) {
                true => format!("traps it and returns {}", value(or_else)),
                false => "doesn't trap it".to_owned(),
            }
        }
        (Return::Trap { .. }, _) => "returns it, as there is nothing to trap".to_owned(),
    }
}

pub(super) fn joined(parts: impl IntoIterator<Item = impl Display>) -> String {
    parts.into_iter().map(|part| part.to_string()).collect::<Vec<_>>().join(", ")
}

fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).expect("it is plain data")
}
