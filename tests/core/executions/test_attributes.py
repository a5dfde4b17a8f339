import pytest

from chalicelib.core.executions.factory import partition, submit
from chalicelib.core.executions.model import State
from chalicelib.core.executions.waiting import PartitionJoin
from chalicelib.core.limits import beyond
from chalicelib.core.values.errors import InvalidDefinitionError, InvalidInputError
from chalicelib.core.values.json import Json
from tests.core.examples import Run, blank, define

ECHO = "steps: [{id: one, type: echo, message: 1}]"


def searched(search: str, value: Json = None, steps: str = ECHO) -> Run:
    return Run(f"{{search: {search}, {steps}}}", value)


class TestTheStart:
    def test_attributes_are_made_from_the_input_and_the_execution_each_typed_by_what_it_is(self) -> None:
        run = searched(
            "{order: '${input.id}', total: '${input.total}', rush: '${input.rush}', me: 'of ${execution.id}', n: 5}",
            {"id": "A-1", "total": 9.5, "rush": False},
        )
        assert run.execution.attributes == {"order": "A-1", "total": 9.5, "rush": False, "me": "of t:d:1", "n": 5}

    def test_one_that_comes_to_nothing_is_left_out(self) -> None:
        assert searched("{a: '${input.a}', b: '${stash.b}'}", {}).execution.attributes == {}

    def test_the_stash_of_the_definition_is_seen(self) -> None:
        assert Run("{stash: {a: 1}, search: {a: '${stash.a}'}, " + ECHO + "}").execution.attributes == {"a": 1}

    @pytest.mark.parametrize(
        ("value", "why"),
        [
            ([1], "it is a list, and not a text, a number or a boolean"),
            ({"b": 1}, "it is an object, and not a text, a number or a boolean"),
            ("x" * 257, beyond("search_value_chars", "it has 257 characters, and 256 are the most")),
            (10**256, beyond("search_value_chars", "it has 257 characters, and 256 are the most")),
        ],
    )
    def test_one_that_is_no_attribute_refuses_the_start_and_says_which(self, value: Json, why: str) -> None:
        with pytest.raises(InvalidInputError) as refused:
            searched("{a: '${input.a}'}", {"a": value})
        assert str(refused.value) == f"the search attribute 'a' cannot be made from this input: {why}"

    def test_the_longest_text_is_one(self) -> None:
        assert searched("{a: '${input.a}'}", {"a": "x" * 256}).execution.attributes == {"a": "x" * 256}


STASHING = "steps: [{id: one, type: call, stash: got}, {id: two, type: call}]"


class TestLater:
    def test_a_changed_stash_makes_them_anew(self) -> None:
        run = searched("{a: '${stash.got.a}', in: '${input}'}", "x", STASHING).go()
        assert run.execution.attributes == {"in": "x"}
        assert run.done({"a": 7}).execution.attributes == {"a": 7, "in": "x"}

    def test_the_end_keeps_those_of_the_last_stash(self) -> None:
        run = searched("{a: '${stash.got}'}", None, "steps: [{id: one, type: call, stash: got}]").go().done("last")
        assert (run.execution.state, run.execution.attributes) == (State.SUCCEEDED, {"a": "last"})

    def test_one_that_can_no_longer_be_made_is_left_out_and_fails_nothing(self) -> None:
        run = searched("{a: '${stash.got}', b: '${input}'}", 1, STASHING).go().done(["no text"])
        assert run.execution.attributes == {"b": 1}
        assert run.done().execution.state is State.SUCCEEDED

    def test_what_leaves_the_stash_as_it_is_evaluates_nothing(self) -> None:
        steps = "steps: [{id: one, type: wait, seconds: 5}, {id: two, type: call}]"
        run = searched('{at: "${now()}"}', None, steps)
        first = run.execution.attributes
        assert run.go().later(5).execution.attributes == first

    def test_what_a_branch_stashes_is_its_own(self) -> None:
        branch = "steps: [{id: both, type: parallel, branches: [{id: a, steps: [{id: x, type: call, stash: got}]}]}]"
        run = searched("{a: '${stash.got}'}", None, branch).go()
        (name,) = run.performs
        assert run.done("branch", name).execution.attributes == {}

    def test_a_partition_of_a_map_has_none(self) -> None:
        each = "{id: each, type: map, items: '${range(`200`)}', steps: [{id: x, type: call}]}"
        run = searched("{a: '${input}'}", "x", f"steps: [{each}]").go()
        thread = run.thread()
        assert isinstance(thread.join, PartitionJoin)
        part = partition(run.execution, thread, thread.join, [*range(200)], 0)
        assert part.attributes == {}
        run.execution = part
        assert run.go().execution.attributes == {}


class TestTheDefinition:
    @pytest.mark.parametrize(
        ("search", "message"),
        [
            ("{1a: x}", "propertyNames"),
            ("{a: [x]}", "type"),
            ("{}", "minProperties"),
            ("{" + ", ".join(f"a{n}: x" for n in range(21)) + "}", "maxProperties"),
        ],
    )
    def test_what_is_no_set_of_attributes_is_refused(self, search: str, message: str) -> None:
        with pytest.raises(InvalidDefinitionError) as refused:
            define(f"{{search: {search}, {ECHO}}}")
        assert all(each.pointer.startswith("/search") for each in refused.value.problems), message

    def test_what_an_attribute_does_not_see_is_told_with_the_nearest_name(self) -> None:
        with pytest.raises(InvalidDefinitionError) as refused:
            define("{search: {a: '${inptu.x}', b: '${output}'}, " + ECHO + "}")
        assert [(each.pointer, each.message) for each in refused.value.problems] == [
            (
                "/search/a",
                "search.a does not see 'inptu' (did you mean 'input'?); it sees execution, input, stash",
            ),
            ("/search/b", "search.b does not see 'output'; it sees execution, input, stash"),
        ]

    def test_twenty_are_taken(self) -> None:
        search = ", ".join(f"a{n}: x" for n in range(20))
        assert len(submit(define(f"{{search: {{{search}}}, {ECHO}}}"), blank()).attributes) == 20
