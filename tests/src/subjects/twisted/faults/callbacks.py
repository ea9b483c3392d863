"""Faults of a Deferred's queue of callbacks: its order, firing, waiting, pausing and reports."""

from __future__ import annotations

from typing import Any

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from errors import Panic
from faults.plain import Call, Entry, PlainDeferred
from faults.registry import fault

# How many entries fit into the imagined buffer inside a Deferred.
INLINE = 4


# Results, re-entrancy, order


@fault("F01", "a failure returned by a callback stays on the success track")
class ReturnedFailureIsSuccess(PlainDeferred):
    _stays_success = False

    def _call(self, entry: Entry, side: int) -> None:
        self._raised_now = False
        PlainDeferred._call(self, entry, side)
        returned = isinstance(self.result, Failure) and not self._raised_now
        self._stays_success = returned and side == 0

    def _raised(self, error: BaseException, entry: Entry, side: int) -> None:
        PlainDeferred._raised(self, error, entry, side)
        self._raised_now = True

    def _side(self) -> int:
        return 0 if self._stays_success else PlainDeferred._side(self)


@fault("F03", "an add inside a running callback runs at once, before what is queued")
class AddInsideRunsFirst(PlainDeferred):
    def _add(self, on_success: Call, on_failure: Call) -> Any:
        if not self._runningCallbacks:
            return PlainDeferred._add(self, on_success, on_failure)
        queued, self._callbacks = self._callbacks, [(on_success, on_failure)]
        self._runningCallbacks = False
        self._runCallbacks()
        self._runningCallbacks = True
        self._callbacks += queued
        return self


@fault("F04", "no guard: an add inside a running callback runs the rest nested")
class NoGuard(PlainDeferred):
    def _may_run(self) -> bool:
        return True


@fault("F05", "the running flag isn't cleared when a callback raises")
class StaysRunning(PlainDeferred):
    def _raised(self, error: BaseException, entry: Entry, side: int) -> None:
        PlainDeferred._raised(self, error, entry, side)
        self._runningCallbacks = True


@fault("F06", "callbacks run last in, first out")
class LastInFirstOut(PlainDeferred):
    def _take_from_queue(self) -> Entry:
        return self._callbacks.pop()


@fault("F07", "an add during a run goes to the front of the queue")
class AddInsideToFront(PlainDeferred):
    def _put_in_queue(self, entry: Entry) -> None:
        at = 0 if self._runningCallbacks else len(self._callbacks)
        self._callbacks.insert(at, entry)


@fault("F08", "a second firing is ignored")
class SecondFiringIgnored(PlainDeferred):
    def _refuse(self, result: Any) -> None:
        pass


@fault("F09", "a second firing raises, but has overwritten the result")
class SecondFiringOverwrites(PlainDeferred):
    def _refuse(self, result: Any) -> None:
        self.result = result
        PlainDeferred._refuse(self, result)


@fault("F10", "it counts as fired only after its callbacks have run")
class FiredAfterCallbacks(PlainDeferred):
    def _fire(self, result: Any) -> None:
        self._canceller = None
        self.result = result
        self._runCallbacks()
        self.called = True

    def _can_give(self) -> bool:
        # A coroutine would ask for ever.
        return hasattr(self, "result") and not self.paused


@fault("F11", "an unexpected fault of a callback escapes out of the firing")
class PanicEscapes(PlainDeferred):
    def _raised(self, error: BaseException, entry: Entry, side: int) -> None:
        if isinstance(error, Panic):
            raise error
        PlainDeferred._raised(self, error, entry, side)


@fault("F12", "the errback of a pair handles what the pair's callback raised")
class PairHandlesItself(PlainDeferred):
    def _raised(self, error: BaseException, entry: Entry, side: int) -> None:
        PlainDeferred._raised(self, error, entry, side)
        if side == 0 and entry[1] is not entry[0]:
            self._callbacks.insert(0, ((defer.passthru, (), {}), entry[1]))


# Waiting


@fault("F13", "who waits comes before the callbacks that are queued")
class WaiterToFront(PlainDeferred):
    def _queue_waiter(self, waiter: Any) -> None:
        self._callbacks.insert(0, waiter._continuation())


@fault("F14", "who waits goes on after all other callbacks, as with promises")
class WaiterLast(PlainDeferred):
    def _take_from_queue(self) -> Entry:
        calls = [entry[0][0] for entry in self._callbacks]
        ordinary = [at for at, call in enumerate(calls) if call is not defer._CONTINUE]
        return self._callbacks.pop(ordinary[0] if ordinary else 0)


@fault("F15", "the awaited one keeps its result after the hand-over")
class HandOverKeeps(PlainDeferred):
    def _hand_over(self, waiter: Any) -> None:
        PlainDeferred._hand_over(self, waiter)
        self.result = waiter.result


@fault("F16", "a fired one that is returned keeps its result")
class StealingKeeps(PlainDeferred):
    def _steal_from(self, awaited: Any) -> None:
        PlainDeferred._steal_from(self, awaited)
        awaited.result = self.result


@fault("F17", "a failed one that is returned is reported all the same")
class StealingKeepsMark(PlainDeferred):
    def _steal_from(self, awaited: Any) -> None:
        self.result = awaited.result
        awaited.result = None


@fault(
    "F18", "an awaited one that fails is reported although it handed its failure over"
)
class HandOverKeepsMark(PlainDeferred):
    _handed_over_failure = False

    def _hand_over(self, waiter: Any) -> None:
        PlainDeferred._settle(self)
        self._handed_over_failure = isinstance(self.result, Failure)
        waiter.result = self.result
        self.result = None
        waiter._end_wait()

    def _settle(self) -> None:
        if self._handed_over_failure:
            self._handed_over_failure = False
        else:
            PlainDeferred._settle(self)


@fault("F20", "a paused waiter doesn't stop the rest of the awaited one")
class PausedWaiterIsPassed(PlainDeferred):
    def _stay_paused(self, chain: list[Any]) -> None:
        chain.pop()


@fault("F22", "who waits isn't blocked meanwhile")
class WaitingDoesNotBlock(PlainDeferred):
    def _wait_for(self, awaited: Any) -> None:
        self._chainedTo = awaited
        awaited._queue_waiter(self)

    def _end_wait(self) -> None:
        pass


@fault("F23", "a fired but paused one that is returned counts as ready")
class PausedIsReady(PlainDeferred):
    def _is_ready(self) -> bool:
        result = getattr(self, "result", defer._NO_RESULT)
        no_result = type(result) in defer._DEFERRED_SUBCLASSES
        return result is not defer._NO_RESULT and not no_result


@fault("F25", "a Deferred has room for one waiter only")
class OneWaiter(PlainDeferred):
    def _queue_waiter(self, waiter: Any) -> None:
        self._callbacks[:] = [
            entry for entry in self._callbacks if entry[0][0] is not defer._CONTINUE
        ]
        PlainDeferred._queue_waiter(self, waiter)


@fault("F26", "a Deferred that its own callback returns is a plain value")
class ItselfIsValue(PlainDeferred):
    def _warn(self, call: Any) -> None:
        pass

    def _follow(self) -> bool:
        return self.result is self or PlainDeferred._follow(self)


@fault("F28", "the source of chainDeferred keeps its result")
class SourceKeeps(PlainDeferred):
    def chainDeferred(self, d: Any) -> Any:
        def fire(result: Any) -> Any:
            d.callback(result)
            return result

        d._chainedTo = self
        return self.addBoth(fire)


# Pausing


@fault("F31", "pausing is a flag and doesn't nest")
class BooleanPause(PlainDeferred):
    def pause(self) -> None:
        self.paused = 1

    def unpause(self) -> None:
        self.paused = 0
        if self.called:
            self._runCallbacks()

    def _end_wait(self) -> None:
        self.paused = 0


@fault("F32", "unpause before the firing touches the missing result")
class UnpauseNeedsResult(PlainDeferred):
    def unpause(self) -> None:
        PlainDeferred.unpause(self)
        if not self.paused and not self.called:
            raise Panic("there is no result")


@fault("F33", "pause inside a callback stops those that are queued")
class PauseInsideStops(PlainDeferred):
    def _goes_on(self) -> bool:
        return bool(self._callbacks) and not self.paused


@fault("F34", "the count of pauses doesn't go below 0")
class PausesUnsigned(PlainDeferred):
    def unpause(self) -> None:
        if self.paused:
            PlainDeferred.unpause(self)
        elif self.called:
            self._runCallbacks()


@fault("F35", "unpause is ignored while waiting")
class UnpauseIgnoredWaiting(PlainDeferred):
    def unpause(self) -> None:
        if not (self.called and isinstance(self.result, Deferred)):
            PlainDeferred.unpause(self)


@fault("F36", "the hand-over forgets the user's own pauses")
class HandOverUnpauses(PlainDeferred):
    def _end_wait(self) -> None:
        self.paused = 0


# Reports


@fault("F37", "a failure that arrives while paused is reported")
class PausedFailureReported(PlainDeferred):
    def _stay_paused(self, chain: list[Any]) -> None:
        if self.called and isinstance(self.result, Failure):
            self._mark()
        PlainDeferred._stay_paused(self, chain)


@fault("F38", "a failure that is handled later is reported all the same")
class HandledStillReported(PlainDeferred):
    def _settle(self) -> None:
        if isinstance(self.result, Failure):
            self._mark()


@fault("F39", "an error that a callback raised isn't reported")
class RaisedNotReported(PlainDeferred):
    def _raised(self, error: BaseException, entry: Entry, side: int) -> None:
        PlainDeferred._raised(self, error, entry, side)
        self.result.was_raised = True

    def _mark(self) -> None:
        if not hasattr(self.result, "was_raised"):
            PlainDeferred._mark(self)


# The storage of the queue, as another implementation might have it


@fault("F89", "the 5th callback is lost where the buffer inside the Deferred is full")
class SpillLoses(PlainDeferred):
    def _put_in_queue(self, entry: Entry) -> None:
        if len(self._callbacks) != INLINE:
            self._callbacks.append(entry)


@fault("F90", "callbacks beyond the buffer inside the Deferred run before those in it")
class SpillFirst(PlainDeferred):
    def _take_from_queue(self) -> Entry:
        return self._callbacks.pop(INLINE if len(self._callbacks) > INLINE else 0)


@fault(
    "F91", "an add during a run is lost where the buffer inside the Deferred is full"
)
class SpillInsideLoses(PlainDeferred):
    def _put_in_queue(self, entry: Entry) -> None:
        if len(self._callbacks) != INLINE or not self._runningCallbacks:
            self._callbacks.append(entry)
