"""What an execution did as spans of OpenTelemetry: their ids, order, times and errors."""

from typing import Any

from chalicelib.core.values.json import Json
from tests.api.test_story import ask
from tests.application import Sedo, T

OTLP = {"Accept": "application/vnd.otlp+json"}
RETRY: list[Json] = [{"errors": ["*"], "maxAttempts": 2, "intervalSeconds": 5, "jitter": "none"}]
FAILS: dict[str, Json] = {"id": "pay", "type": "fail", "error": "NotPaid", "cause": "no money", "retry": RETRY}
WAIT: dict[str, Json] = {"id": "rest", "type": "wait", "seconds": 2}
CAUGHT: list[Json] = [{**FAILS, "catch": [{"errors": ["*"], "next": "done"}]}, {"id": "done", "type": "succeed"}]
BRANCHES: list[Json] = [{"id": "a", "steps": [WAIT]}, {"id": "b", "steps": CAUGHT}]


def run(sedo: Sedo, *steps: dict[str, Json], name: str = "d") -> str:
    assert ask(sedo, "eve", "POST", "/definitions", {"id": name, "steps": [*steps]}).status_code == 201
    execution = str(ask(sedo, "eve", "POST", f"/definitions/{name}/execute", {}).json_body["id"])
    sedo.pass_time(60)
    return execution


def spans(sedo: Sedo, execution: str, query: str = "?limit=100") -> list[Any]:
    answer = sedo.ask("GET", f"{T}/executions/{execution}/steps{query}", headers=OTLP)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, OTLP["Accept"])
    (resource,) = answer.json_body["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    found: list[Any] = scope["spans"]
    return found


def attributes(span: Any) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def seconds(span: Any) -> float:
    return (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9


class TestSpans:
    def test_steps_are_in_the_execution_and_branches_in_the_step_that_began_them(self, sedo: Sedo) -> None:
        execution = run(sedo, {"id": "both", "type": "parallel", "branches": BRANCHES}, WAIT)
        whole, *steps = spans(sedo, execution)
        by_name = {each["name"]: each for each in steps}
        assert (whole["name"], len({each["traceId"] for each in [whole, *steps]})) == ("d", 1)
        assert by_name["both"]["parentSpanId"] == by_name["rest"]["parentSpanId"] == whole["spanId"]
        inner = [by_name["both/a/rest"], by_name["both/b/pay"]]
        assert {each["parentSpanId"] for each in inner} == {by_name["both"]["spanId"]}
        assert (seconds(inner[0]), seconds(by_name["both"]), seconds(whole)) == (2, 5, 7)

    def test_what_a_step_began_anew_is_in_it_all_the_same(self, sedo: Sedo) -> None:
        both: dict[str, Json] = {
            "id": "both",
            "type": "parallel",
            "branches": [{"id": "a", "steps": [FAILS | {"retry": []}]}],
        }
        _, *steps = spans(sedo, run(sedo, {**both, "retry": RETRY}))
        (outer,) = [each for each in steps if each["name"] == "both"]
        assert [each["parentSpanId"] for each in steps if each["name"] == "both/a/pay"] == [outer["spanId"]] * 2

    def test_each_attempt_that_failed_is_an_event_and_the_last_a_status(self, sedo: Sedo) -> None:
        whole, pay = spans(sedo, run(sedo, FAILS))
        assert whole["status"] == pay["status"] == {"code": 2, "message": "NotPaid: no money"}
        assert [attributes(each) for each in pay["events"]] == [
            {"exception.type": "NotPaid", "exception.message": "no money", "sedo.attempt": number}
            for number in ("1", "2")
        ]
        assert attributes(pay)["sedo.attempts"] == "2"

    def test_a_child_execution_is_a_trace_of_its_own_with_a_link(self, sedo: Sedo) -> None:
        run(sedo, WAIT, name="inner")
        _, sub = spans(sedo, run(sedo, {"id": "sub", "type": "workflow", "definition": "inner"}))
        (child,) = [name for name in sedo.executions.items if sedo.executions.get(name).parent]  # type: ignore[union-attr]
        (link,) = spans(sedo, child)[0]["links"]
        assert link == {"traceId": sub["traceId"], "spanId": sub["spanId"]}

    def test_what_has_not_ended_is_no_span_and_pages_have_the_execution_once(self, sedo: Sedo) -> None:
        execution = run(
            sedo, WAIT, {"id": "next", "type": "echo", "message": 1}, {**WAIT, "id": "last", "seconds": 900}
        )
        assert [each["name"] for each in spans(sedo, execution)] == ["rest", "next"]
        sedo.pass_time(900)
        first = sedo.ask("GET", f"{T}/executions/{execution}/steps?limit=2", headers=OTLP)
        behind = str(first.headers["Link"]).partition(">")[0].partition("?")[2]
        assert [each["name"] for each in spans(sedo, execution, "?limit=2")] == ["d", "rest", "next"]
        assert [each["name"] for each in spans(sedo, execution, f"?{behind}")] == ["last"]
