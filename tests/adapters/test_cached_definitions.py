import pytest

from chalicelib.adapters.definitions import CachedDefinitions
from chalicelib.adapters.memory.stores import MemoryClock, MemoryDefinitions
from chalicelib.core.definitions.record import DefinitionRecord
from chalicelib.core.values.errors import DefinitionNotFoundError
from chalicelib.core.values.value import copy_with
from chalicelib.steps import STEP_TYPES
from tests.adapters.examples import NOW, definition


class CountedDefinitions(MemoryDefinitions):
    def __init__(self) -> None:
        super().__init__()
        self.reads: list[int] = []

    def version(self, tenant_id: str, definition_id: str, version: int) -> DefinitionRecord | None:
        self.reads.append(version)
        return super().version(tenant_id, definition_id, version)


@pytest.fixture
def store() -> CountedDefinitions:
    store = CountedDefinitions()
    for version in (1, 2, 3):
        store.add(definition("t", version=version))
    return store


def test_a_version_is_read_and_parsed_once(store: CountedDefinitions) -> None:
    definitions = CachedDefinitions(store, STEP_TYPES, lambda: NOW)
    parsed = definitions.get("t", "order-fulfilment", 1)
    assert parsed.first == "greet"
    assert definitions.get("t", "order-fulfilment", 1) is parsed
    assert store.reads == [1]


def test_only_so_many_versions_are_kept_those_that_were_asked_for_last(store: CountedDefinitions) -> None:
    definitions = CachedDefinitions(store, STEP_TYPES, lambda: NOW, versions=2)
    for version in (1, 2, 1, 3, 1, 2):
        definitions.get("t", "order-fulfilment", version)
    assert store.reads == [1, 2, 3, 2]


def test_a_version_that_is_not_there_is_told_until_it_is(store: CountedDefinitions) -> None:
    definitions = CachedDefinitions(store, STEP_TYPES, lambda: NOW)
    with pytest.raises(DefinitionNotFoundError):
        definitions.get("t", "order-fulfilment", 4)
    store.add(definition("t", version=4))
    assert definitions.get("t", "order-fulfilment", 4).id == "order-fulfilment"


def test_tenants_do_not_share_versions(store: CountedDefinitions) -> None:
    definitions = CachedDefinitions(store, STEP_TYPES, lambda: NOW)
    other = definition("u")
    store.add(copy_with(other, document={**other.document, "stash": {"theirs": 1}}))
    assert definitions.get("t", "order-fulfilment", 1).stash is None
    assert definitions.get("u", "order-fulfilment", 1).stash is not None


def test_a_version_passes_for_the_newest_for_a_second() -> None:
    store, clock = MemoryDefinitions(), MemoryClock(NOW)
    definitions = CachedDefinitions(store, STEP_TYPES, clock.now)
    store.put_newest(definition("t", version=1))
    assert definitions.newest("t", "order-fulfilment") == 1
    store.put_newest(definition("t", version=2))
    clock.sleep(0.999)
    assert definitions.newest("t", "order-fulfilment") == 1
    clock.sleep(0.001)
    assert definitions.newest("t", "order-fulfilment") == 2


def test_who_changes_a_definition_sees_that_at_once() -> None:
    store = MemoryDefinitions()
    definitions = CachedDefinitions(store, STEP_TYPES, lambda: NOW)
    store.put_newest(definition("t", version=1))
    assert definitions.newest("t", "order-fulfilment") == 1
    store.put_newest(copy_with(definition("t", version=1), retired=True))
    definitions.forget_newest("t", "order-fulfilment")
    with pytest.raises(DefinitionNotFoundError):
        definitions.newest("t", "order-fulfilment")
