"""Bounds of JSON values (depth, members, numbers): the same wherever one comes in, and on every Python."""

import re
from itertools import chain, islice
from typing import Any

from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.json import Json

MAX_DEPTH = LIMITS.value_depth
MAX_MEMBERS = LIMITS.value_members
MAX_KEY = LIMITS.value_key_chars
MAX_DIGITS = LIMITS.number_digits

_BEYOND: int = 10**MAX_DIGITS
"""The smallest number that has too many digits."""
_MEMBER = r"""(?s)(?:[^",\[{]++|"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|[\[{](?=[ \t\n\r]*+[\]}]))*+(?:([,\[{])|\Z)"""
"""JSON up to its end, or to a comma or the beginning of a list or an object that is not empty: one for each member."""
_SHORT = min(MAX_MEMBERS, MAX_KEY, MAX_DIGITS)
"""Characters of JSON in which there is no room for more members, a longer key or more digits than may be."""


def bound_problem(value: Json, levels: int = MAX_DEPTH) -> str | None:
    """Tell which bound a value is beyond, level by level, as Python's stack may end before the value does."""
    level: list[Any] = [value]
    members = 0
    for _ in range(levels + 1):
        kinds = {*map(type, level)}
        if int in kinds and not _are_short([each for each in level if type(each) is int]):
            return beyond("number_digits", f"has a number of more than {MAX_DIGITS:,} digits")
        if kinds.isdisjoint((list, dict)):
            return None
        lists = [each for each in level if type(each) is list]
        objects = [each for each in level if type(each) is dict]
        members += sum(map(len, lists)) + sum(map(len, objects))
        if members > MAX_MEMBERS:
            return _too_many_members()
        if max(map(len, chain.from_iterable(objects)), default=0) > MAX_KEY:
            return beyond("value_key_chars", f"has a key of more than {MAX_KEY:,} characters")
        level = [*chain.from_iterable(lists), *chain.from_iterable(each.values() for each in objects)]
    return beyond("body_depth" if levels > MAX_DEPTH else "value_depth", f"nests deeper than {levels} levels")


def pruned(value: Json, levels: int) -> Json:
    """Answer a value that nests no deeper than so many levels: null stands for what does."""
    return value if bound_problem(value, levels) is None else _pruned(value, levels)


def _pruned(value: Json, levels: int) -> Json:
    if not isinstance(value, list | dict):
        return value
    if not levels:
        return None
    if isinstance(value, list):
        return [_pruned(each, levels - 1) for each in value]
    return {key: _pruned(each, levels - 1) for key, each in value.items()}


def bound_problem_in(text: str, value: Json) -> str | None:
    """Tell which bound a value is beyond; most are known by their JSON to be within all of them."""
    is_within = len(text) <= _SHORT and text.count("[") + text.count("{") <= MAX_DEPTH
    return None if is_within else bound_problem(value)


def members_problem(text: str) -> str | None:
    """Tell whether a value has too many members by its JSON, as it takes up to 80 times the memory of that."""
    if sum(map(text.count, ",[{")) - text.count("[]") - text.count("{}") <= MAX_MEMBERS:
        return None
    found = next(islice(re.finditer(_MEMBER, text), MAX_MEMBERS, None), None)
    return None if found is None or not found.lastindex else _too_many_members()  # the last match is the end


def _too_many_members() -> str:
    return beyond("value_members", f"has more than {MAX_MEMBERS:,} members and items")


def _are_short(numbers: list[int]) -> bool:
    return min(numbers) > -_BEYOND and max(numbers) < _BEYOND
