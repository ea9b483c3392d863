"""The table of faults, which the modules beside this one fill."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple


class Fault(NamedTuple):
    """One fault: what it is in a few words, and the class whose members it puts in place."""

    description: str
    patch: Any


FAULTS: dict[str, Fault] = {}


def fault(name: str, description: str) -> Callable[[type], type]:
    """Enters a class in the table."""

    def enter(patch: type) -> type:
        assert name not in FAULTS, name
        FAULTS[name] = Fault(description, patch)
        return patch

    return enter
