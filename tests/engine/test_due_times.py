"""When the schedule looks at an execution whose messages may not have been sent."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.inputs import StepDue, TimerFired
from chalicelib.core.executions.model import State, Status
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.waits.task import Person, TaskFilter
from tests.home import CALL, ECHO, START, SUB, Home

MINUTE = 60.001
"""Seconds after which what an API call wrote is looked at."""


def branch(name: str, seconds: int) -> dict[str, object]:
    return {"id": name, "steps": [{"id": f"rest-{name}", "type": "wait", "seconds": seconds}]}


class TestRequestsThatDied:
    """The process of an API call has died between its write and its sends: nobody delivers that again."""

    def resumed(self, home: Home, name: str) -> None:
        home.service.pause("t", name)
        home.queue.messages.clear()
        home.queue.refusals = 1
        with pytest.raises(UnavailableError):
            home.service.resume("t", name)

    def test_what_it_did_not_send_is_sent_soon_though_another_wait_is_long(self, home: Home) -> None:
        home.create({"type": "parallel", "branches": [branch("long", 7200), branch("short", 300)], "join": "first"})
        name = home.execute()
        self.resumed(home, name)
        home.clock.sleep(MINUTE)
        home.sweep_due()
        home.clock.sleep(240)
        home.deliver_all()
        assert home.read(name).state is State.SUCCEEDED

    def test_a_cancellation_that_asks_for_nothing_needs_no_look(self, home: Home) -> None:
        home.create({"type": "wait", "seconds": 3600})
        name = home.execute()
        home.service.cancel("t", name)
        assert home.executions.due_times == {}

    def test_a_cancellation_that_was_not_passed_on_is(self, home: Home) -> None:
        home.cancel_unheard({"type": "wait", "seconds": 600})
        home.clock.sleep(MINUTE)
        home.sweep_due()
        home.deliver_all()
        assert home.child().state is State.CANCELLED

    def test_what_it_did_not_send_is_sent_soon_though_the_schedule_was_looking_meanwhile(self, home: Home) -> None:
        due = {"seconds": 3600, "then": "continue"}
        steps = {name: {"id": f"look-{name}", "type": "task", "title": name, "due": due} for name in "ab"}
        branches = [{"id": name, "steps": [step, {"id": f"say-{name}", **ECHO}]} for name, step in steps.items()]
        home.create({"type": "parallel", "branches": branches})
        name = home.execute()
        task = next(task for task in home.services.tasks.find("t", TaskFilter(), 2, None) if task.title == "a")

        def complete() -> None:
            home.queue.refusals = 1
            with pytest.raises(UnavailableError):
                home.services.tasks.complete("t", task.id, Person("ada"), None)

        home.clock.sleep(2700)
        home.queue.overtaken = complete
        home.sweep_due()
        home.clock.sleep(MINUTE)
        home.sweep_due()
        home.deliver_all()
        assert home.read(name).threads["main"].results.keys() == {"a"}


class TestSweepsThatDied:
    """A run of the schedule that wrote something has died before it sent: nobody delivers that again, either."""

    def test_what_it_wrote_is_looked_at_soon(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create({**SUB, "wait": False, "timeoutSeconds": 3600}, CALL)
        name = home.service.execute("t", "d", "in")[0].id
        home.queue.refusals = 1
        with pytest.raises(UnavailableError):
            home.deliver()
        home.queue.messages.clear()
        home.clock.sleep(2800)

        def die() -> None:
            home.queue.refusals = 1

        home.executions.rivals = [die]
        home.sweep_due()
        assert home.read(name).threads["main"].status is Status.READY, "the sweep has written that the child is let go"
        home.clock.sleep(MINUTE)
        home.queue.messages.clear()
        home.sweep_due()
        assert [message.event for message in home.waiting()] == [StepDue("main", 2)]
        home.deliver_all()
        assert home.read(name).state is State.SUCCEEDED


class TestLongWaits:
    def test_the_earliest_of_several_is_looked_at(self, home: Home) -> None:
        home.create({"type": "parallel", "branches": [branch("a", 7200), branch("b", 3600), branch("c", 9000)]})
        name = home.execute()
        assert home.executions.due_times == {name: START + timedelta(seconds=2700)}

    def test_after_the_earliest_the_next_one_is(self, home: Home) -> None:
        home.create({"type": "parallel", "branches": [branch("a", 7200), branch("b", 3600)]})
        name = home.execute()
        home.clock.sleep(3000)
        home.sweep_due()
        home.clock.sleep(600)
        home.deliver_all()
        assert home.executions.due_times == {name: START + timedelta(seconds=6300)}

    def test_what_has_ended_is_looked_at_no_more(self, home: Home) -> None:
        home.create({"type": "wait", "seconds": 3600}, ECHO)
        home.execute()
        home.clock.sleep(3000)
        home.sweep_due()
        home.clock.sleep(600)
        home.deliver_all()
        assert home.only().ended
        assert home.executions.due_times == {}

    def test_a_deadline_that_was_moved_by_a_pause_is_kept(self, home: Home) -> None:
        home.create({"type": "wait", "seconds": 7200}, timeoutSeconds=3600)
        name = home.execute()
        home.service.pause("t", name)
        home.clock.sleep(1000)
        home.service.resume("t", name)
        assert home.executions.due_times == {name: START + timedelta(seconds=3700)}
        home.clock.sleep(2800)
        home.sweep_due()
        assert [message.event for message in home.waiting()] == [TimerFired("main", 1)]
        home.clock.sleep(800)
        home.deliver_all()
        assert home.only().state is State.TIMED_OUT
