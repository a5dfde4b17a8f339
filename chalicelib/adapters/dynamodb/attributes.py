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


def pack(text: bytes) -> Attribute:
    """Make an attribute of JSON text in UTF-8."""
    return {"S": text.decode()} if len(text) <= PLAIN_BYTES else {"B": zlib.compress(text)}


def unpack(attribute: Attribute) -> Any:  # noqa: ANN401 - JSON, whose shape the caller knows
    """Read the JSON value of an attribute that :func:`pack` made."""
    return decode(text_of(attribute))


def text_of(attribute: Attribute) -> bytes:
    """Read the JSON text of an attribute that :func:`pack` made."""
    return attribute["S"].encode() if "S" in attribute else zlib.decompress(bytes(attribute["B"]))
