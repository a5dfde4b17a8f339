"""What breaks by a change of a schema, keyword by keyword: ``RULES``.

A request breaks when it takes less, an answer when it shows what it did not. A keyword that has no rule breaks whenever
it changes, and so does whatever else cannot be told apart from a break: somebody has to look at it.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeAlias

Node: TypeAlias = Any
"""A value of a contract."""
NOTES = frozenset(
    {
        *("title", "description", "summary", "example", "examples", "deprecated", "externalDocs", "$comment"),
        *("x-message", "x-checked-by", "x-yaml", "x-chosen-by"),
    }
)
"""What says something to people only, or where something is done."""


class Pair(NamedTuple):
    """One schema, or what stands around some, as it was and as it is."""

    old: Node
    new: Node
    is_request: bool


class Schemas:
    """The schemas of two contracts."""

    def __init__(self, old: Node, new: Node) -> None:
        self.old, self.new = old, new
        self.resolved: dict[tuple[int, int], Node] = {}
        self.known: dict[tuple[int, int, bool], tuple[str, ...]] = {}

    def compare(self, pair: Pair) -> tuple[str, ...]:
        """Name what breaks, in words that follow the name of the place; a schema inside itself is compared once."""
        old, new = self.whole(self.old, pair.old), self.whole(self.new, pair.new)
        key = (id(old), id(new), pair.is_request)
        if key not in self.known:
            self.known[key] = ()
            self.known[key] = tuple(dict.fromkeys(self.keywords(Pair(old, new, pair.is_request))))
        return self.known[key]

    def keywords(self, pair: Pair) -> Iterator[str]:
        """Compare two schemas by the rule of each keyword."""
        if pair.old is False or pair.new is False:
            if pair.is_request and pair.old is not False:
                yield " is refused now"
            return
        pair = pair._replace(old={} if pair.old is True else pair.old, new={} if pair.new is True else pair.new)
        for keyword in sorted((pair.old.keys() | pair.new.keys()) - NOTES):
            yield from RULES.get(keyword, changed)(self, pair, keyword)

    def found(self, contract: Node, node: Node) -> Node:
        """Follow the ``$ref`` of a node, and join what is beside it, members and all."""
        if not isinstance(node, Mapping) or "$ref" not in node:
            return node
        key = (id(contract), id(node))
        if key not in self.resolved:
            base = contract
            for name in node["$ref"].removeprefix("#/").split("/"):
                base = base[name.replace("~1", "/").replace("~0", "~")]
            base = self.found(contract, base)
            beside = {name: value for name, value in node.items() if name != "$ref"}
            self.resolved[key] = _joined(base, beside) if beside.keys() - NOTES else base
        return self.resolved[key]

    def whole(self, contract: Node, schema: Node) -> Node:
        """Find what a schema is to those who choose no members of the answer."""
        found = self.found(contract, schema)
        alternatives = found.get("anyOf", ()) if isinstance(found, Mapping) else ()
        left = [each for each in alternatives if "x-chosen-by" not in self.found(contract, each)]
        if len(left) == len(alternatives):
            return found
        key = (id(contract), id(found))
        if key not in self.resolved:
            self.resolved[key] = self.found(contract, left[0]) if len(left) == 1 else {**found, "anyOf": left}
        return self.resolved[key]

    def spelt_out(self, contract: Node, node: Node, above: frozenset[int] = frozenset()) -> Node:
        """Put what it names in place of each ``$ref`` that does not lead back to itself."""
        found = self.found(contract, node)
        if isinstance(found, list):
            return [self.spelt_out(contract, each, above) for each in found]
        if not isinstance(found, Mapping) or id(found) in above:
            return node
        return {key: self.spelt_out(contract, value, above | {id(found)}) for key, value in found.items()}


Rule: TypeAlias = Callable[[Schemas, Pair, str], Iterator[str]]
"""Names what breaks by one keyword of two schemas."""


def changed(schemas: Schemas, pair: Pair, keyword: str) -> Iterator[str]:
    """Break by any change."""
    old, new = pair.old.get(keyword), pair.new.get(keyword)
    old, new = schemas.spelt_out(schemas.old, old), schemas.spelt_out(schemas.new, new)
    if (keyword in pair.old) is not (keyword in pair.new) or not _same(old, new):
        yield f" has another {keyword}"


def added(schemas: Schemas, pair: Pair, keyword: str) -> Iterator[str]:
    """Break a request by any change but that it is gone."""
    if pair.is_request and pair.new.get(keyword, False) is not False:
        yield from changed(schemas, pair, keyword)


def lost(schemas: Schemas, pair: Pair, keyword: str) -> Iterator[str]:
    """Break a request by what is new or other, an answer by what is other or gone."""
    if keyword in (pair.new if pair.is_request else pair.old):
        yield from changed(schemas, pair, keyword)


def asked(schemas: Schemas, pair: Pair, keyword: str) -> Iterator[str]:
    """Break a request by any change."""
    if pair.is_request:
        yield from changed(schemas, pair, keyword)


def limited(sign: int, _: Schemas, pair: Pair, keyword: str) -> Iterator[str]:
    """Break a request by a limit that is new, or narrower."""
    now, before = pair.new.get(keyword), pair.old.get(keyword)
    if pair.is_request and now is not None and (before is None or sign * now > sign * before):
        yield f" has another {keyword}"


raised = partial(limited, 1)
lowered = partial(limited, -1)


def types(_: Schemas, pair: Pair, __: str) -> Iterator[str]:
    """Break a request by a type that it takes no more, an answer by one that it did not have."""
    before, after = _types(pair.old), _types(pair.new)
    if pair.is_request and after and (gone := _beyond(before, after) if before else {"any"}):
        yield f" takes no {' or '.join(sorted(gone))} any more"
    if not pair.is_request and before and (gained := _beyond(after, before) if after else {"any"}):
        yield f" may be {' or '.join(sorted(gained))} now"


def values(_: Schemas, pair: Pair, __: str) -> Iterator[str]:
    """Break a request by a value that it takes no more."""
    before, after = _values(pair.old) or ["any value"], _values(pair.new)
    gone = [each for each in before if not any(_same(each, other) for other in after or ())]
    if pair.is_request and after is not None and gone:
        yield f" does not take {', '.join(map(str, gone))} any more"


def properties(schemas: Schemas, pair: Pair, keyword: str) -> Iterator[str]:
    """Break by a member that is gone, or breaks."""
    has = pair.new.get(keyword, {})
    closed = any(pair.new.get(name) is False for name in ("additionalProperties", "unevaluatedProperties"))
    for name, inner in pair.old.get(keyword, {}).items():
        if name in has:
            yield from (f", member {name}{line}" for line in schemas.compare(Pair(inner, has[name], pair.is_request)))
        elif closed or not pair.is_request:
            yield f" has no member {name} any more"


def required(_: Schemas, pair: Pair, keyword: str) -> Iterator[str]:
    """Break a request by a member that it needs, an answer by one that it may lack."""
    was, must = set(pair.old.get(keyword, ())), set(pair.new.get(keyword, ()))
    if pair.is_request:
        yield from (f" needs a member {name} now" for name in sorted(must - was))
    else:
        yield from (f" may lack {name} now" for name in sorted((was - must) & pair.new.get("properties", {}).keys()))


def inner(schemas: Schemas, pair: Pair, keyword: str) -> Iterator[str]:
    """Break by what breaks in the schema of a keyword; without the keyword, anything will do."""
    old, new = pair.old.get(keyword, True), pair.new.get(keyword, True)
    yield from (f", in {keyword}{line}" for line in schemas.compare(Pair(old, new, pair.is_request)))


def by_name(schemas: Schemas, pair: Pair, keyword: str) -> Iterator[str]:
    """Break by what breaks in the schemas that a keyword has by names; of no schema, anything will do."""
    old, new = pair.old.get(keyword, {}), pair.new.get(keyword, {})
    for name in sorted(old.keys() | new.keys()):
        lines = schemas.compare(Pair(old.get(name, True), new.get(name, True), pair.is_request))
        yield from (f", in {keyword} {name}{line}" for line in lines)


def in_order(schemas: Schemas, pair: Pair, keyword: str) -> Iterator[str]:
    """Break by what breaks in the schemas that a keyword lists; of no schema, anything will do."""
    old, new = pair.old.get(keyword, ()), pair.new.get(keyword, ())
    for number in range(max(len(old), len(new))):
        before, after = (each[number] if number < len(each) else True for each in (old, new))
        lines = schemas.compare(Pair(before, after, pair.is_request))
        yield from (f", in {keyword} {number}{line}" for line in lines)


def alternatives(schemas: Schemas, pair: Pair, keyword: str) -> Iterator[str]:
    """Break by an alternative that none of the new ones stands for, and an answer by a type that none had."""
    old, new = pair.old.get(keyword), pair.new.get(keyword)
    if old is None or new is None:
        if (new is None) is not pair.is_request:
            yield f" has another {keyword}"
        return
    for number, each in enumerate(old):
        tried = [schemas.compare(Pair(each, other, pair.is_request)) for other in new]
        if all(tried):
            same_place = tried[number] if len(old) == len(new) else (" is gone",)
            yield from (f", in {keyword} {number}{line}" for line in same_place)
    had = {name for each in old for name in _types(schemas.found(schemas.old, each))}
    has = {name for each in new for name in _types(schemas.found(schemas.new, each))}
    if had and not pair.is_request:
        yield from (f" may be {name} now" for name in sorted(_beyond(has, had)))


RULES: Mapping[str, Rule] = {
    "type": types,
    "enum": values,
    "const": values,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"), raised),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"), lowered),
    **dict.fromkeys(("pattern", "multipleOf", "uniqueItems", "not", "dependentRequired"), added),
    **dict.fromkeys(("format", "contentMediaType", "contentEncoding"), lost),
    **dict.fromkeys(("default", "x-percent-encoded", "x-members-of-answer"), asked),
    "properties": properties,
    "required": required,
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties", "propertyNames"), inner),
    **dict.fromkeys(("items", "unevaluatedItems", "contains", "then", "else"), inner),
    **dict.fromkeys(("patternProperties", "dependentSchemas"), by_name),
    **dict.fromkeys(("allOf", "prefixItems"), in_order),
    **dict.fromkeys(("anyOf", "oneOf"), alternatives),
}


def _joined(base: Node, beside: Node) -> Node:
    joined = {**base, **beside, "properties": {**base.get("properties", {}), **beside.get("properties", {})}}
    return joined | {"required": [*base.get("required", ()), *beside.get("required", ())]}


def _types(schema: Node) -> set[str]:
    listed = schema.get("type", ()) if isinstance(schema, Mapping) else ()
    return {listed} if isinstance(listed, str) else set(listed)


def _beyond(some: set[str], others: set[str]) -> set[str]:
    return some - others - ({"integer"} if "number" in others else set())


def _values(schema: Node) -> list[Node] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _same(one: Node, other: Node) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)
