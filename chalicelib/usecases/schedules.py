"""The use cases of schedules: write, pause and resume them, and start what they are to start.

What is to be started is written first, then started under the id that was written, then said to be done. Whoever comes
to it again (a message that comes twice, another function, the next run of the sweep) finds that execution there.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias
from zlib import crc32

from chalicelib.core.access.quotas import Quotas, require_room
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.inputs import Message, ScheduleDue
from chalicelib.core.executions.model import ENDED, Execution
from chalicelib.core.schedules.schedule import Overlap, Schedule, ScheduleContent, ScheduledStart, new_schedule
from chalicelib.core.values.errors import (
    DamagedError,
    InvalidError,
    NotYetError,
    QuotaError,
    ScheduleNotFoundError,
    SedoError,
    SetupError,
    StateError,
    TenantStoppedError,
    UnavailableError,
)
from chalicelib.core.values.json import format_instant
from chalicelib.core.values.value import copy_with, value
from chalicelib.engine import optimistic
from chalicelib.ports import Clock, Queue
from chalicelib.usecases.executions import ExecutionService

AHEAD = timedelta(seconds=75)
"""How far a run of the sweep looks: up to the next one, and some seconds longer."""
AGAIN, AGAIN_SPREAD = timedelta(seconds=30), 61
"""When a start is tried again that a quota of the tenant did not allow: after so long, and up to so many seconds less
one. So those that are refused together do not come again together."""
AGAIN_STOPPED = timedelta(minutes=5)
"""When a schedule of a tenant that is stopped is looked at again."""

ScheduleCondition: TypeAlias = Callable[[Schedule | DamagedError | None], None]
"""Raises PreconditionFailedError unless a schedule, or that there is none, is as somebody asks that it be."""
Permit: TypeAlias = Callable[[Execution, int], None]
"""Raises what keeps the caller from starting an execution, given it and the newest version of its definition."""


class ScheduleStore(Protocol):
    """Schedules; every read but :meth:`due` is strongly consistent. All can raise UnavailableError.

    What cannot be read is in no list.
    """

    def get(self, tenant_id: str, name: str) -> Schedule | None:
        """Read one.

        Raises:
            DamagedError: it cannot be read.
        """

    def list(
        self,
        tenant_id: str,
        limit: int,
        after: str = "",
        *,
        last_first: bool = False,
        names: frozenset[str] | None = None,
    ) -> Sequence[Schedule]:
        """Read up to ``limit`` of a tenant, by name, after a name; with ``names``, those that match one of these.

        They are to be shown: in place of a long input stands None.
        """

    def count(self, tenant_id: str, most: int) -> int:
        """Count those of a tenant, up to so many."""

    def put(self, schedule: Schedule) -> bool:
        """Write the next number of one, number 1 where there is none, or one that cannot be read.

        Tell whether it is there now.
        """

    def delete(self, schedule: Schedule) -> bool:
        """Take one away, unless it was written since it was read; tell whether it is gone."""

    def discard(self, tenant_id: str, name: str) -> bool:
        """Take away one that cannot be read; tell whether it is gone."""

    def due(self, until: datetime, limit: int) -> Sequence[tuple[str, str, datetime]]:
        """Find up to ``limit`` to look at up to an instant, the earliest first: tenant, name, and when to look.

        A change may take a moment to appear.
        """


def due_message(tenant_id: str, name: str, look_at: datetime, now: datetime) -> Message:
    """Make what has a schedule looked at when it is due: at most 15 minutes later."""
    seconds = -((now - look_at) // timedelta(seconds=1))
    return Message(f"{tenant_id}:{name}", ScheduleDue(at=format_instant(look_at)), delay=max(0, min(seconds, 900)))


@value
class ScheduleService:
    """The use cases, for one tenant at a time."""

    store: ScheduleStore
    executions: ExecutionService
    queue: Queue
    clock: Clock
    quotas: Callable[[str], Quotas]
    """Answers the quotas of a tenant."""

    def read(self, tenant_id: str, name: str) -> Schedule:
        """Read a schedule.

        Raises:
            ScheduleNotFoundError: there is none.
            DamagedError: it cannot be read.
        """
        found = self.store.get(tenant_id, name)
        if found is None:
            raise ScheduleNotFoundError(f"there is no schedule {name!r}")
        return found

    def put(  # noqa: PLR0913 - by keyword
        self,
        tenant_id: str,
        name: str,
        content: ScheduleContent,
        *,
        by: str | None,
        permit: Permit,
        require: ScheduleCondition | None = None,
    ) -> tuple[Schedule, bool]:
        """Write what a schedule says; answer it, and whether it is new, as it is in place of one that cannot be read.

        Raises:
            InvalidError: it has no plan, or its input does not fit its definition.
            DefinitionNotFoundError: there is no such definition, or version.
            PreconditionFailedError: it is not as ``require`` asks.
            QuotaError: the tenant has as many as it may have.
            UnavailableError: others were always quicker.
        """
        content.plan.check(self.clock.now())
        self.executions.check_start(tenant_id, content.definition, content.input, content.version, permit)

        def made(known: Schedule | DamagedError | None) -> tuple[Schedule, tuple[Schedule, bool]]:
            if require is not None:
                require(known)
            if known is None:
                self._make_room(tenant_id)
            if known is None or isinstance(known, DamagedError):
                new = new_schedule(tenant_id, name, content, self.clock.now(), by)
                return new, (new, True)
            changed = known.replaced(content, self.clock.now(), by)
            return changed, (changed, False)

        def read() -> Schedule | None:
            found = self.store.get(tenant_id, name)
            return None if found is None else self._settled(found)

        written = optimistic.change(lambda: optimistic.or_damage(read), made, self._put, f"the schedule {name!r}")
        self._send_ahead(written[0])
        return written

    def _make_room(self, tenant_id: str) -> None:
        """Refuse one schedule too many."""
        most = self.quotas(tenant_id).schedules
        if most is not None:
            require_room("schedules", most, self.store.count(tenant_id, most))

    def delete(self, tenant_id: str, name: str, require: ScheduleCondition | None = None) -> None:
        """Take a schedule away, also one that cannot be read; what it has started goes on.

        Raises:
            ScheduleNotFoundError: there is none.
            PreconditionFailedError: it is not as ``require`` asks.
            UnavailableError: others were always quicker.
        """

        def delete(found: Schedule | DamagedError) -> bool:
            if isinstance(found, DamagedError):
                return self.store.discard(tenant_id, name)
            return self.store.delete(found)

        def read() -> Schedule | DamagedError:
            return optimistic.or_damage(lambda: self.read(tenant_id, name))

        optimistic.remove(read, require, delete, f"the schedule {name!r}")

    def pause(self, tenant_id: str, name: str, by: str | None) -> Schedule:
        """Let a schedule start nothing by itself; again, it is paused already.

        Raises:
            ScheduleNotFoundError: there is none.
        """
        return self._change(tenant_id, name, lambda found: found.held(self.clock.now(), by))

    def resume(self, tenant_id: str, name: str, by: str | None) -> Schedule:
        """Let a paused schedule go on; again, it goes on already.

        Raises:
            ScheduleNotFoundError: there is none.
        """
        resumed = self._change(tenant_id, name, lambda found: found.resumed(self.clock.now(), by))
        self._send_ahead(resumed)
        return resumed

    def start(self, tenant_id: str, name: str, seed: str | None, permit: Permit) -> Schedule:
        """Start an execution now, outside of the plan; the same ``seed`` again is the same execution.

        Raises:
            ScheduleNotFoundError, DefinitionNotFoundError: there is none.
            InvalidInputError: its input does not fit its definition any more.
            StateError: the last execution still runs, and it does not allow another one beside that.
            NotYetError: another start is under way.
            QuotaError: the tenant may not start it now.
            UnavailableError: it may have started, or not.
        """
        occurrence = seed or self.executions.new_suffix()

        def asked(found: Schedule) -> Schedule:
            wanted = found.named(occurrence)
            if wanted in {start.execution for start in (found.owed, found.last) if start is not None}:
                return found
            if found.owed is not None:
                raise NotYetError(f"the schedule {name!r} has still to start {found.owed.execution}: ask again")
            if found.content.overlap is Overlap.SKIP and self._runs(found.last):
                raise StateError(f"{found.last and found.last.execution} still runs, and overlap is skip")
            return found.asked(self.clock.now(), occurrence)

        found = self._settled(self.read(tenant_id, name))
        if seed is not None and (again := self._started_by(found, seed, permit)) is not None:
            return again
        content = found.content
        self.executions.starts.require_started(tenant_id)
        self.executions.check_start(tenant_id, content.definition, content.input, content.version, permit)
        return self._finish(self._change(tenant_id, name, asked), is_asked=True) or self.read(tenant_id, name)

    def _started_by(self, found: Schedule, seed: str, permit: Permit) -> Schedule | None:
        """Answer a schedule as a start left it that was asked for before, whatever it has started since."""
        first = self.executions.executions.get(found.named(seed))
        if first is None:
            return None
        permit(first, first.definition_version)
        is_last = found.last is not None and found.last.execution == first.id
        return found if is_last else copy_with(found, last=ScheduledStart(first.started_at, first.id))

    def start_due(self, place: str, at: str) -> None:
        """Start what a schedule is to start now, if anything: ``place`` is ``<tenant>:<name>``.

        ``at`` is when it is to be looked at, as whoever sends for it has seen: where that is still to come, it is sent
        for again.

        Raises:
            UnavailableError: a service did not answer.
        """
        tenant_id, _, name = place.partition(":")

        def taken(found: Schedule | None) -> tuple[Schedule | None, Schedule | None]:
            if found is None or not found.is_due(self.clock.now()):
                return found, None
            now, stopped = self.clock.now(), self._stopped(tenant_id)
            if stopped is not None:
                return found.postponed(now, stopped, now + AGAIN_STOPPED), None
            is_watched = found.owed is None and found.content.overlap is Overlap.SKIP
            changed = found.taken_up(now, is_running=is_watched and self._runs(found.last))
            return changed, changed

        found = optimistic.change(lambda: self.store.get(tenant_id, name), taken, self._put, f"the schedule {name!r}")
        following = None if found is None else self._finish(found)
        if following is not None:
            self._send_ahead(following)
        elif found is None and at > format_instant(self.clock.now()):
            self._send_again(tenant_id, name, at)

    def _send_again(self, tenant_id: str, name: str, at: str) -> None:
        """Send for a schedule once more whose message has come too early, if it still stands so."""
        found, now = self.store.get(tenant_id, name), self.clock.now()
        if found is not None and found.look_at is not None and format_instant(found.look_at) == at:
            self.queue.send([due_message(tenant_id, name, found.look_at, now)])

    def _send_ahead(self, schedule: Schedule) -> None:
        """Send for what is due before the next run of the sweep sees it; if that fails, the run after does."""
        now, look_at = self.clock.now(), schedule.look_at
        if look_at is not None and look_at <= now + AHEAD:
            with suppress(UnavailableError):
                self.queue.send([due_message(schedule.tenant_id, schedule.name, look_at, now)])

    def _settled(self, found: Schedule) -> Schedule:
        """Start what a schedule owes, if it does; answer how it stands then."""
        if found.owed is None:
            return found
        return self._finish(found) or self.read(found.tenant_id, found.name)

    def _finish(self, schedule: Schedule, *, is_asked: bool = False) -> Schedule | None:
        """Start what a schedule owes, and write what came of it; answer how it stands then, None: it is not there.

        What somebody has asked for is not tried again.

        Raises:
            UnavailableError, SetupError: it may have started, or not.
            SedoError: it cannot be started, and somebody has asked for it.
        """
        owed = schedule.owed
        if owed is None:
            return schedule
        try:
            self._start(schedule, owed)
        except (UnavailableError, SetupError):
            raise
        except SedoError as error:
            ended = self._write_end(schedule, owed, error, is_asked=is_asked)
            if is_asked:
                raise
            return ended
        return self._write_end(schedule, owed, None, is_asked=is_asked)

    def _start(self, schedule: Schedule, owed: ScheduledStart) -> None:
        content, place = schedule.content, ExecutionId.parse(owed.execution)
        self.executions.execute(
            schedule.tenant_id, place.definition, content.input, place.suffix, content.version, schedule.starter
        )

    def _write_end(
        self, schedule: Schedule, owed: ScheduledStart, error: SedoError | None, *, is_asked: bool
    ) -> Schedule | None:
        def ended(found: Schedule | None) -> tuple[Schedule | None, Schedule | None]:
            now = self.clock.now()
            if found is None or found.owed != owed:
                return found, found
            if error is None:
                changed = found.started()
            elif isinstance(error, QuotaError) and not is_asked:
                changed = found.postponed(now, str(error), now + AGAIN + _apart(schedule, now))
            else:
                changed = found.failed(now, _words(error))
            return changed, changed

        def read() -> Schedule | None:
            return self.store.get(schedule.tenant_id, schedule.name)

        return optimistic.change(read, ended, self._put, f"the schedule {schedule.name!r}")

    def _change(self, tenant_id: str, name: str, change: Callable[[Schedule], Schedule]) -> Schedule:
        def made(found: Schedule) -> tuple[Schedule, Schedule]:
            changed = change(found)
            return changed, changed

        return optimistic.change(lambda: self.read(tenant_id, name), made, self._put, f"the schedule {name!r}")

    def _put(self, schedule: Schedule | DamagedError | None) -> bool:
        return isinstance(schedule, Schedule) and self.store.put(schedule)

    def _runs(self, last: ScheduledStart | None) -> bool:
        """Tell whether the execution of a start has not ended; one that is not there has not begun."""
        if last is None:
            return False
        found = self.executions.executions.summaries([last.execution]).get(last.execution)
        return found is not None and found.state not in ENDED

    def _stopped(self, tenant_id: str) -> str | None:
        try:
            self.executions.starts.require_started(tenant_id)
        except TenantStoppedError as error:
            return str(error)
        return None


def _apart(schedule: Schedule, now: datetime) -> timedelta:
    """Choose some seconds for a schedule, others at each instant."""
    text = f"{schedule.tenant_id}:{schedule.name}:{format_instant(now)}"
    return timedelta(seconds=crc32(text.encode()) % AGAIN_SPREAD)


def _words(error: SedoError) -> str:
    """Say why nothing was started: without the problems of the input, which repeat it."""
    if isinstance(error, InvalidError) and error.problems:
        return f"{type(error).title()}: start it by hand to see where"
    return str(error) or type(error).title()
