import json
from functools import reduce
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from chalicelib.core.limits import beyond
from chalicelib.core.schemas.messages import FORMATS, message_of
from chalicelib.core.schemas.schema import MAX_DEPTH, compile_schema, schema_problems
from chalicelib.core.values.json import Json, Problem

MOST = "more than 100,000 steps and 4 for each byte of it, or 500,000 in all"
COSTLY = beyond("validation_steps", f"validating it against the schema costs too much: {MOST}")


PERSON: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://example.com/person",
    "type": "object",
    "required": ["name", "age"],
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Z]", "minLength": 2},
        "age": {"type": "integer"},
        "friends": {"type": "array", "items": {"$ref": "#"}, "maxItems": 5, "uniqueItems": True},
        "contact": {"anyOf": [{"$ref": "#/$defs/mail"}, {"type": "integer"}]},
    },
    "patternProperties": {"^x-": {"type": "string"}},
    "additionalProperties": False,
    "$defs": {"mail": {"type": "object", "required": ["mail"]}},
}
ADA: dict[str, Json] = {"name": "Ada", "age": 36}


def nested(levels: int, key: str = "a") -> Json:
    return reduce(lambda inner, _: {key: inner}, range(levels), dict[str, Json]())


def refused(schema: Json) -> dict[str, str]:
    return {problem.pointer: problem.message for problem in schema_problems(schema)}


def messages(schema: Json, instance: Json) -> list[tuple[str, str]]:
    assert schema_problems(schema) == []
    return [(problem.pointer, problem.message) for problem in compile_schema(schema).problems(instance)]


@pytest.mark.parametrize("schema", [True, False, {}, PERSON, {"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}])
def test_a_good_schema_has_no_problems(schema: Json) -> None:
    assert schema_problems(schema) == []


def test_a_schema_may_be_true_or_false() -> None:
    assert messages(True, 1) == []
    assert messages(False, 1) == [("", "nothing can stand here")]
    assert messages({"properties": {"a": False}}, {"a": 1}) == [("/a", "nothing can stand here")]


def test_a_good_instance_has_no_problems() -> None:
    assert messages(PERSON, {**ADA, "friends": [ADA], "x-note": "…"}) == []


@pytest.mark.parametrize(
    "instance",
    [
        1,
        {},
        {"name": "a", "age": "b"},
        {"name": "Ada", "age": 36, "friends": [ADA, {"name": 1, "age": 2}]},
        {**ADA, "friends": [ADA, ADA]},
        {**ADA, "contact": "none"},
        {**ADA, "contact": {"phone": 1}},
        {**ADA, "friends": 5, "x-note": 5},
    ],
)
def test_the_first_message_is_the_best_match_of_jsonschema_and_none_is_left_out(instance: Json) -> None:
    plain = list(Draft202012Validator(PERSON).iter_errors(instance))
    best = best_match(plain)
    assert best is not None
    found = messages(PERSON, instance)
    assert found[0][1] == message_of(best)
    assert {message_of(error) for error in plain if error.validator != "anyOf"} <= {message for _, message in found}


def test_problems_point_into_the_instance() -> None:
    found = messages(PERSON, {**ADA, "friends": [ADA, {"name": "Bob", "age": "x"}]})
    assert found == [("/friends/1/age", '"x" is a text, not a whole number')]
    escaped: Json = {"properties": {"a/b~": {"type": "null"}}}
    assert [place for place, _ in messages(escaped, {"a/b~": 1})] == ["/a~1b~0"]


def test_properties_beside_patterns_are_additional_only_if_nothing_matches() -> None:
    schema: dict[str, Json] = {
        "properties": {"a": {}},
        "patternProperties": {"^x": {}},
        "additionalProperties": {"type": "null"},
    }
    assert [place for place, _ in messages(schema, {"a": 1, "x1": 1, "c": 1, "b": 1, "d": None})] == ["/c", "/b"]
    (problem,) = messages({**schema, "additionalProperties": False}, {"a": 1, "x1": 1, "b": 1})
    assert problem == ("", "there is no 'b' here; it takes a")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date-time", "2026-01-31T09:00:00.5+01:00", "2026-01-31 09:00"),
        ("date-time", "2026-01-31t09:00:00z", "2026-02-30T09:00:00Z"),
        ("date-time", "2024-02-29T23:59:59Z", "2026-01-31T09:00:00Z\n"),
        ("date", "2024-02-29", "2026-02-29"),
        ("date", "2026-01-31", "20260131"),
        ("time", "09:00:00Z", "9:00"),
        ("email", "ada@example.com", "ada"),
        ("ipv4", "192.0.2.1", "192.0.2.256"),
        ("ipv6", "2001:db8::1", "fe80::1%eth0"),
        ("uuid", "2EB8AA08-AA98-11EA-B4AA-73B441D16380", "2eb8aa08aa9811eab4aa73b441d16380"),
        ("uri", "https://example.com/a?b=%20#c", "example.com/a b"),
        ("uri", "urn:isbn:1", "https://example.com/%zz"),
        ("regex", "^a+$", "(?=a)"),
    ],
)
def test_formats_are_checked(name: str, good: str, bad: str) -> None:
    schema: Json = {"format": name}
    assert messages(schema, good) == []
    ((_, message),) = messages(schema, bad)
    assert message.startswith(f"{json.dumps(bad)} is no {name}")
    assert name == "regex" or f": write it as {FORMATS[name]}" in message
    assert all(messages({"format": each}, example) == [] for each, example in FORMATS.items())
    assert messages(schema, 5) == []


def test_an_unknown_format_says_nothing() -> None:
    assert messages({"format": "colour"}, "x") == []


def test_every_error_of_the_meta_schema_is_told() -> None:
    found = schema_problems({"type": "text", "required": "a", "properties": {"p": {"minimum": "1"}}}, ("inputSchema",))
    assert [problem.pointer for problem in found] == [
        "/inputSchema/properties/p/minimum",
        "/inputSchema/required",
        "/inputSchema/type",
    ]


@pytest.mark.parametrize("schema", [None, 5, "x", []])
def test_what_is_no_schema_is_refused(schema: Json) -> None:
    assert list(refused(schema)) == [""]


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"$ref": "https://example.com/schema"}, "/$ref"),
        ({"$ref": "other.json#/a"}, "/$ref"),
        ({"$ref": "https://json-schema.org/draft/2020-12/schema"}, "/$ref"),
        ({"items": {"$ref": "#/$defs/nothing"}}, "/items/$ref"),
        ({"$ref": "#name"}, "/$ref"),
        ({"$ref": "#/const", "const": {"type": "string"}}, "/$ref"),
        ({"$ref": "#/examples/0", "examples": [{"$schema": "http://json-schema.org/draft-07/schema#"}]}, "/$ref"),
        ({"$dynamicRef": "#node"}, "/$dynamicRef"),
        ({"$anchor": "node"}, "/$anchor"),
        ({"properties": {"a": {"$id": "a.json"}}}, "/properties/a/$id"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"not": {"$schema": "https://json-schema.org/draft/2020-12/schema"}}, "/not/$schema"),
        ({"dependencies": {}}, "/dependencies"),
        ({"uniqueItems": True}, "/uniqueItems"),
        ({"uniqueItems": True, "maxItems": 201}, "/uniqueItems"),
        ({"pattern": "(?=a)b"}, "/pattern"),
        ({"pattern": r"(a)\1"}, "/pattern"),
        ({"patternProperties": {"(?<!a)/": {}}}, "/patternProperties/(?<!a)~1"),
        ({"unevaluatedProperties": False, "allOf": [{"patternProperties": {"a": {}}}]}, "/unevaluatedProperties"),
        ({"$ref": "#"}, ""),
        ({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}}, "/$defs/a"),
        ({"if": {"not": {"$ref": "#"}}}, ""),
        ({"dependentSchemas": {"a": {"$ref": "#"}}}, ""),
        (nested(21, "items"), ""),
        ({"description": "x" * 33_000}, ""),
        ({"oneOf": [{}] * 1_001}, ""),
    ],
)
def test_what_cannot_be_made_safe_is_refused(schema: Json, place: str) -> None:
    assert list(refused(schema)) == [place]


def test_the_message_about_a_pattern_says_what_is_not_supported() -> None:
    assert "looks ahead, which is not supported" in refused({"pattern": "(?=a)"})["/pattern"]


def test_names_of_keywords_are_free_where_they_are_no_keywords() -> None:
    schema: Json = {
        "properties": {"$ref": {"type": "string"}, "$id": {}, "pattern": {}},
        "const": {"$ref": "https://example.com", "pattern": "("},
        "default": {"$anchor": 1},
    }
    assert schema_problems(schema) == []


def test_a_reference_may_be_escaped() -> None:
    schema: Json = {"$defs": {"a/b c": {"type": "null"}}, "$ref": "#/$defs/a~1b%20c"}
    assert messages(schema, 1) == [("", "1 is a number, not null")]


def doubling(levels: int) -> Json:
    definitions: dict[str, Json] = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(levels)}
    return {"$ref": "#/$defs/a0", "$defs": {**definitions, f"a{levels}": {}}}


def test_doubling_references_are_refused_and_stopped() -> None:
    assert len(json.dumps(doubling(20))) < 1_600
    assert "more than 1,000 references" in next(iter(refused(doubling(20)).values()))
    assert compile_schema(doubling(30)).problems(1) == [Problem("", COSTLY)]


def test_a_long_chain_of_references_is_refused() -> None:
    chain: dict[str, Json] = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(60)}
    assert "50 in a row" in next(iter(refused({"$defs": {**chain, "a60": {}}}).values()))


def test_references_that_double_with_each_level_of_the_instance_are_stopped() -> None:
    twice: Json = [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}}]
    assert messages({"allOf": twice}, nested(3)) == []
    assert messages({"allOf": twice}, nested(30)) == [("", COSTLY)]


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"items": {"required": [f"key{n}" for n in range(3_000)]}}, [{}] * 50_000),
        ({"items": {"enum": list(range(5_000))}}, [-1] * 50_000),
        ({"items": True, "unevaluatedItems": False}, [1] * 100_000),
        ({"allOf": [{"type": "string"}] * 900}, ["x" * 100] * 2_000),
    ],
)
def test_a_large_schema_on_a_large_instance_is_stopped(schema: Json, instance: Json) -> None:
    assert messages(schema, instance) == [("", COSTLY)]


def test_a_pattern_is_linear_in_the_text() -> None:
    schema: Json = {"pattern": "^(a+)+$", "patternProperties": {"^(b+)+$": {}}, "additionalProperties": False}
    assert len(messages(schema, "a" * 5_000 + "!")) == 1
    assert len(messages(schema, {"b" * 5_000 + "!": 1})) == 1


def test_a_schema_that_names_its_dialect_is_as_safe_where_it_refers_to_itself() -> None:
    dialect: Json = "https://json-schema.org/draft/2020-12/schema"
    schema: Json = {"$schema": dialect, "pattern": r"^\pL+$", "properties": {"a": {"$ref": "#"}}}
    assert messages(schema, {"a": "ä"}) == []
    assert messages(schema, {"a": "1"}) == [("/a", r'"1" does not match the pattern ^\pL+$')]


def test_only_short_arrays_are_searched_for_repetitions() -> None:
    schema: Json = {"uniqueItems": True, "maxItems": 200}
    assert messages(schema, [{"a": n} for n in range(200)]) == []
    assert messages(schema, [{"a": [1]}, {"a": [1.0]}])[0][1] == "an item is in it twice"
    assert messages(schema, [1, True, 0, False, "1"]) == []
    ((_, message),) = messages(schema, [{"a": 1}] * 1_000)
    assert message == "it can have 200 items at most, and has 1,000"


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_of_what_has_not_the_type_nothing_is_told_of_alternatives(keyword: str) -> None:
    schema: Json = {"type": "object", "properties": {"a": {"type": "array", keyword: [{"minItems": 2}, False]}}}
    assert messages(schema, {"a": "x"}) == [("/a", '"x" is a text, not a list')]
    closed: Json = {"properties": {"a": True}, "additionalProperties": False, keyword: [{"required": ["a"]}, False]}
    assert [place for place, _ in messages(closed, {"b": 1})] == [""]
    assert messages({**schema, keyword: [False]}, 5) == [("", "5 is a number, not an object; it takes a")]
    assert {place for place, _ in messages({**schema, keyword: [False]}, {"a": "x"})} == {"", "/a"}


def test_an_instance_nested_too_deeply_is_a_problem() -> None:
    schema: Json = {"properties": {"a": {"$ref": "#"}}}
    assert messages(schema, nested(20)) == []
    assert messages(schema, nested(2_000)) == [("", "it is nested too deeply to be validated")]


@pytest.mark.parametrize(
    ("step", "number", "fits"),
    [
        (0.01, 19.99, True),
        (0.01, 0.07, True),
        (0.01, 19.995, False),
        (0.1, 0.3, True),
        (0.3, 1, False),
        (3, 10**30 + 1, False),
        (0.1, 10**400, True),
        (1e-300, 1e300, True),
        (7, 7.0, True),
        (2, True, True),
    ],
)
def test_multiples_are_those_of_decimal_numbers(step: Json, number: Json, fits: bool) -> None:  # noqa: FBT001 - expected
    assert (messages({"multipleOf": step}, number) == []) is fits


def test_a_message_and_their_number_are_bounded() -> None:
    assert len(messages({"required": ["x" * 5_000]}, {})[0][1]) == 1_000
    assert len(messages({"items": {"type": "null"}}, [1] * 5_000)) == 1_000


def test_a_schema_may_be_as_deep_as_it_may_and_its_bytes_are_those_of_utf_8() -> None:
    deep: Json = True
    for _ in range(MAX_DEPTH):
        deep = {"not": deep}
    assert schema_problems(deep) == []
    (problem,) = schema_problems({"not": deep})
    assert "nests deeper than 20 levels" in problem.message
    assert schema_problems({"description": "ä" * 12_000}) == []


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"pattern": "[^b]{900}c"}, "a" * 100_000),
        ({"patternProperties": {"[^b]{900}c": {}}}, {"a" * 1_000 + str(number): 1 for number in range(100)}),
        (
            {"$defs": {"u": {"uniqueItems": True, "maxItems": 200}}, "items": {"allOf": [{"$ref": "#/$defs/u"}] * 500}},
            [[{"a": [number] * 500}, 1] for number in range(50)],
        ),
        ({"items": {"format": "regex"}}, [f"(\\pL{{40}}){{9}}{number}" for number in range(100)]),
        (
            {"$defs": {"c": {"const": [[0] * 900]}}, "items": {"allOf": [{"$ref": "#/$defs/c"}] * 20}},
            [[[0] * 900]] * 100,
        ),
        ({"items": {"enum": [{"a": [number] * 10} for number in range(600)]}}, [{"a": [599] * 10}] * 400),
        ({"items": {"allOf": [{"multipleOf": int("3" * 300)}] * 40}}, [int("3" * 3_000)] * 300),
        ({"items": {"allOf": [{"multipleOf": 0.1}] * 40}}, [int("3" * 3_000)] * 100),
    ],
    ids=["text", "names", "unique", "regex", "const", "enum", "whole multiples", "decimal multiples"],
)
def test_what_would_take_too_long_costs_too_much(schema: Json, instance: Json) -> None:
    assert messages(schema, instance) == [("", COSTLY)]


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"const": {"a": [1]}}, {"a": [1.0]}),
        ({"enum": [{}, {"a": 1}]}, {"a": 1}),
        ({"enum": ["a", [1, 2]]}, [1, 2]),
        ({"multipleOf": 3}, 3 * 10**50),
        ({"multipleOf": 0.5}, 10**50),
        ({"items": {"enum": [f"k{number}" for number in range(50)]}}, ["k49"] * 1_000),
    ],
)
def test_what_is_the_same_or_a_multiple_passes_and_what_is_not_does_not(schema: Json, instance: Json) -> None:
    assert messages(schema, instance) == []
    assert len(messages({"not": schema}, instance)) == 1


def test_patterns_are_bounded_in_number_and_size() -> None:
    many = {f"^k{number}": {} for number in range(201)}
    assert refused({"patternProperties": many})[""].startswith("schema holds more than 200 patterns (")
    del many["^k0"]
    assert refused({"patternProperties": many}) == {}
    large = {"allOf": [{"pattern": f"[^a]{{900}}{number}"} for number in range(15)]}
    assert "take more than 100,000 instructions of RE2 (" in next(iter(refused(large).values()))


def test_of_patterns_that_do_not_compile_the_first_20_are_told() -> None:
    wrong = {f"({number}": {} for number in range(100)}
    assert len(refused({"patternProperties": wrong})) == 20


@pytest.mark.parametrize(("text", "is_valid"), [("a+", True), ("(", False), ("(\\pL{40}){9}", False)])
def test_a_regex_is_what_a_pattern_can_be(text: str, is_valid: bool) -> None:  # noqa: FBT001 - a parameter
    assert (messages({"format": "regex"}, text) == []) == is_valid


def test_half_a_surrogate_pair_cannot_be_validated() -> None:
    said = "it cannot be validated: a text in it holds half of a surrogate pair"
    assert messages({"pattern": "a"}, "\ud800") == [("", said)]


def test_defaults_make_nothing_that_no_value_may_be() -> None:
    deep = compile_schema({"properties": {"a": {"default": nested(50)}}})
    assert deep.accept({})[1][0].message.startswith("it nests deeper than 50 levels (")
    assert deep.accept({"a": 1}) == ({"a": 1}, [])
