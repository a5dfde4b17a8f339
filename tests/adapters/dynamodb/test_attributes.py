from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.dynamodb.attributes import PLAIN_BYTES, pack, unpack
from chalicelib.core.values.json import Json, encode

JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
@settings(max_examples=50, deadline=None)
def test_any_json_comes_back(value: Json) -> None:
    assert repr(unpack(pack(encode(value)))) == repr(value)


def test_short_text_is_plain_and_long_text_is_compressed() -> None:
    at_most = "x" * (PLAIN_BYTES - 2)
    assert pack(encode(at_most)) == {"S": f'"{at_most}"'}
    assert len(pack(encode("x" * 100_000))["B"]) < 1000
    assert unpack(pack(encode("é" * 100_000))) == "é" * 100_000


def test_text_is_compact() -> None:
    assert encode({"a": [1, "é"]}) == '{"a":[1,"é"]}'.encode()
