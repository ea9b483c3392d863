"""The benches' cases on Twisted: prints as JSON the median nanoseconds of one callback, Deferred, await or chain.

Run with the names of cases; those that it doesn't have are left out. Each case checks what came out.
"""

import json
import platform
import statistics
import sys
import time

import twisted
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred, gatherResults, succeed

LENGTH = 1_000
WORD = (1 << 64) - 1
SECONDS = 1.0
FEWEST_ROUNDS = 20


def work(value, place):
    """Rotates left by 5 bits, in 64, and takes the place into it."""
    return ((value << 5) & WORD | value >> 59) ^ place


def expected(value, length):
    for place in range(length):
        value = work(value, place)
    return value


WANTED = expected(7, LENGTH)


def add_then_fire():
    d = Deferred()
    for place in range(LENGTH):
        d.addCallback(work, place)
    d.callback(7)
    assert d.result == WANTED


def add_to_fired():
    d = succeed(7)
    for place in range(LENGTH):
        d.addCallback(work, place)
    assert d.result == WANTED


def waiting():
    """Deferreds of which each waits for the one before: the innermost and the outermost."""
    innermost = outer = Deferred()
    for _ in range(1, LENGTH):
        inner, outer = outer, Deferred()
        outer.addCallback(lambda _, inner=inner: inner)
        outer.callback(0)
    return innermost, outer


def wait_then_fire():
    innermost, outermost = waiting()
    innermost.callback(7)
    assert outermost.result == 7


def wait_then_cancel():
    _, outermost = waiting()
    outermost.addErrback(lambda failure: failure.trap(CancelledError) and 3)
    outermost.cancel()
    assert outermost.result == 3


def one():
    for place in range(LENGTH):
        d = Deferred()
        d.addCallback(work, place)
        d.callback(7)
    assert d.result == work(7, LENGTH - 1)


def gather():
    members = [Deferred() for _ in range(LENGTH)]
    values = gatherResults(members)
    for value, member in enumerate(members):
        member.callback(value)
    assert values.result == list(range(LENGTH))


def failure():
    d = Deferred()
    for place in range(LENGTH):
        d.addCallback(work, place)
    d.addErrback(lambda _: 3)
    d.errback(ValueError("bang!"))
    assert d.result == 3


def deferred_await():
    async def last():
        for number in range(1_000):
            value = await succeed(number)
        return value

    assert ensureDeferred(last()).result == 999


def deferred_await_unfired():
    awaited = [Deferred() for _ in range(20)]

    async def last():
        for d in awaited:
            value = await d
        return value

    result = ensureDeferred(last())
    for number, d in enumerate(awaited):
        d.callback(number)
    assert result.result == 19


def add(value, number):
    return value + number


def add_four(d):
    for number in range(1, 5):
        d.addCallback(add, number)


def callback_chain_fires_at_start():
    d = Deferred()
    d.callback(2)
    add_four(d)
    assert d.result == 12


def callback_chain_fires_at_end():
    d = Deferred()
    add_four(d)
    d.callback(2)
    assert d.result == 12


def errback_chain():
    def fails(_):
        raise ValueError("boom!")

    def traps(failed):
        failed.trap(ValueError)
        raise ValueError("another boom!")

    d = succeed(2)
    d.addCallback(fails)
    d.addErrback(traps)
    d.addBoth(lambda failed: failed.check(ValueError) is not None)
    assert d.result is True


def chained_already_fired():
    outer, second, third = Deferred(), Deferred(), Deferred()
    second.callback(123)
    third.callback(456)
    outer.addCallback(lambda _: second)
    outer.addCallback(lambda _: third)
    outer.callback(7)
    assert outer.result == 456


def chained_not_fired():
    outer, second, third, inner = Deferred(), Deferred(), Deferred(), Deferred()
    third.addCallback(lambda _: inner)
    third.callback(123)
    outer.addCallback(lambda _: second)
    outer.addCallback(lambda _: third)
    second.callback(123)
    inner.callback(57)
    outer.callback(7)
    assert outer.result == 57


# The elements of a run, and the run.
CASES = {
    "W1-add-then-fire": (LENGTH, add_then_fire),
    "W2-add-to-fired": (LENGTH, add_to_fired),
    "W3-wait-then-fire": (LENGTH, wait_then_fire),
    "W4-one": (LENGTH, one),
    "W5-gather": (LENGTH, gather),
    "W6-wait-then-cancel": (LENGTH, wait_then_cancel),
    "W7-failure": (LENGTH, failure),
    "test_deferred_await": (1_000, deferred_await),
    "test_deferred_await_unfired": (20, deferred_await_unfired),
    "test_deferred_callback_chain_fires_at_start": (1, callback_chain_fires_at_start),
    "test_deferred_callback_chain_fires_at_end": (1, callback_chain_fires_at_end),
    "test_deferred_errback_chain": (1, errback_chain),
    "test_deferred_chained_already_fired": (1, chained_already_fired),
    "test_deferred_chained_not_fired": (1, chained_not_fired),
}


def median(elements, run):
    """Nanoseconds an element: the median of many rounds of at least a millisecond."""

    def round_of(times):
        started = time.perf_counter_ns()
        for _ in range(times):
            run()
        return time.perf_counter_ns() - started

    times = 1
    while round_of(times) < 1_000_000:
        times *= 2
    rounds = []
    ends = time.perf_counter() + SECONDS
    while len(rounds) < FEWEST_ROUNDS or time.perf_counter() < ends:
        rounds.append(round_of(times) / times / elements)
    return statistics.median(rounds)


def main():
    # Cancelling what waits recurses.
    sys.setrecursionlimit(10 * LENGTH)
    version = f"Twisted {twisted.__version__} on {platform.python_implementation()} {platform.python_version()}"
    nanoseconds = {name: median(*CASES[name]) for name in sys.argv[1:] if name in CASES}
    print(json.dumps({"version": version, "nanoseconds": nanoseconds}))


main()
