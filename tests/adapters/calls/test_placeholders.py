import copy

import pytest

from chalicelib.adapters.calls.placeholders import Filled, filled
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.expressions.template import Placeholder
from chalicelib.core.values.errors import InternalError, StepError
from chalicelib.core.values.json import Json

KEY = CallKey("123:order-fulfilment:00c0ffee", "main", 7)


def fill(params: Json, **placeholders: list[str | Placeholder]) -> Filled:
    return filled(
        Call("http", params, placeholders), KEY, lambda tenant, name: f"<{tenant} {name}>", lambda key: f"<{key}>"
    )


def test_a_hole_gets_the_secret_of_the_tenant() -> None:
    params: Json = {"headers": {"X-Key": "***"}, "url": "https://a"}
    answer = fill(params, **{"/headers/X-Key": ["Key ", Placeholder("shop/key"), "!"]})
    assert answer.params == {"headers": {"X-Key": "Key <123 shop/key>!"}, "url": "https://a"}
    assert answer.secrets == {"<123 shop/key>"}


def test_a_hole_gets_the_token_of_the_visit() -> None:
    answer = fill({"body": {"answer": "***"}}, **{"/body/answer": [Placeholder()]})
    assert answer.params == {"body": {"answer": f"<{KEY}>"}}
    assert answer.secrets == {f"<{KEY}>"}


def test_places_are_found_by_their_pointers() -> None:
    params: Json = {"a/b": ["x", {"c~d": "***", "": "***"}], "0": "x"}
    answer = fill(params, **{"/a~1b/1/c~0d": [Placeholder("a")], "/a~1b/1/": [Placeholder("b"), Placeholder("a")]})
    assert answer.params == {"a/b": ["x", {"c~d": "<123 a>", "": "<123 b><123 a>"}], "0": "x"}
    assert answer.secrets == {"<123 a>", "<123 b>"}


def test_the_parameters_stay_as_they_are() -> None:
    params: Json = {"body": [{"key": "***"}, 1, None, True, 1.5, 10**30], "text": "***"}
    before = copy.deepcopy(params)
    answer = fill(params, **{"/body/0/key": [Placeholder("a")]})
    assert params == before
    assert answer.params == {"body": [{"key": "<123 a>"}, 1, None, True, 1.5, 10**30], "text": "***"}


def test_without_holes_nothing_is_filled_in() -> None:
    answer = fill({"text": "***"})
    assert (answer.params, answer.secrets) == ({"text": "***"}, frozenset())


def test_a_secret_is_asked_for_once_however_often_it_is_used() -> None:
    asked: list[str] = []

    def secret(tenant: str, name: str) -> str:
        asked.append(name)
        return "hunter2"

    placeholders = {"/a": [Placeholder("x"), Placeholder("x")], "/b": [Placeholder("x")]}
    assert filled(Call("http", {"a": "", "b": ""}, placeholders), KEY, secret, str).params == {
        "a": "hunter2hunter2",
        "b": "hunter2",
    }
    assert asked == ["x"]


@pytest.mark.parametrize("params", [{}, {"a": ["***"]}, {"a": {"b": 1}}, {"b": "***"}])
def test_a_place_with_no_text_is_told_rather_than_left(params: Json) -> None:
    with pytest.raises(InternalError, match="no text at /a/b"):
        fill(params, **{"/a/b": [Placeholder("x")]})


def test_a_secret_that_is_not_there_is_the_errors_of_the_step() -> None:
    def missing(tenant: str, name: str) -> str:
        raise StepError(f"no {name}", "SecretNotFound")

    with pytest.raises(StepError, match="no x"):
        filled(Call("http", {"a": ""}, {"/a": [Placeholder("x")]}), KEY, missing, str)


def test_what_was_filled_in_is_not_shown() -> None:
    assert "123 a" not in repr(fill({"a": "***"}, **{"/a": [Placeholder("a")]}))
