"""What AWS bills for requests: the rules by which sizes are counted and rounded.

Sizes of items are from the Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats"; units from the same,
"DynamoDB read and write operations" and "Using Global Secondary Indexes in DynamoDB"; requests to queues from "Amazon
SQS pricing".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

MeteredItem: TypeAlias = Mapping[str, Mapping[str, Any]]
"""An item as the low-level client has it: ``{"id": {"S": "t:d:1"}}``."""

WRITE_BYTES = 1024
READ_BYTES = 4096
QUEUE_BYTES = 64 * 1024

NESTED = 3
"""Bytes of a list or map beside what is in it."""
ELEMENT = 1
"""Bytes of an element of a list or map beside itself."""


def item_size(item: MeteredItem) -> int:
    """Count the bytes of an item: the names of its attributes and their values.

    The 100 bytes that storage has on top are not in what a request is billed for.
    """
    return sum(_text(name) + value_size(value) for name, value in item.items())


def value_size(attribute: Mapping[str, Any]) -> int:
    """Count the bytes of an attribute's value.

    Raises:
        ValueError: it is of no type that DynamoDB has.
    """
    ((kind, value),) = attribute.items()
    if kind not in SIZES:
        raise ValueError(f"DynamoDB has no type {kind!r}")
    return SIZES[kind](value)


def number_size(text: str) -> int:
    """Count the bytes of a number: one for two significant digits, one more, and one for a minus.

    Zeros at both ends do not count. AWS says "approximately", and nothing of the minus, which others have measured.
    """
    digits = text.lower().partition("e")[0].lstrip("+-").replace(".", "").strip("0")
    return -(-len(digits) // 2) + 1 + text.startswith("-")


def write_units(size: int) -> int:
    """Count the units of a write: one for each begun KB, and one at least."""
    return _chunks(size, WRITE_BYTES)


def put_units(before: int, after: int) -> int:
    """Count the units of a write over an item: the larger of both sizes, 0 where there is none."""
    return write_units(max(before, after))


def read_units(size: int, *, consistent: bool) -> float:
    """Count the units of a read: one for each begun 4 KB, and one at least; half of that without strong consistency."""
    return _chunks(size, READ_BYTES) * (1.0 if consistent else 0.5)


def index_units(keys: Iterable[str], before: MeteredItem | None, after: MeteredItem | None) -> int:
    """Count the units that a write costs for an index, by its entry of the item before and after; None is no entry.

    Another key costs a delete of the old entry and a put of the new one; the same key with other attributes one put.
    """
    return sum(units for _, units in moves([*keys], before, after))


def moves(keys: Sequence[str], before: MeteredItem | None, after: MeteredItem | None) -> Iterator[tuple[str, int]]:
    """Count the same by the partition key that takes it."""
    if before == after:
        return
    if before is not None and after is not None and all(before[key] == after[key] for key in keys):
        yield before[keys[0]]["S"], write_units(max(item_size(before), item_size(after)))
        return
    yield from ((entry[keys[0]]["S"], write_units(item_size(entry))) for entry in (before, after) if entry is not None)


def queue_requests(sizes: Iterable[int]) -> int:
    """Count the requests that one with these payloads is billed as: one for each begun 64 KB of all together."""
    return _chunks(sum(sizes), QUEUE_BYTES)


def _list_size(elements: Iterable[Mapping[str, Any]]) -> int:
    return NESTED + sum(ELEMENT + value_size(element) for element in elements)


def _map_size(members: MeteredItem) -> int:
    return NESTED + ELEMENT * len(members) + item_size(members)


def _chunks(size: int, of: int) -> int:
    return max(1, -(-size // of))


def _text(text: str) -> int:
    return len(text.encode())


SIZES: Mapping[str, Callable[[Any], int]] = {
    "S": _text,
    "N": number_size,
    "B": len,
    "NULL": lambda _: 1,
    "BOOL": lambda _: 1,
    "L": _list_size,
    "M": _map_size,
    "SS": lambda texts: sum(map(_text, texts)),
    "NS": lambda numbers: sum(map(number_size, numbers)),
    "BS": lambda values: sum(map(len, values)),
}
"""How to count the bytes of a value, by its type."""
