"""Lists: what they find, in which order, and which of it they show; and what they say where that is asked wrongly."""

import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.executions.listing import states_named
from chalicelib.core.executions.model import State
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json
from tests.api.declared import CONTRACT, OPERATIONS
from tests.api.test_answers import KEYED, started
from tests.application import DAY, JSON, Sedo, T, assert_problem

WAIT: Json = {"id": "patient", "steps": [{"id": "rest", "type": "wait", "seconds": 30 * DAY}]}
FAIL: Json = {"id": "failing", "steps": [{"id": "no", "type": "fail", "error": "Always", "cause": "as ever"}]}
CALL: Json = {"id": "calling", "steps": [{"id": "sub", "type": "workflow", "definition": "failing", "wait": False}]}
ASK: Json = {"id": "asking", "steps": [{"id": "ask", "type": "event", "name": "paid", "key": "7"}]}
TASK: Json = {"id": "tasking", "steps": [{"id": "do", "type": "task", "title": "Do it", "priority": 20}]}
DOCUMENTS: list[Any] = [WAIT, FAIL, CALL, ASK, TASK]
LISTS = sorted(
    name
    for name, operation in OPERATIONS.items()
    if operation.method == "GET" and "cursor" in {each["name"] for each in operation.parameters}
)


EVERYWHERE = {"limit", "cursor", "fields", "sort", "verify", "key"}
"""Parameters of every list, and what is told beside the table of lists."""


def test_the_guide_has_a_row_for_each_list_with_its_filters_and_orders() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "lists.md").read_text().split("\n## ")[0]
    documented = {}
    for row in re.findall(r"^\| (`GET .*) \|$", guide, re.MULTILINE):
        paths, filters, orders = (re.findall(r"`([^`]+)`", cell) for cell in row.split("|"))
        for path in paths:
            documented["/sedo/tenants/{tenantId}" + path[4:].split("?")[0]] = (set(filters), set(orders))
    there = {}
    for operation in map(OPERATIONS.__getitem__, LISTS):
        asked = {each["name"]: each["schema"] for each in operation.parameters if each["in"] == "query"}
        there[operation.path] = (set(asked) - EVERYWHERE, set(asked["sort"]["enum"]))
    assert documented == there


@pytest.fixture
def sedo(sedo: Sedo) -> Sedo:
    for document in DOCUMENTS:
        assert sedo.ask("POST", T + "/definitions", document).status_code == 201
    return sedo


def begin(sedo: Sedo, definition: str, user: str = "", **more: Json) -> str:
    headers = {**JSON, "X-Sedo-User": user} if user else JSON
    answer = sedo.ask("POST", f"{T}/definitions/{definition}/execute", more, headers)
    sedo.deliver()
    sedo.pass_time(1)
    return str(answer.json_body["id"])


def ids(sedo: Sedo, query: str = "") -> list[str]:
    return [each["id"] for each in sedo.get(f"/executions{query}")]


def refusal(sedo: Sedo, path: str) -> str:
    return str(assert_problem(sedo.ask("GET", T + path), 400)["detail"])


class TestExecutions:
    def test_of_some_states(self, sedo: Sedo) -> None:
        patient, failed, stopped = (begin(sedo, name) for name in ("patient", "failing", "patient"))
        open_ = begin(sedo, "asking")
        sedo.ask("POST", f"{T}/executions/{stopped}/cancel")
        assert ids(sedo, "?state=failed") == [failed]
        assert ids(sedo, "?state=cancelled,failed") == [stopped, failed]
        assert ids(sedo, "?state=ExecutionFailed") == [failed]
        assert ids(sedo, "?state=running") == [open_, patient]
        assert ids(sedo, "?state=succeeded") == []
        sedo.ask("POST", f"{T}/executions/{patient}/pause")
        assert ids(sedo, "?state=running") == [open_]
        assert ids(sedo, "?state=paused") == [patient]

    def test_of_a_definition_and_of_a_version(self, sedo: Sedo) -> None:
        first, other = begin(sedo, "patient"), begin(sedo, "failing")
        assert sedo.ask("POST", T + "/definitions", {**DOCUMENTS[0], "title": "New"}).status_code == 201
        second = begin(sedo, "patient")
        assert ids(sedo, "?definition=patient") == [second, first]
        assert ids(sedo, "?definition=patient&version=1") == [first]
        assert ids(sedo, "?version=1") == [other, first]

    def test_that_another_one_started(self, sedo: Sedo) -> None:
        parent = begin(sedo, "calling")
        assert ids(sedo) == [parent]
        (child,) = sedo.get(f"/executions?parent={parent}")
        assert (child["definitionId"], child["parentId"], child["state"]) == ("failing", parent, "ExecutionFailed")
        assert ids(sedo, f"?parent={child['id']}") == []
        assert ids(sedo, f"?parent={parent}&state=running") == []

    def test_those_of_another_tenant_stay_hidden(self, sedo: Sedo) -> None:
        parent = begin(sedo, "calling")
        found = sedo.ask("GET", f"/sedo/tenants/456/executions?parent={parent}")
        assert (found.status_code, found.json_body) == (200, [])

    def test_that_somebody_started(self, sedo: Sedo, monkeypatch: pytest.MonkeyPatch) -> None:
        del monkeypatch
        hers = begin(sedo, "patient", "ada")
        begin(sedo, "patient", "bob")
        begin(sedo, "patient")
        assert ids(sedo, "?startedBy=ada") == [hers]
        assert [each["startedBy"] for each in sedo.get("/executions")] == [None, "bob", "ada"]

    def test_that_began_between_instants(self, sedo: Sedo) -> None:
        begun = [begin(sedo, "patient") for _ in range(3)]
        first, second, third = (each["startedAt"] for each in sedo.get("/executions?sort=startedAt"))
        assert ids(sedo, f"?from={second}") == [begun[2], begun[1]]
        assert ids(sedo, f"?to={second}&sort=startedAt") == [begun[0], begun[1]]
        assert ids(sedo, f"?from={second}&to={second}") == [begun[1]]
        day = first[:10]
        assert third[:10] == day
        assert len(ids(sedo, f"?from={day}&to={day}")) == 3
        assert ids(sedo, "?to=2000-01-01") == ids(sedo, "?from=9999-12-31") == []
        assert ids(sedo, f"?from={second[:-1]}%2B00:00") == [begun[2], begun[1]]

    def test_a_page_goes_on_with_all_that_was_asked(self, sedo: Sedo) -> None:
        failed = [begin(sedo, name) for name in ["failing", "patient"] * 4]
        path = f"{T}/executions?state=failed&limit=1&sort=startedAt&fields=id,state&from=2000-01-01"
        pages = [*sedo.pages(path)]
        assert pages == [[{"id": name, "state": "ExecutionFailed"}] for name in failed[::2]]

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("state=faild", "state is not 'faild' (did you mean 'failed'?): it is one or more of running, paused, "),
            ("state=failed,Running", "state is not 'Running' (did you mean 'running'?): it is one or more of running"),
            ("state=TIMED_OUT", "state is not 'TIMED_OUT' (did you mean 'timedOut'?): it is one or more of running"),
            ("state=FAILED", "state is not 'FAILED' (did you mean 'failed'?): it is one or more of running"),
            ("state=", "state is not '': it is one or more of running"),
            ("state=StepSkipped", "state is not 'StepSkipped' (did you mean"),
            ("sort=started", "sort is not 'started' (did you mean 'startedAt'?): it is one of startedAt, -startedAt"),
            ("fields=id,stat", "fields is not 'stat' (did you mean 'state'?): it is one or more of id, tenantId, "),
            ("version=0", "version is a whole number from 1 to 999999999, not '0'"),
            ("definition=a%20b", "definition is the id of a definition, and has to match"),
            ("parent=x", "parent is the id of an execution, as tenant:definition:name, not 'x'"),
            ("from=yesterday", "from is a date as 2026-01-31, or an instant as 2026-01-31T09:00:00Z"),
            ("from=2026-02-30", "from is a date as 2026-01-31"),
            ("to=2026-01-31T09:00:00", "not '2026-01-31T09:00:00'"),
            ("to=0001-01-01T00:00:00%2B01:00", "to is a date as 2026-01-31"),
            ("from=2026-02-02&to=2026-02-01", "from 2026-02-02 is later than to 2026-02-01: nothing is between"),
            ("stat=failed", "(did you mean 'state'?)"),
        ],
    )
    def test_what_is_asked_wrongly(self, sedo: Sedo, query: str, said: str) -> None:
        assert said in refusal(sedo, f"/executions?{query}")

    def test_the_states_that_can_be_asked_for_are_all_there_are(self) -> None:
        declared = {each["name"]: each for each in OPERATIONS["list_executions"].parameters}
        names = declared["state"]["schema"]["items"]["enum"]
        assert {state for name in names for state in states_named(name)} == {*State}
        of_history = CONTRACT["components"]["schemas"]["HistoryState"]["anyOf"][1]["enum"]
        assert {*State} - {*names} == {*of_history}


def test_every_parameter_that_takes_certain_words_names_what_was_probably_meant(sedo: Sedo) -> None:
    for name in LISTS:
        place = OPERATIONS[name].path.partition("{tenantId}")[2].replace("executions/{id}", "executions/1:a:b")
        path = re.sub(r"\{\w+\}", "a", place)
        for each in OPERATIONS[name].parameters:
            known = each["schema"].get("items", each["schema"]).get("enum", ()) if each["in"] == "query" else ()
            if known:
                said = refusal(sedo, f"{path}?{'key=a&' * (name == 'list_events')}{each['name']}={known[0]}x")
                assert said.startswith(f"{each['name']} is not '{known[0]}x' (did you mean '{known[0]}'?): it is one ")


def test_what_is_empty_is_to_be_left_out_where_it_can_be(sedo: Sedo) -> None:
    for query, can_be in (("/executions?parent=", True), ("/executions/123:d:1/values?at=", False)):
        detail = assert_problem(sedo.ask("GET", T + query), 400)["detail"]
        assert ("leave it out" in detail) == can_be


class TestFields:
    def test_of_an_execution(self, sedo: Sedo) -> None:
        name = begin(sedo, "patient")
        assert sedo.get(f"/executions/{name}?fields=id,state,waitingFor") == {
            "id": name,
            "state": "StepStarted",
            "waitingFor": sedo.get(f"/executions/{name}")["waitingFor"],
        }
        assert "fields is not 'nothing': it is one or more of id, " in refusal(
            sedo, f"/executions/{name}?fields=nothing"
        )

    def test_every_list_has_them(self) -> None:
        for name in LISTS:
            assert "fields" in {each["name"] for each in OPERATIONS[name].parameters}, name

    def test_of_every_list(self, sedo: Sedo) -> None:
        name = begin(sedo, "asking")
        begin(sedo, "tasking")
        sedo.ask("POST", f"{T}/executions/{name}/events/paid", {"id": "e1", "data": 1})
        for path, fields in (
            ("/definitions", "id,version"),
            ("/definitions/asking/versions", "version"),
            (f"/executions/{name}/history", "state,step"),
            (f"/executions/{name}/events", "id,state"),
            ("/tasks", "title,priority"),
        ):
            (first, *_) = sedo.get(f"{path}?fields={fields}")
            assert [*first] == fields.split(",")
            assert f"it is one or more of {'time' if 'history' in path else 'id'}, " in refusal(
                sedo, f"{path}?fields=no"
            )

    def test_what_is_left_out_of_them_has_its_reference(self, sedo: Sedo) -> None:
        name = begin(sedo, "patient", input="x" * LIMITS.answer_value_bytes)
        shown = sedo.get(f"/executions/{name}?fields=id,input")
        assert (shown["input"], [*shown["references"]]) == (None, ["/input"])
        assert "references" not in sedo.get(f"/executions/{name}?fields=id,stash")
        assert sedo.get(f"/executions/{name}?fields=references").keys() == {"references"}

    def test_a_member_that_is_not_there_stays_out(self, sedo: Sedo) -> None:
        assert {} in sedo.get("/definitions?fields=title")


class TestDefinitions:
    def test_in_the_order_of_their_ids_or_the_other_way_round(self, sedo: Sedo) -> None:
        found = [each["id"] for each in sedo.get("/definitions?sort=id")]
        assert found == ["asking", "calling", "failing", "patient", "tasking"]
        pages = [*sedo.pages(T + "/definitions?sort=-id&limit=2")]
        assert [each["id"] for page in pages for each in page] == found[::-1]

    def test_versions_of_one(self, sedo: Sedo) -> None:
        for number in range(4):
            sedo.ask("POST", T + "/definitions", {**DOCUMENTS[0], "title": f"Version {number}"})
        pages = [*sedo.pages(T + "/definitions/patient/versions?limit=2")]
        assert [[each["version"] for each in page] for page in pages] == [[5, 4], [3, 2], [1]]
        pages = [*sedo.pages(T + "/definitions/patient/versions?limit=3&sort=version")]
        assert [[each["version"] for each in page] for page in pages] == [[1, 2, 3], [4, 5]]
        newest = sedo.get("/definitions/patient/versions")[0]
        assert (newest["id"], newest["title"], "steps" in newest) == ("patient", "Version 3", False)

    def test_versions_of_one_that_is_retired_or_not_there(self, sedo: Sedo) -> None:
        sedo.ask("DELETE", T + "/definitions/patient")
        assert len(sedo.get("/definitions/patient/versions")) == 1
        assert_problem(sedo.ask("GET", T + "/definitions/none/versions"), 404, "definition not found")


def test_a_page_is_shorter_where_an_answer_holds_no_more(sedo: Sedo) -> None:
    long = {**DOCUMENTS[0], "description": "\u20ac" * 40_000}
    for number in range(30):
        assert sedo.ask("POST", T + "/definitions", {**long, "title": str(number)}).status_code == 201
    found = [*sedo.pages(T + "/definitions/patient/versions?limit=100")]
    assert [each["version"] for page in found for each in page] == [*range(31, 0, -1)]
    assert len(found) > 1
    assert len(sedo.get("/definitions/patient/versions?limit=100&fields=version")) == 31


class TestTasks:
    def test_every_filter_survives_the_link(self, sedo: Sedo) -> None:
        for _ in range(4):
            begin(sedo, "tasking")
        for query, count in (("priority=20", 4), ("priority=21", 0), ("definition=tasking&overdue=false", 4)):
            pages = [*sedo.pages(f"{T}/tasks?limit=1&{query}")]
            assert sum(map(len, pages)) == count

    def test_that_were_created_between_instants_in_either_order(self, sedo: Sedo) -> None:
        for _ in range(3):
            begin(sedo, "tasking")
        found = [each["createdAt"] for each in sedo.get("/tasks")]
        pages = [*sedo.pages(f"{T}/tasks?limit=1&sort=createdAt&from={found[1]}")]
        assert [each["createdAt"] for page in pages for each in page] == [found[1], found[0]]
        assert [each["createdAt"] for each in sedo.get(f"/tasks?to={found[1]}")] == found[1:]

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("from=x", "from is a date as 2026-01-31"),
            ("definition=a%20b", "definition is the id of a definition, and has to match"),
            ("execution=a%20b", "execution is the id of an execution, as tenant:definition:name, not 'a b'"),
        ],
    )
    def test_what_is_asked_wrongly(self, sedo: Sedo, query: str, said: str) -> None:
        assert said in refusal(sedo, f"/tasks?{query}")


class TestEvents:
    def test_what_is_kept_and_what_waits(self, sedo: Sedo) -> None:
        begin(sedo, "asking")
        for number in range(3):
            sedo.ask("POST", T + "/events/other", {"key": "7", "id": f"e{number}", "data": 1})
        kept = [*sedo.pages(T + "/events/other?key=7&state=kept&limit=2")]
        assert [each["id"] for page in kept for each in page] == ["e0", "e1", "e2"]
        assert sedo.get("/events/other?key=7&state=waiting") == []
        assert [each["state"] for each in sedo.get("/events/paid?key=7&state=waiting")] == ["waiting"]
        assert sedo.get("/events/paid?key=7&state=kept") == []
        assert "state is not 'wait'" in refusal(sedo, "/events/paid?key=7&state=wait")


def test_events_and_who_waits_for_them_are_listed_either_way(sedo: Sedo) -> None:
    for name in ("1", "2", "3"):
        sedo.ask("POST", f"{T}/events/other", {"key": "7", "data": {}, "id": name})
        sedo.pass_time(1)
    kept = [each["id"] for page in sedo.pages(f"{T}/events/other?key=7&limit=2&sort=-since") for each in page]
    assert kept == ["3", "2", "1"]
    waiting = []
    for _ in range(3):
        waiting.append(started(sedo, KEYED, value={"order": "7"}))
        sedo.pass_time(1)
    for sort, expected in (("since", waiting), ("-since", waiting[::-1])):
        found = [each for page in sedo.pages(f"{T}/events/paid?key=7&limit=2&sort={sort}") for each in page]
        assert [each["executionId"] for each in found] == expected
