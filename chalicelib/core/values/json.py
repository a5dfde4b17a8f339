"""JSON values, their text, the places inside them, instants as text, and time zones by name."""

import gc
import json
from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import msgspec

from chalicelib.core.limits import LIMITS
from chalicelib.core.values.value import copy_with, value

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

Path: TypeAlias = Sequence[str | int]

T = TypeVar("T", bytes, str, bytes | str)

JsonObject: TypeAlias = dict[str, Any]
JsonList: TypeAlias = list[Any]


@value
class Problem:
    """What is wrong at one place of a document: a JSON pointer (RFC 6901), and line and column where it is YAML."""

    pointer: str
    message: str
    line: int | None = None
    column: int | None = None
    right: str | None = field(default=None, compare=False)
    """What would be right there, in the words of the reference."""


def brief(problems: Sequence[Problem], most: int = LIMITS.problems_bytes // 25) -> list[Problem]:
    """Take the first problem, and those behind it that have room: a place can be as long as all the keys around it."""
    taken = list[Problem]()
    for problem in problems:
        size = len(problem.pointer) + len(problem.message)
        if size > most:
            break
        most -= size
        taken.append(problem)
    return taken or [copy_with(problem, pointer=f"{problem.pointer[:most]}…") for problem in problems[:1]]


def details_of(problems: Sequence[Problem]) -> list[Json]:
    """Write the first problems as the details of an error."""
    return [{"pointer": problem.pointer, "message": problem.message} for problem in brief(problems)]


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()


def encode(value: object) -> bytes:
    """Write a JSON value as compact text in UTF-8.

    Raises:
        RecursionError: it nests too deeply.
    """
    try:
        return _ENCODER.encode(value)
    except (UnicodeEncodeError, TypeError):  # half a surrogate pair exists as an escape only, some keys are no text
        return _escaped(value).encode()


def bytes_of(value: object) -> int:
    """Count the bytes of a JSON value as compact text in UTF-8.

    Raises:
        UnicodeEncodeError: a text in it holds half of a surrogate pair.
    """
    return len(_ENCODER.encode(value))


def is_longer(value: Json, most: int) -> bool:
    """Tell whether the JSON text of a value is surely longer than so many characters, without making it."""
    waiting: list[Any] = [value]
    while waiting:
        part = waiting.pop()
        if type(part) is str:  # most parts are
            most -= len(part)
        elif isinstance(part, dict):
            most -= len(part)
            if most >= 0:
                waiting += part
                waiting += part.values()
        elif isinstance(part, list):
            most -= len(part)
            if most >= 0:
                waiting += part
        else:
            most -= 1
        if most < 0:
            return True
    return False


def may_be_longer(value: Json, most: int) -> bool:
    """Tell whether the JSON text of a value could have more than so many bytes, without looking into it."""
    if isinstance(value, str):
        return len(value) * _BYTES_OF_CHARACTER + 2 > most
    if isinstance(value, list | dict):
        return bool(value)
    return type(value) is int and value.bit_length() // _BITS_OF_DIGIT + 2 > most


_BYTES_OF_CHARACTER = 6
"""At most: ``\\u0000`` (RFC 8259, section 7)."""
_BITS_OF_DIGIT = 3
"""At least."""


def encode_ascii(value: object) -> str:
    """Write a JSON value as compact text in ASCII, for those that do not take every character."""
    text = encode(value)
    return text.decode() if text.isascii() else _escaped(value)


def _escaped(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def decode(text: bytes | str) -> Any:  # noqa: ANN401 - JSON, whose shape the caller knows
    """Read JSON, in UTF-8, that was written by ``encode`` or another program.

    Raises:
        ValueError: it is none.
        RecursionError: it nests too deeply.
    """
    return uncollected(_decode, text)


def _decode(text: bytes | str) -> Any:  # noqa: ANN401 - see above
    try:
        return _DECODER.decode(text)
    except ValueError:  # half a surrogate pair is not for msgspec, and what is wrong json tells better
        return json.loads(text)


LONG = 64 * 1024
"""Characters of JSON of which so many lists and objects may come that Python would look for cycles among them."""


def uncollected(read: Callable[[T], Any], text: T) -> Any:  # noqa: ANN401 - see above
    """Read a long text without Python's looking for cycles meanwhile, which takes four times as long as the reading.

    JSON has no cycles. Where others read at the same time, the first that is done lets Python look again.
    """
    if len(text) < LONG or not gc.isenabled():
        return read(text)
    gc.disable()
    try:
        return read(text)
    finally:
        gc.enable()


def pointer(path: Path) -> str:
    """Write a path as a JSON pointer (RFC 6901): ``("steps", 0, "next")`` is ``/steps/0/next``."""
    return "".join("/" + escaped(str(part)) for part in path)


def escaped(part: str) -> str:
    """Write a part of a JSON pointer: those of a large object are many."""
    return part.replace("~", "~0").replace("/", "~1") if "~" in part or "/" in part else part


def read_pointer(text: str) -> list[str]:
    """Read the parts of a JSON pointer (RFC 6901), each as text: ``/a~1b/0`` is ``["a/b", "0"]``."""
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def truncate(instant: datetime) -> datetime:
    """Cut an instant to whole milliseconds of UTC, the precision that sedo keeps."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    beyond = instant.microsecond % 1000
    return instant.replace(microsecond=instant.microsecond - beyond) if beyond else instant


@lru_cache(maxsize=256)  # the values of one turn hold the same few instants many times
def format_instant(instant: datetime) -> str:
    """Write an instant as RFC 3339 text in UTC with milliseconds: ``2026-01-31T09:00:00.000Z``."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"  # its offset is +00:00


def parse_instant(text: str) -> datetime:
    """Read RFC 3339 text with an offset, to whole milliseconds.

    Raises:
        ValueError: it is no date and time, or has no offset.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC: end it with Z or +hh:mm")
    return truncate(instant)


def find_zone(name: str, unknown: type[Exception]) -> tzinfo:
    """Find a time zone by its name (IANA, "Time Zone Database").

    Raises:
        Exception: there is none of this name; ``unknown`` says which exception.
    """
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - few need it

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise unknown(f"there is no time zone {name[:100]!r}: it is a name as Europe/Berlin") from None


def seconds_until(instant: datetime, now: datetime) -> int:
    """Count whole seconds from now to an instant, rounded up, and 0 for the past."""
    return max(0, -((now - instant) // timedelta(seconds=1)))


def canonical(value: Json) -> str:
    """Write a JSON value so that equal ones have equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
