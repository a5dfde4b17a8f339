"""What a template yields is read as its author means it."""

from typing import Any

import pytest

from chalicelib.core.definitions.meaning import meant
from chalicelib.core.values.json import Json
from chalicelib.steps.event import EventStep
from chalicelib.steps.fail import FailStep
from chalicelib.steps.http import HttpStep
from chalicelib.steps.task import TaskStep


@pytest.mark.parametrize(
    ("step_type", "given", "expected"),
    [
        (EventStep, {"name": "paid", "key": 7}, {"name": "paid", "key": "7"}),
        (EventStep, {"name": "paid", "key": True}, {"name": "paid", "key": "true"}),
        (EventStep, {"name": "paid", "key": None}, {"name": "paid"}),
        (EventStep, {"name": None}, {"name": None}),
        (TaskStep, {"title": 7.5, "description": None}, {"title": "7.5"}),
        (TaskStep, {"title": "t", "not": None, "groups": None}, {"title": "t", "not": None, "groups": None}),
        (TaskStep, {"title": "t", "not": [None, "ada", 5]}, {"title": "t", "not": ["ada", "5"]}),
        (TaskStep, {"title": "t", "priority": 5, "data": None}, {"title": "t", "priority": 5, "data": None}),
        (FailStep, {"error": "E", "cause": None}, {"error": "E"}),
        (FailStep, {"error": "E", "cause": {"a": 1}}, {"error": "E", "cause": {"a": 1}}),
        (HttpStep, {"url": "u", "query": {"a": 1, "b": None}}, {"url": "u", "query": {"a": 1}}),
        (HttpStep, {"url": "u", "headers": {"x": 5, "y": None}}, {"url": "u", "headers": {"x": "5", "y": None}}),
        (HttpStep, {"url": "u", "followRedirects": None}, {"url": "u"}),
        (
            HttpStep,
            {"url": "u", "auth": {"type": "bearer", "token": 5}},
            {"url": "u", "auth": {"type": "bearer", "token": "5"}},
        ),
    ],
)
def test_numbers_are_text_where_text_is_wanted_and_null_leaves_out(
    step_type: Any, given: dict[str, Json], expected: Json
) -> None:
    assert meant(given, step_type.schema) == expected
