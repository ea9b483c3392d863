//! Every single simplification of a program, made on its JSON text: it knows nothing of how the shrinker does it.

use deferral_model::{Answer, Event, Program, State, Trace, Value as Scalar};
use serde_json::{Value, json};

/// Programs that differ from this one by one simplification.
pub(crate) fn simpler(program: &Program) -> Vec<Program> {
    let json = serde_json::to_value(program).unwrap();
    let mut simpler = variants("", &json);
    simpler.extend(merged(&json));
    simpler.extend(closed(&json));
    let programs = simpler.into_iter().filter_map(|json| Program::from_json(&json.to_string()).ok());
    programs.filter(|simpler| simpler != program).collect()
}

/// A field's value with one simplification in it.
fn variants(name: &str, json: &Value) -> Vec<Value> {
    let mut variants = Vec::new();
    match json {
        Value::Object(fields) => {
            for (name, field) in fields {
                let with = |field: Value| {
                    let mut json = json.clone();
                    json[name] = field;
                    json
                };
                variants.extend(self::variants(name, field).into_iter().map(with));
                if OPTIONAL.contains(&name.as_str()) || (name == "ops" && !fields.contains_key("name")) {
                    let mut json = json.clone();
                    json.as_object_mut().unwrap().remove(name);
                    variants.push(json);
                }
            }
            variants.extend(plainer(json));
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let with = |by: Vec<Value>| {
                    let mut items = items.clone();
                    items.splice(at..=at, by);
                    Value::Array(items)
                };
                variants.push(with(Vec::new()));
                variants.extend(self::variants(name, item).into_iter().map(|item| with(vec![item])));
                for script in ["canceller", "call", "cb", "eb"] {
                    if let Some(ops) = item.get(script).and_then(|script| script["ops"].as_array()) {
                        variants.push(with(ops.clone()));
                    }
                }
            }
        }
        scalar => variants.extend(smaller(name, scalar)),
    }
    if name == "ret" {
        variants.extend(returns(json));
    }
    variants
}

const OPTIONAL: [&str; 10] = [
    "canceller",
    "ret",
    "await",
    "catch",
    "fire_on_one_callback",
    "fire_on_one_errback",
    "consume_errors",
    "size",
    "backlog",
    "else",
];

/// Simpler values of a field that has no parts.
fn smaller(name: &str, value: &Value) -> Vec<Value> {
    let number = value.as_u64();
    let least = u64::from(name == "tokens");
    match (name, number) {
        ("d" | "to" | "ds" | "await" | "wait" | "r", Some(number)) => (0..number).map(Value::from).collect(),
        ("after" | "by" | "size" | "backlog" | "tokens", Some(number)) if number > least => {
            vec![least.into(), (number - 1).into()]
        }
        ("value" | "else", _) if !value.is_null() => vec![Value::Null],
        ("error" | "raise" | "failure" | "trap", _) if value != "CancelledError" => {
            let names = ["E0", "E1", "E2"].into_iter();
            names.take_while(|name| value != name).map(Value::from).collect()
        }
        ("panic", _) if value != "" => vec!["".into()],
        _ => Vec::new(),
    }
}

/// Simpler returns, by how much they say.
fn returns(ret: &Value) -> Vec<Value> {
    const ORDER: [&str; 6] = ["value", "raise", "failure", "wait", "trap", "panic"];
    let rank = |ret: &Value| ORDER.iter().position(|kind| ret.get(kind).is_some());
    let simpler = [json!({ "value": null }), json!({ "raise": "E0" })];
    simpler.into_iter().filter(|simpler| rank(simpler) < rank(ret)).collect()
}

/// An operation that says less than this one.
fn plainer(op: &Value) -> Vec<Value> {
    let add = |name: &str, field: &str, script: &Value| json!({ "op": name, "d": op["d"], field: script });
    match op["op"].as_str() {
        Some("add_both") => {
            vec![add("add_callback", "cb", &op["cb"]), add("add_errback", "eb", &op["cb"])]
        }
        Some("add_callbacks") => vec![
            add("add_callback", "cb", &op["cb"]),
            add("add_errback", "eb", &op["eb"]),
            add("add_both", "cb", &op["cb"]),
            add("add_both", "cb", &op["eb"]),
        ],
        Some("errback") => vec![json!({ "op": "callback", "d": op["d"], "value": null })],
        Some("fail") => vec![json!({ "op": "succeed", "value": null })],
        Some("semaphore") => vec![json!({ "op": "lock" })],
        Some("maybe" | "list" | "gather" | "race" | "coroutine" | "acquire" | "get") => {
            vec![json!({ "op": "succeed", "value": null }), json!({ "op": "new" })]
        }
        _ => Vec::new(),
    }
}

/// One slot does for two.
fn merged(json: &Value) -> Vec<Value> {
    let last = highest(json);
    let pairs = (0..=last).flat_map(|slot| (0..slot).map(move |lower| (slot, lower)));
    let merged = pairs.map(|(slot, lower)| {
        let mut json = json.clone();
        rename(&mut json, &|name| if name == slot { lower } else { name });
        json
    });
    merged.collect()
}

fn highest(json: &Value) -> u64 {
    let highest = std::cell::Cell::new(0);
    rename(&mut json.clone(), &|name| {
        highest.set(highest.get().max(name));
        name
    });
    highest.get()
}

fn rename(json: &mut Value, name: &dyn Fn(u64) -> u64) {
    match json {
        Value::Object(fields) => {
            for (field, value) in fields {
                match (field.as_str(), &mut *value) {
                    ("d" | "to" | "await" | "wait", Value::Number(slot)) => {
                        *value = name(slot.as_u64().unwrap()).into();
                    }
                    ("ds", Value::Array(slots)) => {
                        slots.iter_mut().for_each(|slot| *slot = name(slot.as_u64().unwrap()).into());
                    }
                    _ => rename(value, name),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, name)),
        _ => {}
    }
}

/// Without one operation, and without all that names the slot that it bound.
fn closed(json: &Value) -> Vec<Value> {
    let mut places = Vec::new();
    operations(json, "", &mut places);
    let closed = places.iter().filter_map(|(list, at)| {
        let slot = bound(json, list, *at)?;
        let mut json = json.clone();
        json.pointer_mut(list).unwrap().as_array_mut().unwrap().remove(*at);
        rename(&mut json, &|name| match name {
            name if name == slot => u64::from(u32::MAX),
            name if name > slot => name - 1,
            name => name,
        });
        // What names it does nothing any more.
        forget(&mut json);
        Some(json)
    });
    closed.collect()
}

/// The place of every operation: its list and its number there.
fn operations(json: &Value, path: &str, places: &mut Vec<(String, usize)>) {
    match json {
        Value::Object(fields) => {
            for (name, field) in fields {
                operations(field, &format!("{path}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                if item.get("op").is_some() {
                    places.push((path.to_owned(), at));
                }
                operations(item, &format!("{path}/{at}"), places);
            }
        }
        _ => {}
    }
}

/// The slot that an operation binds: what is bound before it and after it says so.
fn bound(json: &Value, list: &str, at: usize) -> Option<u64> {
    let marked = |at: usize| {
        let mut json = json.clone();
        let ops = json.pointer_mut(list).unwrap().as_array_mut().unwrap();
        let probes = (0..64).map(|slot| json!({ "op": "probe", "d": slot }));
        ops.splice(at..at, std::iter::once(json!({ "op": "succeed", "value": "here" })).chain(probes));
        let answer = deferral_model::run(&Program::from_json(&json.to_string()).unwrap());
        let Answer::Trace(Trace { events, .. }) = answer else {
            return None;
        };
        events.into_iter().find_map(|event| match event {
            Event::Probe { probe, state: State::Value(Scalar::Text(here)) } if here == "here" => {
                Some(probe as u64)
            }
            _ => None,
        })
    };
    let (before, after) = (marked(at)?, marked(at + 1)?);
    let binds = json.pointer(list).unwrap()[at]["op"].as_str().is_some_and(|name| {
        ["new", "succeed", "fail", "maybe", "list", "gather", "race", "coroutine", "acquire", "get"]
            .contains(&name)
    });
    (binds && after > before).then(|| after - 1)
}

fn forget(json: &mut Value) {
    let gone = |slot: &Value| slot.as_u64() == Some(u64::from(u32::MAX));
    match json {
        Value::Object(fields) => {
            if fields.get("await").is_some_and(gone) {
                fields.remove("await");
            }
            if fields.get("wait").is_some_and(gone) {
                *fields = json!({ "value": null }).as_object().unwrap().clone();
            }
            fields.values_mut().for_each(forget);
        }
        Value::Array(items) => {
            items.retain(|item| {
                !gone(item) && !["d", "to"].iter().any(|name| item.get(name).is_some_and(gone))
            });
            items.iter_mut().for_each(forget);
        }
        _ => {}
    }
}
