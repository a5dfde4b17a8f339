"""The nouns of a definition: its steps with everything compiled, and what a step type can answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeAlias

from chalicelib.core.definitions.record import Subject
from chalicelib.core.expressions.template import Placeholder, Template
from chalicelib.core.schemas.schema import Schema
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value


class AnswerKind(StrEnum):
    """Whose answer a thread waits for."""

    CALLBACK = "callback"
    """Of whoever was handed its token."""
    EVENT = "event"
    """Of whoever sends an event of a name."""
    TASK = "task"
    """Of a person."""


@value
class Succeed:
    """The step is done; its raw result."""

    output: Json


@value
class Sleep:
    """The step goes on at this instant; its result is what came in."""

    until: datetime
    relative: bool = False
    """Whether it was said as a time from the beginning of the step, and not as an instant."""


@value
class Call:
    """Do something in the world, under the idempotency key of the visit; its answer is the step's result."""

    kind: str
    params: Json
    placeholders: Mapping[str, Sequence[str | Placeholder]] = field(default_factory=dict)
    """Texts in the parameters, by JSON pointer, in pieces: those with something to be put in at the call."""
    once: bool = False
    """Whether it must not be done again if it is not known to have been done."""
    repeatable: bool = False
    """Whether it may be done any number of times, as it changes nothing: before what came of others is written, too."""
    key: str = ""
    """The idempotency key that the step gives in the place of that of the visit."""
    callback: bool = False
    """Whether the step goes on only once somebody who was handed the token of the turn answers."""
    heartbeat: timedelta | None = None
    """How long they may be silent."""


def call_of(kind: str, params: Mapping[str, Json]) -> Call:
    """Describe a call from the rendered parameters of its step, those that every call has among them."""
    heartbeat, delivery = params.get("heartbeatSeconds"), params.get("delivery")
    return Call(
        kind,
        dict(params),
        once=delivery == "at-most-once",
        repeatable=delivery == "repeatable" and params.get("callback") is not True,
        key=str(params.get("idempotencyKey", "")),
        callback=params.get("callback") is True,
        heartbeat=timedelta(seconds=heartbeat) if isinstance(heartbeat, int | float) else None,
    )


@value
class WaitForAnswer:
    """The step goes on once somebody answers; the answer is its result."""

    what: AnswerKind
    params: Mapping[str, Json] = field(default_factory=dict)
    """What the step says of it."""
    until: datetime | None = None
    """Of a task: when it is due."""
    heartbeat: timedelta | None = None
    """Of a callback: how long those who were handed its token may be silent."""


@value
class Goto:
    """Go on at this step of the same list; the result is what came in."""

    step: str
    """Its path."""


@value
class End:
    """End the list of steps with this result: in a branch the branch, at the top the execution."""

    output: Json


@value
class Fork:
    """Run every list of steps of this step as a thread.

    The result is ``{branch: result}`` once all have ended, or ``{"branch": …, "output": …}`` of the first. The first
    failure is the step's. What branches stash stays theirs: the forking thread does not change while they run, so what
    they read of it cannot change either.
    """

    first: bool
    """Whether the first result ends the others."""


@value
class Spread:
    """Run this step's list of steps once for each item; the result is the list of their results, in order."""

    items: Sequence[Json]
    concurrency: int
    """How many may run at once."""
    tolerate: int
    """How many may fail: such a one's result is ``{"error": …}``."""


@value
class StartChild:
    """Run another definition as an execution of its own."""

    definition: str
    version: int | None
    """None: the newest."""
    input: Json
    wait: bool
    """Whether the result is the child's output, once it has ended; otherwise it is ``{"id": …}``."""


Outcome: TypeAlias = Succeed | Sleep | Call | WaitForAnswer | Goto | End | Fork | Spread | StartChild
"""What a step type answers; a step type fails by raising :class:`~chalicelib.core.values.errors.StepError`."""


@value
class StepContext:
    """What a step type may know beside its parameters."""

    incoming: Json
    """The result of the step before, or the execution's input."""
    now: datetime
    """The instant of the turn."""
    choices: Iterable[tuple[bool, str]] = ()
    """Whether each of the step's choices holds, and the path that it leads to: evaluated one by one, as they are asked
    for, so that a choice behind one that holds cannot fail."""
    default: str | None = None
    """The path to go to if no choice holds."""


class StepType(Protocol):
    """One kind of step: its docstring is its documentation, ``schema`` the JSON Schema of its parameters.

    The parameters ``choices``, ``default``, ``branches`` and ``steps`` say how steps hang together: they are parsed
    into the members of :class:`Step`, and ``run`` never sees them. A step type may have some members more:

    * ``ends``: true if nothing follows a step of this kind in its list;
    * ``delegates``: true if a person, another system or another execution does the step, other than by a call;
    * ``starts``: true if it starts the ``definition`` that it names, with the ``input``, if not with what came in;
    * ``errors``: the names it can fail with, beside those that every step can; without it they are not known;
    * ``error_parameter``: the parameter that names one error more;
    * ``remarks(params)``: yields parameters that are right but odd as they are written, and why.
    """

    @property
    def name(self) -> str:
        """The ``type`` of a step of this kind."""

    @property
    def schema(self) -> Mapping[str, Json]:
        """The JSON Schema (2020-12, an object) of the rendered parameters."""

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        """Say what the step comes to, without doing it.

        Raises:
            StepError: the step fails.
        """


STATUS = "http.Status."
"""What the names of errors begin with that tell the status of an answer."""


@value
class RetryPolicy:
    """When and how often to try a step again."""

    errors: Sequence[str]
    """Names, families (``http.*``) or ``*``."""
    max_attempts: int = 3
    """The first one included."""
    interval: timedelta = timedelta(seconds=1)
    """Before the second attempt."""
    backoff_rate: float = 2
    """What the interval is multiplied with for each further attempt."""
    max_delay: timedelta = timedelta(hours=1)
    jitter: bool = True
    """Whether to wait any time up to the delay (full jitter) rather than all of it."""
    source: Template | None = None
    """The entry as it stands in the definition, if a number in it is a template."""


@value
class Catch:
    """Where to go on after a failure."""

    errors: Sequence[str]
    next: str
    """The path of a step."""
    stash: str | None = None
    """The name under which to leave the error."""


def status_class(name: str) -> str | None:
    """Name the class of the status that an error tells: of ``http.Status.503`` ``http.Status.5xx``."""
    return f"{name[:-2]}xx" if name.startswith(STATUS) else None


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Tell whether a failure's name is one of some names, of a family (``http.*``) or a class (``http.Status.5xx``).

    ``*`` is every name.
    """
    return any(
        pattern in ("*", name, status_class(name)) or (pattern.endswith(".*") and name.startswith(pattern[:-1]))
        for pattern in patterns
    )


@value
class Choice:
    """A condition, and the path of the step that it leads to."""

    when: Template
    next: str


@value
class Step:
    """One step of a parsed definition, with everything compiled."""

    path: str
    """Its id, behind those of the steps and lists that it is nested in: ``fan-out/left/charge``."""
    type: StepType
    params: Template
    """Of the parameters that are templates: not of conditions, targets and nested steps."""
    schema: Schema | None
    """Of the rendered parameters; None if they pass it, whatever their templates render to."""
    schemas: Sequence[str] = ()
    """The parameters that are to be JSON Schemas and that templates make."""
    calls: bool = False
    """Whether it calls the world."""
    delegates: bool = False
    """Whether somebody else does it, by a call or otherwise: history says with which parameters."""
    next: str | None = None
    """The path of the next step; none ends the list."""
    output: Template | None = None
    stash: str | Mapping[str, Template] | None = None
    """The name under which to leave the result, or names and what to make from it."""
    when: Template | None = None
    """A condition; the step is skipped unless it holds."""
    choices: Sequence[Choice] = ()
    default: str | None = None
    """The path to go to if no choice holds."""
    scopes: Mapping[str, str] = field(default_factory=dict)
    """Nested lists of steps in their order, by branch id (``steps`` for the only one): where each begins."""
    retry: Sequence[RetryPolicy] = ()
    catch: Sequence[Catch] = ()
    timeout: timedelta | Template | None = None
    """Of one attempt, waiting included."""


@value
class Restriction:
    """A condition that a definition puts on access to its executions, beside the right that a role gives."""

    roles: frozenset[str] | None = None
    """One of these has to be had; None: any."""
    when: Template | None = None
    """A condition; it has to hold."""


@value
class Definition:
    """A parsed definition version; nested steps stand beside the others, under their paths."""

    id: str
    first: str
    steps: Mapping[str, Step]
    input_schema: Schema
    stash: Template | None = None
    output_schema: Schema | None = None
    timeout: timedelta | None = None
    """Of a whole execution."""
    budget: float | None = None
    """The dollars that an execution may cost before it is paused."""
    search: Mapping[str, Template] = field(default_factory=dict)
    """The search attributes of its executions, by name."""
    access: Mapping[str, Restriction] = field(default_factory=dict)
    """By what it is put on: ``execute``, ``complete``, ``cancel``, ``read``."""
    author: Subject | None = None
    """Who made this version, with what they might do then; None: that is not known."""
