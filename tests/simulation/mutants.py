"""The engine with one rule of the protocol switched off at a time; the simulation must catch each."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chalicelib.core.definitions.model import Call, Definition
from chalicelib.core.executions.decide import Transition, decide
from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.inputs import Decision, Input, Message, Started
from chalicelib.core.executions.model import Driver, Execution, Status, Thread
from chalicelib.core.records.history import Row
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.engine.advance import Advance, turn_of
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Delivery, Pending
from chalicelib.usecases.executions import ExecutionService


class PerformsFromUnwrittenTurns(Invocation):
    def may_call(self, key: TurnKey) -> bool:
        return True

    def begin_calls(self, calls: Mapping[TurnKey, Call]) -> None:
        if self.item is not None:
            self.own |= dict.fromkeys(calls, next(iter(self.deliveries)))
            known = {key: call for key, call in calls.items() if key.thread in self.item.threads}
            super().begin_calls(known)

    def wants(self, key: TurnKey) -> bool:
        return True


class CallsAheadWhateverItIs(Invocation):
    def may_call_ahead(self, advance: Advance, call: Call, now: datetime) -> bool:
        return advance.may_go_on(now)


class TakesWhatWasAheadForWritten(Invocation):
    def forget_ahead(self) -> None:
        self.ahead = None

    def is_mine(self, item: Execution, pending: Pending) -> bool:
        return True


class ForgetsAttemptsAheadOfALostWrite(Invocation):
    def forget_ahead(self) -> None:
        attempts = set() if self.ahead is None else self.ahead.ahead - self.repeatable
        super().forget_ahead()
        self.late = {key: message for key, message in self.late.items() if key not in attempts}
        self.running -= attempts
        self.pending = [pending for pending in self.pending if turn_of(pending) not in attempts]


class DeletesTheTimerOfAnAttempt(Invocation):
    def acknowledged(self) -> set[str]:
        return super().acknowledged() | self.again.keys()


class StartsWithoutARead(Invocation):
    def load(self) -> None:
        if self.presumed:
            self.presumed = False
        else:
            super().load()


class PresumesARedeliveredStart(Invocation):
    def is_first(self) -> bool:
        return len(self.deliveries) == 1 and self.carried() is None


class PresumesWhatARedeliveredMessageCarries(Invocation):
    def is_first(self) -> bool:
        return len(self.deliveries) == 1 and self.carried() is not None


class ResumesOnlyWhatTheMessageNames(Invocation):
    def take_up(self, item: Execution, delivery: Delivery) -> None:
        super().take_up(item, delivery)
        event = delivery.message.event
        self.own = {key: message for key, message in self.own.items() if key == (event.thread, event.turn)}


class SendsNothingForItsDeadTwin(Invocation):
    def take_up(self, item: Execution, delivery: Delivery) -> None:
        super().take_up(item, delivery)
        self.unsent = {}


class AcknowledgesWhileATwinDrives(Invocation):
    def acknowledged(self) -> set[str]:
        return set(self.deliveries)


class AcknowledgesAfterALostCondition(Invocation):
    def reread(self, item: Execution, current: Execution | None) -> None:
        self.after_write(None)


class DropsOldMessages(Invocation):
    def run(self) -> set[str]:
        if any(delivery.receives > 1 for delivery in self.deliveries.values()):
            return set(self.deliveries)
        return super().run()


class SendsForEveryDuplicate(Invocation):
    def take_up(self, item: Execution, delivery: Delivery) -> None:
        super().take_up(item, delivery)
        for thread in item.threads.values():
            self.imply(item, thread)


class HandsOverWithoutWritingIt(Invocation):
    def leave(self, advance: Advance) -> None:
        super().leave(advance)
        handed = advance.execution
        for thread in handed.threads.values():
            if thread.driver is not None and thread.driver.handed and self.is_me(thread.driver):
                self.imply(handed, thread)
                unmarked = copy_with(thread, driver=copy_with(thread.driver, handed=False))
                advance.execution = copy_with(
                    advance.execution, threads={**advance.execution.threads, thread.id: unmarked}
                )

    def adopt(self, item: Execution) -> None:
        super().adopt(item)
        handed = {asked[:2] for asked in self.unsent}
        self.own = {key: message for key, message in self.own.items() if key not in handed}


class TakesOverAtAReread(Invocation):
    def is_me(self, driver: Driver) -> bool:
        return driver.message in self.deliveries


class WritesAPreparedState(Invocation):
    def write(self, item: Execution, advance: Advance) -> None:
        super().write(item, advance)
        if self.item is not None and self.item.version != item.version:
            lost = not self.item.writer.startswith(f"{self.request}#")
            if lost:
                super().write(self.item, advance)


class KeysHistoryWithoutTheAttempt(Invocation):
    def write(self, item: Execution, advance: Advance) -> None:
        self.writes = 0
        super().write(item, advance)


class WritesHistoryLast(Invocation):
    def write(self, item: Execution, advance: Advance) -> None:
        history, rows = self.dependencies.history, []

        class Later:
            def append(self, row: Row) -> int:
                rows.append(row)
                return 0

        self.dependencies = copy_with(self.dependencies, history=Later())  # type: ignore[arg-type] # the other method is not used
        super().write(item, advance)
        self.dependencies = copy_with(self.dependencies, history=history)
        for row in rows:
            self.dependencies.history.append(row)


class SendsBeforeItWrites(Invocation):
    def write(self, item: Execution, advance: Advance) -> None:
        for thread in advance.execution.threads.values():
            if thread.driver is not None and self.is_me(thread.driver):
                self.imply(advance.execution, thread)
        self.send(item)
        super().write(item, advance)


class AcknowledgesBeforeItSends(Invocation):
    def run(self) -> set[str]:
        for handle in self.deliveries:
            self.dependencies.queue.delete("any", [handle])
        return super().run()


def leaves_the_driver(
    definition: Definition, execution: Execution, event: Input, now: datetime, driver: Driver
) -> Decision:
    decision = decide(definition, execution, event, now, driver)
    threads = {
        name: copy_with(thread, driver=execution.threads[name].driver if name in execution.threads else None)
        for name, thread in decision.execution.threads.items()
    }
    return copy_with(decision, execution=copy_with(decision.execution, threads=threads))


class ForksWithoutTheTurn(Transition):
    def start(self, parent: Thread, branch: str, step: str, incoming: Json, index: int | None = None) -> None:
        super().start(copy_with(parent, turn=0), branch, step, incoming, index)


class JoinsByACounter(Transition):
    """Counts ends, and takes an ended branch's thread out only with the others."""

    def joined(self, thread: Thread, result: Json) -> None:
        parent = self.execution.threads[str(thread.parent)]
        results = {**parent.results, f"{thread.branch}#{len(parent.results)}": result}
        branches = [other for other in self.execution.threads.values() if other.parent == parent.id]
        if len(results) < len(branches):
            self.put(copy_with(parent, results=results))
            return
        for branch in branches:
            self.remove(branch)
        self.succeed(parent, {name.partition("#")[0]: value for name, value in sorted(results.items())})


class KeepsWhatWasHandedOver(Invocation):
    def adopt(self, item: Execution) -> None:
        held = {key: message for key, message in self.own.items() if key in {t.key for t in item.threads.values()}}
        super().adopt(item)
        ready = {thread.key for thread in item.threads.values() if thread.status is Status.READY}
        handed = {asked[:2] for asked in self.unsent}
        self.own |= {key: message for key, message in held.items() if key in ready and key not in handed}


class TakesUpWhatItsOwnMessageHandedOver(Invocation):
    def names(self, message: str, thread: Thread) -> bool:
        event = self.deliveries[message].message.event
        return (event.thread, event.turn) == thread.key


class IgnoresTheNonceOfAnotherSubmission(Invocation):
    def reread(self, item: Execution, current: Execution | None) -> None:
        self.presumed = False
        self.after_write(current or (item if item.version == 0 else None))


class TakesUpAnotherSubmission(Invocation):
    def load(self) -> None:
        super().load()
        if self.item is not None:
            for delivery in self.deliveries.values():
                self.take_up(self.item, delivery)


class IgnoresTurnsOfMessages(Invocation):
    def take_up(self, item: Execution, delivery: Delivery) -> None:
        event = delivery.message.event
        if (thread := item.threads.get(event.thread)) is not None:
            event = copy_with(event, turn=thread.turn)
        super().take_up(item, copy_with(delivery, message=copy_with(delivery.message, event=event)))


class PutsBeforeItSends(ExecutionService):
    def _start(self, execution: Execution) -> Execution:
        self.executions.create(execution)
        self.queue.send([Message(execution.id, Started(), execution)])
        return execution


INVOCATIONS: Sequence[type[Invocation]] = (
    PerformsFromUnwrittenTurns,
    StartsWithoutARead,
    PresumesARedeliveredStart,
    ResumesOnlyWhatTheMessageNames,
    SendsNothingForItsDeadTwin,
    AcknowledgesWhileATwinDrives,
    AcknowledgesAfterALostCondition,
    DropsOldMessages,
    SendsForEveryDuplicate,
    HandsOverWithoutWritingIt,
    TakesOverAtAReread,
    WritesAPreparedState,
    KeysHistoryWithoutTheAttempt,
    WritesHistoryLast,
    SendsBeforeItWrites,
    AcknowledgesBeforeItSends,
    IgnoresTurnsOfMessages,
)
AHEAD: Mapping[type[Invocation], Sequence[str]] = {
    CallsAheadWhateverItIs: ("reads",),
    TakesWhatWasAheadForWritten: ("reads-astray",),
    ForgetsAttemptsAheadOfALostWrite: ("retry-paused",),
    DeletesTheTimerOfAnAttempt: ("retry-by-name",),
}
"""With the scenarios that catch them."""
HANDED: Sequence[type[Invocation]] = (KeepsWhatWasHandedOver, TakesUpWhatItsOwnMessageHandedOver)
NONCES: Sequence[type[Invocation]] = (IgnoresTheNonceOfAnotherSubmission, TakesUpAnotherSubmission)
FOLDS: Sequence[type[Transition]] = (ForksWithoutTheTurn, JoinsByACounter)
SERVICES: Sequence[type[ExecutionService]] = (PutsBeforeItSends,)
DECISIONS = (leaves_the_driver,)
