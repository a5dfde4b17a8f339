"""The rules about what a call has begun, each switched off; trying calls at every moment must catch it."""

from collections.abc import Mapping, Sequence

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.decide import Transition
from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.inputs import CallFailed, CallSucceeded, ChildEnded, Input, PauseRequested
from chalicelib.core.executions.model import Execution, Failure, Status, Thread
from chalicelib.core.executions.waiting import ChildrenJoin
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Pending


class RunsWhatAnotherHasClaimed(Transition):
    def run(self, thread: Thread) -> None:
        claim = thread.claimed_by and self.driver.request
        super().run(copy_with(thread, claimed_by=claim))


class RetriesUnderAClaim(Transition):
    def handled(self, thread: Thread, failure: Failure, retry_after: float | None = None) -> bool:
        named = copy_with(failure, name="Timeout") if thread.claimed_by else failure
        return super().handled(copy_with(thread, claimed_by=""), named, retry_after)


class ForgetsTheClaimInARedrive(Transition):
    def anew(self, thread: Thread, *, edited: bool) -> None:
        super().anew(copy_with(thread, claimed_by=""), edited=edited)

    def revive_call(self, thread: Thread, going_on: Thread, *, edited: bool) -> None:
        super().revive_call(copy_with(thread, claimed_by=""), copy_with(going_on, claimed_by=""), edited=edited)


class ForgetsAResultThatCannotBeShaped(Transition):
    def fail(self, thread: Thread, error: StepError, failure: Failure | None = None) -> None:
        super().fail(copy_with(thread, kept=()), error, failure)


class HearsNothingAfterTheEnd(Transition):
    def take(self, event: Input, thread: Thread) -> None:
        if not self.execution.ended:
            super().take(event, thread)


class BeginsANestAnew(Transition):
    def proceed(self, thread: Thread, number: int, *, again: bool = False) -> None:
        self.abandon(thread)
        self.attempt(thread, number)


class TakesReadyThreadsOver(Transition):
    def pause(self, event: PauseRequested) -> None:
        super().pause(event)
        for thread in self.execution.threads.values():
            claim = thread.claimed_by and self.driver.request
            self.put(copy_with(thread, driver=copy_with(self.driver, handed=True), claimed_by=claim))


class ForgetsThatAChildIsOver(Transition):
    def child_failed(self, thread: Thread, join: ChildrenJoin, event: ChildEnded) -> None:
        super().child_failed(thread, join, event)
        now = self.execution.threads.get(thread.id)
        if now is not None and now.join is not None and now.status is Status.FAILED:
            self.put(copy_with(now, join=copy_with(now.join, over=())))


class NamesCallsByTheirTurn(Invocation):
    begins = False

    def begin_calls(self, calls: Mapping[TurnKey, Call]) -> None:
        self.begins = True
        super().begin_calls(calls)
        self.begins = False

    def standing(self) -> Execution | None:
        item = super().standing()
        if item is None or not self.begins:
            return item
        return copy_with(item, threads={name: copy_with(each, visit=each.turn) for name, each in item.threads.items()})


class DropsAnswersToWhatWasHandedOn(Invocation):
    def is_mine(self, item: Execution, pending: Pending) -> bool:
        of_call = isinstance(pending.input, CallSucceeded | CallFailed)
        return super().is_mine(item, pending) and not (of_call and self.is_handed(item, pending.input))

    def is_handed(self, item: Execution, event: Input) -> bool:
        thread = item.threads.get(event.thread)
        return thread is None or thread.driver is None or not self.is_me(thread.driver)


class NeverLooks(Invocation):
    def look(self) -> None:
        return


class MakesWhatIsNoLongerWanted(Invocation):
    def wants(self, key: TurnKey) -> bool:
        return True


class TellsEverybodyOfTheEndAgain(Invocation):
    def imply_end(self, item: Execution, root: Thread) -> None:
        self.imply(item, root)


DECISIONS: Sequence[type[Transition]] = (
    RunsWhatAnotherHasClaimed,
    RetriesUnderAClaim,
    ForgetsTheClaimInARedrive,
    ForgetsAResultThatCannotBeShaped,
    HearsNothingAfterTheEnd,
    BeginsANestAnew,
    TakesReadyThreadsOver,
)
INVOCATIONS: Sequence[type[Invocation]] = (
    NamesCallsByTheirTurn,
    DropsAnswersToWhatWasHandedOn,
    NeverLooks,
    MakesWhatIsNoLongerWanted,
)
MESSAGES: Sequence[type[Transition | Invocation]] = (ForgetsThatAChildIsOver, TellsEverybodyOfTheEndAgain)
