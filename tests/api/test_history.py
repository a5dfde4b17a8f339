"""The history of executions over the API."""

from chalicelib.core.values.json import Json, parse_instant
from tests.application import Sedo, T, states


def test_history_tells_everything_in_order(sedo: Sedo) -> None:
    sedo.create()
    path = f"/executions/{sedo.start()['id']}/history"
    assert states(sedo.get(path))[-1] == ("StepStarted", "wait-some-time")
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
    assert [(parse_instant(record["time"]) - start).total_seconds() for record in records] == [0] * 5 + [45] * 4
    results = [record.get("result") for record in records]
    assert results[3:6:2] == ["Hello bar", "Hello bar"]
    assert results[7:] == ["Hello bar, and hello again"] * 2


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
    step: Json = {"id": "each", "type": "echo", "message": "${input.text} ${index}", "stash": "said"}
    all_: Json = {"id": "all", "type": "map", "items": "${range(`0`, `45`)}", "output": None, "steps": [step]}
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
