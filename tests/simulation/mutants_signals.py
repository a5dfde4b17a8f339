"""The rules of events that are matched by key, or passed on to the items of a map, switched off one at a time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.core.executions.decide import Transition
from chalicelib.core.executions.inputs import SignalReceived
from chalicelib.core.executions.model import Execution, Signal, Thread
from chalicelib.core.executions.waiting import AnswerWait
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import Channel, Correlation, Waiter
from chalicelib.engine.signals import Signals
from chalicelib.ports import Clock, SignalStore
from chalicelib.usecases.answers import AnswerService


class ForgetsThatASignalWasTaken(Signals):
    def close(self, channel: Channel, waiter: Waiter, taken: str | None) -> None:
        self.store.leave(channel, waiter)


class RemovesTheWaiterFirst(Signals):
    def close(self, channel: Channel, waiter: Waiter, taken: str | None) -> None:
        self.store.leave(channel, waiter)
        super().close(channel, waiter, taken)


class NamesAWaiterUntold(Signals):
    def subscribe(
        self, channel: Channel, waiter: Waiter, takes: Callable[[Json], bool], tell: Callable[[str], None], *more: Any
    ) -> Signal | None:
        return super().subscribe(channel, waiter, takes, lambda _: None, *more)


class Overwriting:
    """A store that writes over whatever version there is."""

    def __init__(self, store: SignalStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put(self, channel: Channel, row: Correlation, now: datetime) -> Correlation | None:
        there = self._store.get(channel, row.signal.id)
        return self._store.put(channel, copy_with(row, version=1 if there is None else there.version + 1), now)


class WritesOverWhatItDidNotRead(Signals):
    def __init__(self, store: SignalStore, clock: Clock) -> None:
        super().__init__(Overwriting(store), clock)


class TakesSilenceForNo(AnswerService):
    def give(self, channel: Channel, waiter: Waiter, signal: Signal) -> bool:
        try:
            return super().give(channel, waiter, signal)
        except UnavailableError:
            return False


class TakesWhatIsOverForUntaken(AnswerService):
    def give(self, channel: Channel, waiter: Waiter, signal: Signal) -> bool:
        received = SignalReceived(waiter.thread, waiter.turn, signal.value, signal.id, signal.by)
        return self.answer(waiter.execution, received)


class PassesNothingOn(AnswerService):
    def _pass_on(self, item: Execution, signal: Signal) -> Signal:
        kept = self._keep(item, signal)
        return next((known for known in kept.mailbox if known.id == signal.id), signal)


class KeepsWithoutAReceipt(AnswerService):
    def _keep(self, item: Execution, signal: Signal, **more: Any) -> Execution:
        if "passed_on" not in more:
            return super()._keep(item, signal, **more)
        return copy_with(item, mailbox=(*item.mailbox, signal))


class WaitsInItsOwnExecution(Transition):
    def move(self, thread: Thread) -> Thread:
        wait = thread.wait
        is_empty = isinstance(wait, AnswerWait) and wait.event_key == ""
        return super().move(copy_with(thread, wait=copy_with(wait, event_key=None)) if is_empty else thread)


EVENTS = ("event-last-many", "event-kept-many", "event-published-first", "event-published-once", "event-given-back")
RULES: Sequence[type[Signals]] = (
    ForgetsThatASignalWasTaken,
    RemovesTheWaiterFirst,
    NamesAWaiterUntold,
    WritesOverWhatItDidNotRead,
)
ANSWERS: Sequence[type[AnswerService]] = (TakesSilenceForNo, TakesWhatIsOverForUntaken)
SETTINGS: Mapping[type[Any], Mapping[str, type[Any]]] = {
    **{rule: {"signals": rule} for rule in RULES},
    **{rule: {"answering": rule} for rule in ANSWERS},
}
"""Each with what it takes the place of."""
IN_MAPS: Mapping[type[AnswerService], Sequence[str]] = {
    PassesNothingOn: ("event-large-map",),
    KeepsWithoutAReceipt: ("event-left-large-map",),
}
"""Each with the scenario that is to catch it."""
