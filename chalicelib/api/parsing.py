"""Text from outside, as JSON values: JSON, and of YAML what is JSON. And back to YAML."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from chalicelib.core.limits import beyond
from chalicelib.core.values.bounds import bound_problem
from chalicelib.core.values.errors import MalformedError
from chalicelib.core.values.json import Json, Problem, read_pointer
from chalicelib.core.values.json_text import MAX_BODY_DEPTH, decode_utf8, read_float, read_integer, refuse
from chalicelib.core.values.value import copy_with, value

if TYPE_CHECKING:
    import yaml

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")
_BREAK = re.compile("[\x85\u2028\u2029]")
_TAG_HANDLE = re.compile("(?:^|[\n\r\x85\u2028\u2029])\ufeff?%TAG")
"""Line breaks of YAML 1.1 that are none in YAML 1.2."""
_WORDS: Mapping[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(slots=True)
class _Mark:
    """Line and column, from 1, where something begins, and the marks of what is in it."""

    line: int
    column: int
    inner: "dict[str, _Mark]" = field(default_factory=dict)


@value
class Places:
    """Where things stand in a YAML document: a member of an object at its key, an item of a list at its beginning."""

    root: _Mark

    def locate(self, problems: Sequence[Problem]) -> list[Problem]:
        """Give problems line and column of what they point at, or of the closest thing around it that is there."""
        return [self._locate(problem) for problem in problems]

    def _locate(self, problem: Problem) -> Problem:
        mark = self.root
        for key in read_pointer(problem.pointer):
            inner = mark.inner.get(key)
            if inner is None:
                break
            mark = inner
        return copy_with(problem, line=mark.line, column=mark.column)


def read_yaml(text: bytes, limit: int) -> tuple[Json, Places]:
    """Read one YAML document in UTF-8 that says what JSON could say; a byte order mark before it is passed over.

    Plain words are text, but for null, true and false as the core schema writes them (YAML 1.2.2, section 10.3.2), and
    numbers as JSON writes them: ``on``, ``010``, ``1:30`` and ``2026-01-31`` are text.

    Args:
        text: the YAML.
        limit: how many bytes it may have.

    Raises:
        MalformedError: it is something else, or has anchors, aliases, tags, merge keys, duplicate keys, keys that are
            not text, or several documents, or is more than a value may be. The problem has line and column.
        TooLargeError: it has more bytes.
    """
    import yaml  # noqa: PLC0415 - only definitions are YAML, and a cold start need not pay for it

    from chalicelib.api.yaml_mistakes import yaml_advice  # noqa: PLC0415 - the same

    decoded = decode_utf8(text, limit)
    if (handle := _TAG_HANDLE.search(decoded)) is not None:  # of many, libyaml compares each with each
        line = decoded.count("\n", 0, handle.end()) + 1
        refuse("tags are not allowed: leave %TAG out", line=line, column=1)
    document = _Document()
    try:
        for event in yaml.parse(decoded, Loader=yaml.CSafeLoader):
            document.take(event)
    except yaml.MarkedYAMLError as error:
        mark = _mark(error.problem_mark) if error.problem_mark else _Mark(1, 1)
        said = yaml_advice(str(error.problem or error.context), decoded, mark.line, mark.column)
        refuse(f"this is not YAML: {said}", line=mark.line, column=mark.column)
    except yaml.reader.ReaderError as error:
        before = decoded.encode()[: error.position].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        refuse(f"this is not YAML: {yaml_advice(error.reason, decoded, line, column)}", line=line, column=column)
    if document.root is None:
        refuse("there is nothing in it")
    if (problem := bound_problem(document.value, MAX_BODY_DEPTH)) is not None:
        refuse(f"it {problem}")
    return document.value, Places(document.root)


def write_yaml(value: Json) -> str:
    """Write a value as YAML that :func:`read_yaml` reads back the same: keys in order, long texts as blocks."""
    import yaml  # noqa: PLC0415 - see above

    return yaml.dump(value, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=120)


@cache
def _dumper() -> "type[yaml.SafeDumper]":
    import yaml  # noqa: PLC0415 - see above

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, _data: object) -> bool:
            """Write a value as often as it is there."""
            return True

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        quoted = text in _WORDS or _NUMBER.fullmatch(text) or _BREAK.search(text)
        style = '"' if quoted else "|" if "\n" in text else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)

    Dumper.add_representer(str, represent)
    return Dumper


@dataclass(slots=True)
class _Open:
    """A list or an object that has begun."""

    value: Any
    mark: _Mark
    key: str | None = None
    """Of an object: the key whose value comes next."""


class _Document:
    """A YAML document in the making, from the events of its parser; nothing in it recurs."""

    def __init__(self) -> None:
        self.value: Json = None
        self.root: _Mark | None = None
        self.open: list[_Open] = []

    def take(self, event: Any) -> None:  # noqa: ANN401 - the events have no common shape
        self.refuse_extras(event)
        match type(event).__name__:
            case "DocumentStartEvent" if self.root:
                self.refuse(event, "there is more than one document")
            case "ScalarEvent" if self.awaits_key():
                self.key(event)
            case "ScalarEvent":
                self.put(event, self.scalar(event))
            case "SequenceStartEvent" | "MappingStartEvent" if self.awaits_key():
                self.refuse(event, f"a key is text, not a list or an object{_braces(event)}")
            case "SequenceStartEvent":
                self.begin(event, [])
            case "MappingStartEvent":
                self.begin(event, {})
            case "SequenceEndEvent" | "MappingEndEvent":
                self.open.pop()

    def refuse_extras(self, event: Any) -> None:  # noqa: ANN401 - see above
        if type(event).__name__ == "AliasEvent":
            self.refuse(event, f"aliases are not allowed: write what *{event.anchor} stands for")
        if getattr(event, "anchor", None) is not None:
            self.refuse(event, f"anchors are not allowed: leave &{event.anchor} out")
        if getattr(event, "tag", None) is not None:
            self.refuse(event, "tags are not allowed: quote what is text, and write numbers plain")

    def awaits_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].value, dict) and self.open[-1].key is None

    def key(self, event: Any) -> None:  # noqa: ANN401 - see above
        holder = self.open[-1]
        name = self.scalar(event)
        if not isinstance(name, str):
            self.refuse(event, f"a key is text: quote it, as in {json.dumps(event.value)}")
        if name == "<<" and event.implicit[0]:
            self.refuse(event, "merge keys are not allowed: write the keys where they are needed")
        if name in holder.value:
            self.refuse(event, f"the key {name!r} is there twice")
        holder.key = name
        holder.mark.inner[name] = _mark(event.start_mark)

    def scalar(self, event: Any) -> Json:  # noqa: ANN401 - see above
        try:
            return _plain(event.value) if event.implicit[0] else str(event.value)
        except MalformedError as error:
            self.refuse(event, str(error))

    def begin(self, event: Any, value: Json) -> None:  # noqa: ANN401 - see above
        if len(self.open) == MAX_BODY_DEPTH:
            self.refuse(event, beyond("body_depth", f"it nests deeper than {MAX_BODY_DEPTH} levels"))
        mark = self.put(event, value)
        self.open.append(_Open(value, mark))

    def put(self, event: Any, value: Json) -> _Mark:  # noqa: ANN401 - see above
        mark = _mark(event.start_mark)
        if not self.open:
            self.value, self.root = value, mark
            return mark
        holder = self.open[-1]
        if holder.key is None:
            holder.mark.inner[str(len(holder.value))] = mark
            holder.value.append(value)
        else:
            mark = holder.mark.inner[holder.key]
            holder.value[holder.key] = value
            holder.key = None
        return mark

    def refuse(self, event: Any, message: str) -> NoReturn:  # noqa: ANN401 - see above
        mark = _mark(event.start_mark)
        refuse(message, line=mark.line, column=mark.column)


def _braces(event: Any) -> str:  # noqa: ANN401 - see above
    """Say how an expression is written where one in double braces is read as an object within an object."""
    if type(event).__name__ != "MappingStartEvent" or not event.flow_style:
        return ""
    return ": {{ }} is no expression: write '${ … }' in quotes, and a condition without braces"


def _mark(mark: "yaml.Mark") -> _Mark:
    return _Mark(mark.line + 1, mark.column + 1)


def _plain(word: str) -> Json:
    """Read a plain word of YAML."""
    if word in _WORDS:
        return _WORDS[word]
    number = _NUMBER.fullmatch(word)
    if number is None:
        return word
    return read_float(word) if number["fraction"] else read_integer(word)
