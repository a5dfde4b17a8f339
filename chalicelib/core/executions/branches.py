"""Threads below threads: a `parallel` and a small `map` fork them, and join what they come to."""

from math import ceil

from chalicelib.core.definitions.model import (
    Spread,
)
from chalicelib.core.executions.factory import WIDTH, partition_size, read_below
from chalicelib.core.executions.model import (
    Join,
    Status,
    Thread,
)
from chalicelib.core.executions.rules import Rules
from chalicelib.core.executions.scope import (
    is_partition_root,
    items_of,
)
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with


class Branches(Rules):
    """How a thread forks others and joins their results."""

    def spread(self, thread: Thread, answer: Spread) -> None:
        """Fork a thread for each item, or start child executions for that many that they would burden this one."""
        count = len(answer.items)
        if count <= WIDTH:
            at_once = min(count, answer.concurrency)
            join = Join(count, listed=True, at_once=at_once, tolerate=answer.tolerate, items=count)
            self.begin(self.move(copy_with(thread, status=Status.JOINING, join=join)))
            return
        size = partition_size(count)
        parts = ceil(count / size)
        at_once = parts if answer.concurrency >= count else max(1, answer.concurrency // size)
        join = Join(
            parts,
            begun=at_once,
            at_once=at_once,
            listed=True,
            concurrency=min(size, answer.concurrency),
            tolerate=answer.tolerate,
            items=count,
            reads=read_below(self.definition, thread.step),
        )
        self.move(copy_with(thread, status=Status.WAITING_FOR_CHILDREN, join=join))

    def begin(self, parent: Thread) -> None:
        """Fork as many threads of a step as may run at once."""
        step, join = self.definition.steps[parent.step], parent.join
        assert join is not None  # noqa: S101 - the thread joins
        items = items_of(self.definition, self.execution, parent) if join.listed else ()
        until = min(join.total, len(parent.results) + join.at_once)
        self.put(copy_with(parent, join=copy_with(join, begun=until)))
        branches = list(step.scopes.items())
        first_item = (
            self.execution.partition.first
            if self.execution.partition and is_partition_root(self.execution, parent)
            else 0
        )
        for number in range(join.begun, until):
            if join.listed:
                self.start(parent, str(number), step.scopes["steps"], items[number], first_item + number)
            else:
                self.start(parent, *branches[number], parent.incoming)

    def start(self, parent: Thread, branch: str, step: str, incoming: Json, index: int | None = None) -> None:
        """Fork a thread: its id holds the turn of the fork, so that a loop makes new ones."""
        name = f"{parent.id}.{parent.turn}.{branch}"
        thread = Thread(name, -1, Status.READY, step, incoming, self.now, self.now, parent=parent.id, branch=branch)
        self.arrive(copy_with(thread, index=index, item=None if index is None else incoming), step, incoming)

    def joined(self, thread: Thread, result: Json) -> None:
        """End a branch; the last one, or the first where that is enough, moves the step on that forked it."""
        parent = self.execution.threads[str(thread.parent)]
        join = parent.join
        assert join is not None  # noqa: S101 - it has forked this thread
        self.remove(thread)
        parent = copy_with(parent, results={**parent.results, str(thread.branch): result})
        self.put(parent)
        if join.first or len(parent.results) == join.total:
            self.finish(parent, join)
        elif join.begun < join.total:
            self.begin(parent)

    def finish(self, parent: Thread, join: Join) -> None:
        """Move a step on whose branches have ended."""
        if join.first:
            self.clear(parent)
            branch, result = next(iter(parent.results.items()))
            self.succeed(parent, {"branch": branch, "output": result})
        elif join.listed:
            self.succeed(parent, [parent.results[str(number)] for number in range(join.total)])
        else:
            branches = self.definition.steps[parent.step].scopes
            self.succeed(parent, {branch: parent.results[branch] for branch in branches})
