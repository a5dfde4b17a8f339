"""The guide for users of Step Functions: what it says that functions come to, and the machine that it translates."""

import json
import re
from pathlib import Path

import pytest

from chalicelib.core.values.json import Json
from chalicelib.testing import run
from tests.test_testing import pytest_of

GUIDE = (Path(__file__).parents[1] / "docs" / "from-step-functions.md").read_text()
INPUT: Json = {"name": "Ada", "text": '{"a": 1}', "list": [1, 2, 2], "n": 3, "one": {"a": 1}, "two": {"b": 2}}
FUNCTIONS = re.findall(r"^\| `States\.(.*?) \| (.*?) \| `(.*)` \|$", GUIDE, re.MULTILINE)


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.mark.parametrize(("name", "written", "shown"), FUNCTIONS)
def test_a_function_comes_to_what_the_guide_says(name: str, written: str, shown: str) -> None:
    for _, expression in re.findall(r"(`+)(.*?)\1(?!`)", written):
        template = expression if "${" in expression else f"${{ {expression} }}"
        document: Json = {"id": "d", "steps": [{"id": "a", "type": "transform", "output": template}]}
        assert run(document, INPUT).output == json.loads(shown), name


def test_there_are_functions_to_compare() -> None:
    assert len(FUNCTIONS) == 15


def test_the_steps_are_those_of_the_machine() -> None:
    def kebab(name: str) -> str:
        return re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower()

    states = json.loads(block("json"))["States"]
    assert [f"- id: {kebab(name)}" in block("yaml").replace("{id:", "id:") for name in states] == [True] * len(states)


def test_the_translation_does_what_its_tests_say(tmp_path: Path) -> None:
    (tmp_path / "charge-order.yaml").write_text(block("yaml"))
    (tmp_path / "test_order.py").write_text(block("python"))
    done = pytest_of(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
