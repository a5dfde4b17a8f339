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


@pytest.mark.parametrize(
    ("params", "remarks"),
    [
        (
            {"due": {"seconds": 1, "groups": ["a"]}},
            ["with then: fail it goes to nobody else: write then: reassign"],
        ),
        (
            {"due": {"seconds": 1, "then": "reassign"}},
            ["it says nobody to reassign to, so anybody may do it: give assignees or groups beside then"],
        ),
        ({"due": {"seconds": 1, "value": 1}}, ["with then: fail no value is heeded: write then: continue"]),
        (
            {"inputSchema": {"required": ["ok"]}, "due": {"seconds": 1, "then": "continue", "value": {}}},
            ["the value is the result though it does not pass inputSchema: 'ok' is a required property"],
        ),
        ({"groups": "${input.a}, ${input.b}", "not": ["a, b"], "due": {"seconds": 1}}, []),
        ({"due": {"seconds": 1, "then": "reassign", "groups": ["a"]}}, []),
        ({"due": {"seconds": 1, "then": "continue", "value": "${input.x}"}, "inputSchema": {"type": "object"}}, []),
        ({"due": {"seconds": 1, "then": "continue", "value": {}}, "inputSchema": {"type": "object"}}, []),
        ({"due": {"seconds": 1, "then": "${input.then}", "groups": ["a"]}}, []),
        ({"due": "${input.due}"}, []),
    ],
)
def test_what_it_does_not_heed_is_odd(params: dict[str, Json], remarks: list[str]) -> None:
    assert [*TaskStep().remarks({"title": "Approve", **params})] == [("due", remark) for remark in remarks]


@pytest.mark.parametrize("key", ["assignees", "groups", "not"])
def test_several_names_in_one_text_are_one_name(key: str) -> None:
    remark = "this is one name: write [ada, grace] for several"
    assert [*TaskStep().remarks({"title": "Approve", key: "ada, grace"})] == [(key, remark)]
