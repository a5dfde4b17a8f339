"""What stands in the way of an execution: its tenant is stopped, the schedule does not run, functions are behind."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.core.access.entries import EntryKind
from chalicelib.core.access.rights import Grant
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.queue_depth import QueueDepth
from chalicelib.core.values.value import copy_with
from chalicelib.wiring.graph import wiring
from tests.api.test_story import TASK, ask, begin
from tests.api.test_why import FAILS, LARGE, WAIT
from tests.application import Sedo, T, http_request

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json


def why(sedo: Sedo, execution: str) -> Any:
    return sedo.get(f"{execution}?fields=why")["why"]


def kinds(found: Any) -> list[str]:
    assert all(each["text"] in found["text"] for each in found["obstacles"])
    return [each["kind"] for each in found["obstacles"]]


def stop(sedo: Sedo, *, stopped: bool = True) -> None:
    record: Json = {"stopped": stopped}
    wiring().access.service.put("123", EntryKind.TENANT, "123", record, by=None, grant=Grant())  # type: ignore[arg-type]
    sedo.clock.sleep(60)


def started(sedo: Sedo) -> str:
    ask(sedo, "eve", "POST", "/definitions", {"id": "d", "steps": [WAIT]})
    return f"/executions/{ask(sedo, 'eve', 'POST', '/definitions/d/execute', {'name': 'it'}).json_body['id']}"


@pytest.mark.parametrize("way", ["pause", "cancel"])
def test_nobody_lets_go_on_what_is_of_a_stopped_tenant(sedo: Sedo, way: str) -> None:
    execution = begin(sedo, TASK)
    sedo.ask("POST", f"{T}{execution}/{way}", {})
    assert kinds(why(sedo, execution)) == []
    stop(sedo)
    found = why(sedo, execution)
    assert kinds(found) == ["stopped"]
    assert "nobody can let it go on before an operator starts the tenant again." in found["text"]
    stop(sedo, stopped=False)
    assert kinds(why(sedo, execution)) == []


def test_what_runs_and_what_has_succeeded_is_not_in_the_way_of_a_stop(sedo: Sedo) -> None:
    runs, done = begin(sedo, TASK), begin(sedo, {"id": "hi", "type": "echo", "message": "hi"})
    stop(sedo)
    assert (kinds(why(sedo, runs)), kinds(why(sedo, done))) == ([], [])


def test_a_schedule_that_does_not_run_is_told_and_nothing_of_it_once_it_does(sedo: Sedo) -> None:
    execution = begin(sedo, WAIT)
    sedo.queue.messages.clear()
    sedo.clock.sleep(120)
    assert kinds(why(sedo, execution)) == []
    sedo.clock.sleep(180)
    found = why(sedo, execution)
    assert kinds(found) == ["schedule"]
    assert "The schedule sends it again once it looks at it. The schedule was to look at it at 2026-" in found["text"]
    sedo.pass_time(60)
    assert kinds(why(sedo, execution)) == []


def test_what_is_late_may_be_behind_other_messages(sedo: Sedo) -> None:
    execution = started(sedo)
    assert (why(sedo, execution)["is"], kinds(why(sedo, execution))) == ("waiting", [])
    sedo.clock.sleep(110)
    found = why(sedo, execution)
    assert (found["is"], kinds(found)) == ("wrong", ["backlog"])
    assert "No function has taken 1 message from the queues yet, its own maybe among them" in found["text"]
    sedo.deliver()
    assert kinds(why(sedo, execution)) == []


def test_what_is_late_may_be_a_dead_letter(sedo: Sedo) -> None:
    execution = started(sedo)
    (message,) = sedo.queue.messages.values()
    message.receives = sedo.queue.receives
    sedo.clock.sleep(110)
    found = why(sedo, execution)
    assert kinds(found) == ["dead-letters"]
    assert "The queues of dead letters hold 1 message, its own maybe among them." in found["text"]


def test_queues_that_cannot_be_counted_are_left_out(sedo: Sedo) -> None:
    execution = started(sedo)
    sedo.clock.sleep(110)
    api = copy_with(wiring().routes.executions, queue_depths=_silent)
    asked = http_request("GET", f"{T}{execution}", {})
    found = json.loads(api.read_execution(asked, "123", execution.removeprefix("/executions/")).body)["why"]
    assert (found["wrong"], found["obstacles"]) == ("late", [])


def test_health_counts_the_messages_of_each_queue(sedo: Sedo) -> None:
    begin(sedo, WAIT)
    ask(sedo, "eve", "POST", "/definitions", {"id": "many", "steps": [LARGE]})
    ask(sedo, "eve", "POST", "/definitions/many/execute", {"name": "it"})
    queues = sedo.ask("GET", "/sedo/health").json_body["queues"]
    work, timers, *dead = queues.values()
    assert work == {"waiting": 1, "delayed": 0, "inFlight": 0}
    assert timers == {"waiting": 0, "delayed": 1, "inFlight": 0}
    assert dead == [{"waiting": 0, "delayed": 0, "inFlight": 0}] * 2
    (message,) = [each for each in sedo.queue.messages.values() if not each.timer]
    sedo.queue.receive(message)
    assert next(iter(sedo.ask("GET", "/sedo/health").json_body["queues"].values()))["inFlight"] == 1


def test_health_says_so_where_queues_cannot_be_counted(sedo: Sedo) -> None:
    assert sedo.get("/executions") == []
    health = copy_with(wiring().routes.health, queue_depths=_silent)
    assert json.loads(health.health(http_request("GET", "/sedo/health", {})).body)["queues"] is None


class TestSentences:
    def test_a_pause_by_nobody_is_nobodys(self, sedo: Sedo) -> None:
        execution = begin(sedo, TASK)
        sedo.ask("POST", f"{T}{execution}/pause", {})
        assert why(sedo, execution)["text"].startswith("It was paused at 2026-")

    def test_what_waits_while_the_execution_is_paused_says_so(self, sedo: Sedo) -> None:
        execution = begin(sedo, TASK)
        sedo.ask("POST", f"{T}{execution}/pause", {})
        (thread,) = sedo.get(execution)["threads"]
        paused = "The execution is paused: nothing of it goes on before somebody resumes it."
        assert thread["why"]["text"].endswith(paused)

    def test_an_error_that_was_caught_is_told(self, sedo: Sedo) -> None:
        caught: dict[str, Json] = {**FAILS, "cause": "no money", "catch": [{"errors": ["*"], "next": "rest"}]}
        text = why(sedo, begin(sedo, caught, WAIT))["text"]
        assert text.endswith("The last error was NotPaid, at step stop: no money.")

    def test_items_that_wait_for_their_turn_are_counted(self, sedo: Sedo) -> None:
        each: dict[str, Json] = {"id": "each", "type": "map", "items": [1, 2, 3], "maxConcurrency": 2, "steps": [WAIT]}
        threads = sedo.get(begin(sedo, each))["threads"]
        assert threads[0]["why"]["freedBy"].endswith("0 of 3 have ended, and 1 have not begun, as 2 may run at once")

    def test_executions_that_wait_for_their_turn_are_counted(self, sedo: Sedo) -> None:
        each: dict[str, Json] = {
            "id": "each",
            "type": "map",
            "items": "${range(`0`, `150`)}",
            "maxConcurrency": 1,
            "steps": [WAIT],
        }
        (thread,) = sedo.get(begin(sedo, each))["threads"]
        assert thread["why"]["freedBy"].endswith("1 of 2 executions have not begun, as 1 may run at once")

    def test_of_branches_of_which_the_first_is_enough_it_says_so(self, sedo: Sedo) -> None:
        first: dict[str, Json] = {
            "id": "both",
            "type": "parallel",
            "join": "first",
            "branches": [{"id": "a", "steps": [WAIT]}, {"id": "b", "steps": [TASK]}],
        }
        thread, *_ = sedo.get(begin(sedo, first))["threads"]
        assert thread["why"]["then"] == "the step succeeds with the first result, or fails if none of them succeeds"

    def test_the_time_of_the_execution_is_not_that_of_the_step(self, sedo: Sedo) -> None:
        body: Json = {"id": "d", "timeoutSeconds": 600, "steps": [TASK]}
        assert ask(sedo, "eve", "POST", "/definitions", body).status_code == 201
        name = ask(sedo, "eve", "POST", "/definitions/d/execute", {"input": 1}).json_body["id"]
        sedo.deliver()
        assert " If the execution has not ended by " in why(sedo, f"/executions/{name}")["text"]


def _silent() -> dict[str, QueueDepth]:
    raise UnavailableError("SQS does not answer")
