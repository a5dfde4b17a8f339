from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from chalicelib.core.decide import decide, submit
from chalicelib.core.definition import definition_schema, parse
from chalicelib.core.model import ROOT, Driver, Execution, State, Status, StepDue, TimerFired
from chalicelib.core.values import Json
from chalicelib.reader import read_json, read_yaml
from chalicelib.steps import STEP_TYPES

FOLDER = Path(__file__).parents[1] / "definitions"
FILES = sorted(FOLDER.iterdir())
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT = 100_000

OUTPUTS: dict[str, Json] = {
    "echo": {"greeting": "Hello Ada", "tags": ["early", "bird"], "count": 2, "price": "${5} is text"},
    "example-definition": "Hello bar, and hello again",
    "transform": {
        "customer": "Ada",
        "lines": [5.0, 20],
        "gross": 30.0,
        "isLarge": False,
        "text": "2 lines for 30.0 EUR",
    },
    "wait": "It is 2026-01-31T09:00:00.000Z",
}
"""What each example comes to with the first example of its input."""


def read(path: Path) -> dict[str, Json]:
    text = path.read_bytes()
    document = read_json(text, LIMIT) if path.suffix == ".json" else read_yaml(text, LIMIT)[0]
    assert isinstance(document, dict)
    return document


def first_example(document: dict[str, Json]) -> Json:
    match document:
        case {"inputSchema": {"examples": [first, *_]}}:
            return first
        case _:
            pytest.fail("it has no example of its input")


def run(document: dict[str, Json]) -> Execution:
    definition = parse(document, STEP_TYPES)
    header = Execution("t:d:1", "t", "d", 1, "nonce", first_example(document), NOW, {})
    execution, now = submit(definition, header), NOW
    while not execution.ended:
        thread = execution.threads[ROOT]
        event = TimerFired(*thread.key) if thread.status is Status.WAITING else StepDue(*thread.key)
        now = thread.until or now
        decision = decide(definition, execution, event, now, Driver("message", "request"))
        assert decision.execution is not execution, f"{thread.step} is stuck"
        execution = decision.execution
    return execution


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_example_runs_to_its_end_and_gives_what_it_should(path: Path) -> None:
    execution = run(read(path))
    assert (execution.error, execution.state) == (None, State.SUCCEEDED)
    assert execution.output == OUTPUTS[path.stem]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_example_is_named_like_its_file_and_fits_the_schema_for_editors(path: Path) -> None:
    document = read(path)
    assert document["id"] == path.stem
    assert [error.message for error in Draft202012Validator(definition_schema(STEP_TYPES)).iter_errors(document)] == []


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".yaml"], ids=lambda path: path.name)
def test_every_example_begins_with_a_comment_that_says_what_it_shows(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_the_example_definition_is_the_same_in_yaml_and_json() -> None:
    assert read(FOLDER / "example-definition.yaml") == read(FOLDER / "example-definition.json")


def test_the_example_definition_waits_for_45_seconds() -> None:
    ended_at = run(read(FOLDER / "example-definition.yaml")).ended_at
    assert ended_at is not None
    assert (ended_at - NOW).total_seconds() == 45
