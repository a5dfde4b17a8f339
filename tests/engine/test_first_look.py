"""A publisher looks first at a copy of the table, which need not have yet who has just begun to wait."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.core.executions.model import Signal
from chalicelib.core.values.json import Json, Problem
from chalicelib.core.waits.correlation import Channel, Waiter
from chalicelib.engine.signals import Signals

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAID = Channel("t", "paid", "order-1")
WAITER = Waiter("t:d:1", "main", 3, NOW)


class Lagging(MemorySignals):
    """A store whose copies have nobody who waits."""

    def waiting(self, *args: Any, consistent: bool = True, **kwargs: Any) -> Sequence[Waiter]:
        return super().waiting(*args, **kwargs) if consistent else ()


class Steps:
    """All take everything."""

    def __init__(self) -> None:
        self.given: list[tuple[Waiter, Json]] = []

    def refusals(self, waiter: Waiter, data: Json) -> Sequence[Problem]:
        return ()

    def waits(self, waiter: Waiter) -> bool:
        return True

    def give(self, channel: Channel, waiter: Waiter, signal: Signal) -> bool:
        self.given.append((waiter, signal.value))
        return True


@pytest.mark.parametrize("named", [True, False])
def test_it_is_given_the_event_all_the_same(*, named: bool) -> None:
    steps, signals = Steps(), Signals(Lagging(), MemoryClock(NOW))
    signals.subscribe(PAID, WAITER, lambda _: True, lambda _: None)
    event = Signal("event-1", "paid", NOW + timedelta(days=1), "card")
    assert signals.publish(PAID, event, steps, lambda _: None, named=named).waiter == WAITER
    assert steps.given == [(WAITER, "card")]
