"""Parsed definition versions, kept in the process."""

from collections.abc import Mapping
from functools import lru_cache

from chalicelib.core.definitions.model import Definition, StepType
from chalicelib.core.definitions.parser import parse_stored
from chalicelib.core.values.errors import DefinitionNotFoundError
from chalicelib.core.values.value import copy_with
from chalicelib.ports import DefinitionStore

VERSIONS = 256
"""How many are kept: the ones that were asked for last."""


class CachedDefinitions:
    """Definition versions, each read and parsed once; they never change, so none expires."""

    def __init__(self, store: DefinitionStore, step_types: Mapping[str, StepType], versions: int = VERSIONS) -> None:
        self._store = store
        self._step_types = step_types
        self._cached = lru_cache(maxsize=versions)(self._load)

    def get(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        """Answer a version."""
        return self._cached(tenant_id, definition_id, version)

    def newest(self, tenant_id: str, definition_id: str) -> int:
        """Tell the newest version."""
        record = self._store.newest(tenant_id, definition_id)
        if record is None or record.retired:
            raise DefinitionNotFoundError
        return record.version

    def _load(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        record = self._store.version(tenant_id, definition_id, version)
        if record is None:
            raise DefinitionNotFoundError
        return copy_with(parse_stored(record.document, self._step_types), author=record.created_by)
