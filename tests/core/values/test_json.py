import gc
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.values.json import (
    LONG,
    Problem,
    brief,
    decode,
    details_of,
    encode,
    encode_ascii,
    format_instant,
    may_be_longer,
    parse_instant,
    pointer,
    read_pointer,
    uncollected,
)

TEHRAN = timezone(timedelta(hours=3, minutes=30))


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 1, 31, 9, tzinfo=UTC), "2026-01-31T09:00:00.000Z"),
        (datetime(2026, 1, 31, 9, 0, 0, 999_999, tzinfo=UTC), "2026-01-31T09:00:00.999Z"),
        (datetime(2026, 1, 31, 9, tzinfo=TEHRAN), "2026-01-31T05:30:00.000Z"),
        (datetime(33, 4, 3, 15, tzinfo=UTC), "0033-04-03T15:00:00.000Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_milliseconds(instant: datetime, text: str) -> None:
    assert format_instant(instant) == text
    assert format_instant(parse_instant(text)) == text


@pytest.mark.parametrize(("value", "text"), [({"a": [1, "ö"]}, '{"a":[1,"ö"]}'), ("\ud800ö", '"\\ud800\\u00f6"')])
def test_json_is_written_compactly_half_a_surrogate_pair_as_an_escape(value: object, text: str) -> None:
    assert encode(value) == text.encode()
    assert decode(text) == decode(text.encode()) == value


def test_a_key_that_is_no_text_is_written_as_one() -> None:
    assert encode({None: 1, True: 2, 3: 4}) == b'{"null":1,"true":2,"3":4}'


def test_ascii_has_every_other_character_as_an_escape() -> None:
    assert encode_ascii({"a": "ö€😀"}) == r'{"a":"\u00f6\u20ac\ud83d\ude00"}'
    assert encode_ascii({"a": "o\n"}) == r'{"a":"o\n"}'


@pytest.mark.parametrize(
    "value",
    [
        2**64,
        -(2**63) - 1,
        10**4000,
        1.0,
        -0.0,
        1e22,
        1e-7,
        5e-324,
        1.7976931348623157e308,
        123456789.123,
        '\x00\x7f"\\/',
    ],
)
def test_what_is_written_is_read_as_it_was(value: object) -> None:
    assert repr(decode(encode([value]))) == repr([value])


def test_what_is_no_json_is_refused() -> None:
    for text in (b"{", b"nothing", b'{"a":1}}', b"\xff"):
        with pytest.raises(ValueError, match=r"Expecting|Extra|codec"):
            decode(text)


@pytest.mark.parametrize("parts", [[], [""], ["a/b", "0"], ["~1", "~0"], ["~", "/", "é"]])
def test_a_pointer_is_read_as_it_was_written(parts: list[str]) -> None:
    assert read_pointer(pointer(tuple(parts))) == parts


def test_of_problems_as_many_are_taken_as_have_room() -> None:
    problems = [Problem(f"/{number}", "it is wrong") for number in range(10)]
    assert brief(problems, 13 * 4) == problems[:4]
    assert brief(problems, 13 * 4 - 1) == problems[:3]
    assert brief(problems) == problems
    assert brief([]) == []


def test_the_first_is_taken_whatever_it_takes_with_the_beginning_of_its_place() -> None:
    problems = [Problem("/" + "k" * 50_000, "it is wrong"), Problem("/a", "it is wrong")]
    (detail,) = details_of(problems)
    assert detail == {"pointer": f"/{'k' * 19_999}…", "message": "it is wrong"}


def collections_of(text: str) -> int:
    """How often Python looks for cycles while a text is read."""
    seen = list[str]()

    def look(phase: str, _: dict[str, int]) -> None:
        seen.append(phase)

    gc.callbacks.append(look)
    try:
        uncollected(decode, text)
    finally:
        gc.callbacks.remove(look)
    return len(seen)


def test_nothing_looks_for_cycles_in_a_long_text_while_it_is_read() -> None:
    assert collections_of(f"[{','.join(['[]'] * LONG)}]") == 0
    assert gc.isenabled()


def test_nor_does_it_afterwards_where_nothing_did_before() -> None:
    gc.disable()
    try:
        uncollected(decode, " " * LONG + "1")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_it_does_afterwards_where_a_long_text_is_no_json() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        decode(" " * LONG)
    assert gc.isenabled()


TEXTS = st.text(st.characters(codec=None, categories=None), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**150), 10**150) | st.floats() | TEXTS, st.lists, max_leaves=5
)


@given(VALUES, st.integers(25, 140))
def test_what_is_longer_could_be(value: Any, most: int) -> None:
    assert may_be_longer(value, most) or len(encode(value)) <= most


@pytest.mark.parametrize("value", [None, True, 1.5, 10**18, -(10**18), "x" * 9, [], {}])
def test_small_values_are_known_without_their_text(value: Any) -> None:
    assert not may_be_longer(value, 56)
