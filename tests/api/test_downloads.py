"""Values that no answer holds, where there is a bucket for them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters.memory.downloads import MemoryDownloads
from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from tests.access.guarded import Guarded, guarded
from tests.api.test_values import begin, give, joined, read
from tests.application import Sedo, T, assert_problem

ASKS: Json = {"id": "asks", "steps": [{"id": "make", "type": "callback"}]}
ROWS: Json = ["x" * 1_000] * 9_000
VALUE: Json = {"rows": ROWS, "name": "Ada"}


@pytest.fixture
def sedo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sedo]:
    monkeypatch.setenv("SEDO_STORES", "memory")
    monkeypatch.setenv("SEDO_LOOPBACK", "true")
    monkeypatch.setenv("SEDO_VALUES_BUCKET", "values")
    wiring.cache_clear()
    yield Sedo()
    wiring.cache_clear()


@pytest.fixture
def link(sedo: Sedo) -> str:
    path = begin(sedo, ASKS, None)
    give(sedo, path, VALUE)
    return str(sedo.get(path)["references"]["/output"]["link"])


def downloads() -> dict[str, bytes]:
    service = wiring().routes.values.downloads
    assert service is not None
    assert isinstance(service.store, MemoryDownloads)
    return service.store.contents


def test_what_no_answer_holds_is_put_elsewhere_once(sedo: Sedo, link: str) -> None:
    answers = [sedo.ask(method, link) for method in ("GET", "GET", "HEAD")]
    ((name, text),) = downloads().items()
    for answer in answers:
        assert (answer.status_code, answer.body, answer.headers["Cache-Control"]) == (303, b"", "no-store")
        assert answer.headers["Location"] == f"https://downloads.invalid/{name}"
    assert json.loads(text) == VALUE


def test_its_name_is_of_the_tenant_and_the_content_and_of_nothing_that_is_asked(sedo: Sedo, link: str) -> None:
    sha256 = sedo.ask("GET", link + "&offset=0").headers["Link"].partition("sha256=")[2][:64]
    for query in ("", f"&sha256={sha256}", "&path=@"):
        assert sedo.ask("GET", link + query).headers["Location"].endswith(f"/123/{sha256}")


def test_a_part_and_what_fits_are_answered(sedo: Sedo, link: str) -> None:
    assert joined(sedo, link) == VALUE
    assert read(sedo, link + "&path=name") == "Ada"
    assert sedo.ask("GET", link + "&path=name", headers={"If-None-Match": "*"}).status_code == 304
    assert_problem(sedo.ask("GET", f"{link}&sha256={'0' * 64}"), 409)
    assert downloads() == {}


def test_what_an_expression_finds_is_a_value_of_its_own(sedo: Sedo, link: str) -> None:
    assert sedo.ask("GET", link + "&path=rows").status_code == 303
    assert [json.loads(text) for text in downloads().values()] == [ROWS]


def test_values_of_a_test_are_put_nowhere(sedo: Sedo) -> None:
    sedo.ask("POST", T + "/definitions", ASKS)
    body: Json = {"mocks": {"make": {"result": "\N{SNOWMAN}" * 1_000_000}}}
    assert_problem(sedo.ask("POST", f"{T}/definitions/asks/test/values?at=/output", body), 413)
    assert downloads() == {}


@pytest.mark.parametrize("fate", ["changed", "gone"])
def test_what_is_lost_is_put_nowhere(sedo: Sedo, link: str, fate: str) -> None:
    payloads: Any = sedo.executions.payloads
    chunks: dict[tuple[str, int], bytes] = payloads.chunks.contents
    last = max(chunks, key=lambda key: key[1])
    if fate == "gone":
        del chunks[last]
    else:
        chunks[last[0], 0], chunks[last[0], 1] = chunks[last[0], 1], chunks[last[0], 0]
    assert_problem(sedo.ask("GET", link), 500)
    assert downloads() == {}


def test_who_may_not_read_the_execution_gets_no_address() -> None:
    with guarded(SEDO_VALUES_BUCKET="values") as sedo:
        admin = sedo.key("123", "admin")
        sedo.ask("POST", T + "/definitions", ASKS, admin)
        name = sedo.ask("POST", f"{T}/definitions/asks/execute", {}, admin).json_body["id"]
        sedo.deliver()
        path = f"{T}/executions/{name}"
        (wait,) = sedo.ask("GET", path, headers=admin).json_body["waitingFor"]
        wiring().services.answers.succeed(wait["token"], VALUE)
        found = {who: answer(sedo, path, who) for who in ("viewer", "approver")}
        assert (found, len(downloads())) == ({"viewer": 303, "approver": 403}, 1)
        assert sedo.status(sedo.key("124", "admin"), "GET", f"{path.replace('123', '124', 1)}/values?at=/output") == 404


def answer(sedo: Guarded, path: str, role: str) -> int:
    return sedo.status(sedo.key("123", role), "GET", f"{path}/values?at=/output")
