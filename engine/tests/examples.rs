//! Every example prints what is written here, which is what the article prints where that prints something.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

/// The programs.
#[expect(dead_code, reason = "`main` is not called here")]
#[path = "../examples"]
pub mod examples {
    pub mod add_callbacks;
    pub mod authenticate_user;
    pub mod cancel_button;
    pub mod chain_deferred;
    pub mod chaining;
    pub mod default_cancellation;
    pub mod deferred_list;
    pub mod deferred_list_callbacks;
    pub mod delayed_result;
    pub mod gather_results;
    pub mod getter;
    pub mod http_client;
    pub mod trap;
    pub mod unhandled_error;
}

/// What a program printed to standard output and to standard error.
#[derive(Debug, Default, PartialEq, Eq)]
struct Printed {
    out: String,
    err: String,
}

thread_local! {
    /// A test has its thread to itself.
    static PRINTED: RefCell<Printed> = RefCell::default();
}

fn print(line: &str) {
    PRINTED.with_borrow_mut(|printed| printed.out.extend([line, "\n"]));
}

fn print_error(line: &str) {
    PRINTED.with_borrow_mut(|printed| printed.err.extend([line, "\n"]));
}

/// A test for each example, named like it, and the list of their names.
macro_rules! examples {
    ($($name:ident: $run:expr, out $out:expr, err $err:expr;)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                PRINTED.set(Printed::default());
                $run;
                let expected = Printed { out: $out.to_owned(), err: $err.to_owned() };
                assert_eq!(PRINTED.take(), expected);
            }
        )*
    };
}

examples! {
    delayed_result: examples::delayed_result::run(print), out "\
getDummyData called
Starting the reactor
Result received: 9
", err "";

    getter: examples::getter::run(print, print_error), out "\
Result: 12
", err "\
You used an odd number!
";

    trap: examples::trap::run(print), out "\
try: handled: the spam is burnt
trap: handled: the spam is burnt
try: handled: the egg is rotten
trap: handled: the egg is rotten
try: went on: the gas is off
trap: went on: the gas is off
", err "";

    add_callbacks: examples::add_callbacks::run(print), out "\
Case 1, callback1 fails:
  callback1
  errback1: callback1 failed
  callback2
Case 2, callback1 fails:
  callback1
  errback2: callback1 failed
Case 1, getDeferredFromSomewhere fails:
  errback1: no luck
  callback2
Case 2, getDeferredFromSomewhere fails:
  errback1: no luck
  callback2
", err "";

    unhandled_error: examples::unhandled_error::run(print, print_error), out "\
Failed, and held: nobody sees it
Let go of: it was logged
With an errback: it was logged while the Deferred is held
", err "\
Unhandled error in Deferred: disk full
log.err: disk on fire
";

    authenticate_user: examples::authenticate_user::run(print), out "\
Angus, at once:
User is authenticated
Angus, synchronous:
User is authenticated
Angus, asynchronous:
User is authenticated
Mallory, at once:
User is not authenticated
Mallory, synchronous:
User is not authenticated
Mallory, asynchronous:
User is not authenticated
", err "";

    cancel_button: examples::cancel_button::run(print), out "\
slow: connecting
Cancel clicked
slow: stopped connecting
slow: the Deferred was cancelled
quick: connecting
quick: connected
", err "";

    default_cancellation: examples::default_cancellation::run(print), out "\
Done, then cancelled:
Hooray, a result:\"completed\"
operationDone: accepted
operationDone: AlreadyCalledError: the Deferred was already called
Cancelled, then done:
CancelledError: the Deferred was cancelled
operationDone: accepted
operationDone: AlreadyCalledError: the Deferred was already called
", err "";

    http_client: examples::http_client::run(print).unwrap(), out "\
Server: GET / HTTP/1.0
Response: hello
Server: GET /slow HTTP/1.0
No response: the Deferred was cancelled
Server: the client closed the connection
Late result refused: the Deferred was already called
", err "";

    deferred_list: examples::deferred_list::run(print), out "\
Success: one
Failure: bang!
Success: three
", err "";

    deferred_list_callbacks: examples::deferred_list_callbacks::run(print), out "\
[(true, \"one ten\"), (true, \"two\")]
[(true, \"one\"), (true, \"two\")]
", err "";

    gather_results: examples::gather_results::run(print), out "\
[\"one\", \"two\"]
", err "";

    chaining: examples::chaining::run(print), out "\
A's first callback: fired A
A waits for B
A's second callback: fired B, seen by B
", err "";

    chain_deferred: examples::chain_deferred::run(print), out "\
The second got: a value, seen by the first
The first goes on with \"\"
The second failed: an error
The first goes on with \"\"
", err "";
}

#[test]
fn every_example_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    assert_eq!(names.collect::<BTreeSet<_>>(), NAMES.iter().map(ToString::to_string).collect());
}
