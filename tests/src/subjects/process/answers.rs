//! Reads the answers of a process, strictly: a trace, `{"undefined":…}` or `{"lacks":[…]}`.

use crate::operation_set::OperationSet;
use crate::subject::{Lacks, Reply};
use deferral_model::Answer;
use serde_json::Value as Json;

/// Reads answers, and remembers what they said of operations.
#[derive(Default)]
pub(super) struct Reader {
    /// Those that it said it lacks.
    lacks: OperationSet,
    /// Those of the programs that it gave a trace to.
    has: OperationSet,
}

impl Reader {
    /// The answer to a program that uses these operations, or what is wrong with it.
    pub(super) fn read(&mut self, line: &str, uses: OperationSet) -> Result<Reply, String> {
        let reply = if line.trim_start_matches([' ', '{']).starts_with(r#""lacks""#) {
            let lacks = lacks(line, uses)?;
            self.lacks.add(lacks);
            Reply::Lacks(lacks)
        } else {
            let answer = answer(line)?;
            if matches!(answer, Answer::Trace(_)) {
                self.has.add(uses);
            }
            Reply::Answer(answer)
        };
        // What it lacks it lacks always: else it could leave out whatever is hard.
        let both = self.lacks.and(self.has);
        if both.is_empty() {
            return Ok(reply);
        }
        Err(format!("it lacks {both} for one program, and has that for another"))
    }
}

/// The answer that stands in a line, to a program that uses these operations.
pub(crate) fn read_reply(line: &str, uses: OperationSet) -> Result<Reply, String> {
    Reader::default().read(line, uses)
}

fn lacks(line: &str, uses: OperationSet) -> Result<OperationSet, String> {
    let Lacks { lacks } = serde_json::from_str(line).map_err(|cause| cause.to_string())?;
    let unused = lacks.without(uses);
    match (lacks.is_empty(), unused.is_empty()) {
        (true, _) => Err("it lacks nothing".to_owned()),
        (_, false) => Err(format!("the program doesn't use {unused}")),
        _ => Ok(lacks),
    }
}

fn answer(line: &str) -> Result<Answer, String> {
    let json = || serde_json::from_str::<Json>(line);
    let answer: Answer = serde_json::from_str(line).map_err(|_| match json() {
        Ok(_) => r#"it is neither a trace nor {"undefined":…} nor {"lacks":[…]}"#.to_owned(),
        Err(cause) => format!("it isn't JSON: {cause}"),
    })?;
    // serde reads arrays as objects, too, and here and there fields that don't belong.
    let as_text = serde_json::to_string(&answer).is_ok_and(|text| text == line);
    let same = || json().is_ok_and(|json| serde_json::to_value(&answer).is_ok_and(|it| it == json));
    if as_text || same() {
        Ok(answer)
    } else {
        Err("it has a field too many, or an array for an object".to_owned())
    }
}
