from typing import Any

import pytest

from chalicelib.core.dryruns.single_step import Given
from chalicelib.core.executions.model import Failure
from chalicelib.core.values.errors import (
    InvalidError,
    InvalidInputError,
)
from tests.usecases.examples import HTTP, dry

ONE = f"""
inputSchema: {{type: object}}
outputSchema: {{type: string}}
stash: {{begun: true}}
steps:
  - id: route
    type: choice
    choices: [{{when: output == 'big', next: check}}]
    default: both
  - id: check
    type: task
    title: Check
    catch: [{{errors: [task.Rejected], stash: why, next: sorry}}]
    stash: checked
  - id: both
    type: parallel
    when: stash.go
    branches:
      - id: left
        steps:
          - {{id: charge, {HTTP}, body: '${{join(`" "`, map(&to_string(@), [item, index, error.name, input]))}}'}}
          - {{id: same, type: echo, message: l}}
      - {{id: right, steps: [{{id: same, type: echo, message: '${{stash.go}}'}}]}}
  - {{id: sorry, type: echo, message: '${{output}}', end: true}}
"""


class TestOneStep:
    def test_it_says_where_it_leads(self) -> None:
        big, small = (dry(ONE, step="route", given=Given(incoming)) for incoming in ("big", "small"))
        assert [(each.state, each.output, each.next) for each in (big, small)] == [
            ("StepSucceeded", "big", "check"),
            ("StepSucceeded", "small", "both"),
        ]
        assert [record["state"] for record in big.history][-1] == "StepSucceeded"
        assert (big.path, big.stash) == (["route"], {})

    def test_an_error_that_it_catches_is_told_and_leads_on(self) -> None:
        found: Any = dry(ONE, {"check": {"reject": "no"}}, step="check", given=Given("came", {"a": 1}))
        assert (found.state, found.error["name"], found.next) == ("StepFailed", "task.Rejected", "sorry")
        assert (found.output, found.stash["a"], found.stash["why"]["message"]) == ("came", 1, "no")
        done = dry(ONE, {"check": {"result": 1}}, step="check")
        assert (done.state, done.error, done.next, done.stash) == ("StepSucceeded", None, "both", {"checked": 1})

    def test_a_step_that_is_skipped_leads_on(self) -> None:
        found = dry(ONE, step="both", given=Given("came"))
        assert (found.state, found.output, found.next) == ("StepSkipped", "came", "sorry")

    def test_what_is_nested_in_it_is_run(self) -> None:
        found: Any = dry(ONE, {"charge": {"result": 1}}, step="both", given=Given("came", {"go": "yes"}))
        assert found.output == {"left": "l", "right": "yes"}
        assert found.path == ["both", "both/left/charge", "both/right/same", "both/left/same"]

    def test_a_nested_step_sees_what_is_given(self) -> None:
        given = Given("came", {}, "tea", 3, Failure("Oops", "no", "x"))
        found: Any = dry(ONE, {"charge": {"result": 1}}, step="charge", given=given, input={"a": 1})
        assert found.calls[0]["params"]["body"] == 'tea 3 Oops {"a":1}'
        assert (found.output, found.next) == (1, "both/left/same")

    def test_the_last_step_of_a_list_leads_nowhere(self) -> None:
        nested = dry(ONE, step="both/left/same")
        assert (nested.state, nested.output, nested.next) == ("ExecutionSucceeded", "l", None)
        wrong: Any = dry(ONE, step="sorry", given=Given(1))
        assert (wrong.state, wrong.error["name"]) == ("ExecutionFailed", "InvalidOutput")

    def test_what_has_no_mock_ends_it(self) -> None:
        found = dry(ONE, step="check")
        assert (found.state, found.next) == ("StepStarted", None)
        assert [each["step"] for each in found.unanswered] == ["check"]

    def test_the_input_has_to_pass_if_there_is_one(self) -> None:
        with pytest.raises(InvalidInputError, match="not an object"):
            dry(ONE, step="route", input=1)

    @pytest.mark.parametrize(
        ("step", "message"),
        [
            ("rout", r"d has no step 'rout' \(did you mean 'route'\?\)"),
            ("same", "several steps have the id 'same': write one of both/left/same, both/right/same"),
        ],
    )
    def test_a_step_that_is_not_there_is_an_error(self, step: str, message: str) -> None:
        with pytest.raises(InvalidError, match=message):
            dry(ONE, step=step)


def test_the_input_has_to_pass() -> None:
    with pytest.raises(InvalidInputError, match="not an object"):
        dry(ONE, input=1)
