import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.values.errors import SedoError, TokenError, TokenExpiredError
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.token import SigningKey, Token, read_token, sign_token

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
NEW, OLD = SigningKey("k2", bytes(range(32))), SigningKey("k1", bytes(range(32, 64)))
TOKEN = Token("123:order-fulfilment:00c0ffee", "main.3.left.2.0", 7, NOW + timedelta(days=365))
TEXT = sign_token(TOKEN, [NEW])
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

tokens = st.builds(
    Token,
    st.text(min_size=1, max_size=200),
    st.text(min_size=1, max_size=100),
    st.integers(0, 10**9),
    st.datetimes(NOW.replace(tzinfo=None), timezones=st.just(UTC)).map(
        lambda at: at.replace(microsecond=0) + timedelta(seconds=1)
    ),
)


def signed(front: str, key: SigningKey = NEW) -> str:
    """Sign anything, as sign does."""
    digest = hmac.new(key.secret, front.encode(), hashlib.sha256).digest()
    return f"{front}.{urlsafe_b64encode(digest).decode().rstrip('=')}"


@given(tokens.filter(lambda token: token.expires.year < 9999))
def test_what_is_signed_is_read(token: Token) -> None:
    assert read_token(sign_token(token, [NEW]), [NEW], NOW) == token


def test_a_token_is_the_same_whenever_it_is_made() -> None:
    assert sign_token(TOKEN, [NEW, OLD]) == TEXT == signed(TEXT.rpartition(".")[0])
    assert TEXT.startswith("v1.k2.")


def test_a_token_can_stand_in_a_url_and_is_short() -> None:
    text = sign_token(copy_with(TOKEN, execution="x" * 200), [NEW])
    assert set(text) <= {*ALPHABET, "."}
    assert len(text) < 400


def test_a_fraction_of_a_second_is_cut_off() -> None:
    token = copy_with(TOKEN, expires=TOKEN.expires + timedelta(milliseconds=999))
    assert sign_token(token, [NEW]) == TEXT


def test_a_token_with_any_bit_flipped_is_refused() -> None:
    content = TEXT.encode()
    for position in range(len(content) * 8):
        flipped = bytearray(content)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(TokenError):
            read_token(flipped.decode("latin-1"), [NEW, OLD], NOW)


@pytest.mark.parametrize("part", [2, 3])
def test_no_other_last_character_of_a_part_is_valid(part: int) -> None:
    """Base64 has spare bits there: they are a second spelling of the same bytes."""
    parts = TEXT.split(".")
    for character in ALPHABET.replace(parts[part][-1], ""):
        changed = [*parts[:part], parts[part][:-1] + character, *parts[part + 1 :]]
        with pytest.raises(TokenError):
            read_token(".".join(changed), [NEW], NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1",
        "v1...",
        "v1.k2..",
        "token",
        "é" * 100,
        "\ud800",
        TEXT + "=",
        TEXT + "\n",
        " " + TEXT,
        TEXT + ".",
        TEXT + ".x",
        TEXT[:-1],
        TEXT.rpartition(".")[0],
        TEXT.upper(),
        TEXT.replace("v1.", "V1."),
        TEXT.replace(".", "%2E"),
    ],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenError, match="send it as the step handed it out"):
        read_token(text, [NEW, OLD], NOW)


@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(TokenError):
        read_token(text, [NEW, OLD], NOW)


def test_another_version_is_refused_even_if_it_is_signed() -> None:
    for version in ("v0", "v2", "v11", "w1"):
        with pytest.raises(TokenError):
            read_token(signed(TEXT.rpartition(".")[0].replace("v1", version, 1)), [NEW], NOW)


def test_a_token_is_valid_until_it_expires() -> None:
    assert read_token(TEXT, [NEW], TOKEN.expires - timedelta(milliseconds=1)) == TOKEN
    for late in (TOKEN.expires, TOKEN.expires + timedelta(days=1)):
        with pytest.raises(TokenExpiredError, match="token has expired"):
            read_token(TEXT, [NEW], late)


def test_whether_it_has_expired_is_told_only_of_a_token_that_was_valid() -> None:
    changed = TEXT[:-1] + ("A" if TEXT[-1] != "A" else "B")
    with pytest.raises(TokenError) as error:
        read_token(changed, [NEW], TOKEN.expires)
    assert not isinstance(error.value, TokenExpiredError)


def test_the_first_key_signs_and_all_verify() -> None:
    old = sign_token(TOKEN, [OLD])
    assert sign_token(TOKEN, [NEW, OLD]) != old
    assert read_token(old, [NEW, OLD], NOW) == read_token(TEXT, [NEW, OLD], NOW) == TOKEN


def test_a_key_that_was_taken_away_no_longer_verifies() -> None:
    with pytest.raises(TokenError):
        read_token(sign_token(TOKEN, [OLD]), [NEW], NOW)
    with pytest.raises(TokenError):
        read_token(TEXT, [], NOW)


def test_another_key_of_the_same_id_does_not_verify() -> None:
    with pytest.raises(TokenError):
        read_token(TEXT, [SigningKey("k2", OLD.secret)], NOW)


def test_a_token_verifies_only_with_the_key_that_it_names() -> None:
    front = TEXT.rpartition(".")[0]
    with pytest.raises(TokenError):
        read_token(signed(front, OLD), [NEW, OLD], NOW)


def test_errors_of_tokens_are_in_the_tree() -> None:
    assert issubclass(TokenExpiredError, TokenError)
    assert issubclass(TokenError, SedoError)


@pytest.mark.parametrize("key_id", ["", "a.b", "a:b", "a,b", "ä", "k\n", "k" * 65])
def test_a_key_needs_an_id_that_can_stand_in_a_token(key_id: str) -> None:
    with pytest.raises(ValueError, match="the id of a key"):
        SigningKey(key_id, NEW.secret)


def test_a_key_needs_32_bytes() -> None:
    with pytest.raises(ValueError, match="31 bytes: at least 32"):
        SigningKey("k", bytes(31))


def test_a_key_does_not_show_its_secret() -> None:
    assert repr(NEW) == "SigningKey(id='k2')"
