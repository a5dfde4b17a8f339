from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.definitions.model import AnswerKind, StepContext, WaitForAnswer
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json
from chalicelib.steps.task import TaskStep

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTEXT = StepContext("came in", NOW)


def test_it_waits_for_a_person_and_hands_on_what_they_see() -> None:
    params: dict[str, Json] = {"title": "Approve", "data": [1], "groups": ["sales"]}
    assert TaskStep().run(params, CONTEXT) == WaitForAnswer(AnswerKind.TASK, params)


@pytest.mark.parametrize(
    ("due", "until"),
    [
        ({"seconds": 90.5}, NOW + timedelta(seconds=90.5)),
        ({"at": "2026-01-02T01:00:00+01:00", "then": "continue"}, NOW + timedelta(days=1)),
    ],
)
def test_it_is_due_at_an_instant_or_after_some_seconds(due: Json, until: datetime) -> None:
    outcome = TaskStep().run({"title": "Approve", "due": due}, CONTEXT)
    assert isinstance(outcome, WaitForAnswer)
    assert outcome.until == until


@pytest.mark.parametrize("due", [{"seconds": 1}, {"seconds": 1, "assignees": ["ö" * 200] * 10}])
def test_names_that_are_too_long_for_its_item_fail_the_step(due: Json) -> None:
    names: list[Json] = ["ö" * 200] * 120
    few: dict[str, Json] = {"title": "Approve", "assignees": names, "due": {"seconds": 1}}
    assert isinstance(
        TaskStep().run({**few, "data": names, "due": {"seconds": 1, "value": names}}, CONTEXT), WaitForAnswer
    )
    with pytest.raises(StepError, match="bytes, and 50,000 are the most") as caught:
        TaskStep().run({**few, "not": names[:5], "due": due}, CONTEXT)
    assert caught.value.name == "TooLarge"


@pytest.mark.parametrize("at", ["tomorrow", "2026-01-01T00:00:00", "9999-12-31T23:59:59-10:00"])
def test_what_is_no_instant_fails_the_step(at: str) -> None:
    with pytest.raises(StepError, match="which is no instant"):
        TaskStep().run({"title": "Approve", "due": {"at": at}}, CONTEXT)
