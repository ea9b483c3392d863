//! What kind a first difference is: what a program has in common with the smaller ones that are made from it.
//!
//! A smaller program that differs in another way shows another fault, and nothing of the one that was found. So
//! where two subjects differ first is named by its meaning, not by its place: which field, what kinds of events
//! or states; but no script, slot, value or number, which all change while a program is made smaller.

use crate::lockstep::{Divergence, Seen};
use crate::subject::{Observation, ProgramFailure, Reply};
use deferral_model::{Answer, Event, Failure, State, Trace};
use std::cmp::Ordering;

/// The kind of the first difference between two subjects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An event: its name on either side, where there is one, and whether both are of one script or slot.
    Event {
        /// The first subject's.
        left: Option<&'static str>,
        /// The second subject's.
        right: Option<&'static str>,
        /// Whether they differ only in what came.
        same_origin: bool,
    },
    /// A slot: how it stands on either side.
    State(&'static str, &'static str),
    /// The number of slots.
    Slots(Ordering),
    /// The failures reported as unhandled: whether the first subject has fewer or more of them.
    Unhandled(Ordering),
    /// The scripts that are still held.
    Held,
    /// The warnings of circles: whether the first subject gave fewer or more.
    Circles(Ordering),
    /// Where Deferreds were made and fired, which debug mode is to say.
    Origin,
    /// What was left at the end.
    Leak,
    /// One of them called the program undefined.
    Undefined,
    /// Its process ended.
    Crashed,
    /// It didn't answer in time.
    Hung,
    /// It panicked with this message, without the numbers in it.
    Panicked(String),
}

/// How the replies to one program differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Model and engine differed in lockstep, which sees the most.
    InLockstep(Kind),
    /// How each subject differs from the first that gave a trace.
    InReplies(Vec<Option<Kind>>),
}

impl Kind {
    /// Of what the lockstep saw.
    #[must_use]
    pub fn of_lockstep(divergence: &Divergence) -> Self {
        match (&divergence.left, &divergence.right) {
            (Seen::Panicked(message), _) | (_, Seen::Panicked(message)) => {
                Self::Panicked(message.chars().filter(|letter| !letter.is_ascii_digit()).collect())
            }
            (Seen::Observed(left), Seen::Observed(right)) => Self::of_observations(left, right),
            _ => Self::Leak,
        }
    }

    /// Of two looks that differ. What happened comes first, then how everything stands.
    fn of_observations(left: &Observation, right: &Observation) -> Self {
        of_events(&left.events, &right.events)
            .or_else(|| of_unhandled(&left.unhandled, &right.unhandled))
            .or_else(|| of_states(&left.state, &right.state))
            .or_else(|| (left.held != right.held).then_some(Self::Held))
            .or_else(|| unequal(left.circles.cmp(&right.circles)).map(Self::Circles))
            .unwrap_or(Self::Origin)
    }

    /// Of two traces, where they differ.
    #[must_use]
    pub fn of_traces(left: &Trace, right: &Trace) -> Option<Self> {
        of_events(&left.events, &right.events)
            .or_else(|| of_states(&left.state, &right.state))
            .or_else(|| of_unhandled(&left.unhandled, &right.unhandled))
    }
}

impl Difference {
    /// Of replies to one program.
    #[must_use]
    pub fn of_replies(replies: &[Reply]) -> Self {
        let trace = |reply: &Reply| match reply {
            Reply::Answer(Answer::Trace(trace)) => Some(trace.clone()),
            _ => None,
        };
        let first = replies.iter().find_map(trace).unwrap_or_default();
        let from_first = |reply: &Reply| match reply {
            Reply::Failed(ProgramFailure::Crashed(_)) => Some(Kind::Crashed),
            Reply::Failed(ProgramFailure::Hung(_)) => Some(Kind::Hung),
            Reply::Answer(Answer::Undefined { .. }) => Some(Kind::Undefined),
            Reply::Answer(Answer::Trace(trace)) => Kind::of_traces(&first, trace),
            Reply::Lacks(_) => None,
        };
        Self::InReplies(replies.iter().map(from_first).collect())
    }
}

fn unequal(order: Ordering) -> Option<Ordering> {
    (order != Ordering::Equal).then_some(order)
}

fn of_events(left: &[Event], right: &[Event]) -> Option<Kind> {
    let longest = left.len().max(right.len());
    let pairs = (0..longest).map(|at| (left.get(at), right.get(at)));
    let (left, right) = pairs.into_iter().find(|(left, right)| left != right)?;
    Some(Kind::Event {
        left: left.map(name),
        right: right.map(name),
        same_origin: left.map(origin) == right.map(origin),
    })
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::Run { .. } => "run",
        Event::Canceller { .. } => "canceller",
        Event::Resume { .. } => "resume",
        Event::Error { .. } => "error",
        Event::Logged { .. } => "logged",
        Event::SelfReturn { .. } => "self_return",
        Event::Probe { .. } => "probe",
    }
}

/// The script or slot that an event is of.
fn origin(event: &Event) -> Option<i64> {
    match event {
        Event::Run { run: id, .. }
        | Event::Canceller { canceller: id }
        | Event::Resume { resume: id, .. }
        | Event::SelfReturn { self_return: id } => Some(*id),
        Event::Probe { probe, .. } => i64::try_from(*probe).ok(),
        Event::Error { .. } | Event::Logged { .. } => None,
    }
}

fn of_states(left: &[State], right: &[State]) -> Option<Kind> {
    let differ = left.iter().zip(right).find(|(left, right)| left != right);
    let of_slot = differ.map(|(left, right)| Kind::State(stage(left), stage(right)));
    of_slot.or_else(|| unequal(left.len().cmp(&right.len())).map(Kind::Slots))
}

pub(crate) fn stage(state: &State) -> &'static str {
    match state {
        State::Dropped => "dropped",
        State::Unfired => "unfired",
        State::Running => "running",
        State::Waiting(_) => "waiting",
        State::Value(_) => "value",
        State::Failure(_) => "failure",
    }
}

fn of_unhandled(left: &[Failure], right: &[Failure]) -> Option<Kind> {
    (left != right).then(|| Kind::Unhandled(left.len().cmp(&right.len())))
}
