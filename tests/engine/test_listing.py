"""Under which status executions are kept while they live, whichever way they go on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.executions.listing import LIVES_LONG, NEWEST, status_of
from chalicelib.core.executions.model import ExecutionStatus, State
from chalicelib.core.values.value import copy_with
from chalicelib.engine.due_sweep import relisted
from tests.home import CALL, ECHO, SUB, Home

RUNNING = ExecutionStatus.RUNNING


def wait(seconds: int) -> dict[str, Any]:
    return {"type": "wait", "seconds": seconds}


def retrying(seconds: int) -> dict[str, Any]:
    return {
        **CALL,
        "retry": [{"errors": ["*"], "maxAttempts": 9, "intervalSeconds": seconds, "backoffRate": 1, "jitter": "none"}],
    }


SHAPES: Mapping[str, list[dict[str, Any]]] = {
    "short waits": [wait(50)] * 40,
    "a wait that a message just spans": [wait(900), wait(120)],
    "a wait that it just does not span": [wait(901), wait(1200), wait(1)],
    "waits of some minutes": [wait(540), wait(420), wait(700)],
    "long waits": [wait(3600), wait(3600)],
    "a child that waits": [SUB],
    "a child, late": [wait(500), SUB],
    "retries": [retrying(300)],
    "an answer": [{"type": "callback", "timeoutSeconds": 5000}],
    "branches": [
        {
            "type": "parallel",
            "branches": [
                {"id": "short", "steps": [{"id": "a", **wait(100)}, {"id": "b", **wait(100)}]},
                {"id": "long", "steps": [{"id": "c", **wait(4000)}]},
            ],
        }
    ],
}


@pytest.mark.parametrize("name", SHAPES)
def test_what_lives_is_among_the_newest_or_kept_as_running(home: Home, name: str) -> None:
    home.create(wait(2600), name="other")
    home.create(*SHAPES[name])
    home.failures = ["Boom"] * 6
    home.execute("in")
    found = set()
    for _ in range(140):
        home.sweep_due()
        home.deliver_all()
        for item in map(home.read, home.executions.items):
            if not item.ended and home.clock.now() >= item.started_at + NEWEST:
                assert item.listed_under is RUNNING, (item.id, home.clock.now())
                found.add(item.id)
        home.clock.sleep(60)
    assert found
    for item in map(home.read, home.executions.items):
        assert item.ended
        assert item.listed_under is (None if item.state is State.SUCCEEDED else status_of(item.state))


def test_what_succeeds_within_minutes_is_never_kept(home: Home) -> None:
    home.create(ECHO, wait(30), name="other")
    home.create(wait(60), SUB, {"type": "map", "items": [1, 2], "steps": [{"id": "rest", **wait(20)}]}, retrying(30))
    home.failures = ["Boom"]
    home.execute("in")
    while home.queue.messages:
        home.deliver_all()
        home.sweep_due()
        assert home.executions.statuses == {}
        home.clock.sleep(10)
    assert {home.read(name).state for name in home.executions.items} == {State.SUCCEEDED}


def test_a_look_changes_the_status_with_the_due_time_only_where_it_is_another(home: Home) -> None:
    home.create(wait(1200))
    name = home.execute("in")
    home.clock.sleep(300)
    assert home.sweep_due() == 1
    item = home.read(name)
    assert item.listed_under is RUNNING
    assert relisted(item, item.due_at, home.clock.now()) is None
    assert relisted(None, None, home.clock.now()) is None


def test_what_was_written_since_it_was_looked_at_keeps_its_status(home: Home) -> None:
    home.create(wait(1200))
    name = home.execute("in")
    seen = home.read(name)
    assert seen.due_at is not None
    home.service.cancel("t", name)
    home.executions.due_times[name] = seen.due_at
    home.executions.defer(name, seen.due_at, None, copy_with(seen, listed_under=RUNNING))
    assert home.read(name).listed_under is ExecutionStatus.CANCELLED


def test_what_is_driven_on_is_running_again(home: Home) -> None:
    home.create(wait(60), retrying(10), wait(60))
    home.failures = ["Boom"] * 9
    name = home.execute("in")
    for _ in range(20):
        home.clock.sleep(10)
        home.deliver_all()
    assert home.read(name).listed_under is ExecutionStatus.FAILED
    home.clock.sleep(LIVES_LONG / timedelta(seconds=1))
    home.service.redrive("t", name)
    home.deliver_all()
    assert home.read(name).listed_under is RUNNING
    home.clock.sleep(60)
    home.deliver_all()
    assert (home.read(name).state, home.read(name).listed_under) == (State.SUCCEEDED, None)
