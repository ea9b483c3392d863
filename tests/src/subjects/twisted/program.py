"""
Reading a program: one line of JSON, checked completely before anything of it runs.

What `parse` returns is plain JSON data, so that the interpreter needs no further checks: known
operations and fields, values of the right type, and no script id twice. Whether a slot or resource
exists is no matter of form; operations look for themselves.

Needs nothing of Twisted, since adapter.py also asks it what is wrong with a line.
"""

from __future__ import annotations

import json
from typing import Any, Callable, NoReturn

# As parsed; that the fields are there and of the right type is what `parse` has checked.
Op = dict[str, Any]
Script = dict[str, Any]

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
NATURAL_MAX = 2**64 - 1

ERROR_NAMES = ("E0", "E1", "E2")
TRAP_NAMES = (*ERROR_NAMES, "CancelledError")


class BadProgram(ValueError):
    """The line is no program; the argument says what is wrong with it."""


# A check gets a JSON value and the script ids that the program has used up to there.
Check = Callable[[Any, set[int]], None]


def parse(line: bytes) -> dict[str, Any]:
    """The program on this line, or `BadProgram`. A `RecursionError` if it is nested too deeply."""
    try:
        text = line.strip(b" \t\r\n").decode()
        program, end = _decode(text)
        if end != len(text):
            raise BadProgram("more than one JSON value")
        if "\\u" in text:
            # An escape may stand for half a character, which no output could contain.
            json.dumps(program, ensure_ascii=False).encode()
    except BadProgram:
        raise
    except ValueError as error:
        raise BadProgram(f"malformed JSON: {error}") from None
    _check_fields("a program", program, PROGRAM_FIELDS, set())
    return program


_decode = json.JSONDecoder().raw_decode


def undefined_text(why: str) -> str:
    """The answer to a program whose traces aren't compared."""
    return '{"undefined":%s}' % json.dumps(why)


def lacks_text(operations: set[str]) -> str:
    """The answer to a program that uses operations which aren't there."""
    return '{"lacks":%s}' % json.dumps(sorted(operations))


def operations_in(value: Any) -> set[str]:
    """The names of all operations in a program, or in a part of it, in whatever depth."""
    if type(value) is list:
        return set().union(*map(operations_in, value))
    if type(value) is not dict:
        return set()
    inside = set().union(*map(operations_in, value.values()))
    return inside | {value["op"]} if "op" in value else inside


# Fields of objects. An optional one may be absent or null.


class Fields:
    """The fields of one kind of object, each with its check."""

    def __init__(
        self, required: dict[str, Check], optional: dict[str, Check] | None = None
    ) -> None:
        self.required = tuple(required)
        self.checks = dict(required)
        for name, check in (optional or {}).items():
            self.checks[name] = _optional(check)


def _optional(check: Check) -> Check:
    def check_unless_null(value: Any, ids: set[int]) -> None:
        if value is not None:
            check(value, ids)

    return check_unless_null


def _check_fields(what: str, value: Any, fields: Fields, ids: set[int]) -> None:
    if type(value) is not dict:
        _wrong(value, what)
    checks = fields.checks
    for name, member in value.items():
        if name not in checks:
            raise BadProgram(f"{what} has no field {name!r}")
        try:
            checks[name](member, ids)
        except BadProgram as error:
            raise BadProgram(f"{name}: {error}") from None
    for name in fields.required:
        if name not in value:
            raise BadProgram(f"{what} needs a field {name!r}")


def _wrong(value: Any, expected: str) -> NoReturn:
    shown = json.dumps(value)
    if len(shown) > 60:
        shown = shown[:60] + "..."
    raise BadProgram(f"{shown} is not {expected}")


# Plain values. Types are compared exactly, since Python's True is an integer as well.


def _value(value: Any, ids: set[int]) -> None:
    if type(value) is int:
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            _wrong(value, "a 64-bit integer")
    elif not (value is None or type(value) is bool or type(value) is str):
        _wrong(value, "a value")


def _natural(value: Any, ids: set[int]) -> None:
    if type(value) is not int or not 0 <= value <= NATURAL_MAX:
        _wrong(value, "an integer from 0")


def _positive(value: Any, ids: set[int]) -> None:
    if type(value) is not int or not 1 <= value <= NATURAL_MAX:
        _wrong(value, "an integer from 1")


def _flag(value: Any, ids: set[int]) -> None:
    if type(value) is not bool:
        _wrong(value, "a boolean")


def _text(value: Any, ids: set[int]) -> None:
    if type(value) is not str:
        _wrong(value, "a string")


def _error(value: Any, ids: set[int]) -> None:
    if value not in ERROR_NAMES:
        _wrong(value, "the name of an error")


def _list_of(check: Check, what: str) -> Check:
    def check_list(value: Any, ids: set[int]) -> None:
        if type(value) is not list:
            _wrong(value, what)
        for member in value:
            check(member, ids)

    return check_list


def _trapped(value: Any, ids: set[int]) -> None:
    if value not in TRAP_NAMES:
        _wrong(value, "the name of an error that can be trapped")


# Scripts and coroutines


def _id(value: Any, ids: set[int]) -> None:
    if type(value) is not int or not INTEGER_MIN <= value <= INTEGER_MAX:
        _wrong(value, "a script id")
    if value in ids:
        raise BadProgram(f"the script id {value} stands twice")
    ids.add(value)


def _operation(value: Any, ids: set[int]) -> None:
    name = value.get("op") if type(value) is dict else None
    if type(name) is not str:
        _wrong(value, "an operation")
    fields = OPERATION_FIELDS.get(name)
    if fields is None:
        raise BadProgram(f"unknown operation {name!r}")
    _check_fields(name, value, fields, ids)


def _script(value: Any, ids: set[int]) -> None:
    _check_fields("a script", value, SCRIPT_FIELDS, ids)


def _step(value: Any, ids: set[int]) -> None:
    _check_fields("a step", value, STEP_FIELDS, ids)


def _returns(value: Any, ids: set[int]) -> None:
    if value == "arg":
        return
    if type(value) is dict:
        for name, fields in RETURN_FIELDS.items():
            if name in value:
                _check_fields(f"the return of a {name}", value, fields, ids)
                return
    _wrong(value, "what a script returns")


def _coroutine_returns(value: Any, ids: set[int]) -> None:
    if type(value) is not dict or not ("value" in value or "raise" in value):
        _wrong(value, "what a coroutine returns")
    _returns(value, ids)


def _operation_name(value: Any, ids: set[int]) -> None:
    """The operation's name has chosen the fields that are checked now."""


_operations = _list_of(_operation, "a list of operations")
_slots = _list_of(_natural, "a list of slots")

PROGRAM_FIELDS = Fields({"ops": _operations}, {"name": _text, "why": _text})

SCRIPT_FIELDS = Fields({"id": _id}, {"ops": _operations, "ret": _returns})

STEP_FIELDS = Fields({}, {"ops": _operations, "await": _natural, "catch": _flag})

RETURN_FIELDS = {
    "value": Fields({"value": _value}),
    "raise": Fields({"raise": _error}),
    "failure": Fields({"failure": _error}),
    "panic": Fields({"panic": _text}),
    "wait": Fields({"wait": _natural}),
    "trap": Fields(
        {"trap": _list_of(_trapped, "a list of error names")}, {"else": _value}
    ),
}


def _op(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Fields:
    return Fields({"op": _operation_name, **required}, optional)


OPERATION_FIELDS = {
    "new": _op({}, {"canceller": _script}),
    "succeed": _op({"value": _value}),
    "fail": _op({"error": _error}),
    "maybe": _op({"call": _script}),
    "add_callback": _op({"d": _natural, "cb": _script}),
    "add_errback": _op({"d": _natural, "eb": _script}),
    "add_both": _op({"d": _natural, "cb": _script}),
    "add_callbacks": _op({"d": _natural, "cb": _script, "eb": _script}),
    "callback": _op({"d": _natural, "value": _value}),
    "errback": _op({"d": _natural, "error": _error}),
    "cancel": _op({"d": _natural}),
    "pause": _op({"d": _natural}),
    "unpause": _op({"d": _natural}),
    "chain": _op({"d": _natural, "to": _natural}),
    "list": _op(
        {"ds": _slots},
        {
            "fire_on_one_callback": _flag,
            "fire_on_one_errback": _flag,
            "consume_errors": _flag,
        },
    ),
    "gather": _op({"ds": _slots}, {"consume_errors": _flag}),
    "race": _op({"ds": _slots}),
    "timeout": _op({"d": _natural, "after": _natural}),
    "advance": _op({"by": _natural}),
    "coroutine": _op(
        {"id": _id, "steps": _list_of(_step, "a list of steps")},
        {"ret": _coroutine_returns},
    ),
    "lock": _op({}),
    "semaphore": _op({"tokens": _positive}),
    "queue": _op({}, {"size": _natural, "backlog": _natural}),
    "acquire": _op({"r": _natural}),
    "release": _op({"r": _natural}),
    "put": _op({"r": _natural, "value": _value}),
    "get": _op({"r": _natural}),
    "probe": _op({"d": _natural}),
    "drop": _op({"d": _natural}),
}
