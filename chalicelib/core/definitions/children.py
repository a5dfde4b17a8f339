"""The definitions that the steps of another one start, as far as they can be looked up."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from chalicelib.core.expressions.template import is_templated
from chalicelib.core.schemas.paths import Paths, expanded
from chalicelib.core.values.json import Json, encode

FindDefinition: TypeAlias = Callable[[str, int | None], tuple[int, Mapping[str, Json]] | None]
"""From the id of a definition, and a version or None for the newest, to version and document, or None."""

_MOST = 20
"""Definitions that are looked up for one that starts them."""
_BYTES = 20_000
"""Of the steps of a definition that are looked at to tell what it comes to."""


class StartedDefinitions:
    """Looks up what steps start.

    Args:
        find: answers definitions; without it, nothing is known of any.
        own: the id of the definition whose steps they are, which need not be there yet.
    """

    def __init__(self, find: FindDefinition | None = None, own: Json = None) -> None:
        self._find, self._own = find, own
        self._found: dict[tuple[str, int | None], Mapping[str, Json] | None] = {}
        self._schemas: dict[tuple[int, str], Json] = {}

    def of(self, step: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Look up what a step starts: None if there is no such definition, nothing in it if that cannot be told."""
        name, version = step.get("definition"), step.get("version")
        if self._find is None or name in {None, self._own} or is_templated([name, version]):
            return {}
        key = (str(name), None if version is None else int(version))
        if key not in self._found:
            if len(self._found) == _MOST:
                return {}
            found = self._find(*key)
            self._found[key] = None if found is None else found[1]
        return self._found[key]

    def schema(self, child: Mapping[str, Any], key: str, derived: Callable[[], Json] = lambda: True) -> Json:
        """Answer a schema of a definition that was looked up, expanded; without one, the one derived from its steps."""
        place = id(child), key
        if place not in self._schemas:
            is_derived = key not in child and len(encode(child.get("steps"))) <= _BYTES
            self._schemas[place] = derived() if is_derived else expanded(child.get(key, True))
        return self._schemas[place]

    def remarks(self, step: Mapping[str, Any], given: Json, paths: Paths) -> Iterator[tuple[str, str]]:
        """Say what is odd about what a step starts: the parameter, and why.

        Args:
            step: starts another definition.
            given: the JSON Schema of the input that it gives.
            paths: what looks for names.
        """
        child, name = self.of(step), step["definition"]
        if child is None:
            which = f" in version {step['version']}" if "version" in step else ""
            remark = f"there is no definition {name!r}{which} that you may read: without it the step fails"
            yield "definition", f"{remark} with DefinitionNotFound"
            return
        wanted = self.schema(child, "inputSchema")
        place = "input" if "input" in step else "definition"
        for member in _needed(wanted):
            missing = paths.strange(given, [member])
            if missing is not None and missing.never:
                yield place, f"definition {name!r} needs {member!r} in its input: the step fails with InvalidInput"
        source = step.get("input")
        for member in source if isinstance(source, dict) else ():
            unknown = paths.strange(wanted, [member])
            if unknown is not None and unknown.never:
                takes = f": it takes {', '.join(sorted({*unknown.known}))}" if unknown.known else ""
                yield place, f"definition {name!r} takes no {member!r} in its input{takes}"


def _needed(schema: Json) -> Iterator[str]:
    """Find the members that an object has to have to pass a schema, but those that may be filled in."""
    described: Any = schema if isinstance(schema, dict) else {}
    properties = described.get("properties", {})
    for member in described.get("required", ()):
        own = properties.get(member)
        if not (isinstance(own, dict) and {"default", "$ref", "allOf"} & own.keys()):
            yield member
