from typing import Any

import pytest

from chalicelib.core.definitions.parser import parse, parse_stored
from chalicelib.core.definitions.static_check import passes_always
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES

TEXT: Json = {"type": "string", "description": "Words."}
ROWS: Json = {"type": "array", "items": TEXT}
NAMED: Json = {"type": "object", "properties": {"a": TEXT, "n": {"minimum": 1}}, "required": ["a"]}
CLOSED: Json = {**NAMED, "additionalProperties": False}  # type: ignore[dict-item] # it is an object


def assured(value: Json, schema: Json, **more: Any) -> bool:
    document: dict[str, Json] = {"type": "object", "properties": {"it": schema}, "additionalProperties": False, **more}
    return passes_always({"it": value}, compile_schema(document))


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (3, {"type": "integer", "minimum": 2}),
        ({"a": ["b"]}, {"allOf": [{"type": "object"}]}),
        ("${input}", {}),
        ("${input}", True),
        ("${input}", {"description": "Anything.", "default": 1}),
        (["${input}", {"a": "${input}"}], {"title": "Anything"}),
        ("Hello ${input.name}", TEXT),
        ("${input.a}${input.b}", {"type": ["string", "null"]}),
        ("${secret('a')}", TEXT),
        ("$${input}", TEXT),
        (["a", "b ${input}"], ROWS),
        ({"a": "b ${input}", "n": 2}, NAMED),
        ({"a": "b ${input}", "n": 2}, CLOSED),
        ({"a": "b ${input}", "c": "${input}"}, NAMED),
    ],
)
def test_parameters_that_fit_whatever_is_rendered_need_no_check(value: Json, schema: Json) -> None:
    assert assured(value, schema)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ("${input}", TEXT),
        ("${input}", False),
        ("Hello ${input}", {"type": "string", "maxLength": 5}),
        ("Hello ${input}", {"type": "object"}),
        ("Hello ${input}", {"enum": ["Hello you"]}),
        ("$${input}", {"enum": ["GET"]}),
        (["a", "${input}"], ROWS),
        (["a", "b ${input}"], {**ROWS, "maxItems": 1}),  # type: ignore[dict-item] # it is an object
        (["b ${input}"], TEXT),
        ({"a": "${input}"}, NAMED),
        ({"a": "b ${input}", "n": "${input}"}, NAMED),
        ({"n": 2, "c": "b ${input}"}, NAMED),
        ({"a": "b ${input}", "c": 1}, CLOSED),
        ({"a": "b ${input}"}, {**NAMED, "minProperties": 2}),  # type: ignore[dict-item] # it is an object
        ({"a": "b ${input}"}, ROWS),
        ({"a": "b ${input}"}, TEXT),
    ],
)
def test_parameters_that_may_not_fit_do(value: Json, schema: Json) -> None:
    assert not assured(value, schema)


def test_what_a_schema_says_of_all_parameters_together_is_checked() -> None:
    assert assured(1, {}, oneOf=[{"required": ["it"]}, {"required": ["other"]}])
    assert not assured(1, {}, oneOf=[{"properties": {"it": {"const": 1}}}])
    assert not assured(1, {}, minProperties=2)
    assert not passes_always(None, compile_schema({"type": "object", "properties": {}}))


@pytest.mark.parametrize("read", [parse, parse_stored])
def test_a_step_knows_whether_its_parameters_are_to_be_checked(read: Any) -> None:
    steps: list[Json] = [
        {"id": "plain", "type": "wait", "seconds": 3},
        {"id": "text", "type": "http", "url": "https://example.com/${ input.id }", "body": "${ input }"},
        {"id": "time", "type": "wait", "until": "${ input.at }"},
        {"id": "url", "type": "http", "url": "${ input.url }"},
    ]
    definition = read({"id": "d", "steps": steps}, STEP_TYPES)
    assert [path for path, step in definition.steps.items() if step.schema is not None] == ["time", "url"]
