from datetime import timedelta

import pytest

from chalicelib.core.executions.due import due_at
from chalicelib.core.executions.factory import living
from chalicelib.core.executions.inputs import CancelRequested, PauseRequested
from chalicelib.core.executions.listing import Summary, listed_under, summary_of
from chalicelib.core.executions.model import Driver, Execution, ExecutionStatus, State, Status
from chalicelib.core.executions.verify import Patience, child_violations, is_standing, state_violations
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run, blank
from tests.core.executions.examples import BOTH, CALLS, WAIT

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SUB = "steps: [{id: sub, type: workflow, definition: other}]"
MAP = "steps: [{id: each, type: map, items: '${input}', steps: [{id: x, type: call}]}]"
FIRST = """
    steps:
      - id: both
        type: parallel
        join: first
        branches:
          - {id: a, steps: [{id: x, type: call}]}
          - {id: b, steps: [{id: y, type: wait, seconds: 60}]}
    """


def stored(run: Run) -> Execution:
    """Answer an execution as its store has it."""
    due = copy_with(run.execution, due_at=due_at(run.execution, run.now))
    return copy_with(due, listed_under=listed_under(due, run.now))


def found(execution: Execution, after: timedelta = MINUTE) -> list[tuple[str, str, str]]:
    found = state_violations(execution, NOW + after, Patience())
    return [(str(each.kind), each.thread, each.detail) for each in found]


@pytest.mark.parametrize("text", [CALLS, WAIT, BOTH, FIRST, SUB])
def test_what_waits_or_runs_as_it_should_has_nothing_wrong(text: str) -> None:
    assert found(stored(Run(text).go())) == []


def test_what_has_ended_has_nothing_wrong() -> None:
    assert found(stored(Run(CALLS).go().done().done())) == []
    assert found(stored(Run(CALLS).go().broke())) == []
    assert found(stored(Run(BOTH).go().ask(CancelRequested()))) == []


class TestJoins:
    def test_a_thread_that_is_gone_is_missed(self) -> None:
        execution = stored(Run(BOTH).go())
        threads = {name: each for name, each in execution.threads.items() if each.branch != "a"}
        assert found(copy_with(execution, threads=threads)) == [
            ("join", "main", "it joins 2 threads, and 1 are not there")
        ]

    def test_the_same_of_the_items_of_a_map(self) -> None:
        execution = stored(Run(MAP, [1, 2, 3]).go())
        threads = {name: each for name, each in execution.threads.items() if each.branch != "2"}
        assert found(execution) == []
        assert found(copy_with(execution, threads=threads)) == [
            ("join", "main", "it joins 3 threads, and 1 are not there")
        ]

    def test_a_branch_that_has_failed_while_others_go_on_is_not_missed(self) -> None:
        run = Run(FIRST).go()
        (name,) = (each.id for each in run.execution.threads.values() if each.branch == "a")
        assert found(stored(run.broke(thread=name))) == []

    def test_what_has_joined_all_has_to_go_on(self) -> None:
        execution = stored(Run(BOTH).go())
        main = copy_with(execution.threads["main"], results={"a": None, "b": None})
        assert found(copy_with(execution, threads={"main": main})) == [
            ("join", "main", "what it joins has ended, and it has not gone on")
        ]

    def test_a_thread_that_joins_has_begun_something(self) -> None:
        execution = stored(Run(BOTH).go())
        main = copy_with(execution.threads["main"], join=None)
        assert ("join", "main", "it joins nothing") in found(
            copy_with(execution, threads={**execution.threads, "main": main})
        )

    def test_a_thread_has_somebody_who_joins_it(self) -> None:
        execution = stored(Run(BOTH).go())
        threads = {name: each for name, each in execution.threads.items() if each.branch == "a"}
        ((kind, _, detail),) = found(copy_with(execution, threads=threads))
        assert (kind, detail) == ("join", "nobody joins it: main is not there")


class TestRunning:
    def test_what_runs_under_a_message_stands_after_an_hour(self) -> None:
        execution = stored(Run(CALLS).go().done())
        assert found(execution, HOUR - MINUTE) == []
        assert found(execution, HOUR) == [
            ("standing", "main", f"it runs since {NOW:%Y-%m-%dT%H:%M:%SZ}, and no message drives it")
        ]

    def test_that_counts_from_the_end_of_a_call_that_was_under_way(self) -> None:
        execution = stored(Run(CALLS).go().done())
        main = copy_with(execution.threads["main"], busy_until=NOW + HOUR)
        assert not is_standing(execution, main, NOW + HOUR, Patience())
        assert is_standing(execution, main, NOW + 2 * HOUR, Patience())

    def test_what_is_paused_or_left_to_others_does_not(self) -> None:
        run = Run(CALLS).go().done()
        main = copy_with(run.thread(), driver=Driver("m", "r", handed=True))
        assert not is_standing(run.execution, main, NOW + 2 * HOUR, Patience())
        assert not is_standing(Run(CALLS).execution, Run(CALLS).thread(), NOW + 2 * HOUR, Patience())
        assert found(stored(run.ask(PauseRequested())), 2 * HOUR) == []


class TestDueTimes:
    def test_an_execution_that_waits_has_a_due_time(self) -> None:
        execution = copy_with(stored(Run(WAIT).go()), due_at=None, listed_under=ExecutionStatus.RUNNING)
        assert found(execution) == [("unwatched", "", "it waits, and the schedule does not know when to look at it")]

    def test_what_is_just_submitted_may_have_none_while_its_message_is_under_way(self) -> None:
        untouched = Run(CALLS).execution
        assert found(untouched) == []
        assert [kind for kind, *_ in found(untouched, 15 * MINUTE)] == ["unwatched"]

    def test_what_the_schedule_has_not_looked_at_is_late(self) -> None:
        execution = stored(Run(WAIT).go())
        assert execution.due_at is not None
        assert found(execution, 16 * MINUTE) == []
        assert found(execution, 17 * MINUTE) == [
            ("late", "", f"the schedule was to look at it at {execution.due_at:%Y-%m-%dT%H:%M:%SZ}")
        ]


class TestEnds:
    def test_an_end_has_an_instant_and_nothing_else_has_one(self) -> None:
        ended = stored(Run(CALLS).go().done().done())
        assert found(copy_with(ended, ended_at=None)) == [
            ("end", "", "it is ExecutionSucceeded, and no end has an instant")
        ]
        lives = stored(Run(CALLS).go().done())
        assert found(copy_with(lives, ended_at=NOW)) == [("end", "", "it is StepStarted, and an end has an instant")]


class TestLists:
    @pytest.mark.parametrize(
        ("run", "status", "why"),
        [
            (Run(CALLS).go().done().done(), ExecutionStatus.RUNNING, "under running, and not under none"),
            (Run(CALLS).go().broke(), None, "under no status, and not under failed"),
            (Run(WAIT).go().ask(PauseRequested()), ExecutionStatus.RUNNING, "under running, and not under paused"),
            (Run(WAIT).go(), ExecutionStatus.FAILED, "under failed, and not under none or under running"),
            (Run(WAIT.replace("45", "7200")).go(), None, "under no status, and not under running"),
        ],
    )
    def test_each_is_kept_under_its_status(self, run: Run, status: ExecutionStatus | None, why: str) -> None:
        execution = stored(run)
        assert found(execution) == []
        assert found(copy_with(execution, listed_under=status)) == [("listing", "", f"it is kept {why}")]


class TestChildren:
    def children(self, run: Run, child: Summary | None, after: timedelta = HOUR) -> list[str]:
        (name,) = (each for thread in run.execution.threads.values() for each in living(run.execution, thread))
        there = {} if child is None else {name: copy_with(child, id=name)}
        wrong = child_violations(run.execution, there, NOW + after, Patience())
        return [each.detail.replace(name, "CHILD") for each in wrong]

    def lives(self) -> Summary:
        return summary_of(blank())

    def ended(self, after: timedelta = timedelta(0)) -> Summary:
        return copy_with(self.lives(), state=State.SUCCEEDED, ended_at=NOW + after)

    def test_one_that_lives_is_waited_for(self) -> None:
        assert self.children(Run(SUB).go(), self.lives()) == []

    def test_one_that_is_not_there_is_found_once_its_start_is_late(self) -> None:
        assert self.children(Run(SUB).go(), None, MINUTE) == []
        assert self.children(Run(SUB).go(), None) == ["it waits for CHILD, which does not exist"]

    def test_while_it_is_paused_one_that_was_not_begun_need_not_be_there(self) -> None:
        assert self.children(Run(SUB).go().ask(PauseRequested()), None) == []

    def test_one_that_has_ended_is_found_once_its_end_is_late(self) -> None:
        assert self.children(Run(SUB).go(), self.ended(HOUR)) == []
        assert self.children(Run(SUB).go(), self.ended()) == ["it waits for CHILD, which has ended"]

    def test_while_it_is_paused_an_end_is_heard_later(self) -> None:
        run = Run(SUB).go().ask(PauseRequested())
        assert [each.status for each in run.execution.threads.values()] == [Status.WAITING_FOR_CHILDREN]
        assert self.children(run, self.ended()) == []

    def test_one_goes_on_though_what_started_it_is_over(self) -> None:
        run = Run(SUB).go().ask(CancelRequested())
        assert self.children(run, self.lives(), MINUTE) == []
        assert self.children(run, None) == []
        assert self.children(run, self.ended()) == []
        assert self.children(run, self.lives()) == ["CHILD goes on, though what started it is over"]

    def test_the_same_of_a_step_that_is_over(self) -> None:
        run = (
            Run(
                "steps: [{id: sub, type: workflow, definition: other, timeoutSeconds: 60, "
                "catch: [{errors: ['*'], next: last}]}, {id: last, type: wait, seconds: 7200}]"
            )
            .go()
            .later(60)
        )
        assert not run.execution.ended
        assert self.children(run, self.lives()) == ["CHILD goes on, though what started it is over"]
