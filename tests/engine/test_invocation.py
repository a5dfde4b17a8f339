import json
from datetime import datetime, timedelta

import pytest

from chalicelib.adapters.memory.stores import MemoryClock, MemoryHistory
from chalicelib.core.executions.implied import MAX_OUTPUT
from chalicelib.core.executions.inputs import (
    CancelRequested,
    ChildEnded,
    Message,
    PauseRequested,
    ResumeRequested,
    Started,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import Parent, State, Status
from chalicelib.core.records.codec import MAX_MESSAGE_BYTES, read_message
from chalicelib.core.records.payload import PACKING
from chalicelib.core.values.errors import ConflictError, DefinitionNotFoundError, HistoryBrokenError, UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Budget, Delivery
from tests.home import CALL, ECHO, START, SUB, WAIT, Home, caught


@pytest.fixture
def home() -> Home:
    return Home()


class TestBudgets:
    def test_ten_pure_steps_cost_a_put_and_a_send_then_a_write(self, home: Home) -> None:
        home.create(*([ECHO, {"type": "transform", "output": {"was": "${output}"}}] * 5))
        home.service.execute("t", "d", "warm")
        home.deliver()
        home.calls.clear()
        home.service.execute("t", "d", "in")
        assert home.calls == {"definitions.newest": 1, "queue.send": 1, "executions.create": 1}
        home.calls.clear()
        assert home.deliver()
        assert home.calls == {"executions.update": 1}

    def test_a_wait_costs_one_message_and_one_write(self, home: Home) -> None:
        home.create(ECHO, WAIT, ECHO)
        home.service.execute("t", "d", "in")
        home.calls.clear()
        home.deliver()
        assert home.calls == {"executions.update": 1, "queue.send": 1}
        home.calls.clear()
        home.clock.sleep(45)
        home.deliver()
        assert home.calls == {"executions.restore": 1, "executions.update": 1}
        assert home.only().state is State.SUCCEEDED

    def test_a_wait_with_much_state_costs_one_read(self, home: Home) -> None:
        home.create(WAIT, ECHO)
        home.service.execute("t", "d", "in" * 10_000)
        home.deliver()
        home.calls.clear()
        home.clock.sleep(45)
        home.deliver()
        assert home.calls == {"executions.get": 1, "history.keep": 1, "executions.update": 1}

    def test_a_duplicate_costs_one_read(self, home: Home) -> None:
        home.create(ECHO, WAIT)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.queue.send([Message(home.only().id, Started())])
        home.calls.clear()
        assert home.deliver()
        assert home.calls == {"executions.get": 1}

    def test_ten_effects_cost_a_read_and_a_write_each_and_no_message(self, home: Home) -> None:
        home.create(*([CALL] * 10))
        home.service.execute("t", "d", "in")
        home.deliver()
        home.calls.clear()
        home.service.execute("t", "d", "in")
        home.calls.clear()
        home.deliver()
        assert home.calls == {"executions.get": 1, "executions.update": 10}
        assert len(home.performed) == 20

    def test_a_child_costs_a_message_there_and_a_message_back(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        home.execute("in")
        home.deliver_all()
        home.calls.clear()
        home.execute("in")
        home.deliver_all()
        assert home.calls["queue.send"] == 3
        assert home.calls["executions.update"] == 3
        assert home.calls["executions.get"] == 1


class TestRunningAhead:
    def test_many_turns_are_written_in_pieces_and_end_in_one_invocation(self, home: Home) -> None:
        home.create(*([ECHO] * 750))
        home.service.execute("t", "d", "in")
        home.deliver()
        assert home.only().state is State.SUCCEEDED
        assert home.only().version == 2

    def test_a_spent_budget_hands_the_rest_to_another_message(self, home: Home) -> None:
        home.create(*([ECHO] * 250))
        home.service.execute("t", "d", "in")
        home.deliver(turns=100)
        (message,) = home.queue.visible()
        assert read_message(json.loads(message.body)).event == StepDue("main", 100)
        while home.queue.visible():
            home.deliver(turns=100)
        assert home.only().state is State.SUCCEEDED

    def test_all_events_of_one_execution_share_a_read_and_a_write(self, home: Home) -> None:
        home.create(WAIT, ECHO)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.clock.sleep(45)
        home.queue.send([Message(home.only().id, TimerFired("main", 1)), Message(home.only().id, Started())])
        home.calls.clear()
        assert len(home.deliver()) == 3
        assert home.calls == {"executions.get": 1, "executions.update": 1}


class TestTimers:
    def test_an_early_timer_is_sent_again_for_the_rest(self, home: Home) -> None:
        home.create(WAIT)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.queue.messages.clear()
        home.clock.sleep(30)
        home.queue.send([Message(home.only().id, TimerFired("main", 1))])
        assert home.deliver()
        (message,) = home.queue.messages.values()
        assert message.visible_at == START + timedelta(seconds=45)

    @pytest.mark.parametrize("seconds", [900, 901])
    def test_no_wait_falls_between_message_and_due_time_if_the_clock_steps_back(self, seconds: int) -> None:
        class Stepping(MemoryClock):
            def now(self) -> datetime:
                self.instant -= timedelta(milliseconds=1)
                return self.instant

        home = Home()
        home.dependencies = copy_with(home.dependencies, clock=Stepping(START))
        home.create({"type": "wait", "seconds": seconds})
        home.service.execute("t", "d", "in")
        home.deliver()
        assert home.queue.messages or home.executions.due_times

    def test_a_paused_wait_ends_once_it_is_resumed(self, home: Home) -> None:
        home.create(WAIT)
        name = home.execute("in")
        home.service.pause("t", name)
        home.clock.sleep(60)
        assert len(home.deliver()) == 1
        assert home.only().state is State.PAUSED
        home.service.resume("t", name)
        home.deliver()
        assert home.only().output == "in"


class TestCarried:
    """Messages carry the execution as it was written before they were sent."""

    def test_what_has_changed_since_is_read_again_and_folded_once(self, home: Home) -> None:
        home.create(WAIT, CALL)
        name = home.execute("in")
        home.service.pause("t", name)
        home.service.resume("t", name)
        home.clock.sleep(45)
        home.deliver_all()
        assert home.only().state is State.SUCCEEDED
        assert home.told(name).count("StepSucceeded") == 2
        assert [content for _, content in home.performed] == ["in"]

    def test_nothing_is_performed_from_it(self, home: Home) -> None:
        home.create(*[ECHO] * 10, CALL)
        home.service.execute("t", "d", "in")
        home.deliver(turns=10)
        home.calls.clear()
        home.deliver()
        assert home.calls == {"executions.restore": 1, "executions.get": 1, "executions.update": 1}
        assert len(home.performed) == 1

    def test_a_second_delivery_reads(self, home: Home) -> None:
        home.create(WAIT, ECHO)
        home.execute("in")
        home.clock.sleep(45)
        (message,) = home.queue.visible()
        message.receives = 1
        home.calls.clear()
        home.deliver()
        assert home.calls == {"executions.get": 1, "executions.update": 1}

    def test_it_is_left_out_where_others_may_move_the_execution(self, home: Home) -> None:
        branches = [{"id": name, "steps": [{"id": "wait", **WAIT}]} for name in "ab"]
        home.create({"type": "parallel", "branches": branches})
        home.execute("in")
        assert [message.image for message in home.waiting()] == [None, None]


class TestStarting:
    def test_input_that_no_message_can_carry_starts_all_the_same(self, home: Home) -> None:
        home.create(ECHO)
        home.service.execute("t", "d", "x" * MAX_MESSAGE_BYTES)
        home.deliver()
        assert home.only().output == "x" * MAX_MESSAGE_BYTES

    def test_a_taken_id_makes_another_one(self, home: Home) -> None:
        home.create(WAIT)
        first, _ = home.service.execute("t", "d", 1)
        home.tokens = iter(["n", "o", first.id.rpartition(":")[2], "fresh"])
        second, new = home.service.execute("t", "d", 2)
        assert (second.id, second.input, new) == ("t:d:fresh", 2, True)
        home.deliver()
        stands = home.executions.get(first.id)
        assert stands is not None
        assert (stands.input, stands.version) == (1, 1)
        assert len(home.queue.messages) == 2

    def test_a_name_stands_for_one_input(self, home: Home) -> None:
        home.create(WAIT)
        first, new = home.service.execute("t", "d", {"n": 1}, name="mine")
        again, anew = home.service.execute("t", "d", {"n": 1}, name="mine")
        assert (first.id, new, again.id, anew) == ("t:d:mine", True, "t:d:mine", False)
        with pytest.raises(ConflictError, match="other input"):
            home.service.execute("t", "d", {"n": True}, name="mine")
        with pytest.raises(ConflictError, match="other input"):
            home.service.execute("t", "d", {"n": 1.0}, name="mine")

    def test_a_name_outlives_its_definition(self, home: Home) -> None:
        home.create(WAIT)
        home.service.execute("t", "d", {"n": 1}, name="mine")
        home.create(WAIT, inputSchema={"required": ["other"]})
        assert home.service.execute("t", "d", {"n": 1}, name="mine")[0].definition_version == 1
        home.definitions.retire_definition("t", "d")
        assert home.service.execute("t", "d", {"n": 1}, name="mine")[1] is False

    def test_nothing_of_a_retired_definition_starts(self, home: Home) -> None:
        home.create(WAIT)
        home.definitions.retire_definition("t", "d")
        for version in (None, 1):
            with pytest.raises(DefinitionNotFoundError):
                home.service.execute("t", "d", {}, version=version)


def with_rows(home: Home) -> Home:
    """Let every write have a row of history."""
    home.dependencies = copy_with(home.dependencies, limits=copy_with(PACKING, tail_text=0))
    return home


class TestHistory:
    def test_what_is_newest_follows_the_rows_and_pages_go_on_when_it_moves_into_one(self, home: Home) -> None:
        home.create(*[WAIT] * 150)
        execution, _ = home.service.execute("t", "d", "in")
        seen: list[str] = []
        after, skipped, rows = 0, 0, 0
        for _ in range(151):
            home.deliver()
            home.clock.sleep(45)
            page, more = home.service.read_history("t", execution.id, 100, after)
            told = [str(record["step"]) for row in page for record in row.records]
            seen += told[skipped:]
            rows = max(rows, len(home.history.rows.get(execution.id, ())))
            *whole, _ = page
            after, skipped = (whole[-1].version, len(page[-1].records)) if whole else (after, len(told))
            assert not more
        assert home.only().state is State.SUCCEEDED
        assert rows >= 2
        assert seen == [
            r["step"] for row in home.service.read_history("t", execution.id, 100, 0)[0] for r in row.records
        ]

    def test_rows_that_lost_their_race_do_not_show_however_many_they_are(self, home: Home) -> None:
        with_rows(home).create(WAIT, WAIT)
        execution, _ = home.service.execute("t", "d", "in")
        home.deliver()
        row = home.history.read(execution.id, 0, 1)[0]
        for n in range(5):
            home.history.append(copy_with(row, key=f"{1:012d}#lost-{n}"))
            home.history.append(copy_with(row, key=f"{2:012d}#a-lost-{n}"))
        home.clock.sleep(45)
        home.deliver()
        for limit in (1, 2, 100):
            rows, after = [], 0
            more = True
            while more:
                page, more = home.service.read_history("t", execution.id, limit, after)
                rows += page
                after = page[-1].version
            assert [row.version for row in rows] == [1, 2]

    def test_a_row_that_is_gone_is_noticed(self, home: Home) -> None:
        with_rows(home).create(WAIT)
        execution, _ = home.service.execute("t", "d", "in")
        home.deliver()
        home.history.rows.clear()
        with pytest.raises(HistoryBrokenError):
            home.service.read_history("t", execution.id, 10, 0)

    @pytest.mark.parametrize("words", [2_000, 20_000])
    def test_it_shows_a_long_result_that_is_kept_once_with_the_state(self, home: Home, words: int) -> None:
        value, large = "long " * words, words > 10_000
        home.create(WAIT, {"id": "last", "type": "transform", "output": "${input}", "stash": "last"})
        execution, _ = home.service.execute("t", "d", value)
        home.deliver()
        home.clock.sleep(45)
        home.deliver()
        assert (home.only().output, home.only().head) == (value, None), "no row is written"
        rows, _ = home.service.read_history("t", execution.id, 100, 0)
        records = [record for row in rows for record in row.records if record["state"] == "StepSucceeded"]
        assert [home.service.history.result("t", record) for record in records] == [value] * 2
        assert [record["references"].keys() for record in records] == [{"/result"}, {"/result", "/stash/last"}]
        home.service.history.fill("t", records, 100_000)
        assert [record["result"] for record in records] == [None if large else value] * 2
        assert records[-1]["stash"] == {"last": None if large else value}


class TestGivingUp:
    def test_answers_that_stay_away_give_the_message_back(self, home: Home) -> None:
        class Silent(MemoryHistory):
            def append(self, row: object) -> None:
                raise UnavailableError

        home.create(ECHO)
        home.service.execute("t", "d", "in")
        home.dependencies = copy_with(with_rows(home).dependencies, history=Silent())
        with pytest.raises(UnavailableError):
            home.deliver()
        assert home.only().state is State.SUBMITTED

    def test_a_message_for_an_execution_that_is_gone_is_done(self, home: Home) -> None:
        home.queue.send([Message("t:d:gone", StepDue("main", 3))])
        assert home.deliver()

    def test_dead_letters_apart_a_request_that_comes_before_all_is_given_back(self, home: Home) -> None:
        home.send(Message("t:d:mine", PauseRequested(turn=4)))
        assert home.deliver() == set()
        home.create(WAIT)
        home.service.execute("t", "d", "in", name="mine")
        home.deliver()
        home.clock.sleep(360)
        home.deliver()
        assert home.only().paused
        assert home.only().state is State.PAUSED


class TestRaces:
    def test_a_request_that_lost_its_race_is_folded_into_what_stands_there(self, home: Home) -> None:
        home.create(WAIT, CALL, WAIT)
        name = home.execute("in")
        home.clock.sleep(45)
        home.executions.rivals = [home.deliver]
        assert home.service.cancel("t", name, "ada").state is State.CANCELLED
        assert home.only().step == "step-2"
        assert home.told(name)[-3:] == ["StepSucceeded", "StepStarted", "ExecutionCancelled"]
        assert home.performed == [(f"{name}:main:2", "in")]

    def test_one_that_came_after_the_end_is_a_conflict(self, home: Home) -> None:
        home.create(WAIT)
        name = home.execute("in")
        home.clock.sleep(45)
        home.executions.rivals = [home.deliver]
        with pytest.raises(ConflictError, match="ExecutionSucceeded already"):
            home.service.cancel("t", name)

    def test_one_whose_answer_was_lost_is_done_once(self, home: Home) -> None:
        home.create(CALL)
        home.failures = ["No"]
        name = home.execute("in")
        assert home.only().state is State.FAILED
        home.executions.lost_answers = 1
        assert home.service.redrive("t", name).redrives == 1
        home.deliver()
        assert (home.only().state, home.only().output) == (State.SUCCEEDED, "in")
        assert home.told(name).count("ExecutionStarted") == 2

    def test_a_timer_that_lost_to_a_cancellation_changes_nothing(self, home: Home) -> None:
        home.create(WAIT, CALL)
        name = home.execute("in")
        home.clock.sleep(45)
        home.executions.rivals = [lambda: home.service.cancel("t", name)]
        assert len(home.deliver()) == 1
        assert (home.only().state, home.performed) == (State.CANCELLED, [])

    def test_a_timer_that_lost_to_a_pause_counts_after_it(self, home: Home) -> None:
        home.create(WAIT, CALL)
        name = home.execute("in")
        home.clock.sleep(45)
        home.executions.rivals = [lambda: home.service.pause("t", name)]
        assert len(home.deliver()) == 1
        assert (home.only().threads["main"].status, home.performed) == (Status.WAITING, [])
        home.service.resume("t", name)
        home.deliver_all()
        assert home.only().output == "in"

    def test_an_effect_whose_write_lost_is_not_repeated(self, home: Home) -> None:
        home.create(CALL, CALL)
        name = home.service.execute("t", "d", "in")[0].id
        home.executions.rivals = [lambda: home.service.pause("t", name)]
        home.deliver()
        assert home.performed == [(f"{name}:main:0", "in")]
        assert (home.only().state, home.only().threads["main"].key) == (State.PAUSED, ("main", 1))
        home.service.resume("t", name)
        home.deliver_all()
        assert home.performed == [(f"{name}:main:0", "in"), (f"{name}:main:1", "in")]
        assert home.only().state is State.SUCCEEDED


class TestTwins:
    """A message that is delivered again while, or because, the process that took it first has not ended."""

    def test_a_redelivery_sends_what_its_dead_twin_did_not(self, home: Home) -> None:
        home.create(WAIT)
        home.service.execute("t", "d", "in")
        home.queue.refusals = 1
        with pytest.raises(UnavailableError):
            home.deliver()
        assert home.only().threads["main"].status is Status.WAITING
        home.clock.sleep(360)
        assert len(home.deliver()) == 1
        assert [each.event for each in home.waiting()] == [TimerFired("main", 1)]

    def test_it_takes_up_every_thread_that_its_dead_twin_drove(self, home: Home) -> None:
        branches = [{"id": name, "steps": [{"id": "ask", **CALL}]} for name in ("a", "b")]
        home.create({"type": "parallel", "branches": branches})
        home.service.execute("t", "d", "in")

        def die() -> None:
            home.executions.rivals = [die]
            raise UnavailableError

        home.executions.rivals = [lambda: None, die]
        with pytest.raises(UnavailableError):
            home.deliver()
        assert home.only().version == 1
        home.executions.rivals = []
        home.clock.sleep(360)
        home.deliver()
        assert home.only().output == {"a": "in", "b": "in"}

    def test_what_a_twin_drives_is_given_back_as_it_may_die(self, home: Home) -> None:
        home.create(CALL, WAIT)
        home.service.execute("t", "d", "in")
        (message,) = home.queue.visible()
        again = Delivery(message.id, read_message(json.loads(message.body)), 2)
        twin = Invocation(home.dependencies, "twin", [again], Budget(START + timedelta(minutes=1)))
        answers = []
        home.executions.rivals = [lambda: answers.append(twin.run())]
        assert home.deliver() == set()
        assert answers == [{message.id}]
        assert home.performed == [(f"{home.only().id}:main:0", "in")] * 2

    def test_an_end_that_its_dead_twin_did_not_tell_is_told(self, home: Home) -> None:
        home.create(WAIT, name="other")
        home.create(SUB)
        name = home.execute("in")
        home.deliver_all()
        home.clock.sleep(45)
        home.queue.refusals = 1
        with pytest.raises(UnavailableError):
            home.deliver()
        assert home.child().ended
        home.clock.sleep(360)
        home.deliver_all()
        assert home.read(name).output == "in"

    def test_a_start_that_overtakes_its_execution_puts_it_before_an_effect(self, home: Home) -> None:
        home.create(CALL)
        home.service.execute("t", "d", "in")
        home.executions.items.clear()
        home.deliver()
        assert (home.only().output, home.calls["executions.create"]) == ("in", 2)

    def test_one_that_found_its_id_taken_does_nothing(self, home: Home) -> None:
        home.create(CALL)
        execution, _ = home.service.execute("t", "d", "in")
        other = copy_with(execution, nonce="other", input="other")
        home.executions.items.clear()
        home.executions.create(other)
        assert len(home.deliver()) == 1
        assert (home.only(), home.performed) == (other, [])

    def test_a_request_whose_messages_were_not_sent_is_made_up_for_by_the_schedule(self, home: Home) -> None:
        home.create(CALL)
        home.failures = ["No"]
        name = home.execute("in")
        home.queue.refusals = 1
        with pytest.raises(UnavailableError):
            home.service.redrive("t", name)
        home.clock.sleep(60.001)
        home.sweep_due()
        home.deliver_all()
        assert home.only().output == "in"


class TestChildren:
    @pytest.fixture(autouse=True)
    def other(self, home: Home) -> None:
        home.create(WAIT, CALL, name="other", inputSchema={"type": ["string", "null"]})

    def test_a_workflow_step_comes_to_what_its_child_comes_to(self, home: Home) -> None:
        home.create(SUB, {"type": "echo", "message": {"got": "${output}"}})
        name = home.execute("in")
        home.deliver_all()
        assert home.child().parent == Parent(name, "main", 1)
        home.clock.sleep(45)
        home.deliver_all()
        assert home.read(name).output == {"got": "in"}

    def test_its_end_is_told_once_however_often_it_comes(self, home: Home) -> None:
        home.create(SUB, CALL, WAIT)
        name = home.execute("in")
        home.deliver_all()
        home.clock.sleep(45)
        home.deliver_all()
        before = home.read(name)
        home.send(Message(name, ChildEnded("main", 1, 0, State.SUCCEEDED, output="again")))
        home.deliver_all()
        assert home.read(name) == before

    def test_an_end_that_was_lost_is_told_again_when_it_is_started_again(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        name = home.execute("in")
        home.deliver()
        home.queue.messages.clear()
        home.service.pause("t", name)
        home.service.resume("t", name)
        home.deliver_all()
        assert home.read(name).output == "in"

    def test_an_output_too_large_for_a_message_is_read(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        name = home.execute("x" * MAX_OUTPUT)
        home.deliver_all()
        assert home.read(name).output == "x" * MAX_OUTPUT

    def test_an_error_too_large_for_a_message_is_read(self, home: Home) -> None:
        home.create({"type": "fail", "error": "Large", "cause": "${input}"}, name="other")
        home.create(SUB)
        name = home.execute("x" * MAX_OUTPUT)
        home.deliver_all()
        assert home.read(name).state is State.FAILED
        assert "x" * MAX_OUTPUT in str(home.read(name).error)

    def test_one_that_has_gone_meanwhile_is_null(self, home: Home) -> None:
        home.create(SUB)
        name = home.execute("in")
        home.send(Message(name, ChildEnded("main", 1, 0, State.SUCCEEDED, read=False)))
        home.deliver()
        assert (home.read(name).state, home.read(name).output) == (State.SUCCEEDED, None)

    def test_a_submission_too_large_for_a_message_is_put_first(self, home: Home) -> None:
        home.create({**SUB, "input": "x" * MAX_MESSAGE_BYTES})
        home.execute("in")
        assert home.child().version == 0
        assert [(m.execution, m.submitted) for m in home.waiting()] == [(home.child().id, None)]
        home.deliver_all()
        assert home.child().threads["main"].status is Status.WAITING

    def test_even_if_it_stands_there_already(self, home: Home) -> None:
        home.create({**SUB, "input": "x" * MAX_MESSAGE_BYTES})
        name = home.execute("in")
        home.deliver_all()
        before = home.child()
        home.service.pause("t", name)
        home.service.resume("t", name)
        home.deliver_all()
        assert (home.child().nonce, home.child().threads["main"].key) == (before.nonce, before.threads["main"].key)
        assert home.child().parent_epoch == home.read(name).control_epoch

    def test_what_does_not_exist_cannot_be_started(self, home: Home) -> None:
        home.create(caught({**SUB, "definition": "nowhere"}, "step-1"), {"type": "echo", "message": "${error}"})
        home.execute("in")
        assert home.only().output == {
            "name": "DefinitionNotFound",
            "message": "there is no definition 'nowhere' to start",
            "step": "step-0",
            "attempt": 1,
            "details": None,
        }

    def test_nor_can_what_does_not_take_the_input(self, home: Home) -> None:
        home.create({**SUB, "input": 7})
        home.execute("in")
        assert home.only().error is not None
        assert home.only().error.name == "InvalidInput"  # type: ignore[union-attr] # see the line before

    def test_one_that_nobody_waits_for_is_let_go(self, home: Home) -> None:
        home.create({**SUB, "wait": False})
        name = home.execute("in")
        assert (home.read(name).state, home.read(name).version) == (State.SUCCEEDED, 2)
        home.deliver_all()
        assert home.read(name).output == {"id": home.child().id}
        home.clock.sleep(45)
        home.deliver_all()
        assert home.child().state is State.SUCCEEDED
        assert home.waiting() == []

    def test_what_is_asked_of_the_parent_is_asked_of_the_child(self, home: Home) -> None:
        home.create(SUB)
        name = home.execute("in")
        home.deliver_all()
        home.service.pause("t", name)
        home.deliver_all()
        assert home.child().paused
        home.service.resume("t", name)
        home.deliver_all()
        assert not home.child().paused
        home.service.cancel("t", name)
        home.deliver_all()
        assert home.child().state is State.CANCELLED
        home.service.redrive("t", name)
        home.deliver_all()
        assert not home.child().ended
        home.clock.sleep(45)
        home.deliver_all()
        assert home.read(name).output == "in"

    def test_a_child_that_failed_goes_on_when_its_parent_is_redriven(self, home: Home) -> None:
        home.create(SUB)
        name = home.execute("in")
        home.deliver_all()
        home.failures = ["No"]
        home.clock.sleep(45)
        home.deliver_all()
        assert home.read(name).error is not None
        home.service.redrive("t", name)
        home.deliver_all()
        assert home.read(name).output == "in"
        assert len(home.performed) == 2

    def test_one_that_is_not_waited_for_any_more_ends(self, home: Home) -> None:
        home.create({**caught(SUB, "step-1"), "timeoutSeconds": 9}, {"type": "wait", "seconds": 60})
        name = home.execute("in")
        home.deliver_all()
        home.clock.sleep(9)
        home.deliver_all()
        assert home.child().state is State.CANCELLED
        assert home.read(name).threads.keys() == {"main"}


class TestLargeMaps:
    @pytest.mark.parametrize("count", [101, 250])
    def test_the_parts_run_and_their_results_are_gathered(self, home: Home, count: int) -> None:
        steps = [{"id": "ask", "type": "call", "content": ["${index}", "${item}", "${execution.id}"]}]
        home.create({"type": "map", "items": "${input}", "steps": steps})
        name = home.execute([f"item {n}" for n in range(count)])
        home.deliver_all()
        assert home.read(name).output == [[n, f"item {n}", name] for n in range(count)]
        assert len(home.performed) == count

    def test_a_part_whose_end_is_told_by_a_dead_twin_only_is_read(self, home: Home) -> None:
        home.create({"type": "map", "items": "${range(`101`)}", "maxConcurrency": 102, "steps": [{"id": "a", **ECHO}]})
        name = home.execute()
        starts = home.waiting()
        home.deliver_all()
        assert home.read(name).state is State.SUCCEEDED
        home.send(*starts)
        before = [home.read(each) for each in home.executions.items]
        home.deliver_all()
        assert [home.read(each) for each in home.executions.items] == before


class TestRequests:
    def test_they_run_nothing_themselves(self, home: Home) -> None:
        home.create(WAIT, CALL)
        name = home.execute("in")
        home.service.pause("t", name)
        home.clock.sleep(45)
        home.service.resume("t", name)
        assert home.performed == []
        assert [each.event for each in home.waiting()][-1] == TimerFired("main", 1)

    def test_what_can_go_on_is_handed_to_others(self, home: Home) -> None:
        home.create(CALL)
        home.failures = ["No"]
        name = home.execute("in")
        home.service.redrive("t", name)
        assert [each.event for each in home.waiting()] == [StepDue("main", 1)]
        driver = home.only().threads["main"].driver
        assert driver is not None
        assert driver.handed

    def test_what_stands_still_is_not(self, home: Home) -> None:
        home.create(CALL)
        execution, _ = home.service.execute("t", "d", "in")
        driver = home.service.pause("t", execution.id).threads["main"].driver
        assert driver is not None
        assert not driver.handed

    def test_one_of_an_execution_that_is_not_there_is_none(self, home: Home) -> None:
        assert home.drive("t:d:gone", CancelRequested()) is None
        assert home.waiting() == []

    def test_a_late_one_of_the_parent_costs_one_read(self, home: Home) -> None:
        home.create(WAIT)
        name = home.execute("in")
        home.send(Message(name, ResumeRequested(turn=5)))
        home.deliver()
        home.send(Message(name, PauseRequested(turn=4)))
        home.calls.clear()
        assert len(home.deliver()) == 1
        assert home.calls == {"executions.get": 1}
