"""Faults of what is made of several Deferreds: lists, races, locks, semaphores, queues."""

from __future__ import annotations

from typing import Any

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from faults.plain_combining import PlainList, PlainRace
from faults.registry import fault

# DeferredList


@fault("F52", "a list without members never fires")
class EmptyNeverFires(PlainList):
    def _start_empty(self, fireOnOneCallback: bool) -> None:
        pass


@fault("F53", "a list without members fires also with fireOnOneCallback")
class EmptyAlwaysFires(PlainList):
    def _start_empty(self, fireOnOneCallback: bool) -> None:
        self.callback([])


@fault("F54", "the members of a list go on with None")
class MembersGetNone(PlainList):
    def _left_to_member(self, result: Any, succeeded: bool) -> Any:
        return None


@fault("F55", "a list's flags are ignored for members that have fired")
class FlagsAfterHooks(PlainList):
    def _watch(self, *flags: bool) -> None:
        self._set_flags(False, False, False)
        self._add_hooks()
        self._set_flags(*flags)


@fault(
    "F56", "fireOnOneErrback gives the member's failure as it is, without FirstError"
)
class NoFirstError(PlainList):
    def _fail_with_first(self, failure: Failure, index: int) -> None:
        self.errback(failure)


@fault("F57", "consumeErrors takes successes from the members as well")
class SuccessesConsumed(PlainList):
    def _left_to_member(self, result: Any, succeeded: bool) -> Any:
        return None if self.consumeErrors else result


@fault("F58", "consumeErrors disables fireOnOneErrback")
class ConsumedNeverFirst(PlainList):
    def _set_flags(
        self, fireOnOneCallback: bool, fireOnOneErrback: bool, consumeErrors: bool
    ) -> None:
        first = fireOnOneErrback and not consumeErrors
        PlainList._set_flags(self, fireOnOneCallback, first, consumeErrors)


@fault("F59", "a member that is late for its list fails with AlreadyCalledError")
class LateMemberFails(PlainList):
    def _member_done(self, result: Any, index: int, succeeded: bool) -> None:
        self._fire_if_due(result, index, succeeded)


@fault("F60", "fireOnOneCallback gives (index, value), swapped")
class PairSwapped(PlainList):
    def _fire_with_first(self, result: Any, index: int) -> None:
        self.callback((index, result))


@fault("F61", "cancel of a list doesn't reach its members")
class MembersNotCancelled(PlainList):
    def cancel(self) -> None:
        if not self.called:
            Deferred.cancel(self)


@fault("F62", "cancel of a fired list that waits is forwarded")
class ListCancelForwarded(PlainList):
    def cancel(self) -> None:
        if self.called:
            Deferred.cancel(self)
        else:
            PlainList.cancel(self)


@fault("F63", "a canceller that raises ends the cancellation of a list")
class ListCancelAborted(PlainList):
    def _cancel_member(self, d: Any) -> None:
        d.cancel()


@fault("F64", "a member that stands twice in a list is counted once")
class CountedOnce(PlainList):
    def _count(self, index: int) -> None:
        if self._deferredList.index(self._deferredList[index]) == index:
            PlainList._count(self, index)


# race


@fault("F65", "a race's losers aren't cancelled")
class LosersLeft(PlainRace):
    def cancel_losers(self) -> None:
        pass


@fault("F67", "a race fires before its losers are cancelled")
class LosersCancelledLate(PlainRace):
    def succeeded(self, output: Any, index: int) -> None:
        if self.winner is None:
            self.winner = self.to_cancel[index]
            self.result.callback((index, output))
            self.cancel_losers()


@fault("F68", "a race's FailureGroup is in the order of failing")
class GroupByTime(PlainRace):
    def sort_failures(self) -> None:
        pass


@fault("F69", "the first failure ends a race")
class FirstFailureEnds(PlainRace):
    def succeeded(self, output: Any, index: int) -> None:
        if not self.result.called:
            PlainRace.succeeded(self, output, index)

    def failed(self, failure: Failure, index: int) -> None:
        if not self.result.called:
            self.result.errback(defer.FailureGroup([failure]))


# Queues, locks, semaphores


class OfQueue:
    replaces = defer.DeferredQueue


class OfLock:
    replaces = defer.DeferredLock


class OfSemaphore:
    replaces = defer.DeferredSemaphore


@fault("F73", "a queue without a limit refuses everything")
class UnlimitedRefuses(OfQueue):
    def put(self, obj: Any) -> None:
        if self.waiting:
            self.waiting.pop(0).callback(obj)
        elif self.size is not None and len(self.pending) < self.size:
            self.pending.append(obj)
        else:
            raise defer.QueueOverflow()


@fault("F74", "of those that wait for a queue the last comes first")
class LastGetterFirst(OfQueue):
    def put(self, obj: Any) -> None:
        if self.waiting:
            self.waiting.pop().callback(obj)
        elif self.size is None or len(self.pending) < self.size:
            self.pending.append(obj)
        else:
            raise defer.QueueOverflow()


@fault("F75", "who was cancelled while waiting for a lock keeps the place")
class CancelledKeepsPlace(OfLock):
    def _cancelAcquire(self, d: Any) -> None:
        pass


@fault("F76", "a lock is unlocked while it is handed over")
class UnlockedInHandOver(OfLock):
    def release(self) -> None:
        assert self.locked, "Tried to release an unlocked lock"
        self.locked = False
        if self.waiting:
            self.waiting.pop(0).callback(self)
            self.locked = True


@fault("F77", "a semaphore has one token more than its limit")
class OneTokenMore(OfSemaphore):
    def acquire(self) -> Any:
        d: Any = Deferred(canceller=self._cancelAcquire)
        if self.tokens < 0:
            self.waiting.append(d)
        else:
            self.tokens -= 1
            d.callback(self)
        return d
