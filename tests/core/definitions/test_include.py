from collections.abc import Mapping

import pytest

from chalicelib.core.definitions.grammar import MAX_LISTS, MAX_STEPS
from chalicelib.core.definitions.include import MAX_INCLUDED, MAX_INCLUDES, resolve
from chalicelib.core.definitions.parser import parse
from chalicelib.core.definitions.validation import validate
from chalicelib.core.limits import beyond
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json, encode
from chalicelib.steps import STEP_TYPES

TOO_MUCH = beyond("included_bytes", f"the steps that a definition includes have at most {MAX_INCLUDED:,} bytes")
TOO_MANY = beyond("definition_includes", "a definition has at most 100 includes")


def echo(name: str, **more: Json) -> dict[str, Json]:
    return {"id": name, "type": "echo", "message": name, **more}


def with_steps(*steps: Json, **keys: Json) -> dict[str, Json]:
    return {"id": "x", "steps": list(steps), **keys}


def each(name: str, *steps: Json) -> dict[str, Json]:
    return {"id": name, "type": "map", "items": [1], "steps": list(steps)}


def fork(name: str, **branches: list[Json]) -> dict[str, Json]:
    return {
        "id": name,
        "type": "parallel",
        "branches": [{"id": key, "steps": steps} for key, steps in branches.items()],
    }


VERSIONS: Mapping[str, list[list[Json]]] = {
    "pay": [[echo("old")], [echo("reserve"), echo("charge", output="${output}"), echo("receipt")]],
    "far": [[echo("go", next="charge"), echo("charge", next="go", catch=[{"errors": ["*"], "next": "give-up"}])]],
    "deep": [[each("lines", echo("price", when="`false`"))]],
    "big": [[echo("text", message="x" * (MAX_INCLUDED // 2))]],
    "half": [[echo("text", message="x" * (MAX_INCLUDED // 2 - len(encode(echo("text", message="")))))]],
    "many": [[echo(f"s{number}") for number in range(MAX_STEPS)]],
}


def find(definition: str, version: int | None) -> tuple[int, Mapping[str, Json]] | None:
    versions = VERSIONS.get(definition, [])
    number = len(versions) if version is None else version
    return (number, with_steps(*versions[number - 1])) if 1 <= number <= len(versions) else None


def resolved(*steps: Json) -> Json:
    found = resolve(with_steps(*steps), find)
    assert found.problems == () or list(found.problems) == []
    assert parse(found.document, STEP_TYPES)
    return found.document


def ids(document: Json) -> list[str]:
    match document:
        case {"steps": list(steps)}:
            return [str(step["id"]) for step in steps if isinstance(step, dict)]
        case _:
            pytest.fail("there are no steps")


def problems(*steps: Json) -> list[tuple[str, str]]:
    return [(each.pointer, each.message) for each in validate(with_steps(*steps), STEP_TYPES, find).problems]


class TestResolve:
    @pytest.mark.parametrize(
        ("include", "version", "names"),
        [
            ("pay", 2, ["reserve", "charge", "receipt"]),
            ({"definition": "pay"}, 2, ["reserve", "charge", "receipt"]),
            ({"definition": "pay", "version": 1}, 1, ["old"]),
            ({"definition": "pay", "version": 2.0}, 2, ["reserve", "charge", "receipt"]),
            ({"definition": "pay", "steps": ["receipt", "reserve"]}, 2, ["receipt", "reserve"]),
        ],
    )
    def test_the_steps_of_a_definition_stand_in_place_of_an_include(
        self, include: Json, version: int, names: list[str]
    ) -> None:
        document = resolved(echo("first"), {"include": include}, echo("last"))
        assert ids(document) == ["first", *names, "last"]
        assert isinstance(document, dict)
        assert document["includes"] == [{"pointer": "/steps/1", "definition": "pay", "version": version}]

    def test_includes_stand_in_nested_lists_too_and_their_places_are_those_of_what_is_kept(self) -> None:
        document = resolved(
            {"include": "pay"},
            fork("p", a=[echo("x")], b=[echo("x"), {"include": "deep"}]),
            each("m", each("n", {"include": {"definition": "pay", "steps": ["charge"]}})),
        )
        steps = parse(document, STEP_TYPES).steps
        assert {"charge", "p/b/lines/price", "m/n/charge"} <= steps.keys()
        assert steps["receipt"].next == "p"
        assert steps["p/b/x"].next == "p/b/lines"
        assert isinstance(document, dict)
        assert document["includes"] == [
            {"pointer": "/steps/0", "definition": "pay", "version": 2},
            {"pointer": "/steps/3/branches/1/steps/1", "definition": "deep", "version": 1},
            {"pointer": "/steps/4/steps/0/steps/0", "definition": "pay", "version": 2},
        ]

    def test_what_is_posted_stays_as_it_is(self) -> None:
        document = with_steps(fork("p", a=[{"include": "pay"}]), each("m", {"include": "pay"}))
        before = repr(document)
        resolve(document, find)
        assert repr(document) == before

    def test_a_list_of_includes_that_was_posted_is_made_anew(self) -> None:
        assert resolve(with_steps(echo("a"), includes=[5]), find).document == with_steps(echo("a"))
        again = resolve(resolve(with_steps({"include": "pay"}), find).document, find).document
        assert ids(again) == ["reserve", "charge", "receipt"]
        assert isinstance(again, dict)
        assert "includes" not in again

    def test_each_definition_is_looked_up_once(self) -> None:
        asked: list[tuple[str, int | None]] = []

        def wait(definition: str, version: int | None) -> tuple[int, Mapping[str, Json]] | None:
            asked.append((definition, version))
            return find(definition, version)

        pay: Json = {"include": {"definition": "pay", "version": 1}}
        resolve(
            with_steps({"include": "pay"}, {"include": "pay"}, pay, pay, {"include": "no"}, {"include": "no"}), wait
        )
        assert asked == [("pay", None), ("pay", 1), ("no", None)]

    @pytest.mark.parametrize("document", [5, None, {}, {"steps": 5}, {"steps": [5, {"steps": 5, "branches": [5, {}]}]}])
    def test_what_is_no_definition_is_left_to_the_parser(self, document: Json) -> None:
        found = resolve(document, find)
        assert (found.document, list(found.problems)) == (document, [])

    def test_an_include_that_was_not_resolved_is_no_step(self) -> None:
        with pytest.raises(InvalidDefinitionError, match="this include is not resolved"):
            parse(with_steps(echo("a"), {"include": "pay"}), STEP_TYPES)


class TestProblems:
    @pytest.mark.parametrize(
        ("include", "place", "message"),
        [
            (5, "", "an include is the id of a definition, or {definition, version, steps}"),
            (None, "", "an include is the id of a definition, or {definition, version, steps}"),
            (["pay"], "", "an include is the id of a definition, or {definition, version, steps}"),
            ("Pay", "", '"Pay": an id has lower-case letters, digits and - alone, and 64 of them at most'),
            ("no", "", "there is no definition 'no'"),
            ({}, "", "an include needs 'definition'"),
            ({"definition": "no"}, "/definition", "there is no definition 'no'"),
            ({"definition": 5}, "/definition", '5 is a number, not a text: write "5"'),
            ({"definition": "pay", "version": 3}, "/version", "there is no definition 'pay' in version 3"),
            ({"definition": "pay", "version": 0}, "/version", "0 is too small: 1 is the least"),
            (
                {"definition": "pay", "version": "2"},
                "/version",
                '"2" is a text, not a whole number: write 2, without quotes',
            ),
            ({"definition": "pay", "steps": []}, "/steps", "it needs 1 item at least, and has 0"),
            ({"definition": "pay", "steps": "charge"}, "/steps", '"charge" is a text, not a list: write ["charge"]'),
            (
                {"definition": "pay", "steps": ["charge", "reciept"]},
                "/steps/1",
                "pay@2 has no step 'reciept' (did you mean 'receipt'?)",
            ),
            (
                {"definition": "pay", "step": "charge"},
                "/step",
                "an include has no 'step' (did you mean 'steps'?); it takes definition, version, steps",
            ),
        ],
    )
    def test_an_include_that_cannot_be_resolved_is_the_only_problem(
        self, include: Json, place: str, message: str
    ) -> None:
        last = echo("last", catch=[{"errors": ["*"], "next": "charge"}])
        entry: Json = {"include": include}
        assert problems(echo("a"), entry, last) == [(f"/steps/1/include{place}", message)]
        assert problems(each("m", echo("a"), entry, last)) == [(f"/steps/0/steps/1/include{place}", message)]

    def test_nobody_knows_where_steps_lead_that_are_not_there(self) -> None:
        steps: list[Json] = [echo("a"), {"include": "no"}, echo("b", end=True), echo("c")]
        assert problems(*steps) == [("/steps/1/include", "there is no definition 'no'")]

    def test_an_include_stands_alone(self) -> None:
        assert problems({"include": "pay", "next": "a", "id": "b"}, echo("a")) == [
            ("/steps/0/next", "an include stands alone: 'next' has no meaning beside it"),
            ("/steps/0/id", "an include stands alone: 'id' has no meaning beside it"),
        ]

    def test_problems_inside_of_an_included_step_are_told_at_the_include(self) -> None:
        assert problems(echo("a"), fork("p", b=[echo("a"), {"include": "far"}, echo("b", nxt="a")])) == [
            (
                "/steps/1/branches/0/steps/2/nxt",
                (
                    "a step of type echo has no 'nxt' (did you mean 'next'?); it takes id, type, message, when, "
                    "output, stash, retry, catch, timeoutSeconds, next, end"
                ),
            ),
            ("/steps/1/branches/0/steps/1", "step 'charge' of far@1: there is no step 'give-up'"),
        ]

    def test_an_id_that_is_there_twice_after_inclusion_is_told_where_it_came_in(self) -> None:
        taken = "a step before this one has the id 'charge' already"
        assert problems(echo("charge"), {"include": {"definition": "pay", "steps": ["charge"]}}) == [
            ("/steps/1", f"step 'charge' of pay@2: {taken}")
        ]
        assert problems({"include": "pay"}, echo("a"), echo("charge")) == [("/steps/2/id", taken)]

    def test_included_steps_count(self) -> None:
        limit = beyond("definition_steps", "a definition has at most 1,000 steps, those of nested lists included")
        assert problems({"include": "many"}) == []
        assert problems({"include": "many"}, echo("one-more")) == [("/steps", limit)]

    def test_what_is_included_may_not_be_large(self) -> None:
        big: list[Json] = [fork(f"p{number}", a=[{"include": "big"}]) for number in range(3)]
        assert problems(big[0]) == []
        assert problems(*big) == [(f"/steps/{number}/branches/0/steps/0/include", TOO_MUCH) for number in (1, 2)]

    def test_it_may_be_as_large_as_it_may(self) -> None:
        half: Json = {"include": "half"}
        assert problems(each("a", half), each("b", half)) == []
        assert problems(each("a", half), each("b", half), each("c", {"include": "many"})) == [
            (
                "/steps/2/steps/0/include",
                TOO_MUCH,
            )
        ]

    def test_there_are_so_many_includes_at_most(self) -> None:
        include: Json = {"include": {"definition": "pay", "steps": ["charge"]}}
        many: list[Json] = [each(f"m{number}", include) for number in range(MAX_INCLUDES + 1)]
        assert problems(*many[:-1]) == []
        assert problems(*many) == [
            (
                f"/steps/{MAX_INCLUDES}/steps/0/include",
                TOO_MANY,
            )
        ]

    def test_lists_that_nest_too_deep_include_nothing(self) -> None:
        step: Json = {"include": "pay"}
        for _ in range(MAX_LISTS):
            step = each("m", step)
        ((_, message),) = problems(step)
        assert message == beyond("definition_lists", "lists of steps nest at most 16 deep")
        assert "includes" not in resolve(with_steps(step), find).document

    def test_those_that_nest_as_deep_as_they_may_do(self) -> None:
        step: Json = {"include": "pay"}
        for _ in range(MAX_LISTS - 1):
            step = each("m", step)
        assert problems(step) == []


def test_warnings_of_included_steps_are_told_at_the_include() -> None:
    document = with_steps(echo("a", when="`false`"), {"include": "deep"}, echo("b", when="`false`"))
    found = validate(document, STEP_TYPES, find)
    never = "can never run: this is never true"
    assert [(each.pointer, each.message) for each in found.warnings] == [
        ("/steps/0/when", f"step 'a' {never}"),
        ("/steps/1", f"step 'lines' of deep@1: step 'price' {never}"),
        ("/steps/2/when", f"step 'b' {never}"),
    ]
    assert found.problems == ()
    assert ids(found.document) == ["a", "lines", "b"]
