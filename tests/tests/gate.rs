//! `deferral_conformance::check`, as another project's test calls it.

use deferral_conformance::check;
use deferral_conformance::subject::InProcess;
use deferral_conformance::subjects::{engine, named};
use deferral_model::{Answer, Fault, run_with_fault};

#[test]
fn the_engine_passes() {
    check(|| InProcess::new("engine", engine::run));
}

#[test]
#[should_panic(expected = "`flat` isn't what a Deferred is")]
fn a_fault_is_told() {
    check(|| InProcess::new("flat", |program| run_with_fault(Fault::F31, program)));
}

#[test]
#[should_panic(expected = "pause")]
fn the_small_program_is_shown() {
    check(|| InProcess::new("flat", |program| run_with_fault(Fault::F31, program)));
}

#[test]
#[should_panic(expected = "isn't what a Deferred is")]
fn who_calls_everything_undefined_does_not_pass() {
    check(|| InProcess::new("mute", |_| Answer::undefined("nothing")));
}

#[test]
#[should_panic(expected = "the subject `exit 3`")]
fn what_cannot_be_asked_is_said() {
    check(|| named("exit 3").unwrap());
}
