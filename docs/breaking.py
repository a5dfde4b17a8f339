"""Find what breaks those who use the API as it was released: ``python -m docs.breaking [--release]``.

The released contract is docs/openapi-released.json; ``--release`` takes the present one for released. An operation, a
status, a media type, a parameter or a member of an answer that goes away breaks somebody; so does a request that asks
for more than it did, or takes less. Answers may get further members and further values of an enum.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

DOCS = Path(__file__).parent
RELEASED = DOCS / "openapi-released.json"
PRESENT = DOCS.parent / "chalicelib" / "api" / "openapi.json"
METHODS = ("get", "put", "post", "delete", "patch")
LOWER_IS_NARROWER = ("maximum", "maxLength", "maxItems", "maxProperties")
HIGHER_IS_NARROWER = ("minimum", "minLength", "minItems", "minProperties")

Node: TypeAlias = Any
"""A value of a contract."""


def main(arguments: list[str]) -> int:
    """Name what breaks, or take the present contract for released."""
    present = json.loads(PRESENT.read_text(encoding="utf-8"))
    if "--release" in arguments:
        RELEASED.write_text(json.dumps(present, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
        return 0
    found = [*breaks(json.loads(RELEASED.read_text(encoding="utf-8")), present)]
    for line in found:
        print(f"the API breaks those who use {RELEASED.name}: {line}")
    return 1 if found else 0


def breaks(old: Node, new: Node) -> Iterator[str]:
    """Name what breaks between two contracts."""
    after = dict(_operations(new))
    for place, (item, operation) in _operations(old):
        if place not in after:
            yield f"{place} is gone"
            continue
        yield from _Comparison(old, new, place).operation((item, operation), after[place])


def _operations(contract: Node) -> Iterator[tuple[str, tuple[Node, Node]]]:
    for path, item in contract["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", (item, item[method])


class _Comparison:
    """Two versions of one operation."""

    def __init__(self, old: Node, new: Node, place: str) -> None:
        self.old, self.new, self.place = old, new, place
        self.seen: set[tuple[int, int, bool]] = set()

    def operation(self, before: tuple[Node, Node], after: tuple[Node, Node]) -> Iterator[str]:
        old, new = before[1], after[1]
        if old["operationId"] != new["operationId"]:
            yield f"{self.place} is called {new['operationId']}, and was {old['operationId']}"
        yield from self.parameters(self.named(self.old, *before), self.named(self.new, *after))
        yield from self.body(_found(self.old, old.get("requestBody")), _found(self.new, new.get("requestBody")))
        yield from self.answers(old["responses"], new["responses"])

    def named(self, contract: Node, item: Node, operation: Node) -> Mapping[tuple[str, str], Node]:
        """Find the parameters by their places and names."""
        listed = [*item.get("parameters", ()), *operation.get("parameters", ())]
        found = [_found(contract, each) for each in listed]
        return {(each["in"], each["name"]): each for each in found}

    def parameters(self, old: Mapping[Any, Node], new: Mapping[Any, Node]) -> Iterator[str]:
        for place, parameter in old.items():
            where = f"{self.place}: {place[1]} in the {place[0]}"
            if place not in new:
                yield f"{where} is gone"
            else:
                yield from self.schema(parameter["schema"], new[place]["schema"], where, is_request=True)
        for place, parameter in new.items():
            if parameter.get("required") and not old.get(place, {}).get("required"):
                yield f"{self.place}: {place[1]} in the {place[0]} is required now"

    def body(self, old: Node, new: Node) -> Iterator[str]:
        if new and new.get("required") and not (old or {}).get("required"):
            yield f"{self.place} needs a body now"
        if old and new:
            yield from self.contents(old["content"], new["content"], f"{self.place}: the body", is_request=True)
        elif old:
            yield f"{self.place} takes no body any more"

    def answers(self, old: Node, new: Node) -> Iterator[str]:
        for status, response in old.items():
            where = f"{self.place}: the answer {status}"
            if status not in new:
                yield f"{where} is gone"
                continue
            before, after = _found(self.old, response), _found(self.new, new[status])
            for name in before.get("headers", {}).keys() - after.get("headers", {}).keys():
                yield f"{where} has no {name} any more"
            yield from self.contents(before.get("content", {}), after.get("content", {}), where, is_request=False)

    def contents(self, old: Node, new: Node, where: str, *, is_request: bool) -> Iterator[str]:
        for kind, content in old.items():
            if kind not in new:
                yield f"{where} is no {kind} any more"
            else:
                yield from self.schema(content["schema"], new[kind]["schema"], where, is_request=is_request)

    def schema(self, old: Node, new: Node, where: str, *, is_request: bool) -> Iterator[str]:
        """Compare what a schema takes, or shows."""
        if isinstance(old, bool) or isinstance(new, bool):
            if old != new and is_request and new is False:
                yield f"{where} is refused now"
            return
        old, new = _whole(self.old, old), _whole(self.new, new)
        if (id(old), id(new), is_request) in self.seen:
            return
        self.seen.add((id(old), id(new), is_request))
        yield from self.values(old, new, where, is_request=is_request)
        yield from self.members(old, new, where, is_request=is_request)
        for keyword in ("anyOf", "oneOf", "allOf"):
            for before, after in zip(old.get(keyword, ()), new.get(keyword, ()), strict=False):
                yield from self.schema(before, after, where, is_request=is_request)
        if "items" in old and "items" in new:
            yield from self.schema(old["items"], new["items"], f"{where}, in a list", is_request=is_request)

    def values(self, old: Node, new: Node, where: str, *, is_request: bool) -> Iterator[str]:
        """Compare types and ranges."""
        before, after = _types(old), _types(new)
        if is_request and after and (lost := before - after if before else {"any"}):
            yield f"{where} takes no {' or '.join(sorted(lost))} any more"
        if not is_request and before and (gained := after - before if after else {"any"}):
            yield f"{where} may be {' or '.join(sorted(gained))} now"
        if not is_request:
            return
        if "enum" in new and (gone := [each for each in old.get("enum", ["any value"]) if each not in new["enum"]]):
            yield f"{where} does not take {', '.join(map(str, gone))} any more"
        if "pattern" in new and new["pattern"] != old.get("pattern"):
            yield f"{where} has another pattern"
        for keywords, sign in ((LOWER_IS_NARROWER, 1), (HIGHER_IS_NARROWER, -1)):
            for keyword in keywords:
                if keyword in new and (keyword not in old or sign * new[keyword] < sign * old[keyword]):
                    yield f"{where} has another {keyword}"

    def members(self, old: Node, new: Node, where: str, *, is_request: bool) -> Iterator[str]:
        """Compare the members of objects."""
        had, has = old.get("properties", {}), new.get("properties", {})
        for name, inner in had.items():
            if name in has:
                yield from self.schema(inner, has[name], f"{where}, member {name}", is_request=is_request)
            elif not is_request or new.get("additionalProperties") is False:
                yield f"{where} has no member {name} any more"
        was, must = set(old.get("required", ())), set(new.get("required", ()))
        if is_request:
            yield from (f"{where} needs a member {name} now" for name in sorted(must - was))
        else:
            yield from (f"{where} may lack {name} now" for name in sorted((was - must) & has.keys()))


def _found(contract: Node, node: Node) -> Node:
    """Follow the ``$ref`` of a node, and join what is beside it, members and all."""
    if not isinstance(node, Mapping) or "$ref" not in node:
        return node
    found = contract
    for key in node["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    beside = {key: value for key, value in node.items() if key != "$ref"}
    base = _found(contract, found)
    if not beside:
        return base
    joined = {**base, **beside, "properties": {**base.get("properties", {}), **beside.get("properties", {})}}
    return joined | {"required": [*base.get("required", ()), *beside.get("required", ())]}


def _whole(contract: Node, schema: Node) -> Node:
    """Find what a schema is to those who choose no members of the answer."""
    found = _found(contract, schema)
    left = [each for each in found.get("anyOf", ()) if "x-chosen-by" not in _found(contract, each)]
    if len(left) == len(found.get("anyOf", ())):
        return found
    return _found(contract, left[0]) if len(left) == 1 else {**found, "anyOf": left}


def _types(schema: Node) -> set[str]:
    types = schema.get("type", ())
    return {types} if isinstance(types, str) else set(types)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
