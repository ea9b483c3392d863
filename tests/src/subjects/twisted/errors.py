"""The errors that a program raises by name, and the one that gives a program up."""

from __future__ import annotations


class E0(Exception):
    """A program's own error. The three are unrelated, so that `trap` can tell them apart."""


class E1(Exception):
    """See `E0`."""


class E2(Exception):
    """See `E0`."""


class Panic(Exception):
    """An unexpected fault of a callback or canceller."""


class Undefined(BaseException):
    """
    Twisted has left the ground on which traces are compared; the argument says why.

    Raising it anywhere is enough: whatever catches it on its way up (Twisted catches everything
    that a callback raises) is watched, see observe.py.
    """


ERRORS: dict[str, type[Exception]] = {"E0": E0, "E1": E1, "E2": E2}
