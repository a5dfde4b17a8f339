"""Waiting for the end of an execution."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest

from chalicelib.core.records.shown import Outline, fitting, nothing
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.usecases.end_watch import EndWatch
from tests.home import ECHO, WAIT, Home

SOON = (0.02, 0.04, 0.06, 0.08, 0.1, 0.125, 0.1563, 0.1953)
"""Seconds."""


class Looked:
    """A store that notes when it is looked at, and whether that was strongly consistent; some looks go unanswered.

    Before some looks something happens, and some find what was there before it.
    """

    def __init__(
        self, home: Home, silent: Sequence[int] = (), before: Mapping[int, Callable[[], object]] | None = None
    ) -> None:
        self.home, self.silent, self.looks = home, silent, list[tuple[float, bool]]()
        self.choices = list[Any]()
        self.before, self.stale = before or {}, dict[int, Outline | None]()
        self.began = home.clock.now()

    def outline(self, execution_id: str, selection: Any, *, consistent: bool = True) -> Outline | None:
        self.looks.append(((self.home.clock.now() - self.began).total_seconds(), consistent))
        self.choices.append(selection)
        if len(self.looks) - 1 in self.silent:
            raise UnavailableError
        self.before.get(len(self.looks) - 1, lambda: None)()
        if len(self.looks) - 1 in self.stale:
            return self.stale[len(self.looks) - 1]
        return self.home.executions.outline(execution_id, selection)


@pytest.fixture
def home() -> Home:
    return Home()


def watch(home: Home, step: Any, silent: Sequence[int] = (), wait: float = 2, **more: Any) -> list[tuple[float, bool]]:
    home.create(step)
    execution, _ = home.service.execute("t", "d", "in")
    looked = Looked(home, silent)
    EndWatch(looked, home.clock).outline(execution.id, nothing, wait, **more)  # type: ignore[arg-type] # the rest is not used
    return looked.looks


def test_it_looks_at_half_the_price_but_for_the_first_and_the_last_look(home: Home) -> None:
    looks = watch(home, WAIT, wait=0.2)
    assert looks == [(0, True), *((pytest.approx(at, abs=1e-4), False) for at in SOON), (0.2, True)]


def test_it_looks_less_and_less_often_and_at_least_once_a_second(home: Home) -> None:
    instants = [at for at, _ in watch(home, WAIT, wait=25)]
    pauses = [round(later - at, 6) for at, later in pairwise(instants)][:-1]
    assert pauses == sorted(pauses)
    assert max(pauses) == 1
    assert len(instants) == 44


def test_an_end_is_seen_by_a_quarter_of_its_time_too_late_at_most(home: Home) -> None:
    instants = [at for at, _ in watch(home, WAIT, wait=4)]
    assert all(later <= 1.25 * at + 0.0201 for at, later in pairwise(instants))


def test_one_that_was_just_started_is_not_looked_at_at_once(home: Home) -> None:
    assert watch(home, WAIT, is_known=True)[0] == (0.02, False)


def test_a_look_that_is_not_answered_is_left_out(home: Home) -> None:
    assert len(watch(home, WAIT, silent=(1, 2), wait=0.2)) == 10
    with pytest.raises(UnavailableError):
        watch(home, WAIT, silent=(0,))


def test_it_ends_with_the_execution() -> None:
    assert watch(Home(inline_turns=100), ECHO) == [(0, True)]


def test_large_values_are_read_once_it_has_stopped(home: Home) -> None:
    home.create(WAIT)
    given = {str(number): "large" * number for number in range(300)}
    execution, _ = home.service.execute("t", "d", given)
    looked = Looked(home, before={2: lambda: home.service.cancel("t", execution.id)})
    found = EndWatch(looked, home.clock).outline(execution.id, fitting, 20)  # type: ignore[arg-type] # the rest is not used
    assert found is not None
    assert (found.execution.ended, found.execution.input) == (True, given)
    assert looked.choices == [fitting, nothing, nothing, fitting]


def test_where_as_many_wait_as_can_it_is_answered_at_once(home: Home) -> None:
    home.create(WAIT)
    execution, _ = home.service.execute("t", "d", "in")
    began = home.clock.now()
    watch = EndWatch(home.executions, home.clock, at_once=0)
    assert watch.outline(execution.id, nothing, 20) is not None
    assert home.clock.now() == began


@pytest.mark.parametrize("is_known", [False, True])
def test_a_pause_ends_it(home: Home, *, is_known: bool) -> None:
    home.create(WAIT)
    execution, _ = home.service.execute("t", "d", "in")
    looked = Looked(home, before={2: lambda: home.service.pause("t", execution.id)})
    found = EndWatch(looked, home.clock).outline(execution.id, nothing, 20, is_known=is_known)  # type: ignore[arg-type] # the rest is not used
    assert found is not None
    assert (found.execution.paused, len(looked.looks)) == (True, 3)


def test_one_that_is_paused_is_waited_for_until_it_is_paused_again(home: Home) -> None:
    home.create(WAIT)
    execution, _ = home.service.execute("t", "d", "in")
    home.service.pause("t", execution.id)

    def pause_again() -> None:
        home.service.resume("t", execution.id)
        home.service.pause("t", execution.id)

    looked = Looked(home, before={3: pause_again})
    EndWatch(looked, home.clock).outline(execution.id, nothing, 20)  # type: ignore[arg-type] # the rest is not used
    assert len(looked.looks) == 4


def test_a_look_of_before_the_first_one_ends_nothing(home: Home) -> None:
    home.create(WAIT)
    execution, _ = home.service.execute("t", "d", "in")
    home.service.cancel("t", execution.id)
    ended = home.executions.outline(execution.id, nothing)
    home.service.redrive("t", execution.id)
    looked = Looked(home)
    looked.stale = {1: ended}
    found = EndWatch(looked, home.clock).outline(execution.id, nothing, 2)  # type: ignore[arg-type] # the rest is not used
    assert found is not None
    assert (found.execution.ended, looked.looks[-1]) == (False, (2, True))


def test_what_happens_while_it_is_paused_ends_nothing(home: Home) -> None:
    home.create(WAIT)
    execution, _ = home.service.execute("t", "d", "in")
    home.service.pause("t", execution.id)
    paused = home.executions.outline(execution.id, nothing)
    assert paused is not None
    changed = copy_with(paused.execution, version=paused.execution.version + 1)
    looked = Looked(home)
    looked.stale = {1: Outline(changed, {})}
    EndWatch(looked, home.clock).outline(execution.id, nothing, 2)  # type: ignore[arg-type] # the rest is not used
    assert looked.looks[-1] == (2, True)
