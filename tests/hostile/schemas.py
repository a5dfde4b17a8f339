"""Schemas that stall, fetch, or are none; and inputs that stall a schema which is allowed."""

from collections.abc import Iterator
from typing import Any

from tests.hostile.case import DEFINITIONS, Case, create, definition, text


def nested(keyword: str, levels: int) -> Any:
    schema: Any = {}
    for _ in range(levels):
        schema = {keyword: schema}
    return schema


def chain(count: int, link: Any) -> Any:
    """Make so many schemas, of which each is made from references to the next."""
    parts = {f"a{i}": link({"$ref": f"#/$defs/a{i + 1}"}) for i in range(count)}
    return {"$defs": parts | {f"a{count}": {"type": "string"}}, "$ref": "#/$defs/a0"}


REFUSED: dict[str, Any] = {
    "a pattern that looks ahead": {"pattern": "(?=a)b"},
    "a pattern that looks back": {"pattern": "(?<=a)b"},
    "a pattern that refers back": {"pattern": "(a)\\1"},
    "a pattern that is possessive": {"pattern": "a++b"},
    "a pattern that is conditional": {"pattern": "(a)?(?(1)b|c)"},
    "a pattern that repeats a billion times": {"pattern": "((a{1000}){1000}){1000}"},
    "a pattern of 5,000 characters": {"pattern": "a" * 5_000},
    "201 patterns": {"patternProperties": {f"^k{i}": {} for i in range(201)}},
    "60 patterns of 3,000 instructions": {"allOf": [{"pattern": f"[^a]{{400}}{i}"} for i in range(60)]},
    "a pattern that does not parse": {"pattern": "("},
    "a pattern that is a number": {"pattern": 5},
    "a name's pattern that does not parse": {"patternProperties": {"(": {}}},
    "990 patterns that are too large": {"patternProperties": {f"(\\pL{{40}}){{8}}{i}": {} for i in range(990)}},
    "references that double": chain(25, lambda ref: {"allOf": [ref, ref]}),
    "references that double as alternatives": chain(25, lambda ref: {"anyOf": [ref, ref]}),
    "60 references in a row": chain(60, lambda ref: ref),
    "a reference to itself": {"$ref": "#"},
    "two that refer to each other": {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
    "a circle through anyOf": {"anyOf": [{"$ref": "#"}]},
    "a circle through not": {"not": {"$ref": "#"}},
    "a circle through if": {"if": {"$ref": "#"}},
    "a circle through dependentSchemas": {"dependentSchemas": {"a": {"$ref": "#"}}},
    "a reference to this machine": {"$ref": "http://127.0.0.1:1/x"},
    "a reference to the metadata of AWS": {"$ref": "http://169.254.169.254/latest/meta-data/"},
    "a reference to another machine": {"$ref": "https://example.com/schema.json"},
    "a reference to a file": {"$ref": "file:///etc/passwd"},
    "a reference to a name": {"$ref": "urn:x"},
    "a reference to a relative place": {"$ref": "other.json"},
    "a reference to nothing": {"$ref": "#/$defs/none"},
    "a reference that is a list": {"$ref": ["#"]},
    "a reference into an enum": {"enum": [{"type": "x"}], "$ref": "#/enum/0"},
    "a reference to the meta-schema": {"$ref": "https://json-schema.org/draft/2020-12/schema"},
    "a dynamic reference": {"$dynamicRef": "#x"},
    "a recursive reference": {"$recursiveRef": "#"},
    "an anchor": {"$anchor": "a"},
    "an id inside": {"properties": {"a": {"$id": "http://x/"}}},
    "a vocabulary": {"$vocabulary": {}},
    "an old dialect": {"$schema": "http://json-schema.org/draft-04/schema#"},
    "an old minimum": {"minimum": 1, "exclusiveMinimum": True},
    "an old list of items": {"items": [{"type": "string"}]},
    "old dependencies": {"dependencies": {"a": ["b"]}},
    "unique items without end": {"uniqueItems": True},
    "10,000 unique items": {"uniqueItems": True, "maxItems": 10_000},
    "30 levels of items": nested("items", 30),
    "45 levels of not": nested("not", 45),
    "2,000 schemas": {"properties": {f"p{i}": {} for i in range(2_000)}},
    "2,000 alternatives": {"oneOf": [{"const": i} for i in range(2_000)]},
    "an enum of 33 KB": {"enum": list(range(8_000))},
    "a description of 33 KB": {"description": "x" * 33_000},
    "a type that is none": {"type": "banana"},
    "no type": {"type": []},
    "a negative length": {"minLength": -1},
    "a multiple of 0": {"multipleOf": 0},
    "required twice": {"required": ["a", "a"]},
    "unevaluated beside patterns": {"unevaluatedProperties": False, "patternProperties": {"a": {}}},
    "half a surrogate pair": {"title": "\ud800"},
    "a number": 5,
    "a text": "x",
    "a list": [],
    "null": None,
}

SLOW: dict[str, tuple[Any, Any]] = {
    "a text for a pattern that backtracks": ({"pattern": "^(a+)+$"}, "a" * 200_000 + "!"),
    "a text for a pattern of alternatives": ({"pattern": "^(a|a)*$"}, "a" * 200_000 + "!"),
    "an address for a format": ({"format": "email"}, "@" * 200_000),
    "a URI for a format": ({"format": "uri"}, "a:" + "%" * 200_000),
    "an instant for a format": ({"format": "date-time"}, "2026-01-31T" + "0" * 200_000),
    "1,500 patterns for a format": (
        {"items": {"format": "regex"}},
        [f"(\\pL{{40}}){{9}}{i}" for i in range(1_500)],
    ),
    "4,000 patterns that compile for a format": (
        {"items": {"format": "regex"}},
        [f"(a{{900}}b{{90{i % 10}}}){i}" for i in range(12_000)],
    ),
    "patterns that push those of the schema out": (
        {"items": {"format": "regex", "patternProperties": {f"[^a]{{{40 + i % 40}}}{i}": {} for i in range(200)}}},
        [item for k in range(400) for item in (*(f"z{k % 260}x{j}" for j in range(80)), {"k": 1})],
    ),
    "an instant for 100 references": (
        {"$defs": {"f": {"format": "date-time"}}, "items": {"allOf": [{"$ref": "#/$defs/f"}] * 100}},
        ["2026-01-01T00:00:00Z"] * 10_000,
    ),
    "a URI for 900 references": (
        {"$defs": {"f": {"format": "uri"}}, "allOf": [{"$ref": "#/$defs/f"}] * 900, "maxLength": 1},
        "a:" + "a" * 250_000,
    ),
    "200 schemas for 60,000 texts": (
        {"items": {"allOf": [{"type": "string", "minLength": 1, "maxLength": 10, "pattern": "^a"}] * 200}},
        ["a"] * 60_000,
    ),
    "a text that 900 states stand in at once": ({"pattern": "[^b]{900}c"}, "a" * 200_000),
    "names that 900 states stand in at once": (
        {"patternProperties": {"[^b]{900}c": {}}, "minProperties": 500},
        {"a" * 1_000 + str(i): 1 for i in range(200)},
    ),
    "15,000 short names for 150 patterns": (
        {"patternProperties": {f"^{i}x": {} for i in range(150)}, "additionalProperties": False},
        {f"zz{i}": 1 for i in range(15_000)},
    ),
    "other names that 900 states stand in at once": (
        {"patternProperties": {"[^b]{900}c": {}}, "additionalProperties": {"type": "object"}},
        {"a" * 1_000 + str(i): 1 for i in range(200)},
    ),
    "180 patterns for 3,000 objects": (
        {"items": {"patternProperties": {f"[^a]{{60}}{i}": {} for i in range(180)}, "minProperties": 2}},
        [{"k" * 40: 1}] * 3_000,
    ),
    "3,000 items to compare": ({"uniqueItems": True, "maxItems": 200}, [{"a": i} for i in range(3_000)]),
    "60 lists to compare 900 times": (
        {
            "items": {"$ref": "#/$defs/a"},
            "$defs": {"u": {"uniqueItems": True, "maxItems": 200}, "a": {"allOf": [{"$ref": "#/$defs/u"}] * 900}},
        },
        [[[0, i] * 600] for i in range(60)],
    ),
    "a const of 8,000 numbers, 300 times": (
        {"$defs": {"c": {"const": [0] * 8_000}}, "items": {"allOf": [{"$ref": "#/$defs/c"}] * 300}},
        [[*[0] * 7_999, 1]] * 14,
    ),
    "a const of 8,000 numbers in a list, 300 times": (
        {"$defs": {"c": {"const": [[0] * 8_000]}}, "items": {"allOf": [{"$ref": "#/$defs/c"}] * 300}},
        [[[0] * 8_000]] * 14,
    ),
    "an enum of 600 objects for 8,000": (
        {"items": {"enum": [{"a": [n] * 10} for n in range(600)]}},
        [{"a": [599] * 10}] * 8_000,
    ),
    "multiples of 2,000 digits": (
        {"$defs": {"c": {"multipleOf": int("3" * 2_000)}}, "items": {"allOf": [{"$ref": "#/$defs/c"}] * 900}},
        [int("3" * 4_000)] * 60,
    ),
    "4,000 digits and multiples of a tenth": (
        {"$defs": {"c": {"multipleOf": 0.1}}, "items": {"allOf": [{"$ref": "#/$defs/c"}] * 900}},
        [int("3" * 4_000)] * 60,
    ),
    "an enum of 3,000 for 20,000": ({"items": {"enum": list(range(3_000))}}, [9_000] * 20_000),
    "alternatives of alternatives": (
        {
            **(tree := chain(5, lambda ref: {"anyOf": [ref, ref, ref]})),
            "$ref": "#/$defs/all",
            "$defs": {**tree["$defs"], "all": {"items": {"$ref": "#/$defs/a0"}}},
        },
        [1] * 2_000,
    ),
    "40,000 of another type": ({"type": "object"}, list(range(40_000))),
    "2,000 names that are not there": ({"required": [f"r{i}" for i in range(2_000)]}, {"a": 1}),
    "15,000 members too many": ({"additionalProperties": False}, {f"k{i}": 1 for i in range(15_000)}),
    "15,000 members that nothing evaluates": ({"unevaluatedProperties": False}, {f"k{i}": 1 for i in range(15_000)}),
    "20,000 items that nothing evaluates": ({"unevaluatedItems": False}, [1] * 20_000),
    "a tree that is a little wrong": (
        {"items": {"$ref": "#"}, "type": "array", "minItems": 1},
        [[[[[]] * 9] * 9] * 9] * 9,
    ),
    "a multiple of next to nothing": ({"multipleOf": 1e-300, "maximum": 0}, 1e300),
    "defaults without end": ({"properties": {"c": {"$ref": "#", "default": {}}}}, {}),
    "defaults that double": (
        chain(25, lambda ref: {"properties": {"x": {**ref, "default": {}}, "y": {**ref, "default": {}}}}),
        {},
    ),
    "a default of 30 KB for 10,000": (
        {"items": {"properties": {"a": {"default": "x" * 30_000}}}},
        [{}] * 10_000,
    ),
    "450 defaults for 10,000": (
        {"items": {"allOf": [{"properties": {"a": {"default": 1}}}] * 450}},
        [{}] * 10_000,
    ),
}
WAITS: dict[str, Any] = {
    "a task": lambda schema: {"id": "a", "type": "task", "title": "t", "inputSchema": schema},
    "an event": lambda schema: {"id": "a", "type": "event", "name": "e", "schema": schema},
}


def cases() -> Iterator[Case]:
    for name, schema in REFUSED.items():
        yield create("schema", f"{name}, of the input", text(definition(inputSchema=schema)))
        yield create("schema", f"{name}, of the output", text(definition(outputSchema=schema)))
        for what, step in WAITS.items() if schema is not None else ():  # null leaves a parameter out
            yield create("schema", f"{name}, of {what}", text(definition(steps=[step(schema)])))
    for number, (name, (schema, value)) in enumerate(SLOW.items()):
        made = create("schema", name, text(definition(f"slow-{number}", inputSchema=schema)))
        start = f"{DEFINITIONS}/slow-{number}/execute"
        yield Case("input", name, 400, start, text({"input": value}), given=made)
