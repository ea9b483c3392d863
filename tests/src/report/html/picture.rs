//! The picture as data, as the page's script draws it: rows of cells, one a subject, over lanes, one a slot.

use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Picture {
    pub(super) subjects: Vec<Subject>,
    /// How many lanes each subject has.
    pub(super) lanes: usize,
    pub(super) rows: Vec<Line>,
    /// The row of the first difference.
    pub(super) first: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Subject {
    pub(super) name: String,
    /// Whether this is who is right.
    pub(super) right: bool,
    /// How it failed, or why the program means nothing to it.
    pub(super) note: Option<String>,
    /// Whether operations and events were put together by the model's way.
    pub(super) inferred: bool,
}

/// One thing that subjects did.
#[derive(Serialize)]
pub(super) struct Line {
    /// What it is.
    pub(super) text: String,
    /// `op`, `event`, `end` or `unhandled`.
    pub(super) kind: &'static str,
    /// The number of the operation at the top that begins.
    pub(super) number: Option<usize>,
    /// The number of the operation at the top that it happens in.
    pub(super) within: Option<usize>,
    pub(super) depth: usize,
    pub(super) differs: bool,
    /// What each subject did; none where it did nothing here.
    pub(super) cells: Vec<Option<Cell>>,
    /// What each subject that did nothing here does next.
    pub(super) otherwise: Vec<Option<String>>,
}

/// What one subject did.
#[derive(Default, Serialize)]
pub(super) struct Cell {
    /// In a sentence.
    pub(super) said: String,
    /// The event of its trace.
    pub(super) event: Option<usize>,
    pub(super) boxes: Vec<Box>,
    pub(super) arrows: Vec<Arrow>,
    /// The lanes that change here, and how they stand from here on.
    pub(super) lanes: Vec<(usize, Stand)>,
}

/// A box in a lane.
#[derive(Serialize)]
pub(super) struct Box {
    /// The lane; none for what is no Deferred's.
    pub(super) lane: Option<usize>,
    pub(super) kind: &'static str,
    /// What stands in it.
    pub(super) text: String,
    /// What it is given.
    pub(super) given: Option<Flow>,
    /// What it gives.
    pub(super) gives: Option<Flow>,
    /// All about it.
    pub(super) about: String,
}

/// A result on its way.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Flow {
    /// `value`, `failure`, or `wait` for a Deferred that is waited for.
    pub(super) side: &'static str,
    pub(super) text: String,
}

/// An arrow from lane to lane.
#[derive(Serialize)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    /// `result`, `wait`, `cancel`, `chain` or `member`.
    pub(super) kind: &'static str,
    pub(super) about: String,
}

/// How a lane stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Stand {
    /// `none`, `unfired`, `running`, `waiting`, `value`, `failure` or `dropped`.
    pub(super) stage: &'static str,
    pub(super) text: String,
}
