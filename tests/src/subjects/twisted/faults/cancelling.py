"""Faults of cancelling, timing out, and of coroutines."""

from __future__ import annotations

from contextvars import copy_context
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from faults.plain import PlainDeferred
from faults.plain_combining import PlainFunctions
from faults.registry import fault

# Cancelling


@fault("F41", "a cancelled Deferred swallows every late firing, not just one")
class SuppressionStays(PlainDeferred):
    def _use_up_suppression(self) -> None:
        pass


@fault("F42", "a late firing is swallowed although there is a canceller")
class SuppressionWithCanceller(PlainDeferred):
    def _call_canceller(self) -> None:
        PlainDeferred._call_canceller(self)
        self._suppressAlreadyCalled = True


@fault("F43", "a late firing of a cancelled Deferred isn't swallowed")
class NoSuppression(PlainDeferred):
    def _expect_late_firing(self) -> None:
        pass


@fault("F44", "cancel of a fired Deferred raises AlreadyCalledError")
class CancelFiredRaises(PlainDeferred):
    def _cancel_fired(self) -> None:
        raise defer.AlreadyCalledError


@fault("F45", "cancel isn't forwarded to the awaited Deferred")
class CancelNotForwarded(PlainDeferred):
    def _cancel_awaited(self) -> None:
        pass


@fault("F46", "CancelledError comes also where the canceller has fired the Deferred")
class CancelFiresAgain(PlainDeferred):
    def _call_canceller(self) -> None:
        PlainDeferred._call_canceller(self)
        self.called = False


@fault("F47", "CancelledError doesn't come where a canceller hasn't fired the Deferred")
class CancellerMustFire(PlainDeferred):
    def _cancel_unfired(self) -> None:
        if self._canceller:
            self._call_canceller()
        else:
            PlainDeferred._cancel_unfired(self)


@fault("F48", "what a canceller raises is swallowed, and CancelledError comes")
class CancellerErrorSwallowed(PlainDeferred):
    def _call_canceller(self) -> None:
        try:
            PlainDeferred._call_canceller(self)
        except Exception:
            pass


@fault("F49", "a canceller is taken out before it is called")
class CancellerTaken(PlainDeferred):
    def _call_canceller(self) -> None:
        canceller, self._canceller = self._canceller, None
        canceller(self)


@fault("F51", "cancelling the target of chainDeferred cancels its source")
class CancelReachesSource(PlainDeferred):
    def _cancel_unfired(self) -> None:
        if self._chainedTo is not None:
            self._chainedTo.cancel()
        else:
            PlainDeferred._cancel_unfired(self)


# Timing out


@fault("F70", "a timeout isn't called off when the Deferred fires")
class TimeoutStays(PlainDeferred):
    @staticmethod
    def _stop_timeout(delayed_call: Any) -> None:
        pass


@fault("F71", "a user's own cancel gives TimeoutError as well")
class CancelIsTimeout(PlainDeferred):
    @staticmethod
    def _convert_cancelled(
        result: Any, timed_out: bool, timeout: float, to_call: Any
    ) -> Any:
        return to_call(result, timeout)


@fault("F72", "TimeoutError comes although the canceller gave another result")
class TimeoutOverrides(PlainDeferred):
    @staticmethod
    def _convert_cancelled(
        result: Any, timed_out: bool, timeout: float, to_call: Any
    ) -> Any:
        if timed_out:
            raise defer.TimeoutError(timeout, "Deferred")
        return result


# Coroutines


@fault("F80", "cancel of a coroutine doesn't reach what it awaits")
class CoroutineNotCancelled(PlainFunctions):
    @staticmethod
    def _cancellableInlineCallbacks(gen: Any) -> Any:
        d: Any = Deferred()
        status = defer._CancellationStatus(d)
        defer._inlineCallbacks(None, gen, status, copy_context())
        return d


@fault("F81", "a second cancel of a coroutine doesn't arrive")
class CoroutineCancelledOnce(PlainFunctions):
    @staticmethod
    def _handleCancelInlineCallbacks(result: Failure, status: Any, /) -> Any:
        result.trap(defer._InternalInlineCallbacksCancelledError)
        status.deferred = Deferred()
        status.waitingOn.cancel()
        return status.deferred


@fault("F82", "await of a waiting Deferred gives the one that it waits for")
class AwaitGivesInner(PlainDeferred):
    def _can_give(self) -> bool:
        waits = self.called and isinstance(self.result, Deferred)
        return waits or PlainDeferred._can_give(self)


@fault("F83", "await of a failed Deferred gives the failure as a value")
class AwaitGivesFailure(PlainDeferred):
    def _give(self) -> Any:
        self._clear_mark()
        return self.result


@fault("F85", "an awaited Deferred keeps its result")
class AwaitKeeps(PlainFunctions):
    @staticmethod
    def _gotResultInlineCallbacks(
        r: Any, waiting: Any, gen: Any, status: Any, context: Any
    ) -> Any:
        if waiting[0]:
            waiting[0] = False
            waiting[1] = r
        else:
            defer._inlineCallbacks(r, gen, status, context)
        return r
