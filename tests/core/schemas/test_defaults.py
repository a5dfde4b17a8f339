import pytest

from chalicelib.core.schemas.defaults import unfit, unused
from chalicelib.core.schemas.places import subschemas
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json, canonical, pointer

SIZE: Json = {"properties": {"size": {"default": 1}}}
CASES: list[tuple[Json, Json, Json]] = [
    ({"properties": {"a": {"default": 5}}}, {}, {"a": 5}),
    ({"properties": {"a": {"default": 5}}}, {"b": 1}, {"b": 1, "a": 5}),
    ({"properties": {"a": {"default": 5}}}, {"a": None}, {"a": None}),
    ({"properties": {"a": {"default": None}}}, {}, {"a": None}),
    ({"properties": {"a": {"default": 5}, "b": {}, "c": True}}, {}, {"a": 5}),
    ({"properties": {"a": {"default": 5}}, "required": ["a"]}, {}, {"a": 5}),
    ({"properties": {"a": {"default": 5}}, "additionalProperties": False}, {}, {"a": 5}),
    ({"properties": {"a": SIZE}}, {"a": {}}, {"a": {"size": 1}}),
    ({"properties": {"a": SIZE}}, {}, {}),
    ({"properties": {"a": {"default": {}, **SIZE}}}, {}, {"a": {"size": 1}}),
    ({"properties": {"a": {"items": SIZE}}}, {"a": [{}, {"size": 2}, 3]}, {"a": [{"size": 1}, {"size": 2}, 3]}),
    ({"prefixItems": [SIZE]}, [{}, {}], [{"size": 1}, {}]),
    ({"prefixItems": [{}], "items": SIZE}, [{}, {}], [{}, {"size": 1}]),
    ({"prefixItems": [SIZE, {"default": 1}]}, [], []),
    ({"additionalProperties": SIZE, "properties": {"a": {}}}, {"a": {}, "b": {}}, {"a": {}, "b": {"size": 1}}),
    ({"additionalProperties": SIZE, "patternProperties": {"^b": {}}}, {"b": {}}, {"b": {}}),
    ({"allOf": [SIZE, {"properties": {"b": {"default": 2}}}]}, {}, {"size": 1, "b": 2}),
    ({"$defs": {"s": SIZE}, "$ref": "#/$defs/s"}, {}, {"size": 1}),
    ({"$defs": {"five": {"default": 5}}, "properties": {"a": {"$ref": "#/$defs/five"}}}, {}, {"a": 5}),
    ({"$defs": {"five": {"default": 5}}, "properties": {"a": {"$ref": "#/$defs/five", "default": 6}}}, {}, {"a": 6}),
    ({"properties": {"a": {"allOf": [{}, {"default": 7}, {"default": 8}]}}}, {}, {"a": 7}),
    ({"properties": {"a": {"default": 1}}, "allOf": [{"properties": {"a": {"default": 2}}}]}, {}, {"a": 1}),
    (
        {"properties": {"next": {"$ref": "#"}, "n": {"default": 0}}},
        {"next": {"next": {}}},
        {"next": {"next": {"n": 0}, "n": 0}, "n": 0},
    ),
    ({"anyOf": [SIZE]}, {}, {}),
    ({"oneOf": [SIZE]}, {}, {}),
    ({"not": {"type": "array", **SIZE}}, {}, {}),
    ({"if": SIZE, "then": SIZE, "else": SIZE}, {}, {}),
    ({"dependentSchemas": {"a": SIZE}}, {"a": 1}, {"a": 1}),
    ({"default": {"a": 1}}, {}, {}),
    ({"properties": {"default": {"const": 5}}}, {}, {}),
    (SIZE, [], []),
    (SIZE, "text", "text"),
    (True, {}, {}),
]


@pytest.mark.parametrize(("schema", "given", "filled"), CASES)
def test_defaults_of_members_that_are_not_there_are_filled_in(schema: Json, given: Json, filled: Json) -> None:
    before = canonical([schema, given])
    assert compile_schema(schema).accept(given) == (filled, [])
    assert canonical([schema, given]) == before


def test_what_was_filled_in_is_validated() -> None:
    value, problems = compile_schema({"properties": {"a": {"type": "integer", "default": "five"}}}).accept({})
    assert value == {"a": "five"}
    assert [(problem.pointer, problem.message) for problem in problems] == [
        ("/a", '"five" is a text, not a whole number')
    ]


@pytest.mark.parametrize(
    ("schema", "given", "message"),
    [
        ({"properties": {"c": {"$ref": "#", "default": {}}}}, {}, "nest too deeply"),
        (
            {
                "$defs": {
                    f"d{i}": {"default": {}, "properties": {name: {"$ref": f"#/$defs/d{i + 1}"} for name in "ab"}}
                    for i in range(30)
                }
                | {"d30": {"default": 1}},
                "$ref": "#/$defs/d0",
            },
            {},
            "costs too much",
        ),
        ({"items": {"properties": {"a": {"default": "x" * 30_000}}}}, [{}] * 1_000, "costs too much"),
        ({"items": {"allOf": [SIZE] * 900}}, [{}] * 10_000, "costs too much"),
    ],
    ids=["endless", "doubling", "large", "many"],
)
def test_defaults_without_end_are_refused(schema: Json, given: Json, message: str) -> None:
    value, problems = compile_schema(schema).accept(given)
    assert value == given
    assert [message in problem.message for problem in problems] == [True]


@pytest.mark.parametrize(
    ("schema", "places"),
    [
        ({"properties": {"a": {"default": 1}}}, []),
        ({"default": 1}, [""]),
        ({"items": {"default": 1, "properties": {"a": {"default": 1}}}}, ["/items"]),
        ({"$defs": {"b": {"default": 1}}, "items": {"default": 1}}, ["/$defs/b", "/items"]),
        ({"$defs": {"a": {"default": 1}}, "properties": {"a": {"$ref": "#/$defs/a"}}}, []),
        ({"anyOf": [SIZE], "allOf": [SIZE]}, ["/anyOf/0/properties/size"]),
        ({"properties": {"c": {"$ref": "#"}}, "default": {}}, []),
        ({"additionalProperties": {"properties": {"a": {"allOf": [{"default": 1}]}}}}, []),
        ({"additionalProperties": {"default": 1}}, ["/additionalProperties"]),
        ({"prefixItems": [SIZE, {"default": 1}]}, ["/prefixItems/1"]),
        (True, []),
    ],
)  # fmt: skip
def test_defaults_that_are_never_filled_in_are_found(schema: Json, places: list[str]) -> None:
    assert [pointer(place) for place in unused(dict(subschemas(schema)))] == places


WRONG: Json = {"type": "integer", "default": "five"}
OPEN: Json = {"type": "object", "required": ["b"]}


@pytest.mark.parametrize(
    ("schema", "pointers"),
    [
        ({"properties": {"n": WRONG}}, ["/n"]),
        ({"properties": {"n": {"type": "integer", "default": 5}}, "required": ["m"]}, []),
        ({"properties": {"a": {**OPEN, "properties": {"n": WRONG, "m": WRONG}}}}, ["/a/n", "/a/m"]),
        ({"properties": {"a": {**OPEN, "default": {}, "properties": {"n": WRONG}}}}, ["/a/n", "/a"]),
        ({"properties": {"a": {**OPEN, "default": {"b": 1}, "properties": {"n": {"default": 1}}}}}, []),
        ({"properties": {"a": {"type": "string", "properties": {"n": {"default": 1}}}}}, []),
        ({"properties": {"a": {"default": [1], "items": {"type": "string"}}}}, ["/a/0"]),
        ({"properties": {"a/b": {"properties": {"c~d": WRONG}}}}, ["/a~1b/c~0d"]),
        ({"$defs": {"n": WRONG}, "properties": {"n": {"$ref": "#/$defs/n"}}}, ["/n"]),
        ({"anyOf": [{"properties": {"n": WRONG}}]}, []),
        ({"type": "array", "items": {"properties": {"n": WRONG}}}, []),
        ({"properties": {"a": {"default": 1, "properties": {"a": {"default": 1}}}}, "required": ["x"]}, []),
        (WRONG, []),
        (True, []),
    ],
)
def test_defaults_that_their_own_schema_refuses_are_found(schema: Json, pointers: list[str]) -> None:
    assert sorted(each.pointer for each in unfit(schema)) == sorted(pointers)
