"""AnswerService and events over the API, against the application in memory."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from chalice.test import HTTPResponse

from chalicelib.core.values.json import Json
from tests.application import JSON, Sedo, T, assert_problem
from tests.loopback import loopback

ASK: dict[str, Json] = {"id": "ask", "type": "callback", "heartbeatSeconds": 600}
PAID: dict[str, Json] = {"id": "paid", "type": "event", "name": "paid", "schema": {"required": ["amount"]}}
KEYED: dict[str, Json] = {**PAID, "key": "${input.order}"}


def started(sedo: Sedo, *steps: dict[str, Json], value: Json = None) -> str:
    """Create a definition of some steps, start it, and let it go as far as it goes."""
    definition: dict[str, Json] = {"id": "d", "steps": [*steps]}
    assert sedo.ask("POST", T + "/definitions", definition).status_code in {200, 201}
    answer = sedo.ask("POST", T + "/definitions/d/execute", {"input": value})
    sedo.deliver()
    return str(answer.json_body["id"])


def read(sedo: Sedo, execution: str) -> Any:
    sedo.deliver()
    return sedo.get(f"/executions/{execution}")


def token(sedo: Sedo, execution: str) -> str:
    (waits,) = (wait for wait in read(sedo, execution)["waitingFor"] if wait["for"] == "callback")
    return str(waits["token"])


Send = Callable[..., HTTPResponse]
"""Answers a step: with its token, in which way, with which body."""


@pytest.fixture(params=["header", "path"])
def send(request: pytest.FixtureRequest, sedo: Sedo) -> Send:
    """Answer with the token in either place: what holds for one holds for the other."""

    def answered(token: str, way: str, body: "Json | bytes" = b"", **fields: str) -> HTTPResponse:
        if request.param == "path":
            return sedo.ask("POST", f"/sedo/callbacks/{token}/{way}", body, {**JSON, **fields})
        return sedo.ask("POST", f"/sedo/callbacks/{way}", body, {**JSON, "Authorization": f"Bearer {token}", **fields})

    return answered


class TestCallback:
    def test_the_body_is_the_result(self, sedo: Sedo, send: Send) -> None:
        execution = started(sedo, ASK)
        answer = send(token(sedo, execution), "succeed", {"yes": [1]})
        assert (answer.status_code, answer.body) == (204, b"")
        assert read(sedo, execution)["output"] == {"yes": [1]}

    def test_nothing_at_all_is_null(self, sedo: Sedo, send: Send) -> None:
        execution = started(sedo, ASK)
        assert send(token(sedo, execution), "succeed").status_code == 204
        assert read(sedo, execution)["state"] == "ExecutionSucceeded"

    def test_a_token_is_good_for_one_answer(self, sedo: Sedo, send: Send) -> None:
        execution = started(sedo, ASK)
        mine = token(sedo, execution)
        send(mine, "succeed", 1)
        for way in ("succeed", "fail", "heartbeat"):
            assert_problem(send(mine, way, {}), 409)
        assert read(sedo, execution)["output"] == 1

    def test_it_can_fail_with_a_name_and_a_message(self, sedo: Sedo, send: Send) -> None:
        execution = started(sedo, ASK)
        body: Json = {"name": "bank.Refused", "message": "no money", "details": {"left": 3}}
        assert send(token(sedo, execution), "fail", body).status_code == 204
        assert read(sedo, execution)["error"] == {
            "name": "bank.Refused",
            "message": "no money",
            "step": "ask",
            "attempt": 1,
            "details": {"left": 3},
        }

    def test_without_a_name_the_error_has_one(self, sedo: Sedo, send: Send) -> None:
        execution = started(sedo, ASK)
        send(token(sedo, execution), "fail", {})
        assert read(sedo, execution)["error"]["name"] == "callback.Failed"

    @pytest.mark.parametrize("body", [{"name": "not a name"}, {"name": 7}, {"message": 7}, {"why": "so"}, []])
    def test_an_error_that_is_none_is_refused(self, sedo: Sedo, send: Send, body: Json) -> None:
        execution = started(sedo, ASK)
        assert_problem(send(token(sedo, execution), "fail", body), 400)
        assert read(sedo, execution)["state"] == "StepStarted"

    def test_signs_of_life_keep_it_waiting(self, sedo: Sedo, send: Send) -> None:
        execution = started(sedo, ASK)
        for _ in range(3):
            sedo.pass_time(500)
            assert send(token(sedo, execution), "heartbeat").status_code == 204
        sedo.pass_time(599)
        assert read(sedo, execution)["state"] == "StepStarted"
        sedo.pass_time(2)
        assert read(sedo, execution)["error"]["name"] == "HeartbeatTimeout"

    def test_one_without_a_heartbeat_hears_signs_of_life_and_changes_nothing(self, sedo: Sedo, send: Send) -> None:
        execution = started(sedo, {"id": "ask", "type": "callback"})
        before = sedo.stored()
        assert send(token(sedo, execution), "heartbeat").status_code == 204
        assert sedo.stored() == before

    @pytest.mark.parametrize("way", ["succeed", "fail", "heartbeat"])
    def test_what_nobody_has_signed_is_no_token(self, sedo: Sedo, send: Send, way: str) -> None:
        execution = started(sedo, ASK)
        sound = token(sedo, execution)
        version, key, payload, signature = sound.split(".")
        for wrong in (
            "x",
            f"{version}.{key}.{payload}.{signature[::-1]}",
            f"v2.{key}.{payload}.{signature}",
            sound[:-1],
        ):
            assert_problem(send(wrong, way, {}), 404, "token is not valid")

    def test_it_expires(self, sedo: Sedo, send: Send) -> None:
        execution = started(sedo, {"id": "ask", "type": "callback"})
        sound = token(sedo, execution)
        sedo.clock.instant += timedelta(days=367)
        assert_problem(send(sound, "succeed", {}), 410)

    def test_a_key_belongs_to_the_token(self, sedo: Sedo, send: Send) -> None:
        both = {"id": "all", "type": "parallel", "branches": [{"id": x, "steps": [{**ASK, "id": x}]} for x in "ab"]}
        waits = read(sedo, started(sedo, both))["waitingFor"]
        one, two = (wait["token"] for wait in waits if wait["for"] == "callback")
        answers = [send(mine, "succeed", 1, **{"Idempotency-Key": "k"}) for mine in (one, two, one, two)]
        assert [answer.status_code for answer in answers] == [204] * 4
        assert ["Idempotency-Replayed" in answer.headers for answer in answers] == [False, False, True, True]

    @pytest.mark.parametrize("field", ["", "Bearer", "Bearer ", "Basic eDp5", "v1.a.b.c"])
    @pytest.mark.parametrize("way", ["succeed", "fail", "heartbeat"])
    def test_without_a_token_it_is_said_how_to_send_one(self, sedo: Sedo, way: str, field: str) -> None:
        answer = sedo.ask("POST", f"/sedo/callbacks/{way}", {}, {**JSON, "Authorization": field})
        assert assert_problem(answer, 401)["detail"].startswith("send Authorization: Bearer")
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_the_scheme_is_read_in_any_letters(self, sedo: Sedo) -> None:
        mine = token(sedo, started(sedo, ASK))
        answer = sedo.ask("POST", "/sedo/callbacks/succeed", 1, {**JSON, "Authorization": f"bearer  {mine} "})
        assert answer.status_code == 204

    def test_a_token_is_in_no_line_of_the_log_no_history_and_no_error(
        self, sedo: Sedo, send: Send, caplog: pytest.LogCaptureFixture
    ) -> None:
        execution = started(sedo, ASK)
        mine = token(sedo, execution)
        with caplog.at_level("INFO", "sedo"):
            answers = [send(mine, way, body) for way in ("heartbeat", "succeed", "fail") for body in (b"", {"a": 1})]
            answers += [send(mine[:-1], "succeed"), send(mine, "succeed", **{"Content-Type": "text/plain"})]
            sedo.deliver()
        said = "\n".join([caplog.text, *(str(answer.body) for answer in answers)])
        assert caplog.text.count("/sedo/callbacks/") == len(answers)
        history = json.dumps(sedo.get(f"/executions/{execution}/history"))
        assert not [part for part in mine.split(".")[2:] if part[:20] in said + history]

    def test_a_request_is_handed_the_token_and_its_answer_is_not_the_result(self, sedo: Sedo) -> None:
        with loopback() as server:
            step: dict[str, Json] = {
                "id": "ask",
                "type": "http",
                "method": "POST",
                "url": f"{server.url}/ask",
                "body": {"answerTo": "/sedo/callbacks/${step.token}/succeed", "for": "${input}"},
                "callback": True,
                "stash": "said",
            }
            execution = started(sedo, step, value="Ada")
            (request,) = server.requests
        asked = json.loads(request.body)
        assert asked["for"] == "Ada"
        assert read(sedo, execution)["state"] == "StepStarted"
        assert sedo.ask("POST", asked["answerTo"], "hello").status_code == 204
        ended = read(sedo, execution)
        assert (ended["output"], ended["stash"]) == ("hello", {"said": "hello"})
        handed = urlsplit(asked["answerTo"]).path.split("/")[3]
        assert handed not in json.dumps([ended, sedo.get(f"/executions/{execution}/history")])


class TestEvent:
    def test_its_data_is_the_result(self, sedo: Sedo) -> None:
        execution = started(sedo, PAID)
        assert read(sedo, execution)["waitingFor"][0] == {
            "thread": "main",
            "step": "paid",
            "for": "event",
            "name": "paid",
            "key": None,
        }
        answer = sedo.ask("POST", f"{T}/executions/{execution}/events/paid", {"data": {"amount": 7}})
        assert (answer.status_code, answer.json_body["state"]) == (202, "taken")
        assert read(sedo, execution)["output"] == {"amount": 7}

    def test_one_that_comes_first_is_kept_for_the_step(self, sedo: Sedo) -> None:
        execution = started(sedo, {"id": "rest", "type": "wait", "seconds": 60}, PAID)
        path = f"{T}/executions/{execution}/events/paid"
        answer = sedo.ask("POST", path, {"data": {"amount": 7}, "keepSeconds": 100})
        assert (answer.json_body["state"], answer.json_body["keptUntil"]) == ("kept", "2026-01-01T00:01:40.000Z")
        sedo.pass_time(61)
        assert read(sedo, execution)["output"] == {"amount": 7}

    def test_the_same_again_is_answered_the_same_and_counts_once(self, sedo: Sedo) -> None:
        execution = started(sedo, PAID, {**PAID, "id": "again"})
        path, body = f"{T}/executions/{execution}/events/paid", {"data": {"amount": 7}, "id": "order-7"}
        first, second = (sedo.ask("POST", path, body) for _ in range(2))
        assert first.json_body == second.json_body
        assert read(sedo, execution)["step"] == "again"

    def test_data_that_no_waiting_step_takes_is_refused_and_says_why(self, sedo: Sedo) -> None:
        execution = started(sedo, PAID)
        problem = assert_problem(sedo.ask("POST", f"{T}/executions/{execution}/events/paid", {"data": {}}), 400)
        assert problem["errors"] == [{"pointer": "", "message": "'amount' is a required property"}]
        assert read(sedo, execution)["state"] == "StepStarted"

    def test_what_is_over_takes_none(self, sedo: Sedo) -> None:
        execution = started(sedo, PAID)
        sedo.ask("POST", f"{T}/executions/{execution}/cancel")
        assert_problem(sedo.ask("POST", f"{T}/executions/{execution}/events/paid", {"data": {"amount": 1}}), 409)

    def test_only_the_tenants_own_executions_take_it(self, sedo: Sedo) -> None:
        execution = started(sedo, PAID)
        body: Json = {"data": {"amount": 1}}
        for path in (f"/sedo/tenants/other/executions/{execution}", f"{T}/executions/123:d:none"):
            assert_problem(sedo.ask("POST", f"{path}/events/paid", body), 404, "execution not found")

    def test_a_full_mailbox_says_so(self, sedo: Sedo) -> None:
        execution = started(sedo, {"id": "rest", "type": "wait", "seconds": 60}, PAID)
        path = f"{T}/executions/{execution}/events/paid"
        for _ in range(100):
            assert sedo.ask("POST", path, {}).status_code == 202
        assert "keeps 100 events already" in assert_problem(sedo.ask("POST", path, {}), 409)["detail"]

    @pytest.mark.parametrize(
        "body",
        [{"keepSeconds": -1}, {"keepSeconds": "1"}, {"keepSeconds": True}, {"id": "a b"}, {"id": 7}, {"x": 1}, []],
    )
    def test_what_cannot_be_meant_is_refused(self, sedo: Sedo, body: Json) -> None:
        execution = started(sedo, PAID)
        for path in (f"{T}/executions/{execution}/events/paid", f"{T}/events/paid"):
            assert_problem(sedo.ask("POST", path, body), 400)

    def test_by_its_key_it_finds_the_execution_that_waits(self, sedo: Sedo) -> None:
        executions = [started(sedo, KEYED, value={"order": order}) for order in ("7", "8")]
        answer = sedo.ask("POST", f"{T}/events/paid", {"key": "8", "data": {"amount": 1}})
        assert (answer.json_body["state"], answer.json_body["executionId"]) == ("taken", executions[1])
        assert [read(sedo, execution)["state"] for execution in executions] == ["StepStarted", "ExecutionSucceeded"]

    def test_by_its_key_it_is_kept_for_whoever_will_wait(self, sedo: Sedo) -> None:
        answer = sedo.ask("POST", f"{T}/events/paid", {"key": "7", "data": {"amount": 1}})
        assert (answer.json_body["state"], answer.json_body["executionId"]) == ("kept", None)
        first, second = (started(sedo, KEYED, value={"order": "7"}) for _ in range(2))
        assert [read(sedo, execution)["state"] for execution in (first, second)] == [
            "ExecutionSucceeded",
            "StepStarted",
        ]

    def test_by_its_key_data_that_nobody_takes_is_refused(self, sedo: Sedo) -> None:
        started(sedo, KEYED, value={"order": "7"})
        assert_problem(sedo.ask("POST", f"{T}/events/paid", {"key": "7", "data": {}}), 400)

    def test_by_its_key_it_finds_nobody_of_another_tenant(self, sedo: Sedo) -> None:
        execution = started(sedo, KEYED, value={"order": "7"})
        answer = sedo.ask("POST", "/sedo/tenants/other/events/paid", {"key": "7", "data": {"amount": 1}})
        assert answer.json_body["state"] == "kept"
        assert read(sedo, execution)["state"] == "StepStarted"

    def test_who_has_ended_waits_no_longer(self, sedo: Sedo) -> None:
        first, second = (started(sedo, KEYED, value={"order": "7"}) for _ in range(2))
        sedo.ask("POST", f"{T}/executions/{first}/cancel")
        answer = sedo.ask("POST", f"{T}/events/paid", {"key": "7", "data": {"amount": 1}})
        assert answer.json_body["executionId"] == second

    @pytest.mark.parametrize("key", [None, "", 7, "x" * 1001])
    def test_without_a_key_nobody_can_be_found(self, sedo: Sedo, key: Json) -> None:
        assert_problem(sedo.ask("POST", f"{T}/events/paid", {"key": key}), 400)

    def test_a_name_that_no_step_has_is_refused_with_those_that_there_are(self, sedo: Sedo) -> None:
        execution = started(sedo, PAID, {**PAID, "id": "sent", "name": "sent"})
        problem = assert_problem(sedo.ask("POST", f"{T}/executions/{execution}/events/payed", {}), 409)
        assert problem["title"] == "no step takes an event of this name"
        assert problem["detail"] == "no step takes an event 'payed': the steps of 'd' take paid, sent"

    def test_without_a_step_that_takes_events_every_name_is_refused(self, sedo: Sedo) -> None:
        execution = started(sedo, {"id": "rest", "type": "wait", "seconds": 60})
        problem = assert_problem(sedo.ask("POST", f"{T}/executions/{execution}/events/paid", {}), 409)
        assert problem["detail"] == "no step takes an event 'paid': no step takes any"

    def test_a_name_that_a_template_makes_can_be_any(self, sedo: Sedo) -> None:
        execution = started(sedo, {"id": "named", "type": "event", "name": "${input}"}, value="paid")
        answers = [
            sedo.ask("POST", f"{T}/executions/{execution}/events/{name}", {}).json_body for name in ("x", "paid")
        ]
        assert [answer["state"] for answer in answers] == ["kept", "taken"]

    def test_by_its_key_any_name_is_kept(self, sedo: Sedo) -> None:
        started(sedo, KEYED, value={"order": "7"})
        assert sedo.ask("POST", f"{T}/events/payed", {"key": "7"}).json_body["state"] == "kept"

    def test_what_was_sent_can_be_listed(self, sedo: Sedo) -> None:
        execution = started(sedo, PAID, {"id": "rest", "type": "wait", "seconds": 60}, {**PAID, "id": "again"})
        path, headers = f"{T}/executions/{execution}/events/paid", {**JSON, "X-Sedo-User": "ada"}
        for name, seconds in (("1", 100), ("2", 100), ("3", 10)):
            sedo.ask("POST", path, {"data": {"amount": 1}, "id": name, "keepSeconds": seconds}, headers)
        route = f"/executions/{execution}/events"
        kept = {"id": "2", "name": "paid", "by": "ada", "state": "kept", "until": "2026-01-01T00:01:40.000Z"}
        assert sedo.get(route)[1:] == [{**kept, "id": "1", "state": "taken"}, kept]
        sedo.pass_time(11)
        assert [each["state"] for each in sedo.get(route)] == ["untaken", "taken", "kept"]
        assert [each["id"] for each in sedo.get(f"{route}?state=untaken")] == ["3"]
        for sort, ids in (("until", ["3", "1", "2"]), ("-until", ["2", "1", "3"])):
            pages = [*sedo.pages(f"{T}{route}?limit=1&sort={sort}")]
            assert [[each["id"] for each in page] for page in pages] == [[name] for name in ids]
        assert_problem(sedo.ask("GET", f"/sedo/tenants/other/executions/{execution}/events"), 404)

    @pytest.mark.parametrize("end", ["cancelled", "succeeded", "failed", "timed out"])
    def test_what_no_step_has_taken_is_in_the_record_of_the_end(self, sedo: Sedo, end: str) -> None:
        rest: dict[str, Json] = {"id": "rest", "type": "wait", "seconds": 60}
        last: dict[str, Json] = {"id": "last", "type": "fail" if end == "failed" else "succeed"}
        if end == "failed":
            last |= {"error": "Broken", "cause": "so"}
        skipped: dict[str, Json] = {**PAID, "id": "skipped", "when": "`false`"}
        definition: Json = {"id": "d", "steps": [rest, skipped, last]}
        if end == "timed out":
            definition["timeoutSeconds"] = 30  # type: ignore[index, call-overload] # it is an object
        sedo.ask("POST", T + "/definitions", definition)
        execution = sedo.ask("POST", T + "/definitions/d/execute", {}).json_body["id"]
        sedo.deliver()
        path, headers = f"{T}/executions/{execution}/events/paid", {**JSON, "X-Sedo-User": "ada"}
        assert sedo.ask("POST", path, {"data": {"amount": 1}, "id": "1"}, headers).json_body["state"] == "kept"
        sedo.ask("POST", path, {"data": {"amount": 1}, "id": "2", "keepSeconds": 5}, headers)
        if end == "cancelled":
            sedo.pass_time(6)
            sedo.ask("POST", f"{T}/executions/{execution}/cancel")
        else:
            sedo.pass_time(61)
            sedo.deliver()
        record = sedo.get(f"/executions/{execution}/history")[-1]
        assert record["state"].lower() == f"execution{end.replace(' ', '')}"
        assert record["untakenEvents"] == [{"id": "1", "name": "paid", "by": "ada"}]
        assert [each["state"] for each in sedo.get(f"/executions/{execution}/events")] == ["untaken", "untaken"]

    def test_after_a_redrive_it_can_still_be_taken(self, sedo: Sedo) -> None:
        execution = started(sedo, {"id": "rest", "type": "wait", "seconds": 60}, PAID)
        sedo.ask("POST", f"{T}/executions/{execution}/events/paid", {"data": {"amount": 7}})
        sedo.ask("POST", f"{T}/executions/{execution}/cancel")
        sedo.ask("POST", f"{T}/executions/{execution}/redrive", {})
        sedo.pass_time(61)
        assert read(sedo, execution)["output"] == {"amount": 7}
        assert [each["state"] for each in sedo.get(f"/executions/{execution}/events")] == ["taken"]

    def test_what_is_kept_of_a_key_and_who_waits_can_be_listed_in_pages(self, sedo: Sedo) -> None:
        executions = [started(sedo, KEYED, value={"order": "7"}) for _ in range(2)]
        sedo.pass_time(1)
        for name in ("1", "2"):
            other: Json = {"key": "7", "data": {}, "id": name}
            sedo.ask("POST", f"{T}/events/other", other)
        path, seen = f"{T}/events/other?key=7&limit=1", []
        for _ in range(2):
            answer = sedo.ask("GET", path)
            seen += answer.json_body
            path = str(answer.headers.get("Link", "")).partition(">")[0][1:]
        assert path == ""
        at, until = "2026-01-01T00:00:01.000Z", "2026-01-02T00:00:01.000Z"
        head = {"state": "kept", "since": at, "by": None, "until": until}
        assert seen == [{**head, "id": "1"}, {**head, "id": "2"}]
        waiting = [sedo.ask("GET", f"{T}/events/paid?key=7&limit=1")]
        link = str(waiting[0].headers["Link"]).partition(">")[0][1:]
        waiting.append(sedo.ask("GET", link))
        assert "Link" not in waiting[1].headers
        found = [each for page in waiting for each in page.json_body]
        assert {each["executionId"] for each in found} == set(executions)
        assert found[0].keys() == {"state", "since", "executionId", "thread", "step"}
        assert "key is a text" in assert_problem(sedo.ask("GET", f"{T}/events/paid"), 400)["detail"]
        assert sedo.ask("GET", f"{T}/events/paid?key=8").json_body == []

    def test_by_its_key_a_repeat_of_what_was_taken_is_answered_the_same(self, sedo: Sedo) -> None:
        started(sedo, KEYED, value={"order": "7"})
        body: Json = {"key": "7", "data": {"amount": 1}, "id": "one"}
        first, second = (sedo.ask("POST", f"{T}/events/paid", body).json_body for _ in range(2))
        assert first == second
        assert first["state"] == "taken"

    def test_who_sent_it_is_known(self, sedo: Sedo) -> None:
        execution = started(sedo, PAID)
        headers = {**JSON, "X-Sedo-User": "ada"}
        sedo.ask("POST", f"{T}/executions/{execution}/events/paid", {"data": {"amount": 7}}, headers)
        history = sedo.get(f"/executions/{execution}/history")
        assert [record.get("actor") for record in history if record["state"] == "StepSucceeded"] == ["ada"]
