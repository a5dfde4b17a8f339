"""Find what breaks those who use the API as it was released: ``python -m docs.breaking [--release]``.

The released contract is docs/openapi-released.json; ``--release`` takes the present one for released. An operation, a
status, a media type, a parameter or a member of an answer that goes away breaks somebody; so does a request that asks
for more than it did, or takes less. Answers may get further members and further values of an enum. What else changes
is named too, unless ``docs/breaking_schemas.py`` or the names below say that it breaks nobody.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docs.breaking_schemas import NOTES, Node, Pair, Schemas, changed, lowered

DOCS = Path(__file__).parent
RELEASED = DOCS / "openapi-released.json"
PRESENT = DOCS.parent / "chalicelib" / "api" / "openapi.json"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
OF_OPERATION = {"operationId", "parameters", "requestBody", "responses", "tags", "links", "x-audit", "x-audit-held-by"}
OF_PARAMETER = {"name", "in", "required", "schema"}
OF_BODY = {"required", "content"}
"""What is compared by itself, or breaks nobody, of an operation, a parameter and a body."""


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
    compared = _Contracts(Schemas(old, new))
    for place, operation in _operations(old):
        if place not in after:
            yield f"{place} is gone"
        else:
            yield from (f"{place}{line}" for line in compared.operation(operation, after[place]))


def _operations(contract: Node) -> Iterator[tuple[str, Node]]:
    shared = {key: contract[key] for key in ("security", "servers") if key in contract}
    for path, item in contract["paths"].items():
        for method in METHODS:
            if method in item:
                listed = [*item.get("parameters", ()), *item[method].get("parameters", ())]
                yield f"{method.upper()} {path}", {**shared, **item[method], "parameters": listed}


class _Contracts:
    """Two contracts, around their schemas."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas

    def operation(self, old: Node, new: Node) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f" is called {new['operationId']}, and was {old['operationId']}"
        yield from self.others(Pair(old, new, is_request=True), OF_OPERATION)
        yield from self.parameters(self.named(self.schemas.old, old), self.named(self.schemas.new, new))
        yield from self.body(*self.both(old.get("requestBody"), new.get("requestBody")))
        for status, response in old["responses"].items():
            where = f": the answer {status}"
            if status not in new["responses"]:
                yield f"{where} is gone"
            else:
                yield from (where + line for line in self.answer(*self.both(response, new["responses"][status])))

    def both(self, old: Node, new: Node) -> tuple[Node, Node]:
        """Follow the ``$ref`` of what was and of what is."""
        return self.schemas.found(self.schemas.old, old), self.schemas.found(self.schemas.new, new)

    def named(self, contract: Node, operation: Node) -> Mapping[tuple[str, str], Node]:
        """Find the parameters by their places and names."""
        found = [self.schemas.found(contract, each) for each in operation["parameters"]]
        return {(each["in"], each["name"]): each for each in found}

    def parameters(self, old: Mapping[Any, Node], new: Mapping[Any, Node]) -> Iterator[str]:
        for place in dict.fromkeys((*old, *new)):
            where = f": {place[1]} in the {place[0]}"
            if place not in new:
                yield f"{where} is gone"
                continue
            if new[place].get("required") and not old.get(place, {}).get("required"):
                yield f"{where} is required now"
            if place in old:
                pair = Pair(old[place], new[place], is_request=True)
                yield from (where + line for line in (*self.schema(pair), *self.others(pair, OF_PARAMETER)))

    def body(self, old: Node, new: Node) -> Iterator[str]:
        if new and new.get("required") and not (old or {}).get("required"):
            yield " needs a body now"
        if old and new:
            pair = Pair(old, new, is_request=True)
            yield from (f": the body{line}" for line in (*self.contents(pair), *self.others(pair, OF_BODY)))
        elif old:
            yield " takes no body any more"

    def answer(self, old: Node, new: Node) -> Iterator[str]:
        yield from self.contents(Pair(old, new, is_request=False))
        for name, header in old.get("headers", {}).items():
            if name not in new.get("headers", {}):
                yield f" has no {name} any more"
                continue
            was, has = self.both(header, new["headers"][name])
            if was.get("required") and not has.get("required"):
                yield f" may lack {name} now"
            yield from (f", header {name}{line}" for line in self.schema(Pair(was, has, is_request=False)))

    def contents(self, pair: Pair) -> Iterator[str]:
        after = pair.new.get("content", {})
        for kind, content in pair.old.get("content", {}).items():
            if kind not in after:
                yield f" is no {kind} any more"
            else:
                yield from self.schema(Pair(content, after[kind], pair.is_request))

    def schema(self, pair: Pair) -> tuple[str, ...]:
        """Compare the schemas of parameters, headers or media types."""
        return self.schemas.compare(pair._replace(old=pair.old.get("schema", True), new=pair.new.get("schema", True)))

    def others(self, pair: Pair, apart: set[str]) -> Iterator[str]:
        """Compare what stands beside schemas."""
        for key in sorted((pair.old.keys() | pair.new.keys()) - apart - NOTES):
            yield from (lowered if key == "x-max-bytes" else changed)(self.schemas, pair, key)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
