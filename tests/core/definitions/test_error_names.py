"""Names of errors in `retry` and `catch` that nothing fails with."""

import pytest

from chalicelib.core.definitions.validation import validate
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES
from tests.core.definitions.test_lint import each, echo, fork, warnings

HTTP: dict[str, Json] = {"id": "h", "type": "http", "url": "https://x.test"}
MAP = each("m", HTTP)
FORK = fork("p", a=[HTTP], b=[echo("b")])
CHILD: dict[str, Json] = {"id": "w", "type": "workflow", "definition": "other"}


@pytest.mark.parametrize("step", [HTTP, MAP, FORK, CHILD], ids=["http", "map", "parallel", "workflow"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Timeot", "no step of sedo fails with 'Timeot' (did you mean 'Timeout'?)"),
        ("itemsFailed", "no step of sedo fails with 'itemsFailed' (did you mean 'ItemsFailed'?)"),
        ("ItemFailed", "no step of sedo fails with 'ItemFailed' (did you mean 'ItemsFailed'?)"),
        ("http", "no step of sedo fails with 'http': write http.* for all errors of the family"),
        ("503", "no step of sedo fails with '503': write http.Status.503"),
        ("http.StatusCode.503", "no step of sedo fails with 'http.StatusCode.503': write http.Status.503"),
        ("Status.5xx", "no step of sedo fails with 'Status.5xx': write http.Status.5xx"),
        ("http.Status.6xx", "there is no status '6xx': write http.Status.503 or http.Status.5xx"),
        ("htp.*", "no step of sedo fails with errors of the family 'htp' (did you mean 'http'?)"),
    ],
)
@pytest.mark.parametrize("key", ["retry", "catch", "of the definition"])
def test_a_name_that_is_misspelt_is_said_wherever_it_stands(
    step: dict[str, Json], name: str, said: str, key: str
) -> None:
    entry: Json = [{"errors": [name]}]
    if key == "of the definition":
        assert warnings(step, retry=entry) == [("/retry/0/errors/0", said)]
        return
    entry = [{"errors": [name], "next": "z"}] if key == "catch" else entry
    assert warnings({**step, key: entry}, echo("z")) == [(f"/steps/0/{key}/0/errors/0", said)]


@pytest.mark.parametrize("name", ["OrderFailed", "SoldOut", "bank.Refused", "Forbidden", "ItemsFailed", "SpawnLimit"])
def test_a_name_of_its_own_or_of_another_step_is_not(name: str) -> None:
    assert warnings({**CHILD, "catch": [{"errors": [name], "next": "z"}]}, echo("z")) == []


def test_what_a_step_fails_with_of_its_own_is_no_misspelling() -> None:
    failing: Json = {"id": "f", "type": "fail", "error": "TimeOut"}
    assert warnings({**fork("p", a=[failing]), "catch": [{"errors": ["TimeOut"], "next": "z"}]}, echo("z")) == []


@pytest.mark.parametrize("name", ["Task.Failed", "Task.*"])
def test_a_name_or_family_that_a_fail_step_raises_is_no_warning(name: str) -> None:
    failing: Json = {"id": "f", "type": "fail", "error": "Task.Failed", "catch": [{"errors": [name], "next": "z"}]}
    assert warnings(failing, echo("z")) == []


@pytest.mark.parametrize(
    ("step", "name", "said"),
    [
        ({"id": "l", "type": "lambda", "function": "f"}, "OutOfStock", ": write lambda.OutOfStock"),
        (HTTP, "OutOfStock", ", only with http.* and those of every step"),
        (HTTP, "Error", ": '*' stands for every one"),
    ],
)
def test_the_name_of_an_error_of_a_function_stands_in_its_family(step: dict[str, Json], name: str, said: str) -> None:
    ((_, found),) = warnings({**step, "catch": [{"errors": [name], "next": "z"}]}, echo("z"))
    assert found == f"a step of type {step['type']} never fails with {name!r}{said}"


@pytest.mark.parametrize("wrong", ["*.*", "", "a b"])
def test_of_what_cannot_be_a_name_nothing_more_is_said(wrong: str) -> None:
    step: Json = {**HTTP, "retry": [{"errors": [wrong]}, {"errors": [wrong, "Timeout"]}]}
    found = validate({"id": "x", "steps": [step]}, STEP_TYPES, lambda *_: None)
    assert ([each.pointer for each in found.problems], found.warnings) == (
        ["/steps/0/retry/0/errors/0", "/steps/0/retry/1/errors/0"],
        [],
    )


@pytest.mark.parametrize("name", ["Task.Failed", "Task.*", "Task.Failed.*"])
def test_a_name_or_a_family_that_a_step_of_the_definition_fails_with_is_known(name: str) -> None:
    fails: dict[str, Json] = {"id": "f", "type": "fail", "error": "Task.Failed.Twice"}
    known = {"Task.Failed": fails | {"error": "Task.Failed"}}.get(name, fails)
    assert warnings(known | {"catch": [{"errors": [name], "next": "z"}]}, echo("z")) == []
