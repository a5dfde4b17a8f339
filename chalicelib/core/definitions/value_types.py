"""Warnings for types: functions and parameters that never take a value, and comparisons that never hold."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from chalicelib.core.definitions.expressed import Expressed
from chalicelib.core.definitions.names import shown_path
from chalicelib.core.expressions.expression import nodes_of
from chalicelib.core.expressions.functions import is_function, kinds_in_words, parameters_of
from chalicelib.core.expressions.grammar import SyntaxNode
from chalicelib.core.expressions.made import At
from chalicelib.core.expressions.reference import ITEM, Use
from chalicelib.core.expressions.template import is_templated, makes_text
from chalicelib.core.schemas.messages import KINDS, SHOWN
from chalicelib.core.schemas.paths import KINDS as TYPES
from chalicelib.core.values.json import Json, Path

_ITEMS: Mapping[str, str] = {
    "array": "lists",
    "boolean": "booleans",
    "number": "numbers",
    "object": "objects",
    "string": "texts",
}
"""What items of a list are called, by their type."""
_OF_TEXT = frozenset({"boolean", "integer", "number"})
"""What a parameter takes that takes a text: it is rendered."""
_WRITTEN: Mapping[tuple[str, str], str] = {
    ("number", "string"): "to_string({})",
    ("string", "number"): "to_number({})",
    ("object", "array"): "values({})",
    ("object", "string"): "to_json({})",
    ("array", "string"): "to_json({})",
}
"""What makes of a value of one type one of another."""
_UNLIKE = {"eq": "they are never equal", "ne": "they always differ"}
_ORDERED = frozenset({"number", "string"})


def type_remarks(expressed: Expressed) -> Iterator[str]:
    """Say which functions of an expression never take what they are given, and which comparisons never hold."""
    for use in expressed.reading.uses:
        if is_function(use.name):
            yield from _not_taken(use, expressed)
        else:
            yield from _compared(use, expressed)


def lone_templates(source: Json, schema: Any) -> Iterator[tuple[Path, str, Collection[str]]]:  # noqa: ANN401 - a JSON Schema
    """Find templates in a parameter that are one expression: where each stands, and the types that are taken there."""
    if not isinstance(schema, Mapping):
        return
    match source:
        case dict():
            named, others = schema.get("properties", {}), schema.get("additionalProperties", True)
            parts: list[tuple[str | int, Json, Json]] = [
                (name, each, named.get(name, others)) for name, each in source.items()
            ]
        case list():
            parts = [(index, each, schema.get("items", True)) for index, each in enumerate(source)]
        case str() if schema.get("type") and is_templated(source) and not makes_text(source):
            types = schema["type"]
            yield (), source, [types] if isinstance(types, str) else types
            return
        case _:
            return
    for place, part, inner in parts:
        for below, template, taken in lone_templates(part, inner):
            yield (place, *below), template, taken


def unfit_type(types: Collection[str], taken: Collection[str]) -> str | None:
    """Say that a template comes to another type than is taken."""
    fitting = {*taken, *(_OF_TEXT if "string" in taken else ()), *(("integer", "number") if _has_number(taken) else ())}
    if not types or not fitting.isdisjoint(types):
        return None
    right = _converted(types, taken)
    hint = f": {right.format('…')} makes one" if right else ""
    return f"this comes to {_words(types)}, not {_words(taken)}{hint}"


def _converted(types: Iterable[str], wanted: Iterable[str]) -> str:
    """Find what makes a wanted type of one of some types; nothing, if there is no such thing."""
    pairs = ((_plain(each), _plain(want)) for each in types for want in wanted)
    return next((_WRITTEN[pair] for pair in pairs if pair in _WRITTEN), "")


def _has_number(types: Collection[str]) -> bool:
    return not {"integer", "number"}.isdisjoint(types)


def _not_taken(use: Use, expressed: Expressed) -> Iterator[str]:
    parameters = parameters_of(use.name)
    for place, (node, at) in enumerate(use.operands):
        taken = parameters[min(place, len(parameters) - 1)]["types"]
        types = _types(node, at, expressed)
        if node["type"] == "literal" or not types or not taken or "null" in taken:
            continue
        whole = {each.partition("-")[0] for each in taken}
        shown = _shown(at, expressed)
        if types.isdisjoint(whole) and at and (*at, ITEM) in expressed.reading.found:
            continue  # it is said that nothing is in it
        if types.isdisjoint(whole):
            right = _converted(types, whole)
            hint = f": write {right.format(shown)}" if right and len(whole) == 1 else ""
            yield f"{use.name}() takes {kinds_in_words(taken)}, and {shown} is {_words(types)}{hint}"
        elif types == {"array"} and all("-" in each for each in taken):
            yield from _items_not_taken(use, taken, shown, {*map(_plain, expressed.types(at, ITEM))})


def _items_not_taken(use: Use, taken: Sequence[str], shown: str, items: Collection[str]) -> Iterator[str]:
    """Say that a function never takes the items of a list."""
    wanted = [each.partition("-")[2] for each in taken]
    if not items or not {*wanted}.isdisjoint(items):
        return
    right = _converted(items, wanted)
    hint = f": write map(&{right.format('@')}, {shown})" if right and len(wanted) == 1 else ""
    given = " or ".join(sorted(_ITEMS[each] for each in items))
    yield f"{use.name}() takes {kinds_in_words(taken)}, and {shown} is a list of {given}{hint}"


def _compared(use: Use, expressed: Expressed) -> Iterator[str]:
    sides = [(node, at, _types(node, at, expressed)) for node, at in use.operands]
    if any(not types or _may_be_false(node) for node, _, types in sides):
        return
    common = sides[0][2] & sides[1][2]
    literals = [node["value"] for node, _, _ in sides if node["type"] == "literal"]
    said = " and ".join(f"{_operand(node, at, expressed)} is {_words(types)}" for node, at, types in sides)
    if use.name in _UNLIKE:
        if not common and len(literals) == 1:  # otherwise both may be null
            others = [(at, types) for node, at, types in sides if node["type"] != "literal"]
            right = _in_list(literals[0], *others[0], expressed) or _as_other(literals[0], others[0][1])
            yield f"{said}: {_UNLIKE[use.name]}{right}"
    elif not common & _ORDERED and not literals:
        yield f"{said}: only numbers, and texts, have an order"


def _in_list(literal: Json, at: At, types: Collection[str], expressed: Expressed) -> str:
    """Say how it is asked whether a literal is in a list."""
    is_in = types == {"array"} and not isinstance(literal, list | dict)
    return f": write contains({_shown(at, expressed)}, {_literal(literal)})" if is_in else ""


def _as_other(literal: Json, types: Collection[str]) -> str:
    """Say how a literal is written as the type that it is compared with."""
    written = json.dumps(literal, ensure_ascii=False)
    match literal:
        case str() if literal in {"true", "false"} and "boolean" in types:
            return f": write `{literal}`"
        case str() if "number" in types and _is_number(literal):
            return f": the number is written `{literal}`"
        case bool() | int() | float() if "string" in types:
            return f": the text is written '{written}'"
    return ""


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()


def _operand(node: SyntaxNode, at: At, expressed: Expressed) -> str:
    return _literal(node["value"]) if node["type"] == "literal" else _shown(at, expressed)


def _literal(value: Json) -> str:
    """Write a value as an expression does; of a long text only its beginning is shown."""
    written = f"'{value}'" if isinstance(value, str) else f"`{json.dumps(value, ensure_ascii=False)}`"
    return written if len(written) <= SHOWN else f"{written[:SHOWN]}…"


def _types(node: SyntaxNode, at: At, expressed: Expressed) -> frozenset[str]:
    """Tell of which types a value is, whole numbers being numbers."""
    if node["type"] == "literal":
        return frozenset({_plain(TYPES[type(node["value"])])} - {"null"})
    return frozenset(map(_plain, expressed.types(at)))


def _may_be_false(node: SyntaxNode) -> bool:
    """Tell whether something may come to another value than its last one, as it is not true."""
    return any(each["type"] == "and_expression" for each in nodes_of(node))


def _plain(kind: str) -> str:
    return "number" if kind == "integer" else kind


def _shown(at: At, expressed: Expressed) -> str:
    top, *inside = at or ("it",)
    made = expressed.reading.made.get(top)
    return shown_path(top if made is None else made.shown, inside)


def _words(types: Collection[str]) -> str:
    return " or ".join(dict.fromkeys(KINDS[each] for each in sorted(types)))
