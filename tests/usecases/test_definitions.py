from datetime import UTC, datetime

import pytest

from chalicelib.adapters.memory.stores import MemoryClock, MemoryDefinitions
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.ports import DefinitionRecord
from chalicelib.steps import STEP_TYPES
from chalicelib.usecases.definitions import DefinitionService

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DOCUMENT: Json = {"id": "d", "steps": [{"id": "say", "type": "echo", "message": "hi"}]}


@pytest.fixture
def store() -> MemoryDefinitions:
    return MemoryDefinitions()


@pytest.fixture
def service(store: MemoryDefinitions) -> DefinitionService:
    return DefinitionService(store, MemoryClock(NOW), STEP_TYPES)


def take(store: MemoryDefinitions, versions: range) -> None:
    """Write versions, as somebody does who has not made them the newest yet."""
    for version in versions:
        store.add(DefinitionRecord("t", "d", version, {}, "another", NOW))


def test_versions_that_others_have_just_taken_are_passed_over(
    service: DefinitionService, store: MemoryDefinitions
) -> None:
    take(store, range(1, 4))
    record, is_new, _ = service.create_definition("t", DOCUMENT)
    assert (record.version, is_new) == (4, True)
    assert service.read_definition("t", "d").version == 4


def test_who_is_never_the_quickest_is_told_to_try_again(service: DefinitionService, store: MemoryDefinitions) -> None:
    take(store, range(1, 100))
    with pytest.raises(UnavailableError, match="a version of 'd'"):
        service.create_definition("t", DOCUMENT)
    assert store.newest("t", "d") is None
