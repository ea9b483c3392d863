"""
Twisted once more, written out plainly, and cut where the faults go in.

Each class has methods of one of Twisted's classes under their own names, and further ones that are
steps of those: what a fault overrides. Put in the place of Twisted's they change nothing, which the
test twisted_faults.rs holds them to. What no program can reach is left out: debug mode above all.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

# An entry is a pair of what to call on success and on failure, each with further arguments.
Call = tuple[Any, tuple[Any, ...], Mapping[str, Any]]
Entry = tuple[Call, Call]

NO_KEYWORDS: Mapping[str, Any] = {}


class PlainDeferred:
    """The class `Deferred`: adding, firing, pausing, cancelling, and the loop that runs it all."""

    replaces = defer.Deferred

    # Adding

    def addCallbacks(
        self,
        callback: Callable[..., Any],
        errback: Callable[..., Any] | None = None,
        callbackArgs: tuple[Any, ...] = (),
        callbackKeywords: Mapping[str, Any] = NO_KEYWORDS,
        errbackArgs: tuple[Any, ...] = (),
        errbackKeywords: Mapping[str, Any] = NO_KEYWORDS,
    ) -> Any:
        return self._add(
            (callback, callbackArgs or (), callbackKeywords or {}),
            (errback or defer._failthru, errbackArgs or (), errbackKeywords or {}),
        )

    def addCallback(self, callback: Any, *args: Any, **keywords: Any) -> Any:
        return self._add((callback, args, keywords), (defer._failthru, (), {}))

    def addErrback(self, errback: Any, *args: Any, **keywords: Any) -> Any:
        return self._add((defer.passthru, (), {}), (errback, args, keywords))

    def addBoth(self, callback: Any, *args: Any, **keywords: Any) -> Any:
        call = (callback, args, keywords)
        return self._add(call, call)

    def chainDeferred(self, d: Any) -> Any:
        d._chainedTo = self
        return self.addCallbacks(d.callback, d.errback)

    def _add(self, on_success: Call, on_failure: Call) -> Any:
        self._put_in_queue((on_success, on_failure))
        if self.called:
            self._runCallbacks()
        return self

    def _put_in_queue(self, entry: Entry) -> None:
        self._callbacks.append(entry)

    # Timing out

    def addTimeout(
        self, timeout: float, clock: Any, onTimeoutCancel: Any = None
    ) -> Any:
        timed_out = [False]

        def time_it_out() -> None:
            timed_out[0] = True
            self.cancel()

        delayed_call = clock.callLater(timeout, time_it_out)
        # No reference to the Deferred itself: its own entries would hold it.
        convert, stop = self._convert_cancelled, self._stop_timeout

        def convert_cancelled(result: Any) -> Any:
            to_call = onTimeoutCancel or defer._cancelledToTimedOutError
            return convert(result, timed_out[0], timeout, to_call)

        def cancel_timeout(result: Any) -> Any:
            stop(delayed_call)
            return result

        return self.addBoth(convert_cancelled).addBoth(cancel_timeout)

    @staticmethod
    def _convert_cancelled(
        result: Any, timed_out: bool, timeout: float, to_call: Any
    ) -> Any:
        return to_call(result, timeout) if timed_out else result

    @staticmethod
    def _stop_timeout(delayed_call: Any) -> None:
        if delayed_call.active():
            delayed_call.cancel()

    # Firing

    def callback(self, result: Any) -> None:
        self._startRunCallbacks(result)

    def errback(self, fail: Any = None) -> None:
        if not isinstance(fail, Failure):
            fail = Failure(fail)
        self._startRunCallbacks(fail)

    def _startRunCallbacks(self, result: Any) -> None:
        if not self.called:
            self._fire(result)
        elif self._suppressAlreadyCalled:
            self._use_up_suppression()
        else:
            self._refuse(result)

    def _fire(self, result: Any) -> None:
        self.called = True
        self._canceller = None
        self.result = result
        self._runCallbacks()

    def _use_up_suppression(self) -> None:
        self._suppressAlreadyCalled = False

    def _refuse(self, result: Any) -> None:
        raise defer.AlreadyCalledError

    # Pausing

    def pause(self) -> None:
        self.paused += 1

    def unpause(self) -> None:
        self.paused -= 1
        if not self.paused and self.called:
            self._runCallbacks()

    # Cancelling

    def cancel(self) -> None:
        if not self.called:
            self._cancel_unfired()
        elif isinstance(self.result, Deferred):
            self._cancel_awaited()
        else:
            self._cancel_fired()

    def _cancel_unfired(self) -> None:
        if self._canceller:
            self._call_canceller()
        else:
            self._expect_late_firing()
        if not self.called:
            self.errback(Failure(defer.CancelledError()))

    def _call_canceller(self) -> None:
        self._canceller(self)

    def _expect_late_firing(self) -> None:
        self._suppressAlreadyCalled = True

    def _cancel_awaited(self) -> None:
        self.result.cancel()

    def _cancel_fired(self) -> None:
        pass

    # The loop

    def _runCallbacks(self) -> None:
        if not self._may_run():
            return
        # Whoever takes over a result comes on top, and is seen to first.
        chain = [self]
        while chain:
            current = chain[-1]
            if current.paused:
                current._stay_paused(chain)
                continue
            current._chainedTo = None
            waiter = current._run_queue()
            if waiter is None:
                current._settle()
                chain.pop()
            else:
                chain.append(waiter)

    def _may_run(self) -> bool:
        return not self._runningCallbacks

    def _stay_paused(self, chain: list[Any]) -> None:
        """Those below are left as they are."""
        chain.clear()

    def _run_queue(self) -> Any:
        """Runs entries up to one that hands the result over to a waiter, which is returned."""
        while self._goes_on():
            entry = self._take_from_queue()
            side = self._side()
            call, args, _ = entry[side]
            if call is defer._CONTINUE:
                waiter = args[0]
                self._hand_over(waiter)
                return waiter
            self._call(entry, side)
            if type(self.result) in defer._DEFERRED_SUBCLASSES and not self._follow():
                break
        return None

    def _goes_on(self) -> bool:
        return bool(self._callbacks)

    def _take_from_queue(self) -> Entry:
        return self._callbacks.pop(0)

    def _side(self) -> int:
        """Which half of an entry it is the turn of: 0 on success, 1 on failure."""
        return int(isinstance(self.result, Failure))

    def _call(self, entry: Entry, side: int) -> None:
        call, args, keywords = entry[side]
        try:
            self._runningCallbacks = True
            try:
                self.result = call(self.result, *args, **keywords)
                if self.result is self:
                    self._warn(call)
            finally:
                self._runningCallbacks = False
        except BaseException as error:
            self._raised(error, entry, side)

    def _warn(self, call: Callable[..., Any]) -> None:
        defer.warnAboutFunction(
            call, "Callback returned the Deferred it was attached to"
        )

    def _raised(self, error: BaseException, entry: Entry, side: int) -> None:
        self.result = Failure()

    def _settle(self) -> None:
        """Remembers a failure that would go unhandled if nothing more came."""
        if isinstance(self.result, Failure):
            self._mark()
        else:
            self._clear_mark()

    def _mark(self) -> None:
        if self._debugInfo is None:
            self._debugInfo = defer.DebugInfo()
        self._debugInfo.failResult = self.result

    def _clear_mark(self) -> None:
        if self._debugInfo is not None:
            self._debugInfo.failResult = None

    # Waiting

    def _follow(self) -> bool:
        """A call has returned a Deferred: takes its result, or waits for it and says no."""
        awaited = self.result
        if awaited._is_ready():
            self._steal_from(awaited)
            return True
        self._wait_for(awaited)
        return False

    def _is_ready(self) -> bool:
        result = getattr(self, "result", defer._NO_RESULT)
        return not (
            result is defer._NO_RESULT
            or type(result) in defer._DEFERRED_SUBCLASSES
            or self.paused
        )

    def _steal_from(self, awaited: Any) -> None:
        self.result = awaited.result
        awaited.result = None
        awaited._clear_mark()

    def _wait_for(self, awaited: Any) -> None:
        self.pause()
        self._chainedTo = awaited
        awaited._queue_waiter(self)

    def _queue_waiter(self, waiter: Any) -> None:
        self._callbacks.append(waiter._continuation())

    def _hand_over(self, waiter: Any) -> None:
        waiter.result = self.result
        self.result = None
        self._clear_mark()
        waiter._end_wait()

    def _end_wait(self) -> None:
        self.paused -= 1

    # Being awaited by a coroutine

    def __iter__(self) -> Any:
        while not self._can_give():
            yield self
        return self._give()

    __await__ = __iter__

    def _can_give(self) -> bool:
        return self.called and not self.paused

    def _give(self) -> Any:
        if isinstance(self.result, Failure):
            assert self._debugInfo is not None
            self._debugInfo.failResult = None
            self.result.raiseException()
        return self.result
