import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.records.replies import LEAST, SHARE, KeptAnswer, kept_answer
from chalicelib.core.values.json import Json


def noise(size: int, seed: object) -> str:
    return "".join(hashlib.sha256(f"{seed} {n}".encode()).hexdigest() for n in range(size // 64 + 1))[:size]


def text(document: Json) -> str:
    return json.dumps(document, ensure_ascii=False)


def kept(body: str, request: str) -> KeptAnswer:
    """Keep an answer, and see that its request makes it whole."""
    found = kept_answer(201, {}, body, request)
    assert found.whole(request) == body
    return found


@pytest.mark.parametrize("size", [500, 5_000, 100_000, 1_000_000])
def test_what_a_request_brings_is_not_kept(size: int) -> None:
    given = {"text": noise(size // 2, "ü"), "more": ["é" * (size // 2)]}
    answer: Json = {"id": noise(400, "id"), "input": given, "output": {"of": given}, "state": "succeeded"}
    found = kept(text(answer), text({"name": "n", "input": given}))
    assert len(found.body) <= len(text(answer).replace(text(given), ""))
    assert len(found.pieces) == 2


def test_what_each_of_a_hundred_brings_is_found_whatever_stands_between() -> None:
    given = [{"number": n, "text": noise(900, n)} for n in range(100)]
    answer: Json = [{"id": noise(500, f"id {each['number']}"), "input": each} for each in given]
    found = kept(text(answer), text([{"input": each} for each in given]))
    assert len(found.pieces) == len(given)
    assert len(found.body) < 100 * 550


def test_what_was_added_to_a_request_is_kept_and_no_more() -> None:
    first, last = noise(3_000, 1), noise(3_000, 2)
    found = kept(text({"a": first, "default": 7, "z": last}), text({"a": first, "z": last}))
    assert found.body == 'default": 7'
    assert len(found.pieces) == 2


def test_pieces_in_another_order_are_found() -> None:
    one, two = noise(600, 1), noise(600, 2)
    assert kept(two + one, one + two).body == ""


def test_of_what_is_in_no_request_all_is_kept() -> None:
    body = noise(10_000, "answer")
    for request in ("", noise(10_000, "request"), body[: LEAST - 1]):
        assert kept(body, request) == KeptAnswer(201, {}, body)


def test_the_size_of_what_is_looked_for_grows_with_the_request() -> None:
    """However long both are, each character of the answer costs the same."""
    long = noise(4 * SHARE * LEAST, 1)
    assert kept(long[: 2 * LEAST], long).pieces == ()
    assert [piece.length for piece in kept(long[: 8 * LEAST], long).pieces] == [8 * LEAST]


PIECES = st.lists(st.integers(0, 5) | st.sampled_from(["x", "xy", "Ω"]), max_size=30)


@given(PIECES, PIECES)
def test_whatever_is_kept_is_whole_again(answer: list[int | str], request: list[int | str]) -> None:
    def written(pieces: list[int | str]) -> str:
        return "".join(noise(170, each) if isinstance(each, int) else each * 60 for each in pieces)

    kept(written(answer), written(request))
