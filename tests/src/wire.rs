//! The wire protocol's readers on any bytes: a line to a subject, and a line from one. Neither panics, and what they
//! read they read again from what is written of it.

use crate::operation_set::OperationSet;
use crate::subject::{Lacks, Reply};
use crate::subjects::read_reply;
use deferral_model::Program;
use deferral_model::program::OPERATIONS;

/// Reads a line both ways. Bytes that are no text are replaced, as they are in what a subject says.
///
/// # Panics
/// When what was read isn't what is read from the line that is written of it.
pub fn read_and_write(bytes: &[u8]) {
    let line = String::from_utf8_lossy(bytes);
    if let Ok(program) = Program::from_json(&line) {
        let written = program.to_json();
        assert!(!written.contains('\n'), "a program is one line: {written}");
        match Program::from_json(&written) {
            Ok(again) => assert_eq!(again, program, "{written}"),
            Err(cause) => panic!("{cause}: {written}"),
        }
    }
    let read = |line: &str| read_reply(line, all());
    if let Ok(reply) = read(&line) {
        let written = written(&reply);
        assert!(!written.contains('\n'), "an answer is one line: {written}");
        assert_eq!(read(&written), Ok(reply), "{written}");
    }
}

/// The line of a reply that was read.
fn written(reply: &Reply) -> String {
    let json = match reply {
        Reply::Answer(answer) => serde_json::to_string(answer),
        Reply::Lacks(lacks) => serde_json::to_string(&Lacks { lacks: *lacks }),
        Reply::Failed(_) => unreachable!("no line says so"),
    };
    json.expect("a reply is plain data")
}

/// Every operation: a subject may lack any that a program uses.
fn all() -> OperationSet {
    let names = OPERATIONS.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    names.try_into().expect("these are the names")
}
