from pathlib import Path
from typing import Any

import pytest

from chalicelib.api.parsing import read_yaml
from chalicelib.core.definitions.grammar import STEP_KEYS
from chalicelib.core.schemas.schema import schema_problems
from chalicelib.steps import STEP_TYPES

PROJECT = Path(__file__).parents[1]

each_step_type = pytest.mark.parametrize("name", STEP_TYPES)


@each_step_type
def test_it_stands_under_its_name(name: str) -> None:
    assert STEP_TYPES[name].name == name


@each_step_type
def test_it_is_documented_with_an_example(name: str) -> None:
    assert f"type: {name}\n" in (type(STEP_TYPES[name]).__doc__ or "")


@each_step_type
def test_its_parameters_are_those_of_an_object_that_takes_nothing_else(name: str) -> None:
    schema: Any = STEP_TYPES[name].schema
    assert schema_problems(dict(schema)) == []
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert schema["properties"].keys() >= set(schema.get("required", ()))


@each_step_type
def test_every_parameter_has_a_description_and_a_name_of_its_own(name: str) -> None:
    schema: Any = STEP_TYPES[name].schema
    for parameter, value in schema["properties"].items():
        assert value["description"], parameter
        assert parameter not in STEP_KEYS


@each_step_type
def test_an_example_definition_uses_it(name: str) -> None:
    document: Any
    document, _ = read_yaml((PROJECT / f"definitions/{name}.yaml").read_bytes(), 100_000)
    assert name in [step["type"] for step in document["steps"]]


@each_step_type
def test_it_has_tests_and_a_section_in_the_reference(name: str) -> None:
    assert "def test_" in (PROJECT / f"tests/steps/test_{name}.py").read_text(encoding="utf-8")
    assert f"\n## {name}\n" in (PROJECT / "docs/steps.md").read_text(encoding="utf-8")


def test_every_file_of_the_steps_is_a_step_type() -> None:
    files = {path.stem.rstrip("_") for path in (PROJECT / "chalicelib/steps").glob("[!_]*.py")}
    assert files == set(STEP_TYPES)
