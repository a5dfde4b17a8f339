"""Values on their way to AWS and back: JSON here, what botocore takes and gives there."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

from chalicelib.core.errors import StepError
from chalicelib.core.values import Json, format_instant

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

MOST = 32 * 1024 * 1024
"""Bytes of one answer's body."""


def outgoing(model: "OperationModel", parameters: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Make what botocore takes: without nulls, with bytes, and with the idempotency tokens that are not given.

    Raises:
        StepError: ``aws.InvalidParameters``: some base64 is none.
    """
    shape = model.input_shape
    if shape is None:
        return dict(parameters)
    made: dict[str, Any] = _outgoing(shape, parameters)
    for name, member in shape.members.items():
        if member.metadata.get("idempotencyToken") and name not in made:
            made[name] = str(uuid5(NAMESPACE_OID, key))
    return made


def _outgoing(shape: "Shape | None", value: Any) -> Any:  # noqa: ANN401 - any JSON
    kind = None if shape is None else shape.type_name
    match value:
        case {"base64": str() as text, **rest} if kind == "blob" and not rest:
            try:
                return b64decode(text, validate=True)
            except ValueError:
                raise StepError("what stands under base64 is no base64", "aws.InvalidParameters") from None
        case dict():
            members: Mapping[str, Shape] = getattr(shape, "members", {}) if kind == "structure" else {}
            inner = getattr(shape, "value", None) if kind == "map" else None
            return {k: _outgoing(members.get(k, inner), v) for k, v in value.items() if v is not None}
        case list():
            item = getattr(shape, "member", None) if kind == "list" else None
            return [_outgoing(item, each) for each in value]
        case float() if kind in {"integer", "long"} and value.is_integer():
            return int(value)
        case _:
            return value


def incoming(value: Any) -> Json:  # noqa: ANN401, PLR0911 - whatever botocore gives, one answer for each kind
    """Make JSON of an answer: instants as RFC 3339 text, bytes as base64, sets as lists.

    Raises:
        StepError: ``aws.TooLarge``: its body is larger than can be kept.
    """
    match value:
        case dict():
            return {str(key): incoming(member) for key, member in value.items() if key != "ResponseMetadata"}
        case list() | tuple() | set() | frozenset():
            return [incoming(item) for item in value]
        case datetime():
            return format_instant(value)
        case bytes() | bytearray():
            return b64encode(value).decode()
        case bool() | int() | float() | str() | None:
            return value
        case _ if hasattr(value, "read"):
            return b64encode(_read(value)).decode()
        case _ if hasattr(value, "__iter__"):
            return [incoming(event) for event in value]
        case _:
            return str(value)


def _read(body: Any) -> bytes:  # noqa: ANN401 - botocore's stream
    try:
        content: bytes = body.read(MOST + 1)
    finally:
        body.close()
    if len(content) > MOST:
        raise StepError(f"the answer has more than {MOST:,} bytes", "aws.TooLarge")
    return content
