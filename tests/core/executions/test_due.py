from datetime import datetime, timedelta

import pytest

from chalicelib.core.executions.decide import hand_over
from chalicelib.core.executions.due import due_at, is_late, is_to_be_done, is_to_be_sent, looked_up_to, next_due
from chalicelib.core.executions.inputs import CancelRequested, CloseWait, PauseRequested, SignalReceived, TaskCompleted
from chalicelib.core.executions.model import Driver, Execution, Origin, State
from chalicelib.core.values.value import copy_with
from tests.core.examples import ME, NOW, Run

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
CALLS = "steps: [{id: a, type: transform}, {id: b, type: call}]"
SUB = "steps: [{id: sub, type: workflow, definition: other}]"


EVENT = "{id: e, type: event, name: paid, key: k}"
TASK = "{id: t, type: task, title: Approve, groups: [g]}"


def wait(seconds: float, more: str = "") -> Run:
    return Run(f"{{{more} steps: [{{id: rest, type: wait, seconds: {seconds}}}]}}").go()


def looks(run: Run, until: timedelta, looked: datetime = NOW) -> list[int]:
    """List the looks of the schedule up to a time from the start, in seconds, if nothing happens."""
    found = []
    while (look := due_at(run.execution, looked)) is not None and look <= NOW + until:
        found.append(round((look - NOW) / SECOND))
        looked = look
    return found


class TestLooks:
    def test_what_runs_is_not_looked_at(self) -> None:
        assert looks(Run(CALLS).go(), 100 * MINUTE) == []

    def test_a_wait_is_within_a_minute_after_it_should_be_over_and_each_time_twice_as_long_after(self) -> None:
        assert looks(wait(45), 20 * MINUTE) == [90, 150, 270, 510, 990]

    @pytest.mark.parametrize("seconds", range(1, 62, 4))
    def test_it_is_late_by_half_a_minute_then_at_least_and_by_a_minute_at_most(self, seconds: int) -> None:
        (first, *_) = looks(wait(seconds), 5 * MINUTE)
        assert 30 < first - seconds <= 60

    def test_waits_of_the_same_half_minute_share_it_so_that_an_index_need_not_change(self) -> None:
        assert {looks(wait(seconds), 3 * MINUTE)[0] for seconds in range(1, 30)} == {60}

    def test_a_long_one_is_when_a_message_can_span_the_rest_then_only_when_it_is_late(self) -> None:
        assert looks(wait(3600), timedelta(hours=1, minutes=3)) == [2700, 3660, 3720]

    def test_the_earliest_of_several_counts(self) -> None:
        run = Run("""
            steps:
              - id: each
                type: map
                items: [5000, 4000, 45]
                steps: [{id: rest, type: wait, seconds: '${item}'}]
            """).go()
        assert looks(run, timedelta(seconds=4100)) == [90, 150, 270, 510, 990, 1950, 3100, 3870, 4050, 4100]

    def test_a_deadline_is_a_wait_too(self) -> None:
        assert looks(wait(3600, "timeoutSeconds: 30,"), 2 * MINUTE) == [90]

    def test_a_turn_that_was_left_to_others_is_once_no_function_can_be_at_work_on_it(self) -> None:
        run = Run(CALLS).go()
        run.execution = hand_over(run.execution, [("main", 1)], ME)
        assert looks(run, 60 * MINUTE) == [600, 1200, 2400]

    def test_an_untouched_start_is_after_a_minute(self) -> None:
        assert looks(Run(CALLS), 5 * MINUTE) == [60, 120, 240]

    def test_children_are_after_a_minute_and_each_time_twice_as_long_after(self) -> None:
        assert looks(Run(SUB).go(), 10 * MINUTE) == [60, 120, 240, 480]

    def test_those_of_a_paused_one_are_too_but_not_its_timers(self) -> None:
        run = Run(SUB.replace("definition:", "timeoutSeconds: 60, definition:")).go().ask(PauseRequested())
        assert looks(run, 10 * MINUTE) == [60, 120, 240, 480]
        assert looks(wait(45).ask(PauseRequested()), 60 * MINUTE) == []

    def test_those_that_have_ended_are_not(self) -> None:
        large = "steps: [{id: e, type: map, items: '${range(`250`)}', steps: [{id: a, type: transform}]}]"
        run = Run(large).go()
        for number in range(3):
            run.child(State.SUCCEEDED, number)
        assert looks(run, 10 * MINUTE) == []

    def test_those_that_are_not_waited_for_are_not(self) -> None:
        assert looks(Run(SUB.replace("definition:", "wait: false, definition:")).go(), 10 * MINUTE) == []

    def test_after_the_end_only_living_children_are_once(self) -> None:
        assert looks(Run(SUB).go().ask(CancelRequested()), 600 * MINUTE) == [60]
        assert looks(wait(45).ask(CancelRequested()), 600 * MINUTE) == []
        assert looks(wait(905).ask(CancelRequested()), 600 * MINUTE) == []

    def test_somebody_else_s_answer_is_not(self) -> None:
        assert looks(Run("steps: [{id: ask, type: callback}]").go().done(), 600 * MINUTE) == []


def due(run: Run, at: timedelta | None) -> Execution:
    return copy_with(run.execution, due_at=None if at is None else NOW + at)


class TestUpTo:
    def test_all_that_was_due_before_now_has_been_looked_at(self) -> None:
        assert looked_up_to(due(wait(45), 90 * SECOND), NOW) == NOW
        assert looked_up_to(due(wait(45), None), NOW) == NOW

    def test_unless_it_is_still_due(self) -> None:
        late = due(wait(45), 90 * SECOND)
        now = NOW + 100 * SECOND
        assert due_at(late, looked_up_to(late, now)) == NOW + 90 * SECOND
        long = due(wait(3600), 2700 * SECOND)
        assert due_at(long, looked_up_to(long, NOW + 2710 * SECOND)) == NOW + 2700 * SECOND
        sent = due(wait(3600), 3660 * SECOND)
        assert due_at(sent, looked_up_to(sent, NOW + 2710 * SECOND)) == NOW + 3660 * SECOND


class TestNext:
    def test_a_due_time_that_is_a_little_early_stays(self) -> None:
        run, now = wait(45), NOW + 20 * SECOND
        assert next_due(due(run, 55 * SECOND), now) == NOW + 55 * SECOND
        assert next_due(due(run, 54 * SECOND), now) == NOW + 90 * SECOND
        assert next_due(due(run, 91 * SECOND), now) == NOW + 90 * SECOND
        assert next_due(due(run, None), now) == NOW + 90 * SECOND

    def test_the_further_ahead_it_is_the_earlier_it_may_be_up_to_five_minutes(self) -> None:
        run = wait(3600)
        assert next_due(due(run, 2400 * SECOND), NOW) == NOW + 2400 * SECOND
        assert next_due(due(run, 2399 * SECOND), NOW) == NOW + 2700 * SECOND
        assert next_due(due(wait(45), 60 * SECOND), NOW + 59 * SECOND) == NOW + 60 * SECOND

    def test_one_that_has_passed_does_not(self) -> None:
        assert next_due(due(wait(45), 60 * SECOND), NOW + 60 * SECOND) == NOW + 90 * SECOND

    def test_that_of_what_runs_stays_as_it_may_wait_again(self) -> None:
        assert next_due(due(Run(CALLS).go(), 60 * SECOND), NOW) == NOW + 60 * SECOND
        assert next_due(due(Run(CALLS).go(), 60 * SECOND), NOW + 60 * SECOND) is None
        assert next_due(due(Run(CALLS).go(), None), NOW) is None

    def test_what_does_neither_has_none(self) -> None:
        assert next_due(due(Run(CALLS).go().done(), 60 * SECOND), NOW) is None
        assert next_due(due(wait(45).ask(PauseRequested()), 60 * SECOND), NOW) is None


class TestLate:
    def test_it_is_found_late_once(self) -> None:
        run = wait(45)
        assert not is_late(due(run, 90 * SECOND), NOW + 89 * SECOND)
        assert is_late(due(run, 90 * SECOND), NOW + 90 * SECOND)
        assert not is_late(due(run, 150 * SECOND), NOW + 150 * SECOND)

    def test_a_long_wait_that_comes_due_is_not_late(self) -> None:
        run = wait(3600)
        assert not is_late(due(run, 2700 * SECOND), NOW + 2700 * SECOND)
        assert is_late(due(run, 3660 * SECOND), NOW + 3660 * SECOND)

    def test_nor_are_children_that_take_their_time(self) -> None:
        assert not is_late(due(Run(SUB).go(), 60 * SECOND), NOW + 60 * SECOND)


class TestSent:
    def test_only_what_is_to_be_looked_at_is_sent(self) -> None:
        run = Run("""
            steps: [{id: each, type: map, items: [10, 45], steps: [{id: rest, type: wait, seconds: '${item}'}]}]
            """).go()
        item = due(run, 60 * SECOND)
        sent = [t.id for t in item.threads.values() if is_to_be_sent(item, t, NOW + 60 * SECOND)]
        assert sent == ["main.1.0"]

    @pytest.mark.parametrize("origin", [Origin.API, Origin.SCHEDULE])
    def test_and_what_stands_under_no_message(self, origin: Origin) -> None:
        item = due(wait(45), 60 * SECOND)
        thread = copy_with(item.threads["main"], driver=Driver(origin.name_message("1"), "request"))
        assert is_to_be_sent(item, thread, NOW)
        assert is_to_be_sent(item, copy_with(thread, driver=None), NOW)
        assert not is_to_be_sent(item, item.threads["main"], NOW)


class TestLeavingAChannel:
    """An execution was given an event, or an answer, by a process that may die before it makes that known."""

    def is_to_be_done(self, run: Run) -> bool:
        return all(is_to_be_done(run.execution, command) for command in run.asks() if isinstance(command, CloseWait))

    def test_after_the_end_nobody_need_look_whether_it_was_left_for_an_event_without_an_id(self) -> None:
        run = Run(f"steps: [{EVENT}]").go()
        run.fold(SignalReceived("main", 1, 7, ""))
        assert run.execution.ended
        assert not self.is_to_be_done(run)

    def test_one_with_an_id_would_not_be_known_to_be_taken(self) -> None:
        run = Run(f"steps: [{EVENT}]").go()
        run.fold(SignalReceived("main", 1, 7, "event-1"))
        assert self.is_to_be_done(run)

    def test_what_is_left_of_a_wait_goes_from_an_execution_that_lives(self) -> None:
        run = Run(f"steps: [{EVENT}, {{id: b, type: call}}]").go()
        run.fold(SignalReceived("main", 1, 7, ""))
        assert self.is_to_be_done(run)

    def test_a_wait_that_ended_without_an_event_is_left(self) -> None:
        run = Run(f"steps: [{EVENT}]").go()
        run.ask(CancelRequested())
        assert self.is_to_be_done(run)

    def test_a_task_is_closed(self) -> None:
        run = Run(f"steps: [{TASK}]").go()
        run.ask(TaskCompleted("main", 1, 7, "ada"))
        assert self.is_to_be_done(run)
