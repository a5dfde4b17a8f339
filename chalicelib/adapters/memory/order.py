"""Orders of lists that are kept in memory."""

from collections.abc import Collection, Sequence
from typing import Any
from zlib import crc32

from chalicelib.core.executions.listing import parts_of


def part_of(ids: Collection[str], number: int, limit: int) -> Sequence[str]:
    """Choose a part of ids by its number, counted round."""
    parts = parts_of(len(ids), limit)
    return [each for each in ids if crc32(each.encode()) % parts == number % parts]


def is_behind(place: Any, after: Any, *, reverse: bool) -> bool:  # noqa: ANN401 - what can be compared
    """Tell whether a place of a list comes after another one."""
    return bool(place < after if reverse else place > after)
