from collections.abc import Iterator
from itertools import chain

import pytest
from jsonschema import Draft202012Validator

from chalicelib.core.definitions.parser import parse
from chalicelib.core.definitions.schema_export import definition_schema
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES

SCHEMA = definition_schema(STEP_TYPES)
VALIDATOR = Draft202012Validator(SCHEMA)
ECHO: dict[str, Json] = {"id": "a", "type": "echo", "message": 1}
ENDED: dict[str, Json] = {**ECHO, "id": "b"}
RETRY: Json = [{"errors": ["http.*"], "maxAttempts": 2, "jitter": "none"}]


def with_steps(*steps: Json) -> dict[str, Json]:
    return {"id": "x", "steps": list(steps)}


def fork(*steps: Json, **more: Json) -> dict[str, Json]:
    return {"id": "p", "type": "parallel", "branches": [{"id": "b", "steps": list(steps), **more}]}


def choice(**more: Json) -> dict[str, Json]:
    return {"id": "c", "type": "choice", "choices": [{"when": "input", "next": "a"}], **more}


def patterns_in(schema: Json) -> Iterator[dict[str, Json]]:
    """Find what has a pattern, but for that of a template, which always stands beside what it may stand for."""
    if isinstance(schema, list):
        yield from chain.from_iterable(map(patterns_in, schema))
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str) and schema["pattern"] != r"\$\{":
            yield schema
        yield from chain.from_iterable(map(patterns_in, schema.values()))


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_it_says_in_words_what_each_pattern_asks() -> None:
    found = list(patterns_in(SCHEMA))
    assert len(found) > 10
    assert [each for each in found if not each.get("patternErrorMessage")] == []


@pytest.mark.parametrize(
    ("step", "pointer", "message"),
    [
        ({**ECHO, "id": "a b"}, "/steps/0/id", '"a b": an id has lower-case letters'),
        ({**ECHO, "stash": "a-b"}, "/steps/0/stash", '"a-b": a name of the stash begins with'),
        (
            {**ECHO, "catch": [{"errors": ["http.Status.5*"], "next": "a"}]},
            "/steps/0/catch/0/errors/0",
            '"http.Status.5*": write the name of an error',
        ),
        (
            {"id": "a", "type": "http", "url": "https://a.example", "expect": {"statuses": ["2*"]}},
            "/steps/0/expect/statuses/0",
            '"2*": write a status as 404, or a class of them as 4xx',
        ),
        (
            {"id": "a", "type": "aws", "service": "s", "action": "a" * 2000},
            "/steps/0/action",
            f'"{"a" * 100}…": write the action as',
        ),
    ],
)
def test_what_is_not_as_a_pattern_asks_is_told_in_words(step: Json, pointer: str, message: str) -> None:
    with pytest.raises(InvalidDefinitionError) as raised:
        parse(with_steps(step), STEP_TYPES)
    found = {problem.pointer: problem.message for problem in raised.value.problems}
    assert found[pointer].startswith(message)


@pytest.mark.parametrize(
    "document",
    [
        with_steps(ECHO),
        with_steps(ECHO) | {"title": "T", "description": "D", "inputSchema": True, "stash": {"a": "${input}"}},
        with_steps(ECHO) | {"outputSchema": {}, "timeoutSeconds": 5, "retry": RETRY, "includes": []},
        with_steps({"id": "a", "type": "wait", "seconds": "${input.n}", "output": 1, "stash": "s"}),
        with_steps({"id": "a", "type": "wait", "until": "${input}", "stash": {"s": 1}, "end": True}),
        with_steps({**ECHO, "when": "input", "timeoutSeconds": 1.5, "retry": RETRY, "next": "b"}, ENDED),
        with_steps({**ECHO, "catch": [{"errors": ["*"], "next": "b", "stash": "e"}]}, ENDED),
        with_steps(choice(default="a", when="input"), ECHO),
        with_steps(fork(fork(ECHO), ENDED)),
        with_steps({"id": "m", "type": "map", "items": "${input}", "tolerate": {"percent": 5}, "steps": [ECHO, ENDED]}),
        with_steps({"id": "w", "type": "workflow", "definition": "d", "version": "${input.v}", "wait": False}),
        with_steps({"id": "a", "type": "fail", "error": "x.${input}", "when": "input"}, {"id": "b", "type": "succeed"}),
    ],
)
def test_what_is_valid_fits_it(document: Json) -> None:
    assert parse(document, STEP_TYPES)
    assert list(VALIDATOR.iter_errors(document)) == []


@pytest.mark.parametrize(
    "document",
    [
        5,
        {},
        {"id": "A", "steps": [ECHO]},
        with_steps(),
        with_steps(5),
        with_steps(ECHO) | {"titel": "T"},
        with_steps(ECHO) | {"stash": {"a b": 1}},
        with_steps(ECHO) | {"timeoutSeconds": 0},
        with_steps(ECHO) | {"retry": [{"maxAttempts": 2}]},
        with_steps({"id": "a"}),
        with_steps({"id": "a", "type": "ecko"}),
        with_steps({"id": "a", "type": "transform", "message": 1}),
        with_steps({"id": "a", "type": "echo"}),
        with_steps({"id": "a", "type": "wait"}),
        with_steps({"id": "a", "type": "wait", "seconds": 1, "until": "x"}),
        with_steps({"id": "a", "type": "wait", "seconds": "soon"}),
        with_steps({**ECHO, "next": "a", "end": True}),
        with_steps({**ECHO, "end": False}),
        with_steps({**ECHO, "stash": "a b"}),
        with_steps({**ECHO, "when": True}),
        with_steps({**ECHO, "retry": [{"errors": ["a b"]}]}),
        with_steps({**ECHO, "retry": [{"errors": ["*"], "tries": 2}]}),
        with_steps({**ECHO, "catch": [{"errors": ["*"]}]}),
        with_steps(choice(next="a"), ECHO),
        with_steps(choice(choices=[]), ECHO),
        with_steps(choice(choices=[{"when": "input"}]), ECHO),
        with_steps(fork()),
        with_steps(fork({"id": "a", "type": "ecko"})),
        with_steps(fork(ECHO, then="b")),
        with_steps({"id": "p", "type": "parallel", "branches": "${input}"}),
        with_steps({"id": "m", "type": "map", "items": [], "steps": [{"id": "a", "type": "echo"}]}),
        with_steps({"id": "m", "type": "map", "items": 5, "steps": [ECHO]}),
        with_steps({"id": "a", "type": "fail", "end": True}),
        with_steps({"id": "a", "type": "succeed", "next": "b"}, ENDED),
    ],
)
def test_what_is_wrong_in_form_does_not(document: Json) -> None:
    with pytest.raises(InvalidDefinitionError):
        parse(document, STEP_TYPES)
    assert list(VALIDATOR.iter_errors(document))


@pytest.mark.parametrize(
    "include", ["other", {"definition": "other"}, {"definition": "other", "version": 3, "steps": ["a", "b"]}]
)
def test_an_include_may_stand_in_any_list_of_steps(include: Json) -> None:
    assert list(VALIDATOR.iter_errors(with_steps({"include": include}, fork({"include": include})))) == []


@pytest.mark.parametrize(
    "entry",
    [
        {"include": 5},
        {"include": "Other"},
        {"include": {}},
        {"include": {"definition": "other", "version": 0}},
        {"include": {"definition": "other", "steps": []}},
        {"include": {"definition": "other", "only": ["a"]}},
        {"include": "other", "next": "a"},
    ],
)
def test_an_include_that_is_wrong_in_form_does_not_fit(entry: Json) -> None:
    assert list(VALIDATOR.iter_errors(with_steps(entry)))
