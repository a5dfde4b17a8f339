import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.cost import ExecutionCost
from chalicelib.core.executions.inputs import (
    CancelRequested,
    ChildEnded,
    Input,
    PauseRequested,
    RedriveRequested,
    ResumeRequested,
    SignalPublished,
    Started,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import (
    Driver,
    Execution,
    Failure,
    Link,
    Parent,
    Partition,
    Signal,
    Spawns,
    State,
    Status,
    StoredState,
    Thread,
)
from chalicelib.core.executions.waiting import (
    Answer,
    AnswerWait,
    BranchJoin,
    ChildJoin,
    ChildrenWait,
    ItemJoin,
    Join,
    PartitionJoin,
    RetryWait,
    TimerWait,
    Wait,
)
from chalicelib.core.records.codec import (
    execution_json,
    read_execution,
)
from chalicelib.core.values.json import encode
from chalicelib.core.values.value import copy_with

NOW = datetime(2026, 1, 1, 12, 30, 15, 123000, tzinfo=UTC)
FAILURE = Failure("No", "no", "step", attempt=2, details={"a": 1})
MAIN = Thread("main", 3, Status.JOINING, "both", None, NOW, NOW, Driver("m", "r"), visit=3)
MAIN = copy_with(MAIN, results={"left": [1], "right": None})
FULL = Thread(
    id="main.3.left",
    turn=4,
    status=Status.JOINING,
    step="both/left/a",
    incoming={"a": ""},
    since=NOW,
    started_at=NOW,
    driver=Driver("m", "r", handed=True),
    deadline=NOW,
    attempt=2,
    visit=3,
    visited_at=NOW,
    tries={"0": 1},
    parent="main",
    branch="left",
    index=0,
    item=[None],
    stash={"s": {}},
    error=FAILURE,
    wait=AnswerWait(AnswerKind.EVENT, "paid", "7", True, Answer(NOW, "ada", {"a": 1}, "why", True, "key"), NOW),
    claimed_by="r",
    busy_until=NOW,
    kept=(None,),
    strikes=2,
    join=ItemJoin(9, at_once=7, tolerate=6, begun=8, failed=5),
    items=[1, None],
    results={"0": 3},
)
WHOLE = (
    '{"id":"main.3.left","turn":4,"status":"joining","step":"both/left/a","incoming":{"a":""},'
    '"since":"2026-01-01T12:30:15.123Z","startedAt":"2026-01-01T12:30:15.123Z","driver":["m","r",true],'
    '"until":"2026-01-01T12:30:15.123Z","deadline":"2026-01-01T12:30:15.123Z","attempt":2,"visit":3,"visitedAt":"2026-01-01T12:30:15.123Z","tries":{"0":1},'
    '"parent":"main","branch":"left","index":0,"item":[null],"stash":{"s":{}},'
    '"error":{"name":"No","message":"no","step":"step","attempt":2,"details":{"a":1}},'
    '"join":{"total":9,"begun":8,"listed":true,"forked":true,"at_once":7,"tolerate":6,"failed":5},'
    '"asking":{"what":"event","name":"paid","event_key":"7","overdue":true,"answer":{"at":"2026-01-01T12:30:15.123Z",'
    '"by":"ada","value":{"a":1},"reason":"why","rejected":true,"key":"key"}},"claimed":"r","busyUntil":"2026-01-01T12:30:15.123Z","kept":[null],"strikes":2,"items":[1,null],'
    '"results":{"0":3}}'
)
"""The same, as it is stored."""
LIVE = Execution("t:d:1", "t", "d", 2, "nonce", {"n": 10**30, "f": 1.0, "e": ""}, NOW, {"main": MAIN, FULL.id: FULL}, 4)
DONE = Execution(
    id="t:d:1",
    tenant_id="t",
    definition_id="d",
    definition_version=2,
    nonce="nonce",
    input=False,
    started_at=NOW,
    threads={FULL.id: FULL},
    version=5,
    state=State.FAILED,
    step="both",
    stash={"kept": [None, True]},
    output=0,
    error=FAILURE,
    ended_at=NOW,
    head=Link("k", "d"),
    tail='["2026-01-01T12:30:15.123Z","StepStarted","main",1,"a",1]',
    writer="r#1",
    started_by="ada",
    deadline=NOW,
    parent=Parent("t:p:1", "main", 1, 2, False),
    depth=3,
    spawns=Spawns(9, NOW, 8, 7),
    partition=Partition(100, 7, 6, {"id": "t:d:0"}),
    paused_at=NOW,
    stopped_by="bob",
    reason="a look",
    control_epoch=4,
    parent_epoch=3,
    failed=2,
    redrives=1,
    parent_redrives=1,
    unanswered=("both/left/a",),
    mailbox=(Signal("1", "paid", NOW, [None], "ada", taken=True, passed_on=True),),
    cost=ExecutionCost(1, 2, 3, 4, 5, {"both": 6}),
    budget=0.5,
    attributes={"order": "A-1", "total": 9.5, "rush": True},
    item_bytes=1,
    trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    input_aside=True,
    stored=StoredState({}, b"{}"),
    tells_end=True,
)


def defaults(value: Execution | Thread | ItemJoin | Parent | Partition | AnswerWait | Answer | Signal) -> list[str]:
    """Name the fields that are what they are by default: the example shows nothing of them."""
    return [f.name for f in fields(value) if getattr(value, f.name) == f.default]


class TestExecutions:
    @pytest.mark.parametrize("execution", [LIVE, DONE, copy_with(DONE, threads={})], ids=["live", "done", "bare"])
    def test_one_comes_back_as_it_was_written(self, execution: Execution) -> None:
        assert read_execution(json.loads(json.dumps(execution_json(execution)))) == execution

    def test_the_example_has_every_field_set(self) -> None:
        kept_otherwise = ["tail_changed", "due_at", "listed_under"]
        assert (defaults(DONE), defaults(FULL)) == (kept_otherwise, [])
        assert isinstance(FULL.join, ItemJoin)
        assert DONE.parent is not None
        assert DONE.partition is not None
        assert (defaults(FULL.join), defaults(DONE.parent), defaults(DONE.partition)) == ([], [], [])
        assert isinstance(FULL.wait, AnswerWait)
        assert FULL.wait.answer is not None
        (message,) = DONE.mailbox
        assert (defaults(FULL.wait), defaults(FULL.wait.answer), defaults(message)) == ([], [], [])

    def test_newest_entries_that_are_not_what_was_written_are_told_from_then_on(self) -> None:
        stored = {**execution_json(DONE)}
        assert not read_execution(stored).tail_changed
        assert not read_execution({**stored, "seal": None}).tail_changed, "a release before wrote none"
        for changes in ({"tail": DONE.tail.replace("a", "b")}, {"tail": ""}, {"head": {"key": "k", "digest": "e"}}):
            changed = read_execution({**stored, **changes})
            assert changed.tail_changed
            later = read_execution(execution_json(copy_with(changed, tail="", head=Link("l", "f"))))
            assert later.tail_changed

    def test_every_thread_of_a_join_by_default_comes_back(self) -> None:
        thread = copy_with(MAIN, join=BranchJoin(1, first=False), driver=None)
        live = copy_with(LIVE, threads={"main": thread}, parent=Parent("t:p:1", "main", 0))
        assert read_execution(json.loads(json.dumps(execution_json(live)))) == live

    def test_what_is_as_by_default_is_not_written(self) -> None:
        bare = copy_with(LIVE, input=None, threads={"main": copy_with(MAIN, driver=None, results={})}, version=0)
        assert execution_json(bare) == {
            "id": "t:d:1",
            "tenantId": "t",
            "definitionId": "d",
            "definitionVersion": 2,
            "nonce": "nonce",
            "startedAt": "2026-01-01T12:30:15.123Z",
            "threads": [
                {
                    "id": "main",
                    "turn": 3,
                    "status": "joining",
                    "step": "both",
                    "since": "2026-01-01T12:30:15.123Z",
                    "startedAt": "2026-01-01T12:30:15.123Z",
                }
            ],
            "version": 0,
            "state": "ExecutionSubmitted",
            "step": "",
        }

    def test_its_parent_stands_where_an_index_finds_it(self) -> None:
        document = execution_json(DONE)
        assert (document["parentId"], document["parent"]) == (
            "t:p:1",
            {"thread": "main", "turn": 1, "number": 2, "awaited": False},
        )


JOINS = [
    (Status.JOINING, BranchJoin(1, first=False), '{"total":1,"begun":1}'),
    (Status.JOINING, BranchJoin(3, first=False), '{"total":3,"begun":3,"at_once":3}'),
    (Status.JOINING, BranchJoin(2, first=True), '{"total":2,"begun":2,"first":true,"at_once":2}'),
    (Status.JOINING, ItemJoin(1, at_once=1, tolerate=0, begun=1), '{"total":1,"begun":1,"listed":true,"forked":true}'),
    (Status.JOINING, ItemJoin(3, at_once=1, tolerate=0), '{"total":3,"listed":true,"forked":true}'),
    (
        Status.JOINING,
        ItemJoin(9, at_once=7, tolerate=6, begun=8, failed=5),
        '{"total":9,"begun":8,"listed":true,"forked":true,"at_once":7,"tolerate":6,"failed":5}',
    ),
    (
        Status.WAITING_FOR_CHILDREN,
        PartitionJoin(3, begun=1, items=250),
        '{"total":3,"begun":1,"listed":true,"items":250}',
    ),
    (
        Status.READY,
        PartitionJoin(9, 9, 8, 7, 6, 5, 4, 3, (1, 2), 4, "a"),
        (
            '{"total":9,"begun":8,"listed":true,"at_once":7,"concurrency":6,"tolerate":5,"failed":4,"items":9,'
            '"reads":"a","turn":3,"over":[1,2],"redrives":4}'
        ),
    ),
    (
        Status.OVER,
        PartitionJoin(3, items=250, begun=3, at_once=3),
        '{"total":3,"begun":3,"listed":true,"at_once":3,"items":250}',
    ),
    (Status.WAITING_FOR_CHILDREN, ChildJoin("t:o:1"), '{"total":1,"begun":1,"child":"t:o:1"}'),
    (
        Status.FAILED,
        ChildJoin("t:o:1", turn=3, over=(0,), redrives=1),
        '{"total":1,"begun":1,"turn":3,"over":[0],"redrives":1,"child":"t:o:1"}',
    ),
    (Status.FAILED, ItemJoin(3, at_once=1, tolerate=0), '{"total":3,"listed":true,"forked":true}'),
    (Status.OVER, ChildJoin("t:o:1", awaited=False), '{"total":1,"begun":1,"child":"t:o:1","wait":false}'),
]
"""A status of a thread, what it joins, and how that is stored."""

INSTANT = '"2026-01-01T12:30:15.123Z"'
WAITS = [
    (Status.WAITING, TimerWait(NOW), f'{{"until":{INSTANT}}}'),
    (Status.RETRYING, RetryWait(NOW), f'{{"until":{INSTANT}}}'),
    (
        Status.RETRYING,
        RetryWait(NOW, "Busy", "not now", policy=1, attempts=5),
        f'{{"until":{INSTANT},"retry":{{"error":"Busy","message":"not now","policy":1,"attempts":5}}}}',
    ),
    (Status.WAITING_FOR_CHILDREN, ChildrenWait(), "{}"),
    (Status.WAITING_FOR_CHILDREN, ChildrenWait(7), '{"ordered":7}'),
    (Status.WAITING_FOR_CHILDREN, ChildrenWait(7, again=True), '{"ordered":7,"again":true}'),
    (Status.WAITING_FOR_ANSWER, AnswerWait(AnswerKind.CALLBACK), '{"asking":{"what":"callback"}}'),
    (
        Status.WAITING_FOR_ANSWER,
        AnswerWait(AnswerKind.TASK, overdue=True, until=NOW),
        f'{{"until":{INSTANT},"asking":{{"what":"task","overdue":true}}}}',
    ),
    (
        Status.WAITING_FOR_ANSWER,
        AnswerWait(AnswerKind.EVENT, "paid", "7", until=NOW),
        f'{{"until":{INSTANT},"asking":{{"what":"event","name":"paid","event_key":"7"}}}}',
    ),
    (
        Status.OVER,
        AnswerWait(AnswerKind.EVENT, "paid", "7", answer=Answer(NOW, key="e")),
        f'{{"asking":{{"what":"event","name":"paid","event_key":"7","answer":{{"at":{INSTANT},"key":"e"}}}}}}',
    ),
    (
        Status.READY,
        AnswerWait(AnswerKind.CALLBACK, answer=Answer(NOW)),
        f'{{"asking":{{"what":"callback","answer":{{"at":{INSTANT}}}}}}}',
    ),
    (Status.READY, None, "{}"),
    (Status.JOINING, None, "{}"),
]
"""A status of a thread, what it waits for, and how that is stored."""
MEMBERS = ("until", "retry", "asking", "ordered", "again")


def stored(thread: Thread) -> dict[str, Any]:
    (written,) = execution_json(copy_with(LIVE, threads={thread.id: thread}))["threads"]
    return dict(written)


def read_back(written: dict[str, Any]) -> Thread:
    (thread,) = read_execution({**execution_json(LIVE), "threads": [written]}).threads.values()
    return thread


class TestThreads:
    @pytest.mark.parametrize(("status", "join", "text"), JOINS)
    def test_what_one_joins_is_stored_in_members_and_an_order_that_stay(
        self, status: Status, join: Join, text: str
    ) -> None:
        written = stored(copy_with(MAIN, status=status, join=join))
        assert encode(written["join"]).decode() == text
        assert read_back(written).join == join

    @pytest.mark.parametrize(("status", "wait", "text"), WAITS)
    def test_what_one_waits_for_is_stored_in_members_and_an_order_that_stay(
        self, status: Status, wait: Wait | None, text: str
    ) -> None:
        written = stored(copy_with(MAIN, status=status, wait=wait))
        members = {name: written[name] for name in written if name in MEMBERS}
        assert encode(members).decode() == text
        assert read_back(written).wait == wait

    def test_a_whole_one(self) -> None:
        assert encode(stored(FULL)).decode() == WHOLE

    def test_what_children_were_owed_before_is_not_owed_again(self) -> None:
        assert read_back({**stored(copy_with(MAIN, status=Status.READY)), "ordered": 6}).wait is None


EVENTS: list[Input] = [
    SignalPublished(name="paid", key="order-1"),
    Started(),
    StepDue("main", 3),
    TimerFired("main.3.left", 0),
    ChildEnded("main", 1, 0, State.SUCCEEDED),
    ChildEnded("main", 1, 2, State.SUCCEEDED, output={"n": [None]}),
    ChildEnded("main", 1, 2, State.FAILED, None, FAILURE, 3, 4, False, False),
    CancelRequested(),
    CancelRequested(turn=7, actor="ada"),
    PauseRequested(actor="ada"),
    ResumeRequested(turn=7, redrives=2, version=3),
    ResumeRequested(turn=7, redrives=2, again=True),
    RedriveRequested(),
    RedriveRequested(actor="ada", step="s", incoming=[1], stash={"a": None, "b": 0}, version=2, again=True),
]
