"""Messages of JSON Schema: in sedo's words, with what to write, and held to their length."""

from collections.abc import Sequence
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chalicelib.core.limits import LIMITS
from chalicelib.core.schemas.messages import LIMIT, message_of
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from tests.words import foreign

EITHER: Json = {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
TWO_KINDS: Json = {"oneOf": [{"required": ["a", "b"]}, {"required": ["a", "c"]}], "type": "object"}
CASES: list[tuple[Any, Any, str]] = [
    ({"type": "string"}, None, "it is null, not a text"),
    ({"type": "string"}, {"a": [True, 1.5]}, "it is an object, not a text"),
    ({"type": "string"}, ["x" * 30_000], "it is a list, not a text"),
    ({"type": ["string", "null"]}, 5, '5 is a number, not a text or null: write "5"'),
    ({"type": "string"}, True, "true is a boolean, not a text"),
    ({"type": "number"}, "30", '"30" is a text, not a number: write 30, without quotes'),
    ({"type": "integer"}, "soon", '"soon" is a text, not a whole number'),
    ({"type": "boolean"}, "true", '"true" is a text, not a boolean: write true, without quotes'),
    ({"type": "array"}, "a", '"a" is a text, not a list'),
    ({"type": "array", "items": {"type": "string"}}, "a", '"a" is a text, not a list: write ["a"]'),
    ({"type": "array", "items": True}, 1, "1 is a number, not a list: write [1]"),
    ({"type": "array", "items": {"minimum": 1}}, 1.5, "1.5 is a number, not a list: write [1.5]"),
    ({"type": "array", "items": {"type": ["object", "null"]}}, 1, "1 is a number, not a list"),
    ({"type": "array", "items": {"type": "string"}}, {}, "it is an object, not a list"),
    ({"type": "boolean"}, "Yes", '"Yes" is a text, not a boolean: write true'),
    ({"type": "object", "properties": {"a": True, "b": True}}, 5, "5 is a number, not an object; it takes a, b"),
    ({"type": "object", "examples": [[5], {"a": 1}]}, [], 'it is a list, not an object: write it as {"a": 1}'),
    ({"type": "array", "examples": [{"a": 1}]}, 1, "1 is a number, not a list"),
    ({"type": "array", "examples": [None, [{"a": 1}]]}, 1, '1 is a number, not a list: write it as [{"a": 1}]'),
    ({"type": "array"}, {}, "it is an object, not a list: put it into a list, as [{ … }]"),
    ({"type": "number"}, "x" * 200, f'"{"x" * 100}…" is a text, not a number'),
    ({"type": "string"}, 10**300, f'1{"0" * 99}… is a number, not a text: write "1{"0" * 99}…"'),
    ({"enum": ["a", True, None]}, 5, '5 is none of "a", true, null'),
    ({"enum": ["GET", "PUT"]}, "get", '"get" is none of "GET", "PUT": write "GET"'),
    ({"enum": [*range(101)]}, "x", '"x" is none of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 101 in all'),
    ({"enum": ["a"]}, [1] * 1_000, 'it is none of "a"'),
    ({"const": False}, 1, "1 cannot stand here, only false can"),
    ({"required": ["a"]}, {}, "'a' is a required property"),
    ({"const": True}, "true", '"true" cannot stand here, only true can: write true, without quotes'),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "beside 'a' it needs 'b'"),
    (
        {"properties": {"a": {}}, "additionalProperties": False},
        {"b": 1, "c": 2},
        "there is no 'b', 'c' here; it takes a",
    ),
    ({"additionalProperties": False}, {"b": 1}, "there is no 'b' here"),
    ({"unevaluatedProperties": False}, {"b": 1}, "there is no 'b' here"),
    ({"unevaluatedProperties": {"type": "null"}}, {"b": 1}, "there is no member of this name here"),
    ({"unevaluatedItems": False}, [1], "it has items that nothing describes"),
    ({"minimum": 1}, 0, "0 is too small: 1 is the least"),
    ({"maximum": 1000}, 1001, "1001 is too large: 1,000 is the most"),
    ({"exclusiveMinimum": 0}, 0, "0 is too small: it has to be above 0"),
    ({"exclusiveMaximum": 0.5}, 1, "1 is too large: it has to be below 0.5"),
    ({"multipleOf": 0.01}, 0.005, "0.005 is no multiple of 0.01"),
    ({"minItems": 1}, [], "it needs 1 item at least, and has 0"),
    ({"maxItems": 2}, [1, 2, 3], "it can have 2 items at most, and has 3"),
    ({"minLength": 2}, "a", "it needs 2 characters at least, and has 1"),
    ({"minProperties": 2}, {}, "it needs 2 members at least, and has 0"),
    ({"prefixItems": [{}], "items": False}, [1, 2], "it can have 1 item at most, and has 2"),
    ({"contains": {"type": "null"}}, [1], "fewer than 1 items are as contains asks"),
    ({"contains": {"type": "null"}, "minContains": 2}, [None], "fewer than 2 items are as contains asks"),
    ({"contains": {"type": "null"}, "maxContains": 1}, [None, None], "more than 1 items are as contains asks"),
    ({"not": {}}, 1, "it is what not excludes"),
    ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, "it can have 1 character at most, and has 2"),
    (EITHER, {"a": True, "b": 1}, "it needs exactly one of a, b"),
    (EITHER, {"c": None}, "it needs exactly one of a, b"),
    ({"oneOf": [{}, True]}, {"a": True}, "it fits more than one of the schemas of oneOf"),
    (
        TWO_KINDS,
        {"a": 1},
        "it fits none of the schemas of oneOf: 'b' is a required property; or 'c' is a required property",
    ),
    (
        {"anyOf": [TWO_KINDS, {"type": "null"}]},
        {"b": 5},
        "it fits none of the schemas of oneOf: 'a' is a required property",
    ),
    ({"anyOf": [{"enum": ["a", "b"]}, {"type": "array"}]}, "c", '"c" is none of "a", "b"'),
    (
        {"anyOf": [{"const": 1}, {"properties": {"a": {"type": "null"}}}]},
        {"a": 1},
        "it fits none of the schemas of anyOf: /a: 1 is a number, not null",
    ),
    (
        {"anyOf": [False, {"type": "null"}]},
        [1],
        "it fits none of the schemas of anyOf: nothing can stand here; or it is a list, not null",
    ),
    ({"anyOf": [{"const": each} for each in range(4)]}, 5, "it fits none of the schemas of anyOf"),
    (False, 1, "nothing can stand here"),
    ({"pattern": "^a"}, "b", '"b" does not match the pattern ^a'),
    ({"maxLength": 2, LIMIT: "no such limit"}, "abc", "it can have 2 characters at most, and has 3"),
    ({"minLength": 2, LIMIT: "key_chars"}, "a", "it needs 2 characters at least, and has 1"),
]


MISTAKES: Sequence[tuple[Json, Json, Sequence[tuple[str, str]]]] = [
    ({"anyOf": [{"maximum": 9, "type": "integer"}, {"type": "string"}]}, 99, [("", "99 is too large: 9 is the most")]),
    (
        {"anyOf": [{"type": "null"}, {"type": "object", "required": ["a", "b"]}]},
        {},
        [("", "'a' is a required property"), ("", "'b' is a required property")],
    ),
    (
        {"oneOf": [{"properties": {"is": {"const": kind}, "n": {"type": "null"}}} for kind in "abc"]},
        {"is": "b", "n": 5},
        [("/n", "5 is a number, not null")],
    ),
    (
        {"anyOf": [{"minimum": 9}, {"multipleOf": 2}]},
        5,
        [
            (
                "",
                "it fits none of the schemas of anyOf: 5 is too small: 9 is the least; or 5 is no multiple of 2",
            )
        ],
    ),
    (
        {"anyOf": [{"maxItems": 0}, {"minItems": 2}, {"contains": False}, {"items": {"maximum": 1}}]},
        [5],
        [("/0", "5 is too large: 1 is the most")],
    ),
]
"""Schemas, values, and all problems of these."""


@pytest.mark.parametrize(("schema", "instance", "mistakes"), MISTAKES)
def test_what_is_wrong_is_told_once_and_of_the_alternative_that_is_meant(
    schema: Json, instance: Json, mistakes: Sequence[tuple[str, str]]
) -> None:
    assert [(each.pointer, each.message) for each in compile_schema(schema).problems(instance)] == mistakes


@pytest.mark.parametrize(("schema", "instance", "said"), CASES)
def test_a_message_says_what_is_there_and_what_is_to_be(schema: Json, instance: Json, said: str) -> None:
    *_, problem = compile_schema(schema).problems(instance)
    assert problem.message == said
    assert foreign(said) == []


def test_every_keyword_that_can_be_broken_has_words_of_its_own() -> None:
    covered = {keyword for schema, _, _ in CASES if isinstance(schema, dict) for keyword in schema}
    leading = {"$ref", "$dynamicRef", "allOf", "dependentSchemas", "format", "if", "patternProperties", "uniqueItems"}
    assert {*Draft202012Validator.VALIDATORS} - covered == leading | {"maxProperties"}


def test_a_limit_of_sedo_is_told_with_its_name_and_the_way_around_it() -> None:
    schema: Json = {"type": "string", "maxLength": LIMITS.key_chars, LIMIT: "key_chars"}
    (problem,) = compile_schema(schema).problems("x" * 1_001)
    assert problem.message == (
        "it can have 1,000 characters at most, and has 1,001 (key_chars): take a hash of it: `hash(…)`."
    ).removesuffix(".")


def test_what_has_no_words_names_its_keyword() -> None:
    (error,) = Draft202012Validator({"minimum": 5}).iter_errors(1)
    error.validator = "colour"
    assert message_of(error) == "it is not as colour asks"
