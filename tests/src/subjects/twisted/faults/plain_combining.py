"""As plain.py, for what is made of several Deferreds: `DeferredList` and `race`."""

from __future__ import annotations

from typing import Any

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


class PlainList:
    """The class `DeferredList`."""

    replaces = defer.DeferredList

    def __init__(
        self,
        deferredList: Any,
        fireOnOneCallback: bool = False,
        fireOnOneErrback: bool = False,
        consumeErrors: bool = False,
    ) -> None:
        self._deferredList = list(deferredList)
        self.resultList: list[Any] = [None] * len(self._deferredList)
        Deferred.__init__(self)
        if not self._deferredList:
            self._start_empty(fireOnOneCallback)
        self.finishedCount = 0
        self._watch(fireOnOneCallback, fireOnOneErrback, consumeErrors)

    def _start_empty(self, fireOnOneCallback: bool) -> None:
        if not fireOnOneCallback:
            self.callback([])

    def _watch(self, *flags: bool) -> None:
        self._set_flags(*flags)
        self._add_hooks()

    def _set_flags(
        self, fireOnOneCallback: bool, fireOnOneErrback: bool, consumeErrors: bool
    ) -> None:
        self.fireOnOneCallback = fireOnOneCallback
        self.fireOnOneErrback = fireOnOneErrback
        self.consumeErrors = consumeErrors

    def _add_hooks(self) -> None:
        for index, d in enumerate(self._deferredList):
            d.addCallbacks(
                self._cbDeferred,
                self._cbDeferred,
                callbackArgs=(index, defer.SUCCESS),
                errbackArgs=(index, defer.FAILURE),
            )

    def _cbDeferred(self, result: Any, index: int, succeeded: bool) -> Any:
        self.resultList[index] = (succeeded, result)
        self._count(index)
        self._member_done(result, index, succeeded)
        return self._left_to_member(result, succeeded)

    def _count(self, index: int) -> None:
        self.finishedCount += 1

    def _member_done(self, result: Any, index: int, succeeded: bool) -> None:
        if not self.called:
            self._fire_if_due(result, index, succeeded)

    def _fire_if_due(self, result: Any, index: int, succeeded: bool) -> None:
        if succeeded and self.fireOnOneCallback:
            self._fire_with_first(result, index)
        elif not succeeded and self.fireOnOneErrback:
            self._fail_with_first(result, index)
        elif self.finishedCount == len(self.resultList):
            self.callback(self.resultList)

    def _fire_with_first(self, result: Any, index: int) -> None:
        self.callback((result, index))

    def _fail_with_first(self, failure: Failure, index: int) -> None:
        self.errback(Failure(defer.FirstError(failure, index)))

    def _left_to_member(self, result: Any, succeeded: bool) -> Any:
        return None if not succeeded and self.consumeErrors else result

    def cancel(self) -> None:
        if not self.called:
            for d in self._deferredList:
                self._cancel_member(d)

    def _cancel_member(self, d: Any) -> None:
        try:
            d.cancel()
        except BaseException:
            defer.log.failure("Exception raised from user supplied canceller")


class PlainRace:
    """The function `race`: its variables are attributes here, its inner functions methods."""

    def __init__(self, ds: Any) -> None:
        self.winner: Any = None
        self.failures: list[tuple[int, Failure]] = []
        self.result: Any = Deferred(canceller=self.cancel)
        self.to_cancel = list(ds)
        for index, d in enumerate(ds):
            d.addCallbacks(
                self.succeeded,
                self.failed,
                callbackArgs=(index,),
                errbackArgs=(index,),
            )

    def cancel(self, result: Any) -> None:
        for d in self.to_cancel:
            d.cancel()

    def succeeded(self, output: Any, index: int) -> None:
        if self.winner is None:
            self.winner = self.to_cancel[index]
            self.cancel_losers()
            self.result.callback((index, output))

    def cancel_losers(self) -> None:
        for d in self.to_cancel:
            if d is not self.winner:
                d.cancel()

    def failed(self, failure: Failure, index: int) -> None:
        self.failures.append((index, failure))
        if len(self.failures) == len(self.to_cancel):
            self.sort_failures()
            failures = [failure for _, failure in self.failures]
            self.result.errback(defer.FailureGroup(failures))

    def sort_failures(self) -> None:
        self.failures.sort()


class Race(PlainRace):
    """A race as it is run: with what a fault puts in here."""


PlainRace.replaces = Race


class PlainFunctions:
    """Functions of the module."""

    replaces = defer

    @staticmethod
    def race(ds: Any) -> Any:
        return Race(ds).result
