"""The use case of uploads: a large input, sent in parts before the execution that it is for."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.errors import InvalidError, StateError, TooLargeError, UploadNotFoundError
from chalicelib.core.values.value import value
from chalicelib.ports import Clock

MAX_PART = LIMITS.upload_part_bytes


class UploadStore(Protocol):
    """Uploads by name, until they expire.

    Every method can raise UnavailableError, and what it writes may be done then. Reads are strongly consistent.
    """

    def open(self, name: str, until: datetime) -> None:
        """Begin an upload."""

    def expires(self, name: str) -> datetime | None:
        """Tell up to when an upload is kept; None: there is none."""

    def put(self, name: str, number: int, content: bytes, until: datetime) -> None:
        """Write a part, over what was sent under its number before."""

    def read(self, name: str) -> Mapping[int, bytes]:
        """Read the parts, by number; one that is not there as a whole is left out."""


@value
class Upload:
    """An upload that has begun."""

    id: str
    until: datetime
    """Up to when it is kept."""


@value
class UploadService:
    """The use case, for one tenant at a time."""

    store: UploadStore
    clock: Clock
    new_id: Callable[[], str]

    def open(self, tenant_id: str) -> Upload:
        """Begin an upload.

        Raises:
            UnavailableError: it may have begun, under an id that nobody knows.
        """
        upload = Upload(self.new_id(), self.clock.now() + LIMITS.upload_kept)
        self.store.open(_name(tenant_id, upload.id), upload.until)
        return upload

    def put(self, tenant_id: str, upload_id: str, number: int, content: bytes) -> None:
        """Take a part; the same number again is the same part, anew.

        Raises:
            UploadNotFoundError: the tenant has no such upload, or no longer.
            InvalidError: there is nothing in the part.
            TooLargeError: there is too much in it.
            UnavailableError: it may be there, or not: send it again.
        """
        if len(content) > MAX_PART:
            raise TooLargeError(
                beyond("upload_part_bytes", f"the part has {len(content):,} bytes, and {MAX_PART:,} are allowed")
            )
        until = self._until(tenant_id, upload_id)
        if not content:
            raise InvalidError(f"part {number} is empty")
        self.store.put(_name(tenant_id, upload_id), number, content, until)

    def read(self, tenant_id: str, upload_id: str) -> bytes:
        """Read all parts, one behind the other.

        Raises:
            UploadNotFoundError: the tenant has no such upload, or no longer.
            StateError: a part is missing.
            UnavailableError: the store did not answer.
        """
        self._until(tenant_id, upload_id)
        parts = self.store.read(_name(tenant_id, upload_id))
        missing = [number for number in range(1, max(parts, default=1) + 1) if number not in parts]
        if missing:
            raise StateError(f"part {missing[0]} of the upload is not there, or not whole: send it again")
        return b"".join(parts[number] for number in sorted(parts))

    def _until(self, tenant_id: str, upload_id: str) -> datetime:
        until = self.store.expires(_name(tenant_id, upload_id))
        if until is None or until <= self.clock.now():
            raise UploadNotFoundError(f"there is no upload {upload_id!r}, or it has expired: begin another one")
        return until


def _name(tenant_id: str, upload_id: str) -> str:
    return f"{tenant_id}/{upload_id}"
