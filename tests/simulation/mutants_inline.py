"""The rules of what runs where it is started or answered, switched off one at a time."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, cast

from chalicelib.core.definitions.model import StartChild
from chalicelib.core.executions.decide import Transition
from chalicelib.core.executions.factory import workflow_id
from chalicelib.core.executions.model import Execution, Thread
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Mode
from chalicelib.engine.run_ahead import Advance
from chalicelib.usecases.executions import ExecutionService

if TYPE_CHECKING:
    from chalicelib.core.executions.waiting import ChildJoin


class CallsWhereItIsStarted(Invocation):
    def load(self) -> None:
        super().load()
        self.mode = Mode.MESSAGES if self.mode is Mode.START else self.mode


class WritesWhatIsNotAtRest(Invocation):
    def rests(self, item: Execution, execution: Execution) -> bool:
        return True


class LeavesToNobodyWhatItDoesNotRun(Invocation):
    def leave(self, advance: Advance) -> None:
        if self.mode is not Mode.REQUEST:
            super().leave(advance)


class IsNotLookedAfter(Invocation):
    def due_at(self, written: Execution) -> datetime | None:
        return None if self.mode is Mode.START else super().due_at(written)


class StartsChildrenOfWhatItHasNotRead(Invocation):
    def run_children(self, advance: Advance, now: datetime) -> bool:
        presumed, self.presumed = self.presumed, False
        try:
            return super().run_children(advance, now)
        finally:
            self.presumed = presumed


class TakesAnAnswerThatNeverCame(ExecutionService):
    def _begin(self, execution: Execution, *, is_named: bool) -> Execution:
        with suppress(UnavailableError):
            return self.run(execution) or super()._begin(execution, is_named=is_named)
        return execution


class TakesAnothersForItsOwn(ExecutionService):
    def _begin(self, execution: Execution, *, is_named: bool) -> Execution:
        return copy_with(super()._begin(execution, is_named=is_named), nonce=execution.nonce)


class NamesChildrenWithoutTheirInput(Transition):
    def delegate(self, thread: Thread, start: StartChild) -> None:
        super().delegate(thread, start)
        begun = self.execution.threads[thread.id]
        name = workflow_id(self.execution, thread, copy_with(start, input=None))
        self.put(copy_with(begun, join=copy_with(cast("ChildJoin", begun.join), execution=name)))


STARTING: Mapping[type[Invocation], Sequence[str]] = {
    CallsWhereItIsStarted: ("calls", "fork"),
    WritesWhatIsNotAtRest: ("calls", "echo-then-call"),
    LeavesToNobodyWhatItDoesNotRun: ("callback-call", "redrive-failed"),
    IsNotLookedAfter: ("waits",),
}
"""Each with the scenarios that are to catch it."""

SERVICES: Sequence[type[ExecutionService]] = (TakesAnAnswerThatNeverCame,)
