"""Warnings beside problems: one thing that is refused hides nothing that is odd about the rest."""

from typing import Any

import pytest

from chalicelib.core.definitions.validation import Validation, validate
from chalicelib.core.values.json import Json, Problem
from chalicelib.steps import STEP_TYPES

ODD: dict[str, Any] = {"id": "odd", "type": "echo", "message": "${inptu.a}"}
SAID = "there is nothing called 'inptu' (did you mean 'input'?)"


def found(document: Json, included: Json = None, wrong: str | None = None) -> Validation:
    def find(_id: str, _version: int | None) -> Any:
        return included and (1, included)

    return validate(document, STEP_TYPES, find, lambda _: [] if wrong is None else [Problem(wrong, "no")])


STEPS: dict[str, list[Any]] = {
    "an unknown key": [{"id": "a", "type": "echo", "message": 1, "mesage": 2}],
    "an unknown key of a member": [{"id": "a", "type": "http", "url": "https://a.example", "expect": {"status": 2}}],
    "a missing key": [{"id": "a", "type": "echo"}],
    "no id": [{"type": "echo", "message": 1}],
    "neither of two": [{"id": "a", "type": "wait"}],
    "both of two": [{"id": "a", "type": "wait", "seconds": 1, "until": "${input.a}"}],
    "a wrong value": [{"id": "a", "type": "wait", "seconds": "5m"}],
    "a wrong value in a list": [{"id": "a", "type": "task", "title": "a", "groups": [1]}],
    "a wrong schema": [{"id": "a", "type": "task", "title": "a", "inputSchema": {"type": "int"}}],
    "an unknown type": [{"id": "a", "type": "foreach", "items": [], "stash": "b"}],
    "no type": [{"id": "a"}],
    "a wrong id": [{"id": "A", "type": "succeed", "when": "input.a"}],
    "a taken id": [{"id": "odd", "type": "echo", "message": 1}],
    "a way to nowhere": [{"id": "a", "type": "echo", "message": 1, "next": "b"}],
    "a step that no way leads to": [{"id": "a", "type": "echo", "message": 1, "next": "odd"}, {**ODD, "id": "b"}],
    "a wrong condition": [{"id": "a", "type": "echo", "message": 1, "when": "input.a = 1"}],
    "a condition that is none": [{"id": "a", "type": "echo", "message": 1, "when": True}],
    "a wrong choice": [{"id": "a", "type": "choice", "choices": [{"if": "input.a", "next": "odd"}]}],
    "a wrong condition of a choice": [{"id": "a", "type": "choice", "choices": [{"when": "a = b", "next": "odd"}]}],
    "a wrong retry": [{"id": "a", "type": "echo", "message": 1, "retry": 3}],
    "a wrong catch": [{"id": "a", "type": "fail", "catch": [{"errors": "*", "next": "odd"}]}],
    "a wrong error": [{"id": "a", "type": "succeed", "retry": [{"errors": ["**"]}]}],
    "a wrong time": [{"id": "a", "type": "echo", "message": 1, "timeoutSeconds": "PT1H"}],
    "a template of a time": [{"id": "a", "type": "echo", "message": 1, "timeoutSeconds": "${a + 1}"}],
    "a wrong name of the stash": [{"id": "a", "type": "echo", "message": 1, "stash": "a-b"}],
    "a wrong template of the stash": [{"id": "a", "type": "echo", "message": 1, "stash": {"b": "${a + 1}"}}],
    "wrong branches": [{"id": "a", "type": "parallel", "branches": {}}],
    "a branch without an id": [{"id": "a", "type": "parallel", "branches": [{"steps": [{"id": "x", "type": "echo"}]}]}],
    "no branches": [{"id": "a", "type": "parallel"}],
    "no step": ["a"],
    "an include that is not there": [{"include": "nothing"}],
    "a secret in the wrong place": [{"id": "a", "type": "echo", "message": "${secret('a')}"}],
    "a token without a callback": [{"id": "a", "type": "http", "url": "https://a.example/${step.token}"}],
}


@pytest.mark.parametrize("case", STEPS)
def test_a_problem_of_a_step_hides_no_warning_of_another(case: str) -> None:
    said = found({"id": "d", "steps": [*STEPS[case], ODD]})
    assert said.problems
    assert (f"/steps/{len(STEPS[case])}/message", SAID) in [(each.pointer, each.message) for each in said.warnings]
    untrue = ("can never run", "stashes")
    assert not [each.message for each in said.warnings if any(words in each.message for words in untrue)]


def test_a_problem_in_a_nested_step_hides_none_beside_it() -> None:
    inner = [{"id": "x", "type": "echo"}, ODD]
    nested = {"id": "p", "type": "parallel", "branches": [{"id": "b", "steps": inner}]}
    said = found({"id": "d", "steps": [{"id": "m", "type": "map", "items": [1], "steps": [nested]}]})
    assert [each.pointer for each in said.warnings] == ["/steps/0/steps/0/branches/0/steps/1/message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": None},
        {"inputSchema": {"type": "int"}},
        {"timeoutSeconds": "1h"},
        {"retry": 3},
        {"stash": {"a": "${a + 1}"}},
        {"stash": []},
        {"search": {"a-b": "${input.a}"}},
        {"search": {"a": "${output.a}"}},
        {"access": {"start": 1}},
        {"name": "x"},
        {"budget": {"dollars": -1}},
    ],
)
def test_a_problem_of_the_definition_itself_hides_none_of_its_steps(wrong: dict[str, Any]) -> None:
    said = found({"id": "d", "steps": [ODD], **wrong})
    assert said.problems
    assert [each.message for each in said.warnings] == [SAID]


def test_what_is_stashed_by_a_step_that_is_replaced_is_not_said_to_be_missing() -> None:
    steps: Json = [
        {"id": "a", "type": "fetch", "catch": [{"errors": "*", "next": "b", "stash": "why"}]},
        {"id": "b", "type": "echo", "message": "${stash.why} ${stash.other}"},
    ]
    assert list(found({"id": "d", "steps": steps}).warnings) == []
    said = found({"id": "d", "steps": [{"id": "a", "type": "echo", "message": ["${a + 1}", "${stash.other}"]}]})
    assert ["stashes 'other'" in each.message for each in said.warnings] == [True]


def test_warnings_are_beside_what_is_wrong_with_includes_and_calls() -> None:
    other: Json = {"id": "o", "steps": [{"id": "x", "type": "echo", "message": 1}]}
    said = found({"id": "d", "steps": [{"include": "o", "x": 1}, ODD]}, included=other)
    assert [each.message for each in said.warnings] == [SAID]
    assert [each.message for each in found({"id": "d", "steps": [ODD]}, wrong="/steps/0").warnings] == [SAID]


@pytest.mark.parametrize("document", [5, {}, {"id": "d", "steps": 5}, {"id": "d", "steps": {"a": 1}}])
def test_of_what_is_hardly_a_definition_nothing_is_told_but_that(document: Json) -> None:
    said = found(document)
    assert said.problems
    assert list(said.warnings) == []


def test_what_has_too_many_steps_is_not_looked_at_again() -> None:
    steps: Json = [{**ODD, "id": f"s{number}"} for number in range(1_001)]
    assert list(found({"id": "d", "steps": steps}).warnings) == []


@pytest.mark.parametrize(("wrong", "warnings"), [(999, [SAID]), (1_000, [])])
def test_beside_as_many_problems_as_are_told_nothing_is_warned_of(wrong: int, warnings: list[str]) -> None:
    mistaken: Json = {"id": "a", "type": "echo", "message": 1, **{f"k{number}": 1 for number in range(wrong)}}
    said = found({"id": "d", "steps": [mistaken, ODD]})
    assert (len(said.problems), [each.message for each in said.warnings]) == (wrong, warnings)
