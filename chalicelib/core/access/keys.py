"""API keys: how they are written, and when one counts.

A key is ``sedo_<tenant>_<id>_<secret>``: scanners for leaked secrets find it by its beginning, and sedo its record by
the tenant and the id. The record has the hash of the whole text; the secret has 256 random bits, so a plain SHA-256
cannot be guessed.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from chalicelib.core.access.entries import AccessEntry
from chalicelib.core.access.rights import INSTALLATION
from chalicelib.core.values.json import Json, format_instant, parse_instant
from chalicelib.core.values.value import value

PREFIX = "sedo"
_KEY = re.compile(PREFIX + r"_(?P<tenant>[A-Za-z0-9._-]{0,64})_(?P<id>[0-9a-f]{16})_(?P<secret>[0-9a-f]{64})")


@value
class ApiKey:
    """An API key: all about it but its secret, of which there is the hash."""

    tenant_id: str
    """Whose things it may see; ``*``: every tenant's."""
    id: str
    hash: str
    """SHA-256 of its text, in hexadecimal digits."""
    title: str
    roles: tuple[str, ...]
    created_at: datetime
    created_by: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    version: int = 1
    """Counts the writes."""

    def problem(self, text: str, now: datetime) -> str | None:
        """Tell why a text is not this key, or why the key does not count."""
        if not compare_digest(hash_of(text), self.hash):
            return "there is no such API key"
        if self.revoked_at is not None:
            return "the API key is revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "the API key has expired"
        return None

    @property
    def subject(self) -> str:
        """Who asks with it."""
        return f"key:{self.id}"


def spare(keys: Iterable[ApiKey], now: datetime) -> Sequence[ApiKey]:
    """Choose the keys that count no more, the longest first: those that may make room for new ones."""
    ends = {key: min(filter(None, (key.expires_at, key.revoked_at)), default=None) for key in keys}
    return sorted((key for key, end in ends.items() if end is not None and end <= now), key=lambda key: str(ends[key]))


def write_key(tenant_id: str, key_id: str, secret: str) -> str:
    """Write a key; the id has 16 hexadecimal digits, the secret 64."""
    return f"{PREFIX}_{'' if tenant_id == INSTALLATION else tenant_id}_{key_id}_{secret}"


def place_of(text: str) -> tuple[str, str] | None:
    """Find the tenant and the id in a key; None: it is none."""
    found = _KEY.fullmatch(text)
    return None if found is None else (found["tenant"] or INSTALLATION, found["id"])


def hash_of(text: str) -> str:
    """Hash the text of a key."""
    return sha256(text.encode()).hexdigest()


def key_document(key: ApiKey) -> dict[str, Json]:
    """Write what is kept of a key beside its place and its version."""
    instants = {"createdAt": key.created_at, "expiresAt": key.expires_at, "revokedAt": key.revoked_at}
    return {
        "hash": key.hash,
        "title": key.title,
        "roles": list(key.roles),
        "createdBy": key.created_by,
        **{name: None if each is None else format_instant(each) for name, each in instants.items()},
    }


def read_key(entry: AccessEntry) -> ApiKey:
    """Read a key from its entry."""
    document: Any = entry.document
    created, expires, revoked = (
        None if document[name] is None else parse_instant(document[name])
        for name in ("createdAt", "expiresAt", "revokedAt")
    )
    return ApiKey(
        tenant_id=entry.tenant_id,
        id=entry.name,
        hash=document["hash"],
        title=document["title"],
        roles=tuple(document["roles"]),
        created_at=created or entry.changed_at,
        created_by=document["createdBy"],
        expires_at=expires,
        revoked_at=revoked,
        version=entry.version,
    )
