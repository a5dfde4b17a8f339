"""Templates that are rendered over some values."""

from datetime import UTC, datetime

import pytest

from chalicelib.core.expressions.template import (
    Scope,
    compile_template,
    render,
)
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json, Problem

VALUES: dict[str, Json] = {
    "input": {
        "name": "Ada",
        "n": 3,
        "none": None,
        "yes": True,
        "list": [1, 2],
        "big": 10**40,
        "half": 0.5,
        "empty": "",
    },
    "output": {"a key": "quoted"},
}
NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


def rendered(source: Json, seed: str = "e/t/1") -> Json:
    return render(compile_template(source), Scope(VALUES, NOW, seed))


def problems(source: Json) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDefinitionError) as caught:
        compile_template(source, ("steps", 0))
    return caught.value.problems


def message(source: Json) -> str:
    (problem,) = problems(source)
    return problem.message
