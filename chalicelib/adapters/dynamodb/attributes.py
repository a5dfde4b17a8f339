"""JSON as an attribute of a DynamoDB item: as text, compressed when it is large, never as DynamoDB's numbers."""

import zlib
from typing import TYPE_CHECKING, Any, TypeAlias

from chalicelib.core.values.json import decode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Attribute: TypeAlias = "AttributeValueTypeDef"
Item: TypeAlias = "dict[str, AttributeValueTypeDef]"

PLAIN_BYTES = 512
"""Longer texts are compressed; a write unit is 1,024 bytes, the header's included."""

WORDS = (
    b'"ExecutionFailed","ExecutionTimedOut","ExecutionCancelled","ExecutionPaused","ExecutionResumed","StepSkipped"'
    b'"execution":"claimed":"kept":["strikes":"items":["results":{"0":"reason":"change":{"references":{"/result":{"sha256":'
    b'"join":{"total":"begun":"listed":true,"forked":true,"at_once":"parent":"main","branch":"index":0,"item":{'
    b'"until":"Z","deadline":"Z","visit":"visitedAt":"Z","tries":{"0":1},"retry":{"at":"attempt":2,"maxAttempts":3,"policy":0'
    b'"asking":{"what":"callback","event","task":"name":"parent":{"thread":"main","turn":"depth":"children":["next":"'
    b'"StepFailed","main",{"error":{"name":"http.Status.Timeout","message":"step":"attempt":1,"details":null}'
    b'"description":"title":"priority":"groups":["assignees":["data":{"inputSchema":{"type":"object","properties":{"'
    b'{"input":{"id":"name":"output":"stash":{"threads":[{"id":"main","turn":0,"status":"waiting","step":"ready","step":"'
    b'"incoming":{"since":"2026-01-01T00:00:00.000Z","startedAt":"2026-01-01T00:00:00.000Z","driver":["",false]}],'
    b'"startedBy":"deadline":"writer":"#1"}\n["2026-01-01T00:00:00.000Z","ExecutionSubmitted","main",0,"",1,{"actor":"'
    b'ExecutionStarted","main",0,"",1],["2026-01-01T00:00:00.000Z","StepStarted","main",0,"",1,{"params":{"method":"POST",'
    b'"url":"https://","method":"GET","url":"http","headers":{"authorization":"Bearer ***","body":{"],'
    b'["2026-01-01T00:00:00.000Z","StepSucceeded","main",0,"",1,{"result":{"status":200,"headers":{"date":" GMT",'
    b'"server":"content-type":"application/json","content-length":""},"body":{"'
)
"""What texts are compressed with (RFC 1950, "preset dictionary"): it stays as it is, for what was written to be read.

The commonest stand last. It takes about 150 bytes from an item, of which each unit of a write has 1,024.
"""


BARE = -15
"""Of zlib: without a header and a sum of its own (RFC 1951), which take ten bytes; DynamoDB keeps what it is given."""


def pack(text: bytes) -> Attribute:
    """Make an attribute of JSON text in UTF-8."""
    if len(text) <= PLAIN_BYTES:
        return {"S": text.decode()}
    packer = zlib.compressobj(wbits=BARE, zdict=WORDS)
    return {"B": packer.compress(text) + packer.flush()}


def unpack(attribute: Attribute) -> Any:  # noqa: ANN401 - JSON, whose shape the caller knows
    """Read the JSON value of an attribute that :func:`pack` made."""
    return decode(text_of(attribute))


def text_of(attribute: Attribute) -> bytes:
    """Read the JSON text of an attribute that :func:`pack` made."""
    if "S" in attribute:
        return attribute["S"].encode()
    unpacker = zlib.decompressobj(wbits=BARE, zdict=WORDS)
    return unpacker.decompress(bytes(attribute["B"])) + unpacker.flush()
