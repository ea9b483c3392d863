"""
The operations: each is a call of Twisted's public API on what the program's slots name.

A slot or resource that is unbound, dropped or of the wrong kind makes an operation do nothing, so
that every program is valid. What an operation raises is traced by whoever performs it. A Deferred
is bound when the operation has finished, since what scripts bind meanwhile comes first.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from coroutine import run_coroutine
from errors import ERRORS, Undefined
from program import Op
from render import is_waiting, state_text

if TYPE_CHECKING:
    from world import World


# Making Deferreds


def new(world: World, op: Op) -> None:
    script = op.get("canceller")
    world.fireable.add(world.bound)
    if script is None:
        world.bind(Deferred())
    else:
        world.bind(Deferred(guarded(partial(world.canceller, script))))


def succeed(world: World, op: Op) -> None:
    world.bind(defer.succeed(op["value"]))


def fail(world: World, op: Op) -> None:
    world.bind(defer.fail(ERRORS[op["error"]]()))


def maybe(world: World, op: Op) -> None:
    world.bind(defer.maybeDeferred(world.call, op["call"]))


def coroutine(world: World, op: Op) -> None:
    d = Deferred.fromCoroutine(run_coroutine(world, op))
    guard_canceller(d)
    world.bind(d)


# Callbacks


def add_callback(world: World, op: Op) -> None:
    d = world.slots.get(op["d"])
    if d is not None:
        d.addCallback(world.callback, op["cb"], d.notes)


def add_errback(world: World, op: Op) -> None:
    d = world.slots.get(op["d"])
    if d is not None:
        d.addErrback(world.callback, op["eb"], d.notes)


def add_both(world: World, op: Op) -> None:
    d = world.slots.get(op["d"])
    if d is not None:
        d.addBoth(world.callback, op["cb"], d.notes)


def add_callbacks(world: World, op: Op) -> None:
    d = world.slots.get(op["d"])
    if d is not None:
        d.addCallbacks(
            world.callback,
            world.callback,
            callbackArgs=(op["cb"], d.notes),
            errbackArgs=(op["eb"], d.notes),
        )


def chain(world: World, op: Op) -> None:
    d = world.slots.get(op["d"])
    target = fireable(world, op["to"])
    if d is not None and target is not None:
        d.chainDeferred(target)


# Firing, cancelling, pausing


def fireable(world: World, slot: int) -> Deferred[Any] | None:
    """Others than the program itself fire what `new` didn't make."""
    return world.slots.get(slot) if slot in world.fireable else None


def callback(world: World, op: Op) -> None:
    d = fireable(world, op["d"])
    if d is not None:
        d.callback(op["value"])


def errback(world: World, op: Op) -> None:
    d = fireable(world, op["d"])
    if d is not None:
        d.errback(ERRORS[op["error"]]())


def cancel(world: World, op: Op) -> None:
    d = world.slots.get(op["d"])
    if d is None or d.notes.cancelling:
        return
    awaited = end_of_waiting(d)
    if awaited is None:
        return
    # Where this comes to a canceller that runs, the operation may enter it again.
    notes = getattr(awaited, "notes", None)
    if notes is not None:
        notes.by_operation = True
    try:
        d.cancel()
    finally:
        if notes is not None:
            notes.by_operation = False


def end_of_waiting(d: Deferred[Any]) -> Deferred[Any] | None:
    """The last of those that wait for each other, or None where that goes in a circle."""
    seen = set()
    while is_waiting(d):
        if d in seen:
            return None
        seen.add(d)
        d = d.result
    return d


def guarded(canceller: Callable[[Deferred[Any]], object]) -> Callable[[Deferred[Any]], None]:
    """The same canceller, noting on the Deferred that it runs."""

    def cancel(d: Deferred[Any]) -> None:
        notes = d.notes
        if notes.cancelling and not notes.by_operation:
            raise Undefined("a canceller was entered again while it ran")
        notes.by_operation = False
        notes.cancelling += 1
        try:
            canceller(d)
        finally:
            notes.cancelling -= 1

    return cancel


def guard_canceller(d: Deferred[Any]) -> None:
    """For a canceller of Twisted's own that runs the program's scripts."""
    if d._canceller is not None:
        d._canceller = guarded(d._canceller)


def pause(world: World, op: Op) -> None:
    d = world.slots.get(op["d"])
    if d is not None and not d.notes.gathered:
        d.notes.balance += 1
        d.pause()


def unpause(world: World, op: Op) -> None:
    d = world.slots.get(op["d"])
    if d is None or d.notes.gathered:
        return
    if d.notes.balance <= 0 and (d._runningCallbacks or is_waiting(d)):
        return
    d.notes.balance -= 1
    d.unpause()


# Combining


def members(world: World, op: Op) -> list[Deferred[Any]]:
    slots = world.slots
    return [slots[slot] for slot in op["ds"] if slot in slots]


def list_(world: World, op: Op) -> None:
    world.bind(
        defer.DeferredList(
            members(world, op),
            fireOnOneCallback=bool(op.get("fire_on_one_callback")),
            fireOnOneErrback=bool(op.get("fire_on_one_errback")),
            consumeErrors=bool(op.get("consume_errors")),
        )
    )


def gather(world: World, op: Op) -> None:
    d = defer.gatherResults(
        members(world, op), consumeErrors=bool(op.get("consume_errors"))
    )
    world.bind(d)
    d.notes.gathered = True


def race(world: World, op: Op) -> None:
    d = defer.race(members(world, op))
    guard_canceller(d)
    world.bind(d)


# Time


def timeout(world: World, op: Op) -> None:
    d = world.slots.get(op["d"])
    if d is not None:
        d.addTimeout(op["after"], the_clock(world))


def advance(world: World, op: Op) -> None:
    the_clock(world).advance(op["by"])


def the_clock(world: World) -> Clock:
    # Few programs have one. It counts in floats: also what comes before the first timeout matters.
    if world.clock is None:
        world.clock = Clock()
    return world.clock


# Resources


def lock(world: World, op: Op) -> None:
    add_resource(world, defer.DeferredLock())


def semaphore(world: World, op: Op) -> None:
    add_resource(world, defer.DeferredSemaphore(op["tokens"]))


def queue(world: World, op: Op) -> None:
    add_resource(world, defer.DeferredQueue(op.get("size"), op.get("backlog")))


def add_resource(world: World, resource: Any) -> None:
    # A lock is a value too, and then shown by its number.
    resource.number = len(world.resources)
    world.resources.append(resource)


def resource(world: World, op: Op, *kinds: type) -> Any:
    """The resource that an operation names, if it is of such a kind."""
    number = op["r"]
    if number < len(world.resources) and type(world.resources[number]) in kinds:
        return world.resources[number]
    return None


def acquire(world: World, op: Op) -> None:
    lock = resource(world, op, defer.DeferredLock, defer.DeferredSemaphore)
    if lock is not None:
        world.bind(lock.acquire())


def release(world: World, op: Op) -> None:
    lock = resource(world, op, defer.DeferredLock)
    if lock is not None and lock.locked:
        lock.release()
    semaphore = resource(world, op, defer.DeferredSemaphore)
    if semaphore is not None and semaphore.tokens < semaphore.limit:
        semaphore.release()


def put(world: World, op: Op) -> None:
    queue = resource(world, op, defer.DeferredQueue)
    if queue is not None:
        queue.put(op["value"])


def get(world: World, op: Op) -> None:
    queue = resource(world, op, defer.DeferredQueue)
    if queue is not None:
        world.bind(queue.get())


# Looking and letting go


def probe(world: World, op: Op) -> None:
    d = world.slots.get(op["d"])
    if d is not None:
        world.events.append('{"probe":%d,"state":%s}' % (op["d"], state_text(d)))


def drop(world: World, op: Op) -> None:
    d = world.slots.pop(op["d"], None)
    if d is not None:
        d.notes.slots.remove(op["d"])


def lacking() -> set[str]:
    """The operations that an older Twisted doesn't have."""
    return set() if hasattr(defer, "race") else {"race"}


OPERATIONS: dict[str, Callable[[World, Op], None]] = {
    "new": new,
    "succeed": succeed,
    "fail": fail,
    "maybe": maybe,
    "add_callback": add_callback,
    "add_errback": add_errback,
    "add_both": add_both,
    "add_callbacks": add_callbacks,
    "callback": callback,
    "errback": errback,
    "cancel": cancel,
    "pause": pause,
    "unpause": unpause,
    "chain": chain,
    "list": list_,
    "gather": gather,
    "race": race,
    "timeout": timeout,
    "advance": advance,
    "coroutine": coroutine,
    "lock": lock,
    "semaphore": semaphore,
    "queue": queue,
    "acquire": acquire,
    "release": release,
    "put": put,
    "get": get,
    "probe": probe,
    "drop": drop,
}
