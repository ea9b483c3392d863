"""A coroutine of a program, and the one thing that has to be watched when it awaits."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Generator

from twisted.internet.defer import Deferred

from errors import ERRORS, Undefined
from program import Op
from render import failure_text, value_text

if TYPE_CHECKING:
    from world import World


async def run_coroutine(world: World, op: Op) -> Any:
    """
    The body that `Deferred.fromCoroutine` drives.

    It has no variable for the Deferred that it awaits: a coroutine lives as long as it is
    suspended, and must not hold one that it has done with.
    """
    number = op["id"]
    for step in op["steps"]:
        world.perform_once(step)
        slot = step.get("await")
        if slot not in world.slots or world.slots[slot]._runningCallbacks:
            continue
        try:
            value = await delivery(world.slots[slot])
        # Not BaseException: a coroutine that is reclaimed while it waits gets a GeneratorExit.
        except Exception as error:
            world.events.append(
                '{"resume":%d,"arg":{"f":%s}}' % (number, failure_text(error))
            )
            if not step.get("catch"):
                raise
        else:
            world.events.append(
                '{"resume":%d,"arg":{"v":%s}}' % (number, value_text(value))
            )
    returns = op.get("ret") or {}
    if "raise" in returns:
        raise ERRORS[returns["raise"]]()
    return returns.get("value")


@types.coroutine
def delivery(d: Deferred[Any]) -> Generator[Any, Any, Any]:
    """
    `await d`, but for one case: a Deferred that is paused when it delivers.

    Its own `__await__` would then wait a second time, for a value that has passed.
    """
    steps = d.__await__()
    try:
        waiting = next(steps)
    except StopIteration as finished:
        return finished.value
    try:
        yield waiting
    except Exception:
        refuse_if_paused(d)
        raise
    refuse_if_paused(d)
    return (yield from steps)


def refuse_if_paused(d: Deferred[Any]) -> None:
    if d.paused:
        raise Undefined("a Deferred was paused when it delivered to an await")
