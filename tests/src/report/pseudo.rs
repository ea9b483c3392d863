//! A program as pseudo-code: one operation a line, scripts indented below what carries them, slots as `d0`, `d1`…

use super::story::Story;
use super::words::{joined, value};
use deferral_model::deeds::Deed;
use deferral_model::script::{CoroutineReturn, Step};
use deferral_model::{Op, Return, Script};

const INDENT: &str = "    ";

/// The pseudo-code of a program.
#[must_use]
pub fn pseudo(story: &Story<'_>) -> String {
    let mut writer = Writer { story, text: String::new() };
    writer.ops(&story.program.ops, 0);
    writer.text
}

/// An operation without its scripts, on one line.
#[must_use]
pub fn line(story: &Story<'_>, op: &Op) -> String {
    Writer { story, text: String::new() }.head(op)
}

struct Writer<'s, 'p> {
    story: &'s Story<'p>,
    text: String,
}

impl Writer<'_, '_> {
    fn line(&mut self, depth: usize, line: &str) {
        // A text among the values may have line ends of its own.
        let line: String = line.chars().flat_map(shown).collect();
        self.text.push_str(&INDENT.repeat(depth));
        self.text.push_str(&line);
        self.text.push('\n');
    }

    fn ops(&mut self, ops: &[Op], depth: usize) {
        ops.iter().for_each(|op| self.op(op, depth));
    }

    fn op(&mut self, op: &Op, depth: usize) {
        let scripts: Vec<&Script> = op.scripts().collect();
        let colon = match op {
            Op::Coroutine { .. } => true,
            _ => scripts.iter().any(|script| has_body(script)),
        };
        let remark = match self.story.deed(op) {
            Some(Deed::NamesNothing) => "  # names nothing, does nothing",
            Some(Deed::LeftOut) => "  # does nothing here",
            Some(Deed::Done { raised: true, .. }) => "  # raises",
            _ => "",
        };
        let head = self.head(op) + if colon { ":" } else { "" } + remark;
        self.line(depth, &head);
        match (op, scripts.as_slice()) {
            (Op::Coroutine { steps, ret, .. }, _) => self.coroutine(steps, ret.as_ref(), depth + 1),
            (_, [script]) => self.body(script, depth + 1),
            (_, [_, _]) if colon => {
                for script in scripts {
                    let name = self.story.names.script(script.id);
                    self.line(depth + 1, &format!("{name}:"));
                    self.body(script, depth + 2);
                    if !has_body(script) {
                        self.line(depth + 2, "return its argument");
                    }
                }
            }
            _ => {}
        }
    }

    fn head(&self, op: &Op) -> String {
        let names = |script: &Script| self.story.names.script(script.id);
        let slots = |of: &[usize]| format!("[{}]", joined(of, |slot| format!("d{slot}")));
        let flags = |flags: &[(&str, bool)]| -> String {
            flags.iter().filter(|(_, set)| *set).map(|(flag, _)| format!(", {flag}")).collect()
        };
        let does = match op {
            Op::New { canceller } => format!("new({})", canceller.as_deref().map(names).unwrap_or_default()),
            Op::Succeed { value: v } => format!("succeed({})", value(v)),
            Op::Fail { error } => format!("fail({error:?})"),
            Op::Maybe { call } => format!("maybe({})", names(call)),
            Op::AddCallback { d, cb } => format!("d{d}.add_callback({})", names(cb)),
            Op::AddErrback { d, eb } => format!("d{d}.add_errback({})", names(eb)),
            Op::AddBoth { d, cb } => format!("d{d}.add_both({})", names(cb)),
            Op::AddCallbacks { d, cb, eb } => format!("d{d}.add_callbacks({}, {})", names(cb), names(eb)),
            Op::Callback { d, value: v } => format!("d{d}.callback({})", value(v)),
            Op::Errback { d, error } => format!("d{d}.errback({error:?})"),
            Op::Cancel { d } => format!("d{d}.cancel()"),
            Op::Pause { d } => format!("d{d}.pause()"),
            Op::Unpause { d } => format!("d{d}.unpause()"),
            Op::Chain { d, to } => format!("d{d}.chain(d{to})"),
            Op::List { ds, fire_on_one_callback, fire_on_one_errback, consume_errors } => {
                let flags = flags(&[
                    ("fire_on_one_callback", *fire_on_one_callback),
                    ("fire_on_one_errback", *fire_on_one_errback),
                    ("consume_errors", *consume_errors),
                ]);
                format!("list({}{flags})", slots(ds))
            }
            Op::Gather { ds, consume_errors } => {
                format!("gather({}{})", slots(ds), flags(&[("consume_errors", *consume_errors)]))
            }
            Op::Race { ds } => format!("race({})", slots(ds)),
            Op::Timeout { d, after } => format!("d{d}.timeout({after})"),
            Op::Advance { by } => format!("advance({by})"),
            Op::Coroutine { id, .. } => self.story.names.script(*id),
            Op::Lock {} => "lock()".to_owned(),
            Op::Semaphore { tokens } => format!("semaphore({tokens})"),
            Op::Queue { size, backlog } => {
                let limit = |name, limit: Option<u64>| limit.map(|limit| format!("{name} {limit}"));
                let limits: Vec<_> =
                    [limit("size", *size), limit("backlog", *backlog)].into_iter().flatten().collect();
                format!("queue({})", limits.join(", "))
            }
            Op::Acquire { r } => format!("r{r}.acquire()"),
            Op::Release { r } => format!("r{r}.release()"),
            Op::Put { r, value: v } => format!("r{r}.put({})", value(v)),
            Op::Get { r } => format!("r{r}.get()"),
            Op::Probe { d } => format!("probe(d{d})"),
            Op::Drop { d } => format!("drop(d{d})"),
        };
        let kind =
            if matches!(op, Op::Lock {} | Op::Semaphore { .. } | Op::Queue { .. }) { 'r' } else { 'd' };
        match self.story.bound(op) {
            Some(number) => format!("{kind}{number} = {does}"),
            None => does,
        }
    }

    fn body(&mut self, script: &Script, depth: usize) {
        self.ops(&script.ops, depth);
        let returns = match &script.ret {
            Return::Arg => return,
            Return::Value(v) => format!("return {}", value(v)),
            Return::Raise(error) => format!("raise {error:?}"),
            Return::Failure(error) => format!("return failure {error:?}"),
            Return::Panic(text) => format!("panic \"{text}\""),
            Return::Wait(slot) => match self.story.waits_for(script) {
                Some(_) => format!("return d{slot}"),
                None => format!("return null  # as d{slot} can't be waited for here"),
            },
            Return::Trap { trap, or_else } => {
                format!("trap {}, then return {}", joined(trap, |name| format!("{name:?}")), value(or_else))
            }
        };
        self.line(depth, &returns);
    }

    fn coroutine(&mut self, steps: &[Step], ret: Option<&CoroutineReturn>, depth: usize) {
        for step in steps {
            self.ops(&step.ops, depth);
            match step.awaits {
                None => {}
                Some(slot) if self.story.awaits(step).is_none() => {
                    self.line(depth, &format!("await d{slot}  # passes it over"));
                }
                Some(slot) if step.catch => self.line(depth, &format!("await d{slot}, catch")),
                Some(slot) => self.line(depth, &format!("await d{slot}")),
            }
        }
        match ret {
            None => self.line(depth, "return null"),
            Some(CoroutineReturn::Value(v)) => self.line(depth, &format!("return {}", value(v))),
            Some(CoroutineReturn::Raise(error)) => self.line(depth, &format!("raise {error:?}")),
        }
    }
}

/// Whether there is something to say about what a script does.
fn has_body(script: &Script) -> bool {
    !script.ops.is_empty() || script.ret != Return::Arg
}

/// A character as it is shown on a line.
pub(super) fn shown(letter: char) -> impl Iterator<Item = char> {
    let control = letter.is_control().then(|| letter.escape_default());
    let plain = if control.is_none() { Some(letter) } else { None };
    control.into_iter().flatten().chain(plain)
}
