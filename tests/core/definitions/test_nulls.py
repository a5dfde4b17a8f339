"""Null leaves out what may be left out."""

import pytest

from chalicelib.core.definitions.validation import validate
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES
from tests.core.definitions.test_lint import each, echo, fork


def kept(*steps: Json) -> Json:
    found = validate({"id": "x", "steps": [*steps]}, STEP_TYPES, lambda *_: None)
    assert found.problems == ()
    return found.document["steps"]


@pytest.mark.parametrize(
    ("step", "left"),
    [
        ({"type": "http", "url": "https://x.test"}, {"headers": None, "query": None, "expect": None, "callback": None}),
        ({"type": "task", "title": "T"}, {"description": None, "inputSchema": None, "priority": None, "due": None}),
        ({"type": "event", "name": "paid"}, {"key": None, "schema": None, "timeoutSeconds": None}),
        ({"type": "wait", "seconds": 1}, {"until": None}),
        ({"type": "fail", "error": "A"}, {"cause": None, "failure": None}),
        ({"type": "workflow", "definition": "x"}, {"version": None, "wait": None}),
    ],
)
def test_a_parameter_that_is_null_is_left_out(step: dict[str, Json], left: dict[str, Json]) -> None:
    whole: dict[str, Json] = {"id": "a", **step}
    assert kept({**whole, **left}) == [whole]
    assert kept(each("m", {**whole, **left})) == [each("m", whole)]
    assert kept(fork("p", b=[{**whole, **left}], c=[echo("d")])) == [fork("p", b=[whole], c=[echo("d")])]


def test_numbers_of_retry_are_left_out() -> None:
    entry: dict[str, Json] = {"errors": ["*"]}
    step: dict[str, Json] = {"id": "a", "type": "http", "url": "https://x.test"}
    assert kept({**step, "retry": [{**entry, "maxAttempts": None}]}) == [{**step, "retry": [entry]}]


@pytest.mark.parametrize("more", [{"message": None}, {"output": None}, {"message": {"a": None}}])
def test_what_may_be_null_stays(more: dict[str, Json]) -> None:
    assert kept({**echo("a"), **more}) == [{**echo("a"), **more}]


@pytest.mark.parametrize(
    ("step", "place"),
    [
        (echo("a", when=None), "/steps/0/when"),
        (echo("a", catch=None), "/steps/0/catch"),
        (echo("a", stash=None), "/steps/0/stash"),
        ({"id": "a", "type": "http", "url": None}, "/steps/0/url"),
        ({"id": "a", "type": None}, "/steps/0/type"),
        (None, "/steps/0"),
        ({"id": "p", "type": "parallel", "branches": [None]}, "/steps/0/branches/0"),
        (echo("a", retry=[None]), "/steps/0/retry/0"),
    ],
)
def test_what_says_how_steps_hang_together_is_not_left_out(step: Json, place: str) -> None:
    found = validate({"id": "x", "steps": [step]}, STEP_TYPES, lambda *_: None)
    assert place in [each.pointer for each in found.problems]
