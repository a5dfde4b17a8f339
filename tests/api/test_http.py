"""HTTP as the API speaks it: pages, and requests that are refused."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.api.http import nowhere
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json
from tests.application import EXAMPLE, EXECUTE, JSON, YAML, Sedo, T, assert_problem


def test_sedo_is_healthy(sedo: Sedo) -> None:
    answer = sedo.ask("GET", "/sedo/health")
    assert (answer.status_code, answer.json_body["status"]) == (200, "ok")


def test_lists_come_in_pages(sedo: Sedo) -> None:
    started = []
    for number in range(5):
        sedo.create(EXAMPLE.replace("id: example", f"id: {number}-example"))
    sedo.create()
    for _ in range(5):
        started.append(sedo.start()["id"])
        sedo.pass_time(1)
    sedo.pass_time(60)

    definitions = list(sedo.pages(T + "/definitions?limit=4"))
    assert [len(page) for page in definitions] == [4, 2]
    ids = [definition["id"] for page in definitions for definition in page]
    assert ids == [*(f"{number}-example-definition" for number in range(5)), "example-definition"]

    executions = list(sedo.pages(T + "/executions?limit=2"))
    assert [len(page) for page in executions] == [2, 2, 1]
    assert [execution["id"] for page in executions for execution in page] == started[::-1]

    history = f"/executions/{started[0]}/history"
    for limit in range(1, 10):
        pages = list(sedo.pages(f"{T}{history}?limit={limit}"))
        assert max(len(page) for page in pages) <= limit
        assert [record for page in pages for record in page] == sedo.get(history)


def test_a_cursor_belongs_to_its_list_and_its_filters_and_cannot_be_made_up(sedo: Sedo) -> None:
    sedo.create()
    for number in range(3):
        sedo.start(name=f"n{number}")
    link = sedo.ask("GET", T + "/executions?limit=1").headers["Link"]
    cursor = link.partition("cursor=")[2].partition(">")[0]
    assert len(sedo.get(f"/executions?limit=2&cursor={cursor}")) == 2
    content, key, signed = cursor.split(".")
    other = base64.urlsafe_b64encode(json.dumps(["2027-01-01T00:00:00Z", "x"]).encode()).decode().rstrip("=")
    forged = (f"{other}.{key}.{signed}", f"{content}.{key[::-1]}.{signed}", f"{content}.{key}.{signed[::-1]}")
    for text in forged:
        refuse(sedo, 400, "GET", f"{T}/executions?cursor={text}")
    for path in (f"{T}/tasks?", f"{T}/tasks?status=open&", "/sedo/tenants/124/executions?"):
        refuse(sedo, 400, "GET", f"{path}cursor={cursor}")


def test_what_is_asked_for_in_vain_is_named_with_what_there_is(sedo: Sedo) -> None:
    detail = assert_problem(sedo.ask("GET", T + "/tasks?stat=open"), 400)["detail"]
    assert detail.startswith("there is no query parameter 'stat' (did you mean 'status'?): list_tasks takes ")
    assert "priority" in detail
    body = {"Input": {}}
    started = assert_problem(sedo.ask("POST", T + "/definitions/any/execute", body), 400)["detail"]
    assert started == "the body has no 'Input' (did you mean 'input'?): it takes input, upload, name and version"
    twice = assert_problem(sedo.ask("GET", T + "/executions?limit=1&limit=2"), 400)
    assert twice["detail"] == "the query parameter 'limit' is given 2 times: give it once"


DEEP = 51
ODD_NAMES: list[Json] = ["", "a b", "a:b", "ü", "x" * 65, 5, ["a"], "a\n"]
ODD_VERSIONS: list[Json] = [0, -1, 10**10, 10**4000, 1.0, "1", True, []]
BAD_JSON = {
    "cut off": b'{"input": {"foo": ',
    "not JSON": b"hello",
    "NaN": b'{"input": {"foo": "x", "n": NaN}}',
    "infinity": b'{"input": {"foo": "x", "n": 1e999}}',
    "duplicate keys": b'{"input": {"foo": "x"}, "input": {"foo": "x"}}',
    "lone surrogate": b'{"input": {"foo": "\\ud800"}}',
    "lone surrogate in a key": b'{"input": {"foo": "x", "\\udfff": 1}}',
    "deep": b'{"input": {"foo": "x", "n": ' + b"[" * DEEP + b"]" * DEEP + b"}}",
    "bottomless": b"[" * 100_000,
    "huge integer": b'{"input": {"foo": "x", "n": ' + b"9" * 5_000 + b"}}",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "unknown key": b'{"input": {"foo": "x"}, "inputs": 1}',
    "two documents": b"{} {}",
    "byte order mark": b"\xef\xbb\xbf{}",
}
BAD_YAML = {
    "cut off": b"steps: [",
    "tab": b"steps:\n\t- id: a",
    "duplicate keys": b"id: a\nid: a\n",
    "anchor": b"steps: &all []\n",
    "alias": b"a: *all\n",
    "tag": b"id: !!python/object:os.system x\n",
    "merge": b"<<: {id: a}\n",
    "lone surrogate": b'id: "\\ud800"\n',
    "deep": b"[" * DEEP + b"]" * DEEP,
    "bottomless": b"[" * 100_000,
    "huge integer": b"id: " + b"9" * 5_000,
    "infinity": b"id: 1e999\n",
    "two documents": b"id: a\n---\nid: b\n",
    "a list": b"- id: a\n",
    "nothing": b"",
    "control character": b"id: \x00\n",
    "a number as key": b"1: a\n",
    "unknown key": EXAMPLE.encode() + b"stepps: []\n",
}


def refuse(sedo: Sedo, status: int, method: str, path: str, body: "Json | bytes" = b"", **headers: str) -> Any:
    sedo.create()
    before = sedo.stored()
    problem = assert_problem(sedo.ask(method, path, body, headers or JSON), status)
    assert sedo.stored() == before
    return problem


@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON)
@pytest.mark.parametrize("path", [EXECUTE, T + "/definitions"])
def test_a_bad_json_body_is_refused(sedo: Sedo, path: str, body: bytes) -> None:
    refuse(sedo, 400, "POST", path, body)


@pytest.mark.parametrize("body", BAD_YAML.values(), ids=BAD_YAML)
def test_a_bad_yaml_body_is_refused_with_its_place(sedo: Sedo, body: bytes) -> None:
    problem = refuse(sedo, 400, "POST", T + "/definitions", body, **YAML)
    assert problem["errors"]


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/yaml"])
def test_a_wrong_content_type_is_refused(sedo: Sedo, kind: str) -> None:
    refuse(sedo, 415, "POST", EXECUTE, {"input": {"foo": "bar"}}, **{"Content-Type": kind})


@pytest.mark.parametrize(
    ("path", "most"),
    [(EXECUTE, LIMITS.payload_bytes), (T + "/definitions", 256 * 1024), (T + "/definitions/validate", 256 * 1024)],
)
def test_a_body_that_is_too_large_is_refused(sedo: Sedo, path: str, most: int) -> None:
    refuse(sedo, 413, "POST", path, {"input": {"foo": "x" * most}})


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", T + "/definitions"), ("GET", EXECUTE), ("POST", T + "/executions"), ("FOO", "/sedo/health")],
)
def test_a_wrong_method_is_refused(sedo: Sedo, method: str, path: str) -> None:
    refuse(sedo, 405, method, path)


def test_an_unknown_path_says_where_the_paths_are() -> None:
    answer = nowhere("/sedo/tenant", {"/sedo/health": {"GET": None}})
    assert answer.status_code == 404
    assert "there is nothing at this path: /sedo/docs has every one" in json.dumps(answer.body)


@pytest.mark.parametrize("odd", ["a%20b", "a%2Fb", "a:b", "%00", "%F0%9F%98%80", "a%0A", "..%5C", "%ZZ", "x" * 65, "*"])
def test_an_id_with_odd_characters_is_refused(sedo: Sedo, odd: str) -> None:
    for path in (f"/sedo/tenants/{odd}/definitions", f"/sedo/tenants/{odd}/executions", f"{T}/definitions/{odd}"):
        refuse(sedo, 400, "GET", path)
    refuse(sedo, 400, "POST", f"{T}/definitions/{odd}/execute", {"input": {"foo": "bar"}})


@pytest.mark.parametrize("odd", ["a%20b", "a%2Fb", "%00", "%F0%9F%98%80", "a%0A", "x" * 201])
def test_an_execution_id_with_odd_characters_is_refused(sedo: Sedo, odd: str) -> None:
    for path in (f"{T}/executions/{odd}", f"{T}/executions/{odd}/history"):
        refuse(sedo, 400, "GET", path)


@pytest.mark.parametrize(
    "path",
    [
        *(
            f"{path}?limit={limit}"
            for path in ("/executions", "/definitions")
            for limit in ("0", "101", "-1", "x", "1.5")
        ),
        *(f"/executions?cursor={text}" for text in ("", "x", "%C3%BC", "AAAA", "a.b.c", f"{'a.' * 9}{'b' * 43}")),
        "/executions?limit=1&limit=2",
        "/executions?limit=1&LIMIT=1",
        *(f"/executions/123:a:b?wait={wait}" for wait in ("26", "-1", "x", "1.5", "9999999999")),
        *(f"/definitions/example-definition?version={version}" for version in ("0", "x", "-1", "1e3", "10000000000")),
    ],
)
def test_a_bad_query_is_refused(sedo: Sedo, path: str) -> None:
    refuse(sedo, 400, "GET", T + path)


@pytest.mark.parametrize(
    ("key", "odd"),
    [*(("name", name) for name in ODD_NAMES), *(("version", version) for version in ODD_VERSIONS)],
    ids=range(16),
)
def test_a_bad_name_or_version_is_refused(sedo: Sedo, key: str, odd: Json) -> None:
    refuse(sedo, 400, "POST", EXECUTE, {"input": {"foo": "bar"}, key: odd})


def test_a_bad_wait_starts_nothing(sedo: Sedo) -> None:
    refuse(sedo, 400, "POST", EXECUTE + "?wait=26", {"input": {"foo": "bar"}})


pieces = st.sampled_from([*EXAMPLE.splitlines(keepends=True), *"{}[]:,\"'&*!|>-${}\n\t\0", '{"input": ', "null", "1e9"])
bodies = (
    st.text()
    | st.lists(pieces).map("".join)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["input", "id", "steps"]), inner),
    ).map(json.dumps)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # what examples leave does no harm
@given(
    path=st.sampled_from([EXECUTE, T + "/definitions", T + "/definitions/validate"]),
    kind=st.sampled_from(["application/json", "application/yaml", "text/yaml", "text/plain"]),
    body=bodies.map(lambda text: text.encode(errors="surrogatepass" if text.isascii() else "replace")),
)
def test_whatever_is_posted_is_answered_or_refused(sedo: Sedo, path: str, kind: str, body: bytes) -> None:
    sedo.create()
    answer = sedo.ask("POST", path, body, {"Content-Type": kind})
    if not 200 <= answer.status_code < 300:
        assert 400 <= answer.status_code < 500, answer.body
        assert_problem(answer, answer.status_code)


def test_a_definition_of_another_type_is_told_both_that_are_right(sedo: Sedo) -> None:
    for path, right in ((f"{T}/definitions", "application/json or application/yaml"), (EXECUTE, "application/json")):
        answer = sedo.ask("POST", path, b"id: a", {"Content-Type": "application/x-www-form-urlencoded"})
        assert assert_problem(answer, 415)["detail"].endswith(f"; send Content-Type: {right}")


def test_a_body_says_of_which_type_it_is(sedo: Sedo) -> None:
    sedo.create()
    problem = assert_problem(sedo.ask("POST", EXECUTE, b"{}", {}), 415, "Unsupported Media Type")
    assert problem["detail"] == "the body has no media type: send Content-Type: application/json"
    assert sedo.get("/executions") == []
    assert sedo.ask("POST", EXECUTE, b" ", {}).status_code == sedo.ask("POST", EXECUTE, b"", {}).status_code != 415


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("APPLICATION/JSON", 201),
        ("application/json;", 201),
        ('application/json; charset="UTF-8"', 201),
        ("application/json ; x=y", 201),
        ("application/json; charset=utf-16", 415),
        ("application/json, text/plain", 415),
        ("text/plain; application/json", 415),
        ("*/*", 415),
        ("application/yaml", 415),
    ],
)
def test_a_content_type_is_one_media_type_in_utf_8(sedo: Sedo, kind: str, status: int) -> None:
    sedo.create()
    answer = sedo.ask("POST", EXECUTE, {"input": {"foo": "bar"}}, {"Content-Type": kind})
    assert answer.status_code == status
    if status == 415:
        detail = assert_problem(answer, 415, "Unsupported Media Type")["detail"]
        assert detail == f"Unsupported media type: {kind!r}; send Content-Type: application/json"
