"""Text from outside, as JSON values: JSON, and of YAML what is JSON."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from chalicelib.core.errors import MalformedError, TooLargeError
from chalicelib.core.values import Json, Path, Problem, pointer

if TYPE_CHECKING:
    import yaml

MAX_DEPTH = 50

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class Places:
    """Where the values of a YAML document stand: line and column, from 1, by JSON pointer."""

    marks: Mapping[str, tuple[int, int]]

    def locate(self, problems: Sequence[Problem]) -> list[Problem]:
        """Give problems the place of what they point at, or of the closest thing around it."""
        return [self._locate(problem) for problem in problems]

    def _locate(self, problem: Problem) -> Problem:
        place = problem.pointer
        while place and place not in self.marks:
            place = place.rpartition("/")[0]
        line, column = self.marks.get(place, (1, 1))
        return replace(problem, line=line, column=column)


def read_json(text: bytes, limit: int) -> Json:
    """Read JSON (RFC 8259): no duplicate keys, no NaN or infinity, no lone surrogates, at most 50 levels deep.

    Raises:
        MalformedError: it is something else; the problem says where, if that is known.
        TooLargeError: it has more bytes than the limit.
    """
    decoded = _decode(text, limit)
    try:
        value = json.loads(decoded, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
        _check(value)
    except json.JSONDecodeError as error:
        _refuse(f"this is not JSON: {error.msg}", line=error.lineno, column=error.colno)
    except RecursionError:
        _refuse(f"it nests deeper than {MAX_DEPTH} levels")
    except ValueError:
        _refuse("an integer has more digits than can be read")
    return value  # type: ignore[no-any-return] # json answers Any


def read_yaml(text: bytes, limit: int) -> tuple[Json, Places]:
    """Read one YAML document that could be JSON: no anchors, aliases, tags, merge or duplicate keys.

    Plain words are text, but for ``null``, ``~``, ``true``, ``false`` and numbers as JSON writes them; keys are text.

    Raises:
        MalformedError: it is something else; the problem says where.
        TooLargeError: it has more bytes than the limit.
    """
    import yaml  # noqa: PLC0415 - no function but the API's needs it

    building = _Building()
    try:
        for event in yaml.parse(_decode(text, limit), Loader=yaml.CSafeLoader):
            building.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context
        _refuse(f"this is not YAML: {reason}", **({} if mark is None else _place(mark)))
    except yaml.YAMLError as error:
        _refuse(f"this is not YAML: {error}")
    return building.value, Places(building.marks)


def write_yaml(value: Json) -> str:
    """Write a value as YAML that :func:`read_yaml` reads back the same; texts of many lines as literal blocks."""
    import yaml  # noqa: PLC0415 - see above

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - none are written
            return True

    def text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
        style = "|" if "\n" in data else None if isinstance(_plain(data), str) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style)

    Dumper.add_representer(str, text)
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Building:
    """A value in the making, from the events of a YAML parser; nothing in it recurs."""

    def __init__(self) -> None:
        self.value: Json = None
        self.marks: dict[str, tuple[int, int]] = {}
        self.open: list[tuple[Any, str | None]] = []
        """Lists and objects that have begun, each object with the key that waits for its value."""
        self.documents = 0

    def take(self, event: "yaml.Event") -> None:
        kind = type(event).__name__
        self.refuse_specials(event, kind)
        match kind:
            case "DocumentStartEvent":
                self.documents += 1
                if self.documents > 1:
                    self.refuse(event, "there is more than one document")
            case "ScalarEvent" if self.awaits_key():
                self.key(event)
            case "ScalarEvent":
                self.put(event, _scalar(event))
            case "SequenceStartEvent" | "MappingStartEvent":
                if self.awaits_key():
                    self.refuse(event, "a key is text")
                self.begin(event, [] if kind == "SequenceStartEvent" else {})
            case "SequenceEndEvent" | "MappingEndEvent":
                self.open.pop()

    def refuse_specials(self, event: Any, kind: str) -> None:  # noqa: ANN401 - events have no common shape
        if kind == "AliasEvent":
            self.refuse(event, "aliases are not allowed: write the value again")
        if getattr(event, "anchor", None) is not None:
            self.refuse(event, "anchors are not allowed: write the value where it is needed")
        if getattr(event, "tag", None) is not None:
            self.refuse(event, f"tags are not allowed: leave {event.tag} out")

    def awaits_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1][0], dict) and self.open[-1][1] is None

    def key(self, event: Any) -> None:  # noqa: ANN401 - see above
        holder, _ = self.open[-1]
        name = _scalar(event)
        if not isinstance(name, str):
            self.refuse(event, f"a key is text: quote it, as in {json.dumps(event.value)}")
        if name == "<<" and not event.style:
            self.refuse(event, "merge keys are not allowed: write the keys where they are needed")
        if name in holder:
            self.refuse(event, f"the key {name!r} is there twice")
        _check_text(name)
        self.open[-1] = (holder, name)

    def begin(self, event: Any, value: Json) -> None:  # noqa: ANN401 - see above
        self.put(event, value)
        self.open.append((value, None))
        if len(self.open) > MAX_DEPTH:
            self.refuse(event, f"it nests deeper than {MAX_DEPTH} levels")

    def put(self, event: Any, value: Json) -> None:  # noqa: ANN401 - see above
        path = self.path()
        self.marks[pointer(path)] = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(value, str):
            _check_text(value)
        if not self.open:
            self.value = value
            return
        holder, key = self.open[-1]
        if isinstance(holder, list):
            holder.append(value)
        else:
            holder[key] = value
            self.open[-1] = (holder, None)

    def path(self) -> Path:
        """Find where the next value goes."""
        path: list[str | int] = []
        for depth, (holder, key) in enumerate(self.open):
            inner = self.open[depth + 1][0] if depth + 1 < len(self.open) else None
            if isinstance(holder, list):
                path.append(len(holder) if inner is None else len(holder) - 1)
            else:
                path.append(str(key) if inner is None else next(reversed(holder)))
        return path

    def refuse(self, event: Any, message: str) -> NoReturn:  # noqa: ANN401 - see above
        _refuse(message, self.path() if not self.awaits_key() else (), **_place(event.start_mark))


def _scalar(event: Any) -> Json:  # noqa: ANN401 - see above
    try:
        return _plain(event.value) if event.style is None or event.style == "" else str(event.value)
    except ValueError:
        _refuse("a number has more digits than can be read", **_place(event.start_mark))


def _plain(word: str) -> Json:
    """Read a plain word; it is text unless JSON reads it as something else."""
    if word in _WORDS:
        return _WORDS[word]
    if not (number := _NUMBER.fullmatch(word)):
        return word
    return int(word) if number[2] is None and number[3] is None else _float(word)


def _decode(text: bytes, limit: int) -> str:
    if len(text) > limit:
        raise TooLargeError(f"the body has {len(text):,} bytes, and {limit:,} are allowed")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"this is not UTF-8: byte {error.start + 1} cannot be read")


def _object(pairs: list[tuple[str, Json]]) -> Json:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        _refuse(f"the key {twice[:100]!r} is there twice")
    return made


def _constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        _refuse(f"the number {text[:100]} is too large")
    return value


def _check(value: Json, depth: int = 0) -> None:
    """Find what nests too deeply, and text that no UTF-8 can hold."""
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, (list, dict)):
        if depth == MAX_DEPTH:
            _refuse(f"it nests deeper than {MAX_DEPTH} levels")
        for item in (*value, *value.values()) if isinstance(value, dict) else value:
            _check(item, depth + 1)


def _check_text(text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        _refuse("a text holds half of a surrogate pair")


def _place(mark: Any) -> dict[str, int]:  # noqa: ANN401 - a yaml.Mark
    return {"line": mark.line + 1, "column": mark.column + 1}


def _refuse(message: str, path: Path = (), line: int | None = None, column: int | None = None) -> NoReturn:
    raise MalformedError(problems=[Problem(pointer(path), message, line, column)])
