import hashlib
import zlib
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.executions.model import Execution, State, StoredState
from chalicelib.core.records.bundles import Bundled, Sources, bundle
from chalicelib.core.records.payload import PACKING, Packed, PackingLimits, short
from chalicelib.core.records.quotations import differing, far, is_differing, read_differing
from chalicelib.core.values.json import encode
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW

EXECUTION = Execution("t:d:1", "t", "d", 1, "n", None, NOW, {})
EAGER = PackingLimits(plain=0, again=16, at_once=64, used=1, piece=1)


def noise(size: int, seed: object) -> str:
    """Text of which compression makes half."""
    return "".join(hashlib.sha256(f"{seed} {n}".encode()).hexdigest() for n in range(size // 64 + 1))[:size]


def state(**stash: object) -> bytes:
    return encode({"threads": [{"id": "main", "stash": stash}]})


class Book:
    """An execution that is written again and again: how its state was written, and what that took."""

    def __init__(self, limits: PackingLimits = PACKING, **held: bytes) -> None:
        self.execution, self.limits, self.held = EXECUTION, limits, held
        self.put: dict[str, bytes] = dict(held)

    def write(self, text: bytes, *, ended: bool = False) -> Bundled:
        execution = copy_with(self.execution, state=State.SUCCEEDED) if ended else self.execution
        made = bundle(Packed(text, {}, self.held, 0), execution, self.limits)
        self.put |= made.payloads
        bases = [self.put[each.sha256] for each in made.body.bases]
        assert made.body.text(bases) == text
        assert all(each.decode() for each in (made.body.content, *made.payloads.values()))
        known = {each.sha256: self.put[each.sha256] for each in made.body.bases}
        near = short(self.held, self.limits)
        assert made.stored == StoredState(known, made.body.own, near, far(self.held, near))
        self.execution = copy_with(self.execution, stored=made.stored)
        return made


def packed(made: Bundled) -> int:
    return len(zlib.compress(made.body.content))


def test_a_short_state_stands_in_its_item() -> None:
    book, text = Book(), state(a=noise(2_000, 1))
    assert [book.write(text).body.content for _ in range(3)] == [text] * 3
    assert not book.put


def test_what_has_been_written_once_moves_out() -> None:
    book, text = Book(), state(a=noise(5_000, 1))
    first, second, third = (book.write(text) for _ in range(3))
    assert (len(first.payloads), len(second.payloads), len(third.payloads)) == (0, 1, 0)
    assert packed(first) > 10 * packed(second)
    assert third == copy_with(second, payloads={})


def test_what_takes_no_unit_stays_however_often_it_is_written() -> None:
    book, text = Book(), state(a="again and again " * 500)
    for _ in range(5):
        assert book.write(text).body.content == text


def test_what_is_new_and_several_units_moves_out_at_once() -> None:
    made = Book().write(state(**{f"v{n}": noise(3_000, n) for n in range(20)}))
    assert len(made.payloads) == 1
    assert packed(made) < 200


def test_a_change_is_written_and_nothing_else() -> None:
    values = {f"v{n}": noise(3_000, n) for n in range(20)}
    book = Book()
    book.write(state(**values))
    made = book.write(state(**values | {"v7": "another one"}))
    assert not made.payloads
    assert "another one" in made.body.own.decode()
    assert packed(made) < 300


def test_what_comes_out_of_a_value_beside_the_state_is_not_put_again() -> None:
    values = [{"number": n, "text": noise(3_000, n)} for n in range(20)]
    book = Book(input=encode(values))
    made = book.write(state(**{f"v{n}": each for n, each in enumerate(values)}))
    assert not made.payloads
    assert [each.sha256 for each in made.body.bases] == ["input"]
    assert packed(made) < 500


def test_values_that_are_too_long_together_are_not_looked_through() -> None:
    values = {name: encode(noise(200_000, name)) for name in ("one", "two")}
    made = Book(**values).write(b"[" + b",".join(values.values()) + b"]")
    assert len(made.payloads) == 1, "of the second"
    assert [each.sha256 for each in made.body.bases] == ["one", *made.payloads]


def test_a_payload_of_which_little_would_be_used_is_not_read_for_it() -> None:
    shared = noise(400, "shared")
    made = Book(input=encode([shared, noise(2_000, 1)])).write(state(a=shared, b=noise(4_000, 2)))
    assert not made.body.bases


def test_an_end_makes_no_bundle_and_keeps_to_those_that_are_there() -> None:
    book, values = Book(), {f"v{n}": noise(3_000, n) for n in range(20)}
    before = book.write(state(**values))
    more = state(**values, last=noise(9_000, "last"))
    ended = book.write(more, ended=True)
    assert (ended.payloads, ended.body.bases) == ({}, before.body.bases)
    assert Book().write(more, ended=True).body.content == more


def test_there_are_as_many_bundles_as_the_logarithm_of_what_comes_one_after_the_other() -> None:
    book, values, moved = Book(), dict[str, Any](), 0
    for number in range(64):
        values[f"v{number}"] = noise(3_000, number)
        made = book.write(state(**values))
        moved += sum(map(len, made.payloads.values()))
        assert len(made.body.bases) <= 7
        assert packed(made) < 3_000
    assert moved < 7 * len(state(**values))


def test_a_bundle_of_which_less_than_half_is_used_is_written_anew() -> None:
    values = {f"v{n}": noise(3_000, n) for n in range(20)}
    book = Book()
    (first,) = book.write(state(**values)).body.bases
    rest = {name: value for name, value in values.items() if name < "v15"}
    assert book.write(state(**rest)).body.bases == [first]
    made = [book.write(state(**rest, other=noise(3_000, "other"))) for _ in range(2)][-1]
    (now,) = made.body.bases
    assert now != first
    assert now.bytes < 2 * len(state(**rest))


def test_one_that_nothing_is_left_of_is_forgotten() -> None:
    book = Book()
    book.write(state(a=noise(20_000, 1)))
    made = book.write(state(a=noise(4_000, 2)))
    assert not made.body.bases


@pytest.mark.parametrize("limits", [EAGER, PACKING], ids=["eager", "as shipped"])
@given(
    states=st.lists(
        st.dictionaries(
            st.sampled_from("abcd"),
            st.text(max_size=8) | st.text("éè§ɧ€₠", max_size=8) | st.sampled_from(["x" * 300, "yz" * 900]),
        ),
        max_size=5,
    ),
    held=st.sampled_from([b"", b'{"a":"' + b"x" * 300 + b'"}']),
)
def test_every_state_comes_back_as_it_was_written(
    limits: PackingLimits, states: list[dict[str, str]], held: bytes
) -> None:
    book = Book(limits, **{"held": held} if held else {})
    for number, stash in enumerate(states):
        book.write(state(**stash), ended=number == 4)


@pytest.mark.parametrize(("one", "other"), ["éè", "€₠", "😀😁", "§ɧ", "éé"])
def test_no_character_is_cut_in_two(one: str, other: str) -> None:
    before, after = noise(5_000, 1), noise(5_000, 2)
    book = Book()
    written = [book.write(state(a=f"{before}{each},{after}", b=each)) for each in (one, one, other)]
    assert len(written[-1].body.bases) == 1


class TestBeside:
    before = encode({"lines": noise(10_000, 1), "mark": "receive"})
    after = encode({"lines": noise(10_000, 1), "mark": "ship"})

    def test_a_text_is_written_as_what_differs_from_a_payload(self) -> None:
        body = Sources({"before": self.before}, PACKING).beside(self.after)
        assert [each.sha256 for each in body.bases] == ["before"]
        assert body.text([self.before]) == self.after
        assert len(differing(body)) < 120
        assert is_differing(differing(body))
        assert read_differing(differing(body)) == body

    def test_a_short_one_is_not_and_none_is_where_there_are_no_payloads(self) -> None:
        assert Sources({"before": self.before}, PACKING).beside(b"[1]").content == b"[1]"
        assert Sources({}, PACKING).beside(self.after).content == self.after

    def test_what_is_compressed_is_no_such_content(self) -> None:
        assert not is_differing(zlib.compress(self.after))

    @pytest.mark.parametrize(
        "text", ["," * 300_000, ("," * 115 + "x") * 2_500, [0] * 150_000], ids=["cuts", "lines", "list"]
    )
    def test_a_text_that_repeats_itself_takes_no_time_to_look_up(self, text: object) -> None:
        base = encode([noise(5_000, 1) + "," * 120, [0] * 60])
        began = process_time()
        body = Sources({"base": base}, PACKING).beside(encode(text))
        assert body.text([base] * len(body.bases)) == encode(text)
        assert process_time() - began < 3
