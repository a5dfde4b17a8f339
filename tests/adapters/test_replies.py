"""Answers by the keys of their requests."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.replies import DynamoReplies
from chalicelib.adapters.dynamodb.tables import FORMAT, REPLIES
from chalicelib.core.records.replies import KeptAnswer, KeyHolder, Piece
from chalicelib.core.values.value import copy_with
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, random_text

MINE = KeyHolder("mine", "seed")
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
REPLY = KeptAnswer(201, {"Location": "/sedo/tenants/t"}, '{"id": "ü"}')


def claim(backend: Backend, name: str, wanted: KeyHolder = MINE, later: timedelta = timedelta()) -> KeyHolder:
    now = NOW + later
    return backend.replies.claim(name, wanted, now, now + DAY, now - 60 * SECOND)


def test_a_key_is_taken_once(backend: Backend, tenant: str) -> None:
    assert claim(backend, tenant) == copy_with(MINE, is_new=True)
    assert claim(backend, tenant, KeyHolder("other", "another")) == MINE
    assert claim(backend, tenant, later=60 * SECOND) == MINE


@pytest.mark.parametrize("pieces", [(), (Piece(3, 700_000, 2), Piece(0, 12, 1_000))], ids=["whole", "pieces"])
@pytest.mark.parametrize("size", [10, 1_000_000])
def test_an_answer_is_kept_for_its_time(backend: Backend, tenant: str, size: int, pieces: tuple[Piece, ...]) -> None:
    claim(backend, tenant)
    reply = copy_with(REPLY, body=random_text(size), pieces=pieces)
    backend.replies.keep(tenant, reply, NOW + DAY)
    assert claim(backend, tenant, later=DAY - SECOND) == copy_with(MINE, reply=reply)
    other = KeyHolder("other", "another")
    assert claim(backend, tenant, other, DAY) == copy_with(other, is_new=True)


def test_a_key_that_was_let_go_is_for_the_same_request_with_its_seed(backend: Backend, tenant: str) -> None:
    claim(backend, tenant)
    backend.replies.let_go(tenant)
    assert claim(backend, tenant, KeyHolder("other", "another")) == MINE
    assert claim(backend, tenant, KeyHolder("mine", "another")) == copy_with(MINE, is_new=True)
    assert not claim(backend, tenant, KeyHolder("mine", "third")).is_new


def test_what_died_is_taken_over_by_the_same_request_with_its_seed(backend: Backend, tenant: str) -> None:
    claim(backend, tenant)
    late = 61 * SECOND
    assert not claim(backend, tenant, KeyHolder("other", "another"), late).is_new
    assert claim(backend, tenant, KeyHolder("mine", "another"), late) == copy_with(MINE, is_new=True)
    assert not claim(backend, tenant, KeyHolder("mine", "third"), late).is_new


@pytest.mark.parametrize(
    ("more", "version"),
    [
        ({}, REPLIES.format),
        ({"pieces": (Piece(3, 0, 2),)}, REPLIES.reads),
        ({"body": " ".join(map(str, range(20_000)))}, REPLIES.reads),
    ],
    ids=["short", "pieces", "long"],
)
def test_what_the_release_before_cannot_read_is_of_the_format_that_says_so(
    moto_aws: Aws, tenant: str, more: dict[str, Any], version: int
) -> None:
    claim(moto_aws.backend, tenant)
    moto_aws.backend.replies.keep(tenant, copy_with(REPLY, **more), NOW + DAY)
    request: Any = {"TableName": moto_aws.names.table(REPLIES), "Key": REPLIES.key(tenant, 0)}
    assert moto_aws.dynamodb.get_item(**request)["Item"][FORMAT]["N"] == str(version)


class Unheard:
    """A client that was not answered at first, and made each put again."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def put_item(self, **request: Any) -> Any:
        with suppress(self.client.exceptions.ConditionalCheckFailedException):
            self.client.put_item(**request)
        return self.client.put_item(**request)


def test_a_claim_that_was_not_heard_of_has_the_key(moto_aws: Aws, tenant: str) -> None:
    store: Any = DynamoReplies(Unheard(moto_aws.dynamodb), moto_aws.names)  # type: ignore[arg-type] # all that it calls
    backend = replace(moto_aws.backend, replies=store)
    assert claim(backend, tenant) == copy_with(MINE, is_new=True)
    again = KeyHolder("mine", "another")
    assert not claim(backend, tenant, again).is_new
    assert claim(backend, tenant, again, 61 * SECOND) == copy_with(MINE, is_new=True)
    assert not claim(backend, tenant, again, 61 * SECOND).is_new
