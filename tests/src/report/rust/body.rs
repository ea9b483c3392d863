//! The statements and closures that a program is in Rust.

use super::statement::{literal, statement};
use crate::report::pseudo::line;
use crate::report::story::Story;
use crate::report::words::joined;
use deferral_model::deeds::Deed;
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::{Event, Op, Return, Script, Trace};
use std::fmt::Write;
use std::sync::Arc;

/// What was written so far.
pub(super) struct Body<'s, 'p> {
    story: &'s Story<'p>,
    trace: Option<&'s Trace>,
    pub(super) text: String,
}

/// What a closure is given, and so what its argument is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    Value,
    Error,
    Result,
    Nothing,
}

impl<'s, 'p> Body<'s, 'p> {
    pub(super) fn new(story: &'s Story<'p>, trace: Option<&'s Trace>) -> Self {
        Self { story, trace, text: String::new() }
    }

    pub(super) fn line(&mut self, depth: usize, line: impl AsRef<str>) {
        let _ = writeln!(self.text, "{}{}", "    ".repeat(depth), line.as_ref());
    }

    pub(super) fn ops(&mut self, ops: &[Op], depth: usize) {
        ops.iter().for_each(|op| self.op(op, depth));
    }

    pub(super) fn op(&mut self, op: &Op, depth: usize) {
        if self.story.deed(op) == Some(&Deed::NamesNothing) {
            self.line(depth, format!("// {}: names nothing", line(self.story, op)));
            return;
        }
        match op {
            Op::New { canceller: Some(script) } => {
                self.hold(script, depth);
                self.begin(op, depth, "D::with_canceller(move |_| {");
                self.canceller(script, depth + 1);
                self.line(depth, "}));");
            }
            Op::Maybe { call } => {
                self.begin(op, depth, "maybe_deferred(|| {");
                self.script(call, Given::Nothing, depth + 1);
                self.line(depth, "}));");
            }
            Op::AddCallback { d, cb } => self.add(*d, "add_callback", &[(cb, Given::Value)], depth),
            Op::AddErrback { d, eb } => self.add(*d, "add_errback", &[(eb, Given::Error)], depth),
            Op::AddBoth { d, cb } => self.add(*d, "add_both", &[(cb, Given::Result)], depth),
            Op::AddCallbacks { d, cb, eb } => {
                self.add(*d, "add_callbacks", &[(cb, Given::Value), (eb, Given::Error)], depth);
            }
            Op::Coroutine { id, steps, ret } => {
                self.begin(op, depth, "D::from_future(async {");
                self.coroutine(&self.story.names.script(*id), steps, ret.as_ref(), depth + 1);
                self.line(depth, "}));");
            }
            plain => {
                let statement = statement(self.story, plain);
                self.line(depth, statement);
            }
        }
    }

    /// An operation that binds, up to the body of its closure.
    fn begin(&mut self, op: &Op, depth: usize, does: &str) {
        let slot = self.story.bound(op).unwrap_or_default();
        self.line(depth, format!("set({slot}, {does}"));
    }

    /// What a closure has of its own: it is seen when the engine drops it.
    fn hold(&mut self, script: &Script, depth: usize) {
        let name = self.story.names.script(script.id);
        self.line(depth, format!("let {name} = script({name:?});"));
    }

    fn add(&mut self, slot: usize, function: &str, scripts: &[(&Arc<Script>, Given)], depth: usize) {
        let argument = |given: Given| match given {
            Given::Value => "move |value| {",
            Given::Error => "move |error| {",
            Given::Result => "move |result| {",
            Given::Nothing => "|| {",
        };
        scripts.iter().for_each(|(script, _)| self.hold(script, depth));
        match scripts {
            [(script, given)] => {
                self.line(depth, format!("d({slot}).{function}({}", argument(*given)));
                self.script(script, *given, depth + 1);
                self.line(depth, "});");
            }
            several => {
                self.line(depth, format!("d({slot}).{function}("));
                for (script, given) in several {
                    self.line(depth + 1, argument(*given));
                    self.script(script, *given, depth + 2);
                    self.line(depth + 1, "},");
                }
                self.line(depth, ");");
            }
        }
    }

    fn script(&mut self, script: &Script, given: Given, depth: usize) {
        let name = self.story.names.script(script.id);
        self.line(
            depth,
            match given {
                Given::Value => format!("{name}.called(Ok(&value));"),
                Given::Error => format!("{name}.called(Err(&error));"),
                Given::Result => format!("{name}.called(result.as_ref());"),
                Given::Nothing => format!("event(\"{name}()\");"),
            },
        );
        self.ops(&script.ops, depth);
        let argument = match given {
            Given::Value => "value",
            Given::Error => "raise(error)",
            Given::Result => "result",
            Given::Nothing => "Value::Null",
        };
        let returns = match &script.ret {
            Return::Arg => argument.to_owned(),
            Return::Value(value) => literal(value),
            Return::Raise(error) | Return::Failure(error) => format!("raise(Error::{error:?})"),
            Return::Panic(text) => format!("panic({text:?})"),
            Return::Wait(slot) => format!("wait({name:?}, {slot})"),
            Return::Trap { trap, or_else } => {
                let names = joined(trap, |name| format!("Error::{name:?}"));
                let trapped = format!("trap(error, &[{names}], {})", literal(or_else));
                match given {
                    Given::Error => trapped,
                    Given::Result => format!("result.or_else(|error| {trapped})"),
                    Given::Value | Given::Nothing => argument.to_owned(),
                }
            }
        };
        self.line(depth, returns);
    }

    fn canceller(&mut self, script: &Script, depth: usize) {
        let name = self.story.names.script(script.id);
        self.line(depth, format!("{name}.asked();"));
        let calls = |trace: &Trace| {
            let called = Event::Canceller { canceller: script.id };
            trace.events.iter().filter(|event| **event == called).count()
        };
        let again = self.trace.is_none_or(|trace| calls(trace) > 1);
        if again && !script.ops.is_empty() {
            self.line(depth, format!("if !again({name:?}) {{"));
            self.ops(&script.ops, depth + 1);
            self.line(depth, "}");
        } else {
            self.ops(&script.ops, depth);
        }
        if let Return::Panic(text) = &script.ret {
            self.line(depth, format!("panic({text:?});"));
        }
    }

    fn coroutine(&mut self, name: &str, steps: &[Step], ret: Option<&CoroutineReturn>, depth: usize) {
        for step in steps {
            self.ops(&step.ops, depth);
            match self.story.awaits(step) {
                None => {
                    let passed = step.awaits.map(|slot| format!("// d({slot}).await: passed over"));
                    passed.into_iter().for_each(|comment| self.line(depth, comment));
                }
                Some(slot) if step.catch => {
                    self.line(depth, format!("let _ = resume({name:?}, {slot}).await;"));
                }
                Some(slot) => self.line(depth, format!("resume({name:?}, {slot}).await?;")),
            }
        }
        self.line(
            depth,
            match ret {
                None => "Ok(Value::Null)".to_owned(),
                Some(CoroutineReturn::Value(value)) => format!("Ok({})", literal(value)),
                Some(CoroutineReturn::Raise(error)) => format!("raise(Error::{error:?})"),
            },
        );
    }
}
