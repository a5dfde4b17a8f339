"""Workflows under pytest: ``run`` runs a definition, or one step of it, with mocks for everything outside.

With ``pytest_plugins = ["chalicelib.testing"]`` it is the fixture ``workflow``, too, and a test that fails shows what
its runs did. ``EventSources`` are queues and the schedule for the whole application under Chalice's test client.
Nothing that is deployed imports this module.
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from chalicelib.api.parsing import Places, read_yaml
from chalicelib.core.definitions.model import Definition, StepType
from chalicelib.core.definitions.parser import parse
from chalicelib.core.definitions.validation import validate
from chalicelib.core.dryruns.single_step import Given
from chalicelib.core.executions.model import Failure, State
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import DefinitionNotFoundError, InvalidError, MalformedError
from chalicelib.core.values.json import Json, Problem, encode
from chalicelib.core.values.value import copy_with, value
from chalicelib.steps import STEP_TYPES
from chalicelib.usecases.dry_run_plan import TURNS, Bounds, DryRun, DryRunPlan
from chalicelib.usecases.dry_runs import dry_run

if TYPE_CHECKING:
    from chalice.app import Chalice

    from chalicelib.adapters.memory.stores import QueueMessage

START = datetime(2026, 1, 1, tzinfo=UTC)
"""When a run begins, unless it is given another time."""

TENANT = "test"
LARGEST = LIMITS.body_bytes

SHOWN = 160
"""Characters of a value in a timeline."""

DefinitionSource: TypeAlias = "Path | str | Mapping[str, Any]"
"""A definition: the path of its file, its text in YAML or JSON, or the object."""


@value
class Run(DryRun):
    """What came of a run: the members of :class:`~chalicelib.usecases.dry_run_plan.DryRun`."""

    @property
    def succeeded(self) -> bool:
        """Whether it came to its end without an error that nothing caught; of one step, with none."""
        return self.state in {State.SUCCEEDED, State.STEP_SUCCEEDED, State.STEP_SKIPPED}

    def explain(self) -> str:
        """Write what happened, a line for each thing."""
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        """Say in a line how it ended, and which steps it took."""
        return f"<{self._end()}: {' > '.join(self.path)}>"

    def _end(self) -> str:
        led = "" if self.next is None else f", next is {self.next}"
        waits = "".join(f", waits for {each['for']} {each['step']}" for each in self.unanswered)
        error: Any = self.error
        why = "" if error is None else f", {error['name']} at {error['step']}: {error['message']}"
        return f"{self.state} after {self.elapsed:g} s{led}{waits}{why}"

    def _lines(self) -> Iterator[str]:
        yield self._end()
        began = None
        for record in self.history:
            at = datetime.fromisoformat(str(record["time"]))
            began = began or at
            about = [_short(record[key]) for key in ("result", "error") if key in record]
            where = f"{record['step']}" if record["thread"] == "main" else f"{record['step']} ({record['thread']})"
            yield " ".join([f"{(at - began).total_seconds():>10.3f} {record['state']:<20} {where}", *about])
        for call in self.calls:
            yield f"called {call['kind']} for {call['step']} with {_short(call['params'])}"
        for each in self.unanswered:
            yield f"{each['step']} waits for {each['for']}, with {_short(each['params'])}"
        yield f"output {_short(self.output)}, stash {_short(self.stash)}"


def run(  # noqa: PLR0913 - what a run can be given
    definition: DefinitionSource,
    input: Json = None,  # noqa: A002 - what it is called everywhere
    *,
    mocks: Mapping[str, Any] | None = None,
    step: str | None = None,
    definitions: Iterable[DefinitionSource] = (),
    now: datetime = START,
    incoming: Json = None,
    stash: Mapping[str, Json] | None = None,
    item: Json = None,
    index: int | None = None,
    error: Mapping[str, Any] | None = None,
    started_by: str | None = None,
    step_types: Mapping[str, StepType] = STEP_TYPES,
    max_turns: int = TURNS,
) -> Run:
    """Run a definition, or one step of it; ``docs/testing.md`` explains each argument.

    A definition is the path of a file, a text, or an object. The input is ``{}`` where it is None; that of one step is
    nothing then, which need not pass ``inputSchema``. Mocks say what is answered from outside, by the path of a step or
    its id: ``{"result": …}``, ``{"error": …}`` or ``{"nothing": True}``, or a list of those.

    Raises:
        AssertionError: a definition, the input or a mock is not valid; it lists every problem with its place.
    """
    __tracebackhide__ = True
    _require_json(input=input, mocks=mocks, incoming=incoming, stash=stash, item=item, error=error)
    failure = None if error is None else Failure(**{"message": "", "step": "", **error})
    plan = DryRunPlan(
        TENANT,
        "",
        1,
        input={} if input is None and step is None else input,
        mocks={} if mocks is None else dict(mocks),
        started_by=started_by,
        step=step,
        given=Given(incoming, stash or {}, item, 0 if index is None and item is not None else index, failure),
    )
    return _run([definition, *definitions], plan, step_types, now, Bounds(turns=max_turns))


def _run(
    sources: Sequence[DefinitionSource],
    plan: DryRunPlan,
    step_types: Mapping[str, StepType],
    now: datetime,
    bounds: Bounds,
) -> Run:
    """Run a plan for the first of some definitions.

    Raises:
        AssertionError: as :func:`run`.
    """
    __tracebackhide__ = True
    try:
        library = _Library(sources, step_types)
        found = dry_run(library, copy_with(plan, definition_id=library.first), now, bounds=bounds)
    except InvalidError as invalid:
        title = "this cannot be run" if type(invalid) is InvalidError else invalid.title()
        raise AssertionError(_report(title, str(invalid), invalid.problems)) from None
    except _SourceError as wrong:
        raise AssertionError(str(wrong)) from None
    return Run(**{each.name: getattr(found, each.name) for each in fields(found)})


def _require_json(**values: object) -> None:
    """Refuse what JSON cannot hold, which a real execution would never see.

    Raises:
        AssertionError: there is some.
    """
    __tracebackhide__ = True
    for name, given in values.items():
        try:
            json.dumps(given, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise AssertionError(f"{name} is no JSON: {error}") from None


class _SourceError(Exception):
    """A definition is none, or is not valid."""


class _Library:
    """Definitions that stand for all their versions, each looked at when it is first needed."""

    def __init__(self, sources: Iterable[DefinitionSource], step_types: Mapping[str, StepType]) -> None:
        read = [_read(source) for source in sources]
        self.step_types = step_types
        self.posted = {str(document.get("id")): (document, places) for document, places in reversed(read)}
        self.first = str(read[0][0].get("id"))
        self.documents: dict[str, Mapping[str, Json]] = {}
        self.parsed: dict[str, Definition] = {}
        self.looked_at: set[str] = set()

    def newest(self, tenant_id: str, definition_id: str) -> int:  # noqa: ARG002 - there is one tenant
        """Tell the only version."""
        if definition_id not in self.posted:
            raise DefinitionNotFoundError(f"there is no definition {definition_id!r}: give it among definitions")
        return 1

    def get(self, tenant_id: str, definition_id: str, version: int) -> Definition:  # noqa: ARG002 - it stands for all
        """Answer a definition."""
        self.newest(tenant_id, definition_id)
        if definition_id not in self.parsed:
            self.find(definition_id, None)
            self.parsed[definition_id] = parse(dict(self.documents[definition_id]), self.step_types)
        return self.parsed[definition_id]

    def find(self, definition_id: str, version: int | None) -> tuple[int, Mapping[str, Json]] | None:
        """Look at a definition, and what it includes; one that is included by itself is not there."""
        if definition_id in self.posted and definition_id not in self.looked_at:
            self.looked_at.add(definition_id)
            document, places = self.posted[definition_id]
            found = validate(document, self.step_types, self.find)
            if found.problems:
                problems = places.locate(found.problems) if places is not None else found.problems
                raise _SourceError(_report(f"definition {definition_id} is not valid", "", problems))
            self.documents[definition_id] = found.document
        known = self.documents.get(definition_id)
        return None if known is None else (version or 1, known)


def _read(source: DefinitionSource) -> tuple[dict[str, Json], Places | None]:
    """Read a definition; one line that names no object is the path of a file."""
    places: Places | None = None
    document: Any = source
    if isinstance(source, Path) or (isinstance(source, str) and "\n" not in source and "{" not in source):
        document, places = _parsed(Path(source).read_bytes(), str(source))
    elif isinstance(source, str):
        document, places = _parsed(source.encode(), "the definition")
    if not isinstance(document, Mapping):
        raise _SourceError(f"a definition is an object, not {_short(document)}")
    return dict(document), places


def _parsed(text: bytes, name: str) -> tuple[Json, Places]:
    try:
        return read_yaml(text, LARGEST)
    except MalformedError as error:
        raise _SourceError(_report(f"{name} cannot be read", str(error), error.problems)) from error


def _report(title: str, detail: str, problems: Iterable[Problem]) -> str:
    """Write problems, a line for each."""
    lines = []
    for each in problems:
        where = "" if each.line is None else f" (line {each.line}, column {each.column})"
        lines.append(f"  {each.pointer or '/'}{where}: {each.message}")
    return "\n".join([title if lines else f"{title}: {detail}", *lines])


def _short(value: Json) -> str:
    text = encode(value).decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


FUNCTION_SECONDS = 60
"""What each function of the application has, as ``.chalice/config.json`` says; Chalice's test client gives three."""

MOST = 10_000
"""Messages at one instant, unless ``most`` says otherwise: a workflow that goes round for ever does not hang."""


_SCHEDULED: Mapping[str, Any] = {
    "version": "0",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "000000000000",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {},
}


class EventSources:
    """What AWS does around an application: queues deliver messages to its functions, and time passes.

    The application keeps everything in the memory of this process, with ``SEDO_STORES=memory``, and begins empty. Its
    clock stands still until it is moved. ``errors`` are what functions raised; what they were given comes again.

    Raises:
        AssertionError: the application does not keep everything in memory.
    """

    def __init__(self, app: "Chalice") -> None:
        from chalicelib.adapters.memory.stores import MemoryClock, MemoryQueue  # noqa: PLC0415 - few tests need them
        from chalicelib.wiring.graph import wiring  # noqa: PLC0415 - the same
        from chalicelib.wiring.settings import Settings  # noqa: PLC0415 - the same

        wiring.cache_clear()
        wired = wiring()
        clock, queue = wired.dependencies.clock, wired.dependencies.queue
        if not isinstance(clock, MemoryClock) or not isinstance(queue, MemoryQueue):
            raise AssertionError("set SEDO_STORES=memory in the environment before the application is used")  # noqa: TRY004 - a test fails of it
        self.app, self.clock, self.queue, self.names = app, clock, queue, Settings.from_environment().names
        self.errors: list[Exception] = []
        self.most = MOST
        self._consumers = {source.queue: source.name for source in app.event_sources if hasattr(source, "queue")}
        self._scheduled = [each.name for each in app.event_sources if hasattr(each, "schedule_expression")]
        self._next_minute = clock.now()

    def deliver(self) -> None:
        """Deliver every message that is visible, one by one, until there is none."""
        for _ in range(self.most):
            visible = self.queue.visible()
            if not visible:
                return
            self._hand_over(visible[0])
        raise AssertionError(
            f"{self.most} messages were delivered, and there are more: does the workflow go round for ever?"
        )

    def pass_time(self, seconds: float) -> None:
        """Let time pass: deliver what comes due, at its instant and in its order, and run the schedule each minute."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while True:
            self.deliver()
            if self.clock.now() >= self._next_minute:
                self._next_minute += timedelta(minutes=1)
                for name in self._scheduled:
                    self._invoke(name, {**_SCHEDULED, "id": f"{self.clock.now():%Y%m%d%H%M%S}"})
                continue
            if self.clock.now() >= end:
                return
            coming = [message.visible_at for message in self.queue.messages.values()]
            self.clock.instant = min([*coming, self._next_minute, end])

    def _hand_over(self, message: "QueueMessage") -> None:
        """Call the function of a queue with a message, and delete that where it is done."""
        received = self.queue.receive(message)
        timers, work = (self.names.timers, self.names.dead_timers), (self.names.work, self.names.dead_work)
        name = (timers if received.timer else work)[received.dead]
        record = {
            "messageId": received.id,
            "receiptHandle": received.id,
            "body": received.body,
            "attributes": {
                "ApproximateReceiveCount": str(received.receives),
                "SentTimestamp": str(int(received.sent_at.timestamp() * 1000)),
                **({} if received.group is None else {"MessageGroupId": received.group}),
            },
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:{name}",
            "awsRegion": "us-east-1",
        }
        if self._invoke(self._consumers[name], {"Records": [record]}):
            self.queue.delete(name, [received.id])

    def _invoke(self, function: str, event: Mapping[str, Any]) -> bool:
        """Call a function of the application; tell whether it returned."""
        from chalice.local import LambdaContext  # noqa: PLC0415 - few tests need it

        try:
            self.app.handler_map[function](event, LambdaContext(function, 512, FUNCTION_SECONDS * 1000))
        except Exception as error:  # noqa: BLE001 - whatever it raises is a failed invocation
            self.errors.append(error)
            return False
        return True


_RUNS: pytest.StashKey[list[Run]] = pytest.StashKey()


@pytest.fixture
def workflow(request: pytest.FixtureRequest) -> Callable[..., Run]:
    """Run a workflow, as :func:`run` does; a test that fails shows what its runs did."""
    runs: list[Run] = request.node.stash.setdefault(_RUNS, [])

    def recorded(*args: Any, **more: Any) -> Run:  # noqa: ANN401 - those of run
        __tracebackhide__ = True
        runs.append(run(*args, **more))
        return runs[-1]

    return recorded


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the runs of a failed test did."""
    report = yield
    if report.when == "call" and report.failed and _RUNS in item.stash:
        runs: list[Run] = item.stash[_RUNS]
        for number, each in enumerate(runs, 1):
            report.sections.append((f"workflow run {number}", each.explain()))
    return report
