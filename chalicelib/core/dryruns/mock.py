"""Mocks: what is answered to the steps of a dry run, in place of everything outside."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from chalicelib.core.definitions.diagnostics import Diagnostics
from chalicelib.core.definitions.grammar import CALL_KEYS, Kind
from chalicelib.core.definitions.model import AnswerKind, Definition, Step
from chalicelib.core.executions.inputs import (
    Answered,
    CallbackFailed,
    CallbackSucceeded,
    CallFailed,
    CallSucceeded,
    SignalReceived,
    TaskCompleted,
    TaskRejected,
)
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.schemas.schema import Schema, compile_schema
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import Json, Path, pointer
from chalicelib.core.values.value import value

MOST_DEFINITIONS = LIMITS.dry_run_definitions

CALLBACK = "#callback"
"""Behind the name of a step whose call hands out a token: what is answered with that."""

ERROR = "mocked"
"""The message of an error, where a mock has none."""

_MEMBERS: Mapping[str, Json] = {
    "result": True,
    "error": {
        "type": "string",
        "pattern": "^[A-Za-z0-9._-]{1,128}$",
        "patternErrorMessage": "the name of an error has letters, digits, ., _ and - alone, and 128 of them at most",
        "description": "The name of an error.",
    },
    "message": {"type": "string"},
    "details": True,
    "retryAfter": {"type": "number", "minimum": 0, "description": "Seconds."},
    "reject": {"type": "string", "description": "Why the task will not be done."},
    "by": {"type": "string", "minLength": 1, "description": "Who answers."},
    "nothing": {"const": True, "description": "true: nobody answers."},
}
_SCHEMAS: Mapping[str, Schema] = {name: compile_schema(schema) for name, schema in _MEMBERS.items()}

_NAMES: Mapping[str, str] = {
    "call": "the answer of a call or a workflow",
    "callback": "the answer to a callback",
    "event": "the answer to a step that waits for an event",
    "task": "the answer to a task",
}
_EITHER: Mapping[str, Sequence[str]] = {
    "call": ("result", "error", "nothing"),
    "callback": ("result", "error", "nothing"),
    "event": ("result", "nothing"),
    "task": ("result", "reject", "nothing"),
}
"""What the answer to each kind of step is one of."""

_BESIDE: Mapping[str, Mapping[str, Sequence[str]]] = {
    "call": {"message": ("error",), "details": ("error",), "retryAfter": ("error",)},
    "callback": {"message": ("error",), "details": ("error",)},
    "event": {"by": ("result",)},
    "task": {"by": ("result", "reject")},
}
"""What may stand beside which of these."""

FindDefinitions: TypeAlias = Callable[[str], Sequence[Definition]]
"""From the id of another definition to the versions of it that can be run, the newest first; none if there is none."""


@value
class Reply:
    """One answer to a step."""

    pointer: str
    """Where it stands."""
    members: Mapping[str, Any]

    @property
    def is_silence(self) -> bool:
        """Whether nobody answers."""
        return "nothing" in self.members

    @property
    def by(self) -> str | None:
        """Who answers."""
        return self.members.get("by")

    def of_call(self, thread: str, turn: int) -> CallSucceeded | CallFailed:
        """Say what a call came to."""
        members = self.members
        if "result" in members:
            return CallSucceeded(thread, turn, members["result"])
        message, details = members.get("message", ERROR), members.get("details")
        return CallFailed(
            thread=thread,
            turn=turn,
            name=members["error"],
            message=message,
            details=details,
            retry_after=members.get("retryAfter"),
            unanswered=members["error"].endswith(".Timeout"),
        )

    def to_wait(self, what: AnswerKind, thread: str, turn: int) -> Answered:
        """Say what somebody outside answers; an event has the id of its place among the mocks."""
        members = self.members
        if "error" in members:
            return CallbackFailed(thread, turn, members["error"], members.get("message", ERROR), members.get("details"))
        if "reject" in members:
            return TaskRejected(thread, turn, members["reject"], self.by)
        if what is AnswerKind.CALLBACK:
            return CallbackSucceeded(thread, turn, members["result"])
        if what is AnswerKind.TASK:
            return TaskCompleted(thread, turn, members["result"], self.by)
        return SignalReceived(thread, turn, members["result"], f"{self.pointer}#{thread}#{turn}", self.by)


@dataclass(slots=True)
class Mocks:
    """The answers by step: one after the other, and the last one again and again."""

    replies: Mapping[str, Sequence[Reply]] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)

    def __contains__(self, name: str) -> bool:
        """Tell whether a step has answers."""
        return name in self.replies

    def take(self, name: str) -> Reply | None:
        """Answer a step; None: it has no mock."""
        replies = self.replies.get(name)
        if replies is None:
            return None
        number = min(self.used[name], len(replies) - 1)
        self.used[name] += 1
        return replies[number]


def name_of(definition: Definition, definition_id: str, path: str) -> str:
    """Name a step as mocks do: by its path, behind the id of its definition if that is another one than is tested."""
    return path if definition_id == definition.id else f"{definition_id}:{path}"


def find_step(definition: Definition, name: str) -> str | Sequence[str]:
    """Answer the path of the step that a path, or an id that one step has, names; otherwise all paths of that id."""
    if name in definition.steps:
        return name
    found = [path for path in definition.steps if path.rpartition("/")[2] == name]
    return found[0] if len(found) == 1 else found


def read_mocks(raw: Json, definition: Definition, find: FindDefinitions) -> Mocks:
    """Read ``{step: answer, or list of answers}``.

    Args:
        raw: the mocks.
        definition: what is to be run.
        find: finds the other definitions whose steps are named, as ``payment:charge``.

    Raises:
        InvalidError: with a problem for each thing that is wrong, by its place below ``/mocks``.
    """
    reading = _Reading(definition, find)
    if not isinstance(raw, dict):
        raise InvalidError('mocks is an object: {"charge": {"result": …}}, by the path of a step or its id')
    for name, answers in raw.items():
        if not reading.is_full:
            reading.mock(name, answers)
    if reading.problems:
        raise InvalidError(problems=reading.problems)
    return Mocks(reading.replies)


class _Reading(Diagnostics):
    """Mocks on their way to being read."""

    def __init__(self, definition: Definition, find: FindDefinitions) -> None:
        super().__init__()
        self.definition = definition
        self.find = find
        self.found: dict[str, Sequence[Definition]] = {}
        self.replies: dict[str, Sequence[Reply]] = {}

    def mock(self, name: str, answers: Json) -> None:
        """Read the answers to a step."""
        place: Path = ("mocks", name)
        plain = name.removesuffix(CALLBACK)
        found = self.step(plain, place)
        if found is None:
            return
        step, label = found
        kind = self.kind(step, place, answers_token=name != plain)
        if kind is None:
            return
        label += name[len(plain) :]
        if label in self.replies:
            self.problem(place, f"a mock before this one is for {label!r} already")
        if answers == []:
            self.problem(place, "a list of answers has at least one")
        each = enumerate(answers) if isinstance(answers, list) else [(None, answers)]
        places = [(place if number is None else (*place, number), answer) for number, answer in each]
        self.replies[label] = [Reply(pointer(at), cast("dict[str, Any]", one)) for at, one in places]
        for at, one in places:
            self.answer(one, kind, at)

    def step(self, name: str, place: Path) -> tuple[Step, str] | None:
        """Find the step that a name stands for, and how mocks name it."""
        other, _, inner = name.rpartition(":")
        candidates = self.candidates(other)
        if candidates is None:
            said = f"the mocks tell of steps of more than {MOST_DEFINITIONS} other definitions"
            self.problem(place, beyond("dry_run_definitions", said))
            return None
        if not candidates:
            self.problem(place, f"there is no definition {other!r}: write a step of another one as definition:step")
            return None
        for definition in candidates:
            found = find_step(definition, inner)
            if isinstance(found, str):
                return definition.steps[found], name_of(self.definition, definition.id, found)
            if found:
                self.problem(place, f"several steps have the id {inner!r}: write one of {', '.join(found)}")
                return None
        steps = candidates[0].steps
        ids = {path.rpartition("/")[2] for path in steps}
        self.problem(
            place, f"{candidates[0].id} has no step {inner!r}{self.suggestion(inner, [*steps, *ids - set(steps)])}"
        )
        return None

    def candidates(self, other: str) -> Sequence[Definition] | None:
        """Find the versions of a definition that can be run, once; None: it is one too many."""
        if other in {"", self.definition.id}:
            return [self.definition]
        if other not in self.found:
            if len(self.found) >= MOST_DEFINITIONS:
                return None
            self.found[other] = self.find(other)
        return self.found[other]

    def kind(self, step: Step, place: Path, *, answers_token: bool) -> str | None:
        """Tell what kind of answer a step takes."""
        name, schema = step.type.name, cast("Mapping[str, Any]", step.type.schema)
        calls = CALL_KEYS.keys() <= schema["properties"].keys()
        source = step.params.source
        if answers_token:
            if calls and isinstance(source, dict) and source.get("callback", False) is not False:
                return "callback"
            self.problem(place, f"{step.path} hands no token out: {CALLBACK} is for calls with callback: true")
        elif calls or name == "workflow":
            return "call"
        elif name in list(AnswerKind):
            return name
        else:
            self.problem(place, f"{step.path} needs nothing from outside: a step of type {name} has no mock")
        return None

    def answer(self, answer: Json, kind: str, place: Path) -> None:
        """Find what is wrong with an answer."""
        either, beside = _EITHER[kind], _BESIDE[kind]
        keys = {name: _SCHEMAS[name] for name in (*either, *beside)}
        if not isinstance(answer, dict):
            self.problem(place, f"{_NAMES[kind]} is an object with one of {', '.join(either)}")
            return
        self.check(answer, Kind(_NAMES[kind], keys, (), one_of=either), place)
        for name, wanted in beside.items():
            if name in answer and answer.keys().isdisjoint(wanted):
                self.problem((*place, name), f"{name} stands beside {' or '.join(wanted)} only")
