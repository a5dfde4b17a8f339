"""What the history and the view of an execution say beside what happened."""

import json
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.wiring.graph import wiring
from tests.application import JSON, Sedo, T, assert_problem, http_request

TASK: dict[str, Json] = {"id": "approve", "type": "task", "title": "Approve ${input}", "groups": ["sales"]}
DUE: dict[str, Json] = {"due": {"seconds": 600, "then": "reassign", "assignees": "boss"}}


def ask(sedo: Sedo, user: str, method: str, path: str, body: Json = None) -> HTTPResponse:
    headers = {**JSON, "X-Sedo-User": user, "X-Sedo-Groups": "sales"}
    return sedo.ask(method, T + path, b"" if body is None else body, headers)


def begin(sedo: Sedo, *steps: dict[str, Json], value: Json = "it") -> str:
    ask(sedo, "eve", "POST", "/definitions", {"id": "d", "steps": [*steps]})
    name = ask(sedo, "eve", "POST", "/definitions/d/execute", {"input": value}).json_body["id"]
    sedo.deliver()
    return f"/executions/{name}"


def task_of(sedo: Sedo, execution: str) -> str:
    (wait,) = [each for each in sedo.get(execution)["waitingFor"] if each["for"] == "task"]
    return f"/tasks/{wait['task']}"


def work(sedo: Sedo, path: str) -> None:
    """Claim, release, claim again and reassign a task, a minute apart."""
    for user, way, body in (
        ("ada", "claim", None),
        ("ada", "claim", None),
        ("ada", "release", None),
        ("bob", "claim", None),
        ("bob", "reassign", {"assignees": ["cy"], "groups": []}),
    ):
        sedo.pass_time(60)
        assert ask(sedo, user, "POST", f"{path}/{way}", body).status_code == 200


CHANGES = [("TaskClaimed", "ada"), ("TaskReleased", "ada"), ("TaskClaimed", "bob"), ("TaskReassigned", "bob")]


class TestTasks:
    def test_history_says_who_claimed_released_and_reassigned_it(self, sedo: Sedo) -> None:
        execution = begin(sedo, TASK)
        path = task_of(sedo, execution)
        work(sedo, path)
        assert ask(sedo, "cy", "POST", f"{path}/complete", {"answer": 1}).status_code == 200
        sedo.deliver()
        history = sedo.get(f"{execution}/history")
        *_, start = [record for record in history if record["state"] == "StepStarted"]
        assert start["params"] == {"title": "Approve it", "groups": ["sales"]}
        assert f"/tasks/{start['task']}" == path
        changes = [record for record in history if record["state"].startswith("Task")]
        assert [(change["state"], change["actor"]) for change in changes] == CHANGES
        assert all(
            (change["task"], change["turn"], change["step"]) == (start["task"], 1, "approve") for change in changes
        )
        assert (changes[-1]["assignees"], changes[-1]["groups"]) == (["cy"], [])
        assert [record["time"] for record in history] == sorted(record["time"] for record in history)
        assert [record["state"] for record in history][-2:] == ["StepSucceeded", "ExecutionSucceeded"]

    def test_what_was_given_up_keeps_its_story(self, sedo: Sedo) -> None:
        execution = begin(sedo, TASK)
        work(sedo, task_of(sedo, execution))
        sedo.ask("POST", f"{T}{execution}/cancel", {})
        sedo.deliver()
        history = sedo.get(f"{execution}/history")
        assert [(r["state"], r["actor"]) for r in history if r["state"].startswith("Task")] == CHANGES

    def test_it_is_in_order_among_what_other_threads_did(self, sedo: Sedo) -> None:
        rest: dict[str, Json] = {"id": "rest", "type": "wait", "seconds": 90}
        branches: list[Json] = [{"id": "a", "steps": [TASK]}, {"id": "b", "steps": [rest, {**rest, "id": "more"}]}]
        execution = begin(sedo, {"id": "both", "type": "parallel", "branches": branches})
        work(sedo, task_of(sedo, execution))
        history = sedo.get(f"{execution}/history")
        assert [record["time"] for record in history] == sorted(record["time"] for record in history)
        states = [record["state"] for record in history]
        assert states.index("TaskClaimed") < states.index("StepSucceeded") < states.index("TaskReleased")

    @pytest.mark.parametrize("limit", [1, 2, 3, 5])
    def test_pages_hold_each_entry_once_and_no_more_than_asked(self, sedo: Sedo, limit: int) -> None:
        execution = begin(sedo, TASK, {**TASK, "id": "again"})
        for _ in range(2):
            path = task_of(sedo, execution)
            work(sedo, path)
            ask(sedo, "cy", "POST", f"{path}/complete", {"answer": 1})
            sedo.deliver()
        whole = sedo.get(f"{execution}/history?limit=100")
        pages = [*sedo.pages(f"{T}{execution}/history?limit={limit}")]
        assert all(len(page) == limit for page in pages[:-1])
        found = [record for page in pages for record in page]
        assert found == whole[: len(found)]
        assert len(found) == min(len(whole), 20 * limit)
        assert len(whole) == 2 + 2 * (2 + len(CHANGES)) + 1

    def test_what_goes_to_others_because_it_is_late_is_said(self, sedo: Sedo) -> None:
        execution = begin(sedo, {**TASK, **DUE})
        (before,) = sedo.get(execution)["waitingFor"]
        assert (before["title"], before["groups"], before["claimedBy"]) == ("Approve it", ["sales"], None)
        assert (before["dueAt"], before["overdue"]) == ("2026-01-01T00:10:00.000Z", False)
        sedo.pass_time(600)
        (late,) = sedo.get(execution)["waitingFor"]
        assert (late["assignees"], late["groups"], late["overdue"]) == (["boss"], [], True)
        escalated = sedo.get(f"{execution}/history")[-1]
        assert (escalated["state"], escalated["assignees"], escalated["task"]) == (
            "TaskEscalated",
            ["boss"],
            late["task"],
        )
        assert sedo.get(execution)["state"] == "StepStarted"

    def test_the_view_says_whose_it_is_now(self, sedo: Sedo) -> None:
        execution = begin(sedo, TASK)
        path = task_of(sedo, execution)
        ask(sedo, "ada", "POST", f"{path}/claim")
        assert sedo.get(execution)["waitingFor"][0]["claimedBy"] == "ada"
        ask(sedo, "ada", "POST", f"{path}/reassign", {"assignees": ["cy"], "groups": []})
        (wait,) = sedo.get(execution)["waitingFor"]
        assert (wait["assignees"], wait["groups"], wait["claimedBy"]) == (["cy"], [], None)

    def test_where_tasks_cannot_be_read_the_view_does_without(self, sedo: Sedo) -> None:
        execution = begin(sedo, TASK)

        class Silent:
            """Does not answer."""

            def headers(self, tenant_id: str, task_ids: Any) -> Any:
                raise UnavailableError("no answer")

        routes = wiring().routes.executions
        silent: Any = Silent()
        deaf = copy_with(routes, details=copy_with(routes.details, tasks=silent))
        name = execution.removeprefix("/executions/")
        answer = deaf.read_execution(http_request("GET", T + execution, {}), "123", name)
        assert json.loads(answer.body)["waitingFor"][0].keys() == {"thread", "step", "for", "task"}


class TestRetry:
    def test_it_says_why_and_when_and_how_often(self, sedo: Sedo) -> None:
        retry: Json = [{"errors": ["Busy"], "maxAttempts": 3, "intervalSeconds": 30, "jitter": "none"}]
        inner: Json = {"id": "no", "steps": [{"id": "no", "type": "fail", "error": "Busy", "cause": "come back later"}]}
        execution = begin(sedo, {"id": "try", "type": "parallel", "branches": [inner], "retry": retry})
        (wait, *_) = sedo.get(execution)["waitingFor"]
        assert wait == {
            "thread": "main",
            "step": "try",
            "for": "retry",
            "until": "2026-01-01T00:00:30.000Z",
            "due": False,
            "attempt": 2,
            "maxAttempts": 3,
            "policy": 0,
            "error": {"name": "Busy", "message": "come back later"},
        }
        failed = sedo.get(f"{execution}/history")[-1]
        assert failed["retry"] == {"at": wait["until"], "attempt": 2, "maxAttempts": 3, "policy": 0}
        sedo.pass_time(30)
        assert sedo.get(execution)["waitingFor"][0]["attempt"] == 3


MAP: dict[str, Json] = {
    "id": "each",
    "type": "map",
    "items": "${range(input)}",
    "steps": [{"id": "rest", "type": "wait", "seconds": "${add(index, `1`)}"}],
}


class TestMap:
    @pytest.mark.parametrize("count", [90, 150])
    def test_it_says_how_many_of_its_items_have_ended(self, sedo: Sedo, count: int) -> None:
        execution = begin(sedo, MAP, value=count)
        sedo.pass_time(57)
        (thread, *_) = sedo.get(execution)["threads"]
        assert thread["progress"] == {"done": 57, "total": count, "failed": 0, "exact": True}

    def test_a_thread_and_a_record_of_an_item_have_its_number(self, sedo: Sedo) -> None:
        execution = begin(sedo, MAP, value=3)
        sedo.pass_time(1)
        assert [thread.get("index") for thread in sedo.get(execution)["threads"]] == [None, 1, 2]
        ended = [record for record in sedo.get(f"{execution}/history") if record["state"] == "StepSucceeded"]
        assert [record["index"] for record in ended] == [0]

    def test_in_an_execution_for_some_of_them_it_is_the_number_among_all(self, sedo: Sedo) -> None:
        execution = begin(sedo, MAP, value=150)
        sedo.pass_time(76)
        *_, second = [wait["execution"] for wait in sedo.get(execution)["waitingFor"] if wait["for"] == "child"]
        records = sedo.get(f"/executions/{second}/history?limit=100")
        assert {record["index"] for record in records if record["step"] == "each/rest"} <= {*range(75, 150)}


class TestReasons:
    def test_a_pause_and_a_cancellation_say_why_and_by_whom(self, sedo: Sedo) -> None:
        ask(
            sedo,
            "eve",
            "POST",
            "/definitions",
            {"id": "inner", "steps": [{"id": "rest", "type": "wait", "seconds": 9}]},
        )
        execution = begin(sedo, {"id": "sub", "type": "workflow", "definition": "inner"})
        (wait,) = sedo.get(execution)["waitingFor"]
        child = f"/executions/{wait['execution']}"
        assert sedo.get(f"{execution}/history")[-1]["children"] == [wait["execution"]]
        for way, state, reason in (("pause", "ExecutionPaused", "a look"), ("cancel", "ExecutionCancelled", "twice")):
            ask(sedo, "ada", "POST", f"{execution}/{way}", {"reason": reason})
            sedo.deliver()
            for path in (execution, child):
                view, record = sedo.get(path), sedo.get(f"{path}/history")[-1]
                assert (view["state"], view["stoppedBy"], view["reason"]) == (state, "ada", reason)
                assert (record["state"], record["actor"], record["reason"]) == (state, "ada", reason)

    def test_resumed_it_has_none_and_waits_again(self, sedo: Sedo) -> None:
        execution = begin(sedo, TASK)
        ask(sedo, "ada", "POST", f"{execution}/pause", {"reason": "a look"})
        resumed = ask(sedo, "ada", "POST", f"{execution}/resume").json_body
        assert (resumed["state"], resumed["step"], resumed["reason"]) == ("StepStarted", "approve", None)
        assert (sedo.get("/executions")[0]["state"], resumed["waitingFor"][0]["for"]) == ("StepStarted", "task")
        assert [record["state"] for record in sedo.get(f"{execution}/history")][-2:] == [
            "ExecutionPaused",
            "ExecutionResumed",
        ]

    def test_driven_on_it_is_where_it_stood(self, sedo: Sedo) -> None:
        execution = begin(sedo, {"id": "rest", "type": "wait", "seconds": 9})
        ask(sedo, "ada", "POST", f"{execution}/cancel", {"reason": "twice"})
        driven = ask(sedo, "ada", "POST", f"{execution}/redrive", {}).json_body
        assert (driven["state"], driven["step"], driven["reason"]) == ("StepStarted", "rest", None)
        assert sedo.get(f"{execution}/history")[-1]["state"] == "ExecutionRedriven"

    @pytest.mark.parametrize("body", [b"", b"null", {}, {"reason": None}])
    def test_nobody_has_to_say_why(self, sedo: Sedo, body: Any) -> None:
        execution = begin(sedo, TASK)
        paused = sedo.ask("POST", f"{T}{execution}/pause", body)
        assert (paused.status_code, paused.json_body["reason"]) == (200, None)

    @pytest.mark.parametrize("body", [{"reason": "x" * 1_001}, {"reason": 7}, {"because": "x"}, [], "x"])
    def test_anything_else_is_refused(self, sedo: Sedo, body: Any) -> None:
        execution = begin(sedo, TASK)
        assert_problem(sedo.ask("POST", f"{T}{execution}/cancel", body), 400)
        assert sedo.get(execution)["state"] == "StepStarted"

    def test_the_longest_has_room(self, sedo: Sedo) -> None:
        execution = begin(sedo, TASK)
        cancelled = sedo.ask("POST", f"{T}{execution}/cancel", {"reason": "\U0001f600" * 1_000})
        assert (cancelled.status_code, cancelled.json_body["reason"]) == (200, "\U0001f600" * 1_000)
