"""Child executions: those that `workflow` steps and large maps start, and their ends."""

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from chalicelib.core.definitions.model import StartChild
from chalicelib.core.executions.factory import child_id, living, workflow_id
from chalicelib.core.executions.inputs import ChildEnded
from chalicelib.core.executions.model import State, Status, Thread
from chalicelib.core.executions.rules import Rules, too_many
from chalicelib.core.executions.waiting import ChildJoin, ChildrenJoin, ChildrenWait, PartitionJoin
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.errors import SpawnLimitError, StepError
from chalicelib.core.values.value import copy_with

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

MAX_DEPTH = LIMITS.execution_nesting
MAX_SPAWNS = LIMITS.execution_starts
MAX_SPAWNS_A_MINUTE = LIMITS.execution_starts_a_minute
MINUTE = timedelta(minutes=1)


class Children(Rules):
    """How a thread starts child executions and takes their results."""

    def delegate(self, thread: Thread, start: StartChild) -> None:
        """Start the child execution of a `workflow` step, and wait for it; one execution starts so many at most."""
        spawns = self.execution.spawns
        if spawns.since is None or self.now - spawns.since >= MINUTE:
            spawns = copy_with(spawns, since=self.now, recent=0)
        if self.execution.depth >= MAX_DEPTH:
            raise SpawnLimitError(beyond("execution_nesting", f"executions nest {MAX_DEPTH} deep at most"))
        if spawns.total >= max(1, MAX_SPAWNS // spawns.share):
            raise SpawnLimitError(
                beyond(
                    "execution_starts",
                    f"one execution starts at most {MAX_SPAWNS:,} others, those of its maps included",
                )
            )
        if spawns.recent >= max(1, MAX_SPAWNS_A_MINUTE // spawns.share):
            raise SpawnLimitError(
                beyond(
                    "execution_starts_a_minute",
                    f"one execution starts at most {MAX_SPAWNS_A_MINUTE:,} others in a minute",
                )
            )
        spawns = copy_with(spawns, total=spawns.total + 1, recent=spawns.recent + 1)
        self.execution = copy_with(self.execution, spawns=spawns)
        join = ChildJoin(workflow_id(self.execution, thread, start), awaited=start.wait, turn=thread.turn + 1)
        self.move(copy_with(thread, status=Status.WAITING_FOR_CHILDREN, join=join, wait=ChildrenWait()))

    def child_ended(self, thread: Thread, event: ChildEnded) -> None:
        """Take the end of a child execution, once; an end from before its redrive counts only if nothing failed."""
        join, number = cast("ChildrenJoin", thread.join), event.number
        succeeded = event.state is State.SUCCEEDED
        if str(number) in thread.results or number in join.over:
            return
        if event.begun and event.redrives < join.redrives and (not succeeded or event.failed):
            return
        if succeeded and isinstance(join, PartitionJoin):
            self.partition_ended(thread, join, str(number), event.failed)
        elif succeeded and thread.status is Status.FAILED:
            self.put(copy_with(thread, join=None, kept=(event.output,)))
        elif succeeded:
            self.succeed(thread, event.output)
        elif not event.begun:
            error = _of_child(event, child_id(self.execution, thread, number))
            self.fail(copy_with(thread, status=Status.READY, join=None, wait=None), error)
        else:
            self.child_failed(thread, join, event)

    def child_failed(self, thread: Thread, join: ChildrenJoin, event: ChildEnded) -> None:
        """Fail the step whose child execution has failed, unless it has failed before."""
        over = copy_with(join, over=(*join.over, event.number))
        thread = copy_with(thread, join=over)
        if thread.status is not Status.WAITING_FOR_CHILDREN:
            self.put(thread)
            return
        is_own = isinstance(join, PartitionJoin) and event.state is State.FAILED
        error = _of_child(event, child_id(self.execution, thread, event.number))
        self.fail(thread, error, failure=event.error if is_own else None)

    def partition_ended(self, thread: Thread, join: PartitionJoin, number: str, failed: int) -> None:
        """Count a partition of a `map` that has succeeded; then start the next ones, or gather all results."""
        join = copy_with(join, failed=join.failed + failed)
        if join.failed > join.tolerate and thread.status is Status.WAITING_FOR_CHILDREN:
            over = copy_with(join, over=(*join.over, int(number)), failed=join.failed - failed)
            self.fail(copy_with(thread, join=over), too_many(join.failed, join))
            return
        thread = copy_with(thread, join=join, results={**thread.results, number: failed})
        if thread.status is not Status.WAITING_FOR_CHILDREN:
            self.put(thread)
        elif len(thread.results) == join.total:
            self.move(copy_with(thread, status=Status.READY, wait=None))
        elif len(thread.results) == join.begun:
            begun = min(join.total, join.begun + join.at_once)
            more = copy_with(thread, join=copy_with(join, begun=begun), wait=ChildrenWait())
            self.put(copy_with(more, driver=self.driver))
        else:
            self.put(thread)

    def forget(self, thread: Thread, event: ChildEnded) -> None:
        """Take the end of a child execution that only a tombstone waits for; the last one removes the tombstone."""
        left = copy_with(thread, results={**thread.results, str(event.number): None})
        if living(self.execution, left):
            self.put(left)
        else:
            self.remove(thread)


def _of_child(event: ChildEnded, name: str) -> StepError:
    """Make the error of a step whose child execution failed."""
    if event.error is not None and event.state is State.FAILED:
        cause: dict[str, Json] = {"step": event.error.step, "details": event.error.details}
        details: Json = {"execution": name, **cause} if event.begun else event.error.details
        return StepError(event.error.message, event.error.name, details)
    ended = "TimedOut" if event.state is State.TIMED_OUT else "Cancelled"
    return StepError(f"the execution {name} was not finished", f"workflow.{ended}", {"execution": name})
