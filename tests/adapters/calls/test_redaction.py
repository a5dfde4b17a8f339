import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.adapters.calls.redaction import CHARS, MESSAGE_CHARS, NAME_CHARS, redacted, redacted_error
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json

CANARY = 'pä ss+w/"1\\~&*(x)'


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
        repr,
        ascii,
        lambda text: repr(text + "'"),
        lambda text: repr(text.encode()),
        html.escape,
        lambda text: text.encode().upper().decode(),
        lambda text: json.dumps(json.dumps(text)),
        lambda text: quote(json.dumps(text)),
        lambda text: repr(json.dumps(text)),
        lambda text: text.encode().decode("latin-1"),
        "\0".join,
        lambda text: b64encode(text.encode("utf-16-le")).decode(),
        lambda text: text.encode().hex(),
        lambda text: text.encode().hex(":").upper(),
        lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
        lambda text: json.dumps("".join(f"\\u{ord(character):04X}" for character in text)),
        lambda text: "".join(f"&#{ord(character)};" for character in text),
        lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace").decode(),
        lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
        lambda text: quote_plus(quote_plus(quote_plus(quote_plus(text)))),
        lambda text: json.dumps(json.dumps(json.dumps(text))),
        lambda text: html.escape(html.escape(html.escape(text))),
        lambda text: b64encode(text.encode("utf-16-be")).decode(),
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


@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("written", [str, json.dumps, quote])
def test_a_secret_is_hidden_in_the_lines_of_base64(width: int, end: str, written: Callable[[str], str]) -> None:
    secret = CANARY * 12
    encoded = b64encode(secret.encode()).decode()
    lines = end.join(encoded[at : at + width] for at in range(0, len(encoded), width))
    hidden = redacted(f"<{written(lines)}>", [secret])
    assert "***" in str(hidden)
    assert not any(encoded[at : at + 12] in str(hidden) for at in range(len(encoded) - 12))


@pytest.mark.parametrize("around", ["", "a", "ab"])
@pytest.mark.parametrize("inside", ["", "u:", "us:"])
@pytest.mark.parametrize("secret", [CANARY, "hunter2 of the hills"])
def test_a_secret_is_hidden_in_base64_of_base64(inside: str, around: str, secret: str) -> None:
    once = b64encode(f"{inside}{secret}".encode()).decode()
    twice = b64encode(f"{around}{once}".encode()).decode()
    hidden = redacted(f"<{twice}>", [secret])
    assert "***" in str(hidden)
    assert not any(twice[at : at + 12] in str(hidden) for at in range(10, len(twice) - 20))


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


def test_what_has_no_secret_is_not_copied() -> None:
    value: dict[str, Json] = {
        "clean": {"numbers": [12345678, 2]},
        "headers": {"a": "b"},
        "other": ["S3cret-S3cret", {}],
    }
    found = cast("dict[str, Any]", redacted(value, ["S3cret-S3cret"]))
    assert found["other"] == ["***", {}]
    assert found["clean"] is value["clean"]
    assert found["other"][1] is cast("dict[str, Any]", value)["other"][1]


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


SECRET = "hunter2 of the hills"  # noqa: S105 - none


@pytest.mark.parametrize("kept", range(4, len(SECRET)))
def test_a_piece_of_a_secret_at_a_cut_is_hidden_in_an_error(kept: int) -> None:
    def shown(text: str) -> str:
        return str(redacted_error(StepError(text), [SECRET]))

    assert (shown(f"no {SECRET[:kept]}"), shown(f"{SECRET[-kept:]} was sent")) == ("no ***", "*** was sent")


def test_lines_of_a_secret_are_hidden_in_an_error() -> None:
    lines = ["-- BEGIN --", "MIIEpAIBAAKC/Ag+EA0Z3V", "S5JJcds3xfnYgcW5", "-- END --"]
    details: Json = ["it has", f"0 {lines[0]}", *lines[1:-1], f"{lines[-1]} is its end"]
    error = redacted_error(StepError("", "x", details), ["\n".join(lines)])
    assert error.details == ["it has", "0 ***", "***", "***", "*** is its end"]


def test_a_result_is_not_cut_so_pieces_are_what_they_are() -> None:
    assert redacted(["http", "a hunt", "of the h"], ["https://hunter2", SECRET]) == ["http", "a hunt", "of the h"]


def test_an_error_is_cut_once_its_secrets_are_hidden() -> None:
    for before in (0, 1, MESSAGE_CHARS - 10, CHARS - 10, NAME_CHARS - 10):
        text = "x" * before + SECRET + "x" * CHARS
        error = redacted_error(StepError(text, text, {text: [text, 1, None]}), [SECRET])
        hidden = "x" * before + "***" + "x" * CHARS
        assert (str(error), error.name) == (hidden[:MESSAGE_CHARS], hidden[:NAME_CHARS])
        assert error.details == {hidden[:CHARS]: [hidden[:CHARS], 1, None]}


def test_the_name_of_an_error_is_one_word() -> None:
    assert redacted_error(StepError("", "lambda.Odd one: hunter2 of the hills"), [SECRET]).name == "lambda.Odd-one--***"
