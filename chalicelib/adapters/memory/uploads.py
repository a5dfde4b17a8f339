"""Uploads in memory."""

from collections.abc import Mapping
from datetime import datetime


class MemoryUploads:
    """Parts by the names of their uploads, and up to when these are kept."""

    def __init__(self) -> None:
        self.ends: dict[str, datetime] = {}
        self.contents: dict[str, dict[int, bytes]] = {}

    def open(self, name: str, until: datetime) -> None:
        """Begin an upload."""
        self.ends[name], self.contents[name] = until, {}

    def expires(self, name: str) -> datetime | None:
        """Tell up to when an upload is kept."""
        return self.ends.get(name)

    def put(self, name: str, number: int, content: bytes, until: datetime) -> None:  # noqa: ARG002 - all expire at once
        """Write a part."""
        self.contents[name][number] = content

    def read(self, name: str) -> Mapping[int, bytes]:
        """Read the parts."""
        return dict(self.contents[name])
