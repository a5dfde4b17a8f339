"""The use cases of executions: start, list, read, cancel, pause, resume and redrive them."""

from collections.abc import Callable, Iterator, Mapping

from chalicelib.core.executions.factory import submit
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.inputs import (
    CancelRequested,
    PauseRequested,
    RedriveRequested,
    Requested,
    ResumeRequested,
)
from chalicelib.core.executions.listing import ExecutionFilter, ExecutionPage
from chalicelib.core.executions.model import Execution, Status
from chalicelib.core.executions.preconditions import is_met, missing_steps, problem, redriven_children, repeats
from chalicelib.core.records.shown import Outline, Selection, fitting, nothing
from chalicelib.core.values.errors import (
    ConflictError,
    DefinitionNotFoundError,
    ExecutionNotFoundError,
    InvalidError,
    StateError,
)
from chalicelib.core.values.json import Json, canonical
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import copy_with, value
from chalicelib.ports import Definitions, HistoryStore
from chalicelib.usecases.definitions import DefinitionService
from chalicelib.usecases.end_watch import EndWatch
from chalicelib.usecases.history import HistoryReader
from chalicelib.usecases.quotas import StartQuotas
from chalicelib.usecases.starter import ExecutionStarter

CHILDREN = 300
"""Child executions that are looked at before a redrive: more would take longer than an API call has."""


@value
class ExecutionService(ExecutionStarter):
    """The use cases, for one tenant at a time."""

    definitions: DefinitionService
    parsed: Definitions
    history: HistoryStore
    new_suffix: Callable[[], str]
    """Makes 8 random hex digits."""
    drive: Callable[[str, Requested], Execution | None]
    """Folds a request into an execution, writes and sends; answers the execution then, None if there is none."""
    starts: StartQuotas
    ends: EndWatch

    def execute(  # noqa: PLR0913, PLR0917 - what a start can say
        self,
        tenant_id: str,
        definition_id: str,
        value: Json,
        name: str | None = None,
        version: int | None = None,
        started_by: str | None = None,
        permit: Callable[[Execution, int], None] = lambda _execution, _newest: None,
    ) -> tuple[Execution, bool]:
        """Start an execution with an input; a repeat with the same name and input answers the first execution.

        Answers the execution, and whether it is new. If it has ended at once, or waits for an answer, it is in its
        present state, else as it was submitted. ``permit`` gets the execution and the newest version of its definition;
        what it raises stops the start before anything is done.

        Raises:
            DefinitionNotFoundError: there is no such definition, or version of it.
            InvalidInputError: with every error of the input against the schema.
            ConflictError: the name is taken by an execution with other input, or of another version than asked for.
            QuotaError: the tenant may not start it now.
            UnavailableError: it may have started, or not.
        """
        named = None if name is None else str(ExecutionId(tenant_id, definition_id, name))
        if named is not None and (first := self.executions.get(named)) is not None:
            permit(first, first.definition_version)
            self._send_again(first)
            return self._wanted(first, value, version), False
        header, newest = self._header(tenant_id, definition_id, value, version, started_by)
        while True:
            permit(execution := self._submitted(header, name or self.new_suffix()), newest)
            self.starts.admit(execution.id)
            current = self._begin(execution, is_named=name is not None)
            if current.nonce == execution.nonce:
                return (current if current.ended or _waits_for_answer(current) else execution), True
            if name is not None:
                self._send_again(current)
                return self._wanted(current, value, version), False

    def check_start(
        self,
        tenant_id: str,
        definition_id: str,
        value: Json,
        version: int | None,
        permit: Callable[[Execution, int], None],
    ) -> None:
        """Refuse a start that would be refused, and start nothing.

        Raises:
            DefinitionNotFoundError, InvalidInputError: as :meth:`execute`, and what ``permit`` raises.
        """
        header, newest = self._header(tenant_id, definition_id, value, version, None)
        permit(self._submitted(header, self.new_suffix()), newest)

    def _header(
        self, tenant_id: str, definition_id: str, value: Json, version: int | None, started_by: str | None
    ) -> tuple[Execution, int]:
        """Make an execution without its id and threads; answer the newest version of its definition, too."""
        newest, which = self.definitions.to_start(self.parsed, tenant_id, definition_id, version)
        header = Execution(
            id="",
            tenant_id=tenant_id,
            definition_id=definition_id,
            definition_version=which,
            nonce=self.new_suffix() + self.new_suffix()[:4],
            input=value,
            started_at=self.clock.now(),
            threads={},
            started_by=started_by,
        )
        return header, newest

    def list_executions(
        self, tenant_id: str, wanted: ExecutionFilter, limit: int, after: Position | None = None
    ) -> ExecutionPage:
        """Read headers of a tenant's executions, after a position; another tenant's have none that could be listed."""
        if not ExecutionId.is_of(tenant_id, wanted.owner):
            return ExecutionPage([])
        return self.executions.list(wanted, self.clock.now(), limit, after)

    def read_execution(self, tenant_id: str, execution_id: str) -> Execution:
        """Read an execution.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
        """
        execution = self.executions.get(execution_id) if ExecutionId.is_of(tenant_id, execution_id) else None
        if execution is None:
            raise _unknown(execution_id)
        return execution

    def read_outline(
        self,
        tenant_id: str,
        execution_id: str,
        selection: Selection = fitting,
        *,
        wait: float = 0,
        is_known: bool = False,
    ) -> Outline:
        """Read an execution with the large values of a selection.

        With ``wait`` it is read once it has ended or is paused, or after so many seconds. One that ``is_known`` was
        just started, so it is not looked at first.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
        """
        is_own = ExecutionId.is_of(tenant_id, execution_id)
        outline = self.ends.outline(execution_id, selection, wait, is_known=is_known) if is_own else None
        if outline is None:
            raise _unknown(execution_id)
        return outline

    @property
    def histories(self) -> HistoryReader:
        """What reads the history of executions."""
        return HistoryReader(self.history, lambda tenant, name: self.read_outline(tenant, name, nothing).execution)

    def cancel(
        self, tenant_id: str, execution_id: str, actor: str | None = None, reason: str | None = None
    ) -> Execution:
        """Cancel an execution and everything that it has begun; a repeat changes nothing.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            StateError: it ended otherwise.
            UnavailableError: it may be done, or not: ask again.
        """
        return self._request(tenant_id, execution_id, CancelRequested(actor=actor, reason=reason))

    def pause(
        self, tenant_id: str, execution_id: str, actor: str | None = None, reason: str | None = None
    ) -> Execution:
        """Pause an execution and everything that it has begun; a repeat changes nothing.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            StateError: it has ended.
            UnavailableError: it may be done, or not: ask again.
        """
        return self._request(tenant_id, execution_id, PauseRequested(actor=actor, reason=reason))

    def resume(
        self, tenant_id: str, execution_id: str, actor: str | None = None, budget: float | None = None
    ) -> Execution:
        """Resume a paused execution, with a budget in dollars if one is given; a repeat changes nothing.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            StateError: it has ended.
            QuotaError: the tenant is stopped.
            UnavailableError: it may be done, or not: ask again.
        """
        self.starts.require_started(tenant_id)
        return self._request(tenant_id, execution_id, ResumeRequested(actor=actor, budget=budget))

    def redrive(  # noqa: PLR0913 - what a redrive can change
        self,
        tenant_id: str,
        execution_id: str,
        actor: str | None = None,
        *,
        step: str | None = None,
        stash: Mapping[str, Json] | None = None,
        version: int | None = None,
        again: bool = False,
    ) -> Execution:
        """Redrive an execution that failed, timed out or was cancelled, from where it stopped or from a named step.

        Args:
            tenant_id: whose it is.
            execution_id: which one.
            actor: who wants it.
            step: the id of a step of the top list that it has begun before; None: where it stopped.
            stash: names to set, or with null to remove.
            version: of the definition to go on with; None: the same.
            again: whether at-most-once calls whose answer is not known may be made again.

        Raises:
            ExecutionNotFoundError, DefinitionNotFoundError: the tenant has none of this id, or version.
            StateError: it lives, or has succeeded; or there is no such step; or a call must not be made again.
            InvalidError: it has never begun the step.
            QuotaError: the tenant may not start it now.
            UnavailableError: it may be done, or not: ask again.
        """
        item = self.read_execution(tenant_id, execution_id)
        wanted = RedriveRequested(actor=actor, step=step, stash=stash or {}, version=version, again=again)
        self._check_steps(item, wanted)
        if step is not None:
            wanted = copy_with(wanted, incoming=self._incoming(item, step))
        self._refuse_repeats(item, wanted)
        return self._go_on(item, wanted)

    def _go_on(self, item: Execution, wanted: RedriveRequested) -> Execution:
        """Let an execution go on once more, if the tenant may start one now."""
        self.starts.admit(item.id)
        driven = self._drive(item.tenant_id, item.id, wanted)
        if driven.redrives <= item.redrives:
            raise StateError(f"{item.id} is {driven.state} already")
        return driven

    def _refuse_repeats(self, item: Execution, wanted: RedriveRequested) -> None:
        """Refuse a redrive that would make an at-most-once call again, unless it allows that."""
        for each, request in self._redriven(item, wanted):
            if (repeated := repeats(each, request)) is not None:
                raise StateError(
                    f"step {repeated!r} of {each.id} calls at most once, and no answer to its call is known: "
                    'look there whether it was done, then redrive with "again": true to make it again'
                )

    def _redriven(self, item: Execution, wanted: RedriveRequested) -> Iterator[tuple[Execution, RedriveRequested]]:
        """Walk over an execution and the child executions that a redrive drives on or replaces, CHILDREN at most."""
        yield item, wanted
        found = [(item, wanted)]
        for count, (name, request) in enumerate(each for one in found for each in redriven_children(*one)):
            child = self.executions.get(name) if count < CHILDREN and not wanted.again else None
            if child is None:
                continue
            found.append((child, request))
            yield child, request

    def _check_steps(self, item: Execution, wanted: RedriveRequested) -> None:
        """Refuse a redrive that the state does not allow, or whose version does not exist or lacks a step."""
        if problem(item, RedriveRequested) is not None:
            right = "resume it" if item.paused else "only what failed, timed out or was cancelled is redriven"
            raise StateError(f"{item.id} is {item.state}: {right}")
        tenant, name, version = item.tenant_id, item.definition_id, wanted.version
        if version is not None and self.definitions.definitions.version(tenant, name, version) is None:
            raise DefinitionNotFoundError(f"there is no definition {name!r} in version {version}")
        which = version or item.definition_version
        definition = self.parsed.get(tenant, name, which)
        if missing := missing_steps(item, wanted, definition):
            from chalicelib.core.definitions.diagnostics import Suggestions  # noqa: PLC0415 - only mistakes need it

            alike = Suggestions()(missing[0], definition.steps)
            raise StateError(f"version {which} of {name} has no step {missing[0]!r}{alike} to go on from")

    def _request(self, tenant_id: str, execution_id: str, request: Requested) -> Execution:
        """Fold a request, and check that the execution is then as the request wants it.

        Raises:
            StateError: the execution is not as it is asked to be.
        """
        item = self._drive(tenant_id, execution_id, request)
        if not is_met(item, type(request)):
            raise StateError(f"{execution_id}: {problem(item, type(request)) or f'it is {item.state}'}")
        return item

    def _drive(self, tenant_id: str, execution_id: str, request: Requested) -> Execution:
        self.read_outline(tenant_id, execution_id, nothing)
        item = self.drive(execution_id, request)
        if item is None:
            raise _unknown(execution_id)
        return item

    def _incoming(self, item: Execution, step: str) -> Json:
        """Find in history the input of a step when the first thread last began it.

        Raises:
            InvalidError: it never has.
        """
        if (record := self.histories.came_in(item, step)) is None:
            raise InvalidError(f"{item.id} has never begun a step {step!r} of its top list")
        return self.history.result(item.tenant_id, record)

    def _submitted(self, header: Execution, suffix: str) -> Execution:
        definition = self.parsed.get(header.tenant_id, header.definition_id, header.definition_version)
        name = ExecutionId(header.tenant_id, header.definition_id, suffix)
        return submit(definition, copy_with(header, id=str(name)))

    def _wanted(self, current: Execution, value: Json, version: int | None) -> Execution:
        """Answer the execution that has the name, if its input (with defaults) and version are those of the start."""
        if canonical(current.input) != canonical(value):
            definition = self.parsed.get(current.tenant_id, current.definition_id, current.definition_version)
            if canonical(current.input) != canonical(definition.input_schema.accept(value)[0]):
                raise ConflictError(f"{current.id} was started with other input: choose another name")
        if version is not None and current.definition_version != version:
            raise ConflictError(f"{current.id} was started with version {current.definition_version}, not {version}")
        return current


def _waits_for_answer(execution: Execution) -> bool:
    return any(thread.status is Status.WAITING_FOR_ANSWER for thread in execution.threads.values())


def _unknown(execution_id: str) -> ExecutionNotFoundError:
    return ExecutionNotFoundError(f"there is no execution {execution_id!r}")
