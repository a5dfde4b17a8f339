"""Words in a schema that are hardly meant as notes are told with what to write."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chalicelib.core.definitions.diagnostics import Suggestions
from chalicelib.core.schemas.keywords import KEYWORDS, TYPES, keyword_remarks
from chalicelib.core.schemas.schema import schema_problems


@pytest.mark.parametrize(
    ("schema", "place", "said"),
    [
        ({"type": "object", "require": ["a"]}, "require", "JSON Schema has no 'require' (did you mean 'required'?)"),
        (
            {"properties": {"a": {"type": "string", "nullable": True}}},
            "nullable",
            "type: [string, 'null'] lets null be",
        ),
        ({"type": "string", "maxlength": 5}, "maxlength", "(did you mean 'maxLength'?)"),
        ({"type": "string", "format": "datetime"}, "format", "no format is called 'datetime': write date-time"),
        ({"type": "string", "format": "UUID"}, "format", "no format is called 'UUID' (did you mean 'uuid'?)"),
        ({"type": "string", "format": "emial"}, "format", "no format is called 'emial' (did you mean 'email'?)"),
        ({"type": "integer", "minimum": 20, "maximum": 10}, "minimum", "nothing passes: minimum is more than maximum"),
        ({"type": "string", "enum": ["a", 1, 2.5]}, "enum", "1, 2.5 never passes, as the type is string"),
        (
            {"type": ["integer", "null"], "enum": [1, 2.0, None, True]},
            "enum",
            "true never passes, as the type is integer",
        ),
        ({"type": "string", "pattern": "/^a+$/i"}, "pattern", "a pattern stands without / around it"),
        (
            {"properties": {"amount": {}}, "required": ["ammount"]},
            "required",
            "'ammount' has to be there, and properties does not describe it (did you mean 'amount'?)",
        ),
        (
            {"properties": {"amount": {}}, "required": ["payee"], "additionalProperties": False},
            "required",
            "nothing passes: 'payee' has to be there",
        ),
        ({"name": "string", "age": "number"}, "", "no keyword of JSON Schema is in it, so anything passes"),
    ],
)
def test_a_word_that_is_hardly_meant_so_is_told(schema: Any, place: str, said: str) -> None:
    ((found, remark),) = keyword_remarks(schema, Suggestions())
    assert "/".join(found).endswith(place)
    assert said in remark


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"x-order": 1},
        {"properties": {"amount": {}}, "required": ["amount", "payee"]},
        {"required": ["payee"], "additionalProperties": {}},
        {"properties": {"amount": {}}, "required": ["ammount"], "allOf": [{"properties": {"ammount": {}}}]},
        {"type": "number", "minimum": 1, "maximum": 1, "enum": [1, 1.5]},
        {"enum": [1, "a"], "pattern": "^/orders/$"},
        {"type": "string", "x-order": 1, "widget": "password", "format": "colour"},
        {"properties": {"nullable": {"type": "null"}, "format": {"const": "datetime"}}, "default": {"require": 1}},
    ],
)
def test_notes_and_names_of_members_are_free(schema: Any) -> None:
    assert [*keyword_remarks(schema, Suggestions())] == []


def test_the_keywords_are_those_that_are_validated_and_notes() -> None:
    validated = {*Draft202012Validator.VALIDATORS} - {"$dynamicRef"}
    assert validated <= KEYWORDS
    assert KEYWORDS.isdisjoint(TYPES)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "int"}, ": write integer"),
        ({"type": "Datetime"}, ": write string, with format: date-time"),
        ({"type": "date"}, ": write string, with format: date"),
        ({"properties": {"a": "string"}}, ": write {type: string}"),
        ({"properties": {"a": "int"}}, ": write {type: integer}"),
        ({"properties": {"a": {"required": True}}}, ": the object that has the member lists it, as required: [name]"),
        ({"type": "strng"}, " (did you mean string?)"),
        ({"type": "any"}, ": write no type at all for any value"),
        ({"items": [{}]}, ": prefixItems has a schema for each of the first items"),
        ({"minimum": 1, "exclusiveMinimum": True}, ": it has the number itself, in place of minimum"),
        ({"minimum": "1"}, "write 1, without quotes"),
        ({"type": "thing"}, '"object", "string"'),
        (5, "5 is a number, not an object or a boolean"),
    ],
)
def test_what_is_wrong_with_a_schema_is_told_with_what_to_write(schema: Any, said: str) -> None:
    assert any(problem.message.endswith(said) for problem in schema_problems(schema))
