import hashlib
import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.dynamodb.attributes import PLAIN_BYTES, WORDS, pack, unpack
from chalicelib.core.values.json import Json, encode

JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
@settings(max_examples=50)
def test_any_json_comes_back(value: Json) -> None:
    assert repr(unpack(pack(encode(value)))) == repr(value)


def test_short_text_is_plain_and_long_text_is_compressed() -> None:
    at_most = "x" * (PLAIN_BYTES - 2)
    assert pack(encode(at_most)) == {"S": f'"{at_most}"'}
    assert len(pack(encode("x" * 100_000))["B"]) < 1000
    assert unpack(pack(encode("é" * 100_000))) == "é" * 100_000


def test_text_is_compact() -> None:
    assert encode({"a": [1, "é"]}) == '{"a":[1,"é"]}'.encode()


def test_the_words_stay_as_they_are() -> None:
    assert hashlib.sha256(WORDS).hexdigest() == "df8701e7b68d7e155bc3a7c2840df702c1dc059e48dcfdc331cec4418e4775b2", (
        "what is stored could not be read any more"
    )


def test_what_stands_in_the_words_takes_hardly_any_room() -> None:
    record = encode(
        [["2026-01-31T09:00:00.000Z", "StepStarted", "main", 7, "charge", 1, {"params": {"method": "GET"}}]]
    )
    assert len(pack(record * 9)["B"]) < len(zlib.compress(record * 9)) - 50
