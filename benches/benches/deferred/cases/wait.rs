//! Deferreds of which each waits for the next. The list is one node a Deferred.

use super::LENGTH;
use crate::case::{Case, Routine, part, whole};
use crate::implementations::{Task, Waits, waiting};
use deferral::Deferred;
use deferral_benches::expected;
use deferral_benches::limits::List;
use deferral_benches::naive::Naive;
use futures::future::LocalBoxFuture;
use std::hint::black_box;

type Boxed = LocalBoxFuture<'static, u64>;

pub(super) fn cases() -> Vec<Case> {
    let case = |name| Case::new("wait", name, LENGTH);
    vec![
        case("W3-wait-then-fire")
            .with("engine", wait_then_fire::<Deferred<u64>>(LENGTH))
            .with("list", list(LENGTH))
            .with("naive", wait_then_fire::<Naive<u64>>(LENGTH))
            .with("futures", wait_then_fire::<Boxed>(LENGTH))
            .with("tokio", wait_then_fire::<Task<u64>>(LENGTH)),
        // Firing frees what waited: the limit is a walk that frees.
        case("W3-fire-only")
            .with("engine", fire_only::<Deferred<u64>>())
            .with("list", walk_and_free())
            .with("list-walk", walk())
            .with("naive", fire_only::<Naive<u64>>())
            .with("futures", fire_only::<Boxed>()),
        case("W6-wait-then-cancel")
            .with("engine", wait_then_cancel::<Deferred<u64>>())
            .with("list", list(LENGTH))
            .with("naive", wait_then_cancel::<Naive<u64>>())
            .with("futures", wait_then_cancel::<Boxed>())
            .with("tokio", wait_then_cancel::<Task<u64>>()),
        case("W6-cancel-only")
            .with("engine", cancel_only::<Deferred<u64>>())
            .with("list", walk_and_free())
            .with("naive", cancel_only::<Naive<u64>>())
            .with("futures", cancel_only::<Boxed>()),
    ]
}

/// W3: makes Deferreds of which each waits for the next, and fires the innermost.
pub(super) fn wait_then_fire<W: Waits>(length: u64) -> Routine {
    whole(move || {
        let (source, outermost) = waiting::<W>(length);
        assert_eq!(W::fire(source, outermost, black_box(7)).0, 7);
    })
}

/// W3 and W6, for `list`: builds a list, then walks along it and frees it on the way.
pub(super) fn list(length: u64) -> Routine {
    let wanted = expected(7, length);
    whole(move || {
        let list = black_box(List::build(length));
        assert_eq!(list.walk_and_free(black_box(7)), wanted);
    })
}

fn fire_only<W: Waits>() -> Routine {
    part(
        || waiting::<W>(LENGTH),
        |(source, outermost)| W::fire(source, outermost, black_box(7)),
        |(value, _)| assert_eq!(value, 7),
    )
}

fn walk_and_free() -> Routine {
    let wanted = expected(7, LENGTH);
    part(|| List::build(LENGTH), |list| list.walk_and_free(7), move |value| assert_eq!(value, wanted))
}

fn walk() -> Routine {
    let wanted = expected(7, LENGTH);
    let walk = |list: List| (list.walk(7), list);
    part(|| List::build(LENGTH), walk, move |(value, _)| assert_eq!(value, wanted))
}

/// W6: as W3, cancelled at the outermost.
fn wait_then_cancel<W: Waits>() -> Routine {
    whole(|| {
        let (source, outermost) = waiting::<W>(LENGTH);
        W::cancel(source, outermost);
    })
}

/// W6 from where all wait: what is measured cancels and drops.
fn cancel_only<W: Waits>() -> Routine {
    part(|| waiting::<W>(LENGTH), |(source, outermost)| W::cancel(source, outermost), |()| {})
}
