"""How a tenant is brought to stand still, a part at a time."""

from datetime import timedelta

import pytest

from chalicelib.adapters.memory.stores import MemoryClock, MemoryExecutions
from chalicelib.core.access.quotas import Quotas
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.values.errors import StateError
from chalicelib.usecases.standstill import Standstill
from tests.adapters.examples import NOW, following, submitted

STOPPED = Quotas(stopped=True)


class World:
    """A tenant with executions that run; to pause one takes a while."""

    def __init__(self, count: int, seconds: float, quotas: Quotas = STOPPED) -> None:
        self.clock, self.executions, self.seconds = MemoryClock(NOW), MemoryExecutions(), seconds
        self.names = [f"{number:08x}" for number in range(count)]
        for name in self.names:
            self.executions.create(submitted("t", name))
        self.standstill = Standstill(self.executions, lambda _: quotas, self.pause, self.clock)

    def pause(self, tenant_id: str, execution_id: str, actor: str | None, reason: str | None) -> Execution:
        assert (tenant_id, actor, reason) == ("t", "ada", "the bill")
        self.clock.instant += timedelta(seconds=self.seconds)
        item = self.executions.get(execution_id)
        assert item is not None
        if execution_id.endswith("ended"):
            raise StateError("it has just ended")
        paused = following(item, state=State.PAUSED)
        self.executions.update(paused)
        return paused

    def go_on(self) -> tuple[int, bool]:
        return self.standstill.pause_all("t", "ada", "the bill")


def test_a_tenant_that_is_not_stopped_is_not_paused() -> None:
    with pytest.raises(StateError, match="the tenant is not stopped"):
        World(1, 0, Quotas()).go_on()


def test_what_runs_is_paused_the_oldest_first_until_the_time_is_over_and_a_repeat_goes_on() -> None:
    world = World(10, 4)
    assert [world.go_on() for _ in range(4)] == [(4, True), (4, True), (2, False), (0, False)]


def test_more_than_a_page_is_paused() -> None:
    world = World(250, 0)
    assert world.go_on() == (250, False)


def test_what_ends_meanwhile_is_left_alone() -> None:
    world = World(2, 0)
    world.executions.create(submitted("t", "has-ended"))
    world.executions.create(submitted("u", "another"))
    assert world.go_on() == (2, False)
