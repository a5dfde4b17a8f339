"""Any bytes to any route: the answer is what was asked for, or says why not, and never a fault of sedo."""

import json
import re
from typing import Any
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from app import app
from chalicelib.api.headers import ALLOWED
from tests.api.declared import OPERATIONS
from tests.application import assert_problem
from tests.hostile.case import Case, definition
from tests.hostile.json_bodies import BROKEN
from tests.hostile.world import World

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
TYPES = ("application/json", "application/yaml", "text/yaml", "text/plain", "application/octet-stream", "*/*", "")
KNOWN = {
    "tenantId": ["123"],
    "id": ["plain", "waiting", "<execution>", "<task>", "<upload>", "0" * 16],
    "token": ["<token>"],
    "name": ["paid", "go", "start.js"],
    "part": ["1", "0", "6"],
}
"""What the parameters of paths may be, to come to something."""
NAMES = sorted(
    {each["name"] for operation in OPERATIONS.values() for each in operation.parameters if each["in"] == "query"}
)
HEADERS = sorted(
    {each["name"] for operation in OPERATIONS.values() for each in operation.parameters if each["in"] == "header"}
    | {*ALLOWED.split(", "), "Accept", "Origin"}
)

words = st.sampled_from(["None", "False", "dict", "botocore", "KeyError"])
"""What no message says but where it quotes it."""
plain = words.map(str.encode)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | words
members = st.sampled_from(
    ["input", "name", "version", "key", "data", "id", "steps", "type", "answer", "step", "stash", "mocks"]
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(members | st.text(max_size=9) | words, inner, max_size=5)
    ),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Make a definition, or a start of one, with some bytes changed."""
    whole = json.dumps(draw(st.sampled_from([definition("made"), {"input": {"a": 1}, "name": "n"}]))).encode()
    start, length = draw(st.integers(0, len(whole))), draw(st.integers(0, 9))
    return whole[:start] + draw(st.binary(max_size=9)) + whole[start + length :]


bodies = (
    st.binary(max_size=200)
    | plain
    | values.map(lambda value: json.dumps(value).encode())
    | damaged()
    | st.sampled_from([*BROKEN.values()])
)
latin = st.text(st.characters(max_codepoint=255), max_size=40) | words


@st.composite
def anything(draw: st.DrawFn) -> Case:
    """Make a request to a route."""

    def segment(found: re.Match[str]) -> str:
        text = (st.text(max_size=12) | words).map(lambda part: quote(part.encode(errors="surrogatepass"), safe=""))
        raw = st.binary(max_size=6).map(lambda part: quote(part, safe=""))
        return draw(st.sampled_from(KNOWN[found[1]]) | text | raw)

    path = re.sub(r"{(\w+)}", segment, draw(st.sampled_from(sorted(app.routes))))
    pairs = draw(
        st.lists(
            st.tuples(st.sampled_from(NAMES) | st.text(max_size=9) | words, st.binary(max_size=12) | plain), max_size=3
        )
    )
    query = "&".join(f"{quote(name.encode(errors='surrogatepass'))}={quote(value)}" for name, value in pairs)
    headers: dict[str, Any] = draw(st.dictionaries(st.sampled_from(HEADERS), latin, max_size=3))
    if "Authorization" in headers:  # of an unknown path, Chalice's test client repeats it in ASCII
        headers["Authorization"] = ascii(headers["Authorization"])
    if kind := draw(st.sampled_from(TYPES) | latin):
        headers["Content-Type"] = kind
    method = draw(st.sampled_from(METHODS))
    return Case("any", "bytes", 0, f"{path}?{query}" if query else path, draw(bodies), method, headers)


@settings(max_examples=400)
@given(anything())
def test_any_bytes_to_any_route_are_answered_or_refused(world: World, case: Case) -> None:
    answer = world.send(case)
    assert 200 <= answer.status_code < 500, answer.body
    if answer.status_code >= 400 and answer.status_code not in {403, 405} and case.method != "HEAD":
        assert_problem(answer, answer.status_code)
