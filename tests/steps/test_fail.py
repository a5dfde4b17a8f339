from datetime import UTC, datetime

import pytest

from chalicelib.core.definitions.model import StepContext
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json
from chalicelib.steps.fail import FailStep

CONTEXT = StepContext("what came in", datetime(2026, 1, 31, 9, tzinfo=UTC))
SCHEMA = compile_schema(dict(FailStep.schema))


@pytest.mark.parametrize(
    ("params", "name", "message"),
    [
        ({}, "Failed", "the workflow fails with Failed"),
        ({"error": "order.TooLarge"}, "order.TooLarge", "the workflow fails with order.TooLarge"),
        ({"error": "A-b_9.c", "cause": "too much"}, "A-b_9.c", "too much"),
        ({"cause": "too much"}, "Failed", "too much"),
        ({"cause": ""}, "Failed", "the workflow fails with Failed"),
    ],
)
def test_it_fails_with_the_error_and_the_cause_that_it_names(params: dict[str, Json], name: str, message: str) -> None:
    assert SCHEMA.problems(params) == []
    with pytest.raises(StepError) as raised:
        FailStep().run(params, CONTEXT)
    assert (raised.value.name, str(raised.value), raised.value.details) == (name, message, None)


@pytest.mark.parametrize(
    "params",
    [
        {"error": ""},
        {"error": "9lives"},
        {"error": "two words"},
        {"error": "http.*"},
        {"error": "x" * 129},
        {"error": 5},
        {"cause": 5},
        {"reason": "x"},
        {"failure": {"name": "two words"}},
        {"failure": {"name": "A", "step": 5}},
        {"failure": {"name": "A", "step": "a", "attempt": "x"}},
    ],
)
def test_parameters_that_do_not_fit_are_refused(params: Json) -> None:
    assert SCHEMA.problems(params)


def test_a_caught_error_goes_on_as_it_was() -> None:
    failure: Json = {"name": "http.Status.400", "message": "no", "step": "a", "attempt": 2, "details": {"body": "x"}}
    assert SCHEMA.problems({"failure": failure}) == []
    with pytest.raises(StepError) as raised:
        FailStep().run({"failure": failure}, CONTEXT)
    error = raised.value
    assert (error.name, str(error), error.details, error.origin) == ("http.Status.400", "no", {"body": "x"}, ("a", 2))


def test_a_failure_that_was_put_together_may_lack_where_it_was() -> None:
    for failure in ({"name": "A", "step": None}, {"name": "A", "attempt": 2}):
        assert SCHEMA.problems({"failure": failure}) == []
        with pytest.raises(StepError) as raised:
            FailStep().run({"failure": failure}, CONTEXT)
        assert raised.value.origin is None
    with pytest.raises(StepError) as raised:
        FailStep().run({"failure": {"name": "A", "step": "a", "attempt": None}}, CONTEXT)
    assert raised.value.origin == ("a", 1)


def test_an_error_of_ones_own_has_details() -> None:
    with pytest.raises(StepError) as raised:
        FailStep().run({"error": "order.TooLarge", "details": {"total": 5}}, CONTEXT)
    assert (raised.value.name, raised.value.details) == ("order.TooLarge", {"total": 5})


@pytest.mark.parametrize(
    ("params", "places"),
    [
        ({"error": "${error.name}", "cause": "${error.message}"}, ["error"]),
        ({"error": "${ stash.why.name }"}, []),
        ({"error": "${ stash.name }"}, []),
        ({"error": "order.${error.name}"}, []),
        ({"error": "${error.name}", "details": "${error.details}"}, []),
        ({"error": "${error.name}", "failure": "${error}"}, []),
        ({}, []),
    ],
)
def test_an_error_that_would_lose_its_details_is_told(params: dict[str, Json], places: list[str]) -> None:
    assert [place for place, _ in FailStep().remarks(params)] == places
