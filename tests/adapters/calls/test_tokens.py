import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.calls import tokens
from chalicelib.adapters.calls.parameters import parameters
from chalicelib.adapters.calls.tokens import TokenKeys, Tokens, new_key, parse
from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.adapters.names import Names
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.values.errors import SetupError, TokenError, TokenExpiredError
from chalicelib.core.waits.token import SigningKey
from deploy import resources
from tests.adapters.examples import NOW, fresh

ONE, TWO = bytes(range(32)), bytes(range(32, 64))
TEXT = f"new:{b64encode(TWO).decode()},old:{b64encode(ONE).decode()}"
KEY = CallKey("123:order-fulfilment:00c0ffee", "main.3.left", 7, "the order")


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock(NOW)


def read(text: str) -> Sequence[SigningKey]:
    return parse(text, "here")


def test_keys_are_read_newest_first() -> None:
    assert read(TEXT) == (SigningKey("new", TWO), SigningKey("old", ONE))
    assert read(f" {TEXT.replace(',', ', ')}\n") == read(TEXT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "key 1 is not an id, a colon and base64"),
        ("new", "key 1 is not an id, a colon and base64"),
        (TEXT + ",", "key 2|key 3"),
        ("a:!!!", "key 1"),
        ("a:!" + b64encode(ONE).decode(), "key 1"),
        ("a b:" + b64encode(ONE).decode(), "the id of a key"),
        ("a:" + b64encode(ONE[1:]).decode(), "31 bytes"),
        ("a:" + b64encode(ONE).decode()[:-1], "key 1"),
        (TEXT.replace("old", "new"), "two keys have the same id"),
    ],
)
def test_keys_that_are_malformed_are_told_with_their_place_and_without_what_is_secret(text: str, message: str) -> None:
    with pytest.raises(SetupError, match=message) as error:
        parse(text, "the parameter /x")
    assert str(error.value).startswith("the parameter /x: ")
    assert not re.search("[A-Za-z0-9+/]{20}", str(error.value))
    assert error.value.__cause__ is None


def test_a_fresh_key_is_read_and_is_never_the_same() -> None:
    (one,), (two,) = read(new_key()), read(new_key())
    assert len(one.secret) == 32
    assert one.id != two.id
    assert one.secret != two.secret


def test_keys_are_in_a_parameter_and_are_kept_for_five_minutes(ministack: str, clock: MemoryClock) -> None:
    names, ssm = Names(fresh("tokens")), clients.ssm(ministack)
    keys = TokenKeys(parameters(lambda: ssm), names, clock.now)
    with pytest.raises(SetupError, match=f"create the SecureString parameter /{names.prefix}/token-keys"):
        keys()
    ssm.put_parameter(Name=tokens.path(names), Value=TEXT, Type="SecureString")
    assert keys() == read(TEXT)
    ssm.put_parameter(Name=tokens.path(names), Value=new_key(), Type="SecureString", Overwrite=True)
    clock.sleep(299)
    assert keys() == read(TEXT)
    clock.sleep(1)
    assert keys() != read(TEXT)


def test_malformed_keys_name_their_parameter(clock: MemoryClock) -> None:
    keys = TokenKeys({"/sedo/token-keys": "new"}.get, Names("sedo"), clock.now)
    with pytest.raises(SetupError, match="the parameter /sedo/token-keys: key 1"):
        keys()


def test_keys_of_the_operator_go_first(clock: MemoryClock) -> None:
    keys = TokenKeys({"/sedo/token-keys": new_key()}.get, Names("sedo"), clock.now, read(TEXT))
    assert keys() == read(TEXT)


def test_the_keys_are_made_where_they_are_missing_and_stay_as_they_are(ministack: str, clock: MemoryClock) -> None:
    names, ssm = Names(fresh("tokens")), clients.ssm(ministack)
    assert resources.ensure_token_keys(ssm, names.prefix) == [f"/{names.prefix}/token-keys"]
    keys = TokenKeys(parameters(lambda: ssm), names, clock.now)()
    assert len(keys) == 1
    assert resources.ensure_token_keys(ssm, names.prefix) == []
    assert TokenKeys(parameters(lambda: ssm), names, clock.now)() == keys
    assert ssm.get_parameter(Name=tokens.path(names))["Parameter"]["Type"] == "SecureString"


def test_a_token_names_the_visit_of_its_key_whatever_the_step_says_instead(clock: MemoryClock) -> None:
    made = Tokens(lambda: read(TEXT), clock.now)
    token = made.read(made.issue(KEY))
    assert (token.execution, token.thread, token.turn) == ("123:order-fulfilment:00c0ffee", "main.3.left", 7)


def test_a_token_is_valid_for_a_year_and_then_expires(clock: MemoryClock) -> None:
    made = Tokens(lambda: read(TEXT), clock.now)
    text = made.issue(KEY)
    clock.instant += timedelta(days=365)
    assert made.read(text).expires == datetime(2027, 2, 1, tzinfo=UTC)
    clock.instant += timedelta(days=1)
    with pytest.raises(TokenExpiredError):
        made.read(text)


def test_the_token_of_a_key_stays_the_same_for_a_day(clock: MemoryClock) -> None:
    made = Tokens(lambda: read(TEXT), clock.now)
    text = made.issue(KEY)
    clock.instant = NOW.replace(hour=23, minute=59, second=59)
    assert made.issue(KEY) == text
    assert made.issue(KEY._replace(visit=8)) != text


def test_tokens_of_an_old_key_are_read_until_it_is_taken_away(clock: MemoryClock) -> None:
    old = Tokens(lambda: read(TEXT.partition(",")[2]), clock.now).issue(KEY)
    rotated = Tokens(lambda: read(TEXT), clock.now)
    assert rotated.issue(KEY) != old
    assert rotated.read(old) == rotated.read(rotated.issue(KEY))
    with pytest.raises(TokenError):
        Tokens(lambda: read(TEXT.partition(",")[0]), clock.now).read(old)
