"""What history says of the start of a step that somebody else does."""

from typing import Any

import pytest

from chalicelib.core.executions.identity import task_id
from chalicelib.core.executions.inputs import StepDue
from chalicelib.core.executions.model import HistoryEntry, State
from chalicelib.core.executions.waiting import ChildJoin
from chalicelib.core.values.json import Json
from tests.core.examples import Run

HTTP = """
    steps:
      - {id: first, type: echo, message: it}
      - id: charge
        type: http
        method: POST
        url: https://bank.example/${input.order}
        headers: {Authorization: 'Bearer ${input.known}', X-Trace: '${secret(''trace'')}', X-Order: '${output}'}
        auth: {type: basic, username: us, password: '${input.known}'}
        body: {order: '${input}'}
"""
ORDER: Json = {"order": "7", "known": "a-password-in-the-input"}


def starts(run: Run) -> list[HistoryEntry]:
    return [record for record in run.records if record.state is State.STEP_STARTED]


def test_a_call_says_what_it_is_made_with_but_no_credentials() -> None:
    about = starts(Run(HTTP, ORDER).go())[1].about
    assert about == {
        "params": {
            "method": "POST",
            "url": "https://bank.example/7",
            "headers": {"Authorization": "***", "X-Trace": "***", "X-Order": "it"},
            "auth": {"type": "basic", "username": "us", "password": "***"},
            "body": {"order": ORDER},
        }
    }


def test_it_is_what_the_call_gets() -> None:
    run = Run(HTTP.replace("Authorization: 'Bearer ${input.known}', ", "").replace("auth: {", "output: {"), ORDER).go()
    call = run.fold(StepDue(*run.thread().key)).call
    assert call is not None
    assert starts(run)[1].about == {"params": call.params}


def test_the_first_step_says_it_too() -> None:
    (start,) = starts(
        Run("steps: [{id: a, type: call, content: '${input}'}, {id: b, type: echo, message: 1}]", 7).go().done()
    )[:1]
    assert (start.about, start.size) == ({"params": 7}, 1)


def test_each_attempt_says_what_it_got() -> None:
    step = "{id: a, type: call, content: '${step.attempt}', retry: [{errors: ['*'], jitter: none}]}"
    run = Run(f"steps: [{{id: e, type: echo, message: 1}}, {step}]").go().broke().later(1)
    assert [start.about for start in starts(run)[1:]] == [{"params": 1}, {"params": 2}]


def test_a_step_that_starts_an_execution_names_it_from_its_start_on() -> None:
    step = "{id: sub, type: workflow, definition: other, version: 2, input: '${input}'}"
    for before in ("", "{id: a, type: echo, message: 1}, "):
        run = Run(f"steps: [{before}{step}]", 7).go()
        start, join = starts(run)[-1], run.thread().join
        assert isinstance(join, ChildJoin)
        assert start.children == [join.execution]
        assert start.about == {"params": {"definition": "other", "version": 2, "input": 7}}
    newest = starts(Run("steps: [{id: sub, type: workflow, definition: other, wait: false}]", 7).go())[0]
    assert newest.about == {"params": {"definition": "other", "input": 7, "wait": False}}


def test_a_task_is_named_and_its_form_is_left_out() -> None:
    step = "{id: t, type: task, title: 'Approve ${input}', groups: sales, inputSchema: {type: object}, uiSchema: {}}"
    run = Run(f"steps: [{step}]", 7).go()
    assert starts(run)[0].about == {
        "params": {"title": "Approve 7", "groups": "sales"},
        "task": task_id("t:d:1", "main", run.thread().turn),
    }


def test_an_event_says_which_and_a_callback_has_nothing_to_say() -> None:
    event = Run("steps: [{id: e, type: event, name: paid, key: '${input}', schema: {type: object}}]", "7").go()
    assert starts(event)[0].about == {"params": {"name": "paid", "key": "7"}}
    assert starts(Run("steps: [{id: c, type: callback}]").go())[0].about == {}


@pytest.mark.parametrize(
    "step",
    [
        "{id: a, type: echo, message: 1}",
        "{id: a, type: call, content: '${upper(input)}', catch: [{errors: ['*'], next: b}]}",
        "{id: a, type: workflow, definition: ['${input}'], catch: [{errors: ['*'], next: b}]}",
    ],
)
def test_what_nobody_else_does_or_cannot_be_begun_says_nothing(step: str) -> None:
    run = Run(f"steps: [{step}, {{id: b, type: echo, message: 1}}]", 7).go()
    assert [(start.about, start.children) for start in starts(run)] == [({}, ())] * 2


def test_nor_does_a_step_type_whose_steps_come_to_something_by_themselves() -> None:
    class Immediate:
        """Says at once what it comes to."""

        name = "call"

        def run(self, params: Any, context: Any) -> Any:
            return (
                Run("steps: [{id: a, type: echo, message: 1}]").definition.steps["a"].type.run({"message": 1}, context)
            )

    run = Run("steps: [{id: a, type: call}]")
    object.__setattr__(run.definition.steps["a"], "type", Immediate())
    assert starts(run.go())[0].about == {}
