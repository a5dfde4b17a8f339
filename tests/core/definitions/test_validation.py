import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.api.parsing import read_yaml
from chalicelib.core.definitions.parser import parse
from chalicelib.core.definitions.validation import validate
from chalicelib.core.values.json import Json, Problem
from chalicelib.steps import STEP_TYPES

EXAMPLES: list[Any] = [
    read_yaml(path.read_bytes(), 100_000)[0]
    for path in sorted((Path(__file__).parents[3] / "definitions").glob("*.yaml"))
]
PAY: Json = {"id": "pay", "steps": [{"id": "a", "type": "echo", "message": 1}]}
SCRAPS = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        2.5,
        10**400,
        "",
        "a",
        "${",
        "${stash.x}",
        "stash.x.y",
        "!a.b",
        "`false`",
        "*",
        "http.*",
        [],
        {},
        [[]],
        {"include": "pay"},
        {"include": {"definition": "pay", "steps": ["a"]}},
        {"errors": ["*"], "next": "a"},
        {"when": "a", "next": "a"},
        {"id": "a", "type": "map", "items": [], "steps": [{"include": "pay"}]},
        {"id": "a", "type": "parallel", "branches": [{"id": "a", "steps": [{"id": "a", "type": "fail"}]}]},
        {"id": "a", "type": "choice", "choices": [{"when": "`true`", "next": "a"}], "default": "b"},
    ]
)
KEYS = st.sampled_from(
    [
        "branches",
        "catch",
        "choices",
        "default",
        "end",
        "include",
        "includes",
        "next",
        "retry",
        "stash",
        "steps",
        "type",
        "when",
    ]
)


def places(value: Any) -> Iterator[Any]:
    """Walk over every list and object inside a value."""
    if isinstance(value, list | dict):
        yield value
        for part in value if isinstance(value, list) else value.values():
            yield from places(part)


@st.composite
def broken(draw: st.DrawFn) -> Any:
    """Put scraps into an example."""
    document: Any = json.loads(json.dumps(draw(st.sampled_from(EXAMPLES))))
    for _ in range(draw(st.integers(1, 4))):
        holder = draw(st.sampled_from(list(places(document))))
        scrap = json.loads(json.dumps(draw(SCRAPS)))
        if isinstance(holder, list):
            holder.insert(draw(st.integers(0, len(holder))), scrap)
        else:
            known = [*holder] or ["a"]
            holder[draw(st.one_of(st.sampled_from(known), KEYS))] = scrap
    return document


def find(definition: str, _version: int | None) -> tuple[int, Mapping[str, Json]] | None:
    return (1, PAY) if definition == "pay" and isinstance(PAY, dict) else None


def tokens(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


@given(broken())
@settings(max_examples=400)
def test_whatever_is_posted_is_answered_with_problems_at_their_places_or_is_valid(document: Any) -> None:
    found = validate(document, STEP_TYPES, find)
    for problem in (*found.problems, *found.warnings):
        value = document
        for part in tokens(problem.pointer):
            value = value[int(part)] if isinstance(value, list) else value[part]
    if not found.problems:
        assert parse(found.document, STEP_TYPES)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {}}, "required": ["${input.name}", None]},
        {"minimum": "${input.least}", "maximum": 5},
        {"enum": 7, "title": "${input.title}"},
        {"type": "integer", "enum": ["${input.most}"]},
    ],
)
@pytest.mark.parametrize("more", [{}, {"outputSchema": {"properties": None}}])
def test_what_is_a_schema_once_it_is_rendered_is_not_looked_at_as_one(
    schema: dict[str, Json], more: dict[str, Json]
) -> None:
    document: Json = {"id": "d", **more, "steps": [{"id": "a", "type": "task", "title": "A", "inputSchema": schema}]}
    found = validate(document, STEP_TYPES, find)
    assert [problem.pointer for problem in found.problems] == ["/outputSchema/properties"] * len(more)
    assert [problem for problem in found.warnings if "inputSchema" in problem.pointer] == []


@pytest.mark.parametrize("document", [None, 5, "id: x", [PAY]])
def test_what_is_no_object_is_no_definition(document: Json) -> None:
    assert [problem.message for problem in validate(document, STEP_TYPES, find).problems] == [
        "a definition is an object"
    ]


def test_what_else_is_found_wrong_with_a_valid_definition_is_told_where_it_was_posted() -> None:
    document: Json = {"id": "d", "steps": [{"include": "pay"}, {"id": "b", "type": "transform"}]}

    def inspect(valid: Mapping[str, Json]) -> list[Problem]:
        assert isinstance(valid["steps"], list)
        return [Problem(f"/steps/{len(valid['steps']) - 1}", "no"), Problem("/steps/0", "neither")]

    found = validate(document, STEP_TYPES, lambda *_: (1, PAY), inspect)  # type: ignore[arg-type] # it is an object
    assert (found.document, found.warnings) == ({}, [])
    assert [(each.pointer, each.message) for each in found.problems] == [
        ("/steps/1", "no"),
        ("/steps/0", "step 'a' of pay@1: neither"),
    ]


@pytest.mark.parametrize("wrong", [{"message": ["${input.a + 1}"]}, {"message": 1, "when": "input.a = 1"}])
def test_an_expression_that_cannot_be_read_does_not_hide_what_is_odd_elsewhere(wrong: dict[str, Json]) -> None:
    steps: Json = [{"id": "a", "type": "echo", **wrong}, {"id": "b", "type": "echo", "message": "${inptu}"}]
    found = validate({"id": "d", "steps": steps}, STEP_TYPES, find)
    assert len(found.problems) == 1
    assert [each.pointer for each in found.warnings] == ["/steps/1/message"]
