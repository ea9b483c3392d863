"""
What is a program: its operations, their fields, and what stands in them.
"""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

ERROR_NAMES = ("E0", "E1", "E2")

# What is in the language and not here.
BEYOND = set(
    "list gather race timeout advance coroutine lock semaphore queue acquire release put get".split()
)

# The fields of each operation beside `op`; those after the bar may be absent or null.
FIELDS = {
    "new": "| canceller",
    "succeed": "value",
    "fail": "error",
    "maybe": "call",
    "add_callback": "d cb",
    "add_errback": "d eb",
    "add_both": "d cb",
    "add_callbacks": "d cb eb",
    "callback": "d value",
    "errback": "d error",
    "cancel": "d",
    "pause": "d",
    "unpause": "d",
    "chain": "d to",
    "probe": "d",
    "drop": "d",
}


class BadProgram(Exception):
    """A line is no program; the argument says why."""


def need(holds: bool, what: str) -> None:
    if not holds:
        raise BadProgram(what)


def check_fields(what: str, value: Any, fields: str) -> Json:
    """An object with these fields, those that may be absent behind a bar."""
    need(type(value) is dict, f"{what} is no object")
    required, _, optional = fields.partition("|")
    for field in required.split():
        need(field in value, f"{what} needs the field {field}")
    for field in value:
        need(field in fields.replace("|", "").split(), f"{what} has no field {field}")
    return value


def check_scalar(kind: str, value: Any) -> None:
    """A value, a slot, the name of an error, or a text."""
    is_integer = type(value) is int and -(2**63) <= value < 2**63
    holds = {
        "value": value is None or type(value) in (bool, str) or is_integer,
        "slot": type(value) is int and 0 <= value < 2**64,
        "id": is_integer,
        "error": value in ERROR_NAMES if type(value) is str else False,
        "text": type(value) is str,
    }
    need(holds[kind], f"{json.dumps(value)} is no {kind}")


KINDS = {"d": "slot", "to": "slot", "value": "value", "error": "error"}


def check_op(op: Any, ids: set[int]) -> None:
    name = op.get("op") if type(op) is dict else None
    need(type(name) is str and name in FIELDS, f"{json.dumps(name)} is no operation")
    for field, value in check_fields(name, op, "op " + FIELDS[name]).items():
        if field in KINDS:
            check_scalar(KINDS[field], value)
        elif field != "op" and not (field == "canceller" and value is None):
            check_script(value, ids)


def check_script(script: Any, ids: set[int]) -> None:
    number = check_fields("a script", script, "id | ops ret")["id"]
    check_scalar("id", number)
    need(number not in ids, f"the script id {number} stands twice")
    ids.add(number)
    ops = script.get("ops") or []
    need(type(ops) is list, "ops is no list")
    for op in ops:
        check_op(op, ids)
    returns = script.get("ret") or "arg"
    if returns != "arg":
        check_returns(returns)


def check_returns(returns: Any) -> None:
    kinds = {"value": "value", "raise": "error", "failure": "error", "panic": "text", "wait": "slot"}
    need(type(returns) is dict and len(returns) > 0, "a return is no object with one field")
    name = next(iter(returns))
    if "trap" in returns:
        traps = check_fields("a trap", returns, "trap | else")["trap"]
        known = type(traps) is list and all(trap in [*ERROR_NAMES, "CancelledError"] for trap in traps)
        need(known, "a trap names what there isn't")
        check_scalar("value", returns.get("else"))
    else:
        need(name in kinds and len(returns) == 1, f"{json.dumps(returns)} is no return")
        check_scalar(kinds[name], returns[name])


def check(program: Any) -> None:
    """Raises `BadProgram` unless it is a program of operations that have fields here."""
    ops = check_fields("a program", program, "ops | name why")["ops"]
    need(type(ops) is list, "ops is no list")
    ids: set[int] = set()
    for op in ops:
        check_op(op, ids)


def operations(value: Any) -> set[str]:
    """The names of all operations in a program, in whatever depth."""
    if type(value) is list:
        return set().union(*map(operations, value))
    if type(value) is not dict:
        return set()
    found = set().union(*map(operations, value.values()))
    return found | {value["op"]} if type(value.get("op")) is str else found
