import json
import tracemalloc
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.core.executions.builder import size_of
from chalicelib.core.limits import beyond
from chalicelib.core.values.bounds import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_KEY,
    MAX_MEMBERS,
    bound_problem,
    bound_problem_in,
    members_problem,
    pruned,
)
from chalicelib.core.values.errors import MalformedError, ResultTooLargeError
from chalicelib.core.values.json import encode
from chalicelib.core.values.json_text import read_json

MANY = beyond("value_members", "has more than 1,000,000 members and items")
LONG = beyond("value_key_chars", "has a key of more than 8,192 characters")
DIGITS = beyond("number_digits", "has a number of more than 4,300 digits")


if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.core.values.json import Json


def nested(levels: int, *, objects: bool) -> Any:
    value: Json = 1
    for _ in range(levels):
        value = {"a": value} if objects else [value]
    return value


def mixed(count: int) -> Any:
    return {"a": [*repeat(None, count - 3)], "b": {"c": 1}}


BOUNDS: dict[str, tuple["Callable[[int], Any]", int, str]] = {
    "lists": (lambda n: nested(n, objects=False), MAX_DEPTH, beyond("value_depth", "nests deeper than 50 levels")),
    "objects": (lambda n: nested(n, objects=True), MAX_DEPTH, beyond("value_depth", "nests deeper than 50 levels")),
    "items": (
        lambda n: [*repeat(0, n)],
        MAX_MEMBERS,
        MANY,
    ),
    "members": (
        lambda n: {str(i): 0 for i in range(n)},
        MAX_MEMBERS,
        MANY,
    ),
    "of all of them": (mixed, MAX_MEMBERS, MANY),
    "a key": (
        lambda n: [{"x" * n: True}],
        MAX_KEY,
        LONG,
    ),
    "a number": (lambda n: [10**n - 1], MAX_DIGITS, DIGITS),
    "a negative number": (
        lambda n: {"a": 1 - 10**n},
        MAX_DIGITS,
        DIGITS,
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_value_may_be_as_large_as_the_bound_and_no_larger(name: str) -> None:
    make, most, problem = BOUNDS[name]
    assert (bound_problem(make(most)), bound_problem(make(most + 1))) == (None, problem)


@pytest.mark.parametrize("name", [name for name in BOUNDS if "number" not in name])
def test_its_text_tells_the_same(name: str) -> None:
    make, most, problem = BOUNDS[name]
    for value, right in ((make(most), None), (make(most + 1), problem)):
        assert bound_problem_in(encode(value).decode(), value) == right


@pytest.mark.parametrize("value", [None, True, 1, -1, 1.5, "", "x" * 100_000, [], {}, [[], {}, [1]], {"a": {"b": []}}])
def test_what_is_within_is_no_problem(value: "Json") -> None:
    assert bound_problem(value) is None


def test_brackets_in_a_text_are_no_levels() -> None:
    assert bound_problem_in("[" * 60, "[" * 60) is None


@pytest.mark.parametrize("name", ["items", "members", "of all of them"])
def test_its_text_alone_tells_of_too_many_members(name: str) -> None:
    make, most, problem = BOUNDS[name]
    texts = [encode(make(size)).decode() for size in (most, most + 1)]
    assert [members_problem(text) for text in texts] == [None, problem]


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("[]", 0),
        ("[ \n]", 0),
        ("{}", 0),
        ("[[]]", 1),
        ('["[,", "\\",{"]', 2),
        ('{"a,": [{"b": "\\\\"}, {}]}', 4),
        ("1", 0),
    ],
)
def test_members_are_counted_outside_of_texts_and_whatever_is_empty(text: str, members: int) -> None:
    rest = MAX_MEMBERS - members - 1
    assert members_problem(f"[{text}{',0' * rest}]") is None
    assert members_problem(f"[{text}{',0' * (rest + 1)}]") == MANY


@pytest.mark.parametrize("item", ["[]", "[ ]", "{}", '"[],{}"'])
def test_so_they_are_where_all_of_them_are_alike(item: str) -> None:
    assert members_problem(f"[{item}{f',{item}' * (MAX_MEMBERS - 1)}]") is None
    assert members_problem(f"[{item}{f',{item}' * MAX_MEMBERS}]") == MANY


@pytest.mark.parametrize(
    "text", ['"' + "a,[" * 400_000, '"' + "\\" * 1_000_001 + ",", '["\\",' * 100_000, " " * 2_000_000]
)
def test_what_is_no_json_is_looked_at_once(text: str) -> None:
    assert members_problem(text) is None


@pytest.mark.parametrize("item", ["[]", "{}", "[[[[[]]]]]", '{"a":{"b":{}}}', '"ab"'])
def test_a_value_of_too_many_members_is_refused_before_it_takes_memory(item: str) -> None:
    text = f"[{','.join([item] * 1_000_001)}]".encode()
    tracemalloc.start()
    with pytest.raises(MalformedError, match="has more than 1,000,000 members"):
        read_json(text, len(text))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1.2 * len(text)


WIDE = "é" * 200_000


@pytest.mark.parametrize(
    "value",
    [
        [{"a": 1}] * 200_000,
        ["ab" * 300] * 3_001,
        [*([WIDE, WIDE, number] for number in range(10)), {"k": WIDE, "n": [WIDE]}],
        {str(number): WIDE if number % 1_000 == 0 else number for number in range(6_000)},
    ],
    ids=["many small parts", "some more than are taken together", "large parts", "both"],
)
def test_the_size_of_a_large_result_is_that_of_its_text(value: Any) -> None:
    assert size_of(value) == len(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def test_what_is_there_many_times_costs_no_more_than_the_bound() -> None:
    value: Json = []
    for _ in range(40):
        value = [value, value]
    assert bound_problem(value) == MANY


@pytest.mark.parametrize("value", [[0] * 1_000_001, nested(51, objects=False), ["x" * 1_000, nested(51, objects=True)]])
def test_a_result_beyond_a_bound_is_too_large(value: Any) -> None:
    with pytest.raises(ResultTooLargeError, match=r"the result (has more than|nests deeper than)"):
        size_of(value)


@pytest.mark.parametrize("objects", [True, False])
def test_what_nests_too_deeply_is_left_out(*, objects: bool) -> None:
    value = nested(5, objects=objects)
    assert pruned(value, 5) is value
    assert bound_problem(pruned(value, 4), 4) is None
    assert encode(pruned(value, 4)) == encode(nested(4, objects=objects)).replace(b"1", b"null")
    assert pruned([1, [2], {"a": 3}], 1) == [1, None, None]
