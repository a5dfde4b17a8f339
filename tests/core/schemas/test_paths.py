"""Which names can be in what a JSON Schema describes."""

import pytest

from chalicelib.core.expressions.reference import ALL, EACH, FLAT, ITEM
from chalicelib.core.schemas.paths import Paths, expanded, one_of
from chalicelib.core.values.json import Json

CLOSED = {"additionalProperties": False}
PRICE: dict[str, Json] = {"type": "object", "properties": {"price": {"type": "number"}}, **CLOSED}


def remark(schema: Json, *names: str) -> str:
    """Tell what is said of the last of names: ``never`` or ``undescribed`` with what is there, or nothing."""
    found = Paths().strange(expanded(schema), names)
    if found is None:
        return ""
    assert found.place == len(names) - 1
    return f"{'never' if found.never else 'undescribed'} {' '.join([*found.known, *found.kinds])}".strip()


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (PRICE, "never price"),
        ({"properties": {"price": {}}}, "undescribed price"),
        ({"additionalProperties": PRICE}, ""),
        ({"$ref": "#/$defs/a", "$defs": {"a": PRICE}}, "never price"),
        ({"$ref": "#/$defs/a%20b", "$defs": {"a b": PRICE}}, "never price"),
        ({"$ref": "#a", "$defs": {"a": {"$anchor": "a", **PRICE}}}, ""),
        ({"$ref": "#/$defs/a", "$defs": {"a": False}}, ""),
        ({"properties": {"price": {}}, "$dynamicRef": "#"}, ""),
        ({"allOf": [PRICE, {"properties": {"total": {}}}]}, "never price"),
        ({"allOf": [{"properties": {"price": {}}}, {"properties": {"total": {}}}]}, "undescribed price total"),
        ({"allOf": [{"properties": {"price": {}}}, {"properties": {"pric": {}}}]}, ""),
        ({"anyOf": [PRICE, {"properties": {"total": {}}, **CLOSED}]}, "never price total"),
        ({"oneOf": [PRICE, {"properties": {"total": {}}}]}, "undescribed price total"),
        ({"oneOf": [PRICE, {"properties": {"pric": {}}}]}, ""),
        ({"oneOf": [PRICE, True]}, ""),
        ({"oneOf": [{"type": "string"}, {"type": ["array", "null"]}]}, "never string array"),
        ({"oneOf": [{"type": "string"}, PRICE]}, "never price"),
        ({"properties": {"price": {}}, "if": {}, "then": {"properties": {"total": {}}}}, "undescribed price total"),
        ({"properties": {"price": {}}, "if": {}, "else": {"properties": {"pric": {}}}}, ""),
        ({"properties": {"price": {}}, "dependentSchemas": {"price": {"properties": {"pric": {}}}}}, ""),
        ({"patternProperties": {"^x-": {}}, **CLOSED}, "never"),
        ({"patternProperties": {"^p": {}}, **CLOSED}, ""),
        ({"patternProperties": {"(?=p)": {}}, **CLOSED}, ""),
        ({"properties": {"price": {}}, "unevaluatedProperties": False}, "never price"),
        ({"$ref": "#/$defs/a", "unevaluatedProperties": False, "$defs": {"a": {"properties": {"pric": {}}}}}, ""),
        ({"unevaluatedProperties": {"type": "string"}}, ""),
        ({"type": "array"}, "never array"),
        ({"const": 5}, "never integer"),
        ({"enum": ["a", 1.5, None, [], False]}, "never string number array boolean"),
        ({"enum": [{}, None]}, ""),
        ({"type": ["object", "array"]}, ""),
        (True, ""),
        ({"allOf": [{"$ref": "#"}]}, ""),
    ],
)
def test_a_name_is_looked_for_wherever_a_schema_describes_members(schema: Json, said: str) -> None:
    assert remark(schema, "pric") == said


@pytest.mark.parametrize(
    ("schema", "names", "said"),
    [
        ({"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": PRICE}}, ["a", "pric"], "never price"),
        ({"properties": {"a": {"$ref": "#"}}, **CLOSED}, ["a", "a", "a", "b"], "never a"),
        ({"allOf": [{"properties": {"a": PRICE}}, {"properties": {"a": {}}}]}, ["a", "pric"], "never price"),
        ({"anyOf": [{"properties": {"a": PRICE}}, {"properties": {"a": PRICE}}]}, ["a", "pric"], "never price price"),
        ({"then": {"properties": {"a": PRICE}}}, ["a", "pric"], "never price"),
        ({"unevaluatedProperties": PRICE}, ["a", "pric"], "never price"),
        ({"patternProperties": {"^a$": PRICE}}, ["a", "pric"], "never price"),
        ({"patternProperties": {"^[a-z]*$": {}}, **CLOSED}, ["Link"], "never link"),
        ({"items": PRICE}, [ITEM, "pric"], "never price"),
        ({"prefixItems": [PRICE], "items": PRICE}, [ITEM, "pric"], "never price price"),
        ({"prefixItems": [PRICE]}, [ITEM, "pric"], ""),
        ({"prefixItems": [PRICE, {"type": "string"}], "items": False}, [ITEM, "pric"], "never price"),
        ({"items": False}, [ITEM, "pric"], ""),
        (PRICE, [ITEM], "never object"),
        (PRICE, [ALL, "pric"], "never array"),
        (PRICE, [ALL, ITEM, "pric"], "never price"),
        ({"additionalProperties": PRICE}, [EACH, "pric"], "never price"),
        ({"properties": {"a": PRICE}, **CLOSED}, [EACH, "pric"], "never price"),
        ({"properties": {"a": PRICE}}, [EACH, "pric"], ""),
        ({"type": "array"}, [EACH], "never array"),
        ({"items": {"type": "array", "items": PRICE}}, [FLAT, ITEM, "pric"], "never price"),
        ({"items": PRICE}, [FLAT, ITEM, "pric"], "never price"),
        ({"items": {"type": ["array", "object"], "items": PRICE}}, [FLAT, ITEM, "pric"], ""),
        (
            {"items": {"$ref": "#/$defs/a"}, "$defs": {"a": {"type": "array", "items": PRICE}}},
            [FLAT, ITEM, "pric"],
            "never price",
        ),
    ],
)
def test_a_path_leads_through_what_schemas_say(schema: Json, names: list[str], said: str) -> None:
    assert remark(schema, *names) == said


def test_what_is_inside_of_one_name_after_the_other_is_answered() -> None:
    schema = expanded({"properties": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$defs": {"a": PRICE}})
    assert Paths().inside(schema, ["a", ITEM, "price"]) == {"type": "number"}
    assert Paths().inside(schema, ["b", ITEM]) is True


def test_one_of_none_and_one_of_what_may_be_anything_may_be_anything() -> None:
    assert [one_of([]), one_of([PRICE, True]), one_of([PRICE])] == [True, True, PRICE]


def test_after_so_many_schemas_nothing_is_told() -> None:
    wide: Json = {"allOf": [{"properties": {"a": {}}} for _ in range(998)]}
    paths = Paths()
    assert [paths.strange(wide, ["b"]) is None for _ in range(40)] == [False] * 30 + [True] * 10
    paths.left = 1
    assert paths.strange({"patternProperties": {"a": {}}, **CLOSED}, ["b"]) is None
