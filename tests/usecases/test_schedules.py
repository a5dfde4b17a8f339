"""Schedules start their executions once at each time, whatever is killed, lost, throttled or doubled."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.schedules import MemorySchedules
from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.core.access.entries import OF_TENANT, AccessEntry, EntryKind
from chalicelib.core.executions.model import State
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import Schedule
from chalicelib.core.values.errors import (
    InvalidInputError,
    MissingRightError,
    NotYetError,
    PreconditionFailedError,
    ScheduleNotFoundError,
    StateError,
    TenantStoppedError,
    UnavailableError,
)
from chalicelib.core.values.json import format_instant
from chalicelib.core.values.value import copy_with
from chalicelib.wiring import graph
from chalicelib.wiring.settings import Settings
from tests.usecases.scheduled import ECHO, HOURLY, LEFT, LONG, NOON, SKIPPING, STRICT, Fault, Killed, World


def faults() -> Iterator[tuple[int, Fault]]:
    """Strike each call of a story in every way that it can be."""
    world = World()
    story(world)
    for number, name in enumerate(world.calls):
        if name:
            kinds = [each for each in Fault if each is not Fault.TWICE or name == "queue.send"]
            yield from ((number, kind) for kind in kinds)


def story(world: World) -> None:
    """Two times of a schedule, and as long after the first as a message is hidden that a function took with it."""
    world.put()
    for hour, minutes in ((0, 7), (1, 2)):
        world.clock.instant = NOON + timedelta(hours=hour, minutes=-2)
        world.go_to(hour + minutes / 60)


def test_each_time_starts_one_execution_whatever_call_is_struck() -> None:
    struck = [*faults()]
    assert len({number for number, _ in struck}) > 20
    for number, fault in struck:
        world = World(number, fault)
        story(world)
        about = f"{number} {world.calls[number]}: {fault}"
        assert world.started() == ["~s.20260131T120000Z", "~s.20260131T130000Z"], about
        assert world.states() == {State.SUCCEEDED}, about
        schedule = world.schedule
        assert (schedule.owed, schedule.problem, schedule.next_at) == (None, None, NOON + timedelta(hours=2)), about
        assert schedule.last is not None
        assert schedule.last.at == NOON + timedelta(hours=1), about


def test_a_start_that_is_asked_for_happens_once_whatever_call_is_struck() -> None:
    whole = World()
    whole.put()
    whole.is_watched = True
    whole.start("0f1e")
    for number in range(1, len(whole.calls)):
        for fault in (Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.REFUSE, Fault.LOSE):
            world = World(number, fault)
            world.put()
            world.is_watched = True
            with suppress(Killed, UnavailableError):
                world.start("0f1e")
            world.start("0f1e")
            world.is_watched = False
            about = f"{number} {whole.calls[number]}: {fault}"
            assert world.started() == ["~s.0f1e"], about
            assert (world.schedule.owed, world.schedule.next_at) == (None, NOON), about


def test_a_start_that_is_asked_for_again_is_the_first_one_whatever_was_started_since() -> None:
    world = World(definition=LONG)
    world.put(copy_with(SKIPPING, input={"a": 1}))
    world.start("0f1e")
    world.wired.services.executions.cancel("t", "t:d:~s.0f1e")
    since = world.start("0f2e").last
    world.put(copy_with(SKIPPING, input={"a": 2}))
    again = world.start("0f1e").last
    assert again is not None
    assert again.execution == "t:d:~s.0f1e"
    assert world.started() == ["~s.0f1e", "~s.0f2e"]
    assert (world.schedule.last, world.schedule.problem) == (since, None)


def test_a_start_that_is_asked_for_again_is_held_to_the_rights_of_who_asks() -> None:
    world = World()
    world.put()
    world.start("0f1e")
    world.start("0f2e")

    def permit(*_: object) -> None:
        raise MissingRightError("no")

    with pytest.raises(MissingRightError):
        world.service.start("t", "s", "0f1e", permit)


def test_what_was_asked_for_is_started_by_the_sweep_if_the_process_has_died() -> None:
    world = World()
    world.put()
    world.store.put(world.schedule.asked(world.clock.now(), "0f1e"))
    world.go_to(-0.4)
    assert world.started() == ["~s.0f1e"]


def test_executions_say_that_the_schedule_started_them() -> None:
    world = World()
    world.put(copy_with(HOURLY, input={"a": 1}))
    world.go_to(0)
    (execution,) = world.executions.items
    item = world.executions.get(execution)
    assert item is not None
    assert (item.started_by, item.input, item.started_at) == ("schedule:s", {"a": 1}, NOON)


def test_after_an_outage_the_newest_missed_time_is_started() -> None:
    world = World()
    world.put()
    world.clock.instant = NOON + timedelta(hours=5.5)
    world.go_to(5.6)
    assert world.started() == ["~s.20260131T170000Z"]


def test_a_time_is_passed_over_while_the_last_execution_runs() -> None:
    world = World(definition=LONG)
    world.put(SKIPPING)
    world.go_to(1.1)
    assert world.started() == ["~s.20260131T120000Z"]
    assert world.schedule.skipped_at == NOON + timedelta(hours=1)
    with pytest.raises(StateError, match="still runs, and overlap is skip"):
        world.start()
    world.go_to(3.1)
    assert world.started() == ["~s.20260131T120000Z", "~s.20260131T150000Z"]


def test_executions_run_beside_each_other_if_nothing_else_is_said() -> None:
    world = World(definition=LONG)
    world.put()
    world.go_to(1.1)
    assert len(world.started()) == 2


def test_an_input_that_no_longer_fits_is_told_and_nothing_starts() -> None:
    world = World()
    world.put()
    world.define(STRICT)
    world.go_to(0.1)
    assert world.started() == []
    assert world.schedule.problem is not None
    assert world.schedule.problem.message == (
        "input does not pass inputSchema validation: start it by hand to see where"
    )
    with pytest.raises(InvalidInputError):
        world.start()
    world.define(ECHO)
    world.go_to(1.1)
    assert world.schedule.problem is None


def test_a_definition_that_is_gone_is_told() -> None:
    world = World()
    world.put()
    world.wired.services.definitions.retire_definition("t", "d")
    world.go_to(0.1)
    assert world.schedule.problem is not None
    assert "definition" in world.schedule.problem.message


def stop(world: World, version: int, *, stopped: bool = True, **quotas: Any) -> None:
    document: Any = {"stopped": stopped, "quotas": quotas}
    world.wired.access.service.store.put(AccessEntry("t", EntryKind.TENANT, OF_TENANT, document, NOON, None, version))


def test_a_stopped_tenant_starts_nothing_and_then_the_newest_missed_time() -> None:
    world = World()
    world.put()
    stop(world, 1)
    world.go_to(2.1)
    assert world.started() == []
    assert world.schedule.problem is not None
    assert "the tenant is stopped" in world.schedule.problem.message
    with pytest.raises(TenantStoppedError):
        world.start()
    stop(world, 2, stopped=False)
    world.go_to(2.4)
    assert world.started() == ["~s.20260131T140000Z"]
    assert world.schedule.problem is None


def test_a_start_that_a_quota_does_not_allow_is_tried_again() -> None:
    world = World(definition=LONG)
    world.put()
    stop(world, 1, stopped=False, executionsInFlight=1)
    world.go_to(1.1)
    assert world.started() == ["~s.20260131T120000Z"]
    assert world.schedule.problem is not None
    assert "in flight" in world.schedule.problem.message
    world.go_to(2.5)
    assert world.started()[1] == "~s.20260131T130000Z"


def test_starts_that_a_quota_refuses_together_do_not_come_again_together() -> None:
    world, most = World(), 30
    for number in range(most):
        world.service.put("t", f"s{number}", HOURLY, by=None, permit=lambda *_: None)
    stop(world, 1, stopped=False, startsPerSecond=1)
    world.clock.instant = NOON - timedelta(minutes=1)
    while world.clock.instant < NOON + timedelta(minutes=4):
        world.step(timedelta(seconds=1))
    assert len(world.started()) > most // 2


def test_what_a_quota_holds_back_is_not_started_while_the_schedule_is_paused() -> None:
    world = World(definition=LONG)
    world.put()
    stop(world, 1, stopped=False, executionsInFlight=1)
    world.go_to(1.1)
    world.service.pause("t", "s", "bob")
    world.go_to(3.1)
    assert world.started() == ["~s.20260131T120000Z"]
    world.service.resume("t", "s", "bob")
    world.go_to(3.2)
    assert world.started()[1:] == ["~s.20260131T150000Z"]


def test_a_schedule_that_is_deleted_starts_nothing() -> None:
    world = World()
    world.put()
    world.go_to(-0.5 / 60)  # its message is under way
    assert world.queue.messages
    world.service.delete("t", "s")
    world.go_to(0.1)
    assert world.started() == []
    assert not world.queue.messages
    for act in (world.service.delete, world.service.read):
        with pytest.raises(ScheduleNotFoundError):
            act("t", "s")


def test_a_message_that_comes_too_early_comes_again() -> None:
    world = World()
    world.put()
    world.service.start_due("t:s", format_instant(NOON))
    assert [message.visible_at for message in world.queue.messages.values()] == [
        world.clock.instant + timedelta(minutes=15)
    ]
    world.service.start_due("t:s", format_instant(NOON - timedelta(hours=1)))
    assert len(world.queue.messages) == 1


def test_a_paused_schedule_starts_nothing_until_it_goes_on() -> None:
    world = World()
    world.put()
    assert world.service.pause("t", "s", "bob").paused
    world.go_to(1.5)
    assert world.started() == []
    world.start("0f1e")
    assert not world.service.resume("t", "s", "bob").paused
    world.go_to(1.6)
    assert world.started() == ["~s.0f1e", "~s.20260131T130000Z"]


def test_what_is_owed_is_started_before_the_schedule_says_something_else() -> None:
    world = World()
    world.put()
    world.clock.instant = NOON
    world.store.put(world.schedule.taken_up(NOON))
    world.put(copy_with(HOURLY, title="Another"))
    assert world.started() == ["~s.20260131T120000Z"]
    assert (world.schedule.content.title, world.schedule.next_at) == ("Another", NOON + timedelta(hours=1))


def test_a_start_is_refused_while_another_one_is_owed() -> None:
    world = World(definition=LONG)
    world.put()
    stop(world, 1, stopped=False, executionsInFlight=1)
    world.clock.instant += timedelta(minutes=2)
    world.start("a")
    world.store.put(world.schedule.asked(world.clock.now(), "b"))
    with pytest.raises(NotYetError, match=r"has still to start t:d:~s\.b"):
        world.start("c")


def test_a_condition_holds_a_change_back() -> None:
    world = World()

    def refuse(_found: Schedule | None) -> None:
        raise PreconditionFailedError

    with pytest.raises(PreconditionFailedError):
        world.put(require=refuse)
    world.put()
    with pytest.raises(PreconditionFailedError):
        world.service.delete("t", "s", refuse)
    assert world.schedule.number == 1


def test_an_input_that_does_not_fit_is_refused() -> None:
    world = World(definition=STRICT)
    with pytest.raises(InvalidInputError):
        world.put()
    assert not world.store.schedules


def test_a_time_that_no_run_of_the_sweep_sees_ahead_is_started_in_time() -> None:
    world = World()
    world.swept, world.clock.instant = 30, NOON - timedelta(seconds=15)
    world.put(copy_with(HOURLY, plan=Plan("* * * * *")))
    starts = []
    for _ in range(12):
        world.step(timedelta(seconds=15))
        starts += [item.started_at for item in world.executions.read([*world.executions.items]).values()]
    assert sorted({*starts}) == [NOON + timedelta(minutes=n) for n in range(3)]


def test_a_time_that_was_missed_during_a_pause_is_started_as_the_schedule_goes_on() -> None:
    world = World()
    world.put()
    world.service.pause("t", "s", None)
    world.clock.instant = NOON + timedelta(seconds=20)
    world.service.resume("t", "s", None)
    world.deliver()
    assert world.started() == ["~s.20260131T120000Z"]


class Lost(MemorySchedules):
    def due(self, until: datetime, limit: int) -> Sequence[tuple[str, str, datetime]]:
        raise ValueError("there is no such table")


def test_schedules_that_cannot_be_swept_keep_no_execution_waiting() -> None:
    clock = MemoryClock(NOON)
    wired = graph.in_memory(Settings(), clock=clock, schedules=Lost)
    wired.services.definitions.create_definition("t", {"id": "d", **LONG})
    wired.services.executions.execute("t", "d", {})
    clock.instant += timedelta(seconds=9_000)
    assert wired.sweep_due("s", LEFT) == 1
