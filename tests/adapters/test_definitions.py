from typing import TYPE_CHECKING

import pytest

from chalicelib.core.definitions.record import Subject
from chalicelib.core.values.value import copy_with
from chalicelib.ports import DefinitionStore
from tests.adapters.conftest import Backend
from tests.adapters.examples import definition

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json


@pytest.fixture
def store(backend: Backend) -> DefinitionStore:
    return backend.definitions


def test_what_was_never_written_is_not_there(store: DefinitionStore, tenant: str) -> None:
    assert store.newest(tenant, "nothing") is None
    assert store.version(tenant, "nothing", 1) is None
    assert list(store.list(tenant, 10)) == []


def test_a_version_comes_back_as_it_went_in(store: DefinitionStore, tenant: str) -> None:
    document: dict[str, Json] = {"id": "x", "inputSchema": {"maximum": 1.0, "const": 10**30}, "stash": {"": "\0é"}}
    record = copy_with(definition(tenant), document=document)
    assert store.add(record)
    assert repr(store.version(tenant, record.id, 1)) == repr(record)


def test_a_version_knows_its_author_and_what_they_might_start(store: DefinitionStore, tenant: str) -> None:
    for number, starts in enumerate((None, frozenset[str](), frozenset({"order-*", "pay"})), 1):
        author = Subject("ada", "jwt", frozenset({"sales"}), frozenset({"author", "mine"}), starts)
        record = copy_with(definition(tenant, version=number), created_by=author)
        assert store.add(record)
        store.put_newest(record)
        for found in (store.version(tenant, record.id, number), store.newest(tenant, record.id)):
            assert found is not None
            assert found.created_by == author


def test_a_large_document_comes_back(store: DefinitionStore, tenant: str) -> None:
    record = copy_with(definition(tenant), document={"steps": [{"message": f"number {n}"} for n in range(10_000)]})
    store.add(record)
    store.put_newest(record)
    assert store.version(tenant, record.id, 1) == record
    assert store.newest(tenant, record.id) == record


def test_a_version_is_never_replaced(store: DefinitionStore, tenant: str) -> None:
    first = definition(tenant, digest="a1")
    assert store.add(first)
    assert not store.add(definition(tenant, digest="b2"))
    assert store.version(tenant, first.id, 1) == first


def test_the_same_version_again_is_there_already(store: DefinitionStore, tenant: str) -> None:
    record = definition(tenant)
    assert store.add(record)
    assert store.add(record)


def test_the_newest_version_is_never_an_older_one(store: DefinitionStore, tenant: str) -> None:
    second = definition(tenant, version=2, digest="b2")
    assert store.put_newest(second)
    assert not store.put_newest(definition(tenant, version=1))
    assert store.newest(tenant, second.id) == second


def test_the_newest_version_can_be_retired_and_taken_back(store: DefinitionStore, tenant: str) -> None:
    record = definition(tenant)
    store.put_newest(record)
    store.put_newest(copy_with(record, retired=True))
    assert store.newest(tenant, record.id) == copy_with(record, retired=True)
    store.put_newest(record)
    assert store.newest(tenant, record.id) == record


def test_versions_are_apart_in_number_id_and_tenant(store: DefinitionStore, tenant: str) -> None:
    records = [
        definition(tenant, "a", 1),
        definition(tenant, "a", 2, "b2"),
        definition(tenant, "ab", 1),
        definition(f"{tenant}-b", "a", 1),
    ]
    for record in records:
        assert store.add(record)
    assert [store.version(r.tenant_id, r.id, r.version) for r in records] == records


def test_a_text_comes_back_as_it_went_in_and_the_last_one_counts(store: DefinitionStore, tenant: str) -> None:
    record = definition(tenant)
    store.add(record)
    assert store.text(tenant, record.id, 1) is None
    texts = ["\ufeff# é\r\nid: x\r\n", "# \u2028" * 1_000, "".join(map(chr, range(0x20000, 0x30000)))]
    for text in texts:
        store.put_text(record, text)
        assert store.text(tenant, record.id, 1) == text
    assert store.version(tenant, record.id, 1) == record
    others = (tenant, record.id, 2), (tenant, "other", 1), (f"{tenant}-b", record.id, 1)
    assert [store.text(*other) for other in others] == [None, None, None]


def test_a_list_is_by_id_without_the_retired_and_its_pages_are_full(store: DefinitionStore, tenant: str) -> None:
    for n in range(12):
        record = definition(tenant, f"d{n:02d}")
        store.put_newest(copy_with(record, retired=n % 3 == 0))
    store.put_newest(definition(f"{tenant}-b", "foreign"))
    pages = []
    after = None
    while page := store.list(tenant, 3, after):
        pages.append([record.id for record in page])
        after = page[-1].id
    assert pages == [["d01", "d02", "d04"], ["d05", "d07", "d08"], ["d10", "d11"]]


def test_a_page_of_what_may_be_seen_is_full(store: DefinitionStore, tenant: str) -> None:
    for n in range(230):
        store.put_newest(definition(tenant, f"{'order' if n % 40 == 0 else 'other'}-{n:03d}"))
    seen = ["order-000", "order-040", "order-080", "order-120", "order-160", "order-200"]
    names = frozenset({"order-*"})
    assert [record.id for record in store.list(tenant, 4, names=names)] == seen[:4]
    assert [record.id for record in store.list(tenant, 4, seen[3], names=names)] == seen[4:]
    assert [record.id for record in store.list(tenant, 2, last_first=True, names=names)] == [*reversed(seen[4:])]
    assert store.list(tenant, 4, names=frozenset()) == []
