"""The history of executions over the API."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from chalicelib.core.executions.model import Link
from chalicelib.core.records.compression import compressed, decompressed
from chalicelib.core.records.history import Row
from chalicelib.core.values.json import Json, parse_instant
from chalicelib.core.values.value import copy_with
from chalicelib.wiring.graph import wiring
from tests.application import JSON, Sedo, T, assert_problem, states


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


LOOP: Json = {
    "id": "rounds",
    "stash": {"n": 0},
    "steps": [
        {"id": "rest", "type": "wait", "seconds": 1},
        {"id": "count", "type": "transform", "output": None, "stash": {"n": "${add(stash.n, `1`)}"}},
        {
            "id": "again",
            "type": "choice",
            "choices": [{"when": "stash.n < input.rounds", "next": "rest"}],
            "default": "do",
        },
        {"id": "do", "type": "task", "title": "Do it", "assignees": ["ada"]},
    ],
}


def rounds(sedo: Sedo, count: int) -> str:
    assert sedo.ask("POST", T + "/definitions", LOOP).status_code == 201
    execution = sedo.ask("POST", f"{T}/definitions/rounds/execute", {"input": {"rounds": count}}).json_body["id"]
    for _ in range(count):
        sedo.pass_time(1)
    (task,) = sedo.get("/tasks")
    for verb in ("claim", "release", "claim"):
        sedo.pass_time(1)
        assert (
            sedo.ask("POST", f"{T}/tasks/{task['id']}/{verb}", headers={**JSON, "X-Sedo-User": "ada"}).status_code
            == 200
        )
    return str(execution)


@pytest.mark.parametrize("limit", [1, 2, 7, 50, 100, 500])
def test_pages_join_to_the_whole_in_either_order(sedo: Sedo, limit: int) -> None:
    count = min(40, 2 * limit)
    path = f"{T}/executions/{rounds(sedo, count)}/history"
    whole = [*follow(sedo, f"{path}?limit=100")]
    assert [each["step"] for each in whole if each["state"] == "StepStarted"] == ["rest", "count", "again"] * count + [
        "do"
    ]
    assert [each["state"] for each in whole[-3:]] == ["TaskClaimed", "TaskReleased", "TaskClaimed"]
    assert [*follow(sedo, f"{path}?limit={limit}")] == whole
    assert [*follow(sedo, f"{path}?limit={limit}&sort=-time")] == whole[::-1]


def follow(sedo: Sedo, path: str) -> Iterator[Any]:
    """Walk over the entries of all pages."""
    link: str | None = path
    while link is not None:
        answer = sedo.ask("GET", link)
        yield from answer.json_body
        found = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("Link", ""))
        link = found and found[1]


def test_pages_go_on_where_they_were_though_the_newest_has_moved_into_a_row(sedo: Sedo) -> None:
    assert sedo.ask("POST", T + "/definitions", LOOP).status_code == 201
    execution = sedo.ask("POST", f"{T}/definitions/rounds/execute", {"input": {"rounds": 60}}).json_body["id"]
    sedo.pass_time(1)
    path = f"{T}/executions/{execution}/history?limit=3"
    onward, back = (sedo.ask("GET", f"{path}&sort={order}") for order in ("time", "-time"))
    for _ in range(60):
        sedo.pass_time(1)
    whole = [*follow(sedo, path)]
    rest = {
        name: [*follow(sedo, answer.headers["Link"][1:].partition(">")[0])]
        for name, answer in (("onward", onward), ("back", back))
    }
    assert [*onward.json_body, *rest["onward"]] == whole
    begun = [*back.json_body, *rest["back"]]
    assert begun == whole[: len(begun)][::-1]


def test_a_cursor_belongs_to_its_order(sedo: Sedo) -> None:
    path = f"{T}/executions/{rounds(sedo, 2)}/history?limit=3"
    link = sedo.ask("GET", path).headers["Link"][1:].partition(">")[0]
    assert sedo.ask("GET", link).status_code == 200
    problem = assert_problem(sedo.ask("GET", f"{link}&sort=-time"), 400)
    assert "cursor" in problem["detail"]
    assert "'newest'" in assert_problem(sedo.ask("GET", f"{path}&sort=newest"), 400)["detail"]


def test_fields_are_chosen_in_either_order(sedo: Sedo) -> None:
    path = f"/executions/{rounds(sedo, 1)}/history?limit=2&fields=state,step"
    assert sedo.get(f"{path}&sort=-time") == [
        {"state": "TaskClaimed", "step": "do"},
        {"state": "TaskReleased", "step": "do"},
    ]


def choose(whole: list[Any], **wanted: str) -> list[Any]:
    return [each for each in whole if all(each[name] == member for name, member in wanted.items())]


@pytest.mark.parametrize("order", ["time", "-time"])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_filtered_pages_join_to_what_is_wanted(sedo: Sedo, limit: int, order: str) -> None:
    path = f"{T}/executions/{rounds(sedo, 12)}/history?sort={order}&limit={limit}"
    whole = [*follow(sedo, f"{path}")]
    assert [*follow(sedo, f"{path}&step=count&kind=StepSucceeded")] == choose(
        whole, step="count", state="StepSucceeded"
    )
    assert [*follow(sedo, f"{path}&kind=TaskClaimed,TaskReleased")] == [
        each for each in whole if each["state"] in {"TaskClaimed", "TaskReleased"}
    ]
    assert [*follow(sedo, f"{path}&thread=other")] == []
    assert [*follow(sedo, f"{path}&text=CLAIMED")] == [each for each in whole if "Claimed" in each["state"]]
    for from_, to in ((3, 5), (0, 0), (12, 59), (8, 4)):
        since, until = (whole[0 if order == "time" else -1]["time"][:17] + f"{n:02}.000Z" for n in (from_, to))
        if from_ <= to:
            found = [*follow(sedo, f"{path}&from={since}&to={until}")]
            assert found == [each for each in whole if since <= each["time"] <= until]
        else:
            assert_problem(sedo.ask("GET", f"{path}&from={since}&to={until}"), 400)


def test_lines_are_the_same_entries(sedo: Sedo) -> None:
    path = f"{T}/executions/{rounds(sedo, 2)}/history?limit=5"
    whole = sedo.ask("GET", path)
    for kind in ("application/jsonl", "application/x-ndjson"):
        lines = sedo.ask("GET", path, headers={"Accept": kind})
        assert lines.headers["Content-Type"] == kind
        assert lines.headers["Link"]
        assert [json.loads(line) for line in lines.body.splitlines()] == whole.json_body


SAID: list[Json] = [
    {"id": f"say-{number}", "type": "echo", "message": "${input.text} ${stash.n}"} for number in range(3)
]
CHATTY: Json = {
    "id": "chatty",
    "stash": {"n": 0},
    "steps": [
        {"id": "rest", "type": "wait", "seconds": 1},
        *SAID,
        {"id": "count", "type": "transform", "output": None, "stash": {"n": "${add(stash.n, `1`)}"}},
        {
            "id": "again",
            "type": "choice",
            "choices": [{"when": "stash.n < input.rounds", "next": "rest"}],
            "default": "done",
        },
        {"id": "done", "type": "succeed"},
    ],
}
"""Each round of it says so much that it is a row of its own."""


def chatter(sedo: Sedo, count: int) -> str:
    assert sedo.ask("POST", T + "/definitions", CHATTY).status_code == 201
    given: Json = {"input": {"rounds": count, "text": "x" * 3_000}}
    execution = sedo.ask("POST", f"{T}/definitions/chatty/execute", given).json_body["id"]
    for _ in range(count):
        sedo.pass_time(1)
    return str(execution)


def history_of(sedo: Sedo, execution: str) -> list[Row]:
    """The stored rows, to be changed."""
    store: Any = wiring().dependencies.history
    assert sedo.executions.items
    return cast("list[Row]", store.rows[execution])


def checked(sedo: Sedo, execution: str) -> Any:
    *_, found = follow_objects(sedo, f"{T}/executions/{execution}/history?verify=true")
    return found


def follow_objects(sedo: Sedo, path: str) -> Iterator[Any]:
    link: str | None = path
    while link is not None:
        answer = sedo.ask("GET", link)
        assert answer.status_code == 200, answer.body
        yield answer.json_body
        found = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("Link", ""))
        link = found and found[1]


def test_a_history_that_nobody_has_changed_is_intact(sedo: Sedo) -> None:
    execution = chatter(sedo, 8)
    entries = len([*follow(sedo, f"{T}/executions/{execution}/history?limit=100")])
    count = len(history_of(sedo, execution))
    assert count > 5
    assert checked(sedo, execution) == {
        "intact": True,
        "isWhole": True,
        "rows": count,
        "entries": entries,
        "values": 0,
        "broken": None,
    }
    assert_problem(sedo.ask("GET", f"{T}/executions/{execution}x/history?verify=true"), 404)


def test_a_history_of_redrives_that_fail_again_is_intact(sedo: Sedo) -> None:
    sedo.create("id: d\nsteps: [{id: m, type: map, items: [1], steps: [{id: f, type: fail, error: Broken}]}]")
    execution = sedo.ask("POST", f"{T}/definitions/d/execute", {}).json_body["id"]
    for _ in range(2):
        assert sedo.ask("POST", f"{T}/executions/{execution}/redrive", {}).status_code == 200
        sedo.pass_time(1)
        assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionFailed"
    assert checked(sedo, execution)["broken"] is None


def test_one_changed_byte_of_the_newest_entries_is_found(sedo: Sedo) -> None:
    execution = rounds(sedo, 1)
    item = sedo.executions.get(execution)
    assert item is not None
    text, tail = sedo.executions.items[execution], json.dumps(item.tail)[1:-1]
    begin = text.index(tail)
    assert checked(sedo, execution)["intact"]
    for place in range(begin, begin + len(tail), 5):
        changed = "7" if text[place] != "7" else "8"
        sedo.executions.items[execution] = text[:place] + changed + text[place + 1 :]
        found = checked(sedo, execution)
        assert (found["intact"], found["broken"]["version"]) == (False, None), text[place - 9 : place + 9]
        assert "the execution's own item" in found["broken"]["why"]


def test_newest_entries_that_were_changed_are_found_after_later_writes(sedo: Sedo) -> None:
    execution = rounds(sedo, 1)
    (task,) = sedo.get("/tasks")
    item = json.loads(sedo.executions.items[execution])
    sedo.executions.items[execution] = json.dumps(item | {"tail": item["tail"].replace('"rest"', '"best"', 1)})
    done = sedo.ask("POST", f"{T}/tasks/{task['id']}/complete", {"answer": {}}, headers={**JSON, "X-Sedo-User": "ada"})
    assert done.status_code == 200, done.body
    sedo.deliver()
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"
    assert "newest entries were changed" in checked(sedo, execution)["broken"]["why"]


@pytest.mark.parametrize("number", [0, 3, -1])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda row: copy_with(row, text=row.text.replace(b"say", b"sAy", 1)), "was changed"),
        (lambda row: copy_with(row, text=row.text + b" "), "was changed"),
        (lambda row: copy_with(row, key=row.key.replace("#", "$", 1)), "is missing"),
        (lambda row: copy_with(row, previous=Link("000000000001#none#1", "0")), "was changed"),
        (lambda _: None, "is missing"),
    ],
)
def test_one_changed_byte_of_a_row_is_found_and_its_place(
    sedo: Sedo, number: int, change: "Callable[[Row], Row | None]", why: str
) -> None:
    execution = chatter(sedo, 6)
    rows = history_of(sedo, execution)
    assert len(rows) > 4
    row = rows[number]
    changed = change(row)
    rows[rows.index(row) : rows.index(row) + 1] = [] if changed is None else [changed]
    found = checked(sedo, execution)
    assert (found["intact"], found["isWhole"]) == (False, False)
    assert (found["broken"]["row"], found["broken"]["version"]) == (row.key, row.version)
    assert why in found["broken"]["why"]


def test_a_changed_large_value_is_found_and_its_place(sedo: Sedo) -> None:
    made: Json = {"id": "make", "type": "transform", "output": "${input.text}"}
    steps: list[Json] = [made, {"id": "rest", "type": "wait", "seconds": 1}]
    assert sedo.ask("POST", T + "/definitions", {"id": "large", "steps": steps}).status_code == 201
    execution = sedo.ask("POST", T + "/definitions/large/execute", {"input": {"text": "x" * 20_000}}).json_body["id"]
    sedo.pass_time(1)
    assert checked(sedo, execution)["values"] > 0
    store: Any = wiring().dependencies.history
    chunks = store.payloads.chunks.contents
    (key,) = [key for key, chunk in chunks.items() if b"xxx" in decompressed(chunk)]
    chunks[key] = compressed(b'"' + b"x" * 19_999 + b'y"')
    broken = checked(sedo, execution)["broken"]
    assert (broken["at"][-7:], broken["why"]) == ("/result", "the value is not there, or was changed")


def test_an_item_and_a_row_that_cannot_be_read_are_found(sedo: Sedo) -> None:
    execution = chatter(sedo, 6)
    rows = history_of(sedo, execution)
    torn = rows[2]
    rows[2] = copy_with(torn, text=b"[")
    assert checked(sedo, execution)["broken"]["row"] == torn.key
    sedo.executions.items[execution] = sedo.executions.items[execution][:-9]
    assert checked(sedo, execution)["broken"] == {
        "version": None,
        "row": None,
        "at": None,
        "why": "the execution's own item cannot be read",
    }


def test_what_a_whole_history_cannot_say_is_found(sedo: Sedo) -> None:
    execution = rounds(sedo, 1)
    item = json.loads(sedo.executions.items[execution])
    assert checked(sedo, execution)["intact"]
    del item["seal"]  # a release before wrote none
    assert checked(sedo, execution)["intact"]
    item["tail"] = item["tail"].replace('"StepSucceeded"', '"StepStarted"')
    sedo.executions.items[execution] = json.dumps(item)
    assert "is recorded twice" in checked(sedo, execution)["broken"]["why"]
