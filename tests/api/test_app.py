import base64
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.adapters.memory.stores import QueueMessage
from chalicelib.api.parsing import read_yaml
from chalicelib.core.values.json import Json, parse_instant
from chalicelib.engine.worker import GivenBackError
from tests.application import DAY, EXAMPLE, EXECUTE, JSON, YAML, Sedo, T, assert_problem, states

# -- the transcript


def test_the_transcript_of_the_readme(sedo: Sedo) -> None:
    created = sedo.create()
    assert created.status_code == 201
    assert created.json_body.items() >= {"id": "example-definition", "tenantId": "123", "version": 1}.items()
    assert [each["id"] for each in sedo.get("/definitions")] == ["example-definition"]

    before = sedo.stored()
    problem = assert_problem(
        sedo.ask("POST", EXECUTE, {"input": {}}), 400, "input does not pass inputSchema validation"
    )
    assert problem["detail"].startswith("'foo' is a required property")
    assert problem["errors"] == [{"pointer": "", "message": "'foo' is a required property"}]
    assert sedo.stored() == before

    answer = sedo.ask("POST", EXECUTE, {"input": {"foo": "bar"}})
    assert answer.status_code == 201
    assert re.fullmatch(r"123:example-definition:[0-9a-f]{8}", answer.json_body["id"])
    assert answer.json_body.items() >= {"state": "ExecutionSubmitted", "tenantId": "123"}.items()

    sedo.pass_time(1)
    assert states(sedo.get("/executions")) == [("StepStarted", "wait-some-time")]
    sedo.pass_time(43)
    assert states(sedo.get("/executions")) == [("StepStarted", "wait-some-time")]
    sedo.pass_time(1)
    assert states(sedo.get("/executions")) == [("ExecutionSucceeded", "last-echo")]
    ended = sedo.get(f"/executions/{answer.json_body['id']}")
    assert ended["output"] == "Hello bar, and hello again"
    assert (parse_instant(ended["endedAt"]) - parse_instant(ended["startedAt"])).total_seconds() == 45


def test_history_tells_everything_in_order(sedo: Sedo) -> None:
    sedo.create()
    path = f"/executions/{sedo.start()['id']}/history"
    assert sedo.get(path) == []
    sedo.pass_time(45)
    records = sedo.get(path)
    assert states(records) == [
        ("ExecutionSubmitted", "initial-echo"),
        ("ExecutionStarted", "initial-echo"),
        ("StepStarted", "initial-echo"),
        ("StepSucceeded", "initial-echo"),
        ("StepStarted", "wait-some-time"),
        ("StepSucceeded", "wait-some-time"),
        ("StepStarted", "last-echo"),
        ("StepSucceeded", "last-echo"),
        ("ExecutionSucceeded", "last-echo"),
    ]
    start = parse_instant(records[0]["time"])
    assert [(parse_instant(each["time"]) - start).total_seconds() for each in records] == [0] * 5 + [45] * 4
    results = [record.get("result") for record in records]
    assert results[3:6:2] == ["Hello bar", "Hello bar"]
    assert results[7:] == ["Hello bar, and hello again"] * 2


def test_sedo_is_healthy(sedo: Sedo) -> None:
    answer = sedo.ask("GET", "/sedo/health")
    assert (answer.status_code, answer.json_body["status"]) == (200, "ok")


# -- definitions


def test_an_unknown_definition_is_not_found(sedo: Sedo) -> None:
    for method, path in (("POST", EXECUTE), ("GET", EXECUTE[:-8]), ("DELETE", EXECUTE[:-8])):
        assert_problem(sedo.ask(method, path), 404, "definition not found")


def test_the_same_content_again_is_the_same_version(sedo: Sedo) -> None:
    first, again = sedo.create(), sedo.create("# a comment is no content\n" + EXAMPLE)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json_body == first.json_body


def test_changed_content_is_the_next_version_and_running_executions_keep_theirs(sedo: Sedo) -> None:
    sedo.create()
    old = sedo.start()
    sedo.pass_time(1)
    changed = sedo.create(EXAMPLE.replace("hello again", "good bye"))
    assert (changed.status_code, changed.json_body["version"]) == (201, 2)
    new, pinned = sedo.start(), sedo.start(version=1)
    sedo.pass_time(45)
    found = [sedo.get(f"/executions/{each['id']}") for each in (old, new, pinned)]
    assert [(each["version"], each["output"]) for each in found] == [
        (1, "Hello bar, and hello again"),
        (2, "Hello bar, and good bye"),
        (1, "Hello bar, and hello again"),
    ]
    path = "/definitions/example-definition"
    messages = [sedo.get(path + query)["steps"][2]["message"] for query in ("", "?version=1", "?version=2")]
    assert [message.rpartition(", and ")[2] for message in messages] == ["good bye", "hello again", "good bye"]
    assert_problem(sedo.ask("GET", T + path + "?version=3"), 404, "definition not found")


def test_a_definition_reads_back_as_yaml(sedo: Sedo) -> None:
    sedo.create()
    answer = sedo.ask("GET", T + "/definitions/example-definition", headers={"Accept": "application/yaml"})
    assert answer.headers["Content-Type"] == "application/yaml"
    assert read_yaml(answer.body, 10_000)[0] == read_yaml(EXAMPLE.encode(), 10_000)[0]


def test_a_retired_definition_starts_nothing_and_what_runs_goes_on(sedo: Sedo) -> None:
    sedo.create()
    running = sedo.start()
    sedo.pass_time(1)
    answer = sedo.ask("DELETE", T + "/definitions/example-definition")
    assert (answer.status_code, answer.body) == (204, b"")
    assert_problem(sedo.ask("POST", EXECUTE, {"input": {"foo": "bar"}}), 404, "definition not found")
    assert sedo.get("/definitions") == []
    sedo.pass_time(44)
    assert sedo.get(f"/executions/{running['id']}")["state"] == "ExecutionSucceeded"
    assert sedo.create().status_code == 201
    assert sedo.start()["version"] == 1


def test_validating_tells_every_problem_and_its_place_and_keeps_nothing(sedo: Sedo) -> None:
    text = "id: Wrong\nsteps:\n  - id: one\n    type: nope\n  - id: one\n    type: echo\n    message: ${ input. }\n"
    answer = sedo.ask("POST", T + "/definitions/validate", text.encode(), YAML)
    assert (answer.status_code, answer.json_body["valid"]) == (200, False)
    places = {(each["pointer"], each["line"], each["column"]) for each in answer.json_body["problems"]}
    assert places == {("/id", 1, 1), ("/steps/0/type", 4, 5), ("/steps/1/id", 5, 5), ("/steps/1/message", 7, 5)}
    assert sedo.get("/definitions") == []
    assert assert_problem(sedo.create(text), 400)["errors"] == answer.json_body["problems"]
    fine = sedo.ask("POST", T + "/definitions/validate", EXAMPLE.encode(), YAML)
    assert fine.json_body == {"valid": True, "problems": [], "warnings": []}


# -- executions


def test_every_error_of_the_input_is_told(sedo: Sedo) -> None:
    sedo.create(EXAMPLE.replace("required: [foo]", "required: [foo, baz]"))
    problem = assert_problem(sedo.ask("POST", EXECUTE, {"input": {"foo": 5}}), 400)
    assert sorted(each["pointer"] for each in problem["errors"]) == ["", "/foo"]


def test_a_name_makes_starting_idempotent(sedo: Sedo) -> None:
    sedo.create()
    body: Json = {"input": {"foo": "bar"}, "name": "order-7"}
    first, again = sedo.ask("POST", EXECUTE, body), sedo.ask("POST", EXECUTE, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json_body == first.json_body
    assert first.json_body["id"] == "123:example-definition:order-7"
    other = sedo.ask("POST", EXECUTE, {"input": {"foo": "baz"}, "name": "order-7"})
    assert_problem(other, 409)
    sedo.pass_time(45)
    assert len(sedo.get(f"/executions/{first.json_body['id']}/history")) == 9


def test_a_repeat_sends_what_got_lost(sedo: Sedo) -> None:
    sedo.create()
    sedo.start(name="order-7")
    sedo.queue.messages.clear()
    sedo.start(name="order-7")
    sedo.deliver()
    assert states(sedo.get("/executions")) == [("StepStarted", "wait-some-time")]


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
    ids = [each["id"] for page in definitions for each in page]
    assert ids == [*(f"{number}-example-definition" for number in range(5)), "example-definition"]

    executions = list(sedo.pages(T + "/executions?limit=2"))
    assert [len(page) for page in executions] == [2, 2, 1]
    assert [each["id"] for page in executions for each in page] == started[::-1]

    history = f"/executions/{started[0]}/history"
    for limit in range(1, 10):
        pages = list(sedo.pages(f"{T}{history}?limit={limit}"))
        assert max(len(page) for page in pages) <= limit
        assert [record for page in pages for record in page] == sedo.get(history)


def test_waiting_answers_once_it_has_ended_or_after_that_time(sedo: Sedo) -> None:
    sedo.create()
    begin = sedo.clock.now()
    answer = sedo.ask("POST", EXECUTE + "?wait=20", {"input": {"foo": "bar"}})
    assert (answer.status_code, answer.json_body["state"]) == (201, "ExecutionSubmitted")
    assert (sedo.clock.now() - begin).total_seconds() == 20
    sedo.pass_time(45)
    ended = sedo.clock.now()
    assert sedo.get(f"/executions/{answer.json_body['id']}?wait=20")["state"] == "ExecutionSucceeded"
    assert sedo.clock.now() == ended


def test_a_tenant_sees_only_itself(sedo: Sedo) -> None:
    sedo.create()
    theirs = f"/sedo/tenants/456/executions/{sedo.start()['id']}"
    sedo.deliver()
    for path in (theirs, theirs + "/history"):
        assert_problem(sedo.ask("GET", path), 404, "execution not found")
    for path in ("/sedo/tenants/456/executions", "/sedo/tenants/456/definitions"):
        assert sedo.ask("GET", path).json_body == []
    assert_problem(sedo.ask("POST", EXECUTE.replace("123", "456")), 404, "definition not found")


def test_a_wait_of_three_days_ends_in_time(sedo: Sedo) -> None:
    sedo.create(EXAMPLE.replace("seconds: 45", f"seconds: {3 * DAY}"))
    path = f"/executions/{sedo.start()['id']}"
    sedo.pass_time(3 * DAY - 1)
    assert states([sedo.get(path)]) == [("StepStarted", "wait-some-time")]
    sedo.pass_time(2)
    ended = sedo.get(path)
    assert ended["state"] == "ExecutionSucceeded"
    took = parse_instant(ended["endedAt"]) - parse_instant(ended["startedAt"])
    assert 3 * DAY <= took.total_seconds() <= 3 * DAY + 1


def test_what_waits_says_for_what(sedo: Sedo) -> None:
    sedo.create()
    path = f"/executions/{sedo.start()['id']}"
    assert sedo.get(path)["waitingFor"] == [{"thread": "main", "step": "initial-echo", "for": "message"}]
    sedo.deliver()
    until = "2026-01-01T00:00:45.000Z"
    (waits,) = sedo.get(path)["waitingFor"]
    assert waits == {"thread": "main", "step": "wait-some-time", "for": "timer", "until": until, "due": False}
    sedo.pass_time(45)
    assert sedo.get(path)["waitingFor"] == []


@pytest.mark.parametrize(("after", "step"), [(0, "initial-echo"), (45, "wait-some-time")])
def test_a_poisonous_message_fails_its_execution_for_all_to_see(sedo: Sedo, after: int, step: str) -> None:
    sedo.create()
    path = f"/executions/{sedo.start()['id']}"
    if after:
        sedo.deliver()
        sedo.clock.sleep(after)
    for _ in range(sedo.queue.receives):
        (message,) = sedo.queue.visible()
        sedo.queue.receive(message)  # and the function dies of it
        sedo.clock.sleep(sedo.queue.visibility.total_seconds())
    sedo.deliver()
    failed = sedo.get(path)
    assert states([failed]) == [("ExecutionFailed", step)]
    assert (failed["error"]["name"], failed["error"]["step"]) == ("Poison", step)
    last = sedo.get(path + "/history")[-1]
    assert (last["state"], last["error"]["name"]) == ("ExecutionFailed", "Poison")
    assert sedo.queue.messages == {}


def test_a_message_that_is_given_back_leaves_a_trace(sedo: Sedo, caplog: pytest.LogCaptureFixture) -> None:
    message = QueueMessage("newer", '{"v": 2}', timer=False, visible_at=sedo.clock.now(), receives=1)
    with pytest.raises(GivenBackError):
        sedo.invoke("on_sqs_message", message)
    assert "message version 2 is unknown here" in caplog.text


# -- bad input


def cursor(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().replace("=", "%3D")


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


@pytest.mark.parametrize("path", [EXECUTE, T + "/definitions", T + "/definitions/validate"])
def test_a_body_that_is_too_large_is_refused(sedo: Sedo, path: str) -> None:
    refuse(sedo, 413, "POST", path, {"input": {"foo": "x" * 256 * 1024}})


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", T + "/definitions"), ("GET", EXECUTE), ("POST", T + "/executions"), ("FOO", "/sedo/health")],
)
def test_a_wrong_method_is_refused(sedo: Sedo, method: str, path: str) -> None:
    refuse(sedo, 405, method, path)


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
        *(f"/executions?cursor={text}" for text in ("x", "%C3%BC", "AAAA", cursor({}), cursor(["x"]), cursor([1, 2]))),
        f"/executions?cursor={cursor(['yesterday', 'x'])}",
        f"/executions?cursor={cursor(['0001-01-01T00:00:00+01:00', 'x'])}",
        *(f"/definitions?cursor={cursor([odd])}" for odd in (1, "", "\ud800", "x" * 201)),
        f"/executions?cursor={cursor(['2026-01-01T00:00:00Z', ''])}",
        f"/executions/123:a:b/history?cursor={cursor([True, 0])}",
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


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # what examples leave does no harm
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


def test_history_shows_long_results_to_a_tenant_that_is_spelled_with_escapes(sedo: Sedo) -> None:
    said: Json = {"id": "said", "type": "echo", "message": "${input.text}"}
    assert sedo.ask("POST", T + "/definitions", {"id": "long", "steps": [said]}).status_code == 201
    text = "x" * 10_000
    started = sedo.ask("POST", T + "/definitions/long/execute", {"input": {"text": text}})
    sedo.deliver()
    for tenant in (T, "/sedo/tenants/%3123"):
        history = sedo.ask("GET", f"{tenant}/executions/{started.json_body['id']}/history").json_body
        assert [r["result"] for r in history if "result" in r] == [text, text]
        assert not any("references" in r for r in history)


def test_a_page_of_history_holds_no_more_values_than_an_answer_can(sedo: Sedo) -> None:
    each: Json = {"id": "each", "type": "echo", "message": "${input.text} ${index}", "stash": "said"}
    all_: Json = {"id": "all", "type": "map", "items": "${range(`0`, `45`)}", "output": None, "steps": [each]}
    assert sedo.ask("POST", T + "/definitions", {"id": "many", "steps": [all_]}).status_code == 201
    started = sedo.ask("POST", T + "/definitions/many/execute", {"input": {"text": "x" * 60_000}})
    sedo.deliver()
    answer = sedo.ask("GET", f"{T}/executions/{started.json_body['id']}/history?limit=100")
    said = [r for r in answer.json_body if (r["step"], r["state"]) == ("all/each", "StepSucceeded")]
    left = [r for r in said if "references" in r]
    assert 0 < len(left) < len(said) == 45
    assert all((r["result"], r["stash"]) == (None, {"said": None}) for r in left)
    assert all(r["stash"] == {"said": r["result"]} for r in said)
    assert 2_500_000 < len(answer.body) < 3_500_000


def test_a_value_of_20_mb_goes_through_three_steps_and_history_shows_its_size(sedo: Sedo) -> None:
    steps: list[Json] = [
        {"id": "make", "type": "transform", "output": ["${input.text}"] * 105},
        {"id": "wrap", "type": "transform", "output": {"rows": "${output}"}, "stash": "kept"},
        {"id": "pause", "type": "wait", "seconds": 1},
        {"id": "unwrap", "type": "echo", "message": "${output.rows}"},
        {"id": "count", "type": "transform", "output": ["${length(output)}", "${length(stash.kept.rows[104])}"]},
    ]
    assert sedo.ask("POST", T + "/definitions", {"id": "large", "steps": steps}).status_code == 201
    answer = sedo.ask("POST", T + "/definitions/large/execute", {"input": {"text": "x" * 200_000}})
    sedo.pass_time(2)
    path = f"/executions/{answer.json_body['id']}"
    ended = sedo.get(path)
    assert (ended["state"], ended["output"]) == ("ExecutionSucceeded", [105, 200_000])
    history = sedo.ask("GET", T + path + "/history")
    (made,) = [r for r in history.json_body if (r["step"], r["state"]) == ("make", "StepSucceeded")]
    assert made.get("result") is None
    assert made["references"]["/result"]["bytes"] > 20_000_000
    assert len(history.body) < 10_000
