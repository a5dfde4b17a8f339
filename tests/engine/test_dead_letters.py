from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.executions.inputs import (
    CancelRequested,
    ChildEnded,
    Message,
    PauseRequested,
    Started,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import State, Status
from chalicelib.core.executions.suspicion import MAX_STRIKES, UNWORKABLE
from chalicelib.core.records.incident import IncidentKind
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.engine.model import Mode
from tests.home import CALL, ECHO, SUB, WAIT, Home, caught

DEAD = Mode.DEAD_LETTERS
DAY = 24 * 60 * 60


class KilledError(BaseException):
    """The function dies."""


def kill(*_: object) -> Json:
    raise KilledError


def refuse(*_: object) -> Json:
    raise UnavailableError("the secrets cannot be read")


def break_down(*_: object) -> Json:
    raise RuntimeError("the disk is full")


def with_calls(home: Home, does: Callable[[Json, str], Json]) -> Home:
    home.performers = {**home.performers, "call": does}
    return home


def die(home: Home, times: int) -> None:
    """Deliver dead letters to functions that die of them."""
    for _ in range(times):
        with pytest.raises(KilledError):
            home.deliver(DEAD)
        home.clock.sleep(360)


def poison(home: Home) -> None:
    """Deliver a dead letter until it is known for poison."""
    with_calls(home, kill)
    die(home, MAX_STRIKES)
    home.performers = {**home.performers, "call": home.call}
    assert home.deliver(DEAD)


def error(home: Home) -> Any:
    found = home.only().error
    assert found is not None
    return found


class TestWork:
    def test_a_dead_letter_is_worked_on_as_any_message(self, home: Home) -> None:
        home.create(CALL, ECHO)
        home.service.execute("t", "d", "in")
        assert home.deliver(DEAD)
        assert (home.only().state, home.only().output) == (State.SUCCEEDED, "in")
        assert home.recorded(home.only().id)[:3] == ["ExecutionSubmitted", "ExecutionStarted", "StepStarted"]

    def test_a_timer_that_is_due_fires(self, home: Home) -> None:
        home.create(WAIT, ECHO)
        home.execute("in")
        home.clock.sleep(45)
        assert home.deliver(DEAD)
        assert home.only().state is State.SUCCEEDED

    def test_one_that_is_early_is_sent_again_once(self, home: Home) -> None:
        home.create(WAIT)
        home.execute("in")
        home.clock.sleep(10)
        home.queue.messages.clear()
        home.send(Message(home.only().id, TimerFired("main", 1)))
        assert home.deliver(DEAD)
        assert home.only().state is State.STEP_STARTED
        assert len(home.queue.messages) == 1

    def test_the_end_of_a_child_is_heard(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        name = home.execute("in")
        home.queue.messages.clear()
        home.send(Message(name, ChildEnded("main", 1, 0, State.SUCCEEDED, output="out")))
        assert home.deliver(DEAD)
        assert home.read(name).output == "out"

    def test_what_has_passed_changes_nothing(self, home: Home) -> None:
        home.create(ECHO, WAIT)
        home.execute("in")
        home.queue.messages.clear()
        home.send(Message(home.only().id, Started()))
        before = home.only()
        assert home.deliver(DEAD)
        assert home.only() == before

    def test_what_a_paused_execution_gets_leaves_no_strike(self, home: Home) -> None:
        home.create(WAIT)
        name = home.execute("in")
        home.service.pause("t", name)
        home.clock.sleep(45)
        for _ in range(MAX_STRIKES + 1):
            home.queue.messages.clear()
            home.send(Message(name, TimerFired("main", 1)))
            assert home.deliver(DEAD)
        assert (home.only().state, home.only().threads["main"].strikes) == (State.PAUSED, 0)


class TestOutage:
    """What a service does not answer is no poison, however often a message comes."""

    def test_a_store_that_does_not_answer_leaves_no_strike(self, home: Home) -> None:
        home.create(CALL)
        home.service.execute("t", "d", "in")
        with_calls(home, refuse)
        for _ in range(10):
            with pytest.raises(UnavailableError):
                home.deliver(DEAD)
            home.clock.sleep(360)
        assert home.only().threads["main"].strikes == 0
        home.performers = {**home.performers, "call": home.call}
        home.deliver_all()
        assert home.only().output == "in"

    def test_one_that_falls_silent_in_the_middle_of_the_work_leaves_a_single_strike(self, home: Home) -> None:
        home.create(CALL)
        home.service.execute("t", "d", "in")

        def fall_silent(*_: object) -> Json:
            home.executions.silent = True
            raise UnavailableError

        with_calls(home, fall_silent)
        for _ in range(10):
            with pytest.raises(UnavailableError):
                home.deliver(DEAD)
            home.clock.sleep(360)
        home.executions.silent = False
        assert home.only().threads["main"].strikes == 1
        home.performers = {**home.performers, "call": home.call}
        home.deliver_all()
        assert (home.only().output, home.only().state) == ("in", State.SUCCEEDED)


class TestPoison:
    def test_what_kills_each_function_that_works_on_it_fails(self, home: Home) -> None:
        home.create(CALL)
        home.service.execute("t", "d", "in")
        poison(home)
        assert home.only().state is State.FAILED
        assert (error(home).name, error(home).details) == ("Poison", {"deaths": 3})
        assert home.performed == []

    def test_it_is_one_incident_from_the_first_strike_on(self, home: Home) -> None:
        home.create(CALL)
        home.service.execute("t", "d", "in")
        with_calls(home, kill)
        die(home, MAX_STRIKES)
        (found,) = home.incidents.items.values()
        assert (found.kind, found.execution_id) == (IncidentKind.DEAD_LETTER, home.only().id)
        assert found.detail.endswith("was received too often without success, at step-0: it is a dead letter")

    def test_strikes_are_those_of_one_turn(self, home: Home) -> None:
        home.create({**CALL, "retry": [{"errors": ["*"], "intervalSeconds": 9, "jitter": "none"}]})
        home.service.execute("t", "d", "in")
        with_calls(home, kill)
        die(home, MAX_STRIKES - 1)
        home.failures = ["Busy"]
        home.performers = {**home.performers, "call": home.call}
        assert home.deliver(DEAD)
        assert home.only().threads["main"].strikes == 0

    def test_what_breaks_down_fails_at_once_and_says_of_what(self, home: Home) -> None:
        home.create(CALL)
        home.service.execute("t", "d", "in")
        with_calls(home, break_down)
        assert home.deliver(DEAD)
        assert (error(home).name, error(home).message) == ("Poison", UNWORKABLE)
        assert error(home).details == {"cause": "RuntimeError: the disk is full"}

    def test_so_does_one_whose_definition_cannot_be_read(self, home: Home) -> None:
        home.create(ECHO)
        execution, _ = home.service.execute("t", "d", "in")
        lost = copy_with(execution, definition_version=9)
        home.executions.items.clear()
        home.executions.create(lost)
        assert home.deliver(DEAD)
        assert "DefinitionNotFoundError" in str(error(home).details)

    def test_what_is_caught_is_handed_to_others(self, home: Home) -> None:
        home.create(caught(CALL, "step-1"), {"type": "call", "content": "${error.name}"})
        home.service.execute("t", "d", "in")
        poison(home)
        assert (home.only().state, home.only().threads["main"].status) == (State.STEP_STARTED, Status.READY)
        assert StepDue("main", 1) in [message.event for message in home.waiting()]
        home.deliver_all()
        assert home.only().output == "Poison"

    def test_what_is_tried_again_waits_for_its_timer(self, home: Home) -> None:
        home.create({**CALL, "retry": [{"errors": ["*"], "intervalSeconds": 9, "jitter": "none"}]})
        home.service.execute("t", "d", "in")
        poison(home)
        assert TimerFired("main", 1) in [message.event for message in home.waiting()]
        home.clock.sleep(9)
        home.deliver_all()
        assert home.only().output == "in"

    def test_only_the_branch_that_the_letter_drove_fails(self, home: Home) -> None:
        steps = [
            {"id": "ask", **caught(CALL, "sorry"), "end": True},
            {"id": "sorry", "type": "echo", "message": "sorry"},
        ]
        branches = [{"id": name, "steps": steps} for name in ("a", "b")]
        home.create({"type": "parallel", "branches": branches})
        home.service.execute("t", "d", "in")
        home.deliver(turns=1)
        home.queue.messages.clear()
        home.send(Message(home.only().id, StepDue("main.1.a", 0)))
        poison(home)
        home.queue.messages.clear()
        home.send(Message(home.only().id, StepDue("main.1.b", 0)), Message(home.only().id, StepDue("main.1.a", 1)))
        home.deliver_all()
        assert home.only().output == {"a": "sorry", "b": "in"}


class TestRequests:
    @pytest.mark.parametrize(
        ("event", "state"), [(CancelRequested(), State.CANCELLED), (PauseRequested(turn=3), State.PAUSED)]
    )
    def test_a_request_is_done(self, home: Home, event: CancelRequested, state: State) -> None:
        home.create(WAIT)
        name = home.execute("in")
        home.queue.messages.clear()
        home.send(Message(name, event))
        assert len(home.deliver(DEAD)) == 1
        assert home.only().state is state

    def test_one_for_an_execution_that_is_not_there_waits_a_day_for_what_starts_it(self, home: Home) -> None:
        home.send(Message("t:d:gone", CancelRequested(turn=3)))
        assert home.deliver(DEAD) == set()
        (waiting,) = home.queue.messages.values()
        assert 0 < (waiting.visible_at - home.clock.now()).total_seconds() <= 43_000
        home.clock.sleep(DAY)
        assert len(home.deliver(DEAD)) == 1

    def test_one_that_died_together_with_a_step_is_done_before_it(self, home: Home) -> None:
        home.create(CALL)
        execution, _ = home.service.execute("t", "d", "in")
        home.send(Message(execution.id, PauseRequested(turn=3)))
        with_calls(home, break_down)
        assert len(home.deliver(DEAD)) == 2
        assert (home.only().state, home.only().threads["main"].strikes) == (State.PAUSED, 0)


def test_poison_is_an_incident_of_the_execution_as_it_stands_then(home: Home) -> None:
    home.create(CALL)
    home.service.execute("t", "d", "in")
    poison(home)
    letter, found = home.incidents.items.values()
    assert letter.kind == "dead-letter"
    assert (found.kind, found.subject) == ("poison", f"{home.only().id}@{home.only().version}")
