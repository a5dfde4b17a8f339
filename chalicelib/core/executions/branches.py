"""Fork and join: a `parallel` and a small `map` fork threads, and join their results."""

from math import ceil

from chalicelib.core.definitions.model import Spread
from chalicelib.core.executions.factory import WIDTH, partition_size, read_below, threads_of_item
from chalicelib.core.executions.model import Status, Thread
from chalicelib.core.executions.rules import Rules
from chalicelib.core.executions.scope import is_partition_root, items_of
from chalicelib.core.executions.waiting import BranchJoin, ChildrenWait, ItemJoin, PartitionJoin
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with

MAX_THREADS = LIMITS.execution_threads


class Branches(Rules):
    """How a thread forks others and joins their results."""

    def spread(self, thread: Thread, answer: Spread) -> None:
        """Run a `map`: fork a thread for each item, or start partitions where the threads would be too many."""
        count, at_once = len(answer.items), min(len(answer.items), answer.concurrency)
        each = threads_of_item(self.definition, thread.step)
        fits = len(self.execution.threads) + at_once * each <= MAX_THREADS
        if count <= WIDTH and (fits or (count == 1 and is_partition_root(self.execution, thread))):
            items = ItemJoin(count, at_once=at_once, tolerate=answer.tolerate)
            self.begin(self.move(copy_with(thread, status=Status.JOINING, join=items)), items)
            return
        most = WIDTH if answer.concurrency * each < MAX_THREADS else min(WIDTH, max(1, (MAX_THREADS - 1) // each))
        size = partition_size(count, most)
        partitions = ceil(count / size)
        at_once = partitions if answer.concurrency >= count else max(1, answer.concurrency // size)
        join = PartitionJoin(
            partitions,
            items=count,
            begun=at_once,
            at_once=at_once,
            concurrency=min(size, answer.concurrency),
            tolerate=answer.tolerate,
            turn=thread.turn + 1,
            reads=read_below(self.definition, thread.step),
        )
        self.move(copy_with(thread, status=Status.WAITING_FOR_CHILDREN, join=join, wait=ChildrenWait()))

    def fork(self, thread: Thread, *, first: bool) -> None:
        """Fork a thread for each branch of a step."""
        scopes = self.definition.steps[thread.step].scopes
        parent = self.move(copy_with(thread, status=Status.JOINING, join=BranchJoin(len(scopes), first)))
        for branch, step in scopes.items():
            self.start(parent, branch, step, parent.incoming)

    def begin(self, parent: Thread, join: ItemJoin) -> None:
        """Fork a thread for each of as many items as may run at once."""
        items = items_of(self.definition, self.execution, parent)
        until = min(join.total, len(parent.results) + join.at_once)
        self.put(copy_with(parent, join=copy_with(join, begun=until)))
        step = self.definition.steps[parent.step].scopes["steps"]
        first_item = (
            self.execution.partition.first
            if self.execution.partition and is_partition_root(self.execution, parent)
            else 0
        )
        for number in range(join.begun, until):
            self.start(parent, str(number), step, items[number], first_item + number)

    def start(self, parent: Thread, branch: str, step: str, incoming: Json, index: int | None = None) -> None:
        """Fork a thread: its id holds the turn of the fork, so that a loop makes new ones."""
        name = f"{parent.id}.{parent.turn}.{branch}"
        thread = Thread(name, -1, Status.READY, step, incoming, self.now, self.now, parent=parent.id, branch=branch)
        self.arrive(copy_with(thread, index=index, item=None if index is None else incoming), step, incoming)

    def joined(self, thread: Thread, result: Json) -> None:
        """Take the result of a branch; the last one, or the first with ``join: first``, ends the forking step."""
        parent = self.execution.threads[str(thread.parent)]
        if thread.status is not Status.FAILED or not is_partition_root(self.execution, parent):
            self.remove(thread)  # else it may begin again: whether its failure is tolerated is for the whole map to say
        parent = copy_with(parent, results={**parent.results, str(thread.branch): result})
        self.put(parent)
        if parent.status is Status.FAILED:
            return
        if has_joined(parent):
            self.finish(parent)
        elif isinstance(parent.join, ItemJoin) and parent.join.begun < parent.join.total:
            self.begin(parent, parent.join)

    def finish(self, parent: Thread) -> None:
        """End a `parallel` or a `map` with the results of its branches."""
        match parent.join:
            case BranchJoin(first=True):
                self.clear(parent)
                branch, result = next(iter(parent.results.items()))
                self.succeed(parent, {"branch": branch, "output": result})
            case ItemJoin(total):
                self.succeed(parent, [parent.results[str(number)] for number in range(total)])
            case _:
                branches = self.definition.steps[parent.step].scopes
                self.succeed(parent, {branch: parent.results[branch] for branch in branches})


def has_joined(thread: Thread) -> bool:
    """Tell whether enough of the threads that a thread forked have ended: all, or one with ``join: first``."""
    join = thread.join
    wanted = 1 if join is None or (isinstance(join, BranchJoin) and join.first) else join.total
    return len(thread.results) >= wanted
