"""A `map` of many items runs as child executions: a user sees the end, errors and values of a small one."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from chalicelib.api.parsing import read_yaml
from chalicelib.core.executions.model import failure_json
from chalicelib.core.values.json import Json
from tests.simulation.clients import Demand, Saying
from tests.simulation.scenario import Scenario, play, root_of

SMALL, LARGE = 5, 105
MAP = """
    id: each
    stash: {rate: 3}
    steps:
      - id: all
        type: map
        items: '${range(input)}'
        MORE
        steps: STEPS
      - {id: after, type: transform, output: '${output[3]}', end: true}
      - {id: caught, type: echo, message: '${error}'}
"""
FAIL = "[{id: bad, type: fail, when: 'item == `3`', error: Bad, cause: 'item ${item} of ${execution.id}'}]"
FLAKY = "[{id: ask, type: call, name: ask, when: 'item == `3`'}]"
LAST = "item == subtract(input, `1`)"
TWO = f"[{{id: ask, type: call, name: '${{to_string({LAST})}}', when: 'item == `3` || {LAST}'}}]"
REST = "[{id: rest, type: wait, seconds: 900}]"
ANSWERS: Mapping[str, Sequence[Mapping[str, Json]]] = {
    name: [{"error": "Busy"}, {"result": "fine"}] for name in ("ask", "true", "false")
}

CASES: Mapping[str, tuple[str, str, Sequence[Demand], Sequence[Saying]]] = {
    "values": ("", "[{id: a, type: echo, message: ['${item}', '${index}', '${stash}', '${execution}']}]", (), ()),
    "fails": ("", FAIL, (), ()),
    "caught": ("catch: [{errors: [Bad], next: caught}]", FAIL, (), ()),
    "tolerated": ("tolerate: {count: 1}", FAIL, (), ()),
    "retried": ("retry: [{errors: [Busy], jitter: none}]", FLAKY, (), ()),
    "redriven": ("", FLAKY, (Demand(3600, "redrive"),), ()),
    "too many, retried": ("tolerate: {count: 1}\n        retry: [{errors: [ItemsFailed], jitter: none}]", TWO, (), ()),
    "too many, redriven": ("tolerate: {count: 1}", TWO, (Demand(3600, "redrive"),), ()),
    "paused": ("", REST, (Demand(2, "pause"), Demand(60, "resume")), ()),
    "cancelled": ("", REST, (Demand(2, "cancel"),), ()),
    "timed out": ("timeoutSeconds: 10", REST, (), ()),
    "by key": (
        "",
        "[{id: e, type: event, name: paid, key: 'k${item}', when: 'item == `3`'}]",
        (),
        (Saying(5, "publish", name="paid", event_key="k3", result=7),),
    ),
    "by id": (
        "",
        "[{id: e, type: event, name: paid, when: 'item == `3`'}]",
        (),
        (Saying(5, "event", name="paid", result=7),),
    ),
    "stash": ("", "[{id: a, type: transform, output: '${multiply(item, stash.rate)}', stash: x}]", (), ()),
    "broken": ("", "[{id: a, type: transform, when: 'item == `3`', output: '${from_json(item)}'}]", (), ()),
}


def end(size: int, case: str) -> dict[str, Any]:
    more, steps, requests, says = CASES[case]
    unused = "" if "caught" in more else "      - {id: caught, type: echo, message: '${error}'}\n"
    text = MAP.replace(unused, "").replace("MORE", more).replace("STEPS", steps)
    document, _ = read_yaml(text.encode(), 10_000)
    root = root_of(
        play(Scenario("", "", document, input=size, name="x", answers=ANSWERS, requests=requests, says=says))
    )
    error = root.error and failure_json(root.error)
    return {"state": root.state, "output": root.output, "error": error, "stash": root.stash, "step": root.step}


@pytest.mark.parametrize("case", CASES)
def test_the_size_makes_no_difference(case: str) -> None:
    assert end(LARGE, case) == end(SMALL, case)
