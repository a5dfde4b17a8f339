"""The audit of a tenant: numbered entries, each of which names the hash of the one before.

A change has two: an intent before it is made, and an outcome after. A refusal has one. Entries are never changed.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.core.values.json import Json, Path, decode, encode, pointer
from chalicelib.core.values.privacy import HIDDEN, PRIVATE
from chalicelib.core.values.value import copy_with, value

MAX_CHANGES = 50
"""Changed members that an entry has."""
MAX_SHOWN = 500
"""Bytes of JSON text that it has of each of their values; of a larger one it has hash and size."""
MAX_POINTER = 200
MAX_DEPTH = 8
"""Levels of a document whose members are compared."""
SECRET = ("password", "secret", "token", "apikey", "authorization", "credential")
"""A member whose name has one of these in it, in any case and without - and _, is a secret."""


@value
class AuditEntry:
    """An entry."""

    tenant_id: str
    number: int
    """From 1 on, without gaps."""
    previous: str
    """The hash of the entry before; of the first it is empty."""
    at: datetime
    """Never before that of the entry before."""
    refusals: int
    """How many refusals of its day are written, itself included."""
    text: bytes
    """The JSON text of what it says, which is hashed as it was written."""
    hash: str = ""
    """Its digest when it was written."""

    @property
    def said(self) -> dict[str, Any]:
        """What it says."""
        said: dict[str, Any] = decode(self.text)
        return said

    def digest(self) -> str:
        """Hash all of it with SHA-256."""
        before = encode([self.tenant_id, self.number, self.previous, self.at.isoformat(), self.refusals])
        return hashlib.sha256(before + self.text).hexdigest()


def following(
    last: AuditEntry | None, tenant_id: str, now: datetime, said: Mapping[str, Json], *, is_refusal: bool
) -> AuditEntry:
    """Make the entry behind the last one."""
    at = now if last is None else max(now, last.at)
    before = 0 if last is None or last.at.date() != at.date() else last.refusals
    number, previous = (1, "") if last is None else (last.number + 1, last.hash)
    entry = AuditEntry(tenant_id, number, previous, at, before + is_refusal, encode(dict(said)))
    return copy_with(entry, hash=entry.digest())


def unfinished(entries: Sequence[AuditEntry], later: Iterable[AuditEntry]) -> list[AuditEntry]:
    """Leave out the intents whose outcome is known, from it or from a later one."""
    closed = {entry.said.get("intent") for entry in (*entries, *later)}
    return [entry for entry in entries if entry.number not in closed]


@value
class AuditCheck:
    """What a check of a part of the chain has found."""

    number: int
    """Of the last entry that is as it was written."""
    hash: str
    """Its hash."""
    broken: str | None = None
    """What is wrong with the next one."""

    def over(self, entries: Sequence[AuditEntry]) -> "AuditCheck":
        """Go on over the entries that come next."""
        checked = self
        for entry in entries:
            if entry.number != checked.number + 1:
                return copy_with(checked, broken="it is missing")
            if entry.previous != checked.hash:
                return copy_with(checked, broken="it does not follow the one before: one of the two was written anew")
            if entry.hash != entry.digest():
                return copy_with(checked, broken="it was changed")
            checked = AuditCheck(entry.number, entry.hash)
        return checked


def difference(before: Json, after: Json, private: Collection[Path] = ()) -> list[Json]:
    """Tell which members of a document change: ``{pointer, before, after}`` each, without secrets, and bounded.

    Of a secret it tells that it changes, and so of what stands at the places that are ``private``.
    """
    changes: list[Json] = []
    for path, old, new in _changes((), before, after, private):
        if len(changes) == MAX_CHANGES:
            return [*changes, {"pointer": "", "more": True}]
        changes.append({"pointer": pointer(path)[:MAX_POINTER], "before": _bounded(old), "after": _bounded(new)})
    return changes


def starred(document: Json, private: Collection[Path] = (), path: Path = ()) -> Json:
    """Hide the secrets of what stands at a place of a document, and what is private."""
    if isinstance(document, dict):
        places = {name: (*path, name) for name in document}
        return {
            name: HIDDEN if _is_secret(place, private) else starred(document[name], private, place)
            for name, place in places.items()
        }
    return [starred(inner, private, path) for inner in document] if isinstance(document, list) else document


def _is_secret(path: Path, private: Collection[Path]) -> bool:
    name = str(path[-1]).lower()
    plain = name.replace("-", "").replace("_", "")
    return name in PRIVATE or path in private or any(word in plain for word in SECRET)


def _changes(path: Path, before: Json, after: Json, private: Collection[Path]) -> Iterator[tuple[Path, Json, Json]]:
    if before == after:
        return
    if path and _is_secret(path, private):
        yield path, _hidden(before), _hidden(after)
        return
    pairs: Iterable[tuple[str | int, Json, Json]]
    if len(path) < MAX_DEPTH and isinstance(before, dict) and isinstance(after, dict):
        pairs = ((name, before.get(name), after.get(name)) for name in sorted({*before, *after}))
    elif len(path) < MAX_DEPTH and isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = ((index, old, new) for index, (old, new) in enumerate(zip(before, after, strict=True)))
    else:
        yield path, starred(before, private, path), starred(after, private, path)
        return
    for name, old, new in pairs:
        yield from _changes((*path, name), old, new, private)


def _hidden(document: Json) -> Json:
    return None if document is None else HIDDEN


def _bounded(document: Json) -> Json:
    text = encode(document)
    return document if len(text) <= MAX_SHOWN else {"sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}
