from chalicelib.adapters.dynamodb.attributes import pack, text_of
from chalicelib.adapters.dynamodb.executions import DOCUMENT
from chalicelib.adapters.dynamodb.tables import (
    BY_DUE,
    BY_OWNER_STATUS,
    DEFINITION_VERSIONS,
    EXECUTIONS,
    HISTORY,
    PAYLOADS,
    SIGNALS,
    TASKS,
)
from chalicelib.core.executions.model import State
from chalicelib.core.waits.task import TaskStatus
from tests.adapters.examples import random_text
from tests.operations.world import (
    HOUR,
    TENANT,
    WAIT,
    World,
    drop_messages,
    found,
    item_of,
    rewritten,
    rows_of,
    with_rows,
)


class TestHistory:
    def test_a_row_that_is_missing_is_named_with_who_names_it(self, stage: World) -> None:
        one, other = with_rows(stage), with_rows(stage)
        first, second = (rows_of(stage, each)[0] for each in (one, other))
        stage.delete(HISTORY, first)
        stage.delete(HISTORY, rows_of(stage, other)[-1])
        key, namer = first["key"]["S"], rows_of(stage, one)[0]["key"]["S"]
        assert found(stage) == {
            one: [("history", f"row {key} is missing, which row {namer} names")],
            other: [("history", f"row {stage.read(other).head.key} is missing, which the execution names")],  # type: ignore[union-attr]
        }
        assert second["key"]["S"] != stage.read(other).head.key  # type: ignore[union-attr]

    def test_a_byte_that_was_changed_is_found(self, stage: World) -> None:
        one, other = with_rows(stage), with_rows(stage)
        row, last = rows_of(stage, one)[0], rows_of(stage, other)[-1]
        text = text_of(row["document"])
        stage.put(HISTORY, {**row, "document": pack(text.replace(b'"main"', b'"main_"', 1))})
        stage.put(HISTORY, {**last, "document": {"B": b"\xff" + bytes(last["document"]["B"])[1:]}})
        why = found(stage)
        (changed,), (unreadable,) = why[one], why[other]
        key, namer = row["key"]["S"], rows_of(stage, one)[1]["key"]["S"]
        assert changed == ("history", f"row {key} was changed: it is not what row {namer} names")
        assert unreadable[0] == "history"
        assert unreadable[1].startswith(f"row {last['key']['S']} cannot be read: error: Error -3")

    def test_a_large_value_that_is_lost_is_found_where_it_is_asked_for(self, stage: World) -> None:
        made = stage.start("large", random_text(70_000))
        stage.deliver()
        stage.later(1)
        for item in stage.items(PAYLOADS):
            stage.delete(PAYLOADS, item)
        (why, *_) = found(stage, "--values")[made]
        assert why[0] == "unreadable"
        assert "PayloadLostError" in why[1] or "is lost" in why[1]


class TestState:
    def test_what_its_message_does_not_drive_is_found_and_woken(self, stage: World) -> None:
        late = stage.start("timer")
        stage.start("call")
        stage.deliver()
        stage.clock.sleep(1)
        stage.dies = True
        stage.deliver()
        stage.dies = False
        drop_messages(stage)
        (standing,) = (i["id"]["S"] for i in stage.items(EXECUTIONS) if i["id"]["S"] != late)
        since = stage.clock.now()
        assert found(stage) == {}
        stage.clock.sleep(HOUR)
        due = stage.read(late).due_at
        assert due is not None
        why = found(stage)
        assert why[late] == [("late", f"the schedule was to look at it at {due:%Y-%m-%dT%H:%M:%SZ}")]
        assert why[standing][0] == ("standing", f"it runs since {since:%Y-%m-%dT%H:%M:%SZ}, and no message drives it")
        assert {mended for *_, mended in stage.doctor("--repair", "wake")} == {True}
        stage.deliver()
        assert {stage.read(each).state for each in (late, standing)} == {State.SUCCEEDED}
        assert found(stage) == {}

    def test_what_the_schedule_does_not_know_is_found_and_put_into_its_index(self, stage: World) -> None:
        made = stage.start("timer")
        stage.deliver()
        item = item_of(stage, made)
        stage.put(
            EXECUTIONS, {name: each for name, each in item.items() if name not in {BY_DUE.sort, BY_DUE.partition}}
        )
        unwatched = ("unwatched", "it waits, and the schedule does not know when to look at it")
        assert unwatched in found(stage)[made]
        assert stage.doctor("--repair", "index") != []
        assert item_of(stage, made) == item
        assert found(stage) == {}

    def test_what_is_listed_wrong_is_found_and_listed(self, stage: World) -> None:
        made = stage.start("timer")
        stage.deliver()
        ended = item_of(stage, made)
        stage.services.executions.cancel(TENANT, made)
        stage.deliver()
        right = item_of(stage, made)
        status = BY_OWNER_STATUS.partition
        stage.put(EXECUTIONS, {**right, status: {"S": right[status]["S"].replace("cancelled", "failed")}})
        assert found(stage) == {made: [("listing", "it is kept under failed, and not under cancelled")]}
        stage.doctor("--repair", "index")
        assert item_of(stage, made) == right
        assert status not in ended

    def test_a_branch_that_is_gone_is_found(self, stage: World) -> None:
        made = stage.start("fork")
        stage.deliver()
        rewritten(stage, made, lambda document: document["threads"].pop())
        assert ("join", "it joins 2 threads, and 1 are not there") in found(stage)[made]

    def test_what_cannot_be_read_is_found(self, stage: World) -> None:
        made = stage.start("timer")
        stage.deliver()
        stage.put(EXECUTIONS, {**item_of(stage, made), DOCUMENT: {"S": '{"threads": ['}})
        ((kind, detail),) = found(stage)[made]
        assert kind == "unreadable"
        assert detail.startswith("it cannot be read: JSONDecodeError")

    def test_what_no_rule_thought_of_keeps_nobody_from_checking_the_others(self, stage: World) -> None:
        stage.start("event", "order-1")
        stage.deliver()
        (waiter,) = stage.items(SIGNALS)
        stage.put(SIGNALS, {**waiter, "waiter": {"S": "{}"}})
        ((kind, detail),) = found(stage)[""]
        assert kind == "unreadable"
        assert detail.startswith(f"event_channel {waiter['channel']['S']} {waiter['entry']['S']} cannot be read: ")

    def test_what_cannot_be_woken_stays_and_the_others_are(self, stage: World) -> None:
        stage.define("lost", WAIT)
        lost, late = stage.start("lost"), stage.start("timer")
        stage.deliver()
        drop_messages(stage)
        versions = stage.items(DEFINITION_VERSIONS)
        (gone,) = (item for item in versions if item["idVersion"]["S"].startswith("lost@"))
        stage.delete(DEFINITION_VERSIONS, gone)
        stage.clock.sleep(HOUR)
        assert {name: mended for _, name, _, mended in stage.doctor("--repair", "wake")} == {lost: False, late: True}
        assert any(line.startswith(f"{lost} cannot be woken: DefinitionNotFoundError") for line in stage.said)
        stage.deliver()
        assert stage.read(late).state is State.SUCCEEDED

    def test_what_was_restored_and_cannot_be_woken_is_told_though_nothing_of_it_is_late(self, stage: World) -> None:
        stage.define("gone", WAIT)
        lost, other = stage.start("gone"), stage.start("timer")
        stage.deliver()
        versions = stage.items(DEFINITION_VERSIONS)
        (gone,) = (item for item in versions if item["idVersion"]["S"].startswith("gone@"))
        stage.delete(DEFINITION_VERSIONS, gone)
        found = stage.doctor("--restored", "--repair", "wake")
        assert found == [("standing", lost, "it was restored, and could not be woken", False)]
        assert stage.said[-1].endswith("0 violations, 1 woken"), other


class TestChildren:
    def test_an_end_that_was_not_heard_is_found_and_told_again(self, stage: World) -> None:
        made = stage.start("child")
        stage.deliver()
        (child,) = (i["id"]["S"] for i in stage.items(EXECUTIONS) if i["id"]["S"] != made)
        before = item_of(stage, made)
        stage.later(5)
        assert stage.read(made).state is State.SUCCEEDED
        stage.put(EXECUTIONS, before)
        for row in rows_of(stage, made):
            stage.delete(HISTORY, row)
        stage.clock.sleep(HOUR)
        assert ("child", f"it waits for {child}, which has ended") in found(stage)[made]
        stage.doctor("--repair", "wake")
        stage.deliver()
        assert stage.read(made).state is State.SUCCEEDED

    def test_a_child_that_is_not_there_is_found_and_started(self, stage: World) -> None:
        made = stage.start("child")
        stage.deliver()
        (child,) = (i for i in stage.items(EXECUTIONS) if i["id"]["S"] != made)
        stage.delete(EXECUTIONS, child)
        drop_messages(stage)
        stage.clock.sleep(HOUR)
        assert ("child", f"it waits for {child['id']['S']}, which does not exist") in found(stage)[made]
        stage.doctor("--repair", "wake")
        stage.deliver()
        assert stage.read(child["id"]["S"]).state is State.STEP_STARTED


class TestWaits:
    def test_a_task_without_a_wait_is_found_and_closed(self, stage: World) -> None:
        made, gone = stage.start("task"), stage.start("task")
        stage.deliver()
        tasks = {item["executionId"]["S"]: item for item in stage.items(TASKS) if "executionId" in item}
        stage.services.executions.cancel(TENANT, made)
        stage.deliver()
        stage.later(60)
        stage.put(TASKS, tasks[made])
        stage.delete(EXECUTIONS, item_of(stage, gone))
        ids = {name: task["id"]["S"] for name, task in tasks.items()}
        assert found(stage) == {
            made: [("task", f"task {ids[made]} is open, and its execution has ended")],
            gone: [("task", f"task {ids[gone]} is open, and its execution does not exist")],
        }
        assert {mended for *_, mended in stage.doctor("--repair", "waits")} == {True}
        closed = {stage.made.tasks.get(TENANT, name).status for name in ids.values()}  # type: ignore[union-attr]
        assert closed == {TaskStatus.CANCELLED}
        assert found(stage) == {}

    def test_a_wait_without_a_task_or_a_waiter_is_found_and_made_known(self, stage: World) -> None:
        asked, sent = stage.start("task"), stage.start("event", "order-1")
        stage.deliver()
        for schema in (TASKS, SIGNALS):
            for item in stage.items(schema):
                stage.delete(schema, item)
        stage.clock.sleep(HOUR)
        why = found(stage)
        assert [kind for kind, _ in why[asked]] == ["wait"]
        assert why[asked][0][1].endswith("which does not exist, or is damaged")
        assert why[sent] == [("wait", "it waits for event paid, and no event can find it")]
        assert {mended for *_, mended in stage.doctor("--repair", "wake")} == {True}
        assert found(stage) == {}

    def test_a_waiter_that_does_not_wait_is_found_and_removed(self, stage: World) -> None:
        made = stage.start("event", "order-1")
        stage.deliver()
        (waiter,) = stage.items(SIGNALS)
        stage.services.executions.cancel(TENANT, made)
        stage.deliver()
        assert stage.items(SIGNALS) == []
        stage.later(60)
        stage.put(SIGNALS, waiter)
        ((kind, _),) = found(stage)[made]
        assert kind == "waiter"
        stage.doctor("--repair", "waits")
        assert stage.items(SIGNALS) == []

    def test_a_waiter_under_another_key_than_its_own_is_found_and_removed(self, stage: World) -> None:
        made = stage.start("event", "order-1")
        stage.deliver()
        (waiter,) = stage.items(SIGNALS)
        stage.put(SIGNALS, {**waiter, "channel": {"S": waiter["channel"]["S"].replace("order-1", "order-2")}})
        assert found(stage) == {made: [("waiter", "events of another name or key could be meant for it")]}
        stage.doctor("--repair", "waits")
        assert stage.items(SIGNALS) == [waiter]
