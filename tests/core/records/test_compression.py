import random
import zlib

import pytest

from chalicelib.core.records.compression import CORRUPT, READ_UNIT, compressed, decompressed
from chalicelib.core.values.json import encode

WORDS = ["order", "line", "receive", "charge", "ship", "notify", "close", "price"]


def orders(count: int) -> bytes:
    chance = random.Random(1)
    return encode(
        [{"id": n, "note": " ".join(chance.choices(WORDS, k=8)), "sum": chance.random()} for n in range(count)]
    )


LONG = orders(1_000)


@pytest.mark.parametrize("text", [b"", b"1", orders(3), LONG, LONG * 12, random.Random(1).randbytes(100_000)])
def test_a_text_comes_back(text: bytes) -> None:
    assert decompressed(compressed(text)) == text


def test_a_long_text_is_made_shorter_than_zlib_can() -> None:
    assert len(compressed(LONG)) < 0.8 * len(zlib.compress(LONG))


def test_what_takes_a_unit_of_reading_is_left_to_zlib() -> None:
    text = orders(50)
    assert len(zlib.compress(text)) < READ_UNIT
    assert compressed(text) == zlib.compress(text)


def test_so_is_what_zlib_makes_shorter() -> None:
    noise = random.Random(1).randbytes(READ_UNIT + 1)
    assert compressed(noise) == zlib.compress(noise)


def test_a_long_text_that_repeats_itself_is_left_to_zlib() -> None:
    text = b"a line of it, and another one. " * 160_000
    short = zlib.compress(text)
    assert len(short) > READ_UNIT
    assert compressed(text) == short


@pytest.mark.parametrize(
    "content", [b"", b"BZh", b"BZh9 and more", b"text", compressed(LONG)[:-9], compressed(orders(3))[:-9]]
)
def test_what_nobody_has_compressed_is_corrupt(content: bytes) -> None:
    with pytest.raises(CORRUPT):
        decompressed(content)
