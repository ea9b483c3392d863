"""
The Deferred under test. FILL IN each function below; subject.py needs no change.

As it stands nothing happens in any function, and `conform` shows what should have. A function that
your Deferred has no counterpart of you delete: programs that use it are then left out, and counted.

A callback gets one argument, whatever your Deferred gives it, and returns what your Deferred is to
be given: a value, the argument as it came, or a Deferred. It may raise. `error_of` tells failures.
"""

from __future__ import annotations

from typing import Any, Callable

Callback = Callable[[Any], Any]


# FILL IN: the exceptions of your Deferred.
class AlreadyCalledError(Exception):
    """Firing one that was fired raises this."""


class CancelledError(Exception):
    """One that was cancelled fails with this."""


def listen(unhandled: Callable[[BaseException], None], self_return: Callable[[], None]) -> None:
    """FILL IN: from now on, call these when your Deferred reports a failure that nobody has
    handled, and when it warns that a callback returned the Deferred it was attached to."""


def reclaim() -> None:
    """FILL IN: after this, whatever is out of reach has been reclaimed and reported."""


# Making Deferreds


def new(canceller: Callable[[Any], None] | None) -> Any:
    """FILL IN: an unfired Deferred. The canceller is given the Deferred when that is cancelled."""


def succeed(value: Any) -> Any:
    """FILL IN: one that has this value."""


def fail(error: BaseException) -> Any:
    """FILL IN: one that has failed with this error."""


def maybe(call: Callable[[], Any]) -> Any:
    """FILL IN: one with what the call returns or raises; if that is a Deferred, that very one."""


# Callbacks


def add_callback(d: Any, callback: Callback) -> None:
    """FILL IN"""


def add_errback(d: Any, errback: Callback) -> None:
    """FILL IN"""


def add_both(d: Any, callback: Callback) -> None:
    """FILL IN"""


def add_callbacks(d: Any, callback: Callback, errback: Callback) -> None:
    """FILL IN"""


def chain(d: Any, to: Any) -> None:
    """FILL IN: `to` is fired with the outcome of `d`."""


# Firing, cancelling, pausing


def callback(d: Any, value: Any) -> None:
    """FILL IN"""


def errback(d: Any, error: BaseException) -> None:
    """FILL IN"""


def cancel(d: Any) -> None:
    """FILL IN"""


def pause(d: Any) -> None:
    """FILL IN"""


def unpause(d: Any) -> None:
    """FILL IN"""


# Looking


def error_of(outcome: Any) -> BaseException | None:
    """FILL IN: the error in a failure as callbacks are given it, None for any other value."""
    return None


def failure(error: BaseException) -> Any:
    """FILL IN: what a callback returns, rather than raises, to fail."""


def is_running(d: Any) -> bool:
    """FILL IN: whether one of its callbacks is on the call stack."""
    return False


def is_fired(d: Any) -> bool:
    """FILL IN: whether it has an outcome, or waits for one that a callback returned."""
    return False


def outcome(d: Any) -> Any:
    """FILL IN: of a fired one, the value or failure that its next callback would be given."""


def waits_for(d: Any) -> Any | None:
    """FILL IN: of a fired one, the Deferred that it waits for; None when it waits for none."""
