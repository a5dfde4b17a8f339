"""What becomes of a `parallel` that waits for the first branch to succeed, where branches fail."""

from typing import Any, cast

from chalicelib.core.executions.inputs import CancelRequested, RedriveRequested
from chalicelib.core.executions.model import State, Status
from tests.core.examples import Run


class TestNobodyWins:
    STEPS = """
        steps:
          - id: race
            type: parallel
            join: first
            retry: [{errors: [BranchesFailed], maxAttempts: 2, intervalSeconds: 5, jitter: none}]
            branches:
              - {id: a, steps: [{id: x, type: call}, {id: y, type: call}]}
              - {id: b, steps: [{id: x, type: call}]}
        """
    A, B = "main.1.a", "main.1.b"

    def lost(self) -> Run:
        run = Run(self.STEPS).go()
        for error in ("Bad", "Worse"):
            run.broke("No", self.A) if error == "Bad" else run.done(1, self.A).broke("Never", self.A)
            run.broke(error, self.B).later(5)
        return run

    def test_the_error_says_which_branches_failed_and_how(self) -> None:
        run = self.lost()
        assert (run.state, run.error.name, run.error.step) == (State.FAILED, "BranchesFailed", "race")
        assert run.error.message == "no branch has succeeded: a with Never, b with Worse"
        assert run.error.details == {
            "branches": {
                "a": {"name": "Never", "message": "no", "step": "race/a/y"},
                "b": {"name": "Worse", "message": "no", "step": "race/b/x"},
            }
        }

    def test_a_retry_begins_each_branch_again_where_it_failed(self) -> None:
        run = Run(self.STEPS).go().done(1, self.A).broke("No", self.A)
        assert run.performs.keys() == {self.B}
        run.broke("No", self.B)
        assert run.thread().status is Status.RETRYING
        assert run.later(5).standing == {"main": "joining race", self.A: "ready race/a/y", self.B: "ready race/b/x"}
        assert run.done("well", self.B).output == {"branch": "b", "output": "well"}

    def test_a_redrive_begins_all_failed_branches_again(self) -> None:
        run = self.lost().ask(RedriveRequested())
        assert run.standing == {"main": "joining race", self.A: "ready race/a/y", self.B: "ready race/b/x"}
        assert run.done("well", self.A).output == {"branch": "a", "output": "well"}

    def test_a_redrive_of_what_was_cancelled_leaves_out_the_branches_that_have_failed(self) -> None:
        run = Run(self.STEPS).go().broke("No", self.A).ask(CancelRequested()).ask(RedriveRequested())
        assert run.performs.keys() == {self.B}
        assert run.done("well", self.B).output == {"branch": "b", "output": "well"}

    def test_the_message_names_the_first_branches_of_many(self) -> None:
        branches = [f"{{id: b{n}, steps: [{{id: x, type: fail, error: No}}]}}" for n in range(12)]
        run = Run(f"steps: [{{id: race, type: parallel, join: first, branches: [{', '.join(branches)}]}}]").go()
        assert run.error.message.endswith("b6 with No, b7 with No, 2 others")
        assert len(cast("dict[str, Any]", run.error.details)["branches"]) == 12

    def test_no_call_that_must_not_be_made_twice_is_made_again_for_a_branch_that_dropped_out(self) -> None:
        once = self.STEPS.replace("x, type: call", "x, type: call, delivery: at-most-once")
        run = (
            Run(once)
            .go()
            .broke("Lost", self.A, unanswered=True)
            .ask(CancelRequested())
            .ask(RedriveRequested(again=True))
        )
        assert run.performs.keys() == {self.B}
