"""
A subject of `conform`: `python3 subject.py` reads programs, one a line, and answers with traces.

deferred.py beside this file is the Deferred that runs them; another file with the same functions
may be named as an argument. This file needs no change: it calls the Deferred, and writes down what
happened. model/PROGRAMS.md says what it all means.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from typing import Any, Callable

sys.dont_write_bytecode = True

from program import BEYOND, BadProgram, check, operations  # noqa: E402

Json = dict[str, Any]


class E0(Exception):
    """A program's own errors are three."""


class E1(Exception):
    """See `E0`."""


class E2(Exception):
    """See `E0`."""


class Panic(Exception):
    """An unexpected fault of a script's own."""


ERRORS = {"E0": E0, "E1": E1, "E2": E2}


class Slot:
    """A Deferred that the program names. Slots of the same Deferred share what is known of it."""

    def __init__(self, d: Any, known: Known, may_fire: bool) -> None:
        self.d = d
        self.known = known
        self.may_fire = may_fire


class Known:
    """What the language has to know of a Deferred. It doesn't refer to it: callbacks have it."""

    def __init__(self) -> None:
        self.balance = 0  # the program's pauses less its unpauses
        self.cancelling = 0  # how many times its canceller is on the call stack


class World:
    """One program: its slots, and what has happened."""

    def __init__(self) -> None:
        self.events: list[Json] = []
        self.unhandled: list[Any] = []
        self.slots: list[Slot | None] = []  # None: dropped
        self.begun: set[int] = set()  # the scripts whose operations have run
        self.returned = 0  # the script that was the last to return a Deferred

    def run(self, program: Json) -> Json:
        deferred.listen(self.report, self.self_return)
        self.perform(program["ops"])
        state = [self.state(slot) for slot in self.slots]
        self.slots.clear()
        deferred.reclaim()
        self.unhandled.sort(key=text)
        return {"events": self.events, "state": state, "unhandled": self.unhandled}

    def perform(self, ops: list[Json]) -> None:
        for op in ops:
            try:
                OPERATIONS[op["op"]](self, op)
            except deferred.AlreadyCalledError:
                self.events.append({"error": "AlreadyCalledError"})
            except Panic:
                self.events.append({"error": "Panic"})

    def bind(self, d: Any, known: Known | None = None, may_fire: bool = False) -> None:
        """Gives a Deferred the next slot. The script of a `maybe` may have returned an old one."""
        same = (slot.known for slot in self.slots if slot is not None and slot.d is d)
        self.slots.append(Slot(d, known or next(same, None) or Known(), may_fire))

    def named(self, number: int) -> Slot | None:
        return self.slots[number] if number < len(self.slots) else None

    # What the Deferred calls

    def report(self, error: BaseException) -> None:
        self.unhandled.append(name_of(error))

    def self_return(self) -> None:
        self.events.append({"self_return": self.returned})

    def callback(self, script: Json, own: Known) -> Callable[[Any], Any]:
        def callback(arg: Any) -> Any:
            self.events.append({"run": script["id"], "arg": outcome(arg)})
            return self.invoke(script, arg, own)

        return callback

    def call(self, script: Json) -> Any:
        self.events.append({"run": script["id"]})
        return self.invoke(script, None, None)

    def canceller(self, script: Json, own: Known) -> Callable[[Any], None]:
        def canceller(_: Any) -> None:
            self.events.append({"canceller": script["id"]})
            own.cancelling += 1
            try:
                self.perform_once(script)
            finally:
                own.cancelling -= 1
            returns = script.get("ret")
            if type(returns) is dict and "panic" in returns:
                raise Panic(returns["panic"])

        return canceller

    def invoke(self, script: Json, arg: Any, own: Known | None) -> Any:
        self.perform_once(script)
        returns = script.get("ret") or "arg"
        if returns == "arg":
            return arg
        if "wait" in returns:
            return self.to_wait_for(script, returns["wait"], own)
        if "raise" in returns:
            raise ERRORS[returns["raise"]]()
        if "failure" in returns:
            return deferred.failure(ERRORS[returns["failure"]]())
        if "panic" in returns:
            raise Panic(returns["panic"])
        if "trap" in returns:
            error = deferred.error_of(arg)
            return returns.get("else") if name_of(error) in returns["trap"] else arg
        return returns["value"]

    def perform_once(self, script: Json) -> None:
        if script["id"] not in self.begun:
            self.begun.add(script["id"])
            self.perform(script.get("ops") or [])

    def to_wait_for(self, script: Json, number: int, own: Known | None) -> Any:
        slot = self.named(number)
        if slot is None or (own not in (None, slot.known) and deferred.is_running(slot.d)):
            return None
        self.returned = script["id"]
        return slot.d

    # How it all stands

    def state(self, slot: Slot | None) -> Any:
        if slot is None:
            return "dropped"
        if deferred.is_running(slot.d):
            return "running"
        if not deferred.is_fired(slot.d):
            return "unfired"
        inner = deferred.waits_for(slot.d)
        if inner is None:
            return outcome(deferred.outcome(slot.d))
        names = (at for at, slot in enumerate(self.slots) if slot is not None and slot.d is inner)
        return {"waiting": next(names, None)}

    def waits_in_a_circle(self, d: Any) -> bool:
        seen = []
        while d is not None and deferred.is_fired(d):
            if any(d is one for one in seen):
                return True
            seen.append(d)
            d = deferred.waits_for(d)
        return False


def name_of(error: BaseException | None) -> str | None:
    """What a trace calls an error. One that the language has no name for is a fault."""
    if error is None:
        return None
    if isinstance(error, deferred.AlreadyCalledError):
        return "AlreadyCalledError"
    if isinstance(error, deferred.CancelledError):
        return "CancelledError"
    return type(error).__name__ if type(error) in ERRORS.values() else "Panic"


def outcome(result: Any) -> Json:
    error = deferred.error_of(result)
    return {"v": result} if error is None else {"f": name_of(error)}


# The operations. One that names a slot which is unbound or dropped does nothing.


def new(world: World, op: Json) -> None:
    known, script = Known(), op.get("canceller")
    canceller = None if script is None else world.canceller(script, known)
    world.bind(deferred.new(canceller), known, may_fire=True)


def callback(world: World, op: Json) -> None:
    slot = world.named(op["d"])
    if slot is not None and slot.may_fire:
        deferred.callback(slot.d, op["value"])


def errback(world: World, op: Json) -> None:
    slot = world.named(op["d"])
    if slot is not None and slot.may_fire:
        deferred.errback(slot.d, ERRORS[op["error"]]())


def chain(world: World, op: Json) -> None:
    slot, to = world.named(op["d"]), world.named(op["to"])
    if slot is not None and to is not None and to.may_fire:
        deferred.chain(slot.d, to.d)


def adds(name: str, *scripts: str) -> Callable[[World, Json], None]:
    def add(world: World, op: Json) -> None:
        slot = world.named(op["d"])
        if slot is not None:
            callbacks = [world.callback(op[script], slot.known) for script in scripts]
            getattr(deferred, name)(slot.d, *callbacks)

    return add


def cancel(world: World, op: Json) -> None:
    slot = world.named(op["d"])
    if slot is not None and not slot.known.cancelling and not world.waits_in_a_circle(slot.d):
        deferred.cancel(slot.d)


def pause(world: World, op: Json) -> None:
    slot = world.named(op["d"])
    if slot is not None:
        slot.known.balance += 1
        deferred.pause(slot.d)


def unpause(world: World, op: Json) -> None:
    slot = world.named(op["d"])
    if slot is None:
        return
    busy = deferred.is_running(slot.d) or (
        deferred.is_fired(slot.d) and deferred.waits_for(slot.d) is not None
    )
    if slot.known.balance > 0 or not busy:
        slot.known.balance -= 1
        deferred.unpause(slot.d)


def probe(world: World, op: Json) -> None:
    slot = world.named(op["d"])
    if slot is not None:
        world.events.append({"probe": op["d"], "state": world.state(slot)})


def drop(world: World, op: Json) -> None:
    if world.named(op["d"]) is not None:
        world.slots[op["d"]] = None


# The operations of the core. To go beyond it, add to this table, and to FIELDS of program.py.
OPERATIONS: dict[str, Callable[[World, Json], None]] = {
    "new": new,
    "succeed": lambda world, op: world.bind(deferred.succeed(op["value"])),
    "fail": lambda world, op: world.bind(deferred.fail(ERRORS[op["error"]]())),
    "maybe": lambda world, op: world.bind(deferred.maybe(lambda: world.call(op["call"]))),
    "add_callback": adds("add_callback", "cb"),
    "add_errback": adds("add_errback", "eb"),
    "add_both": adds("add_both", "cb"),
    "add_callbacks": adds("add_callbacks", "cb", "eb"),
    "callback": callback,
    "errback": errback,
    "cancel": cancel,
    "pause": pause,
    "unpause": unpause,
    "chain": chain,
    "probe": probe,
    "drop": drop,
}


def answer(line: str) -> Json:
    """What to say to a program."""
    program = json.loads(line)
    has = {name for name in OPERATIONS if hasattr(deferred, name)} | {"probe", "drop"}
    lacks = operations(program) & (BEYOND | OPERATIONS.keys()) - has
    if lacks:
        return {"lacks": sorted(lacks)}
    check(program)
    return World().run(program)


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def load(file: str) -> Any:
    """The functions of a file."""
    spec = importlib.util.spec_from_file_location("deferred", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            # A program can be sent ahead, but each is answered without waiting for the next.
            print(text(answer(line)), flush=True)
        except (BadProgram, json.JSONDecodeError) as error:
            print(f"line {number}: {error}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8")
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "deferred.py")
    deferred = load(sys.argv[1] if len(sys.argv) > 1 else beside)
    sys.exit(main())
