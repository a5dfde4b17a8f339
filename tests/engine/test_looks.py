"""What an invocation sees of its execution while calls of it are under way."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.inputs import CallbackSucceeded, CallDeferred, CallFailed, CallSucceeded
from chalicelib.core.executions.model import State, Status
from chalicelib.core.values.errors import StateError
from chalicelib.core.values.value import copy_with
from chalicelib.ports import CallResult
from tests.home import CALL, START, WAIT, Home

ONCE = {**CALL, "delivery": "at-most-once"}


class Patient:
    """Calls that are asked about again and again before they end; something happens meanwhile.

    ``queued``: there is no room for them before that, and they begin only if they are still wanted.
    """

    def __init__(self, home: Home, meanwhile: Callable[[], object], waits: int = 1, *, queued: bool = False) -> None:
        self.home, self.meanwhile, self.waits, self.queued = home, meanwhile, waits, queued
        self.begun: dict[TurnKey, Callable[[], bool]] = {}

    def start(self, turn: TurnKey, call: Call, key: CallKey, is_wanted: Callable[[], bool]) -> None:
        assert call.kind == "call"
        assert is_wanted()
        self.begun[turn] = is_wanted
        self.home.performed.append((str(key), call.params))

    def wait(self, until: datetime | None = None) -> Sequence[CallResult]:
        if self.waits and until is not None:
            self.waits -= 1
            self.home.clock.instant = until
            self.meanwhile()
            self.home.calls.clear()
            return []
        ((turn, is_wanted),) = self.begun.items()
        self.begun.clear()
        return [CallDeferred(*turn) if self.queued and not is_wanted() else CallSucceeded(*turn, "answer")]


def running(home: Home, meanwhile: Callable[[], object] = lambda: None, waits: int = 1, *, queued: bool = False) -> str:
    """Start an execution whose calls are such, and let it run as far as it goes."""
    calls = Patient(home, meanwhile, waits, queued=queued)
    home.dependencies = copy_with(home.dependencies, calls=lambda: calls)
    name = home.service.execute("t", "d", "in")[0].id
    home.deliver()
    return name


def test_it_looks_every_second(home: Home) -> None:
    home.create(CALL)
    running(home, waits=5)
    assert home.clock.now() == START + timedelta(seconds=5)
    assert (home.only().output, home.calls["executions.get"]) == ("answer", 1)


@pytest.mark.parametrize("queued", [True, False])
def test_what_was_stopped_begins_no_call_that_waits_for_room_and_keeps_the_answer_of_one_that_has_begun(
    home: Home, *, queued: bool
) -> None:
    home.create(ONCE)
    running(home, lambda: home.service.cancel("t", home.only().id), queued=queued)
    thread = home.only().threads["main"]
    assert (home.only().state, thread.claimed_by) == (State.CANCELLED, "")
    assert thread.kept == (() if queued else ("answer",))
    home.service.redrive("t", home.only().id)
    home.clock.sleep(35)
    home.deliver_all()
    assert (home.only().output, len(home.performed)) == ("answer", 2 if queued else 1)


@pytest.mark.parametrize("queued", [True, False])
def test_while_it_stands_still_no_call_is_begun_and_the_answer_to_one_counts(home: Home, *, queued: bool) -> None:
    home.create(CALL, WAIT)
    running(home, lambda: home.service.pause("t", home.only().id), queued=queued)
    thread = home.only().threads["main"]
    assert (thread.step, thread.status) == ("step-0" if queued else "step-1", Status.READY)
    home.service.resume("t", home.only().id)
    home.clock.sleep(35)
    home.deliver()
    assert (home.only().threads["main"].status, len(home.performed)) == (Status.WAITING, 2 if queued else 1)
    assert len({key for key, _ in home.performed}) == 1


def test_what_moved_on_elsewhere_is_not_called_for(home: Home) -> None:
    home.create({**CALL, "callback": True}, WAIT)

    def answer() -> None:
        home.drive(home.only().id, CallbackSucceeded("main", 0, "theirs"))

    running(home, answer, queued=True)
    assert (home.only().step, home.only().threads["main"].incoming) == ("step-1", "theirs")


class Lost(Patient):
    """Calls to which nobody answers, though they may have been done."""

    def wait(self, until: datetime | None = None) -> Sequence[CallResult]:
        (turn,) = self.begun
        self.begun.clear()
        return [CallFailed(*turn, "Lost", "no answer", unanswered=True)]


@pytest.mark.parametrize("step", [None, "step-0"])
def test_a_redrive_makes_no_call_again_that_may_have_been_done_unless_it_says_so(home: Home, step: str | None) -> None:
    home.create(ONCE)
    calls = Lost(home, lambda: None)
    home.dependencies = copy_with(home.dependencies, calls=lambda: calls)
    name = home.execute("in")
    with pytest.raises(StateError, match=r"step 'step-0' of .* calls at most once, and no answer to its call is known"):
        home.service.redrive("t", name, step=step)
    assert home.service.redrive("t", name, step=step, again=True).redrives == 1
    home.deliver()
    assert home.performed == [(f"{name}:main:0", "in")] * 2
