"""People's work over the API, against the application in memory."""

from typing import Any

import pytest
from chalice.test import HTTPResponse

from app import app
from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from tests.application import JSON, PROJECT, Sedo, T, assert_problem
from tests.clients import HeldClient

TASK: dict[str, Json] = {
    "id": "approve",
    "type": "task",
    "title": "Approve ${input.what}",
    "data": "${input}",
    "groups": ["sales"],
    "not": "${execution.startedBy}",
    "inputSchema": {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]},
    "stash": {"by": "${step.completedBy}"},
}
SALES = "sales, others"


def ask(
    sedo: Sedo, user: str | None, method: str, path: str, body: Json = None, key: str | None = None
) -> HTTPResponse:
    """Ask as somebody of the group of sales."""
    headers = dict(JSON)
    if user is not None:
        headers |= {"X-Sedo-User": user, "X-Sedo-Groups": SALES}
    if key is not None:
        headers["Idempotency-Key"] = key
    return sedo.ask(method, T + path, b"" if body is None else body, headers)


def started(sedo: Sedo, *steps: dict[str, Json], what: str = "it", by: str = "eve") -> str:
    """Create a definition of some steps, start it, and let it go as far as it goes."""
    ask(sedo, by, "POST", "/definitions", {"id": "d", "steps": [*(steps or [TASK])]})
    execution = ask(sedo, by, "POST", "/definitions/d/execute", {"input": {"what": what}}).json_body["id"]
    sedo.deliver()
    return str(execution)


def only(sedo: Sedo) -> str:
    (task,) = ask(sedo, "ada", "GET", "/tasks").json_body
    return f"/tasks/{task['id']}"


def read(sedo: Sedo, execution: str) -> Any:
    sedo.deliver()
    return sedo.get(f"/executions/{execution}")


def test_a_task_says_what_is_to_be_decided_and_how(sedo: Sedo) -> None:
    execution = started(sedo)
    task = ask(sedo, "ada", "GET", only(sedo)).json_body
    assert (task["title"], task["data"], task["status"]) == ("Approve it", {"what": "it"}, "open")
    assert (task["executionId"], task["step"], task["groups"]) == (execution, "approve", ["sales"])
    assert task["inputSchema"] == TASK["inputSchema"]
    assert task["actions"]["complete"] == {"possible": True, "reason": None}
    assert read(sedo, execution)["waitingFor"] == [
        {"thread": "main", "step": "approve", "for": "task", "task": task["id"]}
        | {name: task[name] for name in ("title", "assignees", "groups", "claimedBy", "dueAt", "overdue")}
    ]


def test_the_answer_is_the_result_and_history_names_who_gave_it(sedo: Sedo) -> None:
    execution = started(sedo)
    path = only(sedo)
    done = ask(sedo, "ada", "POST", f"{path}/complete", {"answer": {"yes": True}})
    assert (done.status_code, done.json_body["status"], done.json_body["completedBy"]) == (200, "completed", "ada")
    ended = read(sedo, execution)
    assert (ended["output"], ended["stash"]) == ({"yes": True}, {"by": "ada"})
    history = sedo.get(f"/executions/{execution}/history")
    assert [record.get("actor") for record in history if record["state"] == "StepSucceeded"] == ["ada"]
    assert ask(sedo, "ada", "GET", "/tasks").json_body == []


def test_an_answer_that_does_not_pass_is_refused_with_pointers(sedo: Sedo) -> None:
    execution = started(sedo)
    answer = ask(sedo, "ada", "POST", f"{only(sedo)}/complete", {"answer": {"yes": "no"}})
    problem = assert_problem(answer, 400, "answer does not pass inputSchema validation")
    assert problem["errors"] == [{"pointer": "/yes", "message": '"no" is a text, not a boolean: write false'}]
    assert read(sedo, execution)["state"] == "StepStarted"


def test_a_rejection_is_an_error_of_the_step(sedo: Sedo) -> None:
    execution = started(sedo)
    path = only(sedo)
    assert ask(sedo, "ada", "POST", f"{path}/reject", {"reason": "not mine"}).json_body["status"] == "rejected"
    error = read(sedo, execution)["error"]
    assert (error["name"], error["message"], error["details"]["by"]) == ("task.Rejected", "not mine", "ada")


def test_completed_twice_is_a_conflict(sedo: Sedo) -> None:
    started(sedo)
    path = only(sedo)
    ask(sedo, "ada", "POST", f"{path}/complete", {"answer": {"yes": True}})
    again = ask(sedo, "bob", "POST", f"{path}/complete", {"answer": {"yes": False}})
    assert "completed by ada already" in assert_problem(again, 409)["detail"]
    assert_problem(ask(sedo, "ada", "POST", f"{path}/complete", {"answer": {"yes": True}}), 409)
    assert_problem(ask(sedo, "ada", "POST", f"{path}/reject", {}), 409)


def test_the_same_answer_again_with_the_same_key_is_the_same_result(sedo: Sedo) -> None:
    started(sedo)
    path = only(sedo)
    first, again = (ask(sedo, "ada", "POST", f"{path}/complete", {"answer": {"yes": True}}, "k-1") for _ in range(2))
    assert (again.status_code, again.json_body) == (200, first.json_body)
    assert_problem(ask(sedo, "ada", "POST", f"{path}/complete", {"answer": {"yes": False}}, "k-1"), 422)
    assert_problem(ask(sedo, "ada", "POST", f"{path}/complete", {"answer": {"yes": True}}, "k-2"), 409)


@pytest.mark.parametrize(("way", "body"), [("complete", {"answer": {"yes": True}}), ("reject", {"reason": "no"})])
def test_the_same_answer_with_the_same_key_is_another_one_if_somebody_else_gives_it(
    sedo: Sedo, way: str, body: Json
) -> None:
    started(sedo)
    path = only(sedo)
    assert ask(sedo, "ada", "POST", f"{path}/{way}", body, "k-1").status_code == 200
    assert "by ada" in assert_problem(ask(sedo, "bob", "POST", f"{path}/{way}", body, "k-1"), 409)["detail"]


def test_a_claim_shows_who_does_it_and_keeps_others_from_it_until_it_is_released(sedo: Sedo) -> None:
    started(sedo)
    path = only(sedo)
    assert ask(sedo, "ada", "POST", f"{path}/claim").json_body["claimedBy"] == "ada"
    assert ask(sedo, "ada", "POST", f"{path}/claim").status_code == 200
    for way, body in (("claim", None), ("complete", {"answer": {"yes": True}}), ("release", None)):
        assert "ada" in assert_problem(ask(sedo, "bob", "POST", f"{path}/{way}", body), 409)["detail"]
    assert ask(sedo, "ada", "POST", f"{path}/release").json_body["claimedBy"] is None
    assert ask(sedo, "bob", "POST", f"{path}/claim").json_body["claimedBy"] == "bob"


def test_four_eyes_see_more_than_two(sedo: Sedo) -> None:
    started(sedo, by="ada")
    (task,) = ask(sedo, "bob", "GET", "/tasks").json_body
    for way, body in (("claim", None), ("complete", {"answer": {"yes": True}}), ("reject", {})):
        assert_problem(ask(sedo, "ada", "POST", f"/tasks/{task['id']}/{way}", body), 403)
    assert ask(sedo, "bob", "POST", f"/tasks/{task['id']}/complete", {"answer": {"yes": True}}).status_code == 200


def test_the_one_who_did_a_step_can_be_kept_from_another(sedo: Sedo) -> None:
    second = {**TASK, "id": "second", "not": "${stash.by}"}
    execution = started(sedo, TASK, second)
    ask(sedo, "ada", "POST", f"{only(sedo)}/complete", {"answer": {"yes": True}})
    sedo.deliver()
    path = only(sedo)
    assert_problem(ask(sedo, "ada", "POST", f"{path}/complete", {"answer": {"yes": True}}), 403)
    ask(sedo, "bob", "POST", f"{path}/complete", {"answer": {"yes": True}})
    assert read(sedo, execution)["stash"] == {"by": "bob"}


def test_who_is_not_among_those_whose_it_is_is_refused(sedo: Sedo) -> None:
    started(sedo, {**TASK, "groups": ["managers"], "assignees": "bob"})
    (task,) = ask(sedo, "ada", "GET", "/tasks").json_body
    assert_problem(ask(sedo, "ada", "POST", f"/tasks/{task['id']}/claim"), 403, "this is not yours to do")
    assert ask(sedo, "bob", "POST", f"/tasks/{task['id']}/claim").status_code == 200


def test_what_is_not_theirs_is_refused_as_that_whoever_has_claimed_it(sedo: Sedo) -> None:
    started(sedo, {**TASK, "groups": ["managers"], "assignees": ["bob", "carol"], "not": "eve"})
    (task,) = ask(sedo, "bob", "GET", "/tasks").json_body
    path = f"/tasks/{task['id']}"
    assert_problem(ask(sedo, "bob", "POST", f"{path}/release"), 409)
    assert_problem(ask(sedo, "ada", "POST", f"{path}/release"), 403)
    ask(sedo, "bob", "POST", f"{path}/claim")
    answer = {"answer": {"yes": True}}
    for who, status in (("ada", 403), ("eve", 403), ("carol", 409)):
        for way, body in (("claim", None), ("release", None), ("complete", answer), ("reject", {})):
            assert_problem(ask(sedo, who, "POST", f"{path}/{way}", body), status)
    ask(sedo, "bob", "POST", f"{path}/complete", answer)
    assert_problem(ask(sedo, "ada", "POST", f"{path}/complete", answer), 409)


def test_it_can_be_given_to_others(sedo: Sedo) -> None:
    started(sedo)
    path = only(sedo)
    ask(sedo, "ada", "POST", f"{path}/claim")
    given = ask(sedo, "ada", "POST", f"{path}/reassign", {"assignees": ["carol"]}).json_body
    assert (given["assignees"], given["groups"], given["claimedBy"]) == (["carol"], [], None)
    assert_problem(ask(sedo, "ada", "POST", f"{path}/claim"), 403)
    assert ask(sedo, "carol", "POST", f"{path}/claim").status_code == 200


def test_it_is_not_given_to_more_than_its_item_holds(sedo: Sedo) -> None:
    started(sedo)
    names: Json = ["ö" * 200] * 100
    problem = ask(sedo, "ada", "POST", f"{only(sedo)}/reassign", {"assignees": names, "groups": names})
    assert "and 50,000 are the most" in assert_problem(problem, 400)["detail"]
    assert ask(sedo, "ada", "POST", f"{only(sedo)}/reassign", {"assignees": names}).status_code == 200


def test_who_is_not_known_can_do_nothing(sedo: Sedo) -> None:
    started(sedo)
    path = only(sedo)
    for way, body in (("claim", None), ("complete", {"answer": {"yes": True}}), ("reject", {}), ("release", None)):
        assert_problem(ask(sedo, None, "POST", f"{path}/{way}", body), 401, "who asks is not known")
    assert ask(sedo, None, "GET", path).json_body["actions"]["claim"]["possible"] is False


def test_nobody_may_ask_where_everybody_could(sedo: Sedo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEDO_LOOPBACK")
    wiring.cache_clear()
    sedo.client = HeldClient(app, "elsewhere", str(PROJECT))
    for path in (f"{T}/tasks", "/sedo/health", "/sedo/openapi.json", "/sedo/docs"):
        assert_problem(sedo.ask("GET", path), 503, "sedo answers nobody here: nothing says who may ask")
    assert_problem(sedo.ask("POST", "/sedo/callbacks/x/succeed", {}), 503)


def test_lists_hold_what_is_asked_for(sedo: Sedo) -> None:
    mine: dict[str, Json] = {**TASK, "groups": [], "assignees": ["ada"], "priority": 90}
    theirs: dict[str, Json] = {**TASK, "groups": ["managers"]}
    others: dict[str, Json] = {**TASK, "not": ["ada"]}
    for step, what in ((others, "others"), (mine, "mine"), (theirs, "theirs"), (TASK, "ours")):
        started(sedo, step, what=what)
        sedo.clock.sleep(1)

    def titles(query: str) -> list[str]:
        found = ask(sedo, "ada", "GET", f"/tasks?{query}").json_body
        return [task["title"].removeprefix("Approve ") for task in found]

    assert titles("") == ["ours", "theirs", "mine", "others"]
    assert titles("mine=true") == ["ours", "mine"]
    assert titles("group=managers") == ["theirs"]
    assert titles("group=sales") == ["ours", "others"]
    assert titles("assignee=ada") == ["mine"]
    assert titles("priority=80") == ["mine"]
    assert titles("definition=other") == []
    assert titles("status=completed") == []
    (task,) = (task for task in ask(sedo, "ada", "GET", "/tasks").json_body if task["title"].endswith("ours"))
    ask(sedo, "ada", "POST", f"/tasks/{task['id']}/claim")
    assert titles("claimedBy=ada") == ["ours"]
    assert titles("unclaimed=true") == ["theirs", "mine", "others"]
    assert [task["title"] for page in sedo.pages(f"{T}/tasks?limit=1") for task in page] == [
        "Approve ours",
        "Approve theirs",
        "Approve mine",
        "Approve others",
    ]


@pytest.mark.parametrize("query", ["status=done", "mine=yes", "priority=x", "cursor=x"])
def test_a_query_that_cannot_be_meant_is_refused(sedo: Sedo, query: str) -> None:
    assert_problem(ask(sedo, "ada", "GET", f"/tasks?{query}"), 400)


@pytest.mark.parametrize(
    ("way", "body"), [("reassign", {"assignees": "bob"}), ("reject", {"reason": 7}), ("complete", {"yes": True})]
)
def test_a_body_that_cannot_be_meant_is_refused(sedo: Sedo, way: str, body: Json) -> None:
    started(sedo)
    assert_problem(ask(sedo, "ada", "POST", f"{only(sedo)}/{way}", body), 400)


def test_another_tenants_task_is_not_there(sedo: Sedo) -> None:
    started(sedo)
    path = only(sedo)
    headers = {**JSON, "X-Sedo-User": "ada"}
    for method, way in (("GET", ""), ("POST", "/claim"), ("POST", "/complete")):
        answer = sedo.ask(method, f"/sedo/tenants/other{path}{way}", {} if method == "POST" else b"", headers)
        assert_problem(answer, 404, "task not found")
    assert sedo.ask("GET", "/sedo/tenants/other/tasks", headers=headers).json_body == []


def test_a_cancelled_execution_takes_its_task_back(sedo: Sedo) -> None:
    execution = started(sedo)
    path = only(sedo)
    ask(sedo, "eve", "POST", f"/executions/{execution}/cancel")
    assert ask(sedo, "ada", "GET", path).json_body["status"] == "cancelled"
    assert_problem(ask(sedo, "ada", "POST", f"{path}/complete", {"answer": {"yes": True}}), 409)


def test_one_that_is_not_done_in_time_is_others_to_do(sedo: Sedo) -> None:
    due: Json = {"seconds": 100, "then": "reassign", "groups": ["managers"]}
    started(sedo, {**TASK, "due": due})
    path = only(sedo)
    before = ask(sedo, "ada", "GET", path).json_body
    assert before["dueAt"] == "2026-01-01T00:01:40.000Z"
    assert before["ifOverdue"] == {"then": "reassign", "assignees": [], "groups": ["managers"]}
    ask(sedo, "ada", "POST", f"{path}/claim")
    sedo.pass_time(101)
    task = ask(sedo, "ada", "GET", path).json_body
    assert (task["groups"], task["claimedBy"], task["overdue"]) == (["managers"], None, True)
    assert task["ifOverdue"] is None
    assert [late["id"] for late in ask(sedo, "ada", "GET", "/tasks?overdue=true").json_body] == [task["id"]]
