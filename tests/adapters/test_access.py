"""What tenants say of access."""

from typing import Any

from chalicelib.core.access.entries import AccessEntry, EntryKind
from chalicelib.core.access.keys import ApiKey, key_document
from chalicelib.core.values.value import copy_with
from tests.adapters.conftest import Backend
from tests.adapters.examples import NOW

ALL = (EntryKind.BINDING, EntryKind.ROLE)


def entry(tenant: str, name: str, kind: EntryKind = EntryKind.ROLE, version: int = 1) -> AccessEntry:
    said: dict[EntryKind, Any] = {
        EntryKind.KEY: key_document(ApiKey(tenant, name, "hash", "", (), NOW)),
        EntryKind.BINDING: {"role": "viewer"},
        EntryKind.ROLE: {"rules": [{"kinds": ["*"], "verbs": ["*"]}]},
        EntryKind.TENANT: {},
    }
    return AccessEntry(tenant, kind, name, said[kind], NOW, "ada", version)


def test_an_entry_is_written_once_and_then_over_the_version_that_was_read(backend: Backend, tenant: str) -> None:
    first, access = entry(tenant, "writer"), backend.access
    assert access.get(tenant, EntryKind.ROLE, "writer") is None
    assert (access.put(first), access.put(first)) == (True, True)
    assert not access.put(copy_with(first, document={"rules": []}))
    second = copy_with(first, version=2, document={"rules": []}, changed_by=None)
    assert access.put(second)
    assert not access.put(copy_with(second, document={"rules": [], "title": "Another"}))
    assert access.get(tenant, EntryKind.ROLE, "writer") == second


def test_an_entry_goes_if_nobody_has_changed_it(backend: Backend, tenant: str) -> None:
    first, access = entry(tenant, "writer"), backend.access
    access.put(first)
    access.put(copy_with(first, version=2))
    assert not access.delete(first)
    for _ in range(2):  # a client repeats what it has not heard of
        assert access.delete(copy_with(first, version=2))
    assert access.get(tenant, EntryKind.ROLE, "writer") is None
    assert access.put(first)


def test_entries_of_kinds_are_listed_by_name(backend: Backend, tenant: str) -> None:
    made = [entry(tenant, name, kind) for kind in EntryKind for name in ("a", "b", "c")]
    for each in made:
        backend.access.put(each)
    backend.access.put(entry(tenant + "x", "d"))
    of = {kind: [each for each in made if each.kind is kind] for kind in EntryKind}
    assert backend.access.list(tenant, ALL, 10) == [*of[EntryKind.BINDING], *of[EntryKind.ROLE]]
    assert backend.access.list(tenant, [EntryKind.ROLE], 2) == of[EntryKind.ROLE][:2]
    assert backend.access.list(tenant, [EntryKind.ROLE], 10, "a") == of[EntryKind.ROLE][1:]
    assert backend.access.list(tenant, [EntryKind.KEY], 10) == of[EntryKind.KEY]
