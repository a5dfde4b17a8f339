"""The interface between the files of the state machine: the methods that one of them calls and another implements.

:mod:`~chalicelib.core.executions.decide` puts the files together and says what each is for. Here are also the functions
that several of them share: failures of nested steps, and budgets.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.core.definitions.model import Definition, Spread, StartChild, WaitForAnswer
from chalicelib.core.executions.builder import StateBuilder
from chalicelib.core.executions.inputs import SignalSent
from chalicelib.core.executions.model import Execution, Failure, State, Status, Thread, failure_json
from chalicelib.core.executions.waiting import AnswerWait, BranchJoin, ChildrenJoin, ItemJoin, PartitionJoin
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.bounds import MAX_DEPTH, bound_problem, pruned
from chalicelib.core.values.errors import BranchesFailedError, ItemsFailedError, StepError
from chalicelib.core.values.json import Json, encode
from chalicelib.core.values.value import copy_with

ITEMS_SHOWN, ITEM_SHOWN = LIMITS.items_shown, LIMITS.item_shown_bytes

BUDGET = "budget"
"""What the entry of a pause says beside its reason, where the execution has spent its budget."""

MESSAGE_KEPT = 500
"""Characters of the message of an error that stand in the state while its step, or another, may go on."""


DETAIL_LEVELS = MAX_DEPTH - 5
"""Levels of the details of a failure: it may be in a list of failures that a value has."""


class Rules(StateBuilder, ABC):
    """The methods of the state machine that are called from another file than the one that implements them."""

    @abstractmethod
    def succeed(self, thread: Thread, raw: Json, target: str | None = "", *, pure: bool = False) -> None:
        """Shape the step's result, leave it in the stash, and go on: at ``target``, by default where the step says.

        A result that cannot be shaped is kept, unless it can be computed again: it is ``pure``, or was joined.
        """

    @abstractmethod
    def arrive(self, thread: Thread, step: str, incoming: Json, stash: Mapping[str, Json] | None = None) -> None:
        """Let a thread arrive at a step, which is another visit; ``stash`` tells what it has just stashed."""

    @abstractmethod
    def attempt(self, thread: Thread, number: int) -> None:
        """Let a thread begin an attempt of its step in the same visit: what it calls has the same idempotency key."""

    @abstractmethod
    def proceed(self, thread: Thread, number: int, *, again: bool) -> None:
        """Begin an attempt of a step whose threads or child executions have failed.

        What has succeeded stays, what is under way goes on, what has failed begins again where it failed.
        """

    @abstractmethod
    def waiting_on(self, thread: Thread, join: ChildrenJoin, *, again: bool) -> Thread:
        """Let a thread wait for its child executions and redrive the failed ones; or gather the results of all."""

    @abstractmethod
    def deadline(self, thread: Thread, path: str) -> datetime | None:
        """Tell when an attempt of a step that begins now is over time."""

    @abstractmethod
    def fork(self, thread: Thread, *, first: bool) -> None:
        """Fork a thread for each branch of a step."""

    @abstractmethod
    def spread(self, thread: Thread, answer: Spread) -> None:
        """Run a `map`: fork a thread for each item, or start partitions where the threads would be too many."""

    @abstractmethod
    def begin(self, parent: Thread, join: ItemJoin) -> None:
        """Fork a thread for each of as many items as may run at once."""

    @abstractmethod
    def joined(self, thread: Thread, result: Json) -> None:
        """Take the result of a branch."""

    @abstractmethod
    def finish(self, parent: Thread) -> None:
        """End a `parallel` or a `map` with the results of its branches."""

    @abstractmethod
    def delegate(self, thread: Thread, start: StartChild) -> None:
        """Wait for the child execution of a `workflow` step."""

    @abstractmethod
    def ask(self, thread: Thread, wanted: WaitForAnswer) -> None:
        """Wait for an answer; an event that is in the mailbox already is taken at once."""

    @abstractmethod
    def overdue(self, thread: Thread, wait: AnswerWait) -> None:
        """Handle an answer that did not come in time: fail the step, or do what ``due.then`` of a task says."""

    @abstractmethod
    def send_event(self, event: SignalSent) -> None:
        """Give a signal that was sent to the execution to a step that waits for it, or keep it."""

    @abstractmethod
    def fail(self, thread: Thread, error: StepError, failure: Failure | None = None) -> None:
        """Fail a step, then each step that it is nested in, up to the first that handles the failure."""

    @abstractmethod
    def time_out(self) -> None:
        """End the execution, whose time is over."""

    def after(self, time: timedelta | None) -> datetime | None:
        """Answer the instant after a time from now; None: never."""
        return None if time is None else self.now + time


def bounded(failure: Failure) -> Failure:
    """Leave out of the details what nests too deeply, as those of items and child executions nest in one another.

    Details that are beyond what a value may be in another way are left out as a whole.
    """
    details = pruned(failure.details, DETAIL_LEVELS)
    if details is failure.details:
        return failure
    return copy_with(failure, details=None if bound_problem(details) else details)


def item_failure(thread: Thread, failure: Failure) -> dict[str, Json]:
    """Write the failure of an item of a `map`: ``{error, index, item}``, without an item that is large."""
    item: dict[str, Json] = {"item": thread.item} if len(encode(thread.item)) <= ITEM_SHOWN else {}
    return {"error": failure_json(failure), "index": thread.index, **item}


def of_item(failure: Failure, parent: Thread, join: ItemJoin, thread: Thread) -> Failure:
    """Make the failure of a `map` of that of one of its items: it names the item, or all if some were tolerated."""
    if not join.tolerate:
        return copy_with(failure, message=f"item {thread.index}: {failure.message}")
    message, details = str(too_many(join.failed + 1, join)), failed_items(parent, thread, failure)
    return bounded(copy_with(failure, name=ItemsFailedError.name, message=message, details=details))


def failed_items(parent: Thread, thread: Thread, failure: Failure) -> Json:
    """Write which items of a `map` have failed, the last one first, and no more than ITEMS_SHOWN of them."""
    before = [each for each in parent.results.values() if isinstance(each, dict) and {"error", "index"} <= each.keys()]
    return {"items": [item_failure(thread, failure), *before[: ITEMS_SHOWN - 1]]}


def branch_failure(failure: Failure) -> dict[str, Json]:
    """Write how a branch failed, without details: those are in the history."""
    return {"name": failure.name, "message": failure.message[:MESSAGE_KEPT], "step": failure.step}


def none_succeeded(parent: Thread, failed: Mapping[str, Json]) -> Failure:
    """Make the failure of a `parallel` of which no branch has succeeded, where one was enough."""
    first = sorted(failed.items())[:ITEMS_SHOWN]
    named = [f"{branch} with {each['name']}" for branch, each in first if isinstance(each, dict)]
    more = [f"{len(failed) - len(named)} others"] if len(failed) > len(named) else []
    message = f"no branch has succeeded: {', '.join([*named, *more])}"
    details: dict[str, Json] = {"branches": dict(sorted(failed.items()))}
    return Failure(BranchesFailedError.name, message, parent.step, parent.attempt, details)


def is_tolerated(execution: Execution, thread: Thread) -> bool:
    """Tell whether a thread has failed, and the step that forked it goes on without it.

    That is an item of a `map` partition whose failure is its result, or a branch of a `parallel` with ``join: first``.
    """
    parent = None if thread.parent is None else execution.threads.get(thread.parent)
    if thread.status is not Status.FAILED or parent is None:
        return False
    return thread.branch in (parent.join.failed if isinstance(parent.join, BranchJoin) else parent.results)


def standing(execution: Execution) -> tuple[State, str]:
    """Tell the state of an execution that goes on after a pause or a redrive, and the step of its newest thread."""
    alive = [thread for thread in execution.threads.values() if thread.status is not Status.OVER]
    newest = max(reversed(alive), key=lambda thread: thread.since)  # the last of those that moved together
    failed = newest.status in {Status.RETRYING, Status.FAILED}
    return State.STEP_FAILED if failed else State.STEP_STARTED, newest.step


def too_many(failed: int, join: ItemJoin | PartitionJoin) -> StepError:
    """Make the error of a `map` of which more items failed than are tolerated."""
    return ItemsFailedError(f"{failed} items failed or more, and {join.tolerate} are tolerated")


def budget_of(definition: Definition, execution: Execution) -> float | None:
    """Tell the dollars that an execution may cost: as many as it was resumed with last, or its definition gives it."""
    return definition.budget if execution.budget is None else execution.budget


def overspent(definition: Definition, execution: Execution) -> str | None:
    """Tell why an execution is to be paused, for people; None: it has no budget, or not spent it."""
    budget = budget_of(definition, execution)
    is_over = execution.ended_at is not None  # its state tells once all that the input comes to is done
    if budget is None or is_over or execution.paused or (spent := execution.cost.dollars()) <= budget:
        return None
    return f"it has cost {spent:.9f} dollars, and its budget is {budget:.9f}: resume it with a higher one"
