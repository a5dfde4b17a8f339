"""The rules of answers from outside and of calls at most once, switched off one at a time."""

from collections.abc import Mapping, Sequence

from chalicelib.core.definitions.model import Call, WaitForAnswer
from chalicelib.core.executions.decide import Transition
from chalicelib.core.executions.inputs import Answered, CallSucceeded, Decision, Input, SignalSent
from chalicelib.core.executions.model import Signal, Status, Thread
from chalicelib.core.executions.waiting import AnswerWait
from chalicelib.core.values.value import copy_with


class HearsWhatIsMeantForAnotherTurn(Transition):
    def decision(self, event: Input) -> Decision:
        thread = self.execution.threads.get(event.thread)
        if isinstance(event, Answered) and thread is not None:
            event = copy_with(event, turn=thread.turn)
        return super().decision(event)


class MovesOnWhenTheCallIsMade(Transition):
    def take(self, event: Input, thread: Thread) -> None:
        super().take(event, thread)
        current = self.execution.threads.get(thread.id)
        if isinstance(event, CallSucceeded) and current is not None and current.status is Status.WAITING_FOR_ANSWER:
            self.put(copy_with(current, turn=current.turn + 1))


class MovesOnAtASignOfLife(Transition):
    def alive(self, thread: Thread, wait: AnswerWait) -> None:
        super().alive(thread, wait)
        self.move(self.execution.threads[thread.id])


class HearsNobodyWhileItCalls(Transition):
    def hear(self, event: Answered, thread: Thread) -> None:
        if thread.status is Status.WAITING_FOR_ANSWER:
            super().hear(event, thread)


class TakesNoTaskBack(Transition):
    def close_wait(self, thread: Thread) -> None:
        pass


class TakesAnEventAgain(Transition):
    def take_signal(self, signal: Signal) -> None:
        kept = next((known for known in self.execution.mailbox if known.id == signal.id), signal)
        super().take_signal(copy_with(signal, taken=False, value=kept.value))


class KeepsEventsForEver(Transition):
    def signal(self, thread: Thread, wanted: WaitForAnswer) -> Signal | None:
        mailbox = self.execution.mailbox
        late = tuple(copy_with(signal, until=self.now.replace(year=2100)) for signal in mailbox)
        self.execution = copy_with(self.execution, mailbox=late)
        found = super().signal(thread, wanted)
        self.execution = copy_with(self.execution, mailbox=mailbox)
        return found


class ForgetsTheIdsOfEvents(Transition):
    def send_event(self, event: SignalSent) -> None:
        self.execution = copy_with(self.execution, mailbox=tuple(m for m in self.execution.mailbox if not m.taken))
        super().send_event(event)


class CallsWithoutAClaim(Transition):
    def call(self, thread: Thread, wanted: Call) -> None:
        self.to_call = wanted


class ForgetsTheTimeOfPatience(Transition):
    def move(self, thread: Thread) -> Thread:
        wait = thread.wait
        return super().move(
            copy_with(thread, wait=copy_with(wait, until=None)) if isinstance(wait, AnswerWait) else thread
        )


RULES: Mapping[type[Transition], Sequence[str]] = {
    HearsWhatIsMeantForAnotherTurn: ("callback-silent",),
    MovesOnWhenTheCallIsMade: ("callback-call",),
    MovesOnAtASignOfLife: ("callback-heartbeat",),
    HearsNobodyWhileItCalls: ("callback-early",),
    TakesNoTaskBack: ("task-first", "task-cancelled"),
    TakesAnEventAgain: ("event-early",),
    KeepsEventsForEver: ("event-too-early",),
    ForgetsTheIdsOfEvents: ("event-repeated",),
    CallsWithoutAClaim: ("once",),
    ForgetsTheTimeOfPatience: ("task-overdue",),
}
"""Each with the scenarios that are to catch it."""
