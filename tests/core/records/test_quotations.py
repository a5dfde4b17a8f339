import hashlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.records.payload import PACKING, Reference
from chalicelib.core.records.quotations import HELD, SEARCHED, Body, Library, far, is_new, quoting
from chalicelib.core.values.json import Json, encode


def noise(size: int, seed: object) -> str:
    return "".join(hashlib.sha256(f"{seed} {n}".encode()).hexdigest() for n in range(size // 64 + 1))[:size]


VALUES = [{"number": n, "text": noise(1_000 + 7 * n, n)} for n in range(60)]
SOURCE = encode({"values": VALUES})
TEXTS = [encode(each) for each in VALUES]


def back(body: Body, *sources: bytes) -> bytes:
    """Make a text again of the sources that its bases name by their texts' lengths."""
    return body.text(next(each for each in sources if len(each) == base.bytes) for base in body.bases)


def test_values_in_their_order_cost_what_they_have() -> None:
    library = Library({"source": SOURCE})
    assert [library.find(each) for each in TEXTS] == [("source", SOURCE.index(each)) for each in TEXTS]
    assert library.searched < 2 * len(SOURCE)


def test_values_in_any_order_are_found() -> None:
    texts = Random(1).sample(TEXTS, len(TEXTS))
    library = Library({"source": SOURCE})
    assert [library.find(each) for each in texts] == [("source", SOURCE.index(each)) for each in texts]


def test_those_of_several_sources_are_found_and_none_of_others() -> None:
    more = [{"text": noise(900, f"more {n}")} for n in range(20)]
    library = Library({"source": SOURCE, "more": encode(more)})
    for one, other in zip(TEXTS, more, strict=False):
        assert library.find(one) == ("source", SOURCE.index(one))
        assert library.find(encode(other)) == ("more", encode(more).index(encode(other)))
    assert library.find(encode({"text": noise(900, "of none")})) is None


@pytest.mark.parametrize(
    "unit", [b"a", b'{"a":1},', b"a" * 999 + b"b", noise(5_000, 1).encode()], ids=["one", "line", "long", "noise"]
)
def test_however_much_is_looked_for_in_vain_the_search_is_linear(unit: bytes) -> None:
    source = (unit * (200_000 // len(unit) + 1))[:200_000]
    library = Library({"source": source})
    for number in range(400):
        assert library.find(source[number : number + 5_000] + b"#") is None
    assert library.searched <= SEARCHED * len(source) + len(source) + 3 * 5_001
    assert library.find(source[:600]) is None, "enough was searched"


def test_what_is_not_much_shorter_is_no_quotation() -> None:
    library = Library({"source": SOURCE})
    assert library.find(SOURCE) is None
    assert library.find(SOURCE[: len(SOURCE) // 2 + 1]) is None
    assert library.find(SOURCE[: len(SOURCE) // 2]) == ("source", 0)


def test_a_payload_that_is_in_another_is_no_source() -> None:
    inner = encode(VALUES[:20])
    library = Library({"inner": inner, "outer": encode([VALUES[:20], VALUES[20:]])})
    assert library.sources.keys() == {"outer"}


def test_no_more_is_found_than_has_room() -> None:
    library = Library({"source": SOURCE}, room=len(TEXTS[0]) + len(TEXTS[1]))
    assert [library.find(each) is None for each in TEXTS[:3]] == [False, False, True]
    assert library.find(b'"short"') is None


def test_of_payloads_that_no_function_holds_twice_the_shortest_are_far() -> None:
    payloads = {"longest": bytes(HELD), "short": bytes(HELD // 2), "shorter": bytes(HELD // 2 - 1)}
    assert {*far(payloads, ())} == {"shorter", "short"}
    assert [*far({"longest": payloads["longest"]}, ())] == ["longest"]


def test_only_long_payloads_are_far_and_none_that_is_near() -> None:
    long = b"x" * (PACKING.slot + 1)
    assert far({"long": long, "near": long, "short": long[1:]}, {"near"}) == {"long": long}


class TestQuoting:
    @pytest.mark.parametrize(
        "value",
        [
            VALUES,
            {"é/~": VALUES[3], **{f"v{n}": each for n, each in enumerate(VALUES)}, "own": noise(3_000, "own")},
            [1, "two", None, VALUES[7], {"three": 3}, VALUES[2], VALUES[2]],
        ],
        ids=["list", "object", "mixed"],
    )
    def test_the_members_of_a_value_are_quoted(self, value: Json) -> None:
        text = encode(value)
        body = quoting(text, Library({"source": encode([VALUES, "x" * 300_000])}))
        assert not is_new(body, text)
        assert b"number" not in body.own
        assert back(body, encode([VALUES, "x" * 300_000])) == text

    def test_so_is_a_value_itself(self) -> None:
        text = encode(VALUES[:20])[1:-1]
        body = quoting(b"[" + text + b"]", Library({"source": SOURCE}))
        whole = quoting(
            encode({"text": noise(4_000, 1)}), Library({"s": encode([{"text": noise(4_000, 1)}, SOURCE.decode()])})
        )
        assert body.own.strip(b"[],") == b""
        assert whole.own == b""

    def test_of_several_sources(self) -> None:
        others = encode([{"text": noise(2_000, f"other {n}")} for n in range(9)])
        text = encode([VALUES[1], {"text": noise(2_000, "other 4")}, VALUES[2]])
        body = quoting(text, Library({"source": SOURCE, "others": others}))
        assert {*body.bases} == {Reference("source", len(SOURCE)), Reference("others", len(others))}
        assert back(body, SOURCE, others) == text

    @pytest.mark.parametrize("value", [noise(5_000, "new"), [1, 2, 3], "é" * 3_000, {"a": noise(600, "b")}])
    def test_what_is_in_none_is_written_as_it_is(self, value: Json) -> None:
        text = encode(value)
        body = quoting(text, Library({"source": SOURCE}))
        assert body == Body(text)
        assert is_new(body, text)
        assert quoting(text, Library({})) == Body(text)

    def test_so_is_a_bundle_which_is_no_value(self) -> None:
        text = b'"v1":' + TEXTS[1] + b'],{"v2":' * 400
        assert quoting(text, Library({"source": SOURCE})) == Body(text)


SIZE = 1_000


@given(
    st.lists(st.integers(0, 59) | st.text(max_size=5), min_size=1, max_size=8),
    st.integers(1, 3_000),
)
def test_windows_of_a_text_and_the_chunks_of_its_bases_make_it_again(chosen: list[int | str], size: int) -> None:
    text = encode([VALUES[each] if isinstance(each, int) else each for each in chosen])
    body = quoting(text, Library({"source": SOURCE}))
    windows = [body.window(at, at + size) for at in range(0, len(text), size)]
    chunks = {("source", at // SIZE): SOURCE[at : at + SIZE] for at in range(0, len(SOURCE), SIZE)}
    needed = [{key: chunks[key] for key in window.chunks(SIZE)} for window in windows]
    made = [window.text_of_chunks(each, SIZE) for window, each in zip(windows, needed, strict=True)]
    assert made == [text[at : at + size] for at in range(0, len(text), size)]


def test_a_chunk_that_is_missing_is_told() -> None:
    body = quoting(encode(VALUES), Library({"source": encode([VALUES, "x" * 300_000])}))
    with pytest.raises(KeyError):
        body.text_of_chunks({}, SIZE)
