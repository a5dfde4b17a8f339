from datetime import UTC, datetime

import pytest

from chalicelib.adapters.memory.stores import MemoryClock, MemoryDefinitions
from chalicelib.core.definitions.record import DefinitionRecord
from chalicelib.core.values.errors import PreconditionFailedError, UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES
from chalicelib.usecases.definitions import DefinitionService

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DOCUMENT: dict[str, Json] = {"id": "d", "steps": [{"id": "say", "type": "echo", "message": "hi"}]}


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


def test_on_a_condition_no_version_is_passed_over(service: DefinitionService, store: MemoryDefinitions) -> None:
    def beaten(newest: DefinitionRecord | None) -> None:
        assert newest is None
        take(store, range(1, 2))

    with pytest.raises(PreconditionFailedError, match="version 1 of 'd'"):
        service.create_definition("t", DOCUMENT, beaten)
    assert store.newest("t", "d") is None


def test_the_condition_of_a_retirement_is_held_against_the_version_that_is_retired(
    service: DefinitionService, store: MemoryDefinitions
) -> None:
    service.create_definition("t", DOCUMENT)
    seen: list[int] = []

    def beaten(newest: DefinitionRecord | None) -> None:
        assert newest is not None
        seen.append(newest.version)
        if newest.version == 1:
            service.create_definition("t", {**DOCUMENT, "title": "Another"})

    service.retire_definition("t", "d", beaten)
    newest = store.newest("t", "d")
    assert newest is not None
    assert (seen, newest.version, newest.retired) == ([1, 2], 2, True)
