from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from chalicelib.core.definitions.grammar import DEFINITION_KEYS, MAX_STEPS
from chalicelib.core.definitions.model import Definition, Outcome, StepContext, StepType, Succeed
from chalicelib.core.definitions.parser import parse, parse_stored
from chalicelib.core.expressions.template import Scope, Template, render
from chalicelib.core.limits import beyond
from chalicelib.core.schemas.schema import MAX_PROBLEMS
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json
from tests import words

MANY = beyond("definition_steps", "a definition has at most 1,000 steps, those of nested lists included")


@dataclass(frozen=True)
class Kind:
    name: str
    schema: Mapping[str, Json]

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        return Succeed([dict(params), context.incoming])


def kind(name: str, properties: dict[str, Json], **more: Json) -> Kind:
    return Kind(name, {"type": "object", "properties": properties, "additionalProperties": False, **more})


TYPES: Mapping[str, StepType] = {
    "call": kind(
        "call",
        {
            "method": {"enum": ["GET", "PUT"], "description": "How."},
            "times": {"type": "integer", "minimum": 1, "description": "How often."},
            "headers": {"type": "object", "additionalProperties": {"type": "integer"}, "description": "With what."},
            "tags": {"type": "array", "items": {"type": "integer"}, "description": "Called what."},
        },
        required=["method"],
    ),
    "pass": kind("pass", {}),
    "pause": kind(
        "pause",
        {"seconds": {"type": "number", "description": "So long."}, "until": {"type": "string", "description": "When."}},
        oneOf=[{"required": ["seconds"]}, {"required": ["until"]}],
    ),
}

PASS: Json = {"id": "a", "type": "pass"}


def with_steps(*steps: Json) -> dict[str, Json]:
    return {"id": "x", "steps": list(steps)}


def chain(*steps: tuple[str, dict[str, Json]]) -> dict[str, Json]:
    return with_steps(*({"id": name, "type": "pass", **more} for name, more in steps))


def problems(document: Json) -> list[tuple[str, str]]:
    with pytest.raises(InvalidDefinitionError) as raised:
        parse(document, TYPES)
    assert str(raised.value) == raised.value.problems[0].message
    words.require_own(each.message for each in raised.value.problems)
    return [(problem.pointer, problem.message) for problem in raised.value.problems]


def rendered(template: Template | None, **values: Json) -> Json:
    assert template is not None
    return render(template, Scope(values, datetime(2026, 1, 1, tzinfo=UTC), "seed"))


def steps_after(definition: Definition) -> dict[str, str | None]:
    return {path: step.next for path, step in definition.steps.items()}


class TestParse:
    def test_a_step_without_next_or_end_goes_to_the_one_behind_it_and_the_last_one_ends(self) -> None:
        definition = parse(chain(("a", {"next": "c"}), ("b", {"end": True}), ("c", {}), ("d", {"next": "b"})), TYPES)
        assert (definition.id, definition.first) == ("x", "a")
        assert steps_after(definition) == {"a": "c", "b": None, "c": "d", "d": "b"}
        assert steps_after(parse(chain(("a", {}), ("b", {})), TYPES)) == {"a": "b", "b": None}

    def test_parameters_output_and_stash_are_compiled(self) -> None:
        headers: Json = {"n": "${input.n}"}
        step: Json = {"id": "a", "type": "call", "method": "GET", "headers": headers, "output": ["${output}"]}
        definition = parse(with_steps(step) | {"stash": {"m": "${input.n}", "k": 1}}, TYPES)
        made = definition.steps["a"]
        assert made.type is TYPES["call"]
        assert rendered(made.params, input={"n": 7}) == {"method": "GET", "headers": {"n": 7}}
        assert rendered(made.output, output=1) == [1]
        assert rendered(definition.stash, input={"n": 7}) == {"m": 7, "k": 1}
        assert made.stash is None

    def test_a_step_stashes_its_result_under_a_name_or_what_templates_make_of_it(self) -> None:
        steps = parse(chain(("a", {"stash": "kept"}), ("b", {"stash": {"twice": "${[output, output]}"}})), TYPES).steps
        assert steps["a"].stash == "kept"
        made = steps["b"].stash
        assert isinstance(made, Mapping)
        assert rendered(made["twice"], output=1) == [1, 1]

    def test_the_schema_of_the_rendered_parameters_is_that_of_the_type(self) -> None:
        step = parse(with_steps({"id": "a", "type": "call", "method": "${input.method}"}), TYPES).steps["a"]
        assert step.schema.problems({"method": "PUT"}) == []
        assert [problem.pointer for problem in step.schema.problems({"method": "PATCH"})] == ["/method"]

    def test_steps_of_one_type_share_a_compiled_schema(self) -> None:
        steps = parse(chain(("a", {}), ("b", {})), TYPES).steps
        assert steps["a"].schema is steps["b"].schema

    def test_without_input_schema_any_input_will_do(self) -> None:
        assert parse(with_steps(PASS), TYPES).input_schema.problems([None]) == []

    def test_the_input_schema_is_compiled(self) -> None:
        schema = parse(with_steps(PASS) | {"inputSchema": {"required": ["n"]}}, TYPES).input_schema
        assert [problem.message for problem in schema.problems({})] == ["'n' is a required property"]

    @pytest.mark.parametrize(
        "parameters",
        [{"method": "${input.m}"}, {"method": "GET", "times": "${input.t}"}, {"method": "GET", "headers": "${input}"}],
    )
    def test_a_template_is_taken_in_place_of_any_value(self, parameters: dict[str, Json]) -> None:
        assert parse(with_steps({"id": "a", "type": "call", **parameters}), TYPES)

    def test_a_template_is_taken_deep_inside_a_value_beside_values_that_are_checked(self) -> None:
        headers: Json = {"n": "${input.n}", "m/n": "${input.m}", "k": "text"}
        document = with_steps({"id": "a", "type": "call", "method": "GET", "headers": headers, "tags": ["${n}", "t"]})
        assert problems(document) == [
            ("/steps/0/headers/k", '"text" is a text, not a whole number'),
            ("/steps/0/tags/1", '"t" is a text, not a whole number'),
        ]


class TestKeysAndValues:
    @pytest.mark.parametrize("document", [None, [], "id: x", 5])
    def test_a_definition_is_an_object(self, document: Json) -> None:
        assert problems(document) == [("", "a definition is an object")]

    def test_what_is_missing_is_named(self) -> None:
        assert problems({}) == [("", "a definition needs 'id'"), ("", "a definition needs 'steps'")]
        assert problems(with_steps({})) == [
            ("/steps/0", "a step needs 'id'"),
            ("/steps/0", "a step needs 'type': one of call, pass, pause"),
        ]
        step: Json = {"id": "a", "type": "call"}
        assert problems(with_steps(step)) == [("/steps/0", "a step of type call needs 'method'")]

    def test_an_unknown_key_is_named_with_the_closest_known_one_and_all_of_them(self) -> None:
        document = with_steps({"id": "a", "type": "pause", "secconds": 1, "until": "x"}) | {"titel": "x"}
        takes = "id, type, seconds, until, when, output, stash, retry, catch, timeoutSeconds, next, end"
        assert problems(document) == [
            ("/titel", f"a definition has no 'titel' (did you mean 'title'?); it takes {', '.join(DEFINITION_KEYS)}"),
            (
                "/steps/0/secconds",
                f"a step of type pause has no 'secconds' (did you mean 'seconds'?); it takes {takes}",
            ),
        ]

    def test_of_alternatives_there_is_exactly_one(self) -> None:
        none: Json = {"id": "a", "type": "pause"}
        both: Json = {"id": "b", "type": "pause", "seconds": 1, "until": "x"}
        wrong = "a step of type pause needs exactly one of seconds, until"
        assert problems(with_steps(none, both)) == [("/steps/0", wrong), ("/steps/1", wrong)]

    def test_an_unknown_type_is_named_with_the_closest_one_and_its_parameters_are_not_judged(self) -> None:
        document = with_steps({"id": "a", "type": "paus", "seconds": "x", "stash": 5})
        assert problems(document) == [
            ("/steps/0/type", "there is no step type 'paus' (did you mean 'pause'?); there are call, pass, pause"),
            ("/steps/0/stash", '5 is a number, not a text or an object: write "5"'),
        ]

    @pytest.mark.parametrize(
        ("key", "value", "place"),
        [
            ("id", "Upper", "/id"),
            ("id", "x" * 65, "/id"),
            ("id", "", "/id"),
            ("id", "x\n", "/id"),
            ("id", 5, "/id"),
            ("title", 5, "/title"),
            ("description", None, "/description"),
            ("inputSchema", [], "/inputSchema"),
            ("stash", "name", "/stash"),
            ("stash", {"a-b": 1}, "/stash"),
            ("steps", {}, "/steps"),
            ("steps", [], "/steps"),
            ("steps", [5], "/steps/0"),
        ],
    )
    def test_a_value_that_does_not_fit_is_the_only_problem(self, key: str, value: Json, place: str) -> None:
        assert [pointer for pointer, _ in problems(with_steps(PASS) | {key: value})] == [place]

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("id", "a b"),
            ("id", "${input.n}"),
            ("id", None),
            ("type", 5),
            ("stash", ""),
            ("stash", "a.b"),
            ("stash", "1a"),
            ("stash", {"a b": 1}),
            ("next", 5),
            ("end", False),
            ("end", "true"),
        ],
    )
    def test_a_step_key_that_does_not_fit_is_the_only_problem(self, key: str, value: Json) -> None:
        step: dict[str, Json] = {"id": "a", "type": "pass", key: value}
        document = with_steps(step, {"id": "b", "type": "pass"})
        assert [pointer for pointer, _ in problems(document)] == [f"/steps/0/{key}"]

    def test_a_parameter_that_does_not_fit_says_why(self) -> None:
        step: Json = {"id": "a", "type": "call", "method": "PATCH", "times": 0}
        assert problems(with_steps(step)) == [
            ("/steps/0/method", '"PATCH" is none of "GET", "PUT"'),
            ("/steps/0/times", "0 is too small: 1 is the least"),
        ]

    def test_problems_of_the_input_schema_have_their_place(self) -> None:
        document = with_steps(PASS) | {"inputSchema": {"properties": {"a/b": {"type": "nothing", "pattern": "(?=x)"}}}}
        assert {place for place, _ in problems(document)} == {
            "/inputSchema/properties/a~1b/type",
            "/inputSchema/properties/a~1b/pattern",
        }

    def test_every_template_that_does_not_parse_has_its_place(self) -> None:
        step: Json = {"id": "a", "type": "call", "method": "${", "output": [1, "${]}"], "stash": {"n": "${nope(@)}"}}
        document = with_steps(step) | {"stash": {"m": "${a b}"}}
        assert [place for place, _ in problems(document)] == [
            "/stash/m",
            "/steps/0/output/1",
            "/steps/0/stash/n",
            "/steps/0/method",
        ]

    def test_problems_of_every_kind_are_told_at_once(self) -> None:
        document: Json = {
            "steps": [
                {"id": "a", "type": "call", "methods": "GET", "next": "bb"},
                {"id": "b", "type": "pause", "seconds": "soon"},
                {"id": "b", "type": "pass", "output": "${", "end": True},
            ]
        }
        assert [place for place, _ in problems(document)] == [
            "",
            "/steps/0/methods",
            "/steps/0",
            "/steps/1/seconds",
            "/steps/2/output",
            "/steps/2/id",
            "/steps/0/next",
        ]


class TestFlow:
    def test_an_id_is_there_once(self) -> None:
        document = chain(("a", {}), ("b", {}), ("a", {}), ("a", {}))
        taken = "a step before this one has the id 'a' already"
        assert problems(document) == [("/steps/2/id", taken), ("/steps/3/id", taken)]

    def test_next_to_an_id_that_is_there_twice_may_lead_to_either(self) -> None:
        document = chain(("a", {}), ("b", {"next": "a"}), ("a", {"end": True}))
        assert problems(document) == [("/steps/2/id", "a step before this one has the id 'a' already")]

    def test_next_names_a_step(self) -> None:
        document = chain(("first", {"next": "secnd"}), ("second", {"next": "zzz"}))
        assert problems(document) == [
            ("/steps/0/next", "there is no step 'secnd' (did you mean 'second'?)"),
            ("/steps/1/next", "there is no step 'zzz'"),
        ]

    def test_next_to_nowhere_is_not_told_while_a_step_lacks_its_id(self) -> None:
        assert problems(with_steps({"id": "a", "type": "pass", "next": "b"}, {"type": "pass"})) == [
            ("/steps/1", "a step of type pass needs 'id'")
        ]

    def test_a_step_has_next_or_end(self) -> None:
        document = chain(("a", {"next": "b", "end": True}), ("b", {}))
        assert problems(document) == [("/steps/0/end", "a step has next or end, not both")]

    def test_a_step_that_cannot_be_reached_is_told_and_what_hangs_on_it_is_not(self) -> None:
        document = chain(("a", {"end": True}), ("b", {}), ("c", {"next": "d"}), ("d", {"next": "b"}))
        assert problems(document) == [("/steps/1", "step 'b' cannot be reached from the first step")]

    def test_every_step_that_cannot_be_reached_by_itself_is_told(self) -> None:
        document = chain(("a", {"end": True}), ("b", {"end": True}), ("c", {"next": "b"}))
        assert [place for place, _ in problems(document)] == ["/steps/1", "/steps/2"]

    @pytest.mark.parametrize(
        ("steps", "place", "name"),
        [
            ([("a", {"next": "a"})], "/steps/0", "a"),
            ([("a", {}), ("b", {}), ("c", {}), ("d", {"next": "b"})], "/steps/1", "b"),
            ([("a", {"next": "c"}), ("b", {"next": "c"}), ("c", {"next": "b"})], "/steps/1", "b"),
        ],
    )
    def test_a_loop_without_a_way_out_is_told_once(
        self, steps: Sequence[tuple[str, dict[str, Json]]], place: str, name: str
    ) -> None:
        loop = f"from step '{name}' every way leads back to it, none to an end"
        assert problems(chain(*steps)) == [(place, loop)]


class TestLimits:
    def test_a_definition_has_a_thousand_steps_at_most(self) -> None:
        steps: list[tuple[str, dict[str, Json]]] = [(f"s{number}", {}) for number in range(MAX_STEPS)]
        assert len(parse(chain(*steps), TYPES).steps) == MAX_STEPS
        assert problems(chain(*steps, ("last", {}))) == [
            (
                "/steps",
                MANY,
            )
        ]

    def test_all_expressions_of_a_definition_have_so_many_signs_at_most(self) -> None:
        texts: list[Json] = [f"${{ a{number}{'.a' * 249} }} is ${{ input.b }}" for number in range(99)]  # 502 signs
        last: Json = {"id": "a", "type": "pass", "when": "a" + "[0]" * 100, "output": ["${ 'a b c' }", "$${ a }"]}
        assert parse({**with_steps(last), "stash": {"x": texts}}, TYPES).stash is not None
        said = beyond(
            "expression_signs",
            "all expressions of a definition have at most 50,000 names, literals and signs, and these 50,502",
        )
        ((place, message),) = problems({**with_steps(last), "stash": {"x": [*texts, texts[0]]}})
        assert place == ""
        assert message == said

    def test_what_cannot_be_an_expression_is_told_for_itself(self) -> None:
        found = problems(
            {
                **with_steps({"id": "a", "type": "pass"}),
                "stash": {"x": "a" * 60_000, "y": "${ a", "z": f"${{{'a.' * 60_000}}}"},
            }
        )
        assert [place for place, _ in found] == ["/stash/y", "/stash/z"]

    def test_problems_are_told_up_to_a_number(self) -> None:
        step: Json = {"id": "a", "type": "pass", **{f"k{number}": 1 for number in range(MAX_PROBLEMS + 1)}}
        assert len(problems(with_steps(step))) == MAX_PROBLEMS

    def test_suggestions_end_where_they_would_cost_too_much(self) -> None:
        steps: list[Json] = [{"id": f"s{n}", "type": "pass", "next": f"x{n}"} for n in range(MAX_STEPS)]
        suggesting = [message for _, message in problems(with_steps(*steps)) if "did you mean" in message]
        assert len(suggesting) <= 4

    @pytest.mark.parametrize("key", ["message", "output", "stash", "next", "headers"])
    def test_a_document_however_deep_is_answered(self, key: str) -> None:
        deep: Json = []
        for _ in range(100_000):
            deep = [deep]
        assert problems(with_steps({"id": "a", "type": "call", "method": "GET", key: deep}))
        assert problems(with_steps(PASS) | {key: deep, "inputSchema": {"not": deep}})


def test_an_id_that_the_api_needs_for_itself_is_refused() -> None:
    document = {**with_steps({"id": "a", "type": "note", "text": "x"}), "id": "validate"}
    assert ("/id", "'validate' has a meaning of its own in the API: choose another id") in problems(document)


class TestStored:
    def test_a_stored_definition_reads_as_it_did_when_it_was_new(self) -> None:
        document: Json = {
            "id": "x",
            "inputSchema": {"type": "object"},
            "outputSchema": {"type": "object"},
            "stash": {"a": "${input.a}"},
            "retry": [{"errors": ["*"], "maxAttempts": 2}],
            "timeoutSeconds": 5,
            "steps": [
                {"id": "a", "type": "call", "method": "GET", "times": "${input.n}", "when": "input"},
                {"id": "b", "type": "pause", "seconds": 1, "catch": [{"errors": ["http.*"], "next": "c"}]},
                {"id": "c", "type": "pass", "output": "${stash.a}", "end": True},
            ],
        }
        assert isinstance(document, dict)
        assert parse_stored(document, TYPES) == parse(document, TYPES)

    def test_nothing_in_it_is_held_against_a_schema_again(self) -> None:
        document = with_steps({"id": "A B", "type": "call", "method": "POST", "unknown": 1, "next": "nowhere"})
        definition = parse_stored({**document, "inputSchema": {"type": 5}}, TYPES)
        assert definition.steps["A B"].next == "nowhere"

    @pytest.mark.parametrize("step", [{"id": "a", "type": "gone"}, {"id": "a", "type": "pass", "output": "${"}])
    def test_what_this_code_cannot_run_any_more_is_told(self, step: Json) -> None:
        with pytest.raises(InvalidDefinitionError):
            parse_stored(with_steps(step), TYPES)
