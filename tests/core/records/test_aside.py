import base64
import random

import pytest

from chalicelib.core.records.payload import Reference, digest, value_slots
from chalicelib.core.records.state_packing import is_dear, put_aside, saved_bytes
from chalicelib.core.values.json import Json, encode

NOISE = base64.b64encode(random.Random(1).randbytes(3_000)).decode()


class TestSavedBytes:
    def test_it_is_what_every_further_write_would_pay_a_unit_for(self) -> None:
        assert 200 < saved_bytes(NOISE[:400], likely=1_100) < 400

    @pytest.mark.parametrize(
        ("given", "likely"), [(NOISE[:400], 0), (NOISE[:400], 1_024), (NOISE[:400], 1_900), ("x" * 400, 1_100)]
    )
    def test_where_no_write_would_cost_less_it_is_none(self, given: str, likely: int) -> None:
        assert saved_bytes(given, likely) == 0

    def test_what_no_state_holds_saves_nothing(self) -> None:
        assert saved_bytes(NOISE[:4_000], likely=5_000) > 0
        assert saved_bytes(NOISE * 3, likely=5_000) == 0


class TestIsDear:
    @pytest.mark.parametrize("length", [1_000, 8_000])
    def test_an_input_is_that_takes_an_item_a_unit_more(self, length: int) -> None:
        assert is_dear((NOISE * 3)[:length])

    @pytest.mark.parametrize("length", [600, 9_000])
    def test_a_shorter_one_is_not_nor_one_that_no_state_holds(self, length: int) -> None:
        assert not is_dear((NOISE * 3)[:length])

    def test_what_was_read_tells_how_long_its_item_is(self) -> None:
        assert is_dear(NOISE[:600], 1_100)
        assert not is_dear(NOISE[:600], 1_000)


def test_an_input_is_left_out_wherever_it_stands() -> None:
    document = {"input": {"a": 1}, "output": {"b": 2}, "stash": {"a": 1}}
    aside = put_aside("t", {"a": 1}, value_slots(document, (), ("input", "output", "stash"), ()))
    text = b'{"a":1}'
    reference = Reference(digest("t", text), len(text))
    assert document == {"input": None, "output": {"b": 2}, "stash": None}
    assert aside.references == {"/input": reference, "/stash": reference}
    assert aside.payloads == {reference.sha256: text}


@pytest.mark.parametrize("other", [{"a": True, "b": 0}, {"a": 1.0, "b": 0}, {"a": 1, "b": -0.0}, {"b": 0, "a": 1}])
def test_what_python_takes_for_equal_stays_what_it_is(other: Json) -> None:
    document = {"input": {"a": 1, "b": 0}, "stash": other}
    aside = put_aside("t", {"a": 1, "b": 0}, value_slots(document, (), ("input", "stash"), ()))
    assert encode(document) == encode({"input": None, "stash": other})
    assert [*aside.references] == ["/input"]
