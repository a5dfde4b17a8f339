from datetime import timedelta

import pytest

from chalicelib.core.definitions.model import WaitForAnswer
from chalicelib.core.executions.model import Failure, Parent, Partition, State
from chalicelib.core.executions.scope import (
    execution_values,
    holds,
    is_partition_root,
    items_of,
    outcome,
    scope,
    visible_error,
    visible_stash,
)
from chalicelib.core.values.errors import InvalidParametersError, TemplateError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run

LATER = NOW + timedelta(hours=1)
NESTED = """
    stash: {top: 1, both: 1}
    steps:
      - {id: a, type: call, catch: [{errors: ['*'], next: rows}]}
      - id: rows
        type: map
        items: '${input}'
        steps:
          - {id: keep, type: echo, message: 2, stash: {row: 2, both: 2}}
          - id: both
            type: parallel
            branches: [{id: x, steps: [{id: ask, type: call}]}]
    """
INNER = "main.2.0.2.x"


def nested() -> Run:
    run = Run(NESTED, ["item"]).go().broke("First")
    assert run.standing[INNER] == "ready rows/both/x/ask"
    return run


class TestWhatATemplateSees:
    def test_at_the_top(self) -> None:
        run = Run("steps: [{id: a, type: call}]", {"n": 1}).go()
        seen = scope(run.execution, run.thread(), "out", LATER, "output")
        assert seen.values == {
            "input": {"n": 1},
            "output": "out",
            "stash": {},
            "execution": {
                "id": "t:d:1",
                "name": "1",
                "tenantId": "t",
                "definitionId": "d",
                "version": 1,
                "startedAt": "2026-01-01T00:00:00.000Z",
                "startedBy": "ada",
                "parentId": None,
            },
            "step": {"id": "a", "attempt": 1, "startedAt": "2026-01-01T00:00:00.000Z"},
        }
        assert (seen.now, seen.seed) == (LATER, "t:d:1/main/0/output")

    def test_in_a_branch_inside_an_item(self) -> None:
        run = nested()
        values = scope(run.execution, run.thread(INNER), None, NOW, "").values
        assert values["stash"] == {"top": 1, "row": 2, "both": 2}
        assert values["error"] == {"name": "First", "message": "no", "step": "a", "attempt": 1, "details": None}
        assert (values["item"], values["index"]) == ("item", 0)
        assert values["step"] == {"id": "ask", "attempt": 1, "startedAt": "2026-01-01T00:00:00.000Z"}

    def test_a_null_item_is_one(self) -> None:
        run = Run("steps: [{id: m, type: map, items: [null], steps: [{id: a, type: call}]}]").go()
        values = scope(run.execution, run.thread("main.1.0"), None, NOW, "").values
        assert (values["item"], values["index"]) == (None, 0)

    def test_what_a_thread_itself_has_caught_hides_what_those_above_it_have(self) -> None:
        run = nested()
        assert visible_error(run.execution, run.thread(INNER)) == Failure("First", "no", "a")
        own = copy_with(run.thread(INNER), error=Failure("Second", "no", "b"))
        assert visible_error(run.execution, own) == Failure("Second", "no", "b")

    def test_what_is_stashed_above_does_not_see_what_is_stashed_below(self) -> None:
        run = nested()
        assert visible_stash(run.execution, run.thread()) == {"top": 1, "both": 1}

    def test_the_execution_that_started_this_one(self) -> None:
        execution = copy_with(Run(NESTED).execution, parent=Parent("t:p:1", "main", 1))
        assert execution_values(execution)["parentId"] == "t:p:1"

    def test_a_part_shows_the_execution_that_its_map_is_in(self) -> None:
        execution = copy_with(Run(NESTED).execution, partition=Partition(0, 1, 0, {"id": "t:d:whole"}))
        assert execution_values(execution) == {"id": "t:d:whole"}


class TestPartRoot:
    def test_it_is_the_first_thread_of_a_part(self) -> None:
        run = nested()
        part = copy_with(run.execution, partition=Partition(0, 1, 0, {}))
        roots = {name for name, thread in run.execution.threads.items() if is_partition_root(part, thread)}
        assert roots == {"main"}
        assert not is_partition_root(run.execution, run.thread())

    def test_when_is_not_asked_of_it_again(self) -> None:
        run = Run("steps: [{id: m, type: map, items: [1], when: input, steps: [{id: a, type: call}]}]", {})
        part = copy_with(run.execution, partition=Partition(0, 1, 0, {}))
        assert holds(run.definition, part, run.thread())
        assert not holds(run.definition, run.execution, run.thread())


class TestHolds:
    @pytest.mark.parametrize(("value", "does"), [(True, True), (0, True), ("", False), (None, False), ([], False)])
    def test_as_jmespath_counts_truth(self, value: Json, does: bool) -> None:  # noqa: FBT001 - an example
        run = Run("steps: [{id: a, type: fail, when: input}, {id: b, type: succeed}]", value)
        assert holds(run.definition, run.execution, run.thread()) is does

    def test_a_step_that_is_not_there_is_not_skipped(self) -> None:
        run = Run("steps: [{id: a, type: succeed}]")
        assert holds(run.definition, run.execution, copy_with(run.thread(), step="gone"))

    def test_now_is_when_the_attempt_began(self) -> None:
        text = "steps: [{id: a, type: call, when: 'now() == `\"2026-01-01T00:00:00.000Z\"`'}]"
        run = Run(text)
        assert holds(run.definition, run.execution, run.thread())
        late = copy_with(run.thread(), started_at=LATER)
        assert not holds(run.definition, run.execution, late)


class TestOutcome:
    def test_parameters_that_do_not_fit_tell_what_was_rendered(self) -> None:
        run = Run("steps: [{id: a, type: wait, seconds: '${input}'}]", -1)
        with pytest.raises(InvalidParametersError, match="at /seconds") as caught:
            outcome(run.definition, run.execution, run.thread())
        assert caught.value.details == {"seconds": -1}

    def test_and_nowhere_where_the_whole_does_not(self) -> None:
        run = Run("steps: [{id: a, type: wait, seconds: '${input}'}]")
        run.definition = copy_with(
            run.definition,
            steps={"a": copy_with(run.definition.steps["a"], params=Run(NESTED).definition.steps["a"].params)},
        )
        with pytest.raises(InvalidParametersError) as caught:
            outcome(run.definition, run.execution, run.thread())
        assert " at " not in str(caught.value)

    @pytest.mark.parametrize(
        ("step", "name"),
        [
            ("{id: a, type: event, name: paid, schema: '${input}'}", "schema"),
            ("{id: a, type: event, name: paid, schema: {type: '${input.type}'}}", "schema"),
            ("{id: a, type: task, title: Approve, inputSchema: '${input}'}", "inputSchema"),
        ],
    )
    def test_a_schema_that_a_template_made_must_be_one(self, step: str, name: str) -> None:
        run = Run(f"steps: [{step}]", {"type": "thing"})
        with pytest.raises(InvalidParametersError, match=f"^{name} is no JSON Schema"):
            outcome(run.definition, run.execution, run.thread())
        run = Run(f"steps: [{step}]", {"type": "array"})
        found = outcome(run.definition, run.execution, run.thread())
        assert isinstance(found, WaitForAnswer)
        assert found.params[name] == {"type": "array"}

    @pytest.mark.parametrize(("type_", "name"), [("event, name: paid", "schema"), ("task, title: t", "inputSchema")])
    def test_a_schema_that_is_null_is_left_out(self, type_: str, name: str) -> None:
        run = Run(f"steps: [{{id: a, type: {type_}, {name}: '${{input}}'}}]", None)
        found = outcome(run.definition, run.execution, run.thread())
        assert isinstance(found, WaitForAnswer)
        assert name not in found.params

    @pytest.mark.parametrize("key", ["seconds", "timeoutSeconds"])
    def test_what_reads_a_number_from_a_text_is_said(self, key: str) -> None:
        others = "" if key == "seconds" else "seconds: 1, "
        run = Run(f"steps: [{{id: a, type: wait, {others}{key}: '${{input}}'}}]", "30")
        with pytest.raises(InvalidParametersError) as caught:
            outcome(run.definition, run.execution, run.thread())
        assert str(caught.value) == (
            f'"30" is a text, not a number: write 30, without quotes, as to_number() yields it at /{key}'
        )

    def test_a_choice_behind_one_that_holds_is_not_looked_at(self) -> None:
        choices = "[{when: '`true`', next: b}, {when: 'add(input, `1`) == `1`', next: b}]"
        run = Run(f"steps: [{{id: a, type: choice, choices: {choices}}}, {{id: b, type: succeed}}]", "text")
        assert outcome(run.definition, run.execution, run.thread())

    def test_a_choice_before_the_first_that_holds_is_evaluated(self) -> None:
        choices = "[{when: 'add(input, `1`) == `1`', next: b}, {when: '`true`', next: b}]"
        run = Run(f"steps: [{{id: a, type: choice, choices: {choices}}}, {{id: b, type: succeed}}]", "text")
        with pytest.raises(TemplateError):
            outcome(run.definition, run.execution, run.thread())

    def test_what_a_step_forked_for_is_the_same_at_every_later_turn(self) -> None:
        items = "items: '${map(&uuid(), range(`101`))}'"
        run = Run(f"steps: [{{id: m, type: map, {items}, steps: [{{id: a, type: transform}}]}}]")
        before = items_of(run.definition, run.execution, run.thread())
        run.go()
        assert run.thread().turn == 1
        assert items_of(run.definition, run.execution, run.thread()) == before
        run.child(State.SUCCEEDED, 0).child(State.SUCCEEDED, 1)
        assert run.thread().turn == 2
        assert items_of(run.definition, run.execution, run.thread()) == before
        assert len(before) == 101

    def test_of_what_is_no_map_there_are_no_items(self) -> None:
        run = Run("steps: [{id: a, type: transform}]")
        assert items_of(run.definition, run.execution, run.thread()) == ()
