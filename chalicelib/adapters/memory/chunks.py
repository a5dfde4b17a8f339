"""Chunks of payloads kept in memory, and how documents there refer to payloads."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from chalicelib.adapters.payloads import ChunkKey
from chalicelib.core.records.payload import Reference
from chalicelib.core.records.quotations import Body
from chalicelib.core.values.json import JsonObject, decode, encode


class MemoryChunks:
    """Chunks of payloads by hash and number."""

    def __init__(self) -> None:
        self.contents: dict[ChunkKey, bytes] = {}

    def put(self, sha256: str, number: int, content: bytes) -> None:
        """Write a chunk."""
        self.contents[sha256, number] = content

    def add(self, sha256: str, number: int, content: bytes) -> None:
        """Write a chunk if there is none."""
        self.contents.setdefault((sha256, number), content)

    def get(self, keys: Collection[ChunkKey]) -> Mapping[ChunkKey, bytes]:
        """Read chunks."""
        return {key: self.contents[key] for key in keys if key in self.contents}


STATE = ("input", "output", "stash", "error", "threads", "mailbox")
"""The members of an execution that hold users' values; the others are those of lists, and can be read by themselves."""


BODY = (*STATE, "bundled", "bases")
"""What else stands for them."""


def body_json(body: Body) -> JsonObject:
    """Write how the state of an execution stands there: what has no bases as the members of its document."""
    if not body.bases:
        made: JsonObject = decode(body.content)
        return made
    return {"bundled": body.content.decode(), "bases": [asdict(each) for each in body.bases]}


def body_of(document: dict[str, Any]) -> Body:
    """Read how the state of an execution stands there."""
    if "bundled" not in document:
        return Body(encode({name: document[name] for name in STATE if name in document}))
    return Body(document["bundled"].encode(), [Reference(**each) for each in document["bases"]])


def references_of(document: dict[str, Any]) -> dict[str, Reference]:
    """Take the references to large values out of an execution's document, by their places."""
    return {place: Reference(**each) for place, each in document.pop("payloads", {}).items()}
