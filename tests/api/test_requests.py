from random import Random
from textwrap import dedent
from typing import Any

import pytest

from tests.application import EXAMPLE, Sedo, T, assert_problem, states

WAITING = [("StepStarted", "wait-some-time")]
FAILING = """
id: example-definition
stash: {right: wrong}
steps:
  - {id: first, type: echo, message: "${input.foo}", stash: first}
  - {id: check, type: wait, until: "${stash.right}"}
  - {id: last, type: echo, message: "${stash.first} ${stash.right}"}
"""


@pytest.fixture
def waiting(sedo: Sedo) -> str:
    sedo.create()
    path = f"/executions/{sedo.start()['id']}"
    sedo.deliver()
    return path


@pytest.fixture
def failed(sedo: Sedo) -> str:
    sedo.create(FAILING)
    path = f"/executions/{sedo.start()['id']}"
    sedo.deliver()
    assert sedo.get(path)["state"] == "ExecutionFailed"
    return path


def post(sedo: Sedo, path: str, body: Any = b"") -> Any:
    answer = sedo.ask("POST", T + path, body)
    assert answer.status_code == 200, answer.body
    return answer.json_body


def possible(execution: Any) -> set[str]:
    return {name for name, action in execution["actions"].items() if action["possible"]}


class TestCancel:
    def test_it_ends_at_once_and_stays_ended(self, sedo: Sedo, waiting: str) -> None:
        cancelled = post(sedo, waiting + "/cancel")
        assert cancelled["state"] == "ExecutionCancelled"
        assert possible(cancelled) == {"redrive"}
        sedo.pass_time(100)
        assert states([sedo.get(waiting)]) == [("ExecutionCancelled", "wait-some-time")]
        assert [r["state"] for r in sedo.get(waiting + "/history")][-1] == "ExecutionCancelled"

    def test_again_it_is_the_same(self, sedo: Sedo, waiting: str) -> None:
        assert post(sedo, waiting + "/cancel") == post(sedo, waiting + "/cancel", {})

    def test_one_that_nobody_has_touched_never_begins(self, sedo: Sedo) -> None:
        sedo.create(EXAMPLE.replace("steps:", "steps:\n  - {id: ask, type: task, title: Well?}"))
        path = f"/executions/{sedo.start()['id']}"
        post(sedo, path + "/cancel")
        sedo.pass_time(100)
        assert sedo.get(path + "/history")[-1]["state"] == "ExecutionCancelled"
        assert sedo.get("/tasks") == []

    def test_what_has_ended_otherwise_is_a_conflict(self, sedo: Sedo, waiting: str) -> None:
        sedo.pass_time(50)
        problem = assert_problem(sedo.ask("POST", T + waiting + "/cancel"), 409)
        assert "ExecutionSucceeded" in problem["detail"]


class TestPause:
    def test_a_timer_is_parked_and_what_became_due_is_told(self, sedo: Sedo, waiting: str) -> None:
        paused = post(sedo, waiting + "/pause")
        assert (paused["state"], paused["paused"]) == ("ExecutionPaused", True)
        assert possible(paused) == {"cancel", "resume"}
        sedo.pass_time(3600)
        paused = sedo.get(waiting)
        assert paused["state"] == "ExecutionPaused"
        assert [waits["due"] for waits in paused["waitingFor"]] == [True]

    def test_resumed_it_goes_on(self, sedo: Sedo, waiting: str) -> None:
        post(sedo, waiting + "/pause")
        sedo.pass_time(10)
        resumed = post(sedo, waiting + "/resume")
        assert (resumed["state"], resumed["paused"]) == ("StepStarted", False)
        sedo.pass_time(34)
        assert sedo.get(waiting)["state"] == "StepStarted"
        sedo.pass_time(2)
        assert sedo.get(waiting)["state"] == "ExecutionSucceeded"

    def test_a_wait_that_is_over_ends_at_once(self, sedo: Sedo, waiting: str) -> None:
        post(sedo, waiting + "/pause")
        sedo.pass_time(100)
        post(sedo, waiting + "/resume")
        sedo.deliver()
        assert sedo.get(waiting)["state"] == "ExecutionSucceeded"

    def test_one_that_nobody_has_touched_stands_still_until_it_is_resumed(self, sedo: Sedo) -> None:
        sedo.create()
        path = f"/executions/{sedo.start()['id']}"
        post(sedo, path + "/pause")
        sedo.pass_time(100)
        assert sedo.get(path)["state"] == "ExecutionPaused"
        post(sedo, path + "/resume")
        sedo.pass_time(50)
        assert sedo.get(path)["state"] == "ExecutionSucceeded"

    def test_a_long_wait_is_found_again(self, sedo: Sedo) -> None:
        sedo.create(EXAMPLE.replace("seconds: 45", "seconds: 7200"))
        path = f"/executions/{sedo.start()['id']}"
        sedo.deliver()
        post(sedo, path + "/pause")
        sedo.pass_time(3600)
        post(sedo, path + "/resume")
        sedo.pass_time(3599)
        assert sedo.get(path)["state"] == "StepStarted"
        sedo.pass_time(2)
        assert sedo.get(path)["state"] == "ExecutionSucceeded"

    @pytest.mark.parametrize("what", ["pause", "resume"])
    def test_what_has_ended_is_a_conflict(self, sedo: Sedo, waiting: str, what: str) -> None:
        sedo.pass_time(50)
        assert_problem(sedo.ask("POST", T + waiting + "/" + what), 409)


class TestRedrive:
    def test_an_edited_stash_lets_the_failed_step_go_on(self, sedo: Sedo, failed: str) -> None:
        post(sedo, failed + "/redrive", {"stash": {"right": "2026-01-01T00:00:00Z"}})
        sedo.pass_time(5)
        ended = sedo.get(failed)
        assert (ended["state"], ended["output"]) == ("ExecutionSucceeded", "bar 2026-01-01T00:00:00Z")
        records = sedo.get(failed + "/history")
        assert [r["step"] for r in records if r["state"] == "StepSucceeded"] == ["first", "check", "last"]
        (change,) = [r["change"] for r in records if "change" in r]
        assert change == {"stash": {"right": {"from": "wrong", "to": "2026-01-01T00:00:00Z"}}}

    def test_history_tells_that_calls_may_be_made_again(self, sedo: Sedo, failed: str) -> None:
        post(sedo, failed + "/redrive", {"again": True})
        (change,) = [r["change"] for r in sedo.get(failed + "/history") if "change" in r]
        assert change == {"again": True}

    def test_a_newer_version_lets_it_go_on(self, sedo: Sedo, failed: str) -> None:
        sedo.create(FAILING.replace("${stash.right}", "2026-01-01T00:00:00Z"))
        assert post(sedo, failed + "/redrive", {"version": 2})["version"] == 2
        sedo.pass_time(5)
        assert sedo.get(failed)["state"] == "ExecutionSucceeded"

    def test_it_can_go_on_from_a_step_of_its_history(self, sedo: Sedo, failed: str) -> None:
        post(sedo, failed + "/redrive", {"step": "first", "stash": {"right": "2026-01-01T00:00:00Z"}})
        sedo.pass_time(5)
        records = sedo.get(failed + "/history")
        assert [r["step"] for r in records if r["state"] == "StepSucceeded"] == ["first", "first", "check", "last"]

    def test_what_came_in_at_a_named_step_comes_in_again(self, sedo: Sedo) -> None:
        sedo.create(FAILING.replace('"${input.foo}"', '"${[output.foo]}"'))
        path = f"/executions/{sedo.start()['id']}"
        sedo.deliver()
        post(sedo, path + "/redrive", {"step": "first", "stash": {"right": "2026-01-01T00:00:00Z"}})
        sedo.pass_time(5)
        assert sedo.get(path)["stash"]["first"] == ["bar"]

    @pytest.mark.parametrize(
        ("body", "status", "says"),
        [
            ({"step": "last"}, 400, "never begun"),
            ({"step": "nowhere"}, 409, "no step 'nowhere' to go on from"),
            ({"step": "frist"}, 409, "no step 'frist' (did you mean 'first'?) to go on from"),
            ({"step": 1}, 400, "step"),
            ({"version": 9}, 404, "version 9"),
            ({"version": 0}, 400, "version"),
            ({"stash": []}, 400, "stash"),
            ({"sash": {}}, 400, "sash"),
            ({"again": 1}, 400, "again"),
            ([], 400, "object"),
        ],
    )
    def test_wrong_bodies(self, sedo: Sedo, failed: str, body: Any, status: int, says: str) -> None:
        before = sedo.stored()
        assert says in assert_problem(sedo.ask("POST", T + failed + "/redrive", body), status)["detail"]
        assert sedo.stored() == before

    def test_what_lives_or_has_succeeded_is_a_conflict(self, sedo: Sedo, waiting: str) -> None:
        assert_problem(sedo.ask("POST", T + waiting + "/redrive"), 409)
        sedo.ask("POST", T + waiting + "/pause")
        assert sedo.get(waiting)["actions"]["redrive"]["reason"].endswith("ExecutionPaused: resume it to let it go on")
        refused = assert_problem(sedo.ask("POST", T + waiting + "/redrive"), 409)
        assert refused["detail"].endswith("is ExecutionPaused: resume it")
        sedo.ask("POST", T + waiting + "/resume")
        sedo.pass_time(50)
        assert_problem(sedo.ask("POST", T + waiting + "/redrive"), 409)


@pytest.mark.parametrize("what", ["cancel", "pause", "resume", "redrive"])
def test_only_ones_own_executions(sedo: Sedo, waiting: str, what: str) -> None:
    before = sedo.stored()
    assert_problem(sedo.ask("POST", "/sedo/tenants/other" + waiting + "/" + what), 404)
    assert_problem(sedo.ask("POST", T + "/executions/123:example-definition:none/" + what), 404)
    assert sedo.stored() == before


@pytest.mark.parametrize("what", ["cancel", "pause", "resume"])
def test_what_takes_no_body_says_so(sedo: Sedo, waiting: str, what: str) -> None:
    assert_problem(sedo.ask("POST", T + waiting + "/" + what, {"why": "not"}), 400)
    assert sedo.get(waiting)["state"] == WAITING[0][0]


def create(sedo: Sedo, *documents: Any) -> None:
    for document in documents:
        assert sedo.ask("POST", T + "/definitions", document).status_code == 201


def begin(sedo: Sedo, definition: str, value: Any = None) -> str:
    answer = sedo.ask("POST", f"{T}/definitions/{definition}/execute", {"input": value})
    sedo.deliver()
    return f"/executions/{answer.json_body['id']}"


KID: Any = {"id": "kid", "steps": [{"id": "no", "type": "fail", "error": "Always", "cause": "as ever"}]}
PATIENT: Any = {"id": "kid", "steps": [{"id": "rest", "type": "wait", "seconds": 9000}]}
DAD: Any = {"id": "dad", "steps": [{"id": "w", "type": "workflow", "definition": "kid"}]}


class TestWhatIsBegunAfterARedrive:
    def test_a_fresh_child_fails_once_and_at_once(self, sedo: Sedo) -> None:
        create(sedo, KID, DAD)
        path = begin(sedo, "dad")
        post(sedo, path + "/redrive", {"step": "w"})
        sedo.deliver()
        assert sedo.get(path)["state"] == "ExecutionFailed"
        children = sedo.get(f"/executions?parent={path.rpartition('/')[2]}")
        failures = [r for e in children for r in sedo.get(f"/executions/{e['id']}/history")]
        assert [r["step"] for r in failures if r["state"] == "StepFailed"].count("no") == 2
        assert sedo.queue.messages == {}

    def test_a_child_that_somebody_cancels_stays_cancelled(self, sedo: Sedo) -> None:
        create(sedo, PATIENT, DAD)
        path = begin(sedo, "dad")
        post(sedo, path + "/cancel")
        sedo.deliver()
        post(sedo, path + "/redrive", {"step": "w"})
        sedo.deliver()
        (waits,) = sedo.get(path)["waitingFor"]
        post(sedo, f"/executions/{waits['execution']}/cancel")
        sedo.pass_time(1000)
        assert sedo.get(path)["error"]["name"] == "workflow.Cancelled"
        assert sedo.get(f"/executions/{waits['execution']}")["state"] == "ExecutionCancelled"

    def test_a_second_redrive_brings_in_what_came_in_first(self, sedo: Sedo) -> None:
        wrapping: Any = {"type": "transform", "output": {"was": "${output}"}}
        steps = [{"id": "a", **wrapping}, {"id": "b", "type": "wait", "until": "${stash.until}"}]
        create(sedo, {"id": "x", "stash": {"until": "never"}, "steps": steps})
        path = begin(sedo, "x", 1)
        for until in ("nor now", "2026-01-01T00:00:00Z"):
            post(sedo, path + "/redrive", {"step": "a", "stash": {"until": until}})
            sedo.deliver()
        assert sedo.get(path)["output"] == {"was": 1}

    def test_parts_of_a_large_map_begin_anew_on_a_version_without_the_step_where_they_stopped(self, sedo: Sedo) -> None:
        fails: Any = {"id": "f", "type": "fail", "when": "item == `120`"}
        last: Any = {"id": "q", "type": "echo", "message": "${item}"}
        versions: list[Any] = [
            {"id": "m", "steps": [{"id": "each", "type": "map", "items": "${range(`0`, `150`)}", "steps": steps}]}
            for steps in ([fails, last], [last])
        ]
        create(sedo, *versions[:1])
        path = begin(sedo, "m")
        assert sedo.get(path)["error"]["step"] == "each/f"
        create(sedo, *versions[1:])
        post(sedo, path + "/redrive", {"version": 2})
        sedo.pass_time(10)
        assert sedo.get(path)["output"] == list(range(150))


def test_what_is_not_thought_of_fails_the_step_and_can_be_caught(sedo: Sedo) -> None:
    nest: Any = {"id": "p", "type": "parallel", "branches": [{"id": "a", "steps": [{"id": "t", "type": "transform"}]}]}
    create(
        sedo,
        {
            "id": "deep",
            "stash": {"n": 0},
            "steps": [
                {"id": "k", "type": "transform", "stash": {"n": "${add(stash.n, `1`)}"}},
                {**nest, "catch": [{"errors": ["*"], "next": "caught"}]},
                {"id": "c", "type": "choice", "choices": [{"when": "stash.n < `1200`", "next": "k"}], "default": "end"},
                {"id": "end", "type": "succeed"},
                {"id": "caught", "type": "transform", "output": "${error.name}"},
            ],
        },
    )
    path = begin(sedo, "deep")
    sedo.pass_time(10)
    assert (sedo.get(path)["state"], sedo.get(path)["output"]) == ("ExecutionSucceeded", "TooLarge")


class TestRoom:
    FULL = """
    id: example-definition
    steps:
      - id: each
        type: map
        items: '${input.foo}'
        steps:
          - {id: wait, type: event, name: go, key: '${item}'}
          - {id: later, type: event, name: later}
    """

    def test_an_event_that_has_no_room_is_refused_and_changes_nothing(self, sedo: Sedo) -> None:
        random = Random(1)
        sedo.create(dedent(self.FULL))
        path = f"/executions/{sedo.start(input={'foo': [random.randbytes(400).hex() for _ in range(90)]})['id']}"
        sedo.deliver()
        before = sedo.get(path)
        item = sedo.executions.get(before["id"])
        assert item is not None
        sedo.executions.most = item.item_bytes + 1_000
        answer = sedo.ask("POST", T + path + "/events/later", {"data": random.randbytes(8_000).hex()})
        assert_problem(answer, 409, "the execution has no room for more")
        assert "are the most (execution_bytes): let fewer items run at once" in answer.json_body["detail"]
        assert sedo.get(path) == before
        assert post(sedo, path + "/cancel")["state"] == "ExecutionCancelled"
