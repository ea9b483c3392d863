//! Debug mode, where Twisted's own tests say nothing of it.

use deferral::{Failure, Report, set_debugging, set_report_hook};
use std::cell::RefCell;
use std::rc::Rc;

#[test]
fn a_deferred_that_is_made_failed_knows_where_it_was_fired() {
    let fired = Rc::new(RefCell::new(Vec::new()));
    let note = Rc::clone(&fired);
    set_report_hook(move |report| {
        if let Report::Unhandled { origin, .. } = report {
            let origin = origin.expect("it was made in debug mode");
            note.borrow_mut().push(origin.fired().is_some());
        }
    });
    set_debugging(true);
    drop(deferral::fail::<u32, Failure>(Failure::new("bang")));
    set_debugging(false);
    assert_eq!(*fired.borrow(), [true]);
}
