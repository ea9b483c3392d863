//! Events as boxes: what was called, what it was given and what it gives.

use super::cells::{Teller, flow, flow_of};
use super::operations::Carried;
use super::picture::{Box, Cell, Flow};
use super::words;
use deferral_model::trace::ScriptId;
use deferral_model::{Event, Failure, Op, Outcome, Return, Script, State, Value};

impl Teller<'_> {
    pub(super) fn event(&mut self, event: &Event, within: Option<usize>, cell: &mut Cell) {
        match event {
            Event::Run { run, arg } => self.run(*run, arg.as_ref(), cell),
            Event::Canceller { canceller } => self.canceller(*canceller, within, cell),
            Event::Resume { resume, arg } => self.resume(*resume, arg, cell),
            Event::Error { error } => {
                let by = within.map(|number| self.operations.all[number]);
                let lane = by.and_then(Op::slot);
                cell.said = format!("{error:?} is raised to the caller");
                cell.boxes.push(Box::new(lane, "refused", &format!("{error:?}"), &cell.said));
            }
            Event::Logged { logged } => {
                let text = words::failure(logged);
                cell.said = format!("{text} of a member's canceller is logged");
                cell.boxes.push(Box::new(None, "note", &format!("logged: {text}"), &cell.said));
            }
            Event::SelfReturn { self_return } => {
                let lane = self.carried(*self_return).and_then(|(_, lane)| lane);
                let id = words::number(*self_return);
                cell.said = format!("a warning: {id} has returned the Deferred that it was added to");
                cell.boxes.push(Box::new(lane, "note", "returned itself", &cell.said));
            }
            Event::Probe { probe, state } => {
                cell.said = format!("a probe finds that d{probe} is {}", words::state(state));
                let drawn = Box::new(Some(*probe), "probe", "probe", &cell.said);
                cell.boxes.push(Box { gives: flow_of(state), ..drawn });
            }
        }
    }

    fn run(&mut self, id: ScriptId, arg: Option<&Outcome>, cell: &mut Cell) {
        let Some((Carried { role, script: Some(script), .. }, lane)) = self.carried(id) else {
            return self.unknown(id, cell);
        };
        let given = arg.map_or_else(String::new, |arg| format!(" is given {}", words::outcome(arg)));
        let of = lane.map_or_else(String::new, |lane| format!(" of d{lane}"));
        let name = words::number(id);
        let first = self.begun.insert(id) && !script.ops.is_empty();
        let works = if first { "works, " } else { "" };
        let and = if first || arg.is_some() { " and" } else { "" };
        cell.said = format!("{role} {name}{of}{given}{and} {works}{}", words::returns(script, arg));
        if first {
            cell.said = cell.said.replace("and works, ", "works and then ");
        }
        if let (Some(lane), Some(arg)) = (lane, arg) {
            self.handed_over(lane, arg, cell);
        }
        let returned = self.returned(script, arg, lane);
        cell.boxes.push(Box {
            given: arg.map(flow),
            gives: Some(match &returned {
                State::Waiting(Some(slot)) => Flow { side: "wait", text: format!("d{slot}") },
                State::Failure(failure) => Flow { side: "failure", text: words::failure(failure) },
                other => Flow { side: "value", text: words::state(other) },
            }),
            ..Box::new(lane, "run", &name, &cell.said)
        });
        let Some(lane) = lane.filter(|_| arg.is_some()) else { return };
        if let State::Waiting(Some(slot)) = returned {
            match self.states.get(&slot).cloned() {
                Some(ready @ (State::Value(_) | State::Failure(_))) if slot != lane => {
                    let about = format!("d{lane} takes {} from d{slot}", words::state(&ready));
                    cell.arrow(slot, lane, "result", about);
                    return self.stand(lane, ready, cell);
                }
                _ => cell.arrow(lane, slot, "wait", format!("d{lane} waits for d{slot}")),
            }
        }
        self.stand(lane, if first { State::Running } else { returned }, cell);
    }

    /// What a script gives, as the state that it leaves its Deferred in.
    fn returned(&self, script: &Script, arg: Option<&Outcome>, own: Option<usize>) -> State {
        match (&script.ret, arg) {
            (Return::Arg, arg) => arg.cloned().map_or(State::Value(Value::Null), State::from),
            (Return::Value(value), _) => State::Value(value.clone()),
            (Return::Raise(error) | Return::Failure(error), _) => State::Failure((*error).into()),
            (Return::Panic(_), _) => State::Failure(Failure::Panic),
            (Return::Wait(slot), _) => match self.states.get(slot) {
                None | Some(State::Dropped) => State::Value(Value::Null),
                Some(State::Running) if own != Some(*slot) => State::Value(Value::Null),
                Some(_) => State::Waiting(Some(*slot)),
            },
            (Return::Trap { trap, or_else }, Some(Outcome::Failure(failure)))
                if trap.iter().any(|name| failure.is(*name)) =>
            {
                State::Value(or_else.clone())
            }
            (Return::Trap { .. }, arg) => arg.cloned().map_or(State::Value(Value::Null), State::from),
        }
    }

    fn canceller(&mut self, id: ScriptId, within: Option<usize>, cell: &mut Cell) {
        let Some((Carried { script: Some(script), .. }, lane)) = self.carried(id) else {
            return self.unknown(id, cell);
        };
        let of = lane.map_or_else(String::new, |lane| format!(" of d{lane}"));
        cell.said = format!("the canceller {}{of} is called", words::number(id));
        if let Return::Panic(_) = script.ret {
            cell.said += " and panics";
        }
        let text = format!("canceller {}", words::number(id));
        cell.boxes.push(Box::new(lane, "canceller", &text, &cell.said));
        let by = within.map(|number| self.operations.all[number]);
        if let (Some(Op::Cancel { d }), Some(lane)) = (by, lane) {
            cell.arrow(*d, lane, "cancel", format!("the cancelling of d{d} reaches d{lane}"));
        }
    }

    fn resume(&mut self, id: ScriptId, arg: &Outcome, cell: &mut Cell) {
        let Some((Carried { by, .. }, lane)) = self.carried(id) else {
            return self.unknown(id, cell);
        };
        let times = self.resumed.entry(id).or_default();
        let awaited = match self.operations.all[by] {
            Op::Coroutine { steps, .. } => steps.iter().filter_map(|step| step.awaits).nth(*times),
            _ => None,
        };
        *times += 1;
        cell.said = format!("an await of coroutine {} gives {}", words::number(id), words::outcome(arg));
        let text = format!("await {}", words::number(id));
        cell.boxes.push(Box { given: Some(flow(arg)), ..Box::new(lane, "resume", &text, &cell.said) });
        if let (Some(awaited), Some(lane)) = (awaited, lane) {
            cell.arrow(
                awaited,
                lane,
                "result",
                format!("coroutine {} awaited d{awaited}", words::number(id)),
            );
        }
    }

    /// An event of a script that the program doesn't have.
    fn unknown(&self, id: ScriptId, cell: &mut Cell) {
        cell.said = format!("{} is called, which the program doesn't have", words::number(id));
        cell.boxes.push(Box::new(None, "refused", &words::number(id), &cell.said));
    }
}
