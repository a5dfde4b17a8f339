"""The outlook of an execution by its definition: where an error leads, and what a redrive would begin again."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum

from chalicelib.core.definitions.model import Definition, matches
from chalicelib.core.executions.factory import child_id
from chalicelib.core.executions.inputs import RedriveRequested
from chalicelib.core.executions.model import ROOT, Execution, Failure, Status, Thread
from chalicelib.core.executions.preconditions import repeats
from chalicelib.core.executions.retry import next_attempt
from chalicelib.core.executions.rules import is_tolerated
from chalicelib.core.executions.scope import is_partition_root
from chalicelib.core.executions.waiting import BranchJoin, ChildJoin, ItemJoin, PartitionJoin
from chalicelib.core.values.errors import (
    BranchesFailedError,
    InternalError,
    InvalidOutputError,
    InvalidParametersError,
    ItemsFailedError,
    PoisonError,
    StepTimeoutError,
    TemplateBudgetError,
    TemplateError,
)
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value

LASTING = {each.name for each in (TemplateError, TemplateBudgetError, InvalidParametersError, InvalidOutputError)}
"""Errors that come again whatever is outside: they come of the definition, the input and the stash."""
PASSING = {each.name for each in (PoisonError, InternalError, StepTimeoutError)}
"""Errors that may not come again, though a step needs nothing from outside."""


class Landing(StrEnum):
    """How an error is handled: by a retry, a catch, or not at all."""

    RETRY = "retry"
    """The step is tried again."""
    CATCH = "catch"
    """A step goes on with it."""
    ITEM = "item"
    """A `map` tolerates it."""
    BRANCH = "branch"
    """Other branches of a race can still succeed."""
    PARENT = "parent"
    """The execution fails, and the step that started it decides."""
    END = "end"
    """The execution fails."""


@value
class Lead:
    """Where an error leads."""

    landing: Landing
    step: str = ""
    """Which one goes on, is tried again, tolerates it, or races."""


def lead(definition: Definition, execution: Execution, thread: Thread, error: str) -> Lead:
    """Find where an error of a name would lead with which the step of a thread failed now."""
    at: Thread | None = thread
    while at is not None:
        step = None if is_partition_root(execution, at) else definition.steps.get(at.step)
        if step is not None:
            retry = None if at.claimed_by else next_attempt(step.retry, Failure(error, "", at.step), at.tries, "")
            if retry is not None:
                return Lead(Landing.RETRY, at.step)
            for catch in step.catch:
                if matches(error, catch.errors):
                    return Lead(Landing.CATCH, catch.next)
        at = None if at.parent is None else execution.threads[at.parent]
        match None if at is None else at.join:
            case ItemJoin(failed=failed, tolerate=tolerate) if at is not None and tolerate:
                if failed < tolerate:
                    return Lead(Landing.ITEM, at.step)
                error = ItemsFailedError.name
            case BranchJoin(first=True, total=total, failed=gone) if at is not None:
                if len(gone) + 1 < total:
                    return Lead(Landing.BRANCH, at.step)
                error = BranchesFailedError.name
    is_awaited = execution.parent is not None and execution.parent.awaited
    return Lead(Landing.PARENT if is_awaited else Landing.END)


@value
class RedriveOutlook:
    """What a redrive takes up that changes nothing."""

    steps: Sequence[str] = ()
    """The paths of the steps that begin again or go on, the one that fails again first."""
    children: Sequence[str] = ()
    """Child executions that are driven on."""
    fails_again: bool = False
    """Whether the first step fails again: what it does comes of the definition, the input and the stash alone."""
    step_type: str = ""
    """The type of the first one."""
    caught: str | None = None
    """The step of the top list whose error was caught, which led to the first one."""
    timeout: timedelta | None = None
    """The time that the execution has from then on."""
    unanswered: str | None = None
    """A step whose call is not repeated unless the redrive says so."""


def redrive_outlook(definition: Definition, execution: Execution) -> RedriveOutlook:
    """Tell what a redrive takes up of an execution that ended otherwise than well."""
    threads = [each for each in execution.threads.values() if each.status is not Status.OVER]
    failed = [each for each in threads if each.status is Status.FAILED and not is_tolerated(execution, each)]
    nested = ChildJoin | PartitionJoin
    leaves = failed or [each for each in threads if not isinstance(each.join, ItemJoin | BranchJoin)]
    again = [each for each in failed if _fails_again(definition, execution, each)]
    ordered = [*again, *(each for each in leaves if each not in again)]
    first = ordered[0].step if ordered else ""
    step = definition.steps.get(first)
    return RedriveOutlook(
        [each.step for each in ordered],
        [child_id(execution, each, n) for each in ordered if isinstance(each.join, nested) for n in each.join.over],
        bool(again),
        "" if step is None else step.type.name,
        _caught(definition, execution) if again and again[0].id == ROOT else None,
        None if execution.partition is not None else definition.timeout,
        repeats(execution, RedriveRequested()),
    )


def _fails_again(definition: Definition, execution: Execution, thread: Thread) -> bool:
    """Tell whether the step of a thread fails again whatever has changed outside."""
    step, error = definition.steps.get(thread.step), execution.error
    if step is None or error is None or thread.join is not None:
        return False
    if error.name in LASTING and error.step == thread.step:
        return True
    return not step.calls and not step.delegates and error.name not in PASSING


def _caught(definition: Definition, execution: Execution) -> str | None:
    """Find the step of the top list whose error was caught last."""
    error = execution.threads[ROOT].error
    step = None if error is None else error.step.partition("/")[0]
    return step if step in definition.steps else None


def due_of(definition: Definition, thread: Thread) -> Mapping[str, Json]:
    """Read what the step of a task says of when it is due, as it is written; empty: that is not known."""
    step = definition.steps.get(thread.step)
    source = None if step is None else step.params.source
    due = source.get("due") if isinstance(source, dict) else None
    return due if isinstance(due, dict) else {}
