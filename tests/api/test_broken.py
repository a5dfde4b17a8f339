"""An execution that is broken in each way that it can be: it says what is wrong, and the schedule mends it."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from tests.api.test_story import TASK, ask
from tests.application import Sedo, T

WAIT: dict[str, Json] = {"id": "rest", "type": "wait", "seconds": 120}
LONG: dict[str, Json] = {"id": "rest", "type": "wait", "seconds": 7200}
RETRY: list[Json] = [{"errors": ["*"], "maxAttempts": 2, "intervalSeconds": 60, "jitter": "none"}]
AGAIN: dict[str, Json] = {
    "id": "stop",
    "type": "fail",
    "error": "NotPaid",
    "cause": "no money",
    "retry": RETRY,
    "catch": [{"errors": ["*"], "next": "done"}],
}
CHILD: dict[str, Json] = {"id": "child", "type": "workflow", "definition": "inner"}
EACH: dict[str, Json] = {"id": "each", "type": "map", "items": "${range(`0`, `150`)}", "steps": [WAIT]}
DONE: dict[str, Json] = {"id": "done", "type": "echo", "message": "so"}


def nothing_left(sedo: Sedo) -> None:
    """Lose every message that is on its way."""
    assert sedo.queue.messages
    sedo.queue.messages.clear()


def started(sedo: Sedo) -> None:
    """Lose the message of the start."""
    nothing_left(sedo)


def waiting(sedo: Sedo) -> None:
    """Lose what is sent once the first function has worked: a timer, or the start of a child."""
    sedo.deliver()
    nothing_left(sedo)


def unlisted(sedo: Sedo) -> None:
    """Lose what the schedule has written down of what is due, too."""
    sedo.deliver()
    sedo.queue.messages.clear()
    assert sedo.executions.due_times
    sedo.executions.due_times.clear()


WAYS: list[tuple[str, dict[str, Json], Callable[[Sedo], None]]] = [
    ("start", WAIT, started),
    ("timer", WAIT, waiting),
    ("retry", AGAIN, waiting),
    ("start of what starts a child", CHILD, started),
    ("timer of a child", CHILD, waiting),
    ("timers of a large map", EACH, waiting),
    ("what is due of a wait", LONG, unlisted),
    ("what is due of a short wait and its timer", WAIT, unlisted),
    ("what is due of a child and its timer", CHILD, unlisted),
]


def why(sedo: Sedo, execution: str) -> Any:
    return sedo.get(f"/executions/{execution}?fields=why,state")["why"]


def broken(sedo: Sedo, step: dict[str, Json], lose: Callable[[Sedo], None]) -> str:
    for name, steps in (("inner", [WAIT]), ("d", [step, DONE])):
        assert ask(sedo, "eve", "POST", "/definitions", {"id": name, "steps": [*steps]}).status_code == 201
    execution = str(ask(sedo, "eve", "POST", "/definitions/d/execute", {"name": "it"}).json_body["id"])
    lose(sedo)
    return execution


@pytest.mark.parametrize(("lost", "step", "lose"), WAYS, ids=[lost for lost, _, _ in WAYS])
def test_it_says_what_is_wrong_and_goes_on_within_two_checks(
    sedo: Sedo, lost: str, step: dict[str, Json], lose: Callable[[Sedo], None]
) -> None:
    execution = broken(sedo, step, lose)
    minutes = 0
    while why(sedo, execution)["wrong"] is None:
        sedo.clock.sleep(60)
        minutes += 1
        assert minutes < 150, lost
    found = why(sedo, execution)
    assert (found["is"], found["wrong"]) == ("wrong", "late")
    assert "a message was lost, or a function died" in found["text"]
    for _ in range(2):
        sedo.pass_time(60)
    assert why(sedo, execution)["wrong"] is None
    sedo.pass_time(600)
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"


def test_what_is_paused_says_so_and_not_that_its_message_is_lost(sedo: Sedo) -> None:
    execution = broken(sedo, WAIT, waiting)
    assert sedo.ask("POST", f"{T}/executions/{execution}/pause", {"reason": "stock-taking"}).status_code == 200
    sedo.queue.messages.clear()
    sedo.pass_time(600)
    found = why(sedo, execution)
    assert (found["is"], found["wrong"]) == ("paused", None)
    assert "stock-taking" in found["text"]
    assert "goes on once somebody resumes it" in found["text"]
    assert sedo.ask("POST", f"{T}/executions/{execution}/resume", {}).status_code == 200
    sedo.queue.messages.clear()
    sedo.pass_time(1200)
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"


def test_a_lost_message_is_an_incident_that_ends_once_it_goes_on(sedo: Sedo) -> None:
    execution = broken(sedo, WAIT, waiting)
    sedo.pass_time(300)
    every = [*sedo.get("/incidents"), *sedo.get("/incidents?state=ended")]
    assert {(each["kind"], each["execution"]) for each in every} == {("message-lost", execution)}
    sedo.pass_time(1200)
    assert sedo.get("/incidents") == []
    (over,) = sedo.get("/incidents?state=ended")
    assert "has moved on" in over["ended"]


PAID: dict[str, Json] = {"id": "paid", "type": "event", "name": "paid", "key": "${'k-1'}"}


def no_task(sedo: Sedo) -> None:
    """Lose the task that people are to do."""
    sedo.deliver()
    tasks: Any = wiring().dependencies.tasks
    assert sedo.executions.items
    assert tasks.items
    tasks.items.clear()


def no_waiter(sedo: Sedo) -> None:
    """Lose that somebody waits for the event."""
    sedo.deliver()
    signals: Any = wiring().dependencies.signals.store
    assert sedo.executions.items
    assert signals.waiters
    signals.waiters.clear()


def do_task(sedo: Sedo) -> None:
    (task,) = sedo.get("/tasks")
    assert ask(sedo, "ada", "POST", f"/tasks/{task['id']}/complete", {"answer": 1}).status_code == 200


def publish(sedo: Sedo) -> None:
    assert ask(sedo, "ada", "POST", "/events/paid", {"key": "k-1", "data": 1}).status_code in {200, 202}


@pytest.mark.parametrize(
    ("step", "lose", "answer", "said"),
    [(TASK, no_task, do_task, "which does not exist"), (PAID, no_waiter, publish, "and no event can find it")],
    ids=["task", "waiter"],
)
def test_a_wait_that_nobody_can_find_is_told_and_written_again(
    sedo: Sedo, step: dict[str, Json], lose: Callable[[Sedo], None], answer: Callable[[Sedo], None], said: str
) -> None:
    execution = broken(sedo, step, lose)
    assert why(sedo, execution)["wrong"] is None
    sedo.clock.sleep(15 * 60 + 1)
    found = why(sedo, execution)
    assert (found["is"], found["wrong"]) == ("wrong", "lost")
    assert f"Nobody can find it: it waits for {step['type']}" in found["text"]
    assert said in found["text"]
    sedo.pass_time(60)
    assert why(sedo, execution)["wrong"] is None
    sedo.pass_time(60)
    (over,) = sedo.get("/incidents?state=ended")
    assert (over["kind"], over["execution"]) == ("stuck", execution)
    assert over["ended"] == f"what {execution} waits for is there again"
    answer(sedo)
    sedo.pass_time(60)
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"
    assert sedo.get("/incidents") == []


def test_a_child_that_is_gone_is_started_again(sedo: Sedo) -> None:
    execution = broken(sedo, CHILD, waiting)
    (child,) = [name for name in sedo.executions.items if ":inner:" in name]
    del sedo.executions.items[child]
    del sedo.executions.due_times[child]
    sedo.clock.sleep(61)
    assert (why(sedo, execution)["is"], why(sedo, execution)["wrong"]) == ("wrong", "late")
    for _ in range(5):
        sedo.pass_time(60)
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"
    (incident,) = sedo.get("/incidents?state=ended")
    assert (incident["kind"], incident["execution"]) == ("message-lost", execution)


def test_what_is_damaged_is_an_incident_until_it_is_mended_and_goes_on(sedo: Sedo) -> None:
    execution = broken(sedo, WAIT, waiting)
    whole = sedo.executions.items[execution]
    sedo.executions.items[execution] = "{}"
    sedo.pass_time(300)
    (incident,) = sedo.get("/incidents")
    assert (incident["kind"], incident["execution"]) == ("stuck", execution)
    assert incident["why"] == f"{execution} does not move: it cannot be worked on: KeyError"
    redrive = sedo.get(f"/incidents/{incident['id']}")["actions"]["redrive"]
    assert redrive == {"possible": False, "reason": f"{execution} does not exist, or is damaged"}
    assert sedo.ask("POST", f"{T}/incidents/{incident['id']}/redrive", {}).status_code == 409
    sedo.executions.items[execution] = whole
    sedo.pass_time(1800)
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"
    assert {each["kind"] for each in sedo.get("/incidents?state=ended")} == {"stuck"}
    assert sedo.get("/incidents") == []


def unheard(sedo: Sedo, execution: str, seconds: float) -> None:
    """Let the child end after some time, and leave its parent as it was before it heard of that."""
    sedo.pass_time(seconds - 1)
    kept = [(place, place[execution]) for place in (sedo.executions.items, sedo.executions.due_times)]
    sedo.pass_time(1)
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"
    for place, before in kept:
        place[execution] = before


@pytest.mark.parametrize(
    ("seconds", "within", "kind"), [(120, 300, "message-lost"), (36_000, 960, "stuck")], ids=["soon", "after hours"]
)
def test_an_end_of_a_child_that_was_lost_is_an_incident_of_its_parent(
    sedo: Sedo, seconds: int, within: int, kind: str
) -> None:
    execution = broken(sedo, {**CHILD, "definition": "long"}, lambda _: None)
    steps: list[Json] = [{"id": "rest", "type": "wait", "seconds": seconds}]
    assert ask(sedo, "eve", "POST", "/definitions", {"id": "long", "steps": steps}).status_code == 201
    sedo.deliver()
    unheard(sedo, execution, seconds)
    sedo.pass_time(within)
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"
    (incident,) = sedo.get("/incidents?state=ended")
    assert (incident["kind"], incident["execution"]) == (kind, execution)
