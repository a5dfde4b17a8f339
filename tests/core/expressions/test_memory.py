"""Values are gone with their rendering: nothing keeps them in a cycle, which the collector would find late."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from chalicelib.core.expressions.template import Scope, compile_template, render
from chalicelib.core.values.errors import TemplateError
from chalicelib.core.values.json import Json

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


class Values(dict[str, Json]):
    """What a template can see, and can be referred to weakly."""


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def kept(expression: str) -> bool:
    """Render a template; tell whether something keeps what it saw."""
    values = Values(input=1, output=[1, 2, 3])
    found = weakref.ref(values)
    with suppress(TemplateError):
        render(compile_template("${" + expression + "}"), Scope(values, NOW, "e/t/1"))
    del values
    return found() is not None


@pytest.mark.parametrize(
    "expression",
    [
        "output[0]",
        "length(output)",
        "output[?@ > $.input].to_json(@)",
        "map(&to_json(@), sort_by(output, &@))",
        "if(length(output) > `1`, output[0], uuid())",
        "sum(output[].to_json(@))",
    ],
)
def test_a_rendering_keeps_no_value_though_it_fails(expression: str) -> None:
    assert not kept(expression)
