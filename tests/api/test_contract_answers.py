"""What the routes answer, against what chalicelib/openapi.yaml declares."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.access.entries import AccessEntry, EntryKind
from chalicelib.core.access.keys import ApiKey, key_document
from chalicelib.core.access.rights import Grant
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.wiring.graph import wiring
from tests.api.contract_world import (
    CALLBACKS,
    ECHO,
    HOURLY,
    KEY_REQUEST,
    MINE,
    NAMED_BY_CALLERS,
    NEEDED,
    OF_PEOPLE,
    ONE,
    OTHER,
    TASK,
    UNKNOWN,
    VALUES,
    WITH_TOKEN,
    WORK,
    YES,
    Before,
    Case,
    World,
    case,
)
from tests.api.declared import OPERATIONS


def refusals() -> Iterator[Case]:
    """Make what every operation of a kind refuses."""
    for name, operation in OPERATIONS.items():
        query = "?at=/input" if name in VALUES else ""
        yield case(name, 415, kind="text/plain")
        if "*" not in {each["name"] for each in operation.parameters}:
            yield case(name, 400, query="?stat=open")
        for place in [*operation.path_names][:1]:
            yield case(name, 400, **{place: "a%20b"})
        if "requestBody" in operation.declared:
            yield case(name, 413, body=b"x" * (operation.body.get("x-max-bytes", 256 * 1024) + 1), query=query)
        body = NEEDED.get(name, b"")
        places = set[str]() if operation.method == "PUT" else NAMED_BY_CALLERS
        for place in (UNKNOWN.keys() - NAMED_BY_CALLERS | places) & operation.path_names.keys():
            yield case(name, 404, body=body, query=query, **{place: UNKNOWN[place]})
        if name in WITH_TOKEN:
            yield case(name, 404, fields={"Authorization": "Bearer x"})
            yield case(name, 401, fields={"Authorization": "x"})
        if name in OF_PEOPLE:
            yield case(name, 401, body=body, query="?mine=true" if operation.method == "GET" else "", user="")


def make_key(world: World) -> None:
    world.key = world.call("create_key", KEY_REQUEST).json_body["id"]


def crowd(kind: EntryKind) -> Before:
    def fill(world: World) -> None:
        store = wiring().access.service.store
        for number in range(LIMITS.access_entries):
            key = key_document(ApiKey("123", f"n{number}", "", "", (), world.clock.now()))
            store.put(AccessEntry("123", kind, f"n{number}", key, world.clock.now()))

    return fill


def pass_a_year(world: World) -> None:
    world.clock.instant += timedelta(days=367)


def fill(world: World) -> None:
    for _ in range(100):
        world.call("publish_event", {"key": "a", "data": 1}, EventName="other")


def large(world: World) -> None:
    world.waiting = world.call("execute_definition", {"input": "\N{SNOWMAN}" * 1_000_000}).json_body["id"]


def large_task(world: World) -> None:
    world.call("create_definition", {"id": "asks", "steps": [{**TASK, "inputSchema": True}]})
    world.waiting = world.call("execute_definition", {}, DefinitionId="asks").json_body["id"]
    world.deliver()
    (wait,) = world.get(f"/executions/{world.waiting}")["waitingFor"]
    world.task = wait["task"]
    world.call("complete_task", {"answer": "\N{SNOWMAN}" * 1_000_000})


def start_beside(world: World) -> None:
    world.call("put_schedule", {"definition": "waiting", "every": "PT1H", "overlap": "skip"})
    world.call("start_schedule")


def bounded(document: Mapping[str, Json]) -> Before:
    """Say what bounds the tenant, and wait until that counts."""

    def put(world: World) -> None:
        wiring().access.service.put("123", EntryKind.TENANT, "123", document, by=None, grant=Grant())
        world.clock.instant += timedelta(minutes=1)

    return put


def done(name: str, body: "Json | bytes" = b"", **more: Any) -> Before:
    return lambda world: world.call(name, body, **more)


WRITTEN: Mapping[str, Json] = {"role": {"rules": []}, "binding": {"role": "viewer"}}
SUCCESSES = [
    case("read_me", 200, query="?tenant=123"),
    case("read_tenant", 200),
    case("put_tenant", 200, body={"quotas": {"keys": 7}}),
    case("reset_tenant", 204, done("put_tenant", {})),
    case("create_key", 201, body=KEY_REQUEST),
    case("list_keys", 200, make_key),
    case("read_key", 200, make_key),
    case("revoke_key", 204, make_key),
    *(case(f"put_{kind}", 201, body=body) for kind, body in WRITTEN.items()),
    *(case(f"put_{kind}", 200, done(f"put_{kind}", body), body=body) for kind, body in WRITTEN.items()),
    *(case(f"list_{kind}s", 200, done(f"put_{kind}", body)) for kind, body in WRITTEN.items()),
    *(case(f"read_{kind}", 200, done(f"put_{kind}", body)) for kind, body in WRITTEN.items()),
    *(case(f"delete_{kind}", 204, done(f"put_{kind}", body)) for kind, body in WRITTEN.items()),
    case("put_schedule", 201, body=HOURLY),
    case("put_schedule", 200, done("put_schedule", HOURLY), body=HOURLY),
    case("list_schedules", 200, done("put_schedule", HOURLY), query="?sort=-name"),
    case("read_schedule", 200, done("put_schedule", HOURLY)),
    case("delete_schedule", 204, done("put_schedule", HOURLY)),
    *(case(f"{verb}_schedule", 200, done("put_schedule", HOURLY)) for verb in ("pause", "resume", "start")),
    case("list_schedule_times", 200, query="?cron=0+2+*+*+*&zone=Europe/Berlin"),
    case("health", 200),
    case("create_definition", 200, body=ECHO),
    case("create_definition", 201, body=b"id: new\nsteps: [{id: a, type: succeed}]", kind="application/yaml"),
    case("list_definitions", 200, query="?limit=1"),
    case("list_incidents", 200, query="?state=open"),
    case("read_incident", 200),
    case("redrive_incident", 200, body={}),
    case("redrive_incidents", 200, body={"dryRun": False}, query="?kind=poison&limit=1"),
    case("read_audit", 200, query="?sort=number&limit=1"),
    case("read_audit", 200, query="?verify=true"),
    case("read_audit", 200, fields={"Accept": "application/jsonl"}),
    case("list_definitions", 200, query="?fields=id&sort=-id"),
    case("list_versions", 200, query="?limit=1"),
    case("validate_definition", 200, body=ECHO),
    case("validate_definition", 200, body=b"id: x\nsteps: [{id: a, type: nope}]\n", kind="text/yaml"),
    case("read_definition", 200, query="?version=1"),
    case("read_definition", 200, fields={"Accept": "application/yaml"}),
    case("read_contract", 200),
    case("read_docs", 200),
    *(case("read_docs_file", 200, FileName=name) for name in ("start.js", "swagger-ui.css", "swagger-ui-bundle.js")),
    case("open_console", 302),
    case("read_console_file", 200, FileName="index.html"),
    case("list_step_types", 200),
    case("list_functions", 200),
    case("read_definition_schema", 200),
    case("retire_definition", 204),
    case("execute_definition", 200, done("execute_definition", {"name": "n"}), body={"name": "n"}),
    case("execute_definition", 201, query="?wait=1"),
    case("execute_batch", 200, body={"starts": [{}, {"name": "n"}]}),
    case("dry_run_definition", 200, body={"mocks": {"ask": {"result": 1}}}, DefinitionId="waiting"),
    case("dry_run_definition", 200, body={"step": "say", "stash": {}}),
    case("list_executions", 200, query="?limit=2"),
    case("list_executions", 200, query="?state=running,failed&fields=id,state"),
    case("search", 200, query="?state=running,failed&limit=1"),
    case("read_execution", 200),
    case("read_execution", 200, query="?fields=id"),
    case("create_upload", 201),
    case("upload_part", 204, lambda world: world.begin_upload(), body=b"1"),
    case("read_history", 200, query="?limit=2"),
    case("read_history", 200, query="?verify=true"),
    case("read_steps", 200, query="?limit=2"),
    case("read_value", 200, query="?at=/input&path=a"),
    case("read_value", 200, query="?at=/input&offset=1"),
    case("read_task_value", 200, query="?at=/inputSchema"),
    case("read_dry_run_value", 200, body={"mocks": {}}, query="?at=/history/0/state"),
    case("cancel_execution", 200),
    case("pause_execution", 200, body=b"null"),
    case("resume_execution", 200, done("pause_execution"), body={}),
    case("redrive_execution", 200, done("cancel_execution"), body={"stash": {"a": 1}}),
    case("pause_tenant", 200, bounded({"stopped": True}), body={"reason": "the bill"}),
    case("send_event", 202, body={"data": 1}),
    case("publish_event", 202, body={"key": "7", "data": 1}),
    case("list_sent_events", 200, done("send_event", {"data": 1})),
    case("list_events", 200, fill, query="?key=a&limit=2", EventName="other"),
    case("list_tasks", 200, query="?mine=true&priority=1"),
    case("read_task", 200),
    case("claim_task", 200),
    case("release_task", 200, done("claim_task")),
    case("reassign_task", 200, body=MINE),
    case("complete_task", 200, body=YES),
    case("reject_task", 200, body={"reason": "no"}),
    case("succeed_step", 204, body=[1]),
    case("fail_step", 204, body={"name": "bank.Refused"}),
    case("keep_step", 204),
    case("succeed_callback", 204, body=[1]),
    case("fail_callback", 204, body={"name": "bank.Refused"}),
    case("keep_callback", 204),
]
CONFLICTS = [
    case("create_key", 409, crowd(EntryKind.KEY), body=KEY_REQUEST),
    case("put_role", 409, crowd(EntryKind.ROLE), body=WRITTEN["role"]),
    case("put_binding", 409, crowd(EntryKind.BINDING), body=WRITTEN["binding"]),
    case("start_schedule", 409, start_beside),
    case("put_schedule", 404, body={**HOURLY, "definition": "none"}),
    case("reset_tenant", 404),
    case("read_value", 409, query=f"?at=/input&sha256={OTHER}"),
    case("read_value", 413, large, query="?at=/input"),
    case("read_value", 303, large, query="?at=/input"),
    case("read_task_value", 303, large_task, query="?at=/answer"),
    case("read_task_value", 409, query=f"?at=/inputSchema&sha256={OTHER}"),
    case("read_task_value", 413, large_task, query="?at=/answer"),
    case("read_dry_run_value", 409, query=f"?at=/state&sha256={OTHER}"),
    case("execute_definition", 409, done("execute_definition", {"name": "n"}), body={"name": "n", "input": 1}),
    *(
        case(f"{way}_execution", 409, lambda world: setattr(world, "waiting", world.done))
        for way in ("cancel", "pause", "resume", "redrive")
    ),
    case("pause_tenant", 409),
    case("redrive_incident", 409, done("redrive_incident"), body={}),
    case("send_event", 409, done("cancel_execution"), body={"data": 1}),
    case("send_event", 409, body={"data": 1}, EventName="nobodys"),
    case("publish_event", 409, fill, body={"key": "a", "data": 1}, EventName="other"),
    *(case(f"{way}_task", 409, done("complete_task", YES), body=body) for way, body in WORK.items()),
    *(case(f"{way}_task", 403, user="eve", body=body) for way, body in WORK.items()),
    *(case(name, 409, done("succeed_callback")) for name in CALLBACKS),
    *(case(name, 410, pass_a_year) for name in CALLBACKS),
    case("create_definition", 400, body=b"id: Wrong", kind="application/yaml"),
    case("complete_task", 400, body={"answer": 1}),
    case("send_event", 400, body={"data": "x"}),
    case("dry_run_definition", 400, body={"mocks": {"nope": {"nothing": True}}}),
]
KEY = {"Idempotency-Key": "k"}
STALE = {"If-Match": '"x"'}


def repeat(name: str, body: "Json | bytes", **arguments: Any) -> Case:
    """Make a request under the key of one that had another body."""
    again = (body if isinstance(body, bytes) else json.dumps(body).encode()) + b" "
    first = done(name, body, fields=KEY, **arguments)
    return case(name, 422, first, body=again, fields=KEY, **arguments)


def under_way(world: World, name: str = "create_definition", body: "Json | bytes" = b"") -> None:
    world.call(name, ECHO if name == "create_definition" else body, fields=KEY)
    store: Any = wiring().routes.definitions.support.replies.store
    store.holders = {name: (copy_with(held, reply=None), *more) for name, (held, *more) in store.holders.items()}


def begun(name: str) -> Before:
    def begin(world: World) -> None:
        world.call("put_schedule", HOURLY)
        under_way(world, name)

    return begin


CHANGING = ("put", "delete")
REPEATED = [
    repeat(wanted.name, **{"body": {}, **wanted.arguments})
    for wanted in SUCCESSES
    if 422 in OPERATIONS[wanted.name].statuses
]
UNCHANGED = [
    case(wanted.name, 304, wanted.before, **{**wanted.arguments, "fields": {"If-None-Match": "*"}})
    for wanted in SUCCESSES
    if wanted.status == 200 and 304 in OPERATIONS[wanted.name].statuses
]
CHANGED = [
    case("put_tenant", 412, body={}, fields=STALE),
    case("reset_tenant", 412, done("put_tenant", {}), fields=STALE),
    *(case(f"put_{kind}", 412, body=body, fields=STALE) for kind, body in WRITTEN.items()),
    *(case(f"delete_{kind}", 412, done(f"put_{kind}", body), fields=STALE) for kind, body in WRITTEN.items()),
    case("execute_batch", 409, lambda world: under_way(world, "execute_batch", ONE), body=ONE, fields=KEY),
    case("create_upload", 409, lambda world: under_way(world, "create_upload"), fields=KEY),
    case("redrive_incidents", 409, lambda world: under_way(world, "redrive_incidents"), fields=KEY),
    case("create_definition", 409, under_way, body=ECHO, fields=KEY),
    *(case(f"{verb}_schedule", 409, begun(f"{verb}_schedule"), fields=KEY) for verb in ("pause", "resume")),
    *(case(f"{verb}_schedule", 412, done("put_schedule", HOURLY), body=HOURLY, fields=STALE) for verb in CHANGING),
    case("revoke_key", 412, make_key, fields=STALE),
    case("create_definition", 412, body=ECHO, fields={"If-None-Match": "*"}),
    case("retire_definition", 412, fields={"If-Match": '"x"'}),
]


def stopped_schedule(world: World) -> None:
    world.call("put_schedule", HOURLY)
    bounded({"stopped": True})(world)


BOUNDED = [
    case("create_key", 429, bounded({"quotas": {"keys": 0}}), body=KEY_REQUEST),
    case("create_definition", 429, bounded({"quotas": {"definitions": 2}}), body={**ECHO, "id": "third"}),
    case("put_schedule", 429, bounded({"quotas": {"schedules": 0}}), body=HOURLY),
    case("execute_definition", 429, bounded({"stopped": True})),
    *(case(f"{verb}_schedule", 429, stopped_schedule) for verb in ("resume", "start")),
    case("redrive_incident", 429, bounded({"stopped": True})),
    case("redrive_execution", 429, lambda world: (done("cancel_execution")(world), bounded({"stopped": True})(world))),
    case("resume_execution", 429, lambda world: (done("pause_execution")(world), bounded({"stopped": True})(world))),
]
CASES = [*BOUNDED, *SUCCESSES, *CONFLICTS, *UNCHANGED, *CHANGED, *REPEATED, *refusals()]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, wanted: Case) -> Iterator[World]:
    monkeypatch.setenv("SEDO_STORES", "memory")
    if wanted.status == 303:
        monkeypatch.setenv("SEDO_VALUES_BUCKET", "values")
    monkeypatch.setenv("SEDO_LOOPBACK", "true")
    wiring.cache_clear()
    yield World()
    wiring.cache_clear()


@pytest.mark.parametrize("wanted", CASES, ids=lambda wanted: f"{wanted.name}-{wanted.status}")
def test_an_answer_is_as_declared(world: World, wanted: Case) -> None:
    wanted.before(world)
    assert world.call(wanted.name, **wanted.arguments).status_code == wanted.status


def test_every_status_that_a_caller_can_bring_about_is_shown() -> None:
    declared = {
        (name, status) for name, operation in OPERATIONS.items() for status in operation.statuses if status < 500
    }
    guarded = [name for name, operation in OPERATIONS.items() if operation.declared["x-right"] != "none"]
    refused = {(name, status) for name in guarded for status in (401, 403, 404)}  # as tests/access shows
    refused -= {("read_me", 403), ("list_schedule_times", 403), ("list_schedule_times", 404)}
    declared.remove(("read_console_asset", 200))  # of a build, as test_console shows
    assert declared == {(wanted.name, wanted.status) for wanted in CASES} | refused
