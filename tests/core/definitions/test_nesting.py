from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from chalicelib.core.definitions.grammar import MAX_LISTS, MAX_STEPS
from chalicelib.core.definitions.model import Definition
from chalicelib.core.definitions.parser import parse
from chalicelib.core.expressions.template import Scope, Template, render
from chalicelib.core.limits import beyond
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES

STEP = '{"id": "say", "type": "echo", "message": "hello"}'
BRANCH = f'{{"id": "left", "steps": [{STEP}]}}'
CHOICE = '{"when": "input.total > `100`", "next": "ask"}'

MANY = beyond("definition_steps", "a definition has at most 1,000 steps, those of nested lists included")


def echo(name: str, **more: Json) -> dict[str, Json]:
    return {"id": name, "type": "echo", "message": name, **more}


def parallel(name: str, branches: Mapping[str, list[Json]], **more: Json) -> dict[str, Json]:
    listed: list[Json] = [{"id": branch, "steps": steps} for branch, steps in branches.items()]
    return {"id": name, "type": "parallel", "branches": listed, **more}


def each(name: str, *steps: Json, **more: Json) -> dict[str, Json]:
    return {"id": name, "type": "map", "items": "${input}", "steps": list(steps), **more}


def choice(name: str, *targets: str, **more: Json) -> dict[str, Json]:
    choices: list[Json] = [{"when": f"input == '{target}'", "next": target} for target in targets]
    return {"id": name, "type": "choice", "choices": choices, **more}


def with_steps(*steps: Json) -> dict[str, Json]:
    return {"id": "x", "steps": list(steps)}


def read(*steps: Json) -> Definition:
    return parse(with_steps(*steps), STEP_TYPES)


def problems(*steps: Json) -> list[tuple[str, str]]:
    with pytest.raises(InvalidDefinitionError) as raised:
        read(*steps)
    return [(problem.pointer, problem.message) for problem in raised.value.problems]


def rendered(template: Template | None, **values: Json) -> Json:
    assert template is not None
    return render(template, Scope(values, datetime(2026, 1, 1, tzinfo=UTC), "seed"))


class TestLists:
    def test_nested_steps_stand_beside_the_others_under_their_paths(self) -> None:
        definition = read(
            parallel("fan-out", {"left": [echo("charge"), echo("note")], "right": [each("lines", echo("charge"))]}),
            each("each-line", echo("charge"), parallel("more", {"a": [echo("charge")]})),
        )
        assert definition.first == "fan-out"
        assert {path: step.next for path, step in definition.steps.items()} == {
            "fan-out": "each-line",
            "fan-out/left/charge": "fan-out/left/note",
            "fan-out/left/note": None,
            "fan-out/right/lines": None,
            "fan-out/right/lines/charge": None,
            "each-line": None,
            "each-line/charge": "each-line/more",
            "each-line/more": None,
            "each-line/more/a/charge": None,
        }
        assert {path: step.scopes for path, step in definition.steps.items() if step.scopes} == {
            "fan-out": {"left": "fan-out/left/charge", "right": "fan-out/right/lines"},
            "fan-out/right/lines": {"steps": "fan-out/right/lines/charge"},
            "each-line": {"steps": "each-line/charge"},
            "each-line/more": {"a": "each-line/more/a/charge"},
        }
        assert {step.path for step in definition.steps.values()} == set(definition.steps)

    def test_branches_keep_their_order(self) -> None:
        branches: dict[str, list[Json]] = {name: [echo("a")] for name in ("z", "a", "m", "b")}
        assert list(read(parallel("p", branches)).steps["p"].scopes) == ["z", "a", "m", "b"]

    def test_every_target_is_one_of_the_same_list_and_becomes_a_whole_path(self) -> None:
        definition = read(
            each(
                "m",
                choice("which", "c", default="b"),
                echo("b", next="d", catch=[{"errors": ["*"], "next": "c"}]),
                echo("c", end=True),
                echo("d"),
            )
        )
        which, b = definition.steps["m/which"], definition.steps["m/b"]
        assert [each.next for each in which.choices] == ["m/c"]
        assert (which.default, which.next) == ("m/b", None)
        assert (b.next, b.catch[0].next, definition.steps["m/c"].next) == ("m/d", "m/c", None)

    def test_what_says_how_steps_hang_together_is_no_parameter(self) -> None:
        step = read(each("m", echo("a"), maxConcurrency="${input.n}")).steps["m"]
        params = rendered(step.params, input={"n": 2})
        assert params == {"items": {"n": 2}, "maxConcurrency": 2}
        assert step.schema is not None
        assert [problem.message for problem in step.schema.problems(params)] == [
            "it is an object, not a list: put it into a list, as [{ … }]"
        ]
        assert step.schema.problems({"items": []}) == []
        fork = read(parallel("p", {"a": [echo("a")]})).steps["p"]
        assert (rendered(fork.params), fork.schema) == ({}, None)

    def test_nested_lists_have_every_check_of_the_top_list(self) -> None:
        found = problems(
            parallel(
                "p",
                {
                    "ids": [echo("a"), echo("a")],
                    "nowhere": [echo("first", next="scond"), echo("second")],
                    "unreached": [echo("a", end=True), echo("b")],
                    "endless": [echo("a", next="a")],
                    "broken": [{"id": "a", "type": "ecko", "message": 1}, "b", {"id": "c", "type": "echo"}],
                    "wrong": [echo("a", output="${", nxt="b", when="(")],
                },
            )
        )
        inside = [(place.removeprefix("/steps/0/branches/"), message) for place, message in found]
        assert [place for place, _ in inside] == [
            "4/steps/0/type",
            "4/steps/1",
            "4/steps/2",
            "5/steps/0/nxt",
            "5/steps/0/output",
            "5/steps/0/when",
            "0/steps/1/id",
            "1/steps/0/next",
            "2/steps/1",
            "3/steps/0",
        ]
        assert dict(inside) | {
            "1/steps/0/next": "there is no step 'scond' (did you mean 'second'?)",
            "2/steps/1": "step 'b' cannot be reached from the first step",
            "3/steps/0": "from step 'a' every way leads back to it, none to an end",
        } == dict(inside)

    @pytest.mark.parametrize(
        ("steps", "place"),
        [
            ([each("m", echo("a", next="b")), echo("b")], "/steps/0/steps/0/next"),
            ([each("m", echo("a")), echo("b", next="a")], "/steps/1/next"),
            (
                [parallel("p", {"x": [echo("a")], "y": [echo("b", catch=[{"errors": ["*"], "next": "a"}])]})],
                "/steps/0/branches/1/steps/0/catch/0/next",
            ),
        ],
    )
    def test_a_step_does_not_lead_into_another_list(self, steps: list[Json], place: str) -> None:
        ((found, message),) = problems(*steps)
        assert found == place
        assert message.endswith("is in another list: a step leads to steps of its own list only")

    def test_the_same_ids_may_stand_in_other_lists(self) -> None:
        assert read(parallel("a", {"a": [echo("a")], "b": [echo("a")]}), each("b", echo("a"), echo("b")))


class TestForms:
    @pytest.mark.parametrize(
        ("branches", "place", "message"),
        [
            ({}, "", f"it is an object, not a list: write it as [{BRANCH}]"),
            ("${input}", "", "no template is read here: write the value itself"),
            ([], "", "it needs 1 item at least, and has 0"),
            ([5], "/0", f"a branch is an object, as {BRANCH}"),
            ([{"steps": [echo("a")]}], "/0", "a branch needs 'id'"),
            ([{"id": "b"}], "/0", "a branch needs 'steps'"),
            (
                [{"id": "B", "steps": [echo("a")]}],
                "/0/id",
                '"B": an id has lower-case letters, digits and - alone, and 64 of them at most',
            ),
            ([{"id": "b", "steps": []}], "/0/steps", "it needs 1 item at least, and has 0"),
            (
                [{"id": "b", "steps": {"a": 1}}],
                "/0/steps",
                'it is an object, not a list: write it as [{"id": "say", "type": "echo", "message": "hello"}]',
            ),
            ([{"id": "b", "steps": [5]}], "/0/steps/0", f"a step is an object, as {STEP}"),
            (
                [{"id": "b", "step": 1, "steps": [echo("a")]}],
                "/0/step",
                "a branch has no 'step' (did you mean 'steps'?); it takes id, steps",
            ),
            (
                [{"id": "b", "steps": [echo("a")]}, {"id": "b", "steps": [echo("a")]}],
                "/1/id",
                "a branch before this one has the id 'b' already",
            ),
        ],
    )
    def test_branches_that_do_not_fit_are_told(self, branches: Json, place: str, message: str) -> None:
        assert problems({"id": "p", "type": "parallel", "branches": branches}) == [
            (f"/steps/0/branches{place}", message)
        ]

    def test_there_are_a_hundred_branches_at_most(self) -> None:
        branches: dict[str, list[Json]] = {f"b{number}": [echo("a")] for number in range(101)}
        assert [place for place, _ in problems(parallel("p", branches))] == ["/steps/0/branches"]
        del branches["b0"]
        assert len(read(parallel("p", branches)).steps["p"].scopes) == 100

    def test_what_is_missing_is_named(self) -> None:
        assert problems({"id": "p", "type": "parallel"}) == [("/steps/0", "a step of type parallel needs 'branches'")]
        assert problems({"id": "m", "type": "map"}) == [
            ("/steps/0", "a step of type map needs 'items'"),
            ("/steps/0", "a step of type map needs 'steps'"),
        ]

    def test_steps_inside_of_a_step_of_an_unknown_type_are_looked_at_too(self) -> None:
        assert problems({"id": "p", "type": "paralel", "branches": [{"id": "b", "steps": [echo("a", end=5)]}]}) == [
            (
                "/steps/0/type",
                "there is no step type 'paralel' (did you mean 'parallel'?); there are " + ", ".join(STEP_TYPES),
            ),
            ("/steps/0/branches/0/steps/0/end", "5 cannot stand here, only true can"),
        ]

    def test_a_step_that_takes_no_steps_has_none(self) -> None:
        ((place, message),) = problems(echo("a", steps=[5]))
        assert (place, message.startswith("a step of type echo has no 'steps'")) == ("/steps/0/steps", True)


class TestChoice:
    @pytest.mark.parametrize(
        ("choices", "place", "message"),
        [
            ([], "", "it needs 1 item at least, and has 0"),
            ("a", "", f'"a" is a text, not a list: write it as [{CHOICE}]'),
            (["a"], "/0", f"an entry of choices is an object, as {CHOICE}"),
            ([{"next": "a"}], "/0", "an entry of choices needs 'when'"),
            ([{"when": "input"}], "/0", "an entry of choices needs 'next'"),
            (
                [{"when": True, "next": "a"}],
                "/0/when",
                "true is a boolean, not a text: write '`true`', in quotes and backticks",
            ),
            (
                [{"when": "input.", "next": "a"}],
                "/0/when",
                "the expression is incomplete: something is missing behind its last sign at column 7",
            ),
            ([{"when": "input", "next": "b"}], "/0/next", "there is no step 'b'"),
            (
                [{"when": "input", "next": "${input.next}"}],
                "/0/next",
                "no template is read here: write the id of a step; a choice leads to one of several",
            ),
            ([{"when": "input", "next": None}], "/0/next", "it is null, not a text"),
            (
                [{"if": "input", "when": "input", "next": "a"}],
                "/0/if",
                "an entry of choices has no 'if' (write when: a condition without ${ }); it takes when, next",
            ),
        ],
    )
    def test_choices_that_do_not_fit_are_told(self, choices: Json, place: str, message: str) -> None:
        step: Json = {"id": "which", "type": "choice", "choices": choices, "default": "a"}
        assert problems(step, echo("a")) == [(f"/steps/0/choices{place}", message)]

    @pytest.mark.parametrize(
        ("default", "message"), [("b", "there is no step 'b'"), (5, '5 is a number, not a text: write "5"')]
    )
    def test_a_default_that_does_not_fit_is_told(self, default: Json, message: str) -> None:
        assert problems(choice("which", "a", default=default), echo("a")) == [("/steps/0/default", message)]

    @pytest.mark.parametrize(("key", "value"), [("next", "a"), ("next", "nowhere"), ("end", True), ("end", 5)])
    def test_it_takes_neither_next_nor_end(self, key: str, value: Json) -> None:
        reason = f"a step of type choice has no '{key}': its choices and its default say where it leads"
        assert problems(choice("which", "a", **{key: value}), echo("a")) == [(f"/steps/0/{key}", reason)]

    def test_its_conditions_are_compiled(self) -> None:
        (only,) = read(choice("which", "a"), echo("a")).steps["which"].choices
        assert (rendered(only.when, input="a"), rendered(only.when, input="b")) == (True, False)

    def test_it_does_not_fall_through(self) -> None:
        assert problems(choice("which", "b"), echo("a"), echo("b")) == [
            ("/steps/1", "step 'a' cannot be reached from the first step")
        ]
        assert read(choice("which", "b", default="a"), echo("a"), echo("b"))

    def test_a_choice_that_is_skipped_goes_on_at_the_step_behind_it(self) -> None:
        definition = read(choice("which", "b", when="input"), echo("a"), echo("b"))
        assert definition.steps["which"].next == "a"
        assert read(echo("a"), choice("which", "a", when="input")).steps["which"].next is None

    def test_a_loop_of_choices_without_a_way_out_is_told(self) -> None:
        assert problems(choice("a", "b", default="a"), choice("b", "a")) == [
            ("/steps/0", "from step 'a' every way leads back to it, none to an end")
        ]


class TestEnds:
    @pytest.mark.parametrize("kind", ["succeed", "fail"])
    @pytest.mark.parametrize(("key", "value"), [("next", "b"), ("end", True)])
    def test_a_step_that_ends_takes_neither_next_nor_end(self, kind: str, key: str, value: Json) -> None:
        step: Json = {"id": "a", "type": kind, key: value, "when": "input"}
        reason = f"a step of type {kind} has no '{key}': it ends its list of steps"
        assert problems(step, echo("b")) == [(f"/steps/0/{key}", reason)]

    @pytest.mark.parametrize("kind", ["succeed", "fail"])
    def test_it_is_a_way_out_that_leads_nowhere_else(self, kind: str) -> None:
        assert problems({"id": "a", "type": kind}, echo("b")) == [
            ("/steps/1", "step 'b' cannot be reached from the first step")
        ]
        definition = read(choice("which", "done", default="a"), echo("a", next="which"), {"id": "done", "type": kind})
        assert definition.steps["done"].next is None

    @pytest.mark.parametrize("kind", ["succeed", "fail"])
    def test_one_that_is_skipped_goes_on_at_the_step_behind_it(self, kind: str) -> None:
        definition = read({"id": "a", "type": kind, "when": "input"}, echo("b"))
        assert definition.steps["a"].next == "b"


class TestLimits:
    def test_nested_steps_count(self) -> None:
        steps = [each("m", *(echo(f"s{number}") for number in range(MAX_STEPS - 2))), echo("last")]
        assert len(read(*steps).steps) == MAX_STEPS
        assert problems(*steps, echo("one-more")) == [
            (
                "/steps",
                MANY,
            )
        ]

    @pytest.mark.parametrize("wrap", [lambda inner: each("n", inner), lambda inner: parallel("n", {"n": [inner]})])
    def test_lists_nest_up_to_a_depth(self, wrap: "type") -> None:
        step: dict[str, Json] = echo("a")
        for _ in range(MAX_LISTS - 1):
            step = wrap(step)
        assert len(read(step).steps) == MAX_LISTS
        ((place, message),) = problems(wrap(step))
        assert place.count("/steps/") == MAX_LISTS
        assert message == beyond("definition_lists", "lists of steps nest at most 16 deep")

    def test_lists_however_deep_are_answered(self) -> None:
        step: dict[str, Json] = echo("a")
        for _ in range(100_000):
            step = {"steps": [step]}
        assert problems(step)
        step = echo("a")
        for _ in range(900):
            step = each("a", step)
        assert problems(step)


def test_a_branch_may_go_round_for_ever_where_the_first_result_ends_it() -> None:
    branches: Mapping[str, list[Json]] = {"answer": [echo("once")], "remind": [echo("again", next="again")]}
    assert read(parallel("race", branches, join="first")).steps["race/remind/again"].next == "race/remind/again"
    with pytest.raises(InvalidDefinitionError, match="every way leads back"):
        read(parallel("all", branches))
