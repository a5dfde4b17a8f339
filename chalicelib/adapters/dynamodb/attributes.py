"""JSON as an attribute of a DynamoDB item: as text, compressed when it is large, never as DynamoDB's numbers."""

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from chalicelib.core.values.json import decode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Attribute: TypeAlias = "AttributeValueTypeDef"
Item: TypeAlias = "dict[str, AttributeValueTypeDef]"

PLAIN_BYTES = 512
"""Longer texts are compressed; a write unit is 1,024 bytes, the header's included."""

BEST_BYTES = 8 * 1024
"""Shorter texts are compressed as well as can be, which takes them no longer."""

WORDS = (
    b'"ExecutionFailed","ExecutionTimedOut","ExecutionCancelled","ExecutionPaused","ExecutionResumed","StepSkipped"'
    b'"execution":"claimed":"kept":["strikes":"items":["results":{"0":"reason":"change":{"references":{"/result":{"sha256":'
    b'"join":{"total":"begun":"listed":true,"forked":true,"at_once":"parent":"main","branch":"index":0,"item":{'
    b'"visit":"deadline":"output":"stash":{"asking":{"what":"callback","event","task"'
    b'"parent":{"thread":"main","turn":"depth":"children":["next":"'
    b'"description":"title":"priority":"groups":["assignees":["data":{"inputSchema":{"type":"object","properties":{"'
    b'{"input":{"id":"name":"output":"stash":{"threads":[{"id":"main","turn":0,"status":"waiting",'
    b'"step":"over","retrying","ready","step":"","incoming":{"status":200,"since":"2026-01-01T00:00:00.000Z","startedAt":"2026-01-01T00:00:00.000Z",'
    b'"driver":["",false],"until":"2026-01-01T00:00:00.000Z","attempt":2,"visit":0,"visitedAt":"2026-01-01T00:00:00.000Z","tries":{"0":1},'
    b'"retry":{"error":"http.Status.503","message":"","attempts":3}}],"startedBy":"deadline":"'
    b'head":{"key":"00000000000","digest":"","writer":"#1"}\n'
    b'["2026-01-01T00:00:00.000Z","ExecutionSubmitted","main",0,"",1,{"actor":"'
    b'ExecutionStarted","main",0,"",1],["2026-01-01T00:00:00.000Z","StepStarted","main",0,"",1,'
    b'{"params":{"url":"https://","delivery":"at-least-once"}}],{"method":"POST",'
    b'"url":"https://","method":"GET","url":"http","headers":{"authorization":"Bearer ***","body":{"],'
    b'["2026-01-01T00:00:00.000Z","StepFailed","main",0,"",1,{"retry":{"at":"2026-01-01T00:00:00.000Z","attempt":2,'
    b'"maxAttempts":3,"policy":0},"error":{"name":"http.Timeout.Status.503","message":"https:// answered 503 Service '
    b'Unavailable","step":"","attempt":1,"details":{"status":503,"headers":{"],["2026-01-01T00:00:00.000Z","StepSucceeded","main",0,"",1,{"result":'
    b'{"status":200,"headers":{"date":" GMT","server":"content-type":"application/json","content-length":""},"body":{"'
)
"""What texts are compressed with (RFC 1950, "preset dictionary"): it stays as it is, for what was written to be read.

The commonest stand last. It takes about 150 bytes from an item, and 60 more from one whose step has failed, of which
each unit of a write has 1,024.
"""


BARE = -15
"""Of zlib: without a header and a sum of its own (RFC 1951), which take ten bytes; DynamoDB keeps what it is given."""


def pack(text: bytes) -> Attribute:
    """Make an attribute of JSON text in UTF-8."""
    if len(text) <= PLAIN_BYTES:
        return {"S": text.decode()}
    level = zlib.Z_BEST_COMPRESSION if len(text) < BEST_BYTES else zlib.Z_DEFAULT_COMPRESSION
    packer = zlib.compressobj(level, wbits=BARE, zdict=WORDS)
    return {"B": packer.compress(text) + packer.flush()}


def unpack(attribute: Attribute) -> Any:  # noqa: ANN401 - JSON, whose shape the caller knows
    """Read the JSON value of an attribute that :func:`pack` made."""
    return decode(text_of(attribute))


def map_bytes(item: Mapping[str, Any], name: str) -> int:
    """Tell what the entries of a map of texts take, if it is there (DynamoDB Developer Guide, "item sizes")."""
    return 3 + sum([len(key) + len(each["S"]) + 1 for key, each in item[name]["M"].items()]) if name in item else 0


def text_of(attribute: Attribute) -> bytes:
    """Read the JSON text of an attribute that :func:`pack` made."""
    if "S" in attribute:
        return attribute["S"].encode()
    unpacker = zlib.decompressobj(wbits=BARE, zdict=WORDS)
    return unpacker.decompress(bytes(attribute["B"])) + unpacker.flush()
