"""
What Twisted says apart from its results: reports, warnings, and errors that nobody asked for.

Three names of Twisted are replaced by recorders, which change no behaviour while a program is
defined:
`defer.log` (unhandled failures, and errors of cancellers that a cancelled DeferredList catches),
`defer.warnAboutFunction` (a callback that returned the Deferred it was attached to) and
`Failure.__init__`, since Twisted makes a Failure of whatever a callback raises, be it a
RecursionError in the middle of its own machinery: that is the only place where one sees it, when
the program goes on to handle it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from twisted.internet import defer
from twisted.python.failure import Failure

from errors import Undefined
from render import FAILURE_GROUP, FAILURE_NAMES, failure_text

if TYPE_CHECKING:
    from world import World

EXPECTED_ERRORS = frozenset(FAILURE_NAMES) | {
    defer.FirstError,
    FAILURE_GROUP,
    # Part of each cancellation of a coroutine; only where it shows is the program undefined.
    defer._InternalInlineCallbacksCancelledError,
}


class Observer:
    """Stands in for `defer.log` and writes down what concerns the program that runs now."""

    world: World
    patched = False  # Twisted isn't what it was, see faults/

    def critical(self, message: str, **details: Any) -> None:
        """Twisted announces the report of an unhandled failure, which follows."""

    def failure(
        self, message: str, failure: Failure | None = None, **details: Any
    ) -> None:
        if failure is not None:
            self.world.unhandled.append(failure_text(failure.value))
            return
        error = sys.exc_info()[1]
        assert error is not None
        if type(error) in EXPECTED_ERRORS:
            self.world.events.append('{"logged":%s}' % failure_text(error))
            return
        self.notice(error)
        # The trace is lost, so this may interfere, and ends what else would take for ever: lists
        # that are members of each other cancel each other up to the depth limit, again and again.
        raise error

    def self_return(self, offender: object, message: str) -> None:
        """The offender is the same method for all scripts, so the world tells which one it was."""
        self.world.events.append('{"self_return":%d}' % self.world.returned)

    def notice(self, error: BaseException) -> None:
        """Judges an error that no program asks for: it is undefined, or this adapter is wrong."""
        world = self.world
        if isinstance(error, Undefined):
            world.undefined = world.undefined or str(error)
        elif isinstance(error, RecursionError):
            world.undefined = world.undefined or "a RecursionError"
        elif self.patched or (
            isinstance(error, (AssertionError, TypeError)) and _came_from_defer(error)
        ):
            name = type(error).__name__
            world.undefined = world.undefined or f"{name} inside twisted.internet.defer"
        else:
            world.bug = world.bug or error


def _came_from_defer(error: BaseException) -> bool:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback is not None and traceback.tb_frame.f_globals is vars(defer)


def install() -> Observer:
    """Puts the recorders in place. Once a process."""
    observer = Observer()
    make_failure = Failure.__init__

    def watched_init(
        self: Failure,
        exc_value: Any = None,
        exc_type: Any = None,
        exc_tb: Any = None,
        captureVars: bool = False,
    ) -> None:
        make_failure(self, exc_value, exc_type, exc_tb, captureVars)
        if self.type not in EXPECTED_ERRORS:
            observer.notice(self.value)

    Failure.__init__ = watched_init
    defer.log = observer
    defer.warnAboutFunction = observer.self_return
    # Reports come from a destructor, where Python would only print what goes wrong.
    sys.unraisablehook = lambda lost: observer.notice(lost.exc_value)
    return observer
