"""The rules of joins, children, retries, requests and time, switched off one at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from chalicelib.core.definitions.model import StartChild, matches
from chalicelib.core.executions.decide import Transition
from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.inputs import CallFailed, CallSucceeded, ChildEnded, Input, RedriveRequested
from chalicelib.core.executions.model import Execution, Failure, State, Status, Thread, failure_json
from chalicelib.core.executions.waiting import BranchJoin, ChildrenJoin, ItemJoin, PartitionJoin
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Delivery
from chalicelib.engine.run_ahead import Advance
from tests.simulation.mutants_time import LooksOnlyAtLongWaits


class JoinsAtTheFirstResult(Transition):
    def joined(self, thread: Thread, result: Json) -> None:
        parent = self.execution.threads[str(thread.parent)]
        self.put(copy_with(parent, join=BranchJoin(len(parent.results) + 1, first=False)))
        super().joined(thread, result)


class LeavesTheLosersRunning(Transition):
    def clear(self, thread: Thread) -> None:
        pass


class CountsTheResultOfABranchAsATurn(Transition):
    def joined(self, thread: Thread, result: Json) -> None:
        parent = self.execution.threads[str(thread.parent)]
        self.put(copy_with(parent, turn=parent.turn + 1))
        super().joined(thread, result)


class WritesABranchsStashToItsParent(Transition):
    def joined(self, thread: Thread, result: Json) -> None:
        parent = self.execution.threads[str(thread.parent)]
        self.put(copy_with(parent, stash={**parent.stash, **thread.stash}))
        super().joined(thread, result)


class CountsTheEndOfAChildTwice(Transition):
    def partition_ended(self, thread: Thread, join: PartitionJoin, number: str, failed: int) -> None:
        again = {f"{other}-again": count for other, count in thread.results.items()}
        super().partition_ended(copy_with(thread, results={**thread.results, **again}), join, number, failed)


class BeginsTheNextWaveUnderAnothersDriver(Transition):
    def partition_ended(self, thread: Thread, join: PartitionJoin, number: str, failed: int) -> None:
        super().partition_ended(thread, join, number, failed)
        moved = self.execution.threads.get(thread.id)
        if moved is not None and moved.status is Status.WAITING_FOR_CHILDREN:
            self.put(copy_with(moved, driver=thread.driver))


class NamesChildrenWithoutTheTurn(Transition):
    def delegate(self, thread: Thread, start: StartChild) -> None:
        super().delegate(copy_with(thread, turn=0), start)
        begun = self.execution.threads[thread.id]
        self.put(copy_with(begun, turn=thread.turn + 1))


class ForgetsTheChildrenOfWhatIsOver(Transition):
    def release(self, thread: Thread) -> None:
        pass


class HearsOfAnEndBeforeTheRedrive(Transition):
    def child_ended(self, thread: Thread, event: ChildEnded) -> None:
        super().child_ended(thread, copy_with(event, redrives=cast("ChildrenJoin", thread.join).redrives))


class RetriesForEver(Transition):
    def handled(self, thread: Thread, failure: Failure, retry_after: float | None = None) -> bool:
        return super().handled(copy_with(thread, tries={}), failure, retry_after)


class RetriesWithinTheTurn(Transition):
    def handled(self, thread: Thread, failure: Failure, retry_after: float | None = None) -> bool:
        handled = super().handled(thread, failure, retry_after)
        current = self.execution.threads.get(thread.id)
        if handled and current is not None and current.status is Status.RETRYING:
            self.put(copy_with(current, turn=thread.turn - 1))
        return handled


class CatchesWithoutTryingAgain(Transition):
    def handled(self, thread: Thread, failure: Failure, retry_after: float | None = None) -> bool:
        step = self.definition.steps[thread.step]
        for catch in step.catch:
            if matches(failure.name, catch.errors):
                self.abandon(thread)
                stashed: dict[str, Json] = {catch.stash: failure_json(failure)} if catch.stash else {}
                self.arrive(copy_with(thread, error=failure, stash={**thread.stash, **stashed}), catch.next, None)
                return True
        return super().handled(thread, failure, retry_after)


class ToleratesWithoutCounting(Transition):
    def tolerate(self, parent: Thread, join: ItemJoin, thread: Thread, failure: Failure) -> None:
        super().tolerate(parent, copy_with(join, failed=-1), thread, failure)


class FiresTimersWhilePaused(Transition):
    def take(self, event: Input, thread: Thread) -> None:
        paused, self.execution = self.execution.paused_at, copy_with(self.execution, paused_at=None)
        super().take(event, thread)
        if self.execution.state is not State.SUCCEEDED:
            self.execution = copy_with(self.execution, paused_at=paused)


class ForgetsAnswersWhilePaused(Transition):
    def take(self, event: Input, thread: Thread) -> None:
        if not self.execution.paused:
            super().take(event, thread)


class ForgetsAttemptsThatAreNotWritten(Transition):
    def tried_again(self, thread: Thread, event: CallSucceeded | CallFailed) -> None:
        pass


class ResumesWithoutTheThreads(Transition):
    def take_over(self, stopped_at: datetime | None = None) -> None:
        pass


class RunsAllAgainAtARedrive(Transition):
    def revive(self, thread: Thread, event: RedriveRequested, *, edited: bool) -> None:
        if thread.parent is None:
            self.abandon(thread)
            self.arrive(copy_with(thread, stash={}), thread.step, thread.incoming)


class ForgetsWhatIsOverAtTheEnd(Transition):
    def record(self, state: State, thread: Thread, **members: Any) -> None:
        super().record(state, thread, **members)
        if state is State.SUCCEEDED:
            for other in [other for other in self.execution.threads.values() if other.status is Status.OVER]:
                self.remove(other)


class LetsTimersOfTheAttemptRunOut(Transition):
    def fire(self, thread: Thread) -> None:
        super().fire(copy_with(thread, deadline=None))


class StartsChildrenBeforeTheWaitIsWritten(Invocation):
    def write(self, item: Execution, advance: Advance) -> None:
        for thread in advance.execution.threads.values():
            if thread.status is Status.WAITING_FOR_CHILDREN and thread.driver is not None and self.is_me(thread.driver):
                self.imply(advance.execution, thread)
        self.send(item)
        super().write(item, advance)


class TellsNobodyOfTheEnd(Invocation):
    def imply(self, item: Execution, thread: Thread) -> None:
        if not item.ended:
            super().imply(item, thread)


class TellsTheEndOnlyOnce(Invocation):
    def take_up(self, item: Execution, delivery: Delivery) -> None:
        if not item.ended:
            super().take_up(item, delivery)


class StartsEveryChildAgainAtEveryRead(Invocation):
    def take_up(self, item: Execution, delivery: Delivery) -> None:
        super().take_up(item, delivery)
        for thread in item.threads.values():
            if thread.status is Status.WAITING_FOR_CHILDREN and isinstance(thread.join, PartitionJoin):
                self.imply(item, copy_with(thread, join=copy_with(thread.join, turn=thread.turn + 1)))


class DropsRequestsThatCameEarly(Invocation):
    def acknowledged(self) -> set[str]:
        return set(self.deliveries) if self.item is None else super().acknowledged()


class ForgetsWhatIsPendingAtAReread(Invocation):
    def reread(self, item: Execution, current: Execution | None) -> None:
        self.pending = []
        super().reread(item, current)


class WaitsForCallsBeyondTheTimeOfTheExecution(Invocation):
    def limits(self) -> Mapping[TurnKey, datetime]:
        item, self.item = self.item, None if self.item is None else copy_with(self.item, deadline=None)
        limits = super().limits()
        self.item = item
        return limits


class TrustsItsPeople(LooksOnlyAtLongWaits):
    """Is not looked after by the schedule should it die before it sends."""


RULES: Mapping[type[Transition], Sequence[str]] = {
    JoinsAtTheFirstResult: ("fork",),
    LeavesTheLosersRunning: ("parallel-first", "parallel-first-effects"),
    CountsTheResultOfABranchAsATurn: ("timeout-parallel", "fork"),
    WritesABranchsStashToItsParent: ("parallel-stash",),
    CountsTheEndOfAChildTwice: ("map-large",),
    BeginsTheNextWaveUnderAnothersDriver: ("map-large-waves",),
    NamesChildrenWithoutTheTurn: ("workflow-twice",),
    ForgetsTheChildrenOfWhatIsOver: ("timeout-workflow",),
    HearsOfAnEndBeforeTheRedrive: ("redrive-child", "redrive-large-map"),
    RetriesForEver: ("retry-exhausted",),
    RetriesWithinTheTurn: ("retry-by-name",),
    CatchesWithoutTryingAgain: ("retry-then-catch",),
    ToleratesWithoutCounting: ("map-exceeded",),
    ForgetsAnswersWhilePaused: ("pause-in-flight",),
    ForgetsAttemptsThatAreNotWritten: ("retry-paused",),
    RunsAllAgainAtARedrive: ("redrive-parallel",),
    ForgetsWhatIsOverAtTheEnd: ("timeout-workflow-last", "timeout-task-last"),
    LetsTimersOfTheAttemptRunOut: ("timeout-wait",),
}
"""Each with the scenarios that are to catch it."""

STEPS: Mapping[type[Invocation], Sequence[str]] = {
    StartsChildrenBeforeTheWaitIsWritten: ("workflow-waits", "cancel-child"),
    TellsNobodyOfTheEnd: ("workflow-waits",),
    TellsTheEndOnlyOnce: ("workflow-waits",),
    StartsEveryChildAgainAtEveryRead: ("map-large",),
    DropsRequestsThatCameEarly: ("cancel-child",),
    ForgetsWhatIsPendingAtAReread: ("fork", "uneven"),
    WaitsForCallsBeyondTheTimeOfTheExecution: ("execution-timeout-call",),
}

TIMES: Mapping[type[Transition], str] = {
    FiresTimersWhilePaused: "pause-due-timer",
    ResumesWithoutTheThreads: "pause-due-timer",
}
"""Each with the scenario whose timeline is to catch it: what it breaks heals, but late."""

REQUESTS: Mapping[type[Invocation], Sequence[str]] = {TrustsItsPeople: ("redrive-failed",)}
"""Each with the scenarios that are to catch it."""
