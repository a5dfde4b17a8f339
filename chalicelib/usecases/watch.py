"""The watch over a stage: once a minute, after the sweep, it checks a sample of executions and ends incidents.

Each minute has its part of all executions: so each is checked in its turn, and in a small stage each time. The rules
are those of the doctor. A stuck execution is an incident, and is woken; a wrong entry of an index is written again.
"""

import logging
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

from chalicelib.core.executions.due import due_at
from chalicelib.core.executions.factory import awaited, unheard
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.listing import listed_under
from chalicelib.core.executions.model import Execution
from chalicelib.core.executions.verify import Patience, ViolationKind, state_violations, status_to_list
from chalicelib.core.records.incident import (
    OF_EXECUTIONS,
    IncidentKind,
    OpenIncident,
    execution_of,
    look_period,
    of_execution,
    over,
)
from chalicelib.core.values.errors import UnavailableError, UnknownFormatError
from chalicelib.core.values.log_line import line
from chalicelib.core.values.value import copy_with, value
from chalicelib.core.waits.verify import waiting_for_answers
from chalicelib.engine.model import Dependencies
from chalicelib.engine.waking import wake
from chalicelib.ports import ExecutionStore
from chalicelib.usecases.incidents import IncidentStore
from chalicelib.usecases.kept_waits import LOOKED_AT, KeptWaits

SAMPLE = 400
"""Executions that are looked at in a check, about: some 50 read units at most, where each is of a KB."""

OPEN = 1000
"""Open incidents of each group of tenants whose keys are read in a check; the other end of more in the next one."""

LOOKED = 100
"""Executions of open incidents that are read in a check: one request."""

AGAIN = 10
"""Minutes after which what is still stuck is woken again."""

WAITS = 50
"""Executions that wait for tasks or events of which it is looked whether these can be found, of those of a check."""

STUCK = frozenset(
    {ViolationKind.STANDING, ViolationKind.LATE, ViolationKind.UNWATCHED, ViolationKind.JOIN, ViolationKind.WAIT}
)
"""What keeps an execution from moving."""
INDEXED = frozenset({ViolationKind.UNWATCHED, ViolationKind.LISTING})
"""What is mended by writing the indexes again."""

MINUTE = timedelta(minutes=1)

log = logging.getLogger("sedo")


@value
class StageWatch:
    """A check; ``token`` names it, once and for ever, and ``until`` is when its time is over."""

    dependencies: Dependencies
    incidents: IncidentStore
    token: str
    until: datetime

    def run(self) -> None:
        """Check a sample, and end incidents, while there is time; neither keeps the other from it."""
        parts: Sequence[Callable[[], object]] = (self.check_sample, self.end_incidents)
        for part in parts:
            if self.dependencies.clock.now() >= self.until:
                return
            try:
                part()
            except UnavailableError:
                log.warning(line("watch left to the next run", request=self.token))
            except Exception:
                log.exception(line("watch failed", request=self.token))

    def check_sample(self) -> Sequence[str]:
        """Check a sample, and mend what is wrong; answer which executions were."""
        clock = self.dependencies.clock
        part = self.dependencies.executions.sample(minute_of(clock.now()), SAMPLE)
        before = clock.now() - Patience().message
        waiting = [each.id for each in part if waiting_for_answers(each) or awaited(each, before, 1)]
        looked = {*sorted(waiting, key=lambda name: zlib.crc32(f"{self.token}{name}".encode()))[:WAITS]}

        def is_wrong(item: Execution) -> bool:
            return bool(self.wrong_with(item, clock.now(), is_looked=item.id in looked))

        suspects = [each.id for each in part if self.alone(each.id, partial(is_wrong, each))]
        return [name for name in suspects if clock.now() < self.until and self.alone(name, partial(self.mend, name))]

    def alone(self, execution_id: str, look: Callable[[], bool]) -> bool:
        """Look at an execution; what of it cannot be read keeps none of the others from being looked at.

        Raises:
            UnavailableError: a service did not answer.
        """
        try:
            return look()
        except Exception as error:
            if isinstance(error, UnavailableError) and not isinstance(error, UnknownFormatError):
                raise
            members = ExecutionId.log_members(execution_id)
            log.exception(line("execution left out of the watch", request=self.token, **members))
            return False

    def mend(self, execution_id: str) -> bool:
        """Look at an execution once more, strongly consistent, and mend it; tell whether something was wrong."""
        item, now = self.dependencies.executions.get(execution_id), self.dependencies.clock.now()
        wrong = {} if item is None else self.wrong_with(item, now)
        if item is None or not wrong:
            return False
        is_new = True
        if stuck := [detail for kind, detail in wrong.items() if kind in STUCK]:
            detail = f"{item.id} does not move, at {item.step}: {stuck[0]}. It was woken"
            is_new = self.dependencies.incidents.record(of_execution(IncidentKind.STUCK, item, now, detail))
        if not INDEXED.isdisjoint(wrong):
            index(self.dependencies.executions, item, now)
        if stuck and (is_new or minute_of(now) % AGAIN == 0):
            wake(self.dependencies, item, f"{self.token}-{item.id}")
        return True

    def wrong_with(self, item: Execution, now: datetime, *, is_looked: bool = True) -> Mapping[ViolationKind, str]:
        """Tell what is wrong with an execution, and with what others keep of its waits where that ``is_looked`` for."""
        found, waits = wrong_of(item, now), KeptWaits(self.dependencies.tasks, self.dependencies.signals.store)
        lost = next(chain(waits.lost(item, now).values(), self.unheard(item, now)), None) if is_looked else None
        return found if lost is None else {**found, ViolationKind.WAIT: lost}

    def unheard(self, item: Execution, now: datetime) -> Iterator[str]:
        """Say of which child executions an execution should have heard, of those that it has waited for for long."""
        names = awaited(item, now - Patience().message, LOOKED_AT)
        there = self.dependencies.executions.summaries(names) if names else {}
        return unheard(item, {name: there.get(name) for name in names}, now, Patience().message)

    def end_incidents(self) -> int:
        """End the incidents whose cause is gone, of those whose turn it is; answer how many."""
        now = self.dependencies.clock.now()
        opened = self.incidents.all_open(OPEN, oldest_first=minute_of(now) % 2 == 0)
        return self.end_some([each for each in opened if is_its_turn(each, now)][:LOOKED])

    def end_some(self, opened: Sequence[OpenIncident]) -> int:
        """End those of some incidents whose cause is gone; answer how many."""
        now = self.dependencies.clock.now()
        names = [execution_of(each.key)[0] for each in opened if each.key.kind in OF_EXECUTIONS]
        found, gone = self.read(names)
        ended = 0
        for each in opened:
            item = found.get(execution_of(each.key)[0])
            is_known = item is not None or each.key.kind not in OF_EXECUTIONS or execution_of(each.key)[0] in gone
            if is_known:
                ended += self.alone(execution_of(each.key)[0], partial(self.end_one, each, now, item))
        return ended

    def end_one(self, opened: OpenIncident, now: datetime, item: Execution | None) -> bool:
        """End an incident if its cause is gone; tell whether it has."""
        why = over(opened, now, item) or self.mended(opened, now, item)
        return why is not None and self.incidents.end(opened.key, now, why)

    def mended(self, opened: OpenIncident, now: datetime, item: Execution | None) -> str | None:
        """Say that an execution which stood does so no longer, though it has not moved: what it waits for is there."""
        if opened.key.kind is not IncidentKind.STUCK or item is None or opened.at >= now or self.wrong_with(item, now):
            return None
        return f"what {item.id} waits for is there again"

    def read(self, names: Sequence[str]) -> tuple[Mapping[str, Execution], AbstractSet[str]]:
        """Read executions; tell which there are none of, as one may be there that cannot be read."""
        wanted = [*dict.fromkeys(names)]
        found = self.dependencies.executions.read(wanted) if wanted else {}
        missing = [name for name in wanted if name not in found]
        return found, {name for name in missing if self.alone(name, partial(self.is_gone, name))}

    def is_gone(self, execution_id: str) -> bool:
        """Tell whether there is no such execution."""
        return self.dependencies.executions.get(execution_id) is None


def wrong_of(execution: Execution, now: datetime) -> Mapping[ViolationKind, str]:
    """Tell what is wrong with the state of an execution, of what the watch mends or tells."""
    found = state_violations(execution, now, Patience())
    return {each.kind: each.detail for each in found if each.kind in STUCK | INDEXED}


def index(executions: ExecutionStore, item: Execution, now: datetime) -> None:
    """Write the due time of an execution that has none, and the status under which it is kept.

    Raises:
        UnavailableError: the store did not answer.
    """
    due = due_at(item, now) if item.due_at is None else item.due_at
    listed = copy_with(item, due_at=due)
    if item.listed_under not in (right := status_to_list(listed)):
        status = listed_under(listed, now)
        listed = copy_with(listed, listed_under=status if status in right else next(iter(right)))
    executions.defer(item.id, item.due_at, due, listed)


def minute_of(instant: datetime) -> int:
    """Number a minute."""
    return int(instant.timestamp()) // 60


def is_its_turn(opened: OpenIncident, now: datetime) -> bool:
    """Tell whether an open incident is looked at in this minute: the older it is, the less often."""
    period = look_period(now - opened.at) // MINUTE
    return (minute_of(now) + zlib.crc32(opened.key.id.encode())) % period == 0
