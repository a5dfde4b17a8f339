"""Factories of executions: one that a caller submits, a child of a `workflow` step, a partition of a large `map`.

Here are also the ids of child executions, and which of their ends an execution does not know.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING, Any, cast

from chalicelib.core.definitions.model import Definition, StartChild, Step
from chalicelib.core.executions.identity import BY_EXECUTION, ExecutionId
from chalicelib.core.executions.model import ROOT, Execution, Parent, Partition, Spawns, Status, Thread
from chalicelib.core.executions.scope import execution_values, scope, timeout_of, visible_error, visible_stash
from chalicelib.core.executions.waiting import ChildJoin, PartitionJoin
from chalicelib.core.expressions.template import Template, expressions, render
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import InvalidInputError, StepError
from chalicelib.core.values.json import Json, encode
from chalicelib.core.values.value import copy_with

if TYPE_CHECKING:
    from chalicelib.core.executions.listing import Summary

WIDTH = LIMITS.fork_width


def submit(definition: Definition, blank: Execution) -> Execution:
    """Make an execution as submitted from its header: its first thread stands ready at the first step.

    Its input is that of the header with the defaults of the schema.

    Raises:
        InvalidInputError: the input does not pass the schema, or the definition's stash or its search attributes cannot
            be made from it.
    """
    given, problems = definition.input_schema.accept(blank.input)
    if problems:
        raise InvalidInputError(problems=problems)
    first, now = definition.first, blank.started_at
    deadline = None if definition.timeout is None else now + definition.timeout
    root = Thread(ROOT, 0, Status.READY, first, incoming=given, since=now, started_at=now)
    submitted = copy_with(blank, input=given, threads={ROOT: root}, step=first, deadline=deadline)
    if definition.stash is not None:
        try:
            stash: Any = render(definition.stash, scope(submitted, root, given, now, ""))  # an object
        except StepError as error:
            raise InvalidInputError(f"the definition's stash cannot be made from this input: {error}") from error
        submitted = copy_with(submitted, threads={ROOT: copy_with(root, stash=stash)})
    if definition.search:
        from chalicelib.core.executions.attributes import first_attributes  # noqa: PLC0415 - few definitions have any

        submitted = copy_with(submitted, attributes=first_attributes(definition, submitted))
    return with_deadline(definition, submitted)


def with_deadline(definition: Definition, submitted: Execution) -> Execution:
    """Say when the first step of an execution is over time."""
    root, timeout = submitted.threads[ROOT], None
    with suppress(StepError):  # then the step fails with it when it runs
        timeout = timeout_of(definition, submitted, root, submitted.started_at)
    if timeout is None:
        return submitted
    return copy_with(submitted, threads={ROOT: copy_with(root, deadline=submitted.started_at + timeout)})


def child_id(execution: Execution, thread: Thread, number: int) -> str:
    """Name a child execution of a thread's turn: the same for the same turn, so that it is started once."""
    if isinstance(thread.join, ChildJoin):
        return thread.join.execution
    turn = thread.join.turn if isinstance(thread.join, PartitionJoin) else thread.turn
    return _child_id(execution, thread.base, turn, number, execution.definition_id)


def children_of(execution: Execution, thread: Thread) -> list[str]:
    """List the child executions that a thread's step has begun: they are named after the turn that waits for them."""
    if not isinstance(thread.join, PartitionJoin | ChildJoin):
        return []
    return [child_id(execution, thread, number) for number in range(thread.join.begun)]


def living(execution: Execution, thread: Thread) -> list[str]:
    """List the child executions that a thread has begun, waits for, and has not heard the end of."""
    match thread.join:
        case PartitionJoin() | ChildJoin(awaited=True) as join:
            numbers = (n for n in range(join.begun) if str(n) not in thread.results and n not in join.over)
            return [child_id(execution, thread, number) for number in numbers]
        case _:
            return []


def awaited(execution: Execution, before: datetime, most: int) -> list[str]:
    """Name the child executions, ``most`` at most, whose end threads have waited for since before an instant."""
    if execution.ended or execution.paused:
        return []
    old = (each for each in execution.threads.values() if each.since < before and each.status is not Status.OVER)
    return [*islice((name for thread in old for name in living(execution, thread)), most)]


def unheard(
    execution: Execution, there: "Mapping[str, Execution | Summary | None]", now: datetime, grace: timedelta
) -> Iterator[str]:
    """Say which of its child executions ended, or should have begun, more than a ``grace`` ago.

    Args:
        execution: which waits for them.
        there: those that were looked at, by id; None: there is none.
        now: the present instant.
        grace: how long a message may be on its way.
    """
    for thread in execution.threads.values():
        for name in filter(there.__contains__, living(execution, thread)):
            child = there[name]
            if child is not None and child.ended_at is not None and child.ended_at + grace <= now:
                yield f"it waits for {name}, which ended at {child.ended_at:%Y-%m-%dT%H:%M:%SZ}"
            elif child is None and isinstance(thread.join, ChildJoin) and thread.since + grace <= now:
                yield f"it waits for {name}, which does not exist"


def workflow_id(execution: Execution, thread: Thread, start: StartChild) -> str:
    """Name the child execution that a `workflow` step starts at its next turn: by what it is given, too.

    So one that was put, and whose parent's turn was then not written, is never taken for what another turn asks for.
    """
    given = f"/{start.version or ''}/".encode() + encode(start.input)
    return _child_id(execution, thread.id, thread.turn + 1, 0, start.definition, given)


def _child_id(  # noqa: PLR0913, PLR0917 - what tells child executions apart
    execution: Execution, thread: str, turn: int, number: int, definition: str, given: bytes = b""
) -> str:
    digest = hashlib.sha256(f"{execution.id}/{thread}/{turn}/{number}".encode() + given).hexdigest()
    return str(ExecutionId(execution.tenant_id, definition, f"{BY_EXECUTION}{digest[:32]}"))


def child(definition: Definition, parent: Execution, thread: Thread, version: int, start: StartChild) -> Execution:
    """Make the execution that a `workflow` step starts, as submitted.

    Args:
        definition: what is to run.
        parent: the execution that starts it.
        thread: the parent's thread that waits.
        version: of the definition.
        start: what the step asked for.

    Raises:
        InvalidInputError: the definition does not take the input.
    """
    name, join = child_id(parent, thread, 0), cast("ChildJoin", thread.join)
    blank = Execution(
        id=name,
        tenant_id=parent.tenant_id,
        definition_id=start.definition,
        definition_version=version,
        nonce=_nonce(name),
        input=start.input,
        started_at=thread.since,
        threads={},
        parent=Parent(parent.id, thread.id, join.turn, awaited=start.wait),
        started_by=parent.started_by,
        depth=parent.depth + 1,
        parent_epoch=parent.control_epoch,
        parent_redrives=join.redrives,
    )
    return submit(definition, blank)


def partition(
    execution: Execution, thread: Thread, join: PartitionJoin, items: Sequence[Json], number: int
) -> Execution:
    """Make the execution of one partition of a large `map`: it runs the map's steps for some of all its items."""
    size = ceil(len(items) / join.total)
    first = execution.partition.first if execution.partition is not None else 0
    own = items[number * size : (number + 1) * size]
    name = child_id(execution, thread, number)
    return Execution(
        id=name,
        tenant_id=execution.tenant_id,
        definition_id=execution.definition_id,
        definition_version=execution.definition_version,
        nonce=_nonce(name),
        input=execution.input if "input" in join.reads else None,
        started_at=thread.since,
        threads={ROOT: _partition_root(execution, thread, join, own)},
        step=thread.step,
        parent=Parent(execution.id, thread.id, join.turn, number),
        started_by=execution.started_by,
        depth=execution.depth,
        parent_epoch=execution.control_epoch,
        parent_redrives=join.redrives,
        spawns=Spawns(share=execution.spawns.share * join.total),
        partition=Partition(
            first=first + number * size,
            concurrency=join.concurrency,
            tolerate=join.tolerate,
            execution=execution_values(execution),
        ),
    )


def _partition_root(execution: Execution, thread: Thread, join: PartitionJoin, items: Sequence[Json]) -> Thread:
    """Make the first thread of a partition: it stands at the map, and sees what the map's thread sees."""
    return Thread(
        ROOT,
        0,
        Status.READY,
        thread.step,
        incoming=list(items),
        since=thread.since,
        started_at=thread.since,
        stash=visible_stash(execution, thread) if "stash" in join.reads else {},
        error=visible_error(execution, thread),
    )


def read_below(definition: Definition, path: str) -> str:
    """Find which of ``input`` and ``stash`` the steps nested in a step may read, by the words in their templates."""
    texts = [
        expression.text
        for step in definition.steps.values()
        if step.path.startswith(f"{path}/")
        for template in _templates(step)
        for _, expression in expressions(template)
    ]
    unclear = any(sign in text for text in texts for sign in ("@", "*", "\\"))
    return " ".join(name for name in ("input", "stash") if unclear or any(name in text for text in texts))


def _templates(step: Step) -> Iterator[Template]:
    yield step.params
    yield from (template for template in (step.when, step.output) if template is not None)
    yield from (choice.when for choice in step.choices)
    if isinstance(step.stash, Mapping):
        yield from step.stash.values()


def threads_of_item(definition: Definition, path: str) -> int:
    """Tell how many threads an item of a `map` may take: one, and one for each list of steps nested in its steps."""
    below = f"{path}/"
    return 1 + sum(len(step.scopes) for step in definition.steps.values() if step.path.startswith(below))


def partition_size(count: int, most: int = WIDTH) -> int:
    """Tell how many items each partition of a `map` gets: partitions are as few as can be, and so are their own.

    That is ``most`` items, or a hundred times as many where that would be more than 100 partitions.
    """
    while count > most * WIDTH:
        most *= WIDTH
    return ceil(count / ceil(count / most))


def _nonce(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]
