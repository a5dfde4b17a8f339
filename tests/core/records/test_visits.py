"""A history as visits: by step and attempt."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.core.records.visits import Visits, cut
from chalicelib.core.values.json import Json

START, DONE, FAIL, SKIP = "StepStarted", "StepSucceeded", "StepFailed", "StepSkipped"
AGAIN: dict[str, Json] = {"at": "2026-01-31T09:00:05.000Z", "attempt": 2, "maxAttempts": 2, "policy": 0}
ERROR: dict[str, Json] = {"name": "Failed", "message": "no", "step": "a", "attempt": 1, "details": None}


def entry(second: int, state: str, step: str = "a", **more: Any) -> dict[str, Any]:
    every = {"thread": "main", "turn": second, "step": step, "attempt": 1}
    return {"time": f"2026-01-31T09:00:{second:02}.000Z", "state": state, **every, **more}


def visits(*entries: dict[str, Any], stash: Mapping[str, Json] | None = None) -> list[dict[str, Any]]:
    made = Visits({"a": "http", "w": "wait", "p": "parallel"}.get, stash)
    for each in entries:
        made.add(each)
    return made.found


def members(visit: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(visit.get(name) for name in names)


class TestOneVisit:
    def test_a_visit_has_what_its_entries_say(self) -> None:
        params, result = {"url": "/"}, {"status": 200}
        (visit,) = visits(
            entry(0, "ExecutionStarted"),
            entry(1, START, params=params, children=["t:d:1"]),
            entry(3, DONE, result=result, actor="ada", index=4),
        )
        assert members(visit, "thread", "turn", "step", "type", "state") == ("main", 1, "a", "http", "succeeded")
        assert members(visit, "params", "result", "actor", "index", "children") == (params, result, "ada", 4, ["t:d:1"])
        assert members(visit, "startedAt", "endedAt") == ("2026-01-31T09:00:01.000Z", "2026-01-31T09:00:03.000Z")
        assert members(visit, "queuedMs", "runMs", "waitedMs") == (0, 2000, 0)

    def test_attempts_tell_when_they_were_due_and_how_late_they_began(self) -> None:
        (visit,) = visits(
            entry(1, START),
            entry(3, FAIL, error=ERROR, retry=AGAIN),
            entry(7, START, attempt=2),
            entry(8, DONE, attempt=2),
        )
        assert members(visit, "state", "queuedMs", "runMs", "waitedMs") == ("succeeded", 2000, 3000, 2000)
        first, second = visit["attempts"]
        assert members(first, "number", "error", "retryAt") == (1, ERROR, AGAIN["at"])
        assert members(second, "number", "queuedMs", "error") == (2, 2000, None)
        assert "error" not in visit

    def test_an_attempt_that_begins_early_is_not_queued(self) -> None:
        (visit,) = visits(entry(1, START), entry(3, FAIL, retry=AGAIN), entry(4, START, attempt=2))
        assert members(visit, "state", "queuedMs", "waitedMs") == ("open", 0, 1000)

    def test_the_time_of_a_step_that_waits_is_spent_waiting(self) -> None:
        (visit,) = visits(entry(1, START, "w"), entry(9, DONE, "w"))
        assert members(visit, "runMs", "waitedMs") == (0, 8000)

    def test_one_that_fails_for_good_keeps_its_error(self) -> None:
        (visit,) = visits(entry(1, START), entry(2, FAIL, error=ERROR))
        assert members(visit, "state", "error", "endedAt") == ("failed", ERROR, "2026-01-31T09:00:02.000Z")

    def test_one_that_is_skipped_has_no_attempt(self) -> None:
        (visit,) = visits(entry(1, SKIP))
        assert members(visit, "state", "attempts", "startedAt") == ("skipped", [], visit["endedAt"])

    def test_of_one_that_began_before_only_the_end_is_known(self) -> None:
        (visit,) = visits(entry(4, DONE))
        assert members(visit, "turn", "startedAt", "state", "runMs") == (None, None, "succeeded", 0)
        assert members(visit["attempts"][0], "startedAt", "endedAt") == (None, "2026-01-31T09:00:04.000Z")

    def test_an_attempt_that_fails_twice_over_counts_once_each(self) -> None:
        (visit,) = visits(entry(1, START), entry(2, FAIL, retry=AGAIN), entry(6, FAIL))
        assert [each["startedAt"] is None for each in visit["attempts"]] == [False, True]

    def test_what_people_did_with_the_task_is_told(self) -> None:
        claimed = entry(2, "TaskClaimed", actor="ada")
        (visit,) = visits(entry(1, START, task="t"), claimed)
        assert visit["people"] == [{"time": claimed["time"], "state": "TaskClaimed", "actor": "ada"}]
        assert visits(claimed) == []


class TestThreads:
    def test_the_visits_of_branches_stop_with_the_step_that_forked_them(self) -> None:
        outer, left, right = visits(
            entry(1, START, "p"),
            entry(2, START, "p/left/a", thread="main.1.left"),
            entry(2, START, "p/right/a", thread="main.1.right"),
            entry(3, DONE, "p/left/a", thread="main.1.left"),
            entry(4, DONE, "p"),
        )
        assert [each["state"] for each in (outer, left, right)] == ["succeeded", "succeeded", "stopped"]

    def test_an_end_stops_what_is_open_and_a_redrive_takes_it_up(self) -> None:
        assert visits(entry(1, START), entry(2, "ExecutionCancelled"))[0]["state"] == "stopped"
        found = visits(entry(1, START), entry(2, "ExecutionFailed"), entry(3, "ExecutionRedriven"), entry(4, DONE))
        assert [each["state"] for each in found] == ["succeeded"]

    def test_a_redrive_from_another_step_leaves_what_was_open(self) -> None:
        change = {"step": {"from": "a", "to": "w"}, "stash": {"n": {"from": 1, "to": 5}}}
        found = visits(
            entry(1, START),
            entry(2, "ExecutionFailed"),
            entry(3, "ExecutionRedriven", change=change),
            entry(4, START, "w"),
            entry(5, DONE, "w", stash={"n": 6}),
        )
        assert [each["state"] for each in found] == ["stopped", "succeeded"]
        assert found[1]["stash"] == {"n": {"from": 5, "to": 6}}


class TestStash:
    def test_a_change_has_what_was_there_before(self) -> None:
        found = visits(
            entry(1, START), entry(2, DONE, stash={"n": 1, "m": 2}), entry(3, START), entry(4, DONE, stash={"n": 3}),
            stash={"n": 0},
        )  # fmt: skip
        assert found[0]["stash"] == {"n": {"from": 0, "to": 1}, "m": {"to": 2, "isNew": True}}
        assert found[1]["stash"] == {"n": {"from": 1, "to": 3}}

    def test_what_was_there_long_before_is_not_known(self) -> None:
        assert visits(entry(1, START), entry(2, DONE, stash={"n": 1}))[0]["stash"] == {"n": {"to": 1}}

    def test_a_thread_sees_what_its_parent_left_and_not_its_siblings(self) -> None:
        *_, inner = visits(
            entry(1, START),
            entry(2, DONE, stash={"n": 1}),
            entry(3, START, "p"),
            entry(4, START, thread="main.3.left"),
            entry(5, DONE, thread="main.3.left", stash={"n": 2}),
            entry(6, START, thread="main.3.right"),
            entry(7, DONE, thread="main.3.right", stash={"n": 3, "m": 4}),
        )
        assert inner["stash"] == {"n": {"from": 1, "to": 3}, "m": {"to": 4}}

    def test_references_go_where_their_values_went(self) -> None:
        large = {"sha256": "0", "bytes": 9, "link": "/"}
        references = {"/result": large, "/stash/a~1b": large}
        first, second = visits(
            entry(1, START),
            entry(2, DONE, result=None, stash={"a/b": None}, references=references),
            entry(3, START),
            entry(4, DONE, stash={"a/b": 1}),
        )
        assert first["references"] == {"/stash/a~1b/to": large, "/result": large}
        assert second["references"] == {"/stash/a~1b/from": large}


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_page_is_cut_between_visits(*, newest_first: bool) -> None:
    one = [entry(1, START), entry(2, FAIL, retry=AGAIN), entry(3, START, attempt=2), entry(4, DONE, attempt=2)]
    two = [entry(5, SKIP), entry(6, "ExecutionPaused")]
    three = [entry(7, START), entry(8, FAIL)]
    entries = [*one, *two, *three]
    lengths = [0, 4, 6, 8] if not newest_first else [0, 3, 4, 8]
    found = [cut(entries[:: -1 if newest_first else 1], limit, newest_first=newest_first) for limit in range(4)]
    assert found == lengths
