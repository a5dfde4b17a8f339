"""What :mod:`chalicelib.core.executions.decide` makes of executions that are driven on after their end."""

import pytest

from chalicelib.core.executions.inputs import (
    ChildEnded,
    Decision,
    Launch,
    Message,
    PauseRequested,
    RedriveRequested,
    Requested,
    ResumeRequested,
)
from chalicelib.core.executions.model import Failure, Partition, State, Status
from chalicelib.core.executions.waiting import ChildJoin
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run, define
from tests.core.executions.examples import BOTH, CALLS, CANCEL, REDRIVE, SECOND, WAIT

SUB = "steps: [{id: sub, type: workflow, definition: other}]"
CHILD = "t:other:~2a67c52dcb5118b34677897b1a675a41"


class TestRedrive:
    def test_what_failed_goes_on_from_the_step_that_failed(self) -> None:
        run = Run(CALLS).go().done("one").broke("No")
        run.now += 100 * SECOND
        run.ask(RedriveRequested(actor="bob"))
        assert run.performs == {"main": ["one", {"got": "one"}]}
        assert (run.execution.redrives, run.execution.control_epoch, run.execution.ended_at) == (1, 3, None)
        assert (run.execution.error, run.execution.output, run.execution.stash) == (None, None, {})
        assert run.recorded[-2:] == ["ExecutionRedriven main again", "StepStarted main again"]
        assert run.records[-2].actor == "bob"
        assert run.done("two").output == "two"

    def test_its_attempts_are_counted_anew_under_turns_that_never_were(self) -> None:
        run = Run(
            "steps: [{id: a, type: call, retry: [{errors: ['*'], maxAttempts: 2, intervalSeconds: 1, jitter: none}]}]"
        )
        run.go().broke().later(1).broke()
        assert run.thread().key == ("main", 2)
        run.ask(REDRIVE)
        assert (run.thread().key, run.thread().attempt, run.thread().tries) == (("main", 3), 1, {})

    @pytest.mark.parametrize("event", [REDRIVE, RedriveRequested(step="a")])
    def test_what_lives_or_has_succeeded_is_left_alone(self, event: Requested) -> None:
        for run in (Run("steps: [{id: a, type: call}]").go(), Run("steps: [{id: a, type: transform}]").go()):
            assert run.fold(event) == Decision(run.execution)

    def test_what_was_cancelled_or_over_time_goes_on_where_it_waited(self) -> None:
        run = Run(WAIT, "in").go().later(40).ask(CANCEL)
        run.now += 3600 * SECOND
        run.ask(REDRIVE)
        assert run.standing == {"main": "waiting rest"}
        assert run.later(0).output == "in"

    def test_it_gets_the_whole_time_again(self) -> None:
        run = Run("{timeoutSeconds: 60, steps: [{id: a, type: wait, seconds: 90}]}").go().later(60)
        assert run.state is State.TIMED_OUT
        assert run.ask(REDRIVE).execution.deadline == NOW + 120 * SECOND
        assert run.later(30).state is State.SUCCEEDED

    def test_so_does_an_attempt_that_waits(self) -> None:
        run = Run("steps: [{id: a, type: wait, seconds: 90, timeoutSeconds: 60}]").go().later(10).ask(CANCEL)
        assert run.ask(REDRIVE).thread().deadline == NOW + 70 * SECOND

    def test_an_attempt_that_was_over_time_begins_anew(self) -> None:
        run = Run("steps: [{id: a, type: wait, seconds: 90, timeoutSeconds: 60}]").go().later(60)
        assert run.error.name == "Timeout"
        run.ask(REDRIVE)
        assert (run.until, run.thread().started_at) == (NOW + 150 * SECOND, NOW + 60 * SECOND)

    def test_so_does_one_that_waited_for_an_answer(self) -> None:
        run = Run("steps: [{id: a, type: callback, timeoutSeconds: 60}]").go().later(10).ask(CANCEL)
        asked = run.thread().turn
        run.now += 50 * SECOND
        assert run.ask(REDRIVE).thread().turn > asked
        assert run.thread().deadline == NOW + 120 * SECOND

    def test_a_step_that_would_be_tried_again_is(self) -> None:
        run = Run("steps: [{id: a, type: call, retry: [{errors: ['*'], intervalSeconds: 60, jitter: none}]}]")
        run.go().broke().ask(CANCEL).ask(REDRIVE)
        assert run.standing == {"main": "retrying a"}
        run.later(60)
        assert (run.performs, run.thread().attempt) == ({"main": None}, 2)

    def test_it_is_in_another_visit_if_something_was_edited_and_it_has_begun_nothing(self) -> None:
        retry = "retry: [{errors: ['*'], intervalSeconds: 60, jitter: none}]"
        call = Run(f"steps: [{{id: a, type: call, {retry}}}]").go().broke().ask(CANCEL)
        call.now += 5 * SECOND
        call.ask(RedriveRequested(stash={"n": 1}))
        assert (call.thread().visit, call.thread().visited_at) == (1, NOW + 5 * SECOND)
        nest = Run(f"steps: [{{id: a, type: map, items: [1], {retry}, steps: [{{id: x, type: call}}]}}]").go()
        nest.broke(thread="main.1.0").ask(CANCEL).ask(RedriveRequested(stash={"n": 1}))
        assert (nest.standing["main"], nest.thread().visit) == ("retrying a", 0)

    def test_the_time_of_an_attempt_does_not_run_between_attempts_then_either(self) -> None:
        policy = "{errors: ['*'], intervalSeconds: 60, jitter: none}"
        run = Run(f"steps: [{{id: a, type: call, timeoutSeconds: 5, retry: [{policy}]}}]")
        run.go().broke().ask(CANCEL).ask(REDRIVE).later(5)
        assert (run.thread().tries, run.until) == ({"0": 1}, NOW + 60 * SECOND)

    def test_only_the_branches_that_had_not_ended_go_on(self) -> None:
        run = Run(BOTH).go().later(60).broke("No", "main.1.a").ask(REDRIVE)
        assert run.standing == {"main": "joining both", "main.1.a": "ready both/a/x"}
        assert run.done("ok", "main.1.a").performs == {"main": {"a": "ok", "b": None}}

    def test_nor_do_they_if_something_was_edited(self) -> None:
        run = Run(BOTH).go().later(60).broke("No", "main.1.a").ask(RedriveRequested(stash={"n": 1}))
        assert run.standing == {"main": "joining both", "main.1.a": "ready both/a/x"}

    def test_a_step_that_joins_gets_its_time_again(self) -> None:
        run = Run(BOTH.replace("type: parallel", "type: parallel\n        timeoutSeconds: 100")).go()
        run.later(10).broke("No", "main.1.a").ask(REDRIVE)
        assert run.thread().deadline == NOW + 110 * SECOND

    @pytest.mark.parametrize("what", ["join: all", "join: first"])
    def test_a_step_whose_branches_had_all_ended_goes_on(self, what: str) -> None:
        run = Run(f"""
            stash: {{n: text}}
            steps:
              - id: both
                type: parallel
                {what}
                branches: [{{id: a, steps: [{{id: x, type: call}}]}}]
                output: '${{add(stash.n, `1`)}}'
            """)
        run.go().done("A", "main.1.a")
        assert (run.error.name, run.thread().kept) == ("TemplateFailed", ())
        run.ask(RedriveRequested(stash={"n": 1}))
        if run.performs:
            run.done("A", *run.performs)
        assert run.output == 2

    def test_what_would_gather_gathers(self) -> None:
        large = "steps: [{id: each, type: map, items: '${range(`101`)}', steps: [{id: a, type: transform}]}]"
        run = Run(large).go().child(State.SUCCEEDED, 0).child(State.SUCCEEDED, 1)
        asked = run.performs
        assert run.broke("ResultLost").ask(REDRIVE).performs == asked

    def test_threads_that_are_over_are_not_driven_on(self) -> None:
        run = (
            Run("""
            steps:
              - {id: sub, type: workflow, definition: c, timeoutSeconds: 5, catch: [{errors: ['*'], next: then}]}
              - {id: then, type: call}
            """)
            .go()
            .later(5)
            .broke("No")
        )
        assert run.ask(REDRIVE).standing == {"main@1": "over sub", "main": "ready then"}

    def test_an_edited_stash_is_seen_and_told(self) -> None:
        run = Run(CALLS).go().done("one").broke("No").ask(RedriveRequested(stash={"more": 1, "got": None}))
        assert run.performs == {"main": ["one", {"more": 1}]}
        change = [record.change for record in run.records if record.change]
        assert change == [{"stash": {"more": {"from": None, "to": 1}, "got": {"from": "one", "to": None}}}]

    def test_what_was_stashed_as_null_stays(self) -> None:
        run = Run(CALLS).go().done(None).broke("No").ask(REDRIVE)
        assert run.performs == {"main": [None, {"got": None}]}

    def test_another_version_goes_on(self) -> None:
        run = Run(CALLS).go().done("one").broke("No")
        run.definition = define("steps: [{id: ask, type: call}, {id: again, type: echo, message: mended}]")
        run.ask(RedriveRequested(version=2))
        assert (run.output, run.execution.definition_version) == ("mended", 2)
        assert [r.change for r in run.records if r.change] == [{"version": {"from": 1, "to": 2}}]

    def test_unless_it_lacks_a_step_that_a_thread_stands_at(self) -> None:
        run = Run(CALLS).go().done("one").broke("No")
        run.definition = define("steps: [{id: ask, type: call}]")
        assert run.fold(RedriveRequested(version=2)) == Decision(run.execution)

    def test_at_a_step_of_ones_choice(self) -> None:
        run = Run(CALLS, "in").go().done("one").broke("No")
        run.ask(RedriveRequested(step="ask", incoming="in", stash={"got": None}))
        assert (run.performs, run.thread().incoming, run.thread().stash) == ({"main": None}, "in", {})
        assert [r.change for r in run.records if r.change] == [
            {"step": {"from": "again", "to": "ask"}, "stash": {"got": {"from": "one", "to": None}}}
        ]

    def test_a_redrive_from_an_unknown_step_changes_nothing(self) -> None:
        run = Run(CALLS).go().broke("No")
        assert run.fold(RedriveRequested(step="nowhere")) == Decision(run.execution)

    def test_a_step_of_ones_choice_ends_all_branches_and_forgets_what_was_caught(self) -> None:
        run = Run("""
            steps:
              - {id: a, type: call, catch: [{errors: [No], next: both}]}
              - id: both
                type: parallel
                branches:
                  - {id: x, steps: [{id: sub, type: workflow, definition: other}]}
                  - {id: y, steps: [{id: ask, type: call}]}
            """)
        run.go().broke("No").broke("Boom", "main.2.y").ask(RedriveRequested(step="a"))
        assert run.standing == {"main": "ready a", "main.2.x@1": "over both/x/sub"}
        assert run.thread().error is None


def test_a_call_that_may_be_under_way_has_the_whole_time_of_its_step_again() -> None:
    run = Run("steps: [{id: pay, type: call, timeoutSeconds: 60}]").go().ask(CANCEL)
    run.now += 10 * SECOND
    run.ask(REDRIVE)
    assert run.thread().deadline == run.now + 60 * SECOND


class TestRedriveOfChildren:
    FAILED = ChildEnded("main", 1, 0, State.FAILED, error=Failure("No", "no", "deep"))

    def failed(self) -> Run:
        return Run(SUB).go().ask(self.FAILED)

    def test_a_workflow_step_awaits_the_same_child_which_is_told_to_go_on(self) -> None:
        run = self.failed().ask(REDRIVE)
        assert (run.thread().key, run.child_join) == (("main", 2), ChildJoin(CHILD, turn=1, redrives=1))
        launch, resumption = run.asks()
        assert isinstance(launch, Launch)
        assert resumption == Message(CHILD, ResumeRequested(turn=run.execution.version, redrives=1))

    def test_what_it_came_to_before_does_not_count(self) -> None:
        run = self.failed().ask(REDRIVE)
        assert run.fold(self.FAILED) == Decision(run.execution)
        run.fold(copy_with(self.FAILED, state=State.CANCELLED))
        assert not run.execution.ended

    def test_unless_it_had_succeeded(self) -> None:
        assert self.failed().ask(REDRIVE).child(State.SUCCEEDED, output=1).output == 1

    def test_what_it_comes_to_then_does(self) -> None:
        assert self.failed().ask(REDRIVE).ask(copy_with(self.FAILED, redrives=1)).state is State.FAILED

    @pytest.mark.parametrize("event", [RedriveRequested(stash={"n": 1}), RedriveRequested(version=2)])
    def test_with_anything_edited_another_child_begins(self, event: Requested) -> None:
        run = self.failed().ask(event)
        assert run.child_join.execution != CHILD
        assert run.standing == {"main": "awaiting sub"}  # nobody is to be told: the one before is over

    def test_a_child_that_could_not_be_started_is_tried_anew(self) -> None:
        refusal = Failure("DefinitionNotFound", "there is none", "sub")
        run = Run(SUB).go().child(State.FAILED, error=refusal, begun=False).ask(REDRIVE)
        assert run.standing == {"main": "awaiting sub"}
        assert run.thread().turn > 1

    def test_its_refusal_then_counts(self) -> None:
        run = self.failed().ask(REDRIVE)
        refusal = Failure("DefinitionNotFound", "there is none", "sub")
        assert run.child(State.FAILED, error=refusal, begun=False).error.name == "DefinitionNotFound"

    UNSHAPED = "steps: [{id: sub, type: workflow, definition: other, output: '${add(output, `1`)}'}]"

    def test_one_whose_output_could_not_be_shaped_is_kept_and_shaped_again(self) -> None:
        run = Run(self.UNSHAPED).go().child(State.SUCCEEDED, output="text").ask(REDRIVE)
        assert (run.standing, run.error.name) == ({"main": "failed sub"}, "TemplateFailed")
        assert run.thread().kept == ("text",)

    LARGE = """
        stash: {{items: [1]}}
        steps:
          - id: each
            type: map
            items: '${{{items}}}'
            tolerate: {{count: 150}}
            maxConcurrency: 252
            steps: [{{id: a, type: call}}]
        """

    def test_the_parts_of_a_map_that_had_not_ended_are_told_to_go_on(self) -> None:
        run = Run(self.LARGE.format(items="range(`250`)")).go().child(State.SUCCEEDED, 1, failed=1)
        run.child(State.FAILED, 0, error=Failure("ItemsFailed", "many", "each/a")).ask(RedriveRequested(version=2))
        resumption = [each.event for each in run.asks() if isinstance(each, Message) and each.submitted is None]
        assert resumption == [ResumeRequested(turn=run.execution.version, redrives=1, version=2)] * 2

    def test_a_map_too_many_of_whose_items_failed_goes_on_once_more(self) -> None:
        run = Run(self.LARGE.format(items="range(`250`)")).go()
        for number in range(3):
            run.child(State.SUCCEEDED, number, failed=60)
        assert run.error.name == "ItemsFailed"
        run.ask(REDRIVE)
        assert run.asks() != [] or run.performs != {}

    def test_a_stash_that_is_edited_does_not_take_the_items_from_under_a_map(self) -> None:
        run = Run(self.LARGE.format(items="stash.items").replace("[1]", str(list(range(250))))).go()
        run.child(State.FAILED, 0, error=Failure("No", "no", "each/a")).ask(RedriveRequested(stash={"items": []}))
        assert run.asks() != []

    def test_nor_from_under_one_that_runs_one_by_one(self) -> None:
        run = Run("""
            stash: {items: [1, 2]}
            steps: [{id: each, type: map, items: '${stash.items}', maxConcurrency: 1, steps: [{id: a, type: call}]}]
            """)
        run.go().broke("No", "main.1.0").ask(RedriveRequested(stash={"items": []}))
        while not run.execution.ended:
            run.done("ok", *run.performs)

    @pytest.mark.parametrize("items", ["[]", "'${input}'", "null"])
    def test_nor_does_another_version_of_the_map(self, items: str) -> None:
        steps = "steps: [{{id: each, type: map, items: {0}, maxConcurrency: 1, steps: [{{id: a, type: call}}]}}]"
        run = Run(steps.format("'${[`1`, `2`]}'")).go().broke("No", "main.1.0")
        run.definition = define(steps.format(items if items.startswith("'") else f"'${{`{items}`}}'"))
        run.ask(RedriveRequested(version=2))
        while run.performs:
            run.done("ok", *run.performs)
        assert run.execution.ended

    def test_another_version_can_have_another_branch(self) -> None:
        steps = "{{id: a, steps: [{{id: x, type: call}}]}}, {{id: b, steps: [{{id: x, type: call}}]}}{0}"
        both = "steps: [{{id: both, type: parallel, branches: [{0}]}}]"
        run = Run(both.format(steps.format(""))).go().done("A", "main.1.a").broke("No", "main.1.b")
        run.definition = define(both.format(steps.format(", {id: c, steps: [{id: x, type: echo, message: C}]}")))
        run.ask(RedriveRequested(version=2))
        while run.performs:
            run.done("ok", next(iter(run.performs)))
        assert run.output == {"a": "ok", "b": "ok", "c": "C"}

    def test_a_pause_between_a_redrive_and_its_message_does_not_undo_that_calls_are_made_again(self) -> None:
        run = self.failed().ask(RedriveRequested(again=True)).ask(PauseRequested()).ask(ResumeRequested())
        _, resumption = run.asks()
        assert resumption == Message(CHILD, ResumeRequested(turn=run.execution.control_epoch, redrives=1, again=True))

    def partition(self) -> Run:
        steps = "[{id: each, type: map, items: [1], timeoutSeconds: 9, steps: [{id: a, type: call}]}]"
        run = Run(f"{{timeoutSeconds: 60, steps: {steps}}}")
        root = copy_with(run.thread(), incoming=[1], deadline=None)
        run.execution = copy_with(
            run.execution, threads={"main": root}, deadline=None, partition=Partition(0, 1, 0, {})
        )
        run.go().broke("No", "main.1.0").ask(ResumeRequested(turn=9, redrives=1))
        assert (run.standing["main"], run.thread("main.1.0").status) == ("joining each", Status.READY)
        return run

    def test_a_part_sees_the_stash_of_its_map_as_it_was_edited(self) -> None:
        run = self.partition()
        run.ask(ResumeRequested(turn=10, redrives=2, stash={"n": 1}))
        assert (run.thread().stash, run.execution.parent_redrives) == ({"n": 1}, 2)
        run.broke("No", "main.1.0").ask(ResumeRequested(turn=11, redrives=3, stash={"m": 2}))
        assert run.thread().stash == {"m": 2}

    def test_a_part_of_which_another_version_has_not_the_steps_begins_anew(self) -> None:
        run = self.partition().broke("No", "main.1.0")
        run.definition = define("steps: [{id: each, type: map, items: [1], steps: [{id: other, type: call}]}]")
        run.ask(ResumeRequested(turn=10, redrives=2, version=2))
        assert [thread.step for thread in run.execution.threads.values()] == ["each", "each/other"]

    def test_a_part_goes_on_with_the_items_that_failed(self) -> None:
        assert self.partition().done("ok", "main.1.0").output == ["ok"]

    def test_a_part_has_no_time_of_its_own_then_either(self) -> None:
        run = self.partition()
        assert (run.thread().deadline, run.execution.deadline) == (None, None)
