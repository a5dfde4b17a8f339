"""The check that finds what breaks those who use a released API."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from docs.breaking import PRESENT, breaks

CONTRACT = json.loads(PRESENT.read_text(encoding="utf-8"))
EXECUTE = "/sedo/tenants/{tenantId}/definitions/{id}/execute"
TASKS = "/sedo/tenants/{tenantId}/tasks"


def schemas(contract: Any) -> Any:
    return contract["components"]["schemas"]


def drop(holder: Any, key: str) -> None:
    del holder[key]


BREAKS: dict[str, tuple[Callable[[Any], object], str]] = {
    "an operation": (lambda c: drop(c["paths"], EXECUTE), f"POST {EXECUTE} is gone"),
    "a name": (lambda c: c["paths"][TASKS]["get"].update(operationId="tasks"), "is called tasks"),
    "a status": (lambda c: drop(c["paths"][EXECUTE]["post"]["responses"], "201"), "the answer 201 is gone"),
    "a parameter": (lambda c: c["paths"][TASKS]["get"].update(parameters=[]), "status in the query is gone"),
    "a limit": (
        lambda c: c["components"]["parameters"]["Limit"]["schema"].update(maximum=50),
        "limit in the query has another maximum",
    ),
    "a header": (
        lambda c: drop(c["paths"][EXECUTE]["post"]["responses"]["201"]["headers"], "Location"),
        "has no Location any more",
    ),
    "a kind of body": (
        lambda c: drop(c["components"]["requestBodies"]["Definition"]["content"], "text/yaml"),
        "the body is no text/yaml any more",
    ),
    "a member of an answer": (
        lambda c: drop(schemas(c)["TaskSummary"]["properties"], "status"),
        "has no member status any more",
    ),
    "a member of one that can be chosen from": (
        lambda c: drop(schemas(c)["ExecutionSummary"]["properties"], "step"),
        "has no member step any more",
    ),
    "a certainty": (lambda c: schemas(c)["Problem"]["required"].remove("detail"), "may lack detail now"),
    "a type": (
        lambda c: schemas(c)["Problem"]["properties"]["detail"].update(type=["string", "null"]),
        "member detail may be null now",
    ),
    "a new duty": (lambda c: schemas(c)["TaskRejection"].update(required=["why"]), "needs a member why now"),
}


def test_nothing_breaks_those_who_use_what_is_the_same() -> None:
    assert [*breaks(CONTRACT, deepcopy(CONTRACT))] == []


@pytest.mark.parametrize("what", BREAKS)
def test_what_breaks_is_named(what: str) -> None:
    change, said = BREAKS[what]
    changed = deepcopy(CONTRACT)
    change(changed)
    assert any(said in line for line in breaks(CONTRACT, changed)), [*breaks(CONTRACT, changed)]


def test_what_is_new_breaks_nobody() -> None:
    changed = deepcopy(CONTRACT)
    changed["paths"]["/sedo/new"] = {"get": {"operationId": "new", "responses": {}}}
    schemas(changed)["Problem"]["properties"]["more"] = {"type": "string"}
    changed["paths"][TASKS]["get"]["parameters"].append({"in": "query", "name": "new", "schema": {"type": "string"}})
    assert [*breaks(CONTRACT, changed)] == []
