"""Words of other workflow systems, each answered with what is written here."""

from typing import Any

import pytest

from chalicelib.core.definitions import other_words
from chalicelib.core.definitions.other_words import seconds_of
from chalicelib.core.definitions.parser import parse
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.steps import STEP_TYPES
from tests import words

ECHO: dict[str, Any] = {"id": "a", "type": "echo", "message": "hi"}


def problems(document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidDefinitionError) as raised:
        parse({"id": "d", "steps": [ECHO], **document}, STEP_TYPES)
    words.require_own(problem.message for problem in raised.value.problems)
    return {problem.pointer: problem.message for problem in raised.value.problems}


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("StartAt", "(the first step of the list is the first to run)"),
        ("States", "(write steps: a list, each with its id)"),
        ("name", "(write id for the name, title for people)"),
        ("on", "(a definition is started by"),
        ("version", "(a version is given when the definition is posted)"),
        ("tags", "(write search: {name: "),
        ("jobs", "(write steps"),
        ("env", "(write stash"),
        ("TimeoutSeconds", "(did you mean 'timeoutSeconds'?)"),
    ],
)
def test_a_key_of_a_definition(key: str, said: str) -> None:
    assert said in problems({key: 1})[f"/{key}"]


@pytest.mark.parametrize(
    ("step", "place", "said"),
    [
        ({"type": "echo", "if": "input.x"}, "/if", "(write when: a condition without ${ })"),
        ({"type": "echo", "needs": ["b"]}, "/needs", "steps run in the order of the list"),
        ({"type": "echo", "ResultPath": "$.x"}, "/ResultPath", "(output shapes what goes on"),
        ({"type": "echo", "Next": "b"}, "/Next", "(did you mean 'next'?)"),
        ({"type": "http", "url": "https://a.example", "onError": "b"}, "/onError", "(write catch: [{errors: ['*']"),
        ({"type": "http", "url": "https://a.example", "data": {}}, "/data", "(write body, with bodyType"),
        ({"type": "http", "url": "https://a.example", "timeout": 5}, "/timeout", "(write timeoutSeconds, in seconds)"),
        ({"type": "parallel", "steps": []}, "/steps", "(write branches: [{id, steps}])"),
        ({"type": "map", "ItemsPath": "$.x"}, "/ItemsPath", "(write items: ${ input.items })"),
        ({"type": "wait", "minutes": 5}, "/minutes", "(write seconds: a number of seconds)"),
        ({"type": "fail", "message": "no"}, "/message", "(write cause: why, for people)"),
        ({"type": "choice", "choices": [{"Variable": "$.x"}]}, "/choices/0/Variable", "(write when"),
        ({"type": "succeed", "retry": [{"ErrorEquals": []}]}, "/retry/0/ErrorEquals", "(write errors: a list of names"),
        ({"type": "http", "url": "https://a.example", "waitForTaskToken": True}, "/waitForTaskToken", "write callback"),
        ({"type": "email"}, "/type", "there is no step type 'email' (write http or aws)"),
        ({"type": "foreach"}, "/type", "there is no step type 'foreach' (write map)"),
        ({"type": "arn:aws:states:::sqs:sendMessage"}, "/type", "(write lambda for a function, aws for an action"),
        ({"type": "Task"}, "/type", "(write lambda, http or aws: a task is the work of a person)"),
        ({"type": "Wait"}, "/type", "(did you mean 'wait'?)"),
        ({}, "", "a step needs 'type': one of echo, transform, wait, choice"),
        ({"Type": "echo"}, "", "a step needs 'type': it is written in small letters, not as 'Type'"),
        ({"type": "wait", "seconds": "5m"}, "/seconds", ": write 300, the number of seconds"),
        ({"type": "wait", "seconds": "soon"}, "/seconds", '"soon" is a text, not a number'),
        ({"type": "echo", "timeoutSeconds": "PT2H"}, "/timeoutSeconds", ": write 7200, the number of seconds"),
        ({"type": "echo", "message": 1, "next": "END"}, "/next", "there is no step 'END': write end: true to end here"),
        (
            {"type": "http", "url": "https://a.example", "expect": {"status": "${input.a}"}},
            "/expect",
            "no 'status' here",
        ),
        ({"type": "echo", "message": 1, "stash": {"a-b": "${output}"}}, "/stash", "a name of the stash begins"),
        (
            {"type": "echo", "message": 1, "when": "${input.a == 1}"},
            "/when",
            "without ${ }: in input.a == 1, 1 cannot be",
        ),
        ({"type": "map", "items": "input.rows", "steps": [ECHO]}, "/items", "write ${ input.rows } for what"),
    ],
)
def test_what_a_step_says(step: dict[str, Any], place: str, said: str) -> None:
    assert said in problems({"steps": [{"id": "a", **step}]})[f"/steps/0{place}"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", "300"),
        ("1.5 hours", "5400"),
        ("30s", "30"),
        ("250ms", "0.25"),
        ("2 Days", "172800"),
        ("PT1H30M", "5400"),
        ("P1D", "86400"),
        ("P", None),
        ("soon", None),
        ("P1M", None),
    ],
)
def test_lengths_of_time_are_read(text: str, seconds: str | None) -> None:
    assert seconds_of(text) == seconds


def test_no_word_of_another_system_is_one_of_the_language() -> None:
    for step_type in STEP_TYPES.values():
        schema: Any = step_type.schema
        of_type = other_words._OF_KINDS.get(f"a step of type {step_type.name}", {})  # noqa: SLF001 - the table itself
        assert of_type.keys().isdisjoint(name.lower() for name in schema["properties"])
    assert {*map(str.lower, STEP_TYPES)}.isdisjoint(other_words._TYPES)  # noqa: SLF001 - the same


def test_steps_by_their_names_are_answered_with_a_list() -> None:
    found = problems({"steps": {"reserve": {"type": "lambda"}}})
    assert found["/steps"] == (
        'it is an object, not a list: write it as [{"id": "say", "type": "echo", "message": "hello"}]'
    )
