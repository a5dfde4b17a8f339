"""How far a step has come that others run below: of a `map` in items, of a `parallel` in branches."""

from collections.abc import Mapping
from math import ceil

from chalicelib.core.executions.factory import child_id
from chalicelib.core.executions.model import ROOT, Execution, State, Thread
from chalicelib.core.executions.waiting import BranchJoin, ItemJoin, PartitionJoin
from chalicelib.core.values.value import value


@value
class NestProgress:
    """How many of the items or branches of a step have ended."""

    done: int
    total: int
    failed: int = 0
    """How many of those that are done have failed, and were tolerated."""
    exact: bool = True
    """Whether that is all; otherwise more may have ended in executions that were not looked at."""


def progress(execution: Execution, thread: Thread, below: Mapping[str, Execution] | None = None) -> NestProgress | None:
    """Tell how far the step of a thread has come; None where nothing runs below it.

    Args:
        execution: as it stands.
        thread: one of its threads.
        below: partitions of a large `map`, by id, as they stand: without them only those count that have ended.
    """
    match thread.join:
        case BranchJoin(total):
            return NestProgress(len(thread.results), total)
        case ItemJoin(total, failed=failed):
            return NestProgress(len(thread.results), total, failed)
        case PartitionJoin() as join:
            return _of_partitions(execution, thread, join, below or {})
        case _:
            return None


def _of_partitions(
    execution: Execution, thread: Thread, join: PartitionJoin, below: Mapping[str, Execution]
) -> NestProgress:
    size = ceil(join.items / join.total)
    done, failed, exact = 0, join.failed, True
    for number in range(join.begun):
        items = min(size, join.items - number * size)
        child = below.get(child_id(execution, thread, number))
        if str(number) in thread.results or (child is not None and child.state is State.SUCCEEDED):
            done += items
            continue
        inner = None if child is None else progress(child, child.threads[ROOT])
        if inner is None:
            exact = False
            continue
        done, failed, exact = done + inner.done, failed + inner.failed, exact and inner.exact
    return NestProgress(done, join.items, failed, exact)
