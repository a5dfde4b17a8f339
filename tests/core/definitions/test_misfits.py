"""Outputs that never pass the `outputSchema` of their definition are told when it is created."""

import pytest

from chalicelib.core.values.json import Json
from tests.core.definitions.test_lint import choice, echo, warnings

INPUT: Json = {"properties": {"net": {"type": "number"}, "name": {"type": "string"}}}
TOTAL: dict[str, Json] = {
    "type": "object",
    "properties": {"total": {"type": "number"}, "note": {"type": ["string", "null"]}},
    "required": ["total"],
    "additionalProperties": False,
}


def said(*steps: dict[str, Json], schema: Json = TOTAL) -> list[str]:
    found = warnings(*steps, inputSchema=INPUT, outputSchema=schema)
    assert {place for place, _ in found} <= {"/outputSchema"}
    return [message.removeprefix("an output never passes, which is InvalidOutput: ") for _, message in found]


@pytest.mark.parametrize(
    ("message", "misfits"),
    [
        ("hello", ["it is a text, not an object"]),
        ({"totl": "${input.net}"}, ["there is never a 'total' in it", "'totl' must not be in it"]),
        ({"total": "${input.name}"}, ["'total' in it is a text, not a number"]),
        ({"total": "${length(input.name)}", "note": 5}, []),
        ({"total": "${input.any}"}, []),
        ("${input}", []),
    ],
)
def test_an_output_that_never_passes(message: Json, misfits: list[str]) -> None:
    assert said(echo("a", message)) == misfits


def test_each_end_is_looked_at_and_each_misfit_told_once() -> None:
    either = choice("c", ("input.net", "a"), default="b")
    assert said(either, echo("a", {"total": 1}, end=True), echo("b", {})) == ["there is never a 'total' in it"]
    assert said(either, echo("a", 1, end=True), echo("b", 2)) == ["it is a whole number, not an object"]


@pytest.mark.parametrize("schema", [True, {}, {"type": "integer"}, {"properties": {"a": True}}])
def test_a_schema_that_takes_it_is_not_told(schema: Json) -> None:
    assert said(echo("a", 2.5), schema=schema) == []


def test_nothing_passes_a_schema_of_nothing() -> None:
    assert said(echo("a"), schema=False) == []
