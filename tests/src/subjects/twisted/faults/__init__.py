"""
Named faults, each put into the real Twisted: it then behaves wrongly in just that way.

A fault is a class that overrides a few methods of a class in plain.py or plain_combining.py, which
are Twisted written out plainly; or, where that is as short, of Twisted's own. The ids are those of
the model's faults (model/src/fault.rs). Three of these are missing: F19 and F87 recurse, and only
show where the stack ends, which is undefined in Python; F50 keeps a canceller for too long, which
no trace shows.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from twisted.internet import defer

import render

# These for the faults that they enter in the table.
from faults import callbacks, cancelling, combining  # noqa: F401
from faults.plain import PlainDeferred
from faults.plain_combining import PlainFunctions, PlainList, PlainRace
from faults.registry import FAULTS

# The name that stands for Twisted written out plainly, without a fault.
NO_FAULT = "none"

PARTS = (PlainDeferred, PlainList, PlainRace, PlainFunctions)


def listing() -> list[str]:
    """A line for each fault: its id, a tab, and what it is."""
    return [f"{name}\t{FAULTS[name].description}" for name in sorted(FAULTS)]


def is_known(name: str) -> bool:
    return name in FAULTS or name == NO_FAULT


def install(name: str) -> None:
    """Puts a fault in place. Once a process."""
    for part in PARTS:
        replace(part)
    if name != NO_FAULT:
        replace(FAULTS[name].patch)
    # A callback may now be given a Deferred as a value, for which a trace has no notation.
    for kind in (defer.Deferred, defer.DeferredList):
        render.VALUE_TEXTS[kind] = lambda value: '"<Deferred>"'


def replace(part: Any) -> None:
    """Puts what a class has of its own in the place of the same in Twisted."""
    for name, member in list(vars(part).items()):
        is_own = isinstance(member, FunctionType) or not name.startswith("__")
        if is_own and name != "replaces":
            if part.replaces is defer:
                member = getattr(part, name)
            setattr(part.replaces, name, member)
