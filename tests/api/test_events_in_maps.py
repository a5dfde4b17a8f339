"""Events that are sent to an execution whose `map` waits for them, however many items it has, over the API."""

from typing import Any

import pytest

from chalicelib.core.values.json import Json
from tests.application import JSON, Sedo, T, assert_problem

PAID: dict[str, Json] = {"type": "event", "name": "paid", "schema": {"required": ["amount"]}}
TWO: dict[str, Json] = {
    "id": "each",
    "type": "map",
    "items": "${range(input)}",
    "steps": [{"id": "paid", **PAID, "when": "item == `0` || item == subtract(input, `1`)"}],
}
REST: dict[str, Json] = {"id": "rest", "type": "wait", "seconds": 60}
SMALL, LARGE = 5, 101


@pytest.fixture(params=[SMALL, LARGE], ids=["small", "large"])
def size(request: pytest.FixtureRequest) -> int:
    found: int = request.param
    return found


def started(sedo: Sedo, size: int, *steps: dict[str, Json]) -> str:
    assert sedo.ask("POST", T + "/definitions", {"id": "d", "steps": [*steps]}).status_code in {200, 201}
    answer = sedo.ask("POST", T + "/definitions/d/execute", {"input": size})
    sedo.deliver()
    return str(answer.json_body["id"])


def sent(sedo: Sedo, execution: str, name: str, amount: Json = 1, event: str = "paid") -> Any:
    """Send an event, and let what it moves go on; answer what its sender is answer."""
    path, headers = f"{T}/executions/{execution}/events/{event}", {**JSON, "X-Sedo-User": "ada"}
    answer = sedo.ask("POST", path, {"data": {"amount": amount}, "id": name}, headers)
    assert answer.status_code == 202, answer.body
    sedo.deliver()
    return answer.json_body


def refused(sedo: Sedo, execution: str, body: Json) -> Any:
    return sedo.ask("POST", f"{T}/executions/{execution}/events/paid", body)


def known(sedo: Sedo, execution: str) -> dict[str, str]:
    return {event["id"]: event["state"] for event in sedo.get(f"/executions/{execution}/events")}


def test_each_event_goes_to_one_item(sedo: Sedo, size: int) -> None:
    execution = started(sedo, size, TWO)
    answer = {"id": "1", "name": "paid", "key": None, "executionId": execution, "state": "taken", "keptUntil": None}
    assert sent(sedo, execution, "1", 7) == answer
    assert sent(sedo, execution, "2", 8)["state"] == "taken"
    ended = sedo.get(f"/executions/{execution}")
    assert [ended["output"][n]["amount"] for n in (0, -1)] == [7, 8]
    assert ended["output"][1:-1] == list(range(1, size - 1))
    assert "untakenEvents" not in sedo.get(f"/executions/{execution}/history")[-1]


def test_those_that_come_before_the_map_are_kept_for_its_items(sedo: Sedo, size: int) -> None:
    execution = started(sedo, size, REST, TWO, {**REST, "id": "again"})
    assert [sent(sedo, execution, name)["state"] for name in "123"] == ["kept"] * 3
    assert sent(sedo, execution, "1")["state"] == "kept"
    assert known(sedo, execution) == dict.fromkeys("123", "kept")
    sedo.pass_time(61)
    assert known(sedo, execution) == {"1": "taken", "2": "taken", "3": "kept"}
    assert sent(sedo, execution, "1")["state"] == "taken"
    sedo.pass_time(61)
    record = sedo.get(f"/executions/{execution}/history")[-1]
    assert (record["state"], record["untakenEvents"]) == (
        "ExecutionSucceeded",
        [{"id": "3", "name": "paid", "by": "ada"}],
    )
    assert known(sedo, execution) == {"1": "taken", "2": "taken", "3": "untaken"}


def test_one_that_no_item_has_taken_is_for_a_later_step_of_the_execution(sedo: Sedo, size: int) -> None:
    execution = started(sedo, size, REST, TWO, {"id": "last", **PAID})
    for name in "123":
        sent(sedo, execution, name, int(name))
    sedo.pass_time(61)
    ended = sedo.get(f"/executions/{execution}")
    assert (ended["state"], ended["output"]) == ("ExecutionSucceeded", {"amount": 3})
    assert "untakenEvents" not in sedo.get(f"/executions/{execution}/history")[-1]


def test_the_same_again_is_answered_the_same_and_counts_once_after_the_end_too(sedo: Sedo, size: int) -> None:
    execution = started(sedo, size, TWO)
    first = sent(sedo, execution, "1")
    assert sent(sedo, execution, "1") == first
    assert sedo.get(f"/executions/{execution}")["endedAt"] is None
    sent(sedo, execution, "2")
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"
    assert sent(sedo, execution, "1") == first


def test_data_that_no_item_takes_is_refused_and_says_why(sedo: Sedo, size: int) -> None:
    execution = started(sedo, size, TWO)
    problem = assert_problem(refused(sedo, execution, {"data": {}}), 400)
    assert problem["errors"] == [{"pointer": "", "message": "'amount' is a required property"}]
    assert known(sedo, execution) == {}


def test_what_is_over_takes_none_and_what_was_kept_is_in_the_record_of_the_end(sedo: Sedo, size: int) -> None:
    execution = started(sedo, size, REST, TWO)
    sent(sedo, execution, "1")
    sedo.ask("POST", f"{T}/executions/{execution}/cancel")
    assert "is ExecutionCancelled already" in assert_problem(refused(sedo, execution, {"id": "2"}), 409)["detail"]
    record = sedo.get(f"/executions/{execution}/history")[-1]
    assert record["untakenEvents"] == [{"id": "1", "name": "paid", "by": "ada"}]
    assert known(sedo, execution) == {"1": "untaken"}


def test_after_a_redrive_what_was_kept_is_taken(sedo: Sedo, size: int) -> None:
    execution = started(sedo, size, TWO)
    sent(sedo, execution, "1")
    sedo.ask("POST", f"{T}/executions/{execution}/cancel")
    sedo.deliver()
    sedo.ask("POST", f"{T}/executions/{execution}/redrive", {})
    sedo.deliver()
    assert sent(sedo, execution, "2")["state"] == "taken"
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"


def test_while_it_is_paused_they_are_taken_and_nothing_goes_on(sedo: Sedo, size: int) -> None:
    execution = started(sedo, size, TWO)
    sedo.ask("POST", f"{T}/executions/{execution}/pause")
    sedo.deliver()
    assert [sent(sedo, execution, name)["state"] for name in "12"] == ["taken"] * 2
    sedo.ask("POST", f"{T}/executions/{execution}/resume")
    sedo.pass_time(1)
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"


def test_no_more_are_kept_than_can_be_until_some_are_taken(sedo: Sedo, size: int) -> None:
    execution = started(sedo, size, REST, TWO, {**REST, "id": "again"}, {"id": "last", **PAID})
    for number in range(100):
        assert sent(sedo, execution, f"n{number}")["state"] == "kept"
    assert "keeps 100 events already" in assert_problem(refused(sedo, execution, {"id": "x"}), 409)["detail"]
    sedo.pass_time(61)
    assert [sent(sedo, execution, name)["state"] for name in "xy"] == ["kept"] * 2
    assert_problem(refused(sedo, execution, {"id": "z"}), 409)


def test_those_of_all_names_are_counted_together(sedo: Sedo, size: int) -> None:
    other: dict[str, Json] = {**TWO, "id": "other", "steps": [{**PAID, "id": "shipped", "name": "shipped"}]}
    execution = started(sedo, size, REST, TWO, other)
    for number in range(60):
        sent(sedo, execution, f"n{number}")
    for number in range(40):
        sent(sedo, execution, f"m{number}", event="shipped")
    for _ in range(2):
        assert "keeps 100 events already" in assert_problem(refused(sedo, execution, {"id": "x"}), 409)["detail"]
    assert "x" not in known(sedo, execution)


def test_a_step_with_a_key_is_not_found_by_the_execution_s_id(sedo: Sedo, size: int) -> None:
    keyed: dict[str, Json] = {**TWO, "steps": [{"id": "paid", **PAID, "key": "${to_string(item)}"}]}
    execution = started(sedo, size, keyed)
    assert assert_problem(refused(sedo, execution, {}), 409)["title"] == "no step takes an event of this name"


def test_what_the_items_wait_for_is_shown_as_sent_to_the_execution(sedo: Sedo) -> None:
    execution = started(sedo, SMALL, TWO)
    waits = sedo.get(f"/executions/{execution}")["waitingFor"]
    assert [(wait["for"], wait["name"], wait["key"]) for wait in waits] == [("event", "paid", None)] * 2


def test_one_that_is_sent_to_a_partition_is_sent_to_the_execution_that_the_map_is_in(sedo: Sedo) -> None:
    execution = started(sedo, LARGE, TWO)
    (first, second) = (name for name in sedo.executions.items if name != execution)
    assert sent(sedo, first, "1")["state"] == sent(sedo, second, "2")["state"] == "taken"
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"
    assert sent(sedo, execution, "1")["state"] == "taken"


def test_more_can_wait_than_for_a_key(sedo: Sedo) -> None:
    every: dict[str, Json] = {**TWO, "steps": [{"id": "paid", **PAID}]}
    execution = started(sedo, 1_100, every)
    assert sedo.get(f"/executions/{execution}")["state"] == "StepStarted"
    assert sent(sedo, execution, "1")["state"] == "taken"


def test_items_that_began_to_wait_at_the_same_instant_are_served_in_their_order(sedo: Sedo) -> None:
    execution = started(sedo, 15, {**TWO, "steps": [{"id": "paid", **PAID}]})
    for number in range(15):
        sent(sedo, execution, str(number), number)
    assert [each["amount"] for each in sedo.get(f"/executions/{execution}")["output"]] == list(range(15))
