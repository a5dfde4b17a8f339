from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.core.values.json import (
    Problem,
    brief,
    decode,
    details_of,
    encode,
    encode_ascii,
    format_instant,
    parse_instant,
    pointer,
    read_pointer,
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
