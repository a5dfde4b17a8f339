from datetime import UTC, datetime

import pytest

from chalicelib.core.definitions.grammar import params_schema
from chalicelib.core.definitions.model import Spread, StepContext, Succeed
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from chalicelib.steps.map import MapStep

CONTEXT = StepContext("what came in", datetime(2026, 1, 31, 9, tzinfo=UTC))
SCHEMA = compile_schema(params_schema(MapStep()))


@pytest.mark.parametrize(
    ("params", "spread"),
    [
        ({"items": ["a", None]}, Spread(["a", None], concurrency=2, tolerate=0)),
        ({"items": ["a", "b"], "maxConcurrency": 1}, Spread(["a", "b"], concurrency=1, tolerate=0)),
        ({"items": ["a", "b"], "maxConcurrency": 50.0}, Spread(["a", "b"], concurrency=50, tolerate=0)),
    ],
)
def test_it_spreads_its_items_all_at_once_or_some_at_a_time(params: dict[str, Json], spread: Spread) -> None:
    assert SCHEMA.problems(params) == []
    assert MapStep().run(params, CONTEXT) == spread


@pytest.mark.parametrize(
    ("tolerate", "count", "tolerated"),
    [
        ({"count": 0}, 10, 0),
        ({"count": 3}, 10, 3),
        ({"count": 3.0}, 2, 3),
        ({"percent": 0}, 10, 0),
        ({"percent": 50}, 3, 1),
        ({"percent": 99.9}, 10, 9),
        ({"percent": 100}, 10, 10),
        ({"percent": 2.3}, 1000, 23),
        ({"percent": 29}, 100, 29),
    ],
)
def test_it_tolerates_a_number_of_failures_or_a_part_of_the_items_rounded_down(
    tolerate: Json, count: int, tolerated: int
) -> None:
    items: list[Json] = list(range(count))
    assert SCHEMA.problems({"items": items, "tolerate": tolerate}) == []
    assert MapStep().run({"items": items, "tolerate": tolerate}, CONTEXT) == Spread(items, count, tolerated)


def test_without_items_the_result_is_an_empty_list() -> None:
    assert MapStep().run({"items": [], "maxConcurrency": 1, "tolerate": {"percent": 5}}, CONTEXT) == Succeed([])


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"items": None},
        {"items": {"a": 1}},
        {"items": [], "maxConcurrency": 0},
        {"items": [], "maxConcurrency": 1.5},
        {"items": [], "tolerate": 5},
        {"items": [], "tolerate": {}},
        {"items": [], "tolerate": {"count": 1, "percent": 1}},
        {"items": [], "tolerate": {"count": -1}},
        {"items": [], "tolerate": {"count": 0.5}},
        {"items": [], "tolerate": {"percent": 101}},
        {"items": [], "tolerate": {"percents": 10}},
        {"items": [], "steps": []},
    ],
)
def test_parameters_that_do_not_fit_are_refused(params: Json) -> None:
    assert SCHEMA.problems(params)
