"""What is odd about a step that starts another definition, and about what is read of its output."""

from collections.abc import Mapping

import pytest

from chalicelib.core.definitions.validation import validate
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES
from tests import words
from tests.core.definitions.test_lint import echo

BILL: dict[str, Json] = {
    "id": "bill",
    "inputSchema": {
        "type": "object",
        "properties": {"order": {"type": "string"}, "copies": {"default": 1}},
        "required": ["order", "copies"],
        "additionalProperties": False,
    },
    "stash": {"tax": {"rate": 19}},
    "steps": [echo("a", {"total": "${input.order}", "tax": "${stash.tax}"})],
}
SEND: dict[str, Json] = {
    "id": "send",
    "outputSchema": {"properties": {"sentAt": {"type": "string"}}, "additionalProperties": False},
    "steps": [echo("a", "${input}")],
}
KNOWN: Mapping[str, tuple[int, Mapping[str, Json]]] = {"bill": (3, BILL), "send": (1, SEND)}
GIVEN: Json = {"order": "A-7"}


def start(definition: str = "bill", given: Json = GIVEN, **more: Json) -> dict[str, Json]:
    return {"id": "w", "type": "workflow", "definition": definition, "input": given, **more}


def warnings(*steps: Json, **keys: Json) -> list[tuple[str, str]]:
    document: Json = {"id": "x", "steps": [*steps], **keys}
    found = validate(document, STEP_TYPES, lambda name, version: None if version == 9 else KNOWN.get(name))
    words.require_own(problem.message for problem in (*found.problems, *found.warnings))
    assert found.problems == ()
    return [(problem.pointer, problem.message) for problem in found.warnings]


@pytest.mark.parametrize(
    ("step", "path", "said"),
    [
        (start(), "totl", "there is never a 'totl' in output (did you mean 'total'?)"),
        (start(), "tax.rat", "there is never a 'rat' in output.tax (did you mean 'rate'?)"),
        (start(version=3), "b", "there is never a 'b' in output: it has tax, total"),
        (start("send"), "sent", "there is never a 'sent' in output (did you mean 'sentAt'?)"),
        (start("send", wait=False), "sentAt", "there is never a 'sentAt' in output: it has id"),
    ],
)
def test_what_is_never_in_the_output_of_a_child_is_said(step: Json, path: str, said: str) -> None:
    assert warnings(step, echo("z", f"${{output.{path}}}")) == [("/steps/1/message", said)]


@pytest.mark.parametrize(
    "step",
    [
        start("x"),
        start("${input.name}"),
        start(version="${input.version}"),
        start(wait="${input.wait}"),
        start(given="${input}"),
    ],
)
def test_of_what_cannot_be_looked_up_nothing_is_said(step: dict[str, Json]) -> None:
    path = "total" if step["input"] == "${input}" else "anything"
    assert warnings(step, echo("z", f"${{output.{path}}}")) == []


@pytest.mark.parametrize(
    ("step", "place", "said"),
    [
        (start("bil"), "definition", "there is no definition 'bil' that you may read: without it the step fails"),
        (start(version=9), "definition", "there is no definition 'bill' in version 9 that you may read"),
        (start(given={}), "input", "definition 'bill' needs 'order' in its input: the step fails with InvalidInput"),
        (start(given="${ {copies: `2`} }"), "input", "definition 'bill' needs 'order' in its input"),
        (start(given="${ execution }"), "input", "definition 'bill' needs 'order' in its input"),
        (
            start(given={"order": 1, "copy": 2}),
            "input",
            "definition 'bill' takes no 'copy' in its input: it takes copies, order",
        ),
    ],
)
def test_what_a_child_cannot_take_is_said(step: Json, place: str, said: str) -> None:
    ((found, remark),) = warnings(step)
    assert (found, remark[: len(said)]) == (f"/steps/0/{place}", said)


def test_what_comes_in_is_the_input_of_a_child_that_is_given_none() -> None:
    step = {key: each for key, each in start().items() if key != "input"}
    assert warnings(echo("a", {"order": 1}), step) == []
    ((place, _),) = warnings(echo("a", {"no": 1}), step)
    assert place == "/steps/1/definition"


def test_what_may_be_filled_in_is_not_said_to_be_needed() -> None:
    filled = {"inputSchema": {"properties": {"a": {"$ref": "#/$defs/a"}, "b": True}, "required": ["a", "b"]}}
    document: Json = {"id": "x", "steps": [start("other", {"b": 1})]}
    find = {"other": (1, {"id": "other", "steps": [echo("a")], **filled})}
    assert validate(document, STEP_TYPES, lambda name, _: find.get(name)).warnings == []


def test_what_a_long_definition_comes_to_is_not_told() -> None:
    long: Json = {"id": "long", "steps": [echo("a", "x" * 20_000, next="b"), echo("b", {"c": 1})]}
    document: Json = {"id": "x", "steps": [start("long"), echo("z", "${output.d}")]}
    assert validate(document, STEP_TYPES, lambda *_: (1, long)).warnings == []  # type: ignore[arg-type, return-value] # it is an object


def test_so_many_definitions_are_looked_up() -> None:
    asked: list[str] = []

    def find(name: str, _version: int | None) -> None:
        asked.append(name)

    steps: Json = [{**start(f"c{number % 30}"), "id": f"w{number}"} for number in range(60)]
    found = validate({"id": "x", "steps": steps}, STEP_TYPES, find).warnings
    assert (len(asked), len(found)) == (20, 40)


def test_what_is_wrong_with_a_step_hides_nothing_of_a_child() -> None:
    broken: Json = {"id": "b", "type": "echo", "message": "${a b}"}
    found = validate({"id": "x", "steps": [broken, start("bil")]}, STEP_TYPES, lambda name, _: KNOWN.get(name))
    assert [each.pointer for each in found.warnings] == ["/steps/1/definition"]
