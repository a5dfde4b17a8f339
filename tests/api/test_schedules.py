"""Schedules through the API: written, read, listed, paused, started; and what they start."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.application import JSON, Sedo, T

S = T + "/schedules"
MINUTE = 60
PROJECT = Path(__file__).parents[2]
GUIDE = (PROJECT / "docs" / "schedules.md").read_text()


@pytest.fixture
def world(sedo: Sedo) -> Iterator[Sedo]:
    sedo.create("{id: report, inputSchema: {type: object, required: [day]}, steps: [{id: a, type: echo, message: hi}]}")
    return sedo


BODY: dict[str, Any] = {"definition": "report", "input": {"day": "today"}, "cron": "30 0 * * *"}


def put(sedo: Sedo, name: str = "nightly", headers: Any = None, **others: Any) -> Any:
    body = {member: said for member, said in {**BODY, **others}.items() if said is not None}
    return sedo.ask("PUT", f"{S}/{name}", body, {**JSON, **(headers or {})})


def test_the_first_commands_of_the_guide_make_a_schedule(sedo: Sedo) -> None:
    (definition,), (body, *_) = (
        re.findall(r"@(definitions/\S+)", GUIDE),
        re.findall(r"-d '(\{.*?\})'", GUIDE, re.DOTALL),
    )
    sedo.create((PROJECT / definition).read_text())
    made = sedo.ask("PUT", f"{S}/nightly-greeting", json.loads(body))
    assert made.status_code == 201, made.body


def test_a_schedule_is_written_and_read_and_deleted(world: Sedo) -> None:
    made = put(world, title="Nightly", zone="Europe/Berlin", overlap="skip")
    assert made.status_code == 201, made.body
    read = world.ask("GET", f"{S}/nightly")
    assert read.json_body == made.json_body
    shown = read.json_body
    assert (shown["title"], shown["zone"], shown["every"], shown["overlap"]) == (
        "Nightly",
        "Europe/Berlin",
        None,
        "skip",
    )
    assert shown["next"][0] == "2026-01-01T23:30:00.000Z"
    assert len(shown["next"]) == 5
    assert (shown["last"], shown["problem"], shown["paused"], shown["input"]) == (None, None, False, {"day": "today"})
    assert put(world, every="PT1H", cron=None).status_code == 200
    assert world.ask("DELETE", f"{S}/nightly").status_code == 204
    assert world.ask("GET", f"{S}/nightly").status_code == 404
    assert world.ask("DELETE", f"{S}/nightly").json_body["detail"] == "there is no schedule 'nightly'"


def test_the_next_times_of_a_plan_are_shown_before_it_is_written(world: Sedo) -> None:
    planned = world.ask("GET", "/sedo/schedule-times?cron=30+0+*+*+*&zone=Europe/Berlin").json_body
    assert planned == put(world, zone="Europe/Berlin").json_body["next"]
    assert world.ask("GET", "/sedo/schedule-times?every=PT15M").json_body[:2] == [
        "2026-01-01T00:15:00.000Z",
        "2026-01-01T00:30:00.000Z",
    ]


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        ("", "a schedule has either cron or every"),
        ("?cron=0+25+*+*+*", "'25' is no hour"),
        ("?cron=0+2+*+*+*&every=P1D", "a schedule has either cron or every"),
        ("?cron=0+2+*+*+*&zone=Nowhere", "there is no time zone 'Nowhere'"),
        ("?cron=0+0+30+2+*", "names a day that does not exist"),
        ("?every=PT1S", "is shorter than 60 seconds"),
    ],
)
def test_what_is_no_plan_has_no_times(sedo: Sedo, plan: str, problem: str) -> None:
    answer = sedo.ask("GET", f"/sedo/schedule-times{plan}")
    assert answer.status_code == 400
    assert problem in answer.json_body["detail"]


def test_a_change_can_ask_that_nothing_has_changed_before(world: Sedo) -> None:
    first = put(world, headers={"If-None-Match": "*"})
    assert put(world, headers={"If-None-Match": "*"}).status_code == 412
    changed = put(world, headers={"If-Match": first.headers["ETag"]}, title="Changed")
    assert changed.status_code == 200
    assert put(world, headers={"If-Match": first.headers["ETag"]}).status_code == 412
    assert world.ask("DELETE", f"{S}/nightly", headers={"If-Match": first.headers["ETag"]}).status_code == 412
    tag = world.ask("GET", f"{S}/nightly").headers["ETag"]
    world.pass_time(40 * MINUTE)  # what it starts is no change
    assert put(world, headers={"If-Match": tag}).status_code == 200
    tag = world.ask("GET", f"{S}/nightly").headers["ETag"]
    world.ask("POST", f"{S}/nightly/pause", {})
    assert put(world, headers={"If-Match": tag}).status_code == 412


@pytest.mark.parametrize(
    ("others", "status", "words"),
    [
        ({"cron": "61 * * * *"}, 400, "'61' is no minute"),
        ({"cron": "0 0 30 2 *"}, 400, "a day that does not exist"),
        ({"cron": None}, 400, "either cron or every"),
        ({"every": "PT1H"}, 400, "either cron or every"),
        ({"cron": None, "every": "PT1S"}, 400, "shorter than 60 seconds"),
        ({"zone": "Mars"}, 400, "there is no time zone 'Mars'"),
        ({"overlap": "maybe"}, 400, "overlap is allow or skip"),
        ({"input": {}}, 400, "day"),
        ({"definition": "gone"}, 404, "gone"),
        ({"version": 7}, 404, "7"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_what_is_no_schedule_is_refused(world: Sedo, others: dict[str, Any], status: int, words: str) -> None:
    answer = put(world, **others)
    assert (answer.status_code, words in answer.body.decode()) == (status, True), answer.body
    assert world.get("/schedules") == []


def test_a_name_is_a_part_of_ids(world: Sedo) -> None:
    assert put(world, "x" * 48).status_code == 201
    assert put(world, "x" * 49).status_code == 400
    assert put(world, "a:b").status_code == 400


@pytest.mark.parametrize("name", [".", "..", "..."])
def test_a_name_that_addresses_leave_out_is_refused(world: Sedo, name: str) -> None:
    answer = put(world, name)
    assert (answer.status_code, "not to be of dots alone" in answer.body.decode()) == (400, True)
    assert put(world, ".a").status_code == 201


def test_schedules_are_listed_by_name_without_their_inputs(world: Sedo) -> None:
    for name in ("c", "a", "b"):
        put(world, name)
    pages = [*world.pages(f"{S}?limit=2")]
    assert [[each["name"] for each in page] for page in pages] == [["a", "b"], ["c"]]
    assert "input" not in pages[0][0]
    assert [each["name"] for each in world.get("/schedules?sort=-name&fields=name")] == ["c", "b", "a"]


def test_a_schedule_starts_an_execution_at_its_time(world: Sedo) -> None:
    put(world)
    world.pass_time(29 * MINUTE)
    assert world.get("/executions") == []
    world.pass_time(2 * MINUTE)
    (execution,) = world.get("/executions")
    assert execution["id"] == "123:report:~nightly.20260101T003000Z"
    assert execution["startedAt"] == "2026-01-01T00:30:00.000Z"
    assert (execution["state"], execution["startedBy"]) == ("ExecutionSucceeded", "schedule:nightly")
    shown = world.get("/schedules/nightly")
    assert shown["last"] == {"at": "2026-01-01T00:30:00.000Z", "execution": execution["id"]}
    assert shown["next"][0] == "2026-01-02T00:30:00.000Z"


def test_a_schedule_is_paused_and_resumed_and_started_by_hand(world: Sedo) -> None:
    put(world)
    paused = world.ask("POST", f"{S}/nightly/pause", {}).json_body
    assert (paused["paused"], paused["next"]) == (True, [])
    assert paused["actions"]["pause"] == {"possible": False, "reason": "it is paused"}
    assert paused["actions"]["resume"]["possible"]
    assert world.ask("POST", f"{S}/nightly/pause", {}).status_code == 200
    started = world.ask("POST", f"{S}/nightly/start", {}, {**JSON, "Idempotency-Key": "once"}).json_body
    again = world.ask("POST", f"{S}/nightly/start", {}, {**JSON, "Idempotency-Key": "once"}).json_body
    assert started["last"] == again["last"]
    assert [each["id"] for each in world.get("/executions")] == [started["last"]["execution"]]
    resumed = world.ask("POST", f"{S}/nightly/resume", {}).json_body
    assert (resumed["paused"], resumed["next"][0]) == (False, "2026-01-01T00:30:00.000Z")
    assert resumed["actions"]["resume"] == {"possible": False, "reason": "it is not paused"}
    assert world.ask("POST", f"{S}/other/start", {}).status_code == 404


def test_what_is_changed_is_in_the_audit(world: Sedo) -> None:
    put(world)
    for verb in ("pause", "resume", "start"):
        assert world.ask("POST", f"{S}/nightly/{verb}", {}).status_code == 200
    world.ask("DELETE", f"{S}/nightly")
    entries = world.get("/audit")
    assert [each["what"] for each in entries[:5]] == [
        "schedule.deleted",
        "schedule.started",
        "schedule.resumed",
        "schedule.paused",
        "schedule.written",
    ]
    assert {each["thing"] for each in entries[:5]} == {"nightly"}


def test_the_input_is_an_empty_object_if_nothing_is_said(world: Sedo) -> None:
    world.create("{id: report, steps: [{id: a, type: echo, message: hi}]}")
    assert put(world, input=None).json_body["input"] == {}
