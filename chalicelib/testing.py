"""Workflows under pytest: ``run`` runs a definition, or one step of it, with mocks for everything outside.

With ``pytest_plugins = ["chalicelib.testing"]`` it is the fixture ``workflow``, too, and a test that fails shows what
its runs did. Nothing that is deployed imports this module.
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

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
