"""
One program's run: its slots, its resources, its clock, its scripts and what it has traced so far.

The operations themselves are in operations.py. Nothing here knows what Twisted does with a
callback; a script only says that it was called, and returns what it was told to return.

A Deferred must be reclaimed exactly when the program can't reach it any more, since that is when
Twisted reports an unhandled failure. So nothing that is handed to Twisted refers to a Deferred:
scripts find theirs through the slots.
"""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from errors import ERRORS, Panic
from observe import Observer
from operations import OPERATIONS
from program import Op, Script, undefined_text
from render import outcome_text, state_text

# What an operation may raise to its caller, as the event that it leaves.
RAISED_EVENTS: dict[type[Exception], str] = {
    defer.AlreadyCalledError: '{"error":"AlreadyCalledError"}',
    defer.QueueOverflow: '{"error":"QueueOverflow"}',
    defer.QueueUnderflow: '{"error":"QueueUnderflow"}',
    Panic: '{"error":"Panic"}',
}
RAISED = tuple(RAISED_EVENTS)

# What `trap` may name.
TRAPPED: dict[str, type[Exception]] = {
    **ERRORS,
    "CancelledError": defer.CancelledError,
}


class Notes:
    """
    What has to be remembered of one Deferred, whatever slots name it.

    It is an attribute of the Deferred (`d.notes`): a table by `id(d)` would mix it up with a later
    one at the same address. It doesn't refer back, so a script may hold it to know its own.
    """

    __slots__ = ("balance", "by_operation", "cancelling", "gathered", "slots")

    def __init__(self, slot: int) -> None:
        self.slots = [slot]  # ascending, without those that were dropped
        self.balance = 0  # the program's pauses less its unpauses
        self.cancelling = 0  # how many times its canceller is on the call stack
        self.by_operation = False  # a `cancel` operation is on its way to its canceller
        self.gathered = False  # gatherResults made it


class World:
    """Runs one program."""

    def __init__(self, observer: Observer) -> None:
        self.events: list[str] = []
        self.unhandled: list[str] = []
        self.slots: dict[int, Deferred[Any]] = {}  # without those that were dropped
        self.bound = 0  # how many slots were ever bound
        self.fireable: set[int] = set()  # the slots that `new` bound
        self.resources: list[Any] = []
        self.clock: Clock | None = None
        self.returned = 0  # the script that was the last to return a Deferred
        self.undefined: str | None = None
        self.bug: BaseException | None = None
        self.observer = observer
        observer.world = self

    def run(self, program: dict[str, Any]) -> str:
        """The program's trace, as a line without its end."""
        state: list[str] = []
        try:
            self.perform(program["ops"])
            state = self.state()
        except BaseException as error:
            self.observer.notice(error)

        # Let go of everything, and have what refers to itself in circles reclaimed as well.
        program.clear()
        self.slots.clear()
        self.resources.clear()
        self.clock = None
        gc.collect()

        if self.undefined is not None:
            return undefined_text(self.undefined)
        if self.bug is not None:
            raise self.bug
        return '{"events":[%s],"state":[%s],"unhandled":[%s]}' % (
            ",".join(self.events),
            ",".join(state),
            ",".join(sorted(self.unhandled)),
        )

    def perform(self, ops: list[Op]) -> None:
        for op in ops:
            try:
                OPERATIONS[op["op"]](self, op)
            except RAISED as error:
                self.events.append(RAISED_EVENTS[type(error)])

    def bind(self, d: Deferred[Any]) -> None:
        """Gives a Deferred the next slot."""
        slot = self.bound
        self.bound = slot + 1
        self.slots[slot] = d
        if hasattr(d, "notes"):
            # A script of `maybe` returned it.
            d.notes.slots.append(slot)
        else:
            d.notes = Notes(slot)

    def state(self) -> list[str]:
        slots = self.slots
        return [
            state_text(slots[slot]) if slot in slots else '"dropped"'
            for slot in range(self.bound)
        ]

    # What Twisted calls. A program that was given up only has to end, so its scripts do nothing.

    def callback(self, arg: Any, script: Script, own: Notes) -> Any:
        """A callback or errback. `own` are the notes of the Deferred that it is attached to."""
        if self.undefined is not None:
            return None
        self.events.append('{"run":%d,"arg":%s}' % (script["id"], outcome_text(arg)))
        self.perform_once(script)
        returns = script.get("ret")
        if returns is None or returns == "arg":
            return arg
        if "wait" in returns:
            awaited = self.slots.get(returns["wait"])
            if awaited is None:
                return None
            if awaited._runningCallbacks and awaited.notes is not own:
                # Twisted would take the value that the other one's callback was given.
                return None
            self.returned = script["id"]
            return awaited
        return returned_value(returns, arg)

    def call(self, script: Script) -> Any:
        """What `maybeDeferred` calls."""
        if self.undefined is not None:
            return None
        self.events.append('{"run":%d}' % script["id"])
        self.perform_once(script)
        returns = script.get("ret")
        if returns is None or returns == "arg":
            return None
        if "wait" in returns:
            return self.slots.get(returns["wait"])
        return returned_value(returns, None)

    def canceller(self, script: Script, d: Deferred[Any]) -> None:
        """The canceller of a Deferred that `new` made."""
        if self.undefined is not None:
            return
        self.events.append('{"canceller":%d}' % script["id"])
        self.perform_once(script)
        returns = script.get("ret")
        if returns is not None and "panic" in returns:
            raise Panic(returns["panic"])

    def perform_once(self, script: Script) -> None:
        """A canceller can be called again; the script's operations are taken out the first time."""
        ops = script.pop("ops", None)
        if ops is not None:
            self.perform(ops)


def returned_value(returns: dict[str, Any], arg: Any) -> Any:
    """Returns or raises what a script was told to, except for a Deferred."""
    if "value" in returns:
        return returns["value"]
    if "raise" in returns:
        raise ERRORS[returns["raise"]]()
    if "failure" in returns:
        return Failure(ERRORS[returns["failure"]]())
    if "panic" in returns:
        raise Panic(returns["panic"])
    if not isinstance(arg, Failure):
        return arg
    arg.trap(*[TRAPPED[name] for name in returns["trap"]])
    return returns.get("else")
