import copy
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.adapters.calls.placeholders import Filled, filled, redacted
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.expressions.template import Placeholder
from chalicelib.core.values.errors import InternalError, StepError
from chalicelib.core.values.json import Json

KEY = CallKey("123:order-fulfilment:00c0ffee", "main", 7)
CANARY = 'pä ss+w/"1\\~&*(x)'


def fill(params: Json, **placeholders: list[str | Placeholder]) -> Filled:
    return filled(
        Call("http", params, placeholders), KEY, lambda tenant, name: f"<{tenant} {name}>", lambda key: f"<{key}>"
    )


def test_a_hole_gets_the_secret_of_the_tenant() -> None:
    params: Json = {"headers": {"X-Key": "***"}, "url": "https://a"}
    answer = fill(params, **{"/headers/X-Key": ["Key ", Placeholder("shop/key"), "!"]})
    assert answer.params == {"headers": {"X-Key": "Key <123 shop/key>!"}, "url": "https://a"}
    assert answer.secrets == {"<123 shop/key>"}


def test_a_hole_gets_the_token_of_the_visit() -> None:
    answer = fill({"body": {"answer": "***"}}, **{"/body/answer": [Placeholder()]})
    assert answer.params == {"body": {"answer": f"<{KEY}>"}}
    assert answer.secrets == {f"<{KEY}>"}


def test_places_are_found_by_their_pointers() -> None:
    params: Json = {"a/b": ["x", {"c~d": "***", "": "***"}], "0": "x"}
    answer = fill(params, **{"/a~1b/1/c~0d": [Placeholder("a")], "/a~1b/1/": [Placeholder("b"), Placeholder("a")]})
    assert answer.params == {"a/b": ["x", {"c~d": "<123 a>", "": "<123 b><123 a>"}], "0": "x"}
    assert answer.secrets == {"<123 a>", "<123 b>"}


def test_the_parameters_stay_as_they_are() -> None:
    params: Json = {"body": [{"key": "***"}, 1, None, True, 1.5, 10**30], "text": "***"}
    before = copy.deepcopy(params)
    answer = fill(params, **{"/body/0/key": [Placeholder("a")]})
    assert params == before
    assert answer.params == {"body": [{"key": "<123 a>"}, 1, None, True, 1.5, 10**30], "text": "***"}


def test_without_holes_nothing_is_filled_in() -> None:
    answer = fill({"text": "***"})
    assert (answer.params, answer.secrets) == ({"text": "***"}, frozenset())


def test_a_secret_is_asked_for_once_however_often_it_is_used() -> None:
    asked: list[str] = []

    def secret(tenant: str, name: str) -> str:
        asked.append(name)
        return "hunter2"

    placeholders = {"/a": [Placeholder("x"), Placeholder("x")], "/b": [Placeholder("x")]}
    assert filled(Call("http", {"a": "", "b": ""}, placeholders), KEY, secret, str).params == {
        "a": "hunter2hunter2",
        "b": "hunter2",
    }
    assert asked == ["x"]


@pytest.mark.parametrize("params", [{}, {"a": ["***"]}, {"a": {"b": 1}}, {"b": "***"}])
def test_a_place_with_no_text_is_told_rather_than_left(params: Json) -> None:
    with pytest.raises(InternalError, match="no text at /a/b"):
        fill(params, **{"/a/b": [Placeholder("x")]})


def test_a_secret_that_is_not_there_is_the_errors_of_the_step() -> None:
    def missing(tenant: str, name: str) -> str:
        raise StepError(f"no {name}", "SecretNotFound")

    with pytest.raises(StepError, match="no x"):
        filled(Call("http", {"a": ""}, {"/a": [Placeholder("x")]}), KEY, missing, str)


def test_what_was_filled_in_is_not_shown() -> None:
    assert "123 a" not in repr(fill({"a": "***"}, **{"/a": [Placeholder("a")]}))


@pytest.mark.parametrize(
    "spelled",
    [
        str,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        lambda text: json.dumps(text).replace("/", "\\/"),
        quote,
        lambda text: quote(text, safe=""),
        lambda text: (
            quote(text, safe="")
            .replace("%2F", "%2f")
            .replace("%C3%A4", "%c3%a4")
            .replace("%2B", "%2b")
            .replace("%5C", "%5c")
            .replace("%2A", "%2a")
            .replace("%7E", "%7e")
        ),
        lambda text: quote(text, safe="!'()*"),
        quote_plus,
        lambda text: quote_plus(text, safe="*").replace("~", "%7E"),
        lambda text: urlencode({"key": text}),
        lambda text: f"Bearer {text}, and {text}",
    ],
)
def test_a_secret_is_hidden_in_every_spelling(spelled: Callable[[str], str]) -> None:
    hidden = redacted({"a": [f"<{spelled(CANARY)}>"]}, [CANARY])
    assert isinstance(hidden, dict)
    text = str(hidden["a"])
    assert "***" in text
    assert not any(piece in text for piece in ("ss+", "ss%", "w/", "w%", "(x", "%28x", "p\\u", "p%"))


@pytest.mark.parametrize("encoder", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "u", "us", "use", "user:"])
@pytest.mark.parametrize("after", ["", ":", "::"])
@pytest.mark.parametrize("secret", [CANARY, "hunter2", "hunter22", "hunter222", "~~~~???>>>"])
def test_a_secret_is_hidden_in_base64_at_any_offset(
    encoder: Callable[[bytes], bytes], before: str, after: str, secret: str
) -> None:
    text = encoder(f"{before}{secret}{after}".encode()).decode()
    hidden = redacted(f"Basic {text}", [secret])
    assert isinstance(hidden, str)
    kept = hidden.removeprefix("Basic ").replace("***", "").rstrip("=")
    neighbours = len(encoder((before + after).encode()).decode().rstrip("="))
    assert len(kept) <= neighbours + 3


def test_a_secret_is_hidden_in_base64_inside_a_url() -> None:
    encoded = quote(b64encode(b"~~~~???>>>").decode(), safe="")
    assert "%2" in encoded
    assert redacted(f"?auth={encoded}", ["~~~~???>>>"]) == "?auth=***g%3D%3D"


def test_a_secret_is_hidden_without_the_space_around_it() -> None:
    assert redacted("key hunter2.", ["hunter2\n"]) == "key ***."


def test_every_text_and_key_is_looked_through() -> None:
    value: Json = {"a hunter2": {"b": ["hunter2", ["x hunter2 y"], {"hunter2": 1}]}, "c": [1, None, True, 1.5]}
    assert redacted(value, ["hunter2"]) == {
        "a ***": {"b": ["***", ["x *** y"], {"***": 1}]},
        "c": [1, None, True, 1.5],
    }


def test_a_number_that_is_a_secret_is_hidden() -> None:
    assert redacted([4711, 47110, 1.25, True, 471], ["4711", "1.25", "true"]) == ["***", 47110, "***", True, 471]


def test_what_is_short_is_hidden_only_where_it_is_all_of_a_text() -> None:
    assert redacted(["abc", "abcd", {"abc": 1}, 123], ["abc", "123"]) == ["***", "abcd", {"***": 1}, 123]


def test_an_empty_secret_hides_nothing() -> None:
    assert redacted(["", "abc"], [""]) == ["", "abc"]


def test_secrets_that_overlap_are_hidden_whole() -> None:
    assert redacted("<abcdefgh>", ["abcdef", "efgh"]) == "<***>"
    assert redacted("<hunter2hunter2>", ["hunter2", "hunter2hunter"]) == "<***>"
    assert redacted("<hunter2hunter2>", ["hunter2hunter2", "unter2h"]) == "<***>"
    assert redacted("ababababa.", ["abababa"]) == "***."


def test_a_value_without_secrets_is_as_it_was() -> None:
    value: Json = {"a": ["text", 1, 1.5, None, {"headers": {"Content-Type": "text/plain"}}]}
    assert redacted(value, ["hunter2"]) == redacted(value, []) == value


@pytest.mark.parametrize(
    "name", ["Authorization", "authorization", "Proxy-Authorization", "SET-COOKIE", "Cookie", "x-api-key", "X-Api-Key"]
)
@pytest.mark.parametrize("holder", ["headers", "Headers", "HTTPHeaders", "multiValueHeaders"])
def test_private_headers_are_hidden(name: str, holder: str) -> None:
    assert redacted({"a": [{holder: {name: "abc", "ETag": "abc"}}]}, []) == {
        "a": [{holder: {name: "***", "ETag": "abc"}}]
    }
    assert redacted({holder: {name: ["a", "b"]}}, []) == {holder: {name: ["***", "***"]}}
    pairs: Json = {holder: [[name, "abc"], ["ETag", "abc"], [name], name, 1]}
    assert redacted(pairs, []) == {holder: [[name, "***"], ["ETag", "abc"], [name], name, 1]}


def test_what_is_called_headers_and_is_not_stays() -> None:
    value: Json = {"headers": "Authorization", "a": {"Authorization": "x"}, "more": [["Cookie", "x"]]}
    assert redacted(value, []) == value


def test_other_headers_are_looked_through_too() -> None:
    assert redacted({"headers": {"Location": "/?k=hunter2"}}, ["hunter2"]) == {"headers": {"Location": "/?k=***"}}


@given(
    st.text(min_size=4, max_size=20),
    st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
    st.text(),
    st.text(),
)
def test_no_secret_is_left_anywhere(secret: str, value: Json, before: str, after: str) -> None:
    assume(len(secret.strip()) >= 4)
    assume("*" not in secret)
    hidden = redacted([value, {before + secret + after: [before + secret + after]}], [secret])
    assert not any(secret in text for text in texts(hidden))


def texts(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    if isinstance(value, dict):
        return [*value, *(text for member in value.values() for text in texts(member))]
    return []
