//! The functions and statements that a program is in Python.

use super::calls::{call, letter, literal, quoted};
use crate::report::story::Story;
use crate::report::words::joined;
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::{Event, Op, Return, Script, Trace};
use std::collections::BTreeSet;

/// What a script is called for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Callback,
    Errback,
    Both,
    Canceller,
    Call,
}

/// What was written so far.
pub(super) struct Body<'s, 'p> {
    story: &'s Story<'p>,
    trace: Option<&'s Trace>,
    pub(super) lines: Vec<String>,
}

impl<'s, 'p> Body<'s, 'p> {
    /// All of a program.
    pub(super) fn of(story: &'s Story<'p>, trace: Option<&'s Trace>) -> Self {
        let mut body = Self { story, trace, lines: Vec::new() };
        for op in &story.program.ops {
            body.functions(op);
            body.op(op, 0);
        }
        body
    }

    fn line(&mut self, depth: usize, line: impl AsRef<str>) {
        let line = format!("{}{}", "    ".repeat(depth), line.as_ref());
        self.lines.push(line.trim_end().to_owned());
    }

    fn name(&self, script: &Script) -> String {
        self.story.names.script(script.id)
    }

    /// The functions that an operation's scripts are, and those inside them.
    fn functions(&mut self, op: &Op) {
        let roles: &[Role] = match op {
            Op::New { .. } => &[Role::Canceller],
            Op::Maybe { .. } => &[Role::Call],
            Op::AddErrback { .. } => &[Role::Errback],
            Op::AddBoth { .. } => &[Role::Both],
            _ => &[Role::Callback, Role::Errback],
        };
        for (script, role) in op.scripts().zip(roles) {
            self.function(script, *role);
            script.ops.iter().for_each(|op| self.functions(op));
        }
        if let Op::Coroutine { id, steps, ret } = op {
            self.coroutine(&self.story.names.script(*id), steps, ret.as_ref());
            steps.iter().flat_map(|step| &step.ops).for_each(|op| self.functions(op));
        }
    }

    fn function(&mut self, script: &Script, role: Role) {
        let name = self.name(script);
        let (parameter, noted) = match role {
            Role::Call => ("", format!("\"{name}()\"")),
            Role::Canceller => ("d", format!("\"{name}()\"")),
            _ => ("result", format!("f\"{name}({{text(result)}})\"")),
        };
        let warns = warns(self.trace, script);
        self.begin(&format!("def {name}({parameter}):"), script.ops.iter(), warns.then_some("returning"));
        self.line(1, format!("events.append({noted})"));
        let again = |trace: &Trace| {
            let calls =
                trace.events.iter().filter(|event| **event == Event::Canceller { canceller: script.id });
            calls.count() > 1
        };
        if !script.ops.is_empty() && self.trace.is_some_and(again) {
            self.line(1, format!("if events.count({noted}) > 1:"));
            self.line(
                2,
                if let Return::Panic(text) = &script.ret { panic(text) } else { "return".to_owned() },
            );
        }
        script.ops.iter().for_each(|op| self.op(op, 1));
        if warns {
            self.line(1, format!("returning = \"{name}\""));
        }
        self.returns(script, role);
        self.line(0, "");
        self.line(0, "");
    }

    /// The head of a function, and which of its variables are the program's.
    fn begin<'o>(&mut self, head: &str, ops: impl Iterator<Item = &'o Op>, further: Option<&str>) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.line(0, "");
            self.line(0, "");
        }
        self.line(0, head);
        let own = ops.filter_map(|op| self.assigned(op));
        let names: BTreeSet<String> = own.chain(further.map(str::to_owned)).collect();
        if !names.is_empty() {
            self.line(1, format!("global {}", Vec::from_iter(names).join(", ")));
        }
    }

    /// The variable that an operation sets or deletes.
    fn assigned(&self, op: &Op) -> Option<String> {
        match op {
            Op::Drop { d } if !self.story.idle(op) => Some(format!("d{d}")),
            op => self.story.bound(op).map(|number| format!("{}{number}", letter(op))),
        }
    }

    fn returns(&mut self, script: &Script, role: Role) {
        let argument = if role == Role::Call { "return None" } else { "return result" };
        let line = match (&script.ret, role) {
            (Return::Panic(text), _) => panic(text),
            (_, Role::Canceller) => return,
            (Return::Arg, _) => argument.to_owned(),
            (Return::Value(value), _) => format!("return {}", literal(value)),
            (Return::Raise(error), _) => format!("raise {error:?}()"),
            (Return::Failure(error), _) => format!("return Failure({error:?}())"),
            (Return::Wait(slot), _) => match self.story.waits_for(script) {
                Some(_) => format!("return d{slot}"),
                None => "return None".to_owned(),
            },
            (Return::Trap { .. }, Role::Callback | Role::Call) => argument.to_owned(),
            (Return::Trap { trap, or_else }, Role::Errback | Role::Both) => {
                if role == Role::Both {
                    self.line(1, "if not isinstance(result, Failure):");
                    self.line(2, "return result");
                }
                let names = joined(trap, |name| match format!("{name:?}").as_str() {
                    "CancelledError" => "defer.CancelledError".to_owned(),
                    own => own.to_owned(),
                });
                self.line(1, format!("result.trap({names})"));
                format!("return {}", literal(or_else))
            }
        };
        self.line(1, line);
    }

    fn coroutine(&mut self, name: &str, steps: &[Step], ret: Option<&CoroutineReturn>) {
        let ops = steps.iter().flat_map(|step| &step.ops);
        self.begin(&format!("async def {name}():"), ops, None);
        for step in steps {
            step.ops.iter().for_each(|op| self.op(op, 1));
            match (step.awaits, self.story.awaits(step)) {
                (Some(slot), None) => self.line(1, format!("# await d{slot}: passed over")),
                (_, Some(slot)) => {
                    let catch = if step.catch { ", catch=True" } else { "" };
                    self.line(1, format!("await resume(\"{name}\", d{slot}{catch})"));
                }
                (None, None) => {}
            }
        }
        self.line(
            1,
            match ret {
                None => "return None".to_owned(),
                Some(CoroutineReturn::Value(value)) => format!("return {}", literal(value)),
                Some(CoroutineReturn::Raise(error)) => format!("raise {error:?}()"),
            },
        );
        self.line(0, "");
        self.line(0, "");
    }

    fn op(&mut self, op: &Op, depth: usize) {
        let does = call(self.story, op);
        if self.story.idle(op) {
            self.line(depth, format!("# {does}: does nothing here"));
            return;
        }
        let does = match self.story.bound(op) {
            Some(number) => format!("{}{number} = {does}", letter(op)),
            None => does,
        };
        if self.story.raises(op) {
            self.line(depth, "with raising():");
            self.line(depth + 1, does);
        } else {
            self.line(depth, does);
        }
    }
}

/// Whether a script returns the Deferred that it was added to, and Twisted warns.
fn warns(trace: Option<&Trace>, script: &Script) -> bool {
    let warning = Event::SelfReturn { self_return: script.id };
    trace.is_some_and(|trace| trace.events.contains(&warning))
}

fn panic(text: &str) -> String {
    format!("raise Panic({})", quoted(text))
}
