"""The rules of answers from outside and of calls at most once, switched off one at a time."""

from collections.abc import Mapping, Sequence

from chalicelib.core.definitions.model import Await, Perform
from chalicelib.core.executions.decide import Fold
from chalicelib.core.executions.inputs import Answered, Decision, EffectSucceeded, Event, EventSent
from chalicelib.core.executions.model import Letter, Status, Thread
from chalicelib.core.values.value import copy_with


class HearsWhatIsMeantForAnotherTurn(Fold):
    def decision(self, event: Event) -> Decision:
        thread = self.execution.threads.get(event.thread)
        if isinstance(event, Answered) and thread is not None:
            event = copy_with(event, turn=thread.turn)
        return super().decision(event)


class MovesOnWhenTheCallIsMade(Fold):
    def take(self, event: Event, thread: Thread) -> None:
        super().take(event, thread)
        stands = self.execution.threads.get(thread.id)
        if isinstance(event, EffectSucceeded) and stands is not None and stands.status is Status.ASKING:
            self.put(copy_with(stands, turn=stands.turn + 1))


class MovesOnAtASignOfLife(Fold):
    def alive(self, thread: Thread) -> None:
        super().alive(thread)
        self.move(self.execution.threads[thread.id])


class HearsNobodyWhileItCalls(Fold):
    def hear(self, event: Answered, thread: Thread) -> None:
        if thread.status is Status.ASKING:
            super().hear(event, thread)


class TakesNoTaskBack(Fold):
    def settle(self, thread: Thread) -> None:
        pass


class TakesAnEventAgain(Fold):
    def take_letter(self, letter: Letter) -> None:
        kept = next((each for each in self.execution.mailbox if each.id == letter.id), letter)
        super().take_letter(copy_with(letter, taken=False, value=kept.value))


class KeepsEventsForEver(Fold):
    def letter(self, wanted: Await) -> Letter | None:
        mailbox = self.execution.mailbox
        late = tuple(copy_with(each, until=self.now.replace(year=2100)) for each in mailbox)
        self.execution = copy_with(self.execution, mailbox=late)
        found = super().letter(wanted)
        self.execution = copy_with(self.execution, mailbox=mailbox)
        return found


class ForgetsTheIdsOfEvents(Fold):
    def send_event(self, event: EventSent) -> None:
        self.execution = copy_with(self.execution, mailbox=tuple(m for m in self.execution.mailbox if not m.taken))
        super().send_event(event)


class CallsWithoutAClaim(Fold):
    def call(self, thread: Thread, wanted: Perform) -> None:
        self.perform = wanted


class CallsWhatAnotherHasClaimed(Fold):
    def claim_again(self, thread: Thread) -> None:
        self.follow(thread)


class ForgetsTheTimeOfPatience(Fold):
    def move(self, thread: Thread) -> Thread:
        return super().move(copy_with(thread, until=None) if thread.status is Status.ASKING else thread)


RULES: Mapping[type[Fold], Sequence[str]] = {
    HearsWhatIsMeantForAnotherTurn: ("callback-silent",),
    MovesOnWhenTheCallIsMade: ("callback-call",),
    MovesOnAtASignOfLife: ("callback-heartbeat",),
    HearsNobodyWhileItCalls: ("callback-early",),
    TakesNoTaskBack: ("task-first", "task-cancelled"),
    TakesAnEventAgain: ("event-early",),
    KeepsEventsForEver: ("event-too-early",),
    ForgetsTheIdsOfEvents: ("event-repeated",),
    CallsWithoutAClaim: ("once",),
    CallsWhatAnotherHasClaimed: ("once",),
    ForgetsTheTimeOfPatience: ("task-overdue",),
}
"""Each with the scenarios that are to catch it."""
