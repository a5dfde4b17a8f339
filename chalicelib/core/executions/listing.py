"""Lists of executions: the header that they show, their filters, and which executions the index by status holds.

Every execution is found by who owns it and when it began. That tells nothing of what became of it, so some are kept
under a status as well: those that did not succeed, that are paused, and that live long. What begins and succeeds
within minutes never is, and costs nothing more for it: it is found among the newest.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import ceil

from chalicelib.core.executions.model import Execution, ExecutionStatus, State, Status
from chalicelib.core.values.globs import matching
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import value

LIVES_LONG = timedelta(minutes=10)
"""What may still live so long after its beginning, and not be written until then, is kept under its status."""

NEWEST = timedelta(minutes=15)
"""What began no longer ago may live without being kept under its status: a message may come so much later."""

_ENDS = {
    State.PAUSED: ExecutionStatus.PAUSED,
    State.SUCCEEDED: ExecutionStatus.SUCCEEDED,
    State.FAILED: ExecutionStatus.FAILED,
    State.TIMED_OUT: ExecutionStatus.TIMED_OUT,
    State.CANCELLED: ExecutionStatus.CANCELLED,
}


@value
class Summary:
    """The header of an execution: what a list shows of it."""

    id: str
    tenant_id: str
    definition_id: str
    definition_version: int
    state: State
    step: str
    started_at: datetime
    ended_at: datetime | None
    parent_id: str | None = None
    """The execution that started it."""
    started_by: str | None = None

    @property
    def owner(self) -> str:
        """Who it is listed for: the execution that started it, or the tenant."""
        return self.parent_id or self.tenant_id


@value
class ExecutionFilter:
    """Which executions a list holds: those to which all of this applies; and in which order."""

    owner: str
    """The tenant, of executions that no other one started, or the execution that started them."""
    states: frozenset[State] | None = None
    """None: all."""
    definition: str | None = None
    version: int | None = None
    started_by: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Both instants of their start are among those that are wanted."""
    oldest_first: bool = False
    names: frozenset[str] | None = None
    """Patterns of the ids of definitions whose executions may be seen; None: all."""
    is_readable: Callable[[str, int], bool] | None = None
    """Tells whether the executions of a definition's version may be seen; None: all."""

    def takes(self, found: Summary) -> bool:
        """Tell whether an execution is one of them."""
        return (
            found.owner == self.owner
            and (self.states is None or found.state in self.states)
            and self.definition in {None, found.definition_id}
            and self.version in {None, found.definition_version}
            and self.started_by in {None, found.started_by}
            and matching(found.definition_id, self.names)
            and (self.is_readable is None or self.is_readable(found.definition_id, found.definition_version))
            and (self.since is None or found.started_at >= self.since)
            and (self.until is None or found.started_at <= self.until)
        )

    @property
    def statuses(self) -> frozenset[ExecutionStatus]:
        """The statuses of the states that are wanted."""
        return frozenset(ExecutionStatus if self.states is None else map(status_of, self.states))


@value
class ExecutionPage:
    """A page of a list of executions."""

    found: Sequence[Summary]
    following: Position | None = None
    """Behind which the next page begins; None: there is none."""


def summary_of(execution: Execution) -> Summary:
    """Answer the header of an execution."""
    return Summary(
        execution.id,
        execution.tenant_id,
        execution.definition_id,
        execution.definition_version,
        execution.state,
        execution.step,
        execution.started_at,
        execution.ended_at,
        None if execution.parent is None else execution.parent.execution,
        execution.started_by,
    )


def status_of(state: State) -> ExecutionStatus:
    """Tell the status of a state."""
    return _ENDS.get(state, ExecutionStatus.RUNNING)


def states_named(name: str) -> frozenset[State]:
    """Find the states of a status, or the state, of a name.

    Raises:
        ValueError: there is neither.
    """
    if name in set(ExecutionStatus):
        return frozenset(state for state in State if status_of(state) == name)
    return frozenset({State(name)})


def listed_under(execution: Execution, now: datetime) -> ExecutionStatus | None:
    """Tell under which status the index keeps an execution that is written now; None: it is in no such list.

    One that is listed as running stays so while it runs: to leave the index and to enter it again would cost more.
    What waits is written again when it is due, at the latest; what waits for an answer may not be.
    """
    status = status_of(execution.state)
    if status is ExecutionStatus.SUCCEEDED:
        return None
    if status is not ExecutionStatus.RUNNING or execution.listed_under is ExecutionStatus.RUNNING:
        return status
    runs = any(thread.status is Status.READY for thread in execution.threads.values())
    again = now if runs else execution.due_at
    return status if again is None or again > execution.started_at + LIVES_LONG else None


def parts_of(count: int, most: int) -> int:
    """Tell into how many parts so many executions are divided, of which each has at most about as many.

    It is a power of two: so parts are counted on in the same way for as long as there are not twice as many executions.
    """
    return 1 << max(0, ceil(count / most) - 1).bit_length()
