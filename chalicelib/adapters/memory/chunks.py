"""Chunks of payloads kept in memory."""

from collections.abc import Collection, Mapping

from chalicelib.adapters.payloads import ChunkKey


class MemoryChunks:
    """Chunks of payloads by hash and number."""

    def __init__(self) -> None:
        self.contents: dict[ChunkKey, bytes] = {}

    def put(self, sha256: str, number: int, content: bytes) -> None:
        """Write a chunk."""
        self.contents[sha256, number] = content

    def get(self, keys: Collection[ChunkKey]) -> Mapping[ChunkKey, bytes]:
        """Read chunks."""
        return {key: self.contents[key] for key in keys if key in self.contents}
