"""API keys: how they are written, and when one counts."""

from datetime import timedelta

import pytest

from chalicelib.core.access.entries import AccessEntry, EntryKind
from chalicelib.core.access.keys import ApiKey, hash_of, key_document, place_of, read_key, write_key
from chalicelib.core.values.value import copy_with
from tests.home import START

ID, SECRET = "0123456789abcdef", "ab" * 32
TEXT = write_key("acme", ID, SECRET)
KEY = ApiKey("acme", ID, hash_of(TEXT), "of a test", ("viewer",), START, "ada")


@pytest.mark.parametrize("tenant", ["acme", "a_b", "_", "sedo_x", "*", "a.b-c"])
def test_a_key_says_whose_it_is(tenant: str) -> None:
    assert place_of(write_key(tenant, ID, SECRET)) == (tenant, ID)


@pytest.mark.parametrize(
    "text", ["", "sedo", TEXT[:-1], TEXT[1:], TEXT + "0", TEXT.upper(), "sedo_*_" + ID + "_" + SECRET]
)
def test_what_is_no_key(text: str) -> None:
    assert place_of(text) is None


def test_when_a_key_counts() -> None:
    assert KEY.problem(TEXT, START) is None
    assert KEY.problem(write_key("beta", ID, SECRET), START) == "there is no such API key"
    assert copy_with(KEY, revoked_at=START).problem(TEXT, START) == "the API key is revoked"
    expiring = copy_with(KEY, expires_at=START + timedelta(hours=1))
    assert expiring.problem(TEXT, START) is None
    assert expiring.problem(TEXT, START + timedelta(hours=1)) == "the API key has expired"


def test_its_record_has_no_secret_and_is_read_as_it_was_written() -> None:
    for key in (KEY, copy_with(KEY, expires_at=START, revoked_at=START, version=2)):
        document = key_document(key)
        assert SECRET not in str(document)
        assert read_key(AccessEntry("acme", EntryKind.KEY, ID, document, START, "ada", key.version)) == key
    assert KEY.subject == f"key:{ID}"
