//! The statement that an operation without scripts is, and how Rust writes values.

use crate::report::story::Story;
use deferral_model::{Op, Value};

/// An operation without a script.
pub(super) fn statement(story: &Story<'_>, op: &Op) -> String {
    let slot = story.bound(op).unwrap_or_default();
    let set = |does: String| format!("set({slot}, {does});");
    let list = |ds: &[usize], flags: &[(&str, bool)], how: &str| {
        let flags: String =
            flags.iter().filter(|(_, set)| *set).map(|(flag, _)| format!(".{flag}()")).collect();
        format!("DeferredList::new(ds(&{ds:?})){flags}.{how}")
    };
    match op {
        Op::Succeed { value } => set(format!("deferral::succeed({})", literal(value))),
        Op::Fail { error } => set(format!("deferral::fail(Error::{error:?})")),
        Op::Callback { d, value } => {
            format!("refused(d({d}).callback({}), \"AlreadyCalledError\");", literal(value))
        }
        Op::Errback { d, error } => {
            format!("refused(d({d}).errback(Error::{error:?}), \"AlreadyCalledError\");")
        }
        Op::Cancel { d } => format!("cancel({d});"),
        Op::Pause { d } => format!("d({d}).pause();"),
        Op::Unpause { d } => format!("d({d}).unpause();"),
        Op::Chain { d, to } => format!("d({d}).chain_deferred(&d({to}));"),
        Op::List { ds, fire_on_one_callback, fire_on_one_errback, consume_errors } => {
            let flags = [
                ("fire_on_one_callback", *fire_on_one_callback),
                ("fire_on_one_errback", *fire_on_one_errback),
                ("consume_errors", *consume_errors),
            ];
            set(list(ds, &flags, "build(list_value)"))
        }
        Op::Gather { ds, consume_errors } => {
            set(list(ds, &[("consume_errors", *consume_errors)], "gather(Value::Array)"))
        }
        Op::Race { ds } => {
            set(format!("race_with(ds(&{ds:?}), |index, value| Value::Array(vec![int(index), value]))"))
        }
        Op::Timeout { d, after } => format!("d({d}).add_timeout(seconds({after}), &clock());"),
        Op::Advance { by } => format!("advance({by});"),
        Op::Lock {} => format!("set_tokens({slot}, 1); // a lock"),
        Op::Semaphore { tokens } => format!("set_tokens({slot}, {tokens});"),
        Op::Queue { size, backlog } => {
            let limit = |name: &str, limit: Option<u64>| {
                let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
                limit.map(|limit| format!(".{name}({limit})")).unwrap_or_default()
            };
            let limits = limit("with_size", *size) + &limit("with_backlog", *backlog);
            format!("set_queue({slot}, DeferredQueue::new(){limits});")
        }
        Op::Acquire { r } => set(format!("tokens({r}).acquire_with(|| Value::Resource({r}))")),
        Op::Release { r } => format!("let _ = tokens({r}).release();"),
        Op::Put { r, value } => {
            format!("refused(queue({r}).put({}), \"QueueOverflow\");", literal(value))
        }
        Op::Get { r } if story.raises(op) => {
            format!("refused(queue({r}).get(), \"QueueUnderflow\");")
        }
        Op::Get { r } => set(format!("queue({r}).get().unwrap()")),
        Op::Probe { d } => format!("probe({d});"),
        Op::Drop { d } => format!("del({d});"),
        // What is left is `new`: the others have scripts.
        _ => set("D::new()".to_owned()),
    }
}

/// A value as Rust writes it.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Bool(bool) => format!("Value::Bool({bool})"),
        Value::Int(int) => format!("Value::Int({int})"),
        Value::Text(text) => format!("Value::Text({text:?}.to_owned())"),
        // Programs write no others.
        _ => "Value::Null".to_owned(),
    }
}
