from datetime import UTC, datetime

import pytest

from chalicelib.adapters.memory.stores import MemoryClock, MemoryDefinitions
from chalicelib.core.definitions.record import DefinitionRecord
from chalicelib.core.values.errors import (
    DamagedError,
    DefinitionNotFoundError,
    PreconditionFailedError,
    UnavailableError,
)
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
    def beaten(newest: DefinitionRecord | DamagedError | None) -> None:
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

    def beaten(newest: DefinitionRecord | DamagedError | None) -> None:
        assert isinstance(newest, DefinitionRecord)
        seen.append(newest.version)
        if newest.version == 1:
            service.create_definition("t", {**DOCUMENT, "title": "Another"})

    service.retire_definition("t", "d", beaten)
    newest = store.newest("t", "d")
    assert newest is not None
    assert (seen, newest.version, newest.retired) == ([1, 2], 2, True)


class Damaged(MemoryDefinitions):
    """Definitions whose newest versions, and texts, cannot be read until they are written anew."""

    def __init__(self) -> None:
        super().__init__()
        self.is_damaged = False

    def newest(self, tenant_id: str, definition_id: str) -> DefinitionRecord | None:
        self.require_whole()
        return super().newest(tenant_id, definition_id)

    def put_newest(self, record: DefinitionRecord) -> bool:
        if self.is_damaged:
            del self.heads[record.tenant_id, record.id]
        self.is_damaged = False
        return super().put_newest(record)

    def text(self, tenant_id: str, definition_id: str, version: int) -> str | None:
        self.require_whole()
        return super().text(tenant_id, definition_id, version)

    def require_whole(self) -> None:
        if self.is_damaged:
            raise DamagedError("it cannot be read")


class TestDamaged:
    """The newest version of a definition cannot be read; all its versions can, but those that are taken away."""

    @pytest.fixture
    def store(self) -> Damaged:
        return Damaged()

    @pytest.fixture(autouse=True)
    def _damaged(self, service: DefinitionService, store: Damaged) -> None:
        for title in ("First", "Second"):
            service.create_definition("t", {**DOCUMENT, "title": title}, text=title)
        store.is_damaged = True

    def test_the_next_version_mends_it(self, service: DefinitionService) -> None:
        assert service.create_definition("t", {**DOCUMENT, "title": "Third"})[0].version == 3
        assert service.read_definition("t", "d").version == 3

    def test_so_does_the_same_content_with_its_text(self, service: DefinitionService, store: Damaged) -> None:
        record, is_new, _ = service.create_definition("t", {**DOCUMENT, "title": "Second"}, text="Another")
        assert (record.version, record.retired, is_new) == (2, False, True)
        assert service.read_text("t", "d") == (record, "Another")
        assert len(store.records) == 2

    def test_it_is_retired_and_begins_again_behind_its_versions(self, service: DefinitionService) -> None:
        service.retire_definition("t", "d")
        with pytest.raises(DefinitionNotFoundError, match="it is retired"):
            service.read_definition("t", "d")
        assert service.create_definition("t", DOCUMENT)[0].version == 3

    def test_a_condition_hears_of_the_damage(self, service: DefinitionService, store: Damaged) -> None:
        seen: list[object] = []

        def unmet(newest: object) -> None:
            seen.append(newest)
            raise PreconditionFailedError

        with pytest.raises(PreconditionFailedError):
            service.create_definition("t", DOCUMENT, unmet)
        with pytest.raises(PreconditionFailedError):
            service.retire_definition("t", "d", unmet)
        assert [type(each) for each in seen] == [DamagedError, DamagedError]
        assert store.is_damaged

    def test_where_no_version_can_be_read_only_a_new_one_mends_it(
        self, service: DefinitionService, store: Damaged
    ) -> None:
        store.records.clear()
        with pytest.raises(DamagedError):
            service.retire_definition("t", "d")
        assert service.create_definition("t", DOCUMENT)[0].version == 1
        service.retire_definition("t", "d")
