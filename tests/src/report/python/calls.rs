//! The call of Twisted's that each operation is, and how Python writes values.

use crate::report::story::Story;
use crate::report::words::{joined, value as plain};
use deferral_model::{Op, Script, Value};

/// The call of Twisted's that an operation is.
pub(super) fn call(story: &Story<'_>, op: &Op) -> String {
    let name = |script: &Script| story.names.script(script.id);
    let members = || joined(story.members(op), |slot| format!("d{slot}"));
    let flags = |flags: &[(&str, bool)]| -> String {
        flags.iter().filter(|(_, set)| *set).map(|(flag, _)| format!(", {flag}=True")).collect()
    };
    match op {
        Op::New { canceller } => {
            format!("Deferred({})", canceller.as_deref().map(name).unwrap_or_default())
        }
        Op::Succeed { value } => format!("defer.succeed({})", literal(value)),
        Op::Fail { error } => format!("defer.fail({error:?}())"),
        Op::Maybe { call } => format!("defer.maybeDeferred({})", name(call)),
        Op::AddCallback { d, cb } => format!("d{d}.addCallback({})", name(cb)),
        Op::AddErrback { d, eb } => format!("d{d}.addErrback({})", name(eb)),
        Op::AddBoth { d, cb } => format!("d{d}.addBoth({})", name(cb)),
        Op::AddCallbacks { d, cb, eb } => {
            format!("d{d}.addCallbacks({}, {})", name(cb), name(eb))
        }
        Op::Callback { d, value } => format!("d{d}.callback({})", literal(value)),
        Op::Errback { d, error } => format!("d{d}.errback({error:?}())"),
        Op::Cancel { d } => format!("d{d}.cancel()"),
        Op::Pause { d } => format!("d{d}.pause()"),
        Op::Unpause { d } => format!("d{d}.unpause()"),
        Op::Chain { d, to } => format!("d{d}.chainDeferred(d{to})"),
        Op::List { fire_on_one_callback, fire_on_one_errback, consume_errors, .. } => {
            let flags = flags(&[
                ("fireOnOneCallback", *fire_on_one_callback),
                ("fireOnOneErrback", *fire_on_one_errback),
                ("consumeErrors", *consume_errors),
            ]);
            format!("defer.DeferredList([{}]{flags})", members())
        }
        Op::Gather { consume_errors, .. } => {
            format!("defer.gatherResults([{}]{})", members(), flags(&[("consumeErrors", *consume_errors)]))
        }
        Op::Race { .. } => format!("defer.race([{}])", members()),
        Op::Timeout { d, after } => format!("d{d}.addTimeout({after}, clock)"),
        Op::Advance { by } => format!("clock.advance({by})"),
        Op::Coroutine { id, .. } => format!("Deferred.fromCoroutine({}())", story.names.script(*id)),
        Op::Lock {} => "DeferredLock()".to_owned(),
        Op::Semaphore { tokens } => format!("DeferredSemaphore({tokens})"),
        Op::Queue { size, backlog } => {
            let limit = |limit: Option<u64>| limit.map_or("None".to_owned(), |limit| limit.to_string());
            format!("defer.DeferredQueue({}, {})", limit(*size), limit(*backlog))
        }
        Op::Acquire { r } => format!("r{r}.acquire()"),
        Op::Release { r } => format!("r{r}.release()"),
        Op::Put { r, value } => format!("r{r}.put({})", literal(value)),
        Op::Get { r } => format!("r{r}.get()"),
        Op::Probe { d } => format!("events.append(f\"d{d} is {{state(d{d})}}\")"),
        Op::Drop { d } => format!("del d{d}"),
    }
}

/// The letter that the variable of what it binds begins with.
pub(super) fn letter(op: &Op) -> char {
    if matches!(op, Op::Lock {} | Op::Semaphore { .. } | Op::Queue { .. }) { 'r' } else { 'd' }
}

/// A value as Python writes it.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Text(text) => quoted(text),
        other => plain(other),
    }
}

/// A text as Python writes it, which reads what JSON writes.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("it is a text")
}
