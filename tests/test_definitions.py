import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pytest
from jsonschema import Draft202012Validator

from chalicelib.api.parsing import read_yaml
from chalicelib.core.definitions.lint import lint
from chalicelib.core.definitions.schema_export import definition_schema
from chalicelib.core.definitions.validation import validate
from chalicelib.core.executions.model import State
from chalicelib.core.values.json import Json
from chalicelib.core.values.json_text import read_json
from chalicelib.steps import STEP_TYPES
from chalicelib.testing import Run, run

FOLDER = Path(__file__).parents[1] / "definitions"
FILES = sorted(FOLDER.iterdir())
LIMIT = 100_000
SIMULATED = "failures.md"
"""Its workflow has a step type of the simulation."""

OUTPUTS: dict[str, list[Json]] = {
    "aws": [{"reserved": "tea", "told": "message-1"}],
    "callback": ["Order A-7 is paid with 12"],
    "document-pipeline": [{"filed": ["a.json"], "told": "message-1"}],
    "event": ["Order A-7 was left at the door"],
    "http": [{"found": ["bread"]}],
    "lambda": [{"thumbnail": "small.png"}],
    "nightly-report": [["ada", {"error": {"name": "http.Status.500"}}]],
    "order-approval": [{"order": "A-7", "parcel": "P-1", "approvedBy": "ada"}],
    "task": ["Ada travels"],
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

MOCKS: dict[str, dict[str, Any]] = {
    "aws": {"reserve": {"result": {}}, "tell": {"result": {"MessageId": "message-1"}}},
    "callback": {"payment": {"result": {"amount": 12}}},
    "document-pipeline": {
        "list": {"result": {"Contents": [{"Key": "a.json"}, {"Key": "b.json"}]}},
        "each/read": [
            {"result": {"Body": b64encode(b'{"title": "A", "words": 3}').decode()}},
            {"error": "aws.NoSuchKey", "message": "it is gone"},
        ],
        "each/file": {"result": {}},
        "tell": {"result": {"MessageId": "message-1"}},
    },
    "event": {"delivered": {"result": {"at": "the door"}}},
    "http": {"look-up": [{"error": "http.Status.503"}, {"result": {"status": 200, "body": {"found": ["bread"]}}}]},
    "lambda": {"shrink": [{"error": "lambda.Timeout"}, {"result": {"thumbnail": "small.png"}}]},
    "nightly-report": {
        "figures": [
            {"error": "http.Status.404", "retryAfter": 600},
            {"result": {"status": 200, "body": {"orders": 3, "turnover": 17.5}}},
        ],
        "send/mail": [{"result": {"status": 202}}, {"error": "http.Status.500"}],
    },
    "order-approval": {
        "approve": {"result": None, "by": "ada"},
        "charge": {"result": {"status": 200, "body": {"id": "pay-1"}}},
        "ship": {"result": {"status": 202}},
        "ship#callback": {"result": {"parcel": "P-1"}},
    },
    "task": {
        "lead": {"result": {"approved": True, "note": "yes"}, "by": "grace"},
        "finance": {"result": None, "by": "bob"},
    },
}
"""What is answered to the examples that reach out."""


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


each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


@each_file
def test_every_example_runs_to_its_end_and_gives_what_it_should(path: Path) -> None:
    document = read(path)
    ended = [run(document, value, mocks=MOCKS.get(path.stem)) for value in examples(document)]
    assert [(each.error, each.state) for each in ended] == [(None, State.SUCCEEDED)] * len(ended), ended
    assert [plain(each.output) for each in ended] == OUTPUTS[path.stem]


def plain(value: Any) -> Json:
    """Leave out of errors all but their names."""
    match value:
        case {"error": {"name": name}}:
            return {"error": {"name": name}}
        case list():
            return [plain(each) for each in value]
        case _:
            return value


class TestOrder:
    """What else can come of an order."""

    INPUT: ClassVar[dict[str, Json]] = {
        "order": "A-7",
        "customer": "Ada",
        "total": 120,
        "shop": "https://s.example.com",
    }

    def order(self, total: int = 120, mocks: Mapping[str, Any] = MappingProxyType({})) -> Run:
        value = {**self.INPUT, "total": total}
        return run(FOLDER / "order-approval.yaml", value, mocks={**MOCKS["order-approval"], **mocks})

    def test_a_small_one_needs_no_approval(self) -> None:
        assert self.order(50).path == ["charge", "ship", "done"]

    @pytest.mark.parametrize("answer", [{"reject": "too much", "by": "ada"}, {"nothing": True}])
    def test_what_nobody_approves_is_refused(self, answer: Json) -> None:
        found = self.order(mocks={"approve": answer})
        assert (found.error["name"], found.path) == ("order.Refused", ["approve", "refused"])

    def test_what_does_not_leave_is_paid_back_by_hand(self) -> None:
        found = self.order(mocks={"ship#callback": {"error": "parcel.Lost"}, "pay-back": {"result": None, "by": "bob"}})
        assert (found.error["name"], found.path[-3:]) == ("order.NotShipped", ["ship", "pay-back", "sorry"])

    def test_a_payment_that_nobody_knows_of_is_looked_at_and_not_made_again(self) -> None:
        found = self.order(mocks={"charge": {"error": "Interrupted"}, "look": {"result": None, "by": "bob"}})
        assert (found.error["name"], len(found.calls)) == ("order.NotShipped", 1)


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


def shown() -> Iterator[Any]:
    """What the documents show of the language: whole definitions, and pieces of them."""
    docs = FOLDER.parent / "docs"
    for page in (FOLDER.parent / "README.md", *sorted(docs.glob("*.md"))):
        texts = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        for number, text in enumerate(texts):
            if re.search(r"^ *- .*id: ", text, re.MULTILINE) and page.name != SIMULATED:
                yield pytest.param(text, id=f"{page.name}-{number}")


def found(name: str, version: int | None) -> tuple[int, dict[str, Json]]:
    """Find a definition that an example includes or starts."""
    ids = {"payment": ["reserve", "charge"]}.get(name, [name])
    return version or 1, {"id": name, "steps": [{"id": each, "type": "transform"} for each in ids]}


@pytest.mark.parametrize("text", [*shown()])
def test_what_the_documents_show_of_the_language_is_valid_and_not_odd(text: str) -> None:
    read, _ = read_yaml(text.encode(), LIMIT)
    document: Any = read if isinstance(read, dict) else {"steps": read}
    there = {*re.findall(r"\bid: ([a-z0-9-]+)", text)}
    named = dict.fromkeys(re.findall(r"(?:\bnext|^ *default): ([a-z0-9-]+)", text, re.MULTILINE))
    missing = [{"id": name, "type": "echo", "message": "elsewhere"} for name in named if name not in there]
    whole = {"id": "x", **document, "steps": [*document["steps"], *missing]}
    answer = validate(whole, STEP_TYPES, found)
    assert (answer.problems, answer.warnings) == ((), [])


def test_the_example_definition_is_the_same_in_yaml_and_json() -> None:
    assert read(FOLDER / "example-definition.yaml") == read(FOLDER / "example-definition.json")


def test_the_example_definition_waits_for_45_seconds() -> None:
    assert run(FOLDER / "example-definition.yaml", {"foo": "bar"}).elapsed == 45
