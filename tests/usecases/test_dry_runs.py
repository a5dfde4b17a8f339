from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.core.dryruns.single_step import Given
from chalicelib.core.values.errors import (
    DryRunLimitError,
    InvalidError,
)
from chalicelib.usecases.dry_run_plan import Bounds, DryRunPlan
from chalicelib.usecases.dry_runs import dry_run
from tests.usecases.examples import CHARGE, EVER, HTTP, START, Definitions, dry, steps


class TestCalls:
    def test_a_call_is_answered_by_its_mock_and_told_with_its_parameters_and_key(self) -> None:
        found = dry(CHARGE, {"charge": {"result": {"status": 200}}}, input=5)
        assert (found.state, found.output, found.error) == ("ExecutionSucceeded", {"status": 200}, None)
        params = {"url": "https://bank.example/charges", "method": "POST", "body": 5}
        call: dict[str, Any] = {"step": "charge", "kind": "http", "params": params, "attempt": 1}
        assert found.calls == [{**call, "key": "t:d:dry-run:main:0"}]

    def test_without_a_mock_nothing_is_performed_and_the_run_ends_there(self) -> None:
        found = dry(CHARGE.replace("body", "timeoutSeconds: 5, body"), input=5)
        params = {"url": "https://bank.example/charges", "method": "POST", "body": 5}
        assert found.unanswered == [{"step": "charge", "for": "http", "params": params}]
        assert (found.state, found.calls, found.path) == ("StepStarted", [], ["charge"])
        assert (found.output, found.elapsed) == (None, 0)

    def test_what_fails_is_tried_again_and_answers_are_used_in_their_order(self) -> None:
        retry = "retry: [{errors: [http.*], maxAttempts: 3, intervalSeconds: 10, jitter: none}]"
        text = CHARGE.replace("body", f"{retry}, body")
        found = dry(text, {"charge": [{"error": "http.Status.503"}, {"error": "http.Timeout"}, {"result": 1}]})
        assert (found.output, found.elapsed, found.path) == (1, 30, ["charge"])
        assert [call["attempt"] for call in found.calls] == [1, 2, 3]
        assert {str(call["key"]) for call in found.calls} == {"t:d:dry-run:main:0"}
        limited = dry(text, {"charge": {"error": "http.Status.429", "retryAfter": 60, "details": 1, "message": "slow"}})
        assert limited.elapsed == 120
        error = {"name": "http.Status.429", "message": "slow", "step": "charge", "attempt": 3, "details": 1}
        assert (limited.state, limited.error) == ("ExecutionFailed", error)

    def test_a_call_that_nobody_answers_is_over_at_its_time(self) -> None:
        text = CHARGE.replace("body", "timeoutSeconds: 7, delivery: at-most-once, body")
        found = dry(text, {"charge": {"nothing": True}})
        error: Any = found.error
        assert (error["name"], found.elapsed, len(found.calls)) == ("Interrupted", 7, 1)
        assert error["details"]["name"] == "Timeout"

    def test_a_call_that_nobody_ever_answers_ends_the_run(self) -> None:
        found = dry(CHARGE, {"charge": {"nothing": True}})
        assert [(each["step"], each["for"]) for each in found.unanswered] == [("charge", "http")]
        assert len(found.calls) == 1

    def test_secrets_and_tokens_are_seen_nowhere(self) -> None:
        auth = "auth: {type: bearer, token: \"${secret('bank')}\"}, callback: true, headers: {t: 'a ${step.token}'}"
        found = dry(
            CHARGE.replace("body", f"{auth}, body"), {"charge": {"result": 1}, "charge#callback": {"result": 2}}
        )
        params: Any = found.calls[0]["params"]
        assert (params["auth"], params["headers"]) == ({"type": "bearer", "token": "***"}, {"t": "a ***"})
        assert found.output == 2

    def test_calls_of_one_invocation_keep_their_own_times(self) -> None:
        text = f"""
steps:
  - id: both
    type: parallel
    branches:
      - {{id: quick, steps: [{{id: a, {HTTP}, timeoutSeconds: 5, catch: [{{errors: ['*'], next: b}}]}},
                             {{id: b, type: succeed, output: quick}}]}}
      - {{id: slow, steps: [{{id: c, {HTTP}, delivery: at-most-once, timeoutSeconds: 9,
                              catch: [{{errors: [Interrupted], next: d}}]}}, {{id: d, type: succeed, output: slow}}]}}
      - {{id: done, steps: [{{id: e, {HTTP}}}, {{id: nap, type: wait, seconds: 7}}]}}
"""
        late = [{"nothing": True}, {"result": "never asked again"}]
        found = dry(text, {"a": {"nothing": True}, "c": late, "e": {"result": "done"}})
        assert found.output == {"quick": "quick", "slow": "slow", "done": "done"}
        assert (found.elapsed, [call["step"] for call in found.calls]) == (
            9,
            ["both/quick/a", "both/slow/c", "both/done/e"],
        )
        assert [s for s in steps(found) if s != "both"] == [
            f"both/{step}" for step in ("done/e", "quick/b", "done/nap", "slow/d")
        ]


class TestTime:
    def test_waits_of_any_length_are_skipped(self) -> None:
        found = dry("steps: [{id: a, type: wait, seconds: 45}, {id: b, type: wait, seconds: 31536000}]")
        assert (found.state, found.elapsed) == ("ExecutionSucceeded", 31536045)

    def test_what_lasts_for_ever_is_an_error(self) -> None:
        with pytest.raises(DryRunLimitError, match=r"not ended after 500 turns: now at first.*round for ever\?"):
            dry(f"steps: [{{id: first, type: echo, message: hi}}, {EVER}]", bounds=Bounds(turns=500))
        with pytest.raises(DryRunLimitError, match="500 turns"):
            dry(f"steps: [{{id: first, type: wait, seconds: 90000}}, {EVER}]", bounds=Bounds(turns=500))

    def test_what_keeps_too_much_is_an_error(self) -> None:
        text = f"steps: [{{id: first, type: echo, message: '${{input}}'}}, {EVER}]"
        with pytest.raises(DryRunLimitError, match="more than 10,000 bytes"):
            dry(text, input="x" * 400, bounds=Bounds(size=10_000))
        with pytest.raises(DryRunLimitError, match="more than 10,000 bytes"):
            dry(CHARGE, {"charge": {"result": 1}}, input="x" * 12_000, bounds=Bounds(size=10_000))

    def test_the_time_that_it_really_takes_has_a_bound(self) -> None:
        class Hurried(MemoryClock):
            def now(self) -> datetime:
                self.sleep(1)
                return super().now()

        text = f"steps: [{{id: first, type: echo, message: hi}}, {EVER}]"
        plan, clock = DryRunPlan("t", "d", 1), Hurried(START)
        with pytest.raises(DryRunLimitError, match="after 12 seconds"):
            dry_run(Definitions(d=text), plan, START, clock)
        assert clock.instant < START + timedelta(seconds=20)

    def test_no_turn_is_begun_after_that(self) -> None:
        class Watched(MemoryClock):
            """Time passes when it is asked for."""

            asked = 0

            def now(self) -> datetime:
                self.asked += 1
                self.sleep(1)
                return super().now()

        steps = ", ".join(f"{{id: s{n}, type: echo, message: hi}}" for n in range(60))
        clock = Watched(START)
        with pytest.raises(DryRunLimitError, match="after 12 seconds: now at s"):
            dry_run(Definitions(d=f"steps: [{steps}]"), DryRunPlan("t", "d", 1), START, clock)
        assert clock.asked < 20


ASK = """
steps:
  - id: approve
    type: task
    title: Approve it
    not: [bob]
    inputSchema: {type: object, properties: {approved: {type: boolean}}, required: [approved]}
    due: {seconds: 100, then: continue, value: late}
    output: {answer: '${output}', by: '${step.completedBy}'}
"""
EVENT = "steps: [{id: paid, type: event, name: paid, key: k, schema: {type: object}, timeoutSeconds: 60}]"


class TestAnswers:
    def test_a_task_is_done_by_somebody(self) -> None:
        found = dry(ASK, {"approve": {"result": {"approved": True}, "by": "ada"}})
        assert found.output == {"answer": {"approved": True}, "by": "ada"}
        assert [record.get("actor") for record in found.history if record["state"] == "StepSucceeded"] == ["ada"]

    def test_a_task_is_rejected(self) -> None:
        error: Any = dry(ASK, {"approve": {"reject": "too much", "by": "ada"}}).error
        assert (error["name"], error["message"]) == ("task.Rejected", "too much")
        assert error["details"] == {"by": "ada", "reason": "too much"}

    def test_what_nobody_does_in_time_is_overdue(self) -> None:
        found = dry(ASK, {"approve": {"nothing": True}})
        assert (found.output, found.elapsed) == ({"answer": "late", "by": None}, 100)

    def test_what_has_no_mock_stops_time(self) -> None:
        found = dry(ASK, input="it")
        params: Any = found.unanswered[0]["params"]
        assert (found.unanswered[0]["step"], found.unanswered[0]["for"], params["title"]) == (
            *("approve", "task"),
            "Approve it",
        )
        assert (found.state, found.elapsed) == ("StepStarted", 0)

    @pytest.mark.parametrize(
        ("answer", "problem"),
        [
            ({"result": {"approved": 1}}, ("/mocks/approve/result/approved", "1 is a number, not a boolean")),
            ([{"result": {}}], ("/mocks/approve/0/result", "'approved' is a required property")),
            (
                {"result": {"approved": True}, "by": "bob"},
                ("/mocks/approve/by", "bob must not do it: see its 'not'"),
            ),
            ({"reject": "no", "by": "bob"}, ("/mocks/approve/by", "bob must not do it: see its 'not'")),
        ],
    )
    def test_an_answer_that_nobody_could_give_is_refused(self, answer: Any, problem: tuple[str, str]) -> None:
        with pytest.raises(InvalidError) as raised:
            dry(ASK, {"approve": answer})
        assert [(each.pointer, each.message) for each in raised.value.problems] == [problem]

    def test_one_user_who_must_not_do_it_is_excluded_too(self) -> None:
        text = ASK.replace("[bob]", "${execution.startedBy}")
        with pytest.raises(InvalidError, match="ada must not do it"):
            dry(text, {"approve": {"result": {"approved": True}, "by": "ada"}}, started_by="ada")
        assert dry(text, {"approve": {"result": {"approved": True}}}).state == "ExecutionSucceeded"

    def test_an_event_comes_or_does_not(self) -> None:
        found = dry(EVENT, {"paid": {"result": {"amount": 1}, "by": "shop"}})
        assert (found.output, found.elapsed) == ({"amount": 1}, 0)
        missed: Any = dry(EVENT, {"paid": {"nothing": True}})
        assert (missed.error["name"], missed.elapsed) == ("Timeout", 60)
        with pytest.raises(InvalidError) as raised:
            dry(EVENT, {"paid": {"result": 1}})
        assert [problem.pointer for problem in raised.value.problems] == ["/mocks/paid/result"]

    def test_events_of_one_name_and_key_are_for_one_step_each(self) -> None:
        branches = (
            "{id: a, steps: [{id: x, type: event, name: n, key: k}]}, {id: b, steps: [{id: y, type: event, name: n}]}"
        )
        found = dry(
            f"steps: [{{id: p, type: parallel, branches: [{branches}]}}]", {"x": {"result": 1}, "y": {"result": 2}}
        )
        assert found.output == {"a": 1, "b": 2}

    def test_a_callback_succeeds_fails_or_falls_silent(self) -> None:
        text = "steps: [{id: ask, type: callback, heartbeatSeconds: 30}]"
        assert dry(text, {"ask": {"result": 1}}).output == 1
        failed: Any = dry(text, {"ask": {"error": "callback.Failed", "message": "no", "details": 2}}).error
        assert (failed["name"], failed["message"], failed["details"]) == ("callback.Failed", "no", 2)
        silent: Any = dry(text, {"ask": {"nothing": True}})
        assert (silent.error["name"], silent.elapsed) == ("HeartbeatTimeout", 30)

    def test_a_call_that_hands_out_a_token_is_answered_twice(self) -> None:
        text = CHARGE.replace("body", "callback: true, heartbeatSeconds: 30, body")
        both = {"charge": {"result": "sent"}, "charge#callback": {"result": "paid"}}
        assert dry(text, both).output == "paid"
        waits = dry(text, {"charge": {"result": "sent"}}).unanswered
        assert [(each["step"], each["for"]) for each in waits] == [("charge#callback", "callback")]
        params: Any = waits[0]["params"]
        assert params["url"] == "https://bank.example/charges"
        silent: Any = dry(text, {**both, "charge#callback": {"nothing": True}}).error
        assert silent["name"] == "HeartbeatTimeout"

    def test_what_nobody_answers_in_one_branch_lets_the_others_go_as_far_as_they_do_at_that_instant(self) -> None:
        text = """
steps:
  - id: both
    type: parallel
    branches:
      - {id: asks, steps: [{id: ask, type: callback}]}
      - id: goes
        steps: [{id: one, type: event, name: one}, {id: nap, type: wait, seconds: 5}, {id: two, type: succeed}]
"""
        found = dry(text, {"one": {"result": 1}})
        assert (steps(found), found.elapsed) == (["both/goes/one"], 0)
        found = dry(text, {"one": {"result": 1}, "ask": {"nothing": True}})
        assert steps(found) == [f"both/goes/{step}" for step in ("one", "nap", "two")]
        assert [each["step"] for each in found.unanswered] == ["both/asks/ask"]

    def test_what_another_branch_has_ended_lacks_no_mock(self) -> None:
        text = f"""
steps:
  - id: race
    type: parallel
    join: first
    branches:
      - {{id: call, steps: [{{id: charge, {HTTP}}}]}}
      - {{id: ask, steps: [{{id: approve, type: task, title: ok}}]}}
      - {{id: won, steps: [{{id: paid, type: event, name: paid}}]}}
  - {{id: nap, type: wait, seconds: 1000}}
"""
        found = dry(text, {"paid": {"result": 1}})
        assert (found.output, found.unanswered) == ({"branch": "won", "output": 1}, [])
        assert found.elapsed == 1000


SHIP = "steps: [{id: ship, type: workflow, definition: shipping, input: {to: '${input}'}}]"
SHIPPING = (
    f"steps: [{{id: label, {HTTP}}}, {{id: nap, type: wait, seconds: 20}}, {{id: say, type: echo, message: sent}}]"
)


class TestChildren:
    def test_the_tenants_own_definition_is_run_too(self) -> None:
        found = dry(SHIP, {"shipping:label": {"result": 1}}, more={"shipping": SHIPPING})
        assert (found.output, found.elapsed, found.path) == ("sent", 20, ["ship"])
        assert [(call["step"], call["kind"]) for call in found.calls] == [("shipping:label", "http")]
        unmocked = dry(SHIP, more={"shipping": SHIPPING})
        assert [each["step"] for each in unmocked.unanswered] == ["shipping:label"]

    def test_with_a_mock_it_is_not_run(self) -> None:
        found = dry(SHIP, {"ship": {"result": "mocked"}}, input="oslo")
        assert found.output == "mocked"
        params = {"definition": "shipping", "input": {"to": "oslo"}, "wait": True}
        assert [(call["kind"], call["params"]) for call in found.calls] == [("workflow", params)]
        pinned = dry(SHIP.replace("shipping,", "shipping, version: 3,"), {"ship": {"error": "Lost"}})
        assert isinstance(pinned.error, dict)
        assert pinned.error["name"] == "Lost"
        assert pinned.calls[0]["params"] == {
            "definition": "shipping",
            "version": 3,
            "input": {"to": None},
            "wait": True,
        }

    def test_steps_of_the_version_that_is_started_can_be_mocked(self) -> None:
        versions = [SHIPPING.replace("label", "print"), SHIPPING]
        text = SHIP.replace("shipping,", "shipping, version: 1,")
        found = dry(text, {"shipping:print": {"result": 1}}, more={"shipping": versions})
        assert found.state == "ExecutionSucceeded"

    def test_a_definition_that_is_not_there_is_the_error_that_it_always_is(self) -> None:
        missing: Any = dry(SHIP).error
        assert missing["name"] == "DefinitionNotFound"
        with pytest.raises(InvalidError, match="there is no definition 'shipping'"):
            dry(SHIP, {"shipping:label": {"result": 1}})

    def test_what_nobody_waits_for_is_run_to_its_end(self) -> None:
        text = SHIP.replace("input:", "wait: false, input:")
        found: Any = dry(text, {"shipping:label": {"result": 1}}, more={"shipping": SHIPPING})
        assert (found.state, found.elapsed) == ("ExecutionSucceeded", 0)
        assert found.output["id"].startswith("t:shipping:")
        assert [call["step"] for call in found.calls] == ["shipping:label"]
        stuck = dry(text, more={"shipping": SHIPPING})
        assert (stuck.state, [each["step"] for each in stuck.unanswered]) == ("ExecutionSucceeded", ["shipping:label"])

    def test_a_large_map_is_run_in_parts(self) -> None:
        text = f"steps: [{{id: all, type: map, items: '${{range(`250`)}}', steps: [{{id: one, {HTTP}}}]}}]"
        found: Any = dry(text, {"one": [{"result": "first"}, {"result": "other"}]})
        assert (found.output[0], set(found.output[1:]), len(found.output)) == ("first", {"other"}, 250)
        assert {call["step"] for call in found.calls} == {"all/one"}
        assert len({call["key"] for call in found.calls}) == 250

    def test_a_definition_that_starts_itself_is_known_by_its_plain_steps(self) -> None:
        text = f"""
steps:
  - {{id: last, type: succeed, when: 'input < `1`', output: 0}}
  - {{id: charge, {HTTP}, body: '${{input}}'}}
  - {{id: rest, type: workflow, definition: d, input: '${{subtract(input, `1`)}}'}}
  - {{id: sum, type: transform, output: '${{add(output, input)}}'}}
"""
        found = dry(text, {"charge": {"result": 1}}, input=3)
        assert found.output == 6
        assert [(call["step"], call["params"]["body"]) for call in found.calls] == [  # type: ignore[index, call-overload]
            ("charge", n) for n in (3, 2, 1)
        ]
        alone = dry(text, {"charge": {"result": 1}}, input=3, step="rest", given=Given("came"))
        assert (alone.output, alone.next, alone.path) == (3, "sum", ["rest"])


def test_the_same_plan_always_comes_to_the_same() -> None:
    text = CHARGE.replace("body", "retry: [{errors: ['*'], maxAttempts: 9}], headers: {id: '${uuid()}'}, body")
    mocks = {"charge": [*([{"error": "E"}] * 5), {"result": 1}]}
    assert dry(text, mocks) == dry(text, mocks)


def test_its_json_has_what_the_api_answers() -> None:
    found = dry("steps: [{id: a, type: echo, message: hi, stash: a}]")
    body = found.json(one=False)
    assert list(body) == [
        "state",
        "output",
        "error",
        "stash",
        "elapsedSeconds",
        "calls",
        "unanswered",
        "history",
        "path",
        "estimate",
    ]
    assert (body["state"], body["stash"], body["path"]) == ("ExecutionSucceeded", {"a": "hi"}, ["a"])
    del body["estimate"]
    assert found.json(one=True) == {**body, "next": None}


def test_a_repeatable_call_is_mocked_though_it_is_made_before_its_turn_is_written() -> None:
    text = f"steps: [{{id: hello, type: echo, message: hi}}, {{id: charge, {HTTP}, delivery: repeatable}}]"
    assert dry(text, {"charge": {"result": 1}}).path[:2] == ["hello", "charge"]


def test_a_run_tells_what_it_would_cost_with_its_children() -> None:
    found = dry("steps: [{id: a, type: wait, seconds: 30}]").cost
    assert found is not None
    assert (found.steps, found.turns, found.writes, found.requests, found.invocations) == (1, 2, 5, 3, 2)
