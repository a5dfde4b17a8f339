"""Executions over the API, from their start to their end."""

import json
import re

import pytest

from chalicelib.adapters.memory.stores import QueueMessage
from chalicelib.core.records.codec import MESSAGES_READ
from chalicelib.core.values.json import Json, parse_instant
from chalicelib.engine.worker import GivenBackError
from tests.application import DAY, EXAMPLE, EXECUTE, JSON, Sedo, T, assert_problem, states


def test_the_transcript_of_the_readme(sedo: Sedo) -> None:
    created = sedo.create()
    assert created.status_code == 201
    assert created.json_body.items() >= {"id": "example-definition", "tenantId": "123", "version": 1}.items()
    assert [definition["id"] for definition in sedo.get("/definitions")] == ["example-definition"]

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


def test_every_error_of_the_input_is_told(sedo: Sedo) -> None:
    sedo.create(EXAMPLE.replace("required: [foo]", "required: [foo, baz]"))
    problem = assert_problem(sedo.ask("POST", EXECUTE, {"input": {"foo": 5}}), 400)
    assert sorted(error["pointer"] for error in problem["errors"]) == ["", "/foo"]


def test_a_name_makes_starting_idempotent(sedo: Sedo) -> None:
    sedo.create()
    body: Json = {"input": {"foo": "bar"}, "name": "order-7"}
    first, again = sedo.ask("POST", EXECUTE, body), sedo.ask("POST", EXECUTE, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert [answer.json_body["id"] for answer in (first, again)] == ["123:example-definition:order-7"] * 2
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


def test_waiting_answers_once_it_has_ended_or_after_that_time(sedo: Sedo) -> None:
    sedo.create()
    begin = sedo.clock.now()
    answer = sedo.ask("POST", EXECUTE + "?wait=20", {"input": {"foo": "bar"}})
    assert (answer.status_code, answer.json_body["state"]) == (201, "StepStarted")
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
    until = "2026-01-01T00:00:45.000Z"
    (waits,) = sedo.get(path)["waitingFor"]
    assert waits == {"thread": "main", "step": "wait-some-time", "for": "timer", "until": until, "due": False}
    sedo.pass_time(45)
    assert sedo.get(path)["waitingFor"] == []


@pytest.mark.parametrize("after", [0, 45])
def test_a_message_that_was_received_too_often_while_no_function_ran_is_done_all_the_same(
    sedo: Sedo, after: int
) -> None:
    sedo.create("{id: kid, steps: [{id: hello, type: echo, message: hello}]}")
    child = "steps:\n  - {id: child, type: workflow, definition: kid}"
    sedo.create(EXAMPLE if after else EXAMPLE.replace("steps:", child))
    path = f"/executions/{sedo.start()['id']}"
    sedo.clock.sleep(after)
    for _ in range(sedo.queue.receives):
        (message,) = sedo.queue.visible()
        sedo.queue.receive(message)  # and Lambda is throttled
        sedo.clock.sleep(sedo.queue.visibility.total_seconds())
    sedo.pass_time(45)
    assert sedo.get(path)["state"] == "ExecutionSucceeded"
    assert sedo.queue.messages == {}


def test_a_message_that_nobody_can_read_is_parked_in_the_end(sedo: Sedo) -> None:
    at = sedo.clock.now()
    sedo.queue.messages["bad"] = QueueMessage("bad", "{", timer=False, visible_at=at, sent_at=at)
    sedo.pass_time(3600)
    assert [str(error) for error in sedo.sources.errors] == ["1 of 1 messages are given back"] * sedo.queue.receives
    assert sedo.queue.messages == {}


def test_a_message_that_is_given_back_leaves_a_trace(sedo: Sedo, caplog: pytest.LogCaptureFixture) -> None:
    at = sedo.clock.now()
    newer = MESSAGES_READ + 1
    body = json.dumps({"v": newer})
    sedo.queue.messages["newer"] = QueueMessage("newer", body, timer=False, visible_at=at, sent_at=at)
    sedo.deliver()
    assert [type(error) for error in sedo.sources.errors] == [GivenBackError]
    assert f"message version {newer} is unknown here" in caplog.text


DEFAULTS = """
id: example-definition
inputSchema:
  type: object
  properties:
    name: {type: string, default: Ada}
    lines: {type: array, items: {properties: {count: {type: integer, default: 1}}}}
  required: [name]
stash: {greeting: "Hello ${ input.name }"}
steps:
  - {id: say, type: transform, output: ["${ input }", "${ output }", "${ stash.greeting }"]}
"""


def test_defaults_of_the_schema_are_part_of_the_input(sedo: Sedo) -> None:
    assert sedo.create(DEFAULTS).status_code == 201
    started = sedo.start(input={"lines": [{}, {"count": 2}]})
    sedo.deliver()
    found = sedo.get(f"/executions/{started['id']}")
    filled = {"lines": [{"count": 1}, {"count": 2}], "name": "Ada"}
    assert (found["input"], found["output"]) == (filled, [filled, filled, "Hello Ada"])


def test_an_empty_start_has_the_defaults_and_what_is_wrong_with_them_is_told(sedo: Sedo) -> None:
    sedo.create(DEFAULTS)
    answer = sedo.ask("POST", EXECUTE)
    assert sedo.get(f"/executions/{answer.json_body['id']}")["input"] == {"name": "Ada"}
    sedo.create(DEFAULTS.replace("default: Ada", "default: 5"))
    problem = assert_problem(sedo.ask("POST", EXECUTE), 400, "input does not pass inputSchema validation")
    assert problem["errors"] == [{"pointer": "/name", "message": '5 is a number, not a text: write "5"'}]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (5, 'name 5 is not an id: it has to match [A-Za-z0-9._-]{1,64}: write "5"'),
        (True, "name true is not an id: it has to match [A-Za-z0-9._-]{1,64}"),
        ([5], "name […] is not an id: it has to match [A-Za-z0-9._-]{1,64}"),
        ({}, "name {…} is not an id: it has to match [A-Za-z0-9._-]{1,64}"),
        ("a b", "name 'a b' is not an id: it has to match [A-Za-z0-9._-]{1,64}"),
    ],
)
def test_a_name_that_is_none_is_told_as_it_was_sent(sedo: Sedo, name: Json, said: str) -> None:
    sedo.create(DEFAULTS)
    answer = sedo.ask("POST", EXECUTE, {"name": name})
    assert assert_problem(answer, 400, "what was sent is not valid")["detail"] == said


def test_a_repeat_of_a_named_start_has_the_defaults_of_the_version_that_it_started(sedo: Sedo) -> None:
    sedo.create(DEFAULTS)
    first = sedo.ask("POST", EXECUTE, {"name": "n"})
    sedo.create(DEFAULTS.replace("default: Ada", "default: Eve"))
    for repeated in ({}, {"name": "Ada"}):
        again = sedo.ask("POST", EXECUTE, {"name": "n", "input": repeated})
        assert (again.status_code, again.json_body["id"]) == (200, first.json_body["id"])
    assert_problem(sedo.ask("POST", EXECUTE, {"name": "n", "input": {"name": "Eve"}}), 409)


def test_a_child_execution_and_a_dry_run_have_the_defaults(sedo: Sedo) -> None:
    sedo.create(DEFAULTS)
    steps = "[{id: call, type: workflow, definition: example-definition, input: {}}]"
    assert sedo.create(f"id: parent\nsteps: {steps}").status_code == 201
    started = sedo.ask("POST", EXECUTE.replace("example-definition", "parent")).json_body
    sedo.deliver()
    assert sedo.get(f"/executions/{started['id']}")["output"][0] == {"name": "Ada"}
    test = "/sedo/tenants/123/definitions/example-definition/test"
    assert sedo.ask("POST", test, {}).json_body["output"][0] == {"name": "Ada"}
    assert sedo.ask("POST", test, {"step": "say", "input": {}}).json_body["output"][0] == {"name": "Ada"}


def test_a_default_that_is_never_filled_in_is_warned_of(sedo: Sedo) -> None:
    answer = sedo.create(DEFAULTS.replace("required: [name]", "anyOf: [{properties: {x: {default: 1}}}]"))
    assert [warning["pointer"] for warning in answer.json_body["warnings"]] == [
        "/inputSchema/anyOf/0/properties/x/default"
    ]


HELLO = "{id: example-definition, steps: [{id: hello, type: echo, message: 'Hello ${input.foo}'}]}"


class TestImmediate:
    """An execution of immediate steps runs in the request that starts it."""

    @pytest.mark.parametrize("query", ["", "?wait=20"])
    def test_the_answer_has_its_end(self, sedo: Sedo, query: str) -> None:
        sedo.create(HELLO)
        begin = sedo.clock.now()
        answer = sedo.ask("POST", EXECUTE + query, {"input": {"foo": "bar"}})
        ended = answer.json_body
        assert (answer.status_code, ended["state"], ended["output"]) == (201, "ExecutionSucceeded", "Hello bar")
        assert sedo.queue.messages == {}
        assert sedo.clock.now() == begin
        assert sedo.get(f"/executions/{ended['id']}") == ended

    def test_a_repeat_has_the_same_answer(self, sedo: Sedo) -> None:
        sedo.create(HELLO)
        for headers, body in (({"Idempotency-Key": "once"}, {}), ({}, {"name": "mine"})):
            first, again = (
                sedo.ask("POST", EXECUTE, {"input": {"foo": "bar"}, **body}, {**JSON, **headers}) for _ in range(2)
            )
            assert (again.json_body, first.status_code) == (first.json_body, 201)

    def test_one_that_fails_is_answered_with_its_error(self, sedo: Sedo) -> None:
        sedo.create("{id: example-definition, steps: [{id: no, type: fail, error: No, cause: not today}]}")
        answer = sedo.ask("POST", EXECUTE, {"input": {"foo": "bar"}})
        assert (answer.status_code, answer.json_body["state"]) == (201, "ExecutionFailed")
        assert answer.json_body["error"]["name"] == "No"

    def test_what_follows_an_answer_runs_in_the_request_that_brings_it(self, sedo: Sedo) -> None:
        event = "{id: paid, type: event, name: paid, key: '${input.foo}'}"
        sedo.create(HELLO.replace("steps: [", f"steps: [{event}, "))
        path = f"/executions/{sedo.start()['id']}"
        sedo.deliver()
        assert sedo.ask("POST", T + "/events/paid", {"key": "bar", "data": 1}).status_code == 202
        assert sedo.get(path)["state"] == "ExecutionSucceeded"
