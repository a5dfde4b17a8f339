"""Answers by the keys of their requests."""

from datetime import timedelta

import pytest

from chalicelib.core.records.replies import KeptAnswer, KeyHolder
from chalicelib.core.values.value import copy_with
from tests.adapters.conftest import Backend
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


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_an_answer_is_kept_for_its_time(backend: Backend, tenant: str, size: int) -> None:
    claim(backend, tenant)
    reply = copy_with(REPLY, body=random_text(size))
    backend.replies.keep(tenant, reply, NOW + DAY)
    assert claim(backend, tenant, later=DAY - SECOND) == copy_with(MINE, reply=reply)
    other = KeyHolder("other", "another")
    assert claim(backend, tenant, other, DAY) == copy_with(other, is_new=True)


def test_a_key_that_was_let_go_is_for_the_same_request_with_its_seed(backend: Backend, tenant: str) -> None:
    claim(backend, tenant)
    backend.replies.let_go(tenant)
    assert claim(backend, tenant, KeyHolder("other", "another")) == MINE
    assert claim(backend, tenant, KeyHolder("mine", "another")) == copy_with(MINE, is_new=True)
    assert not claim(backend, tenant).is_new


def test_what_died_is_taken_over_by_the_same_request_with_its_seed(backend: Backend, tenant: str) -> None:
    claim(backend, tenant)
    late = 61 * SECOND
    assert not claim(backend, tenant, KeyHolder("other", "another"), late).is_new
    assert claim(backend, tenant, KeyHolder("mine", "another"), late) == copy_with(MINE, is_new=True)
    assert not claim(backend, tenant, later=late).is_new
