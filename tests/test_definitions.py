import re
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from chalicelib.core.editor import definition_schema
from chalicelib.core.lint import lint
from chalicelib.core.model import Execution, State
from chalicelib.core.review import review
from chalicelib.core.values import Json
from chalicelib.reader import read_json, read_yaml
from chalicelib.steps import STEP_TYPES
from tests.scenario import Scenario, play, root_of

FOLDER = Path(__file__).parents[1] / "definitions"
FILES = sorted(FOLDER.iterdir())
LIMIT = 100_000

OUTPUTS: dict[str, list[Json]] = {
    "choice": [{"by": "plane"}, {"by": "van"}, {"by": "courier"}],
    "echo": [{"greeting": "Hello Ada", "tags": ["early", "bird"], "count": 2, "price": "${5} is text"}],
    "example-definition": ["Hello bar, and hello again"],
    "fail": [
        {"refused": "5000 is more than 1000", "by": "refuse", "error": "order.TooLarge"},
        "accepted",
    ],
    "map": [{"total": 25.0, "problems": ["line 2 orders no cup"]}],
    "parallel": [{"accepted": True, "left": 2}],
    "succeed": [["Hello Ada", "Hello whoever you are", "Hello Grace"], []],
    "transform": [
        {
            "customer": "Ada",
            "lines": [5.0, 20],
            "gross": 30.0,
            "isLarge": False,
            "text": "2 lines for 30.0 EUR",
        }
    ],
    "wait": ["It is 2026-01-31T09:00:00.000Z"],
    "workflow": [24],
}
"""What each example comes to with the examples of its input."""


def read(path: Path) -> dict[str, Json]:
    text = path.read_bytes()
    document = read_json(text, LIMIT) if path.suffix == ".json" else read_yaml(text, LIMIT)[0]
    assert isinstance(document, dict)
    return document


def examples(document: dict[str, Json]) -> list[Json]:
    match document:
        case {"inputSchema": {"examples": [_, *_] as found}}:
            return found
        case _:
            pytest.fail("it has no example of its input")


def run(document: dict[str, Json], value: Json) -> Execution:
    return root_of(play(Scenario(str(document["id"]), "", document, input=value), latency=timedelta()))


each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


@each_file
def test_every_example_runs_to_its_end_and_gives_what_it_should(path: Path) -> None:
    document = read(path)
    ended = [run(document, value) for value in examples(document)]
    assert [(each.error, each.state) for each in ended] == [(None, State.SUCCEEDED)] * len(ended)
    assert [each.output for each in ended] == OUTPUTS[path.stem]


@each_file
def test_every_example_is_named_like_its_file_and_fits_the_schema_for_editors(path: Path) -> None:
    document = read(path)
    assert document["id"] == path.stem
    assert [error.message for error in Draft202012Validator(definition_schema(STEP_TYPES)).iter_errors(document)] == []


@each_file
def test_nothing_is_odd_about_an_example(path: Path) -> None:
    assert lint(read(path), STEP_TYPES) == []


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".yaml"], ids=lambda path: path.name)
def test_every_example_begins_with_a_comment_that_says_what_it_shows(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("place", [0, 1])
def test_what_the_readme_shows_of_the_language_is_valid_and_not_odd(place: int) -> None:
    text = re.findall(r"```yaml\n(.*?)```", (FOLDER.parent / "README.md").read_text(encoding="utf-8"), re.DOTALL)[place]
    document, _ = read_yaml(text.encode(), LIMIT)
    assert isinstance(document, dict)
    other: dict[str, Json] = {"id": "other", "steps": [{"id": "check", "type": "transform"}]}
    found = review({"id": "x", **document}, STEP_TYPES, lambda *_: (1, other))
    assert (found.problems, found.warnings) == ((), [])


def test_the_example_definition_is_the_same_in_yaml_and_json() -> None:
    assert read(FOLDER / "example-definition.yaml") == read(FOLDER / "example-definition.json")


def test_the_example_definition_waits_for_45_seconds() -> None:
    execution = run(read(FOLDER / "example-definition.yaml"), {"foo": "bar"})
    assert execution.ended_at is not None
    assert (execution.ended_at - execution.started_at).total_seconds() == 45
