"""Uploads in parts."""

from datetime import timedelta

import pytest

from chalicelib.adapters.dynamodb.tables import UPLOADS
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, random_text

END = NOW + timedelta(days=1)


def test_an_upload_that_has_begun_is_there_until_its_end(backend: Backend, tenant: str) -> None:
    assert backend.uploads.expires(tenant) is None
    backend.uploads.open(tenant, END)
    assert (backend.uploads.expires(tenant), backend.uploads.read(tenant)) == (END, {})


def test_chunks_are_joined_by_their_numbers(backend: Backend, tenant: str) -> None:
    contents = {3: b"c", 1: random_text(900_000).encode(), 2: b"\xff\x00"}
    backend.uploads.open(tenant, END)
    for number, content in contents.items():
        backend.uploads.put(tenant, number, content, END)
    assert backend.uploads.read(tenant) == contents


def test_a_shorter_one_takes_the_place_of_a_longer_one(backend: Backend, tenant: str) -> None:
    backend.uploads.open(tenant, END)
    for content in (random_text(900_000).encode(), b"short"):
        backend.uploads.put(tenant, 1, content, END)
    assert backend.uploads.read(tenant) == {1: b"short"}


@pytest.mark.parametrize("lost", [1_000, 1_001])
def test_one_that_is_not_whole_is_left_out(aws: Aws, tenant: str, lost: int) -> None:
    uploads = aws.backend.uploads
    for number in (1, 2):
        uploads.put(tenant, number, random_text(900_000).encode(), END)
    aws.dynamodb.delete_item(TableName=aws.names.table(UPLOADS), Key=UPLOADS.key(tenant, lost))
    assert {*uploads.read(tenant)} == {2}


def test_chunks_expire_with_their_upload(aws: Aws, tenant: str) -> None:
    aws.backend.uploads.open(tenant, END)
    aws.backend.uploads.put(tenant, 1, b"1", END)
    for number in (0, 1_000):
        found = aws.dynamodb.get_item(TableName=aws.names.table(UPLOADS), Key=UPLOADS.key(tenant, number))
        assert found["Item"][UPLOADS.expiry] == {"N": str(int(END.timestamp()))}
