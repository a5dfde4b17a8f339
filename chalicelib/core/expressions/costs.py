"""What functions and comparisons cost beyond the visits of their nodes, by what they are given: in visits, too.

A visit takes about 30 µs at most. What makes large values is held to their size elsewhere; here is what looks through
large values and makes little of them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.core.values.json import encode
from chalicelib.core.values.pattern import Pattern, compile_glob, compile_pattern

_TEXT = 5_000
"""Characters of a text that any function looks through in a visit."""
_ITEMS: Mapping[str, int] = {
    **dict.fromkeys(("join", "max", "min", "omit", "pick", "reverse", "sort"), 100),
    **dict.fromkeys(("avg", "sum"), 10),
    "contains": 2_000,
    "merge": 500,
}
"""Items that a function looks at in a visit."""
_BYTES: Mapping[str, int] = {
    **dict.fromkeys(("flatten_deep", "hash", "to_json", "to_string"), 300),
    "unique": 150,
}
"""Bytes as JSON, of all that is in a value, that a function looks at in a visit."""
_COMPARED = 10_000
"""The same for a comparison."""
_COMPILERS: Mapping[str, Callable[[str], Pattern]] = {"glob": compile_glob, "match": compile_pattern}
_COMPILED = 100
"""Instructions of a pattern that RE2 compiles in a visit."""
_SEARCHED = 50_000
"""Instructions for characters that it goes through in a visit."""


class Costs:
    """The costs of one rendering; values are measured once, and must not change."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, int]] = {}

    def of_call(self, name: str, arguments: Sequence[Any]) -> int:
        """Tell what a function will cost with arguments, which may be wrong."""
        cost = 0
        for argument in arguments:
            if isinstance(argument, str):
                cost += len(argument) // _TEXT
            elif isinstance(argument, list | dict):
                cost += len(argument) // _ITEMS[name] if name in _ITEMS else 0
                cost += self._size(argument) // _BYTES[name] if name in _BYTES else 0
        return cost + _cost_of_pattern(*arguments, compiler=_COMPILERS[name]) if name in _COMPILERS else cost

    def of_comparison(self, left: object, right: object) -> int:
        """Tell what a comparison will cost."""
        if left is right or not (isinstance(left, list | dict) and isinstance(right, type(left))):
            return 0
        return 0 if len(left) != len(right) else min(self._size(left), self._size(right)) // _COMPARED

    def _size(self, value: object) -> int:
        known = self._known.get(id(value))
        if known is None:
            # keeping the value keeps its id from being given to another
            known = self._known[id(value)] = (value, len(encode(value)))
        return known[1]


def _cost_of_pattern(text: object, pattern: object, *, compiler: Callable[[str], Pattern]) -> int:
    if not isinstance(text, str) or not isinstance(pattern, str):
        return 0
    try:
        size = compiler(pattern).programsize
    except ValueError:
        return 0
    return size // _COMPILED + size * len(text) // _SEARCHED
