"""One item checked: all that belongs to it is read, and held against the rules of the core.

The first look is cheap, and may see what was read at different moments. What looks wrong is looked at again later and
strongly consistent, the execution before what others keep of it; what is then wrong in the same words is a violation.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.signals import waiter_key
from chalicelib.adapters.dynamodb.tables import EXECUTIONS, SIGNALS, TASKS
from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.factory import living
from chalicelib.core.executions.model import Execution
from chalicelib.core.executions.verify import Patience, Violation, ViolationKind, child_violations, state_violations
from chalicelib.core.records.history import Row, newest
from chalicelib.core.records.payload import Reference
from chalicelib.core.records.verify import history_violations
from chalicelib.core.values.value import value
from chalicelib.core.waits.task import Task
from chalicelib.core.waits.verify import (
    task_of,
    task_violations,
    wait_violations,
    waiter_violations,
    waiting_for_answers,
)
from chalicelib.engine.waits import channel_of, waiter_of
from operations.stage import Broken, Key, Stage, key_of, readable, waiter_in

CHILDREN_AT_ONCE = 1000
ELSEWHERE = "events of another name or key could be meant for it"


@value
class Checkup:
    """How items are checked."""

    stage: Stage
    patience: Patience
    values: bool = False
    """Whether the large values that history refers to are looked for, too."""

    def first_look(self, name: str, item: Item) -> Sequence[Violation]:
        """Check an item of a table as a scan found it."""
        return self._all(key_of(name, item), item, consistent=False)

    def second_look(self, key: Key) -> Sequence[Violation]:
        """Check the item under a key, as it stands now; what is there no longer has nothing wrong."""
        item = self.stage.item(key)
        return [] if item is None else self._all(key, item, consistent=True)

    def _all(self, key: Key, item: Item, *, consistent: bool) -> Sequence[Violation]:
        """Check an item; what no rule thought of is a violation, too, and keeps nobody from checking the others."""
        found = readable(key.partition, lambda: [*self._look(key.table, item, consistent=consistent)])
        if not isinstance(found, Broken):
            return found
        execution = key.partition if key.table == EXECUTIONS.name else ""
        return [_broken(execution, " ".join(filter(None, key)), found)]

    def _look(self, name: str, item: Item, *, consistent: bool) -> Iterator[Violation]:
        if name == EXECUTIONS.name:
            execution = self.stage.parsed(item)
            if isinstance(execution, Broken):
                yield _broken(execution.key, "it", execution)
            else:
                yield from self._of_execution(execution, consistent=consistent)
        elif name == TASKS.name:
            yield from self._of_task(item, consistent=consistent)
        else:
            yield from self._of_waiter(item)

    def _of_execution(self, execution: Execution, *, consistent: bool) -> Iterator[Violation]:
        now = self.stage.clock.now()
        yield from state_violations(execution, now, self.patience)
        yield from self._of_history(execution, consistent=consistent)
        names = [name for thread in execution.threads.values() for name in living(execution, thread)]
        if names:
            groups = [names[start : start + CHILDREN_AT_ONCE] for start in range(0, len(names), CHILDREN_AT_ONCE)]
            children = {name: each for group in groups for name, each in self.stage.executions.summaries(group).items()}
            yield from child_violations(execution, children, now, self.patience)
        if waiting_for_answers(execution):
            yield from self._of_waits(execution, now)

    def _of_history(self, execution: Execution, *, consistent: bool) -> Iterator[Violation]:
        found = [*self.stage.rows(execution.id, consistent=consistent)] if execution.head is not None else []
        rows = [row for row in found if isinstance(row, Row)]
        if len(rows) < len(found):
            for row in found:
                if isinstance(row, Broken):
                    yield _broken(execution.id, f"row {row.key}", row, ViolationKind.HISTORY)
            return
        yield from history_violations(execution, rows)
        if self.values:
            tail = newest(execution)
            for row in (*rows, *(() if tail is None else (tail,))):
                yield from self._of_values(execution, row)

    def _of_values(self, execution: Execution, row: Row) -> Iterator[Violation]:
        for record in row.records:
            for place, each in record.get("references", {}).items():
                if not self.stage.has_value(execution.tenant_id, Reference(**each)):
                    detail = f"row {row.key} refers to the value {each['sha256']} at {place}, which is lost"
                    yield Violation(ViolationKind.UNREADABLE, execution.id, detail, str(record["thread"]))

    def _of_waits(self, execution: Execution, now: datetime) -> Iterator[Violation]:
        asked = waiting_for_answers(execution)
        names = [task_of(execution, thread) for thread, wait in asked if wait.what is AnswerKind.TASK]
        tasks = self.stage.tasks.headers(execution.tenant_id, names) if names else {}
        waiting = {
            thread.key
            for thread, wait in asked
            if wait.event_key is not None
            and self.stage.is_waiting(
                channel_of(execution, wait.name, wait.event_key), waiter_of(execution, thread, wait.event_key)
            )
        }
        yield from wait_violations(execution, tasks, waiting, now, self.patience)

    def _of_task(self, item: Item, *, consistent: bool) -> Iterator[Violation]:
        key = key_of(TASKS.name, item)
        task = readable(key.sort, lambda: self.stage.tasks.parse(item))
        if isinstance(task, Broken):
            yield _broken(item.get("executionId", {"S": ""})["S"], f"task {key.sort}", task)
            return
        execution = self.stage.execution(task.execution_id)
        again = self.stage.tasks.headers(key.partition, [key.sort]).get(key.sort) if consistent else task
        if not isinstance(execution, Broken) and isinstance(again, Task):
            yield from task_violations(again, execution, self.stage.clock.now(), self.patience)

    def _of_waiter(self, item: Item) -> Iterator[Violation]:
        waiter = waiter_in(item)
        execution = self.stage.execution(waiter.execution)
        if isinstance(execution, Broken):
            return
        yield from waiter_violations(waiter, execution, self.stage.clock.now(), self.patience)
        if execution is None:
            return
        for thread, wait in waiting_for_answers(execution):
            if (thread.base, thread.turn) == (waiter.thread, waiter.turn) and wait.event_key is not None:
                own = waiter_key(channel_of(execution, wait.name, wait.event_key), waiter)
                if key_of(SIGNALS.name, own).partition != key_of(SIGNALS.name, item).partition:
                    yield Violation(ViolationKind.WAITER, waiter.execution, ELSEWHERE, waiter.thread)


def _broken(execution: str, what: str, broken: Broken, kind: ViolationKind = ViolationKind.UNREADABLE) -> Violation:
    return Violation(kind, execution, f"{what} cannot be read: {broken.why}")
