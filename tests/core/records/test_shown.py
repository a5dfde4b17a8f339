import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.core.records.payload import Reference, Slots, shown_slots
from chalicelib.core.records.shown import (
    ANY_FITS,
    MAX_ANSWER,
    MAX_VALUE,
    answer_size,
    around,
    dry_run_slots,
    fits_answer,
    fitting,
    is_needed,
    linked,
    nothing,
    references_json,
    shorten,
    shown_places,
    view_slots,
    without,
)
from chalicelib.core.values.errors import AnswerTooLargeError
from chalicelib.core.values.json import Json, encode


def link(place: str) -> str:
    return f"/read{place}"


def view(**members: Json) -> dict[str, Any]:
    return {"input": None, "output": None, "stash": {}, "error": None, **members}


def references(**sizes: int) -> dict[str, Reference]:
    return {f"/{name.replace('_', '/')}": Reference("0" * 64, size) for name, size in sizes.items()}


def size(document: Any) -> int:
    return answer_size(json.dumps(document, ensure_ascii=False))


def test_a_short_document_is_as_it_was() -> None:
    short = view(input="x" * (MAX_VALUE - 100))
    assert shorten("t", short, view_slots, link) is short


def test_a_long_value_becomes_a_reference_with_a_link() -> None:
    made = shorten("t", view(input="x" * MAX_VALUE, stash={"a": 1}), view_slots, link)
    assert (made["input"], made["stash"]) == (None, {"a": 1})
    (reference,) = made["references"].values()
    assert (reference["bytes"], reference["link"], len(reference["sha256"])) == (MAX_VALUE + 2, "/read/input", 64)


def test_where_there_is_no_link_a_reference_has_none() -> None:
    made = shorten("t", view(input="x" * MAX_VALUE), view_slots, lambda _: None)
    assert made["references"]["/input"].keys() == {"sha256", "bytes"}


def test_references_that_are_there_stay() -> None:
    known = without(view(input="x" * MAX_VALUE), references(output=7), link)
    assert {*shorten("t", known, view_slots, link)["references"]} == {"/input", "/output"}


def test_what_many_values_leave_no_room_for_is_left_out_the_largest_first() -> None:
    stash = {f"m{n}": "x" * (1_000 * n) for n in range(1, 150)}
    made = shorten("t", view(stash=stash), view_slots, link)
    shown = [name for name, value in made["stash"].items() if value is not None]
    assert 50 < len(shown) < 149
    assert shown == [*stash][: len(shown)]
    assert {*made["references"]} == {f"/stash/{name}" for name in [*stash][len(shown) :]}


def test_a_group_of_too_many_values_is_left_out_as_a_whole() -> None:
    made = shorten("t", view(stash={f"m{n}": "x" * 4_100 for n in range(10_000)}), view_slots, link)
    assert (made["stash"], {*made["references"]}) == (None, {"/stash"})


@settings(max_examples=20)
@given(
    st.sampled_from(["x", '"', "é", "\N{SNOWMAN}", "\N{GRINNING FACE}", "\x01", "\x7f", "\\"]),
    st.sampled_from([1, 5, 30, 1_000, 5_000]),
    st.sampled_from([10, 700, 5_000, 60_000, 250_000]),
)
def test_whatever_the_values_are_it_fits(text: str, count: int, length: int) -> None:
    length = min(length, 8_000_000 // count)
    stash: Json = dict.fromkeys((f"m{n}" for n in range(count)), text * length)
    assert size(shorten("t", view(stash=stash), view_slots, link)) <= MAX_ANSWER


@given(st.text(min_size=1, max_size=50))
@example("\x7f" * 50)
def test_a_byte_of_json_is_six_of_an_answer_at_most(text: str) -> None:
    document = [text] * 10
    assert size(document) <= 6 * len(encode(document)) + 2


def test_the_longest_text_that_always_fits_does() -> None:
    assert fits_answer("\x7f" * (ANY_FITS - 1))
    assert not fits_answer("é" * (MAX_ANSWER // 6 + 1))
    assert not fits_answer("x" * (MAX_ANSWER + 1))


def test_what_is_too_large_without_its_values_is_refused() -> None:
    with pytest.raises(AnswerTooLargeError):
        shorten("t", view(threads=["x" * 100_000] * 100), view_slots, link)


@pytest.mark.parametrize(
    ("slots", "document", "places"),
    [
        (view_slots, view(input=1, stash={"a": 1}), {"/input", "/output", "/stash", "/stash/a", "/error"}),
        (
            dry_run_slots,
            {**view(), "calls": [{"params": {"url": 1}}], "unanswered": [{"params": None}], "history": [{"result": 1}]},
            {
                *("/input", "/output", "/stash", "/error", "/calls/0/params", "/calls/0/params/url"),
                *("/unanswered/0/params", "/history/0/result"),
            },
        ),
        (shown_slots, {"result": 1, "error": {"details": 1}}, {"/result", "/error", "/error/details"}),
    ],
)
def test_values_have_places(slots: Slots, document: dict[str, Any], places: set[str]) -> None:
    assert {each.pointer for slot in slots(document) for each in (slot, *slot.inner())} == places


def test_values_that_fit_are_chosen_the_smallest_first() -> None:
    assert fitting.choose(references(a=10, b=MAX_VALUE + 1, c=5)) == ["/c", "/a"]
    many = fitting.choose(references(**{f"a{n}": 200_000 for n in range(50)}))
    assert len(many) == 15
    assert nothing.choose(references(a=1)) == ()


def test_around_a_place_is_what_it_is_in_and_what_is_in_it() -> None:
    found = references(stash=1, stash_a=1, stash_ab=1, input=1)
    assert around("/stash/a").choose(found) == ["/stash", "/stash/a"]
    assert around("/stash").choose(found) == ["/stash", "/stash/a", "/stash/ab"]


def test_places_of_a_document_are_those_of_its_view() -> None:
    document = {"threads": [{"id": "other"}, {"id": "main"}]}
    places = references(input=1, error_details=1, stash=1, threads_1_stash_a=1, threads_0_stash_a=1, threads_1_item=1)
    assert shown_places(document, places, ended=False) == {
        "/input": "/input",
        "/error/details": "/error/details",
        "/threads/1/stash/a": "/stash/a",
    }
    assert shown_places(document, places, ended=True) == {
        "/input": "/input",
        "/error/details": "/error/details",
        "/stash": "/stash",
    }
    assert [is_needed(place) for place in ("/threads/3/results", "/threads/3/results/a", "/threads/1/item")] == [
        True,
        False,
        False,
    ]


def test_what_is_left_out_is_null_in_a_view() -> None:
    made = without(view(stash={"a": 1}), references(stash=9, error_details=8), link)
    assert (made["stash"], made["error"]) == (None, None)
    assert made["references"] == references_json(references(stash=9, error_details=8), link)
    assert without(view(), {}, link) == view()


def test_references_of_a_record_get_links() -> None:
    reference = {"sha256": "0" * 64, "bytes": 1}
    assert linked({"references": {"/result": reference}}, link) == {
        "references": {"/result": {**reference, "link": "/read/result"}}
    }
    assert linked({"result": 1}, link) == {"result": 1}


def test_what_is_left_out_of_groups_and_lists_is_not_taken_out_of_what_they_were_made_of() -> None:
    large = "x" * (MAX_VALUE + 1)
    call = {"params": {"a~/b": large, "c": 1}}
    report = view(input=large, stash={"a": large}, calls=[call], unanswered=[], history=[])
    made = shorten("t", report, dry_run_slots, link)
    assert {*made["references"]} == {"/input", "/stash/a", "/calls/0/params/a~0~1b"}
    assert len({each["sha256"] for each in made["references"].values()}) == 1
    assert (made["input"], made["stash"]["a"]) == (None, None)
    assert made["calls"] == [{"params": {"a~/b": None, "c": 1}}]
    assert report["stash"]["a"] == call["params"]["a~/b"] == report["input"] == large  # type: ignore[index] # an object


def test_several_large_values_of_a_group_are_left_out_each_by_itself() -> None:
    stash: dict[str, Json] = {"a": "x" * 2 * MAX_VALUE, "b": "y" * 2 * MAX_VALUE, "c": 1}
    made = shorten("t", view(stash=stash), view_slots, link)
    assert made["stash"] == {"a": None, "b": None, "c": 1}
    assert {*made["references"]} == {"/stash/a", "/stash/b"}
    assert stash["a"] is not None
