"""What a deployed stage writes about its work: metrics where it is asked to, and nothing of the data anywhere."""

import io
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.wiring.graph import wiring
from tests.access.guarded import Guarded, guarded
from tests.application import JSON

CANARY = "canary-in-the-data"
DEFINITION = """
id: told
steps:
  - {id: first, type: echo, message: '${input}', stash: {kept: '${output}'}, next: then}
  - {id: then, type: wait, seconds: 1, next: wrong}
  - {id: wrong, type: fail, error: Theirs, cause: '${input.word}'}
"""
OPEN = {"SEDO_AUTH": "none", "SEDO_LOOPBACK": "true"}


def work(sedo: Guarded) -> None:
    """Run an execution whose data is in its input, its state and its error."""
    sedo.ask("POST", "/sedo/tenants/123/definitions", DEFINITION.encode(), {"Content-Type": "application/yaml"})
    body = json.dumps({"input": {"word": CANARY}}).encode()
    assert sedo.ask("POST", "/sedo/tenants/123/definitions/told/execute", body, JSON).status_code in {200, 201}
    sedo.pass_time(2)


def lines(text: str) -> list[Any]:
    return [json.loads(each) for each in text.splitlines()]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logger = logging.getLogger("sedo")
    logger.addHandler(handler := logging.StreamHandler(stream))
    yield stream
    logger.removeHandler(handler)


def test_each_call_of_a_function_is_a_line_of_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    with guarded(SEDO_METRICS="emf", **OPEN) as sedo:
        work(sedo)
    found = [each for each in lines(capsys.readouterr().out) if "_aws" in each]
    sums = Counter[str]()
    for each in found:
        sums.update({name: count for name, count in each.items() if isinstance(count, int)})
    assert (sums["ExecutionsStarted"], sums["ExecutionsFailed"], sums["ColdStarts"]) == (1, 1, 1)
    assert {each["Stage"] for each in found} == {"sedo"}
    dimensions = {name for each in found for d in each["_aws"]["CloudWatchMetrics"] for name in d["Dimensions"][0]}
    assert dimensions == {"Stage", "Function"}


def test_the_authorizer_is_a_function_as_all_are(capsys: pytest.CaptureFixture[str]) -> None:
    with guarded(SEDO_METRICS="emf") as sedo:
        assert sedo.status(sedo.key("123", "admin"), "GET", "/sedo/me") == 200
    found = [each for each in lines(capsys.readouterr().out) if "_aws" in each]
    assert [each.get("ColdStarts") for each in found] == [1, None]  # of the authorizer, then of the API: one process
    assert all(each["Cost"] > 0 for each in found)


def test_nothing_of_the_data_is_in_lines_or_metrics(log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    with guarded(SEDO_METRICS="emf", SEDO_LOG_LEVEL="INFO", **OPEN) as sedo:
        work(sedo)
    said = capsys.readouterr().out + log.getvalue()
    assert '"message": "turn"' in said
    assert '"message": "answered"' in said
    assert '"ExecutionsFailed": 1' in said
    assert CANARY not in said


def test_each_line_is_json_with_a_time_a_level_and_a_message(log: io.StringIO) -> None:
    with guarded(SEDO_LOG_LEVEL="INFO", **OPEN) as sedo:
        work(sedo)
    found = lines(log.getvalue())
    assert all({"time", "level", "message", "request"} <= {*each} for each in found)
    turns = [each for each in found if each["message"] == "turn"]
    assert {(each["tenant"], each["execution"].split(":")[1]) for each in turns} == {("123", "told")}


def test_a_request_is_found_by_its_tenant_and_its_execution_and_a_path_that_is_no_id_stays_out(
    log: io.StringIO,
) -> None:
    with guarded(SEDO_LOG_LEVEL="INFO", **OPEN) as sedo:
        for place in ("executions/123%3Ahello%3A1", "executions/123:hello:2/history", "definitions", "tasks/one"):
            sedo.ask("GET", f"/sedo/tenants/123/{place}", b"", {})
        sedo.ask("GET", f"/sedo/tenants/{CANARY}%20a/executions/{CANARY}%20b", b"", {})
        sedo.ask("GET", "/sedo/health", b"", {})
    found = [{name: each.get(name) for name in ("tenant", "execution")} for each in lines(log.getvalue())]
    assert found == [
        {"tenant": "123", "execution": "123:hello:1"},
        {"tenant": "123", "execution": "123:hello:2"},
        {"tenant": "123", "execution": None},
        {"tenant": "123", "execution": None},
        {"tenant": None, "execution": None},
        {"tenant": None, "execution": None},
    ]


def calls_of(do: Callable[[], object]) -> Counter[str]:
    """Count the calls of functions by module."""
    found = Counter[str]()

    def see(frame: Any, event: str, _: Any) -> None:
        found[frame.f_globals.get("__name__", "")] += event == "call"

    sys.setprofile(see)
    try:
        do()
    finally:
        sys.setprofile(None)
    return found


def test_it_is_free_where_nothing_is_set() -> None:
    with guarded(**OPEN) as sedo:
        found = calls_of(lambda: work(sedo))
        assert wiring().observing is None
    assert found["chalicelib.engine.worker"]
    assert not [name for name in found if name.startswith("opentelemetry")]
    ours = [name for name in found if name.startswith("chalicelib.")]
    assert not [name for name in ours if any(each in name for each in ("metrics", "observing", "traces"))]
