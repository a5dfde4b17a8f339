"""What is found wrong with a document, gathered while the rest of it is looked at."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from chalicelib.core.definitions.grammar import RETRY_NUMBERS, Kind
from chalicelib.core.definitions.name_schemas import EXAMPLES
from chalicelib.core.expressions.template import Template, compile_condition, compile_template, is_templated
from chalicelib.core.schemas.schema import MAX_PROBLEMS, Schema, SchemaRoom, compile_schema, schema_problems
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json, Path, Problem, pointer, read_pointer

_NAMED = re.compile(r"(?:input|output|stash|item)[.\[][\w.\[\]*]{1,100}")
"""A text that is meant as an expression."""
_COMPARISONS = 4_000
"""Of unknown names with known ones, in one document."""
_SPELLINGS = 200_000
"""Of known names that are looked through for another spelling, which is a hundred times faster."""


class Suggestions:
    """The closest known name to an unknown one, while the number of comparisons, which are slow, allows it."""

    def __init__(self) -> None:
        self.left = _COMPARISONS

    def __call__(self, name: str, known: Collection[str]) -> str:
        """Write `` (did you mean …?)``, or nothing."""
        self.left -= len(known)
        if self.left < -_SPELLINGS:
            return ""
        alike = [each for each in known if each.lower() == name.lower()]
        close = alike or (get_close_matches(name[:64], known, n=1) if self.left >= 0 else ())
        return "".join(f" (did you mean {match!r}?)" for match in close)


class Diagnostics:
    """The problems of one document; what has one is replaced by something empty."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.suggestion = Suggestions()
        self.room = SchemaRoom()

    @property
    def is_full(self) -> bool:
        """Whether there are as many problems as are told."""
        return len(self.problems) >= MAX_PROBLEMS

    def problem(self, path: Path, message: str) -> None:
        """Note a problem at a path."""
        self.problems.append(Problem(pointer(path), message))

    def check(self, value: Mapping[str, Json], kind: Kind, path: Path) -> bool:
        """Find keys that are unknown or missing, and values that do not fit; answer whether all is well."""
        before = len(self.problems)
        for key in value:
            if key in kind.keys:
                templated = key in kind.params or key in kind.times
                self._check_value(value[key], kind.keys[key], (*path, key), templated=templated)
            elif key in kind.refused:
                self.problem((*path, key), kind.refused[key])
            elif kind.closed:
                from chalicelib.core.definitions.other_words import instead_of_key  # noqa: PLC0415 - only mistakes need it

                right = instead_of_key(kind.name, key)
                hint = f" ({right})" if right else self.suggestion(key, kind.keys)
                self.problem((*path, key), f"{kind.name} has no {key!r}{hint}; it takes {', '.join(kind.keys)}")
        for key in kind.required:
            if key not in value:
                other = next((each for each in value if each.lower() == key.lower()), None)
                self.problem(path, f"{kind.name} needs {key!r}" + self.about_missing(key, other))
        if kind.one_of and sum(key in value for key in kind.one_of) != 1:
            self.problem(path, f"{kind.name} needs exactly one of {', '.join(kind.one_of)}")
        return len(self.problems) == before

    def about_missing(self, key: str, other: str | None) -> str:  # noqa: ARG002 - for those that know more of the key
        """Say what to write for a key that is missing, of which another spelling may be there."""
        return "" if other is None else f": it is written in small letters, not as {other!r}"

    def entries(self, value: Json, kind: Kind, path: Path) -> Sequence[tuple[Path, Mapping[str, Json], bool]]:
        """Check what stands in a list; the list itself was checked before.

        Returns:
            The objects in it: where they stand, and whether all is well with them.
        """
        found: list[tuple[Path, Mapping[str, Json], bool]] = []
        for index, entry in enumerate(value if isinstance(value, list) else ()):
            if isinstance(entry, dict):
                found.append(((*path, index), entry, self.check(entry, kind, (*path, index))))
            else:
                self.problem((*path, index), f"{kind.name} is an object, as {json.dumps(EXAMPLES[str(path[-1])])}")
        return found

    def template(self, source: Json, path: Path, *, call: bool = False) -> Template:
        """Compile a template, which may be of a call; where there are as many problems as are told, none is read."""
        try:
            return compile_template(None if self.is_full else source, path, call=call)
        except InvalidDefinitionError as error:
            self.problems += error.problems
            return compile_template(None)

    def condition(self, source: Json, path: Path) -> Template:
        """Compile a condition, likewise; what is no text was found before."""
        try:
            if isinstance(source, str) and not self.is_full:
                return compile_condition(source, path)
        except InvalidDefinitionError as error:
            self.problems += error.problems
        return compile_template(None)

    def schema(self, document: Json, path: Path) -> Schema:
        """Compile a JSON Schema of the document."""
        found = schema_problems(document, path, self.room) if isinstance(document, dict) else []
        self.problems += found
        usable = isinstance(document, dict | bool) and not found
        return compile_schema(document if usable else True)

    def _check_value(self, value: Json, schema: Schema, path: Path, *, templated: bool) -> None:
        right = schema.document.get("description") if isinstance(schema.document, dict) else None
        of_form = schema.form_problems(value) if is_templated(value) else ()
        for found in schema.problems(value):
            filled = found not in of_form and is_templated(_at(value, found.pointer))
            if not (templated and filled):
                mend = None if right is None else str(right)
                more = _right(path, _at(value, found.pointer), templated=templated)
                joint = "; " if found.message.count(": ") + found.message.count("; ") else ": "
                said = _no_template(path) if filled else joint.join(filter(None, (found.message, more)))
                self.problems.append(Problem(pointer(path) + found.pointer, said, right=mend))


def _no_template(path: Path) -> str:
    """Say of a template where none is read what to write in its place."""
    times = path[-1] == "timeoutSeconds" or path[-1] in RETRY_NUMBERS
    return "no template is read here: write the value itself" + (
        ", or say it of a step, where it may be a template" if times else ""
    )


def _right(path: Path, value: Json, *, templated: bool) -> str:
    """Say what to write for a length of time that is a text, a boolean condition, and an expression that is plain.

    Args:
        path: of the key.
        value: what stands there, or in it.
        templated: whether a template may stand there.
    """
    from chalicelib.core.definitions.other_words import seconds_of  # noqa: PLC0415 - only mistakes need it
    from chalicelib.core.definitions.plain_texts import plain_remark  # noqa: PLC0415 - only mistakes need it

    if isinstance(value, bool):
        return _right_of_truth(str(path[-1]), value)
    if not isinstance(value, str):
        return ""
    if str(path[-1]).lower().endswith("seconds") and (seconds := seconds_of(value)):
        return f"write {seconds}, the number of seconds"
    if templated and _NAMED.fullmatch(value):
        return f"write ${{ {value} }} for what an expression yields"
    if path[-1] == "version" and not value.isdecimal():
        return "leave it out for the newest"
    return (templated and plain_remark(value)) or ""


def _right_of_truth(key: str, value: bool) -> str:  # noqa: FBT001 - it is a value of a document
    if key == "when":
        return f"write '`{json.dumps(value)}`', in quotes and backticks"
    return "leave it out" if key == "end" else ""


def _at(value: Any, place: str) -> Json:  # noqa: ANN401 - what the pointer passes through is known to hold its parts
    """Look up a JSON pointer (RFC 6901) to something that is there."""
    for part in read_pointer(place):
        value = value[int(part) if isinstance(value, list) else part]
    return value  # type: ignore[no-any-return] # see above
