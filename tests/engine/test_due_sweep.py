import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.executions.inputs import Message, ShardDue, Started, StepDue, TimerFired
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.records.codec import message_json
from chalicelib.core.records.incident import IncidentKind
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.due_sweep import DueSweep, in_turns
from chalicelib.engine.model import Dependencies
from chalicelib.engine.worker import Worker
from tests.engine.test_worker import record
from tests.home import CALL, ECHO, START, SUB, WAIT, Executions, Home

HOUR = {"type": "wait", "seconds": 3600}
MINUTE = timedelta(minutes=1)


def later(home: Home, seconds: float, each: float = 60) -> list[int]:
    """Let time pass while the schedule looks once a minute; tell at how many executions it looked each time."""
    looked = []
    for _ in range(int(seconds / each)):
        home.clock.sleep(each)
        looked.append(home.sweep_due())
        home.deliver_all()
    return looked


class TestLongWaits:
    def test_three_days_are_one_due_time_and_one_message_at_the_end(self, home: Home) -> None:
        home.create({"type": "wait", "seconds": 3 * 24 * 3600})
        home.service.execute("t", "d", "in")
        home.deliver()
        assert home.queue.messages == {}
        home.clock.sleep(3 * 24 * 3600 - 901)
        assert home.sweep_due() == 0
        home.clock.sleep(60)
        assert home.sweep_due() == 1
        assert home.sweep_due() == 0
        home.clock.sleep(840)
        assert home.queue.visible() == []
        home.clock.sleep(1)
        home.deliver()
        assert home.only().state is State.SUCCEEDED
        assert home.only().ended_at == START + timedelta(days=3)

    def test_its_timer_is_sent_once_and_it_is_read_once(self, home: Home) -> None:
        home.create(HOUR)
        home.execute("in")
        home.clock.sleep(2700)
        home.calls.clear()
        assert later(home, 840) == [1, *[0] * 13]
        assert len(home.waiting()) == 1
        assert home.calls["executions.read"] == 1
        assert home.calls["executions.get"] == 0
        assert home.calls["executions.defer"] == 1
        assert home.incidents.items == {}

    def test_its_timer_is_sent_once_though_another_thread_goes_on(self, home: Home) -> None:
        short = [{"id": "first", "type": "wait", "seconds": 2690}, *({"id": f"step-{n}", **WAIT} for n in range(10))]
        branches = [{"id": "long", "steps": [{"id": "rest", **HOUR}]}, {"id": "short", "steps": short}]
        home.create({"type": "parallel", "branches": branches})
        home.execute("in")
        sent: set[str] = set()
        for _ in range(62 * 6):
            later(home, 10, 10)
            messages = home.queue.messages.items()
            sent |= {name for name, message in messages if '"main.1.long"' in message.body}
        assert len(sent) == 1
        assert home.only().state is State.SUCCEEDED

    def test_an_execution_that_cannot_be_read_keeps_no_other_waiting(self, home: Home) -> None:
        home.create({"type": "wait", "seconds": 3600})
        broken, _ = home.service.execute("t", "d", "broken")
        home.service.execute("t", "d", "whole")
        home.deliver()
        home.executions.items[broken.id] = "{}"
        home.clock.sleep(3000)
        assert home.sweep_due() == 2
        assert len(home.queue.messages) == 1
        assert home.sweep_due() == 0

    def test_a_paused_execution_is_not_looked_at_until_it_is_resumed(self, home: Home) -> None:
        home.create(HOUR)
        name = home.execute("in")
        home.service.pause("t", name)
        home.clock.sleep(3500)
        assert home.sweep_due() == 0
        home.service.resume("t", name)
        assert [message.event for message in home.waiting()] == [TimerFired("main", 1)]

    def test_a_time_out_that_is_far_away_is_found_too(self, home: Home) -> None:
        home.create({"type": "wait", "seconds": 7200, "timeoutSeconds": 3600})
        home.execute("in")
        home.clock.sleep(3600)
        assert home.sweep_due() == 1
        home.deliver()
        assert home.only().state is State.FAILED


class TestLost:
    """Both queues are purged, and the schedule looks once a minute."""

    @pytest.mark.parametrize("seconds", [1, 45, 900, 3600])
    def test_a_wait_goes_on_within_two_looks_and_that_is_an_incident(self, home: Home, seconds: int) -> None:
        home.create({"type": "wait", "seconds": seconds})
        name = home.execute("in")
        home.clock.sleep(max(0, seconds - 600))
        home.sweep_due()
        home.queue.messages.clear()
        home.clock.sleep(min(600, seconds))
        later(home, 120)
        assert home.only().state is State.SUCCEEDED
        (incident,) = home.incidents.items.values()
        assert (incident.kind, incident.execution_id) == (IncidentKind.MESSAGE_LOST, name)

    def test_a_deadline_counts_though_its_message_is_lost(self, home: Home) -> None:
        home.create({**HOUR, "timeoutSeconds": 300})
        home.execute("in")
        home.queue.messages.clear()
        home.clock.sleep(300)
        later(home, 120)
        assert home.only().state is State.FAILED

    def test_a_retry_goes_on_though_its_message_is_lost(self, home: Home) -> None:
        home.create({**CALL, "retry": [{"errors": ["*"], "intervalSeconds": 9}]})
        home.failures = ["No"]
        home.execute("in")
        home.queue.messages.clear()
        home.clock.sleep(9)
        later(home, 120)
        assert home.only().state is State.SUCCEEDED

    def test_a_turn_that_was_left_to_others_does(self, home: Home) -> None:
        home.create(CALL)
        home.service.execute("t", "d", "in")
        home.deliver(turns=0)
        home.queue.messages.clear()
        later(home, 660)
        assert home.only().state is State.SUCCEEDED

    def test_a_child_execution_that_was_never_started_does(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        name = home.execute("in")
        home.queue.messages.clear()
        later(home, 120)
        assert home.read(name).output == "in"

    def test_a_parent_execution_that_never_heard_of_the_end_does(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        name = home.execute("in")
        home.deliver()
        home.queue.messages.clear()
        later(home, 120)
        assert home.read(name).output == "in"

    def test_what_stays_lost_is_looked_at_less_and_less_and_is_one_incident(self, home: Home) -> None:
        home.create(WAIT)
        home.execute("in")
        looked = []
        for _ in range(64):
            home.queue.messages.clear()
            home.clock.sleep(60)
            looked.append(home.sweep_due())
        assert [minute for minute, count in enumerate(looked, 1) if count] == [2, 3, 5, 9, 17, 33]
        assert len(home.incidents.items) == 1

    def test_a_late_timer_is_for_the_clock_of_who_receives_it_to_judge(self, home: Home) -> None:
        home.create(WAIT)
        home.execute("in")
        home.queue.messages.clear()
        home.clock.sleep(600)
        home.sweep_due()
        (message,) = home.waiting()
        assert isinstance(message.event, TimerFired)
        assert message.event.by is None


class TestChildren:
    def test_children_that_are_under_way_are_left_alone(self, home: Home) -> None:
        home.create(HOUR, name="other")
        home.create(SUB)
        home.execute("in")
        home.deliver()
        home.clock.sleep(60)
        assert (home.sweep_due(), home.waiting()) == (1, [])

    def test_a_child_that_was_never_started_is(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create({"type": "workflow", "definition": "other", "timeoutSeconds": 3600})
        name = home.execute("in")
        home.queue.messages.clear()
        home.clock.sleep(3000)
        home.sweep_due()
        home.deliver_all()
        assert home.read(name).output == "in"


class TestHandedOver:
    def test_a_turn_is_left_alone_while_a_function_may_be_at_work_on_it(self, home: Home) -> None:
        branches = [{"id": name, "steps": [{"id": f"{name}-1", **step}]} for name, step in (("a", CALL), ("b", WAIT))]
        home.create({"type": "parallel", "branches": branches})
        home.service.execute("t", "d", "in")
        home.deliver(turns=2)
        assert StepDue("main.1.a", 0) in [message.event for message in home.waiting()]
        home.queue.messages.clear()
        home.clock.sleep(120)
        assert home.sweep_due() == 1
        assert [message.event for message in home.waiting()] == [TimerFired("main.1.b", 1)]


class TestStarts:
    def test_a_start_that_was_written_but_never_sent_is_found_by_the_schedule(self, home: Home) -> None:
        home.create(ECHO)
        home.service.execute("t", "d", "in", name="mine")
        home.queue.messages.clear()
        home.clock.sleep(60)
        home.sweep_due()
        home.deliver()
        assert home.only().state is State.SUCCEEDED

    def test_one_that_was_just_written_is_given_its_time(self, home: Home) -> None:
        home.create(ECHO)
        home.service.execute("t", "d", "in", name="mine")
        home.queue.messages.clear()
        home.clock.sleep(59)
        assert (home.sweep_due(), home.waiting()) == (0, [])

    def test_one_whose_message_was_lost_again_is_sent_again_a_minute_later(self, home: Home) -> None:
        home.create(ECHO)
        execution, _ = home.service.execute("t", "d", "in", name="mine")
        home.queue.messages.clear()
        home.clock.sleep(60)
        home.sweep_due()
        home.queue.messages.clear()
        home.clock.sleep(59)
        assert home.sweep_due() == 0
        home.clock.sleep(1)
        assert home.sweep_due() == 1
        assert home.waiting() == [Message(execution.id, Started())]


def many(home: Home, count: int, tenant: str = "t") -> None:
    """Let many executions wait for an hour."""
    home.definitions.create_definition(tenant, {"id": "d", "steps": [{"id": "rest", **HOUR}]})
    for _ in range(count):
        home.service.execute(tenant, "d", "in")
    home.deliver()


class TestMany:
    def test_a_shard_that_has_more_than_a_page_is_left_to_a_function_of_its_own(self, home: Home) -> None:
        many(home, 150)
        home.clock.sleep(2700)
        assert home.sweep_due() == 0
        assert home.waiting() == [Message("", ShardDue("", 0))]
        home.queue.messages.clear()
        home.calls.clear()
        assert DueSweep(home.dependencies, "shard", home.clock.now() + MINUTE, 4).run_shard("") == 150
        assert len(home.waiting()) == 150
        assert home.calls["executions.read"] == 2
        assert home.calls["executions.get"] == 0
        assert home.sweep_due() == 0

    def slowly(self, home: Home) -> Dependencies:
        many(home, 250)
        home.clock.sleep(2700)

        class Slow(Executions):
            def defer(
                self, execution_id: str, seen: datetime, due_at: datetime | None, listed: Execution | None = None
            ) -> None:
                super().defer(execution_id, seen, due_at, listed)
                home.clock.sleep(0.1)

        slow = Slow()
        slow.items, slow.due_times = home.executions.items, home.executions.due_times
        return copy_with(home.dependencies, executions=slow)

    def test_it_goes_on_until_its_time_is_over(self, home: Home) -> None:
        slowly = self.slowly(home)
        assert DueSweep(slowly, "first", home.clock.now() + timedelta(seconds=15)).run_shard("") == 200
        assert DueSweep(slowly, "second", home.clock.now() + timedelta(seconds=15)).run_shard("") == 50

    def test_a_function_keeps_time_for_what_it_has_begun(self, home: Home) -> None:
        worker = Worker(self.slowly(home), lambda *_: None, reports=True)
        shard = record("shard", json.dumps(message_json(Message("", ShardDue("", 0)))), "timers")
        worker.handle([shard], "request", timedelta(seconds=15))
        assert len(home.waiting()) == 100

    def test_tenants_take_turns(self) -> None:
        found = [*((f"big:d:{n}", START) for n in range(3)), ("small:d:1", START), ("other:d:1", START)]
        names = [name for name, _ in in_turns(found)]
        assert names == ["big:d:0", "small:d:1", "other:d:1", "big:d:1", "big:d:2"]

    def test_one_tenant_s_many_do_not_keep_another_s_few_waiting(self, home: Home) -> None:
        many(home, 300, "big")
        many(home, 2, "small")
        home.clock.sleep(2700)
        DueSweep(home.dependencies, "shard", home.clock.now()).look_at(home.executions.due("", home.clock.now(), 1000))
        names = [message.execution for message in home.waiting()]
        assert len(names) == 100
        assert sum(name.startswith("small:") for name in names) == 2

    def test_a_run_that_overlaps_another_passes_over_what_that_has_moved_on(self, home: Home) -> None:
        many(home, 250)
        home.clock.sleep(2700)

        class Overtaken(Executions):
            """The other run begins after this one has found what is due, and ends before it reads the second chunk."""

            reads = 0

            def read(self, ids: Sequence[str]) -> Mapping[str, Execution]:
                self.reads += 1
                if self.reads == 2:
                    DueSweep(home.dependencies, "other", home.clock.now() + MINUTE).run_shard("")
                return super().read(ids)

        store = Overtaken()
        store.items, store.due_times = home.executions.items, home.executions.due_times
        overtaken = copy_with(home.dependencies, executions=store)
        assert DueSweep(overtaken, "one", home.clock.now() + MINUTE).run_shard("") == 100
        assert len(home.waiting()) == 250
        assert home.sweep_due() == 0


class Silent(Executions):
    """Does not answer some reads or changes."""

    def __init__(self, home: Home, what: str) -> None:
        super().__init__()
        self.items, self.due_times, self.what = home.executions.items, home.executions.due_times, what

    def read(self, ids: Sequence[str]) -> Mapping[str, Execution]:
        if self.what == "read":
            raise UnavailableError
        return {} if self.what == "get" else super().read(ids)

    def get(self, execution_id: str, **how: Any) -> Execution | None:
        if self.what == "get":
            raise UnavailableError
        return super().get(execution_id, **how)

    def defer(
        self, execution_id: str, seen: datetime, due_at: datetime | None, listed: Execution | None = None
    ) -> None:
        if self.what == "defer":
            raise UnavailableError
        super().defer(execution_id, seen, due_at, listed)


class TestTrouble:
    def test_what_is_gone_is_put_off(self, home: Home) -> None:
        home.executions.due_times["t:d:gone"] = START
        assert (home.sweep_due(), home.waiting()) == (1, [])
        assert home.executions.due_times["t:d:gone"] > START

    @pytest.mark.parametrize("what", ["read", "get", "defer"])
    def test_a_store_that_does_not_answer_leaves_it_to_the_next_run(self, home: Home, what: str) -> None:
        home.create(WAIT)
        home.execute("in")
        home.clock.sleep(120)
        silent = copy_with(home.dependencies, executions=Silent(home, what))
        DueSweep(silent, "tick", home.clock.now() + MINUTE).run()
        assert home.sweep_due() == 1

    def test_a_queue_that_does_not_answer_does(self, home: Home) -> None:
        home.create(WAIT)
        home.execute("in")
        home.clock.sleep(120)
        home.queue.refusals = 1
        assert (home.sweep_due(), home.sweep_due()) == (0, 1)

    def test_one_that_cannot_take_a_message_keeps_no_other_waiting(self, home: Home) -> None:
        many(home, 150)
        home.clock.sleep(2700)

        class Broken(Executions):
            reads = 0

            def read(self, ids: Sequence[str]) -> Mapping[str, Execution]:
                self.reads += 1
                if self.reads == 1:
                    raise ValueError
                return super().read(ids)

        store = Broken()
        store.items, store.due_times = home.executions.items, home.executions.due_times
        assert (
            DueSweep(copy_with(home.dependencies, executions=store), "1", home.clock.now() + MINUTE).run_shard("") == 50
        )
        assert len(home.waiting()) == 50
