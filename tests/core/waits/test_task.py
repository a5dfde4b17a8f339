from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.executions.identity import task_id
from chalicelib.core.executions.model import State
from chalicelib.core.values.json import Json, encode
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.task import (
    MAX_CHANGES,
    SHOWN_VALUE,
    Person,
    Task,
    TaskStatus,
    claim_problem,
    claimed,
    closed,
    complete_problem,
    if_overdue,
    is_repeat,
    noted,
    read_task,
    reassign_problem,
    reassigned,
    release_problem,
    released,
    summary_json,
    task_document,
    task_json,
    task_slots,
)

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)

TASK = Task("acme", "f" * 24, "acme:order:1", "order", "0", 3, "approve", NOW, "Approve the order")
FULL = copy_with(
    TASK,
    description="It is a large one.",
    input_schema={"type": "object"},
    ui_schema={"order": ["approved"]},
    data={"total": 1000},
    assignees=("ada",),
    groups=("sales", "managers"),
    excluded=("eve",),
    priority=80,
    due_at=LATER,
    overdue=True,
    claimed_by="ada",
    claimed_at=NOW,
    status=TaskStatus.COMPLETED,
    closed_at=LATER,
    definition_version=3,
    closed_by="ada",
    answer={"approved": True},
    reason="as agreed",
    key="k-1",
    if_overdue={"then": "fail"},
    changes=({"time": "2026-01-31T09:00:00.000Z", "state": "TaskClaimed", "actor": "ada"},),
    version=7,
)
ADA, BOB = Person("ada"), Person("bob")
SALES, STRANGERS = frozenset({"sales", "staff"}), frozenset({"staff"})

Problem = Callable[[Task, Person], str | None]
every_problem = pytest.mark.parametrize("problem", [claim_problem, release_problem, reassign_problem, complete_problem])
every_work = pytest.mark.parametrize("problem", [claim_problem, reassign_problem, complete_problem])
every_doing = pytest.mark.parametrize("problem", [claim_problem, complete_problem])


class TestIds:
    def test_a_turn_always_has_the_same_task(self) -> None:
        assert task_id("acme:order:1", "0", 3) == task_id("acme:order:1", "0", 3) == "9d811521ce2ec94500ec52cb"

    @pytest.mark.parametrize("other", [("acme:order:2", "0", 3), ("acme:order:1", "0.a", 3), ("acme:order:1", "0", 4)])
    def test_every_turn_has_a_task_of_its_own(self, other: tuple[str, str, int]) -> None:
        assert task_id(*other) != task_id("acme:order:1", "0", 3)


class TestNotInTime:
    @pytest.mark.parametrize(
        ("due", "happens"),
        [
            (None, None),
            ({"seconds": 60}, {"then": "fail"}),
            ({"seconds": 60, "then": "fail", "groups": ["boss"]}, {"then": "fail"}),
            ({"at": "x", "then": "reassign"}, {"then": "reassign", "assignees": [], "groups": []}),
            (
                {"then": "reassign", "assignees": "bob", "groups": ["boss", "board"]},
                {"then": "reassign", "assignees": ["bob"], "groups": ["boss", "board"]},
            ),
            ({"then": "continue"}, {"then": "continue", "value": None}),
            ({"then": "continue", "value": {"yes": False}}, {"then": "continue", "value": {"yes": False}}),
            (
                {"then": "continue", "value": "x" * (SHOWN_VALUE - 2)},
                {"then": "continue", "value": "x" * (SHOWN_VALUE - 2)},
            ),
            ({"then": "continue", "value": "x" * (SHOWN_VALUE - 1)}, {"then": "continue"}),
        ],
    )
    def test_it_is_said_what_happens_then(self, due: dict[str, Json] | None, happens: Json) -> None:
        assert if_overdue(due) == happens

    def test_it_is_shown_and_kept_and_not_known_of_one_that_says_nothing(self) -> None:
        task = copy_with(TASK, if_overdue={"then": "fail"})
        assert task_json(task, ADA)["ifOverdue"] == {"then": "fail"}
        assert read_task(task_document(task)) == task
        assert task_json(read_task(task_document(TASK)), ADA)["ifOverdue"] is None


class TestWhoMay:
    @every_work
    @pytest.mark.parametrize(
        ("person", "assignees", "groups", "excluded", "may"),
        [
            (ADA, (), (), (), True),
            (ADA, ("ada",), (), (), True),
            (ADA, ("bob", "ada"), ("sales",), (), True),
            (ADA, ("bob",), (), (), False),
            (ADA, (), ("sales",), (), False),
            (Person("ada", SALES), (), ("sales",), (), True),
            (Person("ada", SALES), ("bob",), ("sales",), (), True),
            (Person("ada", STRANGERS), ("bob",), ("sales",), (), False),
            (Person("sales"), (), ("sales",), (), False),
            (Person("bob", frozenset({"ada"})), ("ada",), (), (), False),
            (ADA, (), (), ("ada",), False),
            (ADA, (), (), ("bob",), True),
            (Person("ada", SALES), ("ada",), ("sales",), ("ada",), False),
        ],
    )
    def test_it_is_for_those_it_names_or_else_for_anybody_but_never_for_those_it_excludes(
        self,
        problem: Problem,
        person: Person,
        assignees: tuple[str, ...],
        groups: tuple[str, ...],
        excluded: tuple[str, ...],
        may: bool,  # noqa: FBT001 - an example
    ) -> None:
        task = copy_with(TASK, assignees=assignees, groups=groups, excluded=excluded)
        assert (problem(task, person) is None) is may

    @every_work
    def test_people_are_told_why_it_is_not_theirs(self, problem: Problem) -> None:
        assert problem(copy_with(TASK, excluded=("ada",)), ADA) == "ada must not do it: somebody else has to"
        assert (
            problem(copy_with(TASK, groups=("sales",)), ADA)
            == "ada is none of its assignees, and in none of its groups"
        )

    @every_doing
    def test_what_somebody_has_claimed_is_theirs_alone(self, problem: Problem) -> None:
        task = claimed(TASK, ADA, NOW)
        assert problem(task, ADA) is None
        assert problem(task, BOB) == "claimed by ada, who has to release it first"

    @every_doing
    def test_who_may_not_do_it_anyway_is_told_that_rather_than_who_has_claimed_it(self, problem: Problem) -> None:
        task = claimed(copy_with(TASK, assignees=("ada",), excluded=("eve",)), ADA, NOW)
        assert problem(task, BOB) == "bob is none of its assignees, and in none of its groups"
        assert problem(task, Person("eve")) == "eve must not do it: somebody else has to"

    def test_what_somebody_has_claimed_can_be_given_to_others_by_those_it_is_for(self) -> None:
        task = claimed(copy_with(TASK, groups=("sales",)), Person("ada", SALES), NOW)
        assert reassign_problem(task, Person("bob", SALES)) is None
        assert reassign_problem(task, BOB) is not None

    def test_only_who_has_claimed_it_can_release_it(self) -> None:
        task = claimed(TASK, ADA, NOW)
        assert release_problem(task, ADA) is None
        assert release_problem(task, BOB) == "claimed by ada, and by nobody else to be released"
        assert release_problem(TASK, ADA) == "it is not claimed: there is nothing to release"

    def test_who_may_not_do_it_is_told_so_before_who_has_claimed_it(self) -> None:
        task = copy_with(TASK, excluded=("bob",))
        for each in (task, claimed(task, ADA, NOW)):
            assert release_problem(each, BOB) == "bob must not do it: somebody else has to"

    @every_problem
    @pytest.mark.parametrize("person", [ADA, BOB])
    def test_nothing_can_be_done_with_what_is_over(self, problem: Problem, person: Person) -> None:
        mine = claimed(copy_with(TASK, excluded=("bob",)), ADA, NOW)
        assert problem(closed(mine, TaskStatus.REJECTED, "ada", LATER), person) == "it is rejected by ada already"
        assert problem(closed(mine, TaskStatus.CANCELLED, None, LATER), person) == "it is cancelled already"


class TestTransitions:
    def test_a_claim_names_who_and_when(self) -> None:
        assert claimed(TASK, ADA, NOW) == copy_with(TASK, claimed_by="ada", claimed_at=NOW, version=2)

    def test_a_second_claim_of_the_same_changes_nothing(self) -> None:
        task = claimed(TASK, ADA, NOW)
        assert claimed(task, ADA, LATER) is task

    def test_what_is_released_is_nobodys(self) -> None:
        assert released(claimed(TASK, ADA, NOW)) == copy_with(TASK, version=3)

    def test_what_is_given_to_others_is_claimed_by_none_of_them(self) -> None:
        task = copy_with(claimed(TASK, ADA, NOW), assignees=("ada",), groups=("sales",))
        given = reassigned(task, ["bob"], ["managers"])
        assert given == copy_with(TASK, assignees=("bob",), groups=("managers",), version=3)

    def test_what_is_given_to_the_same_people_is_another_version_all_the_same(self) -> None:
        assert reassigned(TASK, (), ()).version == 2

    def test_an_end_holds_the_answer_and_who_had_claimed_it(self) -> None:
        task = claimed(TASK, ADA, NOW)
        end = closed(task, TaskStatus.COMPLETED, "ada", LATER, answer=[1], key="k")
        assert end == copy_with(
            task, status=TaskStatus.COMPLETED, closed_by="ada", closed_at=LATER, answer=[1], key="k", version=3
        )
        assert closed(task, TaskStatus.REJECTED, "ada", LATER, reason="no").reason == "no"


@pytest.mark.parametrize(
    ("key", "answer", "repeats"),
    [
        ("k", {"a": 1, "b": [True]}, True),
        ("k", {"b": [True], "a": 1}, True),
        ("k", {"a": 1, "b": [1]}, False),
        ("k", {"a": 1.0, "b": [True]}, False),
        ("k", None, False),
        ("other", {"a": 1, "b": [True]}, False),
        (None, {"a": 1, "b": [True]}, False),
    ],
)
def test_the_same_json_under_the_same_key_is_the_answer_again(key: str | None, answer: Json, repeats: bool) -> None:  # noqa: FBT001 - an example
    task = closed(TASK, TaskStatus.COMPLETED, "ada", LATER, answer={"a": 1, "b": [True]}, key="k")
    assert is_repeat(task, "ada", key, answer) is repeats
    assert not is_repeat(task, "bob", key, answer)


def test_without_a_key_no_answer_is_known_as_a_repeat() -> None:
    assert not is_repeat(closed(TASK, TaskStatus.COMPLETED, "ada", LATER, answer=1), "ada", None, 1)


class TestChanges:
    def test_who_changed_it_is_kept_with_it(self) -> None:
        mine = noted(claimed(TASK, ADA, NOW), State.TASK_CLAIMED, "ada", NOW)
        given = noted(reassigned(mine, ["bob"], []), State.TASK_REASSIGNED, None, LATER, assignees=["bob"], groups=[])
        assert given.version == TASK.version + 2, "that costs no write of its own"
        assert given.changes == (
            {"time": "2026-01-31T09:00:00.000Z", "state": "TaskClaimed", "actor": "ada"},
            {"time": "2026-01-31T09:05:00.000Z", "state": "TaskReassigned", "assignees": ["bob"], "groups": []},
        )

    def test_of_very_many_the_oldest_are_forgotten(self) -> None:
        task = TASK
        for n in range(600):
            task = noted(task, State.TASK_CLAIMED, f"user-{n}", NOW)
        assert MAX_CHANGES - 100 < len(encode(task.changes)) <= MAX_CHANGES
        assert task.changes[-1]["actor"] == "user-599"
        large = noted(task, State.TASK_REASSIGNED, "ada", NOW, assignees=["x" * MAX_CHANGES])
        assert len(large.changes) == 1


class TestDocuments:
    def test_everything_of_a_task_comes_back(self) -> None:
        default = {field.name for field in fields(Task) if field.compare and getattr(FULL, field.name) == field.default}
        assert not default, "this task shows nothing of them"
        assert read_task(task_document(FULL)) == FULL
        assert read_task(task_document(TASK)) == TASK

    def test_what_is_null_is_not_written_but_what_is_false_is(self) -> None:
        document = task_document(copy_with(TASK, input_schema=False, data=0, answer=""))
        assert {"dueAt", "claimedBy", "uiSchema", "key"}.isdisjoint(document)
        assert (document["inputSchema"], document["data"], document["answer"]) == (False, 0, "")

    def test_values_that_look_like_something_else_stay_what_they_are(self) -> None:
        task = copy_with(FULL, data="2026-01-31T09:00:00.000Z", answer=["open"], ui_schema="\ud800", reason="\udfff")
        assert read_task(task_document(task)) == task

    def test_half_a_surrogate_pair_is_no_text_for_a_header(self) -> None:
        task = copy_with(TASK, title="a\ud800b", assignees=("\udfff", "ada"), groups=("\U0001f600",))
        read = read_task(task_document(task))
        assert (read.title, read.assignees, read.groups) == ("a\ufffdb", ("\ufffd", "ada"), ("\U0001f600",))
        encode(task_document(task)).decode()

    def test_what_people_write_can_be_large(self) -> None:
        slots = {slot.pointer for slot in task_slots(task_document(FULL))}
        assert slots == {"/description", "/inputSchema", "/uiSchema", "/data", "/answer", "/reason"}
        assert [slot.pointer for slot in task_slots(task_document(TASK))] == ["/inputSchema"]


SUMMARY: dict[str, Json] = {
    "id": "f" * 24,
    "executionId": "acme:order:1",
    "definitionId": "order",
    "step": "approve",
    "title": "Approve the order",
    "assignees": ["ada"],
    "groups": ["sales", "managers"],
    "priority": 80,
    "dueAt": "2026-01-31T09:05:00.000Z",
    "overdue": True,
    "createdAt": "2026-01-31T09:00:00.000Z",
    "status": "completed",
    "claimedBy": "ada",
    "claimedAt": "2026-01-31T09:00:00.000Z",
    "completedBy": "ada",
    "completedAt": "2026-01-31T09:05:00.000Z",
}


class TestWire:
    def test_a_list_shows_the_header(self) -> None:
        assert summary_json(FULL) == SUMMARY

    def test_what_is_not_there_is_null(self) -> None:
        shown = summary_json(TASK)
        assert shown.keys() == SUMMARY.keys()
        assert [name for name, value in shown.items() if value is None] == [
            "dueAt",
            "claimedBy",
            "claimedAt",
            "completedBy",
            "completedAt",
        ]

    def test_one_task_shows_all_of_it(self) -> None:
        shown = task_json(FULL, ADA)
        del shown["actions"]
        assert shown == SUMMARY | {
            "description": "It is a large one.",
            "inputSchema": {"type": "object"},
            "uiSchema": {"order": ["approved"]},
            "data": {"total": 1000},
            "answer": {"approved": True},
            "reason": "as agreed",
            "ifOverdue": {"then": "fail"},
        }

    def test_it_tells_what_somebody_can_do_with_it(self) -> None:
        nothing = "it is not claimed: there is nothing to release"
        can: Json = {"possible": True, "reason": None}
        assert task_json(TASK, ADA)["actions"] == {
            "claim": can,
            "release": {"possible": False, "reason": nothing},
            "reassign": can,
            "complete": can,
            "reject": can,
        }

    @pytest.mark.parametrize("action", ["claim", "release", "reassign", "complete", "reject"])
    def test_it_tells_what_nobody_can_do_who_is_not_known(self, action: str) -> None:
        over = closed(TASK, TaskStatus.CANCELLED, None, LATER)
        for task, reason in ((TASK, "it is not known who asks"), (over, "it is cancelled already")):
            actions = task_json(task, None)["actions"]
            assert isinstance(actions, dict)
            assert actions[action] == {"possible": False, "reason": reason}

    @pytest.mark.parametrize("action", ["complete", "reject", "claim"])
    def test_it_tells_who_has_to_release_it(self, action: str) -> None:
        actions = task_json(claimed(TASK, ADA, NOW), BOB)["actions"]
        assert isinstance(actions, dict)
        assert actions[action] == {"possible": False, "reason": "claimed by ada, who has to release it first"}
