"""Parsed definition versions, and which are the newest, kept in the process."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from chalicelib.adapters.calls.expiring import Expiring
from chalicelib.core.definitions.model import Definition, StepType
from chalicelib.core.definitions.parser import parse_stored
from chalicelib.core.values.errors import DefinitionNotFoundError
from chalicelib.core.values.value import copy_with
from chalicelib.ports import DefinitionStore

VERSIONS = 256
"""How many are kept: the ones that were asked for last."""

NEWEST_FOR = timedelta(seconds=1)
"""How long a version passes for the newest: a key takes 3,000 reads a second, and a tenant may start more."""


class CachedDefinitions:
    """Definition versions, each read and parsed once; they never change, so none expires.

    Which is the newest is read once a second.
    """

    def __init__(
        self,
        store: DefinitionStore,
        step_types: Mapping[str, StepType],
        now: Callable[[], datetime],
        versions: int = VERSIONS,
    ) -> None:
        self._store = store
        self._step_types = step_types
        self._cached = lru_cache(maxsize=versions)(self._load)
        self._newest = Expiring(self._read_newest, now)

    def get(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        """Answer a version."""
        return self._cached(tenant_id, definition_id, version)

    def newest(self, tenant_id: str, definition_id: str) -> int:
        """Tell the newest version."""
        return self._newest.get((tenant_id, definition_id))

    def forget_newest(self, tenant_id: str, definition_id: str) -> None:
        """Read anew which version is the newest."""
        self._newest.forget((tenant_id, definition_id))

    def _read_newest(self, key: tuple[str, str]) -> tuple[int, timedelta]:
        record = self._store.newest(*key)
        if record is None or record.retired:
            raise DefinitionNotFoundError
        return record.version, NEWEST_FOR

    def _load(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        record = self._store.version(tenant_id, definition_id, version)
        if record is None:
            raise DefinitionNotFoundError
        return copy_with(parse_stored(record.document, self._step_types), author=record.created_by)
