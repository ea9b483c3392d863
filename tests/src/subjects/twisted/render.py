"""
How what Twisted holds is written in a trace.

Each function gives JSON text rather than objects to be dumped later: a result may change hands
right after it was seen, and putting the text together at once is also the cheapest. Fields stand
in the order in which the format's description shows them.
"""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import Any, Callable

from twisted.internet import defer
from twisted.python.failure import Failure

from errors import E0, E1, E2, Panic, Undefined

# Older releases have no race, nor what it fails with: nothing is an instance of that.
FAILURE_GROUP = getattr(defer, "FailureGroup", ())

# By exact type, as Twisted does: `isinstance` is slow for these abstract classes.
DEFERRED_TYPES = (defer.Deferred, defer.DeferredList)

FAILURE_NAMES: dict[type[BaseException], str] = {
    E0: '"E0"',
    E1: '"E1"',
    E2: '"E2"',
    Panic: '"Panic"',
    defer.AlreadyCalledError: '"AlreadyCalledError"',
    defer.CancelledError: '"CancelledError"',
    defer.TimeoutError: '"TimeoutError"',
}


def failure_text(error: BaseException) -> str:
    """F: the name of the error in a Failure (its `value`), with what it wraps."""
    name = FAILURE_NAMES.get(type(error))
    if name is not None:
        return name
    if isinstance(error, defer.FirstError):
        return '{"FirstError":{"index":%d,"sub":%s}}' % (
            error.index,
            failure_text(error.subFailure.value),
        )
    if isinstance(error, FAILURE_GROUP):
        failures = ",".join([failure_text(failure.value) for failure in error.failures])
        return '{"FailureGroup":[%s]}' % failures
    if isinstance(error, defer._InternalInlineCallbacksCancelledError):
        raise Undefined("_InternalInlineCallbacksCancelledError shows in the trace")
    # Not a program's error: leave it to the watch over unexpected errors.
    raise error


def _sequence_text(values: list[Any] | tuple[Any, ...]) -> str:
    return "[%s]" % ",".join([value_text(value) for value in values])


def _resource_text(resource: Any) -> str:
    return '{"r":%d}' % resource.number


VALUE_TEXTS: dict[type, Callable[[Any], str]] = {
    type(None): lambda value: "null",
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    str: encode_basestring,
    list: _sequence_text,
    tuple: _sequence_text,
    # A failed member in a DeferredList's result.
    Failure: lambda value: '{"f":%s}' % failure_text(value.value),
    defer.DeferredLock: _resource_text,
    defer.DeferredSemaphore: _resource_text,
}


def value_text(value: Any) -> str:
    """V: a program's own value, or one that Twisted made of such values."""
    return VALUE_TEXTS[type(value)](value)


def outcome_text(result: Any) -> str:
    """O: what a callback is given, and what a Deferred that waits for nothing holds."""
    if isinstance(result, Failure):
        return '{"f":%s}' % failure_text(result.value)
    return '{"v":%s}' % VALUE_TEXTS[type(result)](result)


def is_waiting(d: defer.Deferred[Any]) -> bool:
    """Whether a callback of this Deferred has returned another one, which gives no result yet."""
    return d.called and type(d.result) in DEFERRED_TYPES


def state_text(d: defer.Deferred[Any]) -> str:
    """X: how a Deferred stands."""
    if d._runningCallbacks:
        return '"running"'
    if not d.called:
        return '"unfired"'
    result = d.result
    if type(result) in DEFERRED_TYPES:
        # One that Twisted made for itself was never in a slot and has no notes.
        notes = getattr(result, "notes", None)
        lowest = notes.slots[0] if notes is not None and notes.slots else "null"
        return '{"waiting":%s}' % lowest
    return outcome_text(result)
