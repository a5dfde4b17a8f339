from datetime import timedelta

from chalicelib.core.executions.inputs import Message, Started, TimerFired
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.due_sweep import sweep_due
from tests.home import ECHO, START, Executions, Home

HOUR = {"type": "wait", "seconds": 3600}


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

    def test_a_timer_that_was_lost_is_sent_again(self, home: Home) -> None:
        home.create({"type": "wait", "seconds": 3600})
        home.service.execute("t", "d", "in")
        home.deliver()
        home.clock.sleep(2800)
        home.sweep_due()
        home.queue.messages.clear()
        home.clock.sleep(1200)
        home.sweep_due()
        home.deliver()
        assert home.only().state is State.SUCCEEDED

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

    def test_a_child_that_was_never_started_is(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create({"type": "workflow", "definition": "other", "timeoutSeconds": 3600})
        name = home.execute("in")
        home.queue.messages.clear()
        home.clock.sleep(3000)
        home.sweep_due()
        home.deliver_all()
        assert home.read(name).output == "in"

    def test_no_more_are_looked_at_than_are_asked_for(self, home: Home) -> None:
        home.create(HOUR)
        for _ in range(3):
            home.execute("in")
        home.clock.sleep(3000)
        assert (home.sweep_due(limit=2), home.sweep_due(limit=2)) == (2, 1)


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

    def test_one_whose_message_was_lost_again_is_sent_again_some_minutes_later(self, home: Home) -> None:
        home.create(ECHO)
        execution, _ = home.service.execute("t", "d", "in", name="mine")
        home.queue.messages.clear()
        home.clock.sleep(60.001)
        home.sweep_due()
        home.queue.messages.clear()
        home.clock.sleep(299)
        assert home.sweep_due() == 0
        home.clock.sleep(2)
        assert home.sweep_due() == 1
        assert home.waiting() == [Message(execution.id, Started())]


class TestTrouble:
    def test_what_is_gone_is_put_off(self, home: Home) -> None:
        home.executions.due_times["t:d:gone"] = START
        assert (home.sweep_due(), home.waiting()) == (1, [])
        assert home.executions.due_times["t:d:gone"] > START

    def test_a_store_that_does_not_answer_leaves_it_to_the_next_run(self, home: Home) -> None:
        class Silent(Executions):
            def get(self, execution_id: str) -> Execution | None:
                raise UnavailableError

        silent = Silent()
        silent.due_times["t:d:1"] = START
        assert sweep_due(copy_with(home.dependencies, executions=silent), "tick") == 0
        assert silent.due_times == {"t:d:1": START}
