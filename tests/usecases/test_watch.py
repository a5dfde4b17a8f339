"""The watch over a stage: what it checks, mends and ends, and what that costs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.executions.model import ExecutionStatus
from chalicelib.core.records.incident import Incident, IncidentKind, IncidentState, of_execution
from chalicelib.core.values.errors import UnavailableError, UnknownFormatError
from chalicelib.core.values.value import copy_with
from chalicelib.usecases.watch import StageWatch
from tests.home import CALL, ECHO, WAIT, Home

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def home() -> Home:
    return Home()


class Replaced:
    """Executions of which one method does something else."""

    def __init__(self, home: Home, name: str, does: Callable[..., Any]) -> None:
        self._home, self._name, self._does = home, name, does

    def __getattr__(self, method: str) -> Any:
        return self._does if method == self._name else getattr(self._home.executions, method)


def watch(home: Home, minutes: float = 1) -> StageWatch:
    until = home.clock.now() + minutes * MINUTE
    return StageWatch(home.dependencies, home.incidents, next(home.requests), until)


def opened(home: Home) -> list[Incident]:
    return [each for each in home.incidents.items.values() if each.state is IncidentState.OPEN]


def stand(home: Home) -> str:
    """Leave an execution as it is when its function has died, and its message is gone."""

    def die(*_: object) -> Any:
        raise KeyboardInterrupt

    home.create(WAIT, CALL, ECHO)
    name = home.execute("in")
    home.performers = {**home.performers, "call": die}
    home.clock.sleep(45)
    with pytest.raises(KeyboardInterrupt):
        home.deliver()
    home.queue.messages.clear()
    home.performers = {**home.performers, "call": home.call}
    assert home.read(name).step == "step-1"
    return name


class TestSample:
    def test_what_stands_is_woken_and_an_incident(self, home: Home) -> None:
        name = stand(home)
        watch(home).run()
        assert (opened(home), home.waiting()) == ([], [])
        home.clock.sleep(3600)
        watch(home).run()
        (found,) = opened(home)
        assert (found.kind, found.execution_id) == (IncidentKind.STUCK, name)
        assert found.detail.startswith(f"{name} does not move, at step-1: it runs since 2026-01-01T")
        home.deliver_all()
        assert home.read(name).output == "in"
        home.clock.sleep(60)
        watch(home).run()
        assert opened(home) == []

    def test_what_is_still_stuck_is_woken_again_some_time(self, home: Home) -> None:
        stand(home)
        home.clock.sleep(3600)
        sent = []
        for _ in range(21):
            watch(home).run()
            sent.append(len(home.waiting()))
            home.queue.messages.clear()
            home.clock.sleep(60)
        assert len(opened(home)) == 1
        assert sum(sent) == 3

    def test_a_start_without_a_name_whose_message_is_gone_is_sent_again(self, home: Home) -> None:
        home.create(ECHO)
        started, _ = home.service.execute("t", "d", "in")
        home.queue.messages.clear()
        home.clock.sleep(15 * 60 - 1)
        watch(home).run()
        assert (home.sweep_due(), opened(home), home.waiting()) == (0, [], [])
        home.clock.sleep(1)
        watch(home).run()
        assert [(each.kind, each.execution_id) for each in opened(home)] == [(IncidentKind.STUCK, started.id)]
        home.deliver_all()
        assert home.read(started.id).output == "in"

    def test_what_the_schedule_does_not_know_is_indexed_again(self, home: Home) -> None:
        home.create(WAIT)
        name = home.execute()
        due = home.read(name).due_at
        home.executions.due_times.clear()
        home.executions.statuses[name] = ExecutionStatus.FAILED
        watch(home).run()
        item = home.read(name)
        assert (item.due_at, item.listed_under) == (due, None)
        assert [each.kind for each in opened(home)] == [IncidentKind.STUCK]

    def test_what_is_only_listed_wrong_is_no_incident(self, home: Home) -> None:
        home.create(WAIT)
        name = home.execute()
        home.executions.statuses[name] = ExecutionStatus.FAILED
        watch(home).run()
        assert (home.read(name).listed_under, opened(home)) == (None, [])

    def test_what_goes_on_meanwhile_is_left_alone(self, home: Home) -> None:
        name = stand(home)
        home.clock.sleep(3600)
        assert watch(home).mend(f"{name}-not") is False
        home.executions.items[name] = home.executions.items[name].replace('"dead"', '"r"')
        home.clock.sleep(-3600)
        assert watch(home).mend(name) is False

    @pytest.mark.parametrize("error", [ValueError("damaged"), UnknownFormatError("execution x", "9")])
    def test_one_that_cannot_be_looked_at_keeps_no_other_standing(self, home: Home, error: Exception) -> None:
        first, second = stand(home), stand(home)
        home.clock.sleep(3600)
        read = home.executions.get

        def get(name: str) -> Any:
            if name == first:
                raise error
            return read(name)

        home.dependencies = copy_with(home.dependencies, executions=Replaced(home, "get", get))
        watch(home).run()
        assert [each.execution_id for each in opened(home)] == [second]


class TestEnds:
    def test_an_incident_ends_when_its_execution_has_moved_or_is_gone(self, home: Home) -> None:
        home.create(WAIT, ECHO)
        one, other = home.execute(), home.execute()
        for name in (one, other):
            home.incidents.record(of_execution(IncidentKind.MESSAGE_LOST, home.read(name), home.clock.now(), "late"))
        watch(home).run()
        assert len(opened(home)) == 2
        home.clock.sleep(46)
        home.deliver_all()
        del home.executions.items[other]
        home.executions.due_times.clear()
        home.clock.sleep(60)
        watch(home).run()
        assert {each.execution_id: each.ended for each in home.incidents.items.values()} == {
            one: f"{one} has moved on: it is ExecutionSucceeded at version 2",
            other: f"{other} does not exist",
        }

    def test_one_whose_execution_cannot_be_read_stays_open(self, home: Home) -> None:
        home.create(WAIT)
        name = home.execute()
        home.incidents.record(of_execution(IncidentKind.MESSAGE_LOST, home.read(name), home.clock.now(), "late"))
        home.dependencies = copy_with(home.dependencies, executions=Replaced(home, "read", lambda *_: {}))
        watch(home).end_incidents()
        assert len(opened(home)) == 1

    def test_what_is_about_no_execution_is_read_nowhere(self, home: Home) -> None:
        home.incidents.record(Incident(IncidentKind.INDEX_BEHIND, "shard-1", home.clock.now(), "late"))
        home.calls.clear()
        watch(home).end_incidents()
        assert (len(opened(home)), home.calls["executions.read"]) == (1, 0)


class TestCost:
    def test_a_stage_in_which_nothing_runs_costs_a_look_at_a_sample(self, home: Home) -> None:
        home.calls.clear()
        watch(home).run()
        assert {name: n for name, n in home.calls.items() if n} == {"executions.sample": 1}

    def test_what_runs_as_it_should_costs_no_more(self, home: Home) -> None:
        home.create(WAIT)
        for _ in range(5):
            home.execute()
        home.calls.clear()
        watch(home).run()
        assert {name: n for name, n in home.calls.items() if n} == {"executions.sample": 1}

    def test_without_time_nothing_is_done(self, home: Home) -> None:
        home.calls.clear()
        watch(home, minutes=0).run()
        assert not home.calls.total()


@pytest.mark.parametrize("error", [UnavailableError("no"), ValueError("odd")])
def test_a_sample_that_cannot_be_read_keeps_no_incident_from_its_end(home: Home, error: Exception) -> None:
    home.create(ECHO)
    name = home.execute()
    home.incidents.record(of_execution(IncidentKind.POISON, home.read(name), home.clock.now(), "it died"))
    del home.executions.items[name]

    def fail(*_: object) -> Any:
        raise error

    home.dependencies = copy_with(home.dependencies, executions=Replaced(home, "sample", fail))
    watch(home).run()
    assert opened(home) == []
