"""Starts against the quotas of a tenant, of several processes at once, and what each start costs."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.memory.stores import MemoryClock, MemoryExecutions
from chalicelib.adapters.memory.usage import MemoryUsage
from chalicelib.core.access.quotas import Quotas, StartSlot
from chalicelib.core.executions.listing import Summary
from chalicelib.core.executions.model import State
from chalicelib.core.values.errors import QuotaError, TenantStoppedError
from chalicelib.usecases.quotas import LOOKED_AT, StartQuotas

START = datetime(2026, 1, 1, tzinfo=UTC)


class Executions(MemoryExecutions):
    """Executions of which there are only headers."""

    def __init__(self) -> None:
        super().__init__()
        self.headers: dict[str, Summary] = {}

    def summaries(self, ids: Sequence[str]) -> Mapping[str, Summary]:
        assert len(ids) <= LOOKED_AT
        return {name: self.headers[name] for name in ids if name in self.headers}


class Usage(MemoryUsage):
    """Usage whose calls are counted; before each, something else may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.before: Callable[[], None] = lambda: None

    def count_start(self, tenant_id: str, second: int, most: int) -> bool:
        self.calls["count"] += 1
        self.before()
        return super().count_start(tenant_id, second, most)

    def slots(self, tenant_id: str, most: int) -> Sequence[StartSlot]:
        self.calls["look"] += 1
        return super().slots(tenant_id, most)

    def take(self, slot: StartSlot, instead: StartSlot | None) -> bool:
        self.calls["take"] += 1
        self.before()
        return super().take(slot, instead)


class World:
    """A tenant ``t`` with quotas, and processes that start executions of it."""

    def __init__(self, **quotas: Any) -> None:
        self.quotas = Quotas(**quotas)
        self.usage, self.executions, self.clock = Usage(), Executions(), MemoryClock(START)
        self.random = random.Random(1)
        self.numbers = iter(range(10**6))

    def process(self) -> StartQuotas:
        return StartQuotas(lambda _: self.quotas, self.usage, self.executions, self.clock, self.random.sample)

    def start(self, process: StartQuotas) -> str:
        """Start an execution, as the use case does."""
        name = f"t:d:{next(self.numbers)}"
        process.admit(name)
        self.write(name, None)
        return name

    def write(self, name: str, ended_at: datetime | None) -> None:
        state = State.STARTED if ended_at is None else State.SUCCEEDED
        self.executions.headers[name] = Summary(name, "t", "d", 1, state, "a", self.clock.now(), ended_at)

    def end(self, name: str) -> None:
        self.write(name, self.clock.now())

    def pass_time(self, seconds: float) -> None:
        self.clock.instant += timedelta(seconds=seconds)

    @property
    def in_flight(self) -> int:
        return sum(found.ended_at is None for found in self.executions.headers.values())


def refused(world: World, process: StartQuotas) -> QuotaError:
    with pytest.raises(QuotaError) as error:
        world.start(process)
    return error.value


def test_without_quotas_a_start_asks_nothing() -> None:
    world = World()
    world.start(world.process())
    assert world.usage.calls == {}


def test_a_stopped_tenant_starts_nothing_and_asks_nothing() -> None:
    world = World(stopped=True, starts_per_second=1, executions_in_flight=1)
    process = world.process()
    assert isinstance(refused(world, process), TenantStoppedError)
    with pytest.raises(TenantStoppedError):
        process.require_started("t")
    assert world.usage.calls == {}


def test_as_many_start_in_a_second_as_the_quota_says() -> None:
    world = World(starts_per_second=3)
    processes = [world.process() for _ in range(2)]
    for each in (0, 1, 0):
        world.start(processes[each])
    assert refused(world, processes[1]).retry_after == 1
    world.pass_time(1)
    world.start(processes[1])


def test_a_start_is_one_write_and_those_that_are_refused_are_one_in_a_second_and_process() -> None:
    world = World(starts_per_second=2)
    process = world.process()
    for _ in range(2):
        world.start(process)
    for _ in range(100):
        refused(world, process)
    assert world.usage.calls == {"count": 3}


def test_as_many_are_in_flight_as_the_quota_says() -> None:
    world = World(executions_in_flight=2)
    process = world.process()
    first, _ = world.start(process), world.start(process)
    assert refused(world, process).retry_after == 5
    world.end(first)
    world.pass_time(1)
    world.start(process)
    world.pass_time(1)
    refused(world, process)


def test_a_process_that_finds_no_slot_does_not_look_again_for_a_second() -> None:
    world = World(executions_in_flight=1)
    process = world.process()
    world.start(process)
    for _ in range(100):
        refused(world, process)
    assert world.usage.calls["look"] == 2


def test_short_executions_cost_a_write_each_and_a_look_for_a_hundred() -> None:
    world = World(executions_in_flight=200)
    process = world.process()
    for _ in range(1_000):
        world.end(world.start(process))
        world.pass_time(0.01)
    assert world.usage.calls["take"] == 1_000
    assert world.usage.calls["look"] == 10


def test_a_redriven_execution_holds_a_slot_though_it_ended_before() -> None:
    world = World(executions_in_flight=1)
    process = world.process()
    name = world.start(process)
    world.end(name)
    world.pass_time(10)
    process.admit(name)
    refused(world, process)


def test_a_start_that_died_before_its_execution_was_there_holds_its_slot_for_a_minute() -> None:
    world = World(executions_in_flight=1)
    process = world.process()
    process.admit("t:d:lost")
    refused(world, process)
    world.pass_time(61)
    world.start(process)


def test_a_lowered_quota_counts_for_what_starts_then() -> None:
    world = World(executions_in_flight=4)
    process = world.process()
    names = [world.start(process) for _ in range(4)]
    world.quotas = Quotas(executions_in_flight=1)
    for name in names[1:]:
        world.end(name)
    for name in names[:1]:
        world.end(name)
    world.pass_time(2)
    world.start(process)
    refused(world, process)


def test_a_process_that_knows_of_free_slots_above_a_lowered_quota_takes_none_of_them() -> None:
    world = World(executions_in_flight=50)
    process = world.process()
    world.end(world.start(process))
    world.quotas = Quotas(executions_in_flight=2)
    for _ in range(2):
        world.start(process)
    refused(world, process)
    assert world.in_flight == 2


def test_tenants_do_not_share_a_quota() -> None:
    world = World(executions_in_flight=1, starts_per_second=1)
    process = world.process()
    process.admit("t:d:1")
    process.admit("u:d:1")
    refused(world, process)


def test_parallel_threads_never_start_more_than_the_quotas_say() -> None:
    world = World(executions_in_flight=20, starts_per_second=30)
    process, barrier, found = world.process(), Barrier(8), list[str]()

    def run() -> None:
        barrier.wait()
        for _ in range(10):
            try:
                found.append(world.start(process))
            except QuotaError:
                return

    threads = [Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) <= 20
    assert world.in_flight == len(found)


@settings(max_examples=200)
@given(st.data())
def test_whatever_happens_between_two_calls_never_more_are_in_flight_or_start_in_a_second(data: st.DataObject) -> None:
    """Processes interleave: while one is about to write, others start, end, and die."""
    most, rate = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 6))
    world = World(executions_in_flight=most, starts_per_second=rate)
    processes = [world.process() for _ in range(3)]
    depth = 0
    admitted = Counter[int]()

    def act() -> None:
        nonlocal depth
        doing = data.draw(st.sampled_from(["start", "die", "end", "wait", "long"]))
        live = [name for name, found in world.executions.headers.items() if found.ended_at is None]
        if doing == "end" and live:
            world.end(data.draw(st.sampled_from(live)))
        elif doing in {"wait", "long"} and depth == 0:
            world.pass_time(0.4 if doing == "wait" else 70)
        elif doing in {"start", "die"}:
            process = data.draw(st.sampled_from(processes))
            try:
                if doing == "start":
                    world.start(process)
                else:
                    process.admit(f"t:d:{next(world.numbers)}")
                admitted[int(world.clock.now().timestamp())] += 1
            except QuotaError:
                pass

    def between() -> None:
        nonlocal depth
        if depth < 2 and data.draw(st.booleans()):
            depth += 1
            act()
            depth -= 1

    world.usage.before = between
    for _ in range(data.draw(st.integers(1, 12))):
        act()
        assert world.in_flight <= most
        assert all(count <= rate for count in admitted.values())
