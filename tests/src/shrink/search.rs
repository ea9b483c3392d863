//! The search: which edits are tried in which order. It is driven from outside, one candidate at a time, so that
//! proptest can drive it as well as we.
//!
//! First big pieces: halves of the operations, quarters, and so on. Then single edits, part by part and round and
//! round, until a whole round has passed since the last one that was accepted: then no single edit is left. Where few
//! operations are left, two edits at once.

use super::draft::Draft;
use super::edits::{Candidates, edits, with_one_more, without_piece};
use super::weight::{Weight, weight};
use deferral_model::{Op, Program};
use std::rc::Rc;

/// Two edits at once are tried on programs of so many operations at the most.
const PAIRS: usize = 12;

/// A program while it is made smaller.
pub struct Search {
    /// What doesn't change.
    rest: Program,
    draft: Rc<Draft>,
    weight: Weight,
    stage: Stage,
    candidates: Candidates,
    /// What was proposed last, unless it was accepted.
    proposed: Option<Vec<Op>>,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Without pieces of so many top-level operations: the one from here on.
    Pieces { len: usize, start: usize },
    /// Single edits: of the part that has so many behind it, where so many parts were passed since the last edit that
    /// was accepted.
    Single { behind: usize, passed: usize },
    /// Without the operation of a number, and with another edit.
    Pairs { number: usize },
}

impl Search {
    /// Begins with a program.
    #[must_use]
    pub fn new(mut program: Program) -> Self {
        let ops = std::mem::take(&mut program.ops);
        let weight = weight(&ops);
        let draft = Rc::new(Draft::new(ops));
        let stage = Stage::piece(&draft, draft.ops.len() / 2, 0);
        let candidates = stage.candidates(&draft);
        Self { rest: program, draft, weight, stage, candidates, proposed: None }
    }

    /// The smallest program so far.
    #[must_use]
    pub fn best(&self) -> Program {
        self.program(self.draft.ops.clone())
    }

    /// How many operations that has, those inside scripts too.
    #[must_use]
    pub fn size(&self) -> usize {
        self.draft.size
    }

    /// The next program to be tried, which is simpler than the best so far; `None` when there is none.
    pub fn propose(&mut self) -> Option<Program> {
        self.proposed = None;
        loop {
            match self.candidates.next() {
                Some(candidate) if weight(&candidate) < self.weight => {
                    self.proposed = Some(candidate.clone());
                    return Some(self.program(candidate));
                }
                Some(_) => {}
                None => {
                    self.stage = self.stage.next(&self.draft)?;
                    self.candidates = self.stage.candidates(&self.draft);
                }
            }
        }
    }

    /// Goes on from the program that was proposed last.
    pub fn accept(&mut self) {
        let Some(ops) = self.proposed.take() else {
            return;
        };
        self.weight = weight(&ops);
        self.draft = Rc::new(Draft::new(ops));
        self.stage = self.stage.again(&self.draft);
        self.candidates = self.stage.candidates(&self.draft);
    }

    fn program(&self, ops: Vec<Op>) -> Program {
        Program { ops, ..self.rest.clone() }
    }
}

impl Stage {
    fn candidates(self, draft: &Rc<Draft>) -> Candidates {
        match self {
            Self::Pieces { len, start } => without_piece(draft, start..(start + len).min(draft.ops.len())),
            Self::Single { behind, .. } => edits(draft, draft.parts[draft.parts.len() - 1 - behind]),
            Self::Pairs { number } => with_one_more(draft, number),
        }
    }

    /// What comes when all of this was in vain.
    fn next(self, draft: &Draft) -> Option<Self> {
        match self {
            Self::Pieces { len, start } => Some(Self::piece(draft, len, start + len)),
            Self::Single { behind, passed } if passed + 1 < draft.parts.len() => {
                let behind = behind.checked_sub(1).unwrap_or(draft.parts.len() - 1);
                Some(Self::Single { behind, passed: passed + 1 })
            }
            Self::Single { .. } => {
                let last = draft.size.checked_sub(1).filter(|last| *last < PAIRS);
                last.map(|number| Self::Pairs { number })
            }
            Self::Pairs { number } => number.checked_sub(1).map(|number| Self::Pairs { number }),
        }
    }

    /// What comes when an edit was accepted: the same place once more, for what follows has moved there.
    fn again(self, draft: &Draft) -> Self {
        match self {
            Self::Pieces { len, start } => Self::piece(draft, len, start),
            Self::Single { behind, .. } => Self::single(draft, behind),
            Self::Pairs { .. } => Self::single(draft, usize::MAX),
        }
    }

    /// The piece that begins there, or else the first that is half as long, down to two operations.
    fn piece(draft: &Draft, len: usize, start: usize) -> Self {
        let there = draft.ops.len();
        let (len, start) = if start < there { (len, start) } else { (len.min(there) / 2, 0) };
        if len > 1 { Self::Pieces { len, start } } else { Self::single(draft, usize::MAX) }
    }

    /// The part that has so many behind it, or else the first.
    fn single(draft: &Draft, behind: usize) -> Self {
        Self::Single { behind: behind.min(draft.parts.len() - 1), passed: 0 }
    }
}
