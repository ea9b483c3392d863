//! The operations of a program by number, those inside scripts too, and the scripts that they carry.
//!
//! Numbers are those of the order in which `Program::walk` shows the operations, from 0.

use crate::shrink::tree::bodies;
use deferral_model::trace::ScriptId;
use deferral_model::{Op, Program, Script};
use std::collections::HashMap;

pub(super) struct Operations<'p> {
    pub(super) all: Vec<&'p Op>,
    /// The numbers of those at the top.
    pub(super) tops: Vec<usize>,
    scripts: HashMap<ScriptId, Carried<'p>>,
}

/// A script, or a coroutine, and what carries it.
#[derive(Clone, Copy)]
pub(super) struct Carried<'p> {
    /// The number of the operation.
    pub(super) by: usize,
    /// What it is to that operation.
    pub(super) role: &'static str,
    /// `None` for a coroutine.
    pub(super) script: Option<&'p Script>,
}

impl<'p> Operations<'p> {
    pub(super) fn of(program: &'p Program) -> Self {
        let mut operations = Self { all: Vec::new(), tops: Vec::new(), scripts: HashMap::new() };
        for op in &program.ops {
            operations.tops.push(operations.all.len());
            operations.add(op);
        }
        operations
    }

    fn add(&mut self, op: &'p Op) {
        let by = self.all.len();
        self.all.push(op);
        if let Op::Coroutine { id, .. } = op {
            self.scripts.insert(*id, Carried { by, role: "coroutine", script: None });
        }
        for (script, role) in op.scripts().zip(roles(op)) {
            self.scripts.insert(script.id, Carried { by, role, script: Some(script) });
        }
        bodies(op).flatten().for_each(|inner| self.add(inner));
    }

    pub(super) fn script(&self, id: ScriptId) -> Option<Carried<'p>> {
        self.scripts.get(&id).copied()
    }

    /// The place at the top of the operation that this one is, or is inside of.
    pub(super) fn top(&self, number: usize) -> usize {
        self.tops.partition_point(|&top| top <= number) - 1
    }
}

/// What the scripts of an operation are to it, in their order.
fn roles(op: &Op) -> [&'static str; 2] {
    match op {
        Op::New { .. } => ["canceller", ""],
        Op::Maybe { .. } => ["call", ""],
        Op::AddErrback { .. } => ["errback", ""],
        _ => ["callback", "errback"],
    }
}
