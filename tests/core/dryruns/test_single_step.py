from chalicelib.core.definitions.model import AnswerKind, Goto, StepContext, WaitForAnswer
from chalicelib.core.dryruns.single_step import Given, begun, is_beyond, single_step
from chalicelib.core.executions.model import ROOT, Failure
from tests.core.examples import NOW, blank, define

ORDER = define("""
outputSchema: {type: string}
steps:
  - id: route
    type: choice
    choices: [{when: input.fast, next: fly}]
    default: walk
    timeoutSeconds: 60
    catch: [{errors: ['*'], next: sorry}]
  - {id: fly, type: echo, message: fly}
  - id: walk
    type: map
    items: ${output}
    steps: [{id: go, type: echo, message: "${item}"}, {id: rest, type: echo, message: rest}]
  - {id: sorry, type: echo, message: sorry}
""")


def test_all_ways_out_of_the_step_end_where_they_lead_and_everything_else_stays() -> None:
    cut = single_step(ORDER, "route")
    route = cut.steps["route"]
    assert [choice.next for choice in route.choices] == ["fly#"]
    assert (route.default, [catch.next for catch in route.catch]) == ("walk#", ["sorry#"])
    assert cut.steps.keys() - ORDER.steps.keys() == {"fly#", "walk#", "sorry#"}
    assert cut.steps["walk/go"] == ORDER.steps["walk/go"]
    assert cut.output_schema is not None


def test_what_a_nested_step_comes_to_is_no_output() -> None:
    cut = single_step(ORDER, "walk/go")
    assert cut.steps["walk/go"].next == "walk/rest#"
    assert cut.output_schema is None
    assert single_step(ORDER, "sorry").steps["sorry"].next is None


def test_the_end_waits_for_ever_but_in_an_execution_that_the_step_has_started_it_leads_on() -> None:
    end = single_step(ORDER, "walk").steps["sorry#"]
    context = StepContext(None, NOW)
    assert end.type.run({"parent": None, "step": "sorry"}, context) == WaitForAnswer(AnswerKind.CALLBACK)
    assert end.type.run({"parent": "t:d:1", "step": "sorry"}, context) == Goto("sorry")
    assert end.params.source == {"parent": "${execution.parentId}", "step": "sorry"}


def test_the_first_thread_stands_at_the_step_with_what_is_given() -> None:
    error = Failure("E", "no", "fly")
    given = Given("came", {"a": 1}, "tea", 3, error)
    execution = begun(ORDER, "route", blank("input"), given)
    root = execution.threads[ROOT]
    assert (root.step, root.incoming, root.stash, root.item, root.index, root.error) == (
        *("route", "came", {"a": 1}, "tea", 3),
        error,
    )
    assert root.deadline is not None
    assert (root.deadline - NOW).total_seconds() == 60
    assert (execution.step, execution.input) == ("route", "input")
    assert not is_beyond(root)


def test_a_step_without_a_time_has_none() -> None:
    root = begun(single_step(ORDER, "walk/rest"), "walk/rest", blank(), Given()).threads[ROOT]
    assert (root.deadline, root.index) == (None, None)
