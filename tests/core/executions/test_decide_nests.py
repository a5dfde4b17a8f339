"""What :mod:`chalicelib.core.executions.decide` makes of a step that others run below, once something there failed."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.inputs import (
    CancelRequested,
    ChildEnded,
    Decision,
    Message,
    RedriveRequested,
    ResumeRequested,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import Driver, Failure, State
from chalicelib.core.executions.preconditions import repeats
from chalicelib.core.executions.waiting import ChildrenWait
from tests.core.examples import ME, Run

NEST = """
    steps:
      - id: outer
        type: parallel
        retry: [{errors: [Busy, TemplateFailed], intervalSeconds: 1, jitter: none}]
        branches:
          - id: a
            steps:
              - id: inner
                type: parallel
                branches: [{id: x, steps: [{id: go, type: call}]}, {id: y, steps: [{id: go, type: call}]}]
          - id: b
            steps:
              - {id: inner, type: parallel, branches: [{id: z, steps: [{id: go, type: call}]}]}
    """
OTHER = Driver("message", "another")
X, Y, Z = "main.1.a.1.x", "main.1.a.1.y", "main.1.b.1.z"


class TestRetry:
    def test_what_failed_stands_still_and_what_is_under_way_goes_on(self) -> None:
        run = Run(NEST).go().broke("Busy", X)
        assert run.standing == {
            "main": "retrying outer",
            "main.1.a": "joining outer/a/inner",
            "main.1.b": "joining outer/b/inner",
            X: "failed outer/a/inner/x/go",
            Y: "ready outer/a/inner/y/go",
            Z: "ready outer/b/inner/z/go",
        }
        assert run.done("y", Y).thread("main.1.a").results == {"y": "y"}

    def test_only_what_failed_begins_again_in_the_same_visit(self) -> None:
        run = Run(NEST).go().broke("Busy", X).done("y", Y).later(1)
        assert run.performs.keys() == {X, Z}
        assert (run.thread(X).visit, run.thread(X).attempt, run.thread("main").attempt) == (0, 1, 2)
        assert run.thread().wait is None
        assert run.done("x", X).done("z", Z).output == {"a": {"x": "x", "y": "y"}, "b": {"z": "z"}}

    def test_what_fails_meanwhile_is_told_no_further_and_begins_again_too(self) -> None:
        run = Run(NEST).go().broke("Busy", X).broke("No", Z)
        assert (run.execution.ended, run.standing["main"]) == (False, "retrying outer")
        assert run.later(1).performs.keys() == {X, Y, Z}

    def test_what_joined_all_and_could_not_be_shaped_is_shaped_again(self) -> None:
        shape = "type: parallel\n        output: '${add(output, `1`)}'\n        retry"
        run = Run(NEST.replace("type: parallel\n        retry", shape)).go().done(1, X).done(2, Y).done(3, Z)
        assert run.standing == {"main": "retrying outer"}
        run.later(1)
        assert (run.performs, run.standing) == ({}, {"main": "retrying outer"})
        assert run.later(2).error.name == "TemplateFailed"

    def test_a_nest_that_was_over_its_time_goes_on_as_well(self) -> None:
        timed = NEST.replace("Busy", "Timeout").replace(
            "- id: inner\n", "- id: inner\n                timeoutSeconds: 60\n"
        )
        run = Run(timed).go().later(60)
        assert (run.standing["main"], run.standing["main.1.a"]) == ("retrying outer", "failed outer/a/inner")
        run.done("x", X).done("y", Y)
        assert run.thread("main.1.a").results == {"x": "x", "y": "y"}
        assert run.later(1).performs.keys() == {Z}
        assert run.done("z", Z).output == {"a": {"x": "x", "y": "y"}, "b": {"z": "z"}}

    def test_a_call_at_most_once_below_is_not_made_again_by_it(self) -> None:
        once = "{id: go, type: call, delivery: at-most-once}"
        run = Run(NEST.replace("Busy", "Interrupted").replace("{id: go, type: call}", once)).go()
        run.broke("Lost", X, unanswered=True)
        assert run.standing["main"] == "retrying outer"
        run.now += timedelta(seconds=1)
        run.fold(TimerFired(*run.thread().key), OTHER)
        assert run.fold(StepDue(*run.thread(X).key), OTHER).call is None
        assert (run.standing["main"], run.thread(X).claimed_by) == ("retrying outer", ME.request)
        run.ask(CancelRequested())
        assert repeats(run.execution, RedriveRequested()) == "outer/a/inner/x/go"

    def test_a_redrive_goes_on_where_it_failed_as_well(self) -> None:
        run = Run(NEST).go().done("y", Y).broke("No", X)
        assert run.state is State.FAILED
        run.ask(RedriveRequested())
        assert run.done("x", X).done("z", Z).output == {"a": {"x": "x", "y": "y"}, "b": {"z": "z"}}

    def test_an_answer_that_comes_after_the_end_counts_in_a_nest_too(self) -> None:
        run = Run(NEST).go().broke("No", X).done("late", Z)
        assert run.thread(Z).kept == ("late",)
        run.ask(RedriveRequested())
        assert run.performs.keys() == {X, Y}


BELOW = """
    steps:
      - id: outer
        type: parallel
        retry: [{errors: [Timeout], intervalSeconds: 1, jitter: none}]
        branches:
          - {id: a, steps: [{id: below, timeoutSeconds: 60, STEP}]}
          - {id: b, steps: [{id: go, type: call}]}
    """
SUB = BELOW.replace("STEP", "type: workflow, definition: other")
MAP = BELOW.replace("STEP", "type: map, items: '${range(`101`)}', steps: [{id: ask, type: call}]")
A, B = "main.1.a", "main.1.b"
NO = Failure("No", "no", "deep")


class TestChildren:
    def test_a_child_that_succeeds_though_its_step_is_over_time_spares_the_retry(self) -> None:
        run = Run(SUB).go().later(60).child(State.SUCCEEDED, thread=A, output=7)
        assert (run.standing[A], run.thread(A).kept, run.thread(A).join) == ("failed outer/a/below", (7,), None)
        assert run.later(1).done(8, B).output == {"a": 7, "b": 8}

    def test_one_that_fails_then_is_driven_on_by_the_retry(self) -> None:
        run = Run(SUB).go().later(60)
        failed = ChildEnded(A, 1, 0, State.FAILED, error=NO)
        run.fold(failed)
        assert run.fold(failed) == Decision(run.execution)
        assert run.standing[A] == "failed outer/a/below"
        run.later(1)
        assert run.thread(A).wait == ChildrenWait(run.execution.version)
        (resumption,) = [each for each in run.asks() if isinstance(each, Message) and each.execution != "t:d:1"]
        assert resumption.event == ResumeRequested(turn=run.execution.version, redrives=1)

    def test_a_partition_that_ends_then_is_not_begun_again(self) -> None:
        run = Run(MAP).go().later(60).child(State.SUCCEEDED, 1, A)
        assert run.thread(A).results == {"1": 0}
        run.later(1)
        assert run.standing[A] == "awaiting outer/a/below"
        assert run.child(State.SUCCEEDED, 0, A).performs[A]

    def test_all_that_end_then_are_gathered(self) -> None:
        run = Run(MAP).go().later(60).child(State.SUCCEEDED, 1, A).child(State.SUCCEEDED, 0, A).later(1)
        assert run.done([[1], [2]], A).done(3, B).output == {"a": [1, 2], "b": 3}

    @pytest.mark.parametrize("again", [True, False])
    def test_calls_below_are_made_again_if_the_redrive_says_so(self, *, again: bool) -> None:
        run = Run("steps: [{id: sub, type: workflow, definition: other}]").go().child(State.FAILED, error=NO)
        run.ask(RedriveRequested(again=again))
        _, resumption = run.asks()
        assert isinstance(resumption, Message)
        assert resumption.event == ResumeRequested(turn=run.execution.version, redrives=1, again=again)
