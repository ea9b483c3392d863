"""
skeleton/python/deferred.py, filled in with Twisted: `python3 subject.py twisted.py`.

A worked example. What the suite itself asks Twisted with is tests/src/subjects/twisted/, which has
all operations and comes back from what never ends.
"""

from __future__ import annotations

import gc
from typing import Any, Callable

from twisted.internet import defer
from twisted.internet.defer import AlreadyCalledError, CancelledError, Deferred  # noqa: F401
from twisted.python.failure import Failure

Callback = Callable[[Any], Any]


class Listener:
    """Stands in for Twisted's logger."""

    def __init__(self, unhandled: Callable[[BaseException], None]) -> None:
        self.unhandled = unhandled

    def critical(self, message: str, **details: Any) -> None:
        """Announces a report, which follows."""

    def failure(self, message: str, failure: Failure, **details: Any) -> None:
        self.unhandled(failure.value)


def listen(unhandled: Callable[[BaseException], None], self_return: Callable[[], None]) -> None:
    defer.log = Listener(unhandled)
    defer.warnAboutFunction = lambda offender, message: self_return()


def reclaim() -> None:
    gc.collect()


def new(canceller: Callable[[Any], None] | None) -> Deferred[Any]:
    return Deferred(canceller)


succeed = defer.succeed
fail = defer.fail
maybe = defer.maybeDeferred


def add_callback(d: Deferred[Any], callback: Callback) -> None:
    d.addCallback(callback)


def add_errback(d: Deferred[Any], errback: Callback) -> None:
    d.addErrback(errback)


def add_both(d: Deferred[Any], callback: Callback) -> None:
    d.addBoth(callback)


def add_callbacks(d: Deferred[Any], callback: Callback, errback: Callback) -> None:
    d.addCallbacks(callback, errback)


def chain(d: Deferred[Any], to: Deferred[Any]) -> None:
    d.chainDeferred(to)


def callback(d: Deferred[Any], value: Any) -> None:
    d.callback(value)


def errback(d: Deferred[Any], error: BaseException) -> None:
    d.errback(error)


def cancel(d: Deferred[Any]) -> None:
    d.cancel()


def pause(d: Deferred[Any]) -> None:
    d.pause()


def unpause(d: Deferred[Any]) -> None:
    d.unpause()


def error_of(outcome: Any) -> BaseException | None:
    return outcome.value if isinstance(outcome, Failure) else None


failure = Failure


def is_running(d: Deferred[Any]) -> bool:
    return d._runningCallbacks


def is_fired(d: Deferred[Any]) -> bool:
    return bool(d.called)


def outcome(d: Deferred[Any]) -> Any:
    return d.result


def waits_for(d: Deferred[Any]) -> Deferred[Any] | None:
    return d.result if isinstance(d.result, Deferred) else None
