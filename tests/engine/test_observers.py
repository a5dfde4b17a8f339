import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.core.executions.inputs import CancelRequested
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import ApiInvocation
from chalicelib.engine.observers import Committed, log_turns
from chalicelib.ports import Stale
from tests.home import CALL, ECHO, WAIT, Home, with_rows

DATA = "swordfish"
LOSSES = {"the answer is lost": UnavailableError("no answer"), "a retry finds its own write": Stale()}


@pytest.fixture
def seen() -> list[Committed]:
    return []


@pytest.fixture
def home(seen: list[Committed]) -> Iterator[Home]:
    return Home(observers=(seen.append,))


def losing(home: Home, loss: Exception) -> Callable[..., Any]:
    """Let the next write of an execution take effect, and its answer be lost."""
    whole, losses = home.dependencies.executions.update, [loss]

    def update(execution: Execution, *rest: Any) -> Any:
        image = whole(execution, *rest)
        if not losses:
            return image
        lost = losses.pop()
        raise Stale(execution) if isinstance(lost, Stale) else lost

    return update


class Losing:
    """A store of which one answer is lost."""

    def __init__(self, home: Home, loss: Exception) -> None:
        self.store, self.update = home.dependencies.executions, losing(home, loss)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def test_each_write_is_seen_once_with_what_it_commits(home: Home, seen: list[Committed]) -> None:
    home.create(ECHO, WAIT, CALL)
    name = home.execute("in")
    home.clock.sleep(45)
    home.deliver_all()
    assert [committed.after.version for committed in seen] == list(range(1, home.read(name).version + 1))
    assert [committed.before.version for committed in seen] == list(range(home.read(name).version))
    assert [str(entry.state) for committed in seen for entry in committed.entries] == home.recorded(name)
    assert seen[-1].after.state is State.SUCCEEDED


def test_what_is_seen_is_what_was_written(home: Home, seen: list[Committed]) -> None:
    with_rows(home)
    home.create(ECHO, WAIT)
    name = home.execute("in")
    assert seen[-1].after == home.read(name)
    assert seen[-1].after.head is not None


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_a_write_whose_answer_is_lost_is_seen_once_it_is_found(
    home: Home, seen: list[Committed], loss: Exception
) -> None:
    home.create(ECHO, WAIT)
    home.dependencies = copy_with(home.dependencies, executions=Losing(home, loss))
    home.execute("in")
    assert [committed.after.version for committed in seen] == [1]


def test_a_write_that_loses_is_not_seen(home: Home, seen: list[Committed]) -> None:
    home.create(WAIT)
    name = home.execute("in")
    before = len(seen)
    rival = home.read(name)
    home.executions.update(copy_with(rival, version=rival.version + 1, writer="rival#1"))
    home.clock.sleep(45)
    home.deliver()
    assert [committed.before.version for committed in seen[before:]] == [rival.version + 1]


def test_what_an_api_call_writes_is_seen(home: Home, seen: list[Committed]) -> None:
    home.create(WAIT)
    name = home.execute("in")
    ApiInvocation(home.dependencies, name, CancelRequested(), "asked").result()
    assert seen[-1].after.state is State.CANCELLED


def test_an_observer_that_fails_harms_nobody(
    home: Home, seen: list[Committed], caplog: pytest.LogCaptureFixture
) -> None:
    def fails(committed: Committed) -> None:
        raise ValueError("it cannot")

    home.dependencies = copy_with(home.dependencies, observers=(fails, seen.append))
    home.create(ECHO)
    name = home.execute("in")
    assert home.read(name).state is State.SUCCEEDED
    assert len(seen) == 1
    said = json.loads(caplog.messages[0])
    assert (said["message"], said["execution"]) == ("observer failed", name)


def test_every_turn_is_a_line_that_says_whose_it_is_and_nothing_of_the_data(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    home.dependencies = copy_with(home.dependencies, observers=(log_turns,))
    home.create({**ECHO, "stash": "kept"}, {"type": "fail", "error": DATA, "cause": DATA})
    with caplog.at_level(logging.INFO, "sedo"):
        name = home.execute(DATA)
    lines = [json.loads(message) for message in caplog.messages]
    assert [said["state"] for said in lines] == home.recorded(name)
    assert {said["execution"] for said in lines} == {name}
    assert set(lines[0]) == {
        "message", "tenant", "execution", "version", "request", "thread", "turn", "step", "attempt", "state"
    }  # fmt: skip
    assert DATA not in caplog.text


def test_without_the_level_nothing_is_written(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.dependencies = copy_with(home.dependencies, observers=(log_turns,))
    home.create(ECHO)
    with caplog.at_level(logging.WARNING, "sedo"):
        home.execute("in")
    assert caplog.messages == []
