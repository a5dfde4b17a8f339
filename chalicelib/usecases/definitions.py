"""The use cases of definitions: keep, check, list, read and retire them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from chalicelib.core.access.quotas import NO_QUOTAS, Quotas, require_room
from chalicelib.core.definitions.model import Definition, StepType
from chalicelib.core.definitions.parser import parse
from chalicelib.core.definitions.record import DefinitionRecord, Subject
from chalicelib.core.definitions.validation import Validation, validate
from chalicelib.core.values.errors import (
    DamagedError,
    DefinitionNotFoundError,
    InvalidDefinitionError,
    PreconditionFailedError,
)
from chalicelib.core.values.json import Json, Problem, canonical
from chalicelib.core.values.value import copy_with, value
from chalicelib.engine import optimistic
from chalicelib.ports import Clock, Definitions, DefinitionStore

Condition: TypeAlias = Callable[[DefinitionRecord | DamagedError | None], None]
"""Raises PreconditionFailedError unless the newest version, or that there is none, is as somebody asks that it be."""


@value
class DefinitionService:
    """The use cases, for one tenant at a time."""

    definitions: DefinitionStore
    clock: Clock
    step_types: Mapping[str, StepType]
    inspect: Callable[[str, Mapping[str, Json]], Sequence[Problem]] = lambda _tenant, _document: ()
    """Finds what is wrong with the calls of a tenant's valid definition."""
    quotas: Callable[[str], Quotas] = lambda _tenant: NO_QUOTAS
    """Answers the quotas of a tenant."""
    changed: Callable[[str, str], None] = lambda _tenant, _definition: None
    """Hears of which definition another version is the newest, or none any more."""

    def create_definition(  # noqa: PLR0913, PLR0917 - what a definition can come with
        self,
        tenant_id: str,
        document: Json,
        require: Condition | None = None,
        text: str | None = None,
        author: Subject | None = None,
        may_read: Callable[[str], bool] = lambda _: True,
    ) -> tuple[DefinitionRecord, bool, Sequence[Problem]]:
        """Keep a definition as the next version of its id; answer it, whether it is new, and what is odd about it.

        The newest version's own content is that version again.

        Args:
            tenant_id: whose it is.
            document: the definition.
            require: what the newest version has to be.
            text: the YAML that says it; it is kept with the version, in place of an earlier text that says the same.
            author: who makes it, with what they may do; kept with a new version.
            may_read: tells of a definition whether it may be included.

        Raises:
            InvalidDefinitionError: with every problem of the document.
            PreconditionFailedError: the newest version is not as ``require`` asks.
            QuotaError: the tenant has as many as it may have.
            UnavailableError: others were always quicker to write a version.
        """
        found = self._valid(tenant_id, document, may_read)
        kept = dict(found.document)
        newest = self._newest(tenant_id, str(kept["id"]), require)
        first = self._next(tenant_id, kept, newest, author)
        if newest is not None and newest.digest == first.digest:
            record, is_new = copy_with(newest, retired=False), newest.retired
        else:
            record, is_new = self._added(first, _following if require is None else _outrun), True
        self._keep_text(record, text, is_added=newest is None or newest.version != record.version)
        if is_new:
            self._put_newest(record)
        return record, is_new, found.warnings

    def _put_newest(self, record: DefinitionRecord) -> None:
        self.definitions.put_newest(record)
        self.changed(record.tenant_id, record.id)

    def _added(
        self, first: DefinitionRecord, following: Callable[[DefinitionRecord], DefinitionRecord]
    ) -> DefinitionRecord:
        """Write a version, or if somebody else has taken its number, what is to follow it."""
        return optimistic.put_new(first, self.definitions.add, following, f"a version of {first.id!r}")

    def _newest(self, tenant_id: str, definition_id: str, require: Condition | None) -> DefinitionRecord | None:
        """Read the newest version, and hold it against what it has to be.

        Of one that cannot be read it is the newest among all versions, as retired: then it is to be written again.
        """
        try:
            newest = self.definitions.newest(tenant_id, definition_id)
        except DamagedError as error:
            if require is not None:
                require(error)
            return self._last_readable(tenant_id, definition_id)
        self._check_newest(tenant_id, newest, require)
        return newest

    def _last_readable(self, tenant_id: str, definition_id: str) -> DefinitionRecord | None:
        """Find the newest version that can be read of a definition whose newest one cannot, as retired."""
        found = self.definitions.versions(tenant_id, definition_id, 1)
        return copy_with(found[0], retired=True) if found else None

    def _check_newest(self, tenant_id: str, newest: DefinitionRecord | None, require: Condition | None) -> None:
        """Hold the newest version against what it has to be, and where there is none, the tenant against its quota."""
        is_there = newest is not None and not newest.retired
        if require is not None:
            require(newest if is_there else None)
        most = None if is_there else self.quotas(tenant_id).definitions
        if most is not None:
            require_room("definitions", most, len(self.definitions.list(tenant_id, most, None)))

    def _valid(self, tenant_id: str, document: Json, may_read: Callable[[str], bool]) -> Validation:
        found = self.check_definition(tenant_id, document, may_read)
        if found.problems:
            raise InvalidDefinitionError(problems=found.problems)
        return found

    def _keep_text(self, record: DefinitionRecord, text: str | None, *, is_added: bool) -> None:
        """Keep the text of a version, unless it is kept already."""
        if text is None:
            return
        place = record.tenant_id, record.id, record.version
        if is_added or optimistic.or_damage(lambda: self.definitions.text(*place)) != text:
            self.definitions.put_text(record, text)

    def _next(
        self, tenant_id: str, document: dict[str, Json], newest: DefinitionRecord | None, author: Subject | None
    ) -> DefinitionRecord:
        """Make the version after the newest."""
        return DefinitionRecord(
            tenant_id=tenant_id,
            id=str(document["id"]),
            version=1 if newest is None else newest.version + 1,
            document=document,
            digest=_digest(document),
            created_at=self.clock.now(),
            created_by=author,
        )

    def check_definition(
        self, tenant_id: str, document: Json, may_read: Callable[[str], bool] = lambda _: True
    ) -> Validation:
        """Look at a definition of a tenant, which may include others that its author may read, without keeping it."""

        def find(definition_id: str, version: int | None) -> tuple[int, Mapping[str, Json]] | None:
            if not may_read(definition_id):
                return None
            try:
                record = self.read_definition(tenant_id, definition_id, version)
            except DefinitionNotFoundError:
                return None
            return record.version, record.document

        return validate(document, self.step_types, find, lambda valid: self.inspect(tenant_id, valid))

    def parse_posted(self, tenant_id: str, document: Json, may_read: Callable[[str], bool]) -> tuple[int, Definition]:
        """Parse a definition that is not kept; answer it behind the version that it would have.

        Raises:
            InvalidDefinitionError: with every problem of it, below ``/definition``.
        """
        found = self.check_definition(tenant_id, document, may_read)
        if found.problems:
            problems = [copy_with(each, pointer=f"/definition{each.pointer}") for each in found.problems]
            raise InvalidDefinitionError(problems=problems)
        posted = parse(dict(found.document), self.step_types)
        newest = self.definitions.newest(tenant_id, posted.id)
        return (0 if newest is None else newest.version) + 1, posted

    def list_definitions(
        self,
        tenant_id: str,
        limit: int,
        after: str | None,
        *,
        last_first: bool = False,
        names: frozenset[str] | None = None,
    ) -> Sequence[DefinitionRecord]:
        """Read the newest versions, by id, after an id: with ``names`` those whose ids match one of these patterns."""
        return self.definitions.list(tenant_id, limit, after, last_first=last_first, names=names)

    def list_versions(
        self, tenant_id: str, definition_id: str, limit: int, after: int | None = None, *, newest_first: bool = True
    ) -> Sequence[DefinitionRecord]:
        """Read the versions of a definition, retired or not, after a version.

        Raises:
            DefinitionNotFoundError: there is none.
        """
        found = self.definitions.versions(tenant_id, definition_id, limit, after, newest_first=newest_first)
        if not found and after is None:
            raise DefinitionNotFoundError(f"there is no definition {definition_id!r}")
        return found

    def read_definition(self, tenant_id: str, definition_id: str, version: int | None = None) -> DefinitionRecord:
        """Read a version, the newest one by default; a retired definition has its versions, but no newest.

        Raises:
            DefinitionNotFoundError: there is none.
        """
        if version is not None:
            record = self.definitions.version(tenant_id, definition_id, version)
        else:
            record = self.definitions.newest(tenant_id, definition_id)
        if record is None or record.retired:
            which = "" if version is None else f" in version {version}"
            hint = (
                ""
                if record is None
                else f": it is retired, and its versions can be read, up to ?version={record.version}"
            )
            raise DefinitionNotFoundError(f"there is no definition {definition_id!r}{which}{hint}")
        return record

    def to_start(self, parsed: Definitions, tenant_id: str, definition_id: str, version: int | None) -> tuple[int, int]:
        """Tell the newest version of a definition, and the one that an execution is to run.

        Raises:
            DefinitionNotFoundError: there is none.
        """
        try:
            newest = parsed.newest(tenant_id, definition_id)
            which = newest if version is None else version
            parsed.get(tenant_id, definition_id, which)
        except DefinitionNotFoundError:  # it says no more than that
            newest = self.read_definition(tenant_id, definition_id).version
            which = self.read_definition(tenant_id, definition_id, version).version
        return newest, which

    def read_text(
        self, tenant_id: str, definition_id: str, version: int | None = None
    ) -> tuple[DefinitionRecord, str | None]:
        """Read a version, the newest one by default, and the YAML that it was last posted as, if it ever was.

        Raises:
            DefinitionNotFoundError: there is none.
        """
        record = self.read_definition(tenant_id, definition_id, version)
        return record, self.definitions.text(tenant_id, definition_id, record.version)

    def retire_definition(self, tenant_id: str, definition_id: str, require: Condition | None = None) -> None:
        """Let no new execution of a definition start; those that run go on.

        Where the newest version cannot be read, the one before it that can is kept as the newest, and retired.

        Raises:
            DefinitionNotFoundError: there is none.
            DamagedError: none of its versions can be read.
            PreconditionFailedError: the newest version is not as ``require`` asks.
            UnavailableError: others were always quicker to write a version.
        """

        def read() -> DefinitionRecord | DamagedError:
            return optimistic.or_damage(lambda: self.read_definition(tenant_id, definition_id))

        def retire(found: DefinitionRecord | DamagedError) -> bool:
            if not isinstance(found, DamagedError):
                return self.definitions.put_newest(copy_with(found, retired=True))
            if (known := self._last_readable(tenant_id, definition_id)) is None:
                raise found
            return self.definitions.put_newest(known)

        optimistic.remove(read, require, retire, f"the definition {definition_id!r}")
        self.changed(tenant_id, definition_id)


def _following(record: DefinitionRecord) -> DefinitionRecord:
    return copy_with(record, version=record.version + 1)


def _outrun(record: DefinitionRecord) -> DefinitionRecord:
    raise PreconditionFailedError(f"somebody else has just created version {record.version} of {record.id!r}")


def _digest(document: Mapping[str, Json]) -> str:
    """Hash what a definition says; where its steps once came from is no part of that."""
    said = {key: value for key, value in document.items() if key != "includes"}
    return hashlib.sha256(canonical(said).encode()).hexdigest()
