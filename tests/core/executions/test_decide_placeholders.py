"""Where secrets and tokens go in what :mod:`chalicelib.core.executions.decide` has called, and how long it waits."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.inputs import (
    StepDue,
)
from chalicelib.core.expressions.template import Placeholder
from chalicelib.core.values.errors import InvalidDefinitionError
from tests.core.examples import NOW, Run, define


class TestPlaceholders:
    def test_what_is_performed_says_where_secrets_and_the_token_go(self) -> None:
        run = Run(
            """
            steps:
              - id: ask
                type: http
                url: https://example.com
                headers: {Authorization: "Bearer ${secret('pay')}"}
                body: {token: '${step.token}', for: '${input}'}
                callback: true
            """,
            "Ada",
        )
        made = run.fold(StepDue("main", 0)).call
        assert made is not None
        assert made.placeholders == {
            "/headers/Authorization": ["Bearer ", Placeholder("pay")],
            "/body/token": [Placeholder()],
        }
        assert made.params == {
            "url": "https://example.com",
            "headers": {"Authorization": "Bearer ***"},
            "body": {"token": "***", "for": "Ada"},
            "callback": True,
        }

    def test_the_token_is_there_only_where_somebody_can_answer_with_it(self) -> None:
        with pytest.raises(InvalidDefinitionError) as caught:
            define("steps: [{id: ask, type: http, url: 'https://example.com/${step.token}'}]")
        (problem,) = caught.value.problems
        assert (problem.pointer, "needs callback: true" in problem.message) == ("/steps/0/callback", True)


class TestRetryAfter:
    @pytest.mark.parametrize(("wanted", "seconds"), [(None, 1), (0.5, 1), (20, 20), (9000, 9000), (200_000, 86_400)])
    def test_the_other_side_is_left_alone_for_as_long_as_it_wants_and_a_day_at_most(
        self, wanted: float | None, seconds: int
    ) -> None:
        run = Run("steps: [{id: a, type: call, retry: [{errors: ['*'], jitter: none, maxDelaySeconds: 30}]}]").go()
        run.broke(retry_after=wanted)
        assert run.until == NOW + timedelta(seconds=seconds)

    def test_what_a_step_is_nested_in_takes_no_heed_of_it(self) -> None:
        run = Run("""
            steps:
              - id: both
                type: parallel
                retry: [{errors: ['*'], jitter: none}]
                branches: [{id: a, steps: [{id: go, type: call}]}]
            """).go()
        run.broke(thread="main.1.a", retry_after=20)
        assert run.until == NOW + timedelta(seconds=1)
