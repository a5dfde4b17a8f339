"""Values on their way to AWS and back: JSON here, what botocore takes and gives there."""

import json
import math
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import NAMESPACE_OID, uuid5

from chalicelib.core.expressions.signature import as_text
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.bounds import MAX_DEPTH, bound_problem
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json, format_instant

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

MOST = LIMITS.aws_answer_bytes
MISTAKES = LIMITS.problems // 10
"""In the parameters of one call that are told."""
_CHUNK = 16 * 1024

T = TypeVar("T")


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
    kind = None if shape is None or getattr(shape, "is_document_type", False) else shape.type_name
    match value:
        case {"base64": str() as text, **rest} if kind == "blob" and not rest:
            try:
                return b64decode(text, validate=True)
            except ValueError:
                raise StepError("what stands under base64 is no base64", "aws.InvalidParameters") from None
        case dict() if kind is not None:
            members: Mapping[str, Shape] = getattr(shape, "members", {}) if kind == "structure" else {}
            inner = getattr(shape, "value", None) if kind == "map" else None
            return {k: _outgoing(members.get(k, inner), v) for k, v in value.items() if v is not None}
        case list() if kind == "list":
            return [_outgoing(getattr(shape, "member", None), each) for each in value]
        case bool() | int() | float() if kind == "string":
            return as_text(value)
        case float() if kind in {"integer", "long"} and value.is_integer():
            return int(value)
        case _:
            return value


def require_few_mistakes(model: "OperationModel", sent: Mapping[str, Any]) -> None:
    """Refuse parameters with many mistakes, of which botocore would tell every one.

    Each has a text as long as the names of all parameters, and there may be a million. Few are left to botocore: its
    clients mend some parameters before they look at them.

    Raises:
        ParamValidationError: it tells of the first.
    """
    from botocore.exceptions import ParamValidationError  # noqa: PLC0415 - loaded by then
    from botocore.validate import ParamValidator, ValidationErrors  # noqa: PLC0415 - the same

    class Mistakes(ValidationErrors):
        count = 0

        def report(self, name: str, reason: str, **about: Any) -> None:  # noqa: ANN401 - of any kind
            super().report(name, reason, **about)
            self.count += 1
            if self.count == MISTAKES:
                raise ParamValidationError(report=self.generate_report())

    validator: Any = ParamValidator()
    if model.input_shape is not None:
        validator._validate(sent, model.input_shape, Mistakes(), name="")  # noqa: SLF001 - `validate` makes its own list


def received(answer: Mapping[str, Any], until: float, arrived: Callable[[int], None]) -> dict[str, Json]:
    """Make JSON of an answer, reading what it streams.

    Args:
        answer: as botocore gives it.
        until: when it is to be there, by the monotonic clock.
        arrived: is told how many bytes of a stream there are, before more of them are read.

    Raises:
        StepError: ``aws.TooLarge``: there is more than can be kept; ``aws.Timeout``: it takes too long.
    """
    members = {name: _read(member, until, arrived) for name, member in answer.items() if name != "ResponseMetadata"}
    return whole(members)


def whole(answer: Mapping[str, Any]) -> dict[str, Json]:
    """Make JSON of a whole answer.

    Raises:
        StepError: ``aws.TooLarge``: it is more than a value may be.
    """
    made = {name: incoming(member, MAX_DEPTH - 1) for name, member in answer.items()}
    if (problem := bound_problem(made)) is not None:
        raise StepError(f"the answer {problem}", "aws.TooLarge", unanswered=True)
    return made


def _read(member: Any, until: float, arrived: Callable[[int], None]) -> Any:  # noqa: ANN401 - any member of an answer
    if not hasattr(member, "close"):
        return member
    with closing(member):
        if hasattr(member, "read"):
            return b"".join(within(iter(lambda: member.read(_CHUNK), b""), until, arrived))
        return list(within(member, until, arrived))  # of events


def within(pieces: Iterable[T], until: float, arrived: Callable[[int], None]) -> Iterator[T]:
    """Take pieces of an answer, but not too many, and not for too long: waiting for room does not count.

    Raises:
        StepError: ``aws.TooLarge`` or ``aws.Timeout``.
    """
    size = 0
    for piece in pieces:
        size += len(piece) if isinstance(piece, bytes) else len(json.dumps(piece, default=str))
        if size > MOST:
            raise StepError(
                beyond("aws_answer_bytes", f"the answer has more than {MOST:,} bytes"), "aws.TooLarge", unanswered=True
            )
        if time.monotonic() > until:
            raise StepError(
                beyond("call_seconds", f"the whole answer takes longer than {LIMITS.call_seconds} seconds"),
                "aws.Timeout",
                unanswered=True,
            )
        began = time.monotonic()
        arrived(size)
        until += time.monotonic() - began
        yield piece


def incoming(value: Any, levels: int = MAX_DEPTH) -> Json:  # noqa: ANN401 - whatever botocore gives
    """Make JSON of a value: instants as RFC 3339 text, bytes as base64, sets as lists, what is no number as text.

    Those that are none are ``NaN``, ``Infinity`` and ``-Infinity`` (Smithy specification, "Simple types").

    Raises:
        StepError: ``aws.TooLarge``: it has more levels.
    """
    if levels == 0 and isinstance(value, dict | list | tuple | set | frozenset):
        raise StepError(
            beyond("value_depth", f"the answer nests deeper than {MAX_DEPTH} levels"), "aws.TooLarge", unanswered=True
        )
    match value:
        case dict():
            return {str(key): incoming(member, levels - 1) for key, member in value.items()}
        case list() | tuple() | set() | frozenset():
            return [incoming(item, levels - 1) for item in value]
        case datetime():
            return format_instant(value)
        case bytes() | bytearray():
            return b64encode(value).decode()
        case float():
            return value if math.isfinite(value) else json.dumps(value)
        case _:
            return value if isinstance(value, bool | int | str | None) else str(value)
