"""Preconditions of requests to an execution: whether it can take one, is as asked already, or would repeat a call.

:func:`problem` alone says whether something may be asked: the state machine, the use case of a redrive and the
``actions`` of the API go by it. :func:`is_met` says whether an execution is as asked, so that a repeat is no error.
"""

from typing import TYPE_CHECKING

from chalicelib.core.executions.factory import child_id
from chalicelib.core.executions.inputs import (
    CancelRequested,
    PauseRequested,
    RedriveRequested,
    Requested,
    ResumeRequested,
)
from chalicelib.core.executions.model import ROOT, Execution, State, Status
from chalicelib.core.executions.rules import is_tolerated
from chalicelib.core.executions.waiting import ChildJoin, PartitionJoin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.core.definitions.model import Definition


def problem(execution: Execution, request: type[Requested]) -> str | None:
    """Tell why an execution cannot take a request, in words for people; None: it can."""
    state = execution.state.value
    if request is RedriveRequested:
        if execution.ended and execution.state is not State.SUCCEEDED:
            return None
        return f"it is {state}" + (": resume it to let it go on" if execution.paused and not execution.ended else "")
    if execution.ended:
        goes_on = request is ResumeRequested and execution.state is not State.SUCCEEDED
        return f"it is {state}" + (": redrive it to let it go on" if goes_on else "")
    if request is PauseRequested:
        return "it is paused already" if execution.paused else None
    if request is ResumeRequested:
        return None if execution.paused else "it is not paused"
    return None


def repeats(execution: Execution, request: RedriveRequested) -> str | None:
    """Find a step whose at-most-once call a redrive would make again; None: there is none, or the redrive allows it."""
    if request.again:
        return None
    claimed = [thread for thread in execution.threads.values() if thread.claimed_by]
    is_changed = request.step is not None or request.version not in {None, execution.definition_version}
    found = [thread.step for thread in claimed if is_changed or thread.status is Status.FAILED]
    given_up = execution.unanswered if request.step is not None else ()
    return next(iter((*found, *given_up)), None)


def missing_steps(execution: Execution, request: RedriveRequested, definition: "Definition") -> "Sequence[str]":
    """List the steps at which a redrive goes on that the definition of its version does not have."""
    threads = execution.threads.values()
    wanted = [thread.step for thread in threads if thread.status is not Status.OVER]
    return [step for step in ([request.step] if request.step else wanted) if step not in definition.steps]


def redriven_children(execution: Execution, request: RedriveRequested) -> "Iterator[tuple[str, RedriveRequested]]":
    """List the child executions that a redrive drives on or replaces, each with the redrive that this is to it.

    None of them, replaced or failed, may have an at-most-once call whose answer is not known.
    """
    is_changed = request.step is not None or request.version not in {None, execution.definition_version}
    for thread in execution.threads.values():
        join = thread.join
        if thread.status is Status.OVER or not isinstance(join, PartitionJoin | ChildJoin):
            continue
        is_given_up = is_changed or (bool(request.stash) and isinstance(join, ChildJoin))
        numbers = [n for n in range(join.begun) if str(n) not in thread.results] if is_given_up else join.over
        to_it = RedriveRequested(step=thread.step) if is_given_up else RedriveRequested()
        yield from ((child_id(execution, thread, number), to_it) for number in numbers)


def has_tolerated(execution: Execution) -> bool:
    """Tell whether a partition of a `map` has succeeded with items that failed, which can begin again."""
    if execution.state is not State.SUCCEEDED or execution.partition is None:
        return False
    join = execution.threads[ROOT].join
    if isinstance(join, PartitionJoin):
        return join.failed > 0
    return any(is_tolerated(execution, thread) for thread in execution.threads.values())


def is_met(execution: Execution, request: type[Requested]) -> bool:
    """Tell whether an execution is as somebody wants it who asks for a cancellation, a pause or a resumption."""
    if request is CancelRequested:
        return execution.state is State.CANCELLED
    return not execution.ended and execution.paused is (request is PauseRequested)
