from collections.abc import Mapping
from typing import ClassVar

import pytest

from chalicelib.core.definitions.lint import lint
from chalicelib.core.definitions.model import Call, Outcome, StepContext, StepType
from chalicelib.core.definitions.parser import parse
from chalicelib.core.schemas.schema import MAX_PROBLEMS
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES
from tests import words


class CallStep:
    name = "call"
    schema: Mapping[str, Json] = {"type": "object", "properties": {"to": {"description": "Whom."}}}

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        return Call("call", None)


TYPES: Mapping[str, StepType] = {**STEP_TYPES, "call": CallStep()}
CLOSED = "Internal, InvalidOutput, InvalidParameters, Poison, TemplateBudgetExceeded, TemplateFailed, TooLarge"


def echo(name: str, message: Json = 1, **more: Json) -> dict[str, Json]:
    return {"id": name, "type": "echo", "message": message, **more}


def fork(name: str, **branches: list[Json]) -> dict[str, Json]:
    listed: list[Json] = [{"id": branch, "steps": steps} for branch, steps in branches.items()]
    return {"id": name, "type": "parallel", "branches": listed}


def each(name: str, *steps: Json, items: Json = "${input}", **more: Json) -> dict[str, Json]:
    return {"id": name, "type": "map", "items": items, "steps": list(steps), **more}


def choice(name: str, *choices: tuple[str, str], **more: Json) -> dict[str, Json]:
    return {"id": name, "type": "choice", "choices": [{"when": when, "next": to} for when, to in choices], **more}


def warnings(*steps: Json, **keys: Json) -> list[tuple[str, str]]:
    document: dict[str, Json] = {"id": "x", "steps": list(steps), **keys}
    parse(document, TYPES)
    found = lint(document, TYPES)
    words.require_own(problem.message for problem in found)
    return [(problem.pointer, problem.message) for problem in found]


class TestStash:
    @pytest.mark.parametrize(
        ("step", "place"),
        [
            (echo("a", {"deep": ["x", "of ${stash.nme}"]}), "/message/deep/1"),
            (echo("a", output="${stash.nme}"), "/output"),
            (echo("a", stash={"copy": "${stash.nme || 'none'}"}), "/stash/copy"),
            (echo("a", when="stash.nme"), "/when"),
            (choice("a", ("input", "last"), ("stash.nme", "last")), "/choices/1/when"),
            (each("a", echo("b"), items="${stash.nme}"), "/items"),
        ],
    )
    def test_a_name_that_nothing_stashes_is_odd_wherever_it_is_read(self, step: Json, place: str) -> None:
        message = "nothing that can be seen here stashes 'nme' (did you mean 'name'?)"
        assert warnings(step, echo("last", stash="name")) == [("/steps/0" + place, message)]

    def test_what_was_stashed_before_in_the_same_list_may_be_read(self) -> None:
        reads = ["${stash.a}", "${stash.b}", "${stash.c}", "${stash.d.message}"]
        catch: Json = [{"errors": ["*"], "next": "two", "stash": "d"}]
        one, two = echo("one", stash="a", catch=catch), echo("two", stash={"b": 1})
        assert warnings(one, two, echo("last", reads), stash={"c": "${input}"}) == []
        unseen = "nothing that runs before this stashes"
        assert warnings(echo("first", reads), one, two, stash={"c": "${input}"}) == [
            (f"/steps/0/message/{place}", f"{unseen} '{name}'") for place, name in ((0, "a"), (1, "b"), (3, "d"))
        ]

    def test_a_branch_sees_what_is_around_it_but_nobody_sees_into_a_branch(self) -> None:
        reads: Json = ["${stash.around}", "${stash.left}", "${stash.deep}"]
        left: list[Json] = [
            echo("z", stash="left"),
            each("m", echo("y", stash="deep"), echo("b", reads)),
            echo("a", reads),
        ]
        right: list[Json] = [echo("a", reads)]
        found = warnings(echo("first", stash="around"), fork("p", left=left, right=right), echo("last", reads))
        unseen = "nothing that can be seen here stashes"
        assert found == [
            ("/steps/1/branches/0/steps/2/message/2", f"{unseen} 'deep'"),
            ("/steps/1/branches/1/steps/0/message/1", f"{unseen} 'left'"),
            ("/steps/1/branches/1/steps/0/message/2", f"{unseen} 'deep'"),
            ("/steps/2/message/1", f"{unseen} 'left'"),
            ("/steps/2/message/2", f"{unseen} 'deep'"),
        ]

    @pytest.mark.parametrize("use", ["stash.*", "keys(stash)", "get(stash, input.key)", "stash", "to_json(stash)"])
    def test_a_use_of_the_whole_stash_reads_no_name_and_silences_nothing(self, use: str) -> None:
        assert warnings(echo("a", [f"${{{use}}}", "${stash.nme}"])) == [
            ("/steps/0/message/1", "nothing that can be seen here stashes 'nme'")
        ]

    def test_the_stash_of_the_definition_is_made_before_there_is_any(self) -> None:
        assert warnings(echo("a", "${stash.b}"), stash={"a": 1, "b": "${stash.a}"}) == [
            ("/stash/b", "nothing that can be seen here stashes 'a'")
        ]


class TestItem:
    def test_there_is_an_item_inside_of_a_map_only(self) -> None:
        reads: Json = "${item.price} ${index}"
        inside = each("m", echo("a", reads), fork("p", left=[echo("b", reads)]), items="${item}")
        found = warnings(echo("first", reads), inside, fork("p", left=[echo("c", when="index == `1`")]))
        outside = "outside the steps of a map"
        assert found == [
            ("/steps/0/message", f"there is no 'item' {outside}"),
            ("/steps/0/message", f"there is no 'index' {outside}"),
            ("/steps/1/items", f"there is no 'item' {outside}"),
            ("/steps/2/branches/0/steps/0/when", f"there is no 'index' {outside}"),
        ]

    def test_the_items_of_an_inner_map_may_be_made_from_the_outer_item(self) -> None:
        assert warnings(each("m", each("n", echo("a"), items="${item}"))) == []

    def test_there_is_an_error_behind_a_catch_only(self) -> None:
        caught = echo("a", catch=[{"errors": ["*"], "next": "c"}])
        reads = echo("c", "${default(error.message, 'none')}")
        assert warnings(echo("b", "${error.message}", next="a"), caught, reads, each("m", {**reads, "id": "i"})) == [
            ("/steps/0/message", "there is no 'error' here: only steps behind a catch see one")
        ]


class TestNames:
    def test_a_name_that_is_never_in_scope_is_odd(self) -> None:
        assert warnings(echo("a", ["${inptu.n}", "${ map(&n, zz) }", "${null}"])) == [
            ("/steps/0/message/0", "there is nothing called 'inptu' (did you mean 'input'?)"),
            ("/steps/0/message/1", "there is nothing called 'zz': a member of the input is read as input.zz"),
            ("/steps/0/message/2", "'null' is a name here: the value is written `null`"),
        ]

    def test_every_name_that_can_be_in_scope_is_known(self) -> None:
        names = "[input, output, stash, item, index, error, execution, step]"
        caught = echo("c", catch=[{"errors": ["*"], "next": "m"}])
        assert warnings(caught, each("m", echo("a", f"${{{names}}}"))) == []


class TestNeverRuns:
    @pytest.mark.parametrize("when", ["`false`", "''", "input && `false`", "!(`true`)", "`false` || `null`"])
    def test_a_condition_that_is_never_true_is_odd(self, when: str) -> None:
        assert warnings(echo("a", when=when), echo("b")) == [
            ("/steps/0/when", "step 'a' can never run: this is never true")
        ]

    @pytest.mark.parametrize("when", ["'false'", "`5`", "`0`", "`[1]`"])
    def test_a_condition_that_is_a_value_and_always_true_is_odd(self, when: str) -> None:
        said = "this is always true, as numbers are, and texts that are not empty: compare it, as in a == 'x'"
        assert warnings(echo("a", when=when), echo("b")) == [("/steps/0/when", said)]

    def test_one_that_is_written_as_true_is_meant(self) -> None:
        assert warnings(echo("a", when="`true`"), echo("b")) == []

    @pytest.mark.parametrize("word", ["true", "false"])
    def test_a_name_that_looks_like_a_value_is_never_true(self, word: str) -> None:
        assert warnings(echo("a", when=word), echo("b")) == [
            ("/steps/0/when", f"{word!r} is a name here: the value is written `{word}`"),
            ("/steps/0/when", "step 'a' can never run: this is never true"),
        ]

    @pytest.mark.parametrize("when", ["`true`", "input", "input.a == `false`"])
    def test_a_condition_that_may_be_true_is_not(self, when: str) -> None:
        assert warnings(echo("a", when=when), echo("b")) == []

    @pytest.mark.parametrize(
        ("choices", "default", "dead"),
        [
            ([("`false`", "a")], "b", ["a"]),
            ([("input", "a"), ("`true`", "b")], "c", ["c"]),
            ([("`true`", "a"), ("input", "b")], "c", ["b", "c"]),
            ([("input", "a"), ("`false`", "b"), ("input.c", "b")], "c", []),
        ],
    )
    def test_what_stands_behind_a_choice_that_is_never_made_never_runs(
        self, choices: list[tuple[str, str]], default: str, dead: list[str]
    ) -> None:
        targets = sorted({target for _, target in choices} | {default})
        steps = [choice("which", *choices, default=default), *(echo(name, end=True) for name in targets)]
        assert warnings(*steps) == [
            (f"/steps/{1 + targets.index(name)}", f"step '{name}' can never run: what leads to it never holds")
            for name in dead
        ]

    def test_what_hangs_on_a_step_that_never_runs_is_not_told_again(self) -> None:
        found = warnings(
            choice("which", ("`false`", "a"), default="d"), echo("a"), echo("b"), echo("c", end=True), echo("d")
        )
        assert [place for place, _ in found] == ["/steps/1"]

    def test_a_choice_that_is_skipped_for_ever_leads_to_the_step_behind_it_only(self) -> None:
        found = warnings(choice("which", ("input", "b"), when="`false`"), echo("a", end=True), echo("b"))
        assert [place for place, _ in found] == ["/steps/0/when", "/steps/2"]

    def test_a_step_that_always_ends_hides_those_behind_it(self) -> None:
        found = warnings({"id": "a", "type": "fail", "when": "`true`"}, echo("b"))
        assert found == [("/steps/1", "step 'b' can never run: what leads to it never holds")]
        assert warnings({"id": "a", "type": "fail", "when": "input"}, echo("b")) == []

    def test_a_step_that_never_runs_does_not_lead_where_its_errors_would(self) -> None:
        catch: Json = [{"errors": ["*"], "next": "c"}]
        found = warnings(echo("a", when="`false`", next="b", catch=catch), echo("b", end=True), echo("c"))
        assert [place for place, _ in found] == ["/steps/0/when", "/steps/2"]

    def test_nested_lists_are_looked_at_too(self) -> None:
        found = warnings(each("m", choice("which", ("`true`", "a"), default="b"), echo("a", end=True), echo("b")))
        assert [place for place, _ in found] == ["/steps/0/steps/2"]


class TestNeverMatches:
    TAKEN = "this never matches: entries before it take all of its errors"

    @pytest.mark.parametrize(
        ("before", "names"),
        [
            (["*"], ["shop.500"]),
            (["*"], ["*"]),
            (["shop.*"], ["shop.500", "shop.404"]),
            (["shop.*"], ["shop.server.*"]),
            (["shop.*"], ["shop.*"]),
            (["a", "b"], ["b", "a"]),
        ],
    )
    @pytest.mark.parametrize("key", ["retry", "catch"])
    def test_an_entry_whose_errors_others_take_is_odd(self, key: str, before: list[Json], names: list[Json]) -> None:
        more: dict[str, Json] = {"next": "b"} if key == "catch" else {}
        entries: Json = [{"errors": before, **more}, {"errors": names, **more}]
        assert warnings({"id": "a", "type": "call", key: entries}, echo("b")) == [(f"/steps/0/{key}/1", self.TAKEN)]

    @pytest.mark.parametrize(
        ("before", "names"),
        [
            (["shop.500"], ["shop.*"]),
            (["shop.500"], ["*"]),
            (["shop.server.*"], ["shop.*"]),
            (["a"], ["a", "b"]),
            (["shop.*"], ["shop"]),
            (["shop.*"], ["shops.a"]),
        ],
    )
    def test_an_entry_with_an_error_left_to_it_is_not(self, before: list[Json], names: list[Json]) -> None:
        catch: Json = [{"errors": before, "next": "b"}, {"errors": names, "next": "b"}]
        assert warnings({"id": "a", "type": "call", "catch": catch}, echo("b")) == []

    def test_the_retry_of_the_definition_is_looked_at_too(self) -> None:
        assert warnings(echo("a"), retry=[{"errors": ["*"]}, {"errors": ["Timeout"]}]) == [("/retry/1", self.TAKEN)]

    @pytest.mark.parametrize(
        ("step", "own"),
        [
            (echo("a"), ""),
            ({"id": "a", "type": "transform"}, ""),
            ({"id": "a", "type": "wait", "seconds": 1}, "StepFailed"),
            (choice("a", ("input", "b"), default="b"), "NoChoice"),
            ({"id": "a", "type": "succeed", "when": "input"}, ""),
            ({"id": "a", "type": "fail", "when": "input"}, "Failed"),
            ({"id": "a", "type": "fail", "when": "input", "error": "order.Refused"}, "order.Refused"),
        ],
    )
    def test_an_entry_for_errors_that_the_step_cannot_have_is_odd(self, step: dict[str, Json], own: str) -> None:
        known = ", ".join(sorted([*CLOSED.split(", "), *own.split()]))
        foreign: Json = [{"errors": ["shop.*", "Other"], "next": "b"}]
        assert warnings({**step, "catch": foreign}, echo("b")) == [
            ("/steps/0/catch/0", f"this never matches: the step can only fail with {known}")
        ]
        for name in [*CLOSED.split(", "), *own.split()]:
            assert warnings({**step, "catch": [{"errors": ["Other", name], "next": "b"}]}, echo("b")) == []

    def test_a_timeout_is_for_steps_that_have_a_time(self) -> None:
        retry: Json = [{"errors": ["Timeout"]}]
        assert [place for place, _ in warnings(echo("a", retry=retry))] == ["/steps/0/retry/0"]
        assert warnings(echo("a", timeoutSeconds=5, retry=retry)) == []

    def test_errors_taken_before_are_not_left_to_a_later_entry(self) -> None:
        retry: Json = [{"errors": ["Poison"]}, {"errors": ["Poison", "Other"]}, {"errors": ["*"]}]
        assert [place for place, _ in warnings(echo("a", retry=retry))] == ["/steps/0/retry/1"]

    def test_everything_is_never_odd_unless_it_is_taken(self) -> None:
        catch: Json = [{"errors": list(CLOSED.split(", ")), "next": "b"}, {"errors": ["*"], "next": "b"}]
        assert warnings(echo("a", catch=catch), echo("b")) == []

    @pytest.mark.parametrize(
        "step",
        [
            fork("a", b=[echo("b")]),
            each("a", echo("b")),
            {"id": "a", "type": "workflow", "definition": "d"},
            {"id": "a", "type": "call"},
            {"id": "a", "type": "fail", "error": "${input.error}", "when": "input"},
        ],
    )
    def test_a_step_may_have_errors_that_nobody_knows(self, step: dict[str, Json]) -> None:
        assert warnings({**step, "catch": [{"errors": ["Other"], "next": "b"}]}, echo("b")) == []


def test_step_types_have_remarks_of_their_own() -> None:
    waits: list[Json] = [{"id": f"w{n}", "type": "wait", "seconds": n} for n in (0, 1)]
    assert warnings(each("m", *waits)) == [("/steps/0/steps/0/seconds", "this waits for no time at all")]
    assert warnings({"id": "w", "type": "wait", "until": "2026-01-31T09:00:00Z"}) == []


def test_warnings_are_told_up_to_a_number() -> None:
    assert len(warnings(echo("a", ["${stash.a}"] * (MAX_PROBLEMS + 1)))) == MAX_PROBLEMS


class TestAtMostOnce:
    PAY: ClassVar[Json] = {"id": "pay", "type": "http", "url": "https://example.com", "delivery": "at-most-once"}
    WORDS = (
        "step 'pay' is to call at most once, and this calls again after 'Interrupted': "
        "name the errors that may be tried again"
    )

    @pytest.mark.parametrize("errors", [["*"], ["http.Status.503", "Interrupted"]])
    def test_a_policy_that_calls_again_though_nobody_knows_is_odd(self, errors: list[Json]) -> None:
        retry: Json = [{"errors": ["http.Timeout"]}, {"errors": errors}]
        assert warnings({**self.PAY, "retry": retry}) == [("/steps/0/retry/1", self.WORDS)]  # type: ignore[dict-item]
        assert warnings(self.PAY, retry=retry) == [("/retry/1", self.WORDS)]

    def test_one_of_a_call_that_may_be_made_twice_is_not(self) -> None:
        assert warnings({**self.PAY, "delivery": "at-least-once", "retry": [{"errors": ["*"]}]}) == []

    def test_one_that_names_what_it_knows_is_not(self) -> None:
        retry: Json = [{"errors": ["http.Status.503"]}]
        assert warnings({**self.PAY, "retry": retry}) == []  # type: ignore[dict-item]
        own: Json = {**self.PAY, "retry": []}  # type: ignore[dict-item]
        assert warnings(own, retry=[{"errors": ["*"]}]) == []
