"""What :mod:`chalicelib.core.executions.decide` makes of threads that a thread forks."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.definitions.model import Outcome, StepContext
from chalicelib.core.executions.inputs import CallSucceeded, Decision
from chalicelib.core.executions.model import Failure, State, Status
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from tests.core.examples import ME, NOW, CallStep, Run

BOTH = """
    steps:
      - {id: before, type: echo, message: '${input}', stash: before}
      - id: both
        type: parallel
        branches:
          - {id: left, steps: [{id: a, type: call, stash: seen}, {id: b, type: call, content: '${[stash, output]}'}]}
          - {id: right, steps: [{id: a, type: call, content: '${[stash, output]}'}]}
        stash: results
      - {id: after, type: echo, message: '${stash}'}
    """
LEFT, RIGHT = "main.2.left", "main.2.right"


class TestParallel:
    def test_a_fork_makes_threads_whose_ids_hold_its_turn(self) -> None:
        run = Run(BOTH, "in").go()
        assert run.standing == {"main": "joining both", LEFT: "ready both/left/a", RIGHT: "ready both/right/a"}
        assert [thread.turn for thread in run.execution.threads.values()] == [2, 0, 0]
        assert {thread.driver for thread in run.execution.threads.values()} == {ME}

    def test_every_branch_begins_with_what_came_in_and_sees_what_was_stashed(self) -> None:
        assert Run(BOTH, "in").go().performs[RIGHT] == [{"before": "in"}, "in"]

    def test_what_a_branch_stashes_only_it_sees(self) -> None:
        run = Run(BOTH, "in").go().done("L", LEFT)
        assert run.performs == {LEFT: [{"before": "in", "seen": "L"}, "L"], RIGHT: [{"before": "in"}, "in"]}

    def test_a_branch_that_ends_is_no_turn_of_the_thread_that_forked_it(self) -> None:
        run = Run(BOTH, "in").go().done("R", RIGHT)
        assert run.standing == {"main": "joining both", LEFT: "ready both/left/a"}
        assert (run.thread().key, run.thread().results) == (("main", 2), {"right": "R"})

    def test_the_last_one_moves_it_on_with_all_results_by_branch(self) -> None:
        run = Run(BOTH, "in").go().done("R", RIGHT).done("L", LEFT).done("LL", LEFT)
        results: Json = {"left": "LL", "right": "R"}
        assert run.output == {"before": "in", "results": results}
        (joined,) = [r.result for r in run.records if (r.step, r.state) == ("both", State.STEP_SUCCEEDED)]
        assert list(joined or ()) == ["left", "right"]

    def test_a_branch_that_has_ended_takes_no_second_answer(self) -> None:
        run = Run(BOTH, "in").go().done("R", RIGHT)
        assert run.fold(CallSucceeded(RIGHT, 0, "again")) == Decision(run.execution)

    def test_the_first_failure_of_a_branch_is_the_steps_and_the_threads_stand_as_they_stood(self) -> None:
        run = Run(BOTH, "in").go().broke("No", LEFT)
        assert run.recorded[-3:] == [
            f"StepFailed {LEFT} both/left/a",
            "StepFailed main both",
            "ExecutionFailed main both",
        ]
        assert run.error == Failure("No", "no", "both/left/a")
        assert run.standing.keys() == {"main", LEFT, RIGHT}

    def test_succeed_ends_its_branch_only(self) -> None:
        run = Run("""
            steps:
              - id: both
                type: parallel
                branches:
                  - {id: a, steps: [{id: x, type: succeed, when: '`true`', output: early}, {id: y, type: fail}]}
                  - {id: b, steps: [{id: x, type: call}]}
            """)
        assert run.go().done("late", "main.1.b").output == {"a": "early", "b": "late"}

    def test_a_skipped_last_step_ends_its_branch(self) -> None:
        run = Run("""
            steps: [{id: p, type: parallel, branches: [{id: a, steps: [{id: x, type: fail, when: input}]}]}]
            """)
        assert run.go().output == {"a": None}

    def test_what_came_into_it_is_no_output_of_the_execution(self) -> None:
        run = Run("""
            outputSchema: {type: object}
            steps: [{id: p, type: parallel, branches: [{id: a, steps: [{id: x, type: fail, when: input}]}]}]
            """)
        assert run.go().output == {"a": None}

    def test_a_loop_that_forks_again_makes_other_threads(self) -> None:
        run = Run("""
            stash: {n: 0}
            steps:
              - {id: both, type: parallel, branches: [{id: a, steps: [{id: x, type: call}]}]}
              - {id: count, type: echo, message: '${add(stash.n, `1`)}', stash: n}
              - {id: enough, type: choice, choices: [{when: 'stash.n == `2`', next: end}], default: both}
              - {id: end, type: succeed}
            """).go()
        assert [*run.performs, *run.done(1, "main.1.a").performs] == ["main.1.a", "main.5.a"]
        assert run.done(2, "main.5.a").state is State.SUCCEEDED


class TestFirst:
    STEPS = """
        steps:
          - id: race
            type: parallel
            join: first
            branches:
              - {id: slow, steps: [{id: inner, type: parallel, branches: [{id: x, steps: [{id: y, type: call}]}]}]}
              - {id: fast, steps: [{id: a, type: call}]}
              - {id: late, steps: [{id: b, type: wait, seconds: 60}]}
            catch: [{errors: [No], next: race}]
          - {id: last, type: call, content: '${output}'}
        """

    def test_the_first_result_ends_the_others_with_all_below_them(self) -> None:
        run = Run(self.STEPS).go().done("won", "main.1.fast")
        assert run.standing == {"main": "ready last"}
        assert run.performs == {"main": {"branch": "fast", "output": "won"}}

    def test_a_failure_ends_its_branch_only_while_another_can_succeed(self) -> None:
        run = Run(self.STEPS).go().broke("No", "main.1.fast").broke("Bad", "main.1.slow.1.x")
        assert run.standing == {
            "main": "joining race",
            "main.1.slow": "failed race/slow/inner",
            "main.1.fast": "failed race/fast/a",
            "main.1.late": "waiting race/late/b",
        }
        assert run.later(60).performs == {"main": {"branch": "late", "output": None}}


class TestNested:
    STEPS = """
        steps:
          - id: outer
            type: parallel
            catch: [{errors: [Outer], next: caught}]
            branches:
              - id: a
                steps:
                  - id: inner
                    type: parallel
                    retry: [{errors: [Busy], intervalSeconds: 5, jitter: none}]
                    catch: [{errors: [Inner], next: mended}]
                    branches: [{id: x, steps: [{id: deep, type: call, catch: [{errors: [Deep], next: fixed}]},
                                               {id: fixed, type: echo, message: '${error.name}'}]}]
                    end: true
                  - {id: mended, type: parallel,
                     branches: [{id: x, steps: [{id: say, type: echo, message: '${[error.name, output]}'}]}]}
              - {id: b, steps: [{id: idle, type: call}]}
          - {id: last, type: echo, message: '${output}', end: true}
          - {id: caught, type: echo, message: '${[error.name, error.step]}'}
        """
    DEEP, IDLE = "main.1.a.1.x", "main.1.b"

    def test_a_failure_is_caught_by_its_own_step(self) -> None:
        assert Run(self.STEPS).go().broke("Deep", self.DEEP).done(0, self.IDLE).output == {"a": {"x": "Deep"}, "b": 0}

    def test_or_by_the_step_around_it_which_then_begins_again_with_what_came_in(self) -> None:
        run = Run(self.STEPS, "in").go().broke("Inner", self.DEEP).done(0, self.IDLE)
        assert run.output == {"a": {"x": ["Inner", "in"]}, "b": 0}

    def test_or_tried_again_there(self) -> None:
        run = Run(self.STEPS).go().broke("Busy", self.DEEP)
        assert run.standing["main.1.a"] == "retrying outer/a/inner"
        assert run.later(5).performs.keys() == {self.DEEP, self.IDLE}

    def test_or_by_the_outermost_which_ends_all(self) -> None:
        run = Run(self.STEPS).go().broke("Outer", self.DEEP)
        assert run.output == ["Outer", "outer/a/inner/x/deep"]
        assert [line for line in run.recorded if "StepFailed" in line] == [
            f"StepFailed {self.DEEP} outer/a/inner/x/deep",
            "StepFailed main.1.a outer/a/inner",
            "StepFailed main outer",
        ]

    def test_a_failure_that_no_level_handles_fails_the_execution(self) -> None:
        run = Run(self.STEPS).go().broke("Boom", self.DEEP)
        assert (run.state, run.error.step) == (State.FAILED, "outer/a/inner/x/deep")


MAP = """
    steps:
      - id: each
        type: map
        items: '${{input}}'
        {0}
        steps:
          - {{id: ask, type: call, content: '${{[item, index, output, stash.mine]}}', stash: mine}}
          - {{id: then, type: echo, message: '${{[item, stash.mine]}}'}}
      - {{id: last, type: echo, message: '${{output}}'}}
    """


def item(number: int) -> str:
    return f"main.1.{number}"


class TestMap:
    def test_the_steps_run_for_every_item_at_once(self) -> None:
        run = Run(MAP.format(""), ["a", "b"]).go()
        assert run.performs == {item(0): ["a", 0, "a", None], item(1): ["b", 1, "b", None]}

    def test_the_result_is_a_list_in_the_order_of_the_items(self) -> None:
        run = Run(MAP.format(""), ["a", "b"]).go().done("B", item(1)).done("A", item(0))
        assert run.output == [["a", "A"], ["b", "B"]]

    def test_no_items_are_an_empty_list(self) -> None:
        assert Run(MAP.format(""), []).go().output == []

    @pytest.mark.parametrize("value", [None, {}, "ab"])
    def test_what_is_no_list_fails_the_step(self, value: Json) -> None:
        assert Run(MAP.format(""), value).go().error.name == "InvalidParameters"

    def test_no_more_than_the_concurrency_run_at_once(self) -> None:
        run = Run(MAP.format("maxConcurrency: 2"), list(range(5))).go()
        assert run.performs.keys() == {item(0), item(1)}
        assert run.done(1, item(1)).performs.keys() == {item(0), item(2)}
        assert run.done(2, item(2)).done(0, item(0)).performs.keys() == {item(3), item(4)}
        assert run.done(4, item(4)).performs.keys() == {item(3)}
        assert run.done(3, item(3)).output == [[n, n] for n in range(5)]

    def test_items_that_need_no_waiting_follow_one_another_in_one_go(self) -> None:
        run = Run(
            """
            steps: [{id: each, type: map, items: '${input}', maxConcurrency: 1,
                     steps: [{id: one, type: echo, message: '${[index, item]}'}]}]
            """,
            list("abc"),
        )
        assert run.go().output == [[0, "a"], [1, "b"], [2, "c"]]

    def test_the_first_failure_ends_all(self) -> None:
        run = Run(MAP.format("catch: [{errors: [No], next: last}]"), list(range(5))).go().broke("No", item(3))
        assert run.output == list(range(5))

    def test_a_hundred_items_are_threads(self) -> None:
        assert len(Run(MAP.format(""), list(range(100))).go().performs) == 100

    def test_null_is_an_item_too(self) -> None:
        assert Run(MAP.format(""), [None]).go().performs == {item(0): [None, 0, None, None]}

    def test_the_nearest_item_is_seen_by_what_is_nested_below(self) -> None:
        run = Run(
            """
            steps:
              - id: rows
                type: map
                items: '${input}'
                steps:
                  - id: both
                    type: parallel
                    branches: [{id: it, steps: [{id: say, type: echo, message: '${[item, index]}'}]}]
                  - id: cells
                    type: map
                    items: '${item}'
                    steps: [{id: say, type: echo, message: '${[item, index]}'}]
            """,
            [["a", "b"], ["c"]],
        )
        assert run.go().output == [[["a", 0], ["b", 1]], [["c", 0]]]

    def test_an_item_begins_when_its_turn_comes_and_has_its_time_from_there(self) -> None:
        run = (
            Run("""
            steps: [{id: each, type: map, items: [1, 2], maxConcurrency: 1,
                     steps: [{id: rest, type: wait, seconds: 60, timeoutSeconds: 70}]}]
            """)
            .go()
            .later(60)
        )
        assert run.thread(item(1)).deadline == NOW + timedelta(seconds=130)


class TestTolerance:
    TWO = MAP.format("tolerate: {count: 2}")

    def test_a_tolerated_failure_stands_in_its_place(self) -> None:
        run = Run(self.TWO, [0, 1, 2]).go().broke("No", item(1), details="d").done("a", item(0)).done("c", item(2))
        failure: Json = {"name": "No", "message": "no", "step": "each/ask", "attempt": 1, "details": "d"}
        assert run.output == [[0, "a"], {"error": failure, "index": 1, "item": 1}, [2, "c"]]

    def test_a_large_item_is_not_shown_beside_its_error(self) -> None:
        run = Run(self.TWO, [0, "x" * 2_000]).go().broke("No", item(1)).done("a", item(0))
        failed: Any = run.output[1]
        assert failed.keys() == {"error", "index"}

    def test_all_that_are_tolerated_may_fail(self) -> None:
        run = Run(self.TWO, [0, 1]).go().broke("No", item(1)).broke("No", item(0))
        assert run.state is State.SUCCEEDED
        assert len([line for line in run.recorded if "StepFailed" in line]) == 2

    def test_one_more_fails_the_step(self) -> None:
        run = Run(self.TWO, [0, 1, 2]).go().broke("No", item(1)).broke("No", item(0)).broke("No", item(2))
        assert (run.error.name, run.error.message) == ("ItemsFailed", "3 items failed or more, and 2 are tolerated")
        assert run.error.step == "each/ask"
        details: Any = run.error.details
        shown = [(each["index"], each["item"], each["error"]["name"]) for each in details["items"]]
        assert shown == [(2, 2, "No"), (1, 1, "No"), (0, 0, "No")]
        assert run.recorded[-2:] == ["StepFailed main each", "ExecutionFailed main each"]

    def test_without_tolerance_the_failure_is_the_items_own(self) -> None:
        assert Run(MAP.format(""), [0, 1]).go().broke("No", item(1)).error.name == "No"

    def test_what_a_tolerated_item_has_forked_ends(self) -> None:
        run = Run("""
            steps:
              - id: each
                type: map
                items: [1, 2]
                tolerate: {percent: 50}
                steps:
                  - id: both
                    type: parallel
                    branches: [{id: a, steps: [{id: x, type: call}]}, {id: b, steps: [{id: y, type: call}]}]
            """).go()
        run.broke("No", "main.1.0.1.a")
        assert run.standing.keys() == {"main", "main.1.1", "main.1.1.1.a", "main.1.1.1.b"}

    def test_a_tolerated_failure_makes_room_for_the_next_item(self) -> None:
        run = Run(MAP.format("maxConcurrency: 1\n        tolerate: {count: 1}"), [0, 1]).go()
        assert run.broke("No", item(0)).performs.keys() == {item(1)}

    def test_a_retry_of_the_step_lets_those_begin_again_that_were_not_tolerated(self) -> None:
        retry = "tolerate: {count: 1}\n        retry: [{errors: [ItemsFailed], intervalSeconds: 1, jitter: none}]"
        run = Run(MAP.format(retry), [0, 1]).go().broke("No", item(0)).broke("No", item(1))
        assert run.thread().status is Status.RETRYING
        assert run.later(1).performs.keys() == {item(1)}
        output: Any = run.done("ok", item(1)).output
        assert (output[0]["error"]["name"], output[1]) == ("No", [1, "ok"])


class Broken(CallStep):
    """A step type with a mistake in it."""

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        raise IndexError("nobody has thought of this")


class TestMistakes:
    def test_what_nobody_has_thought_of_fails_the_step_and_is_caught(self) -> None:
        run = Run("""
            steps:
              - {id: ask, type: call, catch: [{errors: [Internal], next: sorry}]}
              - {id: sorry, type: echo, message: '${error.details.cause}'}
            """)
        broken = copy_with(run.definition.steps["ask"], type=Broken())
        run.definition = copy_with(run.definition, steps={**run.definition.steps, "ask": broken})
        assert run.go().output == "IndexError: nobody has thought of this"
        assert [record.state for record in run.records].count(State.STEP_STARTED) == 2
