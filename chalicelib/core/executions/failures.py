"""Failures: retry, catch, tolerance, or the end; and how a step with threads or child executions goes on after one."""

from contextlib import suppress
from typing import TYPE_CHECKING

from chalicelib.core.definitions.model import RetryPolicy, matches
from chalicelib.core.executions.branches import has_joined
from chalicelib.core.executions.inputs import Outgrown
from chalicelib.core.executions.model import ROOT, Failure, State, Status, Thread, failure_json
from chalicelib.core.executions.retry import next_attempt
from chalicelib.core.executions.rules import (
    MESSAGE_KEPT,
    Rules,
    bounded,
    branch_failure,
    is_tolerated,
    item_failure,
    none_succeeded,
    of_item,
)
from chalicelib.core.executions.scope import answered_by, is_partition_root, policies_of
from chalicelib.core.executions.waiting import (
    BranchJoin,
    ChildJoin,
    ChildrenJoin,
    ChildrenWait,
    ItemJoin,
    Join,
    PartitionJoin,
    RetryWait,
)
from chalicelib.core.values.errors import ResultTooLargeError, StepError, StepTimeoutError
from chalicelib.core.values.json import format_instant
from chalicelib.core.values.value import copy_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.values.json import Json


class Failures(Rules):
    """What becomes of a failed step."""

    def fail(self, thread: Thread, error: StepError, failure: Failure | None = None) -> None:
        """Fail a step, then each step that it is nested in, up to the first that handles the failure.

        ``failure`` is what happened to a step of a child execution, where that is known.
        """
        step, attempt = error.origin or (thread.step, thread.attempt)
        failure = bounded(failure or Failure(error.name, str(error), step, attempt, error.details))
        self.record(State.STEP_FAILED, thread, error=failure, actor=answered_by(thread))
        if self.handled(thread, failure, error.retry_after):
            return
        self.stand_still(thread)
        while thread.parent is not None:
            parent, join = self.execution.threads[thread.parent], self.execution.threads[thread.parent].join
            if isinstance(join, ItemJoin) and join.failed < join.tolerate:
                self.tolerate(parent, join, thread, failure)
                return
            if isinstance(join, ItemJoin):
                failure = of_item(failure, parent, join, thread)
            if parent.status is not Status.JOINING:
                return  # it has failed before: what becomes of that is decided, or will be, for all below it
            if isinstance(join, BranchJoin) and join.first:
                failed = {**join.failed, str(thread.branch): branch_failure(failure)}
                if len(failed) < join.total:
                    self.drop_out(parent, copy_with(join, failed=failed), thread)
                    return
                parent, failure = copy_with(parent, join=copy_with(join, failed={})), none_succeeded(parent, failed)
                self.put(parent)
            thread = parent
            self.record(State.STEP_FAILED, thread, error=failure)
            if self.handled(thread, failure):
                return
        self.close(self.execution.threads[ROOT], State.FAILED, error=failure)

    def handled(self, thread: Thread, failure: Failure, retry_after: float | None = None) -> bool:
        """Retry or catch a failure, and tell whether that was done; the root of a partition leaves it to the map."""
        if is_partition_root(self.execution, thread):
            return False
        step = self.definition.steps.get(thread.step)
        if step is None:
            return False
        seed = f"{self.execution.id}/{thread.id}/{thread.turn}"
        policies: Sequence[RetryPolicy] = ()
        with suppress(StepError):  # with which the step has failed, or would
            policies = policies_of(step, self.execution, thread, self.now)
        retry = None if thread.claimed_by else next_attempt(policies, failure, thread.tries, seed, retry_after)
        if retry is not None:
            if thread.join is None:
                self.abandon(thread)
            tries = {**thread.tries, retry.policy: thread.tries.get(retry.policy, 0) + 1}
            waiting = copy_with(thread, status=Status.RETRYING, tries=tries, deadline=None)
            number, most = int(retry.policy), thread.attempt + retry.left
            at = self.now + retry.delay
            attempt = thread.attempt + 1
            self.note(retry={"at": format_instant(at), "attempt": attempt, "maxAttempts": most, "policy": number})
            wait = RetryWait(at, failure.name, failure.message[:MESSAGE_KEPT], number, most)
            self.move(copy_with(waiting, wait=wait))
            return True
        for catch in step.catch:
            if matches(failure.name, catch.errors):
                self.note(next=catch.next)
                self.abandon(thread)
                self.note_claim(thread)
                stashed: dict[str, Json] = {catch.stash: failure_json(failure)} if catch.stash else {}
                caught = copy_with(thread, error=failure, stash={**thread.stash, **stashed})
                self.arrive(caught, catch.next, thread.incoming, stashed)
                return True
        return False

    def stand_still(self, thread: Thread) -> None:
        """Let a failed thread wait for a retry of the step that it is nested in, or for a redrive."""
        self.close_wait(thread)
        self.put(copy_with(thread, status=Status.FAILED, wait=None, driver=self.driver))

    def drop_out(self, parent: Thread, join: BranchJoin, thread: Thread) -> None:
        """End a failed branch, with all that it has begun, while another branch can still be the first to succeed."""
        self.put(copy_with(parent, join=join))
        self.abandon(thread)
        left = self.execution.threads[thread.id]
        self.put(copy_with(left, status=Status.FAILED, join=None, wait=None, results={}, items=None))

    def tolerate(self, parent: Thread, join: ItemJoin, thread: Thread, failure: Failure) -> None:
        """Let an item's failure stand as its result."""
        self.put(copy_with(parent, join=copy_with(join, failed=join.failed + 1)))
        thread = self.execution.threads[thread.id]
        self.abandon(thread)
        self.joined(thread, item_failure(thread, failure))

    def proceed(self, thread: Thread, number: int, *, again: bool) -> None:
        """Begin an attempt of a step whose threads or child executions have failed.

        What has succeeded stays, what is under way goes on, what has failed begins again where it failed.
        """
        begun = copy_with(
            thread,
            attempt=number,
            started_at=self.now,
            visited_at=thread.began_visit,
            tries=thread.tries if number > 1 else {},
            deadline=self.deadline(thread, thread.step),
            wait=None,
        )
        if isinstance(thread.join, PartitionJoin | ChildJoin):
            begun = self.move(self.waiting_on(begun, thread.join, again=again))
        else:
            begun = self.move(copy_with(begun, status=Status.JOINING, join=unfailed(begun.join)))
        self.record(State.STEP_STARTED, begun)
        if begun.status is not Status.JOINING:
            return
        if has_joined(begun):
            self.finish(begun)
        else:
            self.revive_below(begun, again=again)
            if isinstance(begun.join, ItemJoin) and begun.join.begun < begun.join.total:
                self.begin(begun, begun.join)

    def waiting_on(self, thread: Thread, join: ChildrenJoin, *, again: bool) -> Thread:
        """Let a thread wait for its child executions and redrive the failed ones; or gather the results of all."""
        if isinstance(join, PartitionJoin) and len(thread.results) == join.total:
            return copy_with(thread, status=Status.READY, wait=None)
        wait = ChildrenWait(self.execution.version + 1, again=again)
        if isinstance(join, PartitionJoin) and len(thread.results) == join.begun:
            join = copy_with(join, begun=min(join.total, join.begun + join.at_once))
        return copy_with(
            thread,
            status=Status.WAITING_FOR_CHILDREN,
            join=copy_with(join, over=(), redrives=join.redrives + 1),
            wait=wait,
        )

    def revive_below(self, thread: Thread, *, again: bool) -> None:
        """Let the threads below one that have failed begin their steps again."""
        for below in [other for other in self.execution.threads.values() if other.parent == thread.id]:
            if below.status is Status.FAILED and not is_tolerated(self.execution, below):
                self.begin_again(below, again=again)
            elif below.status is Status.JOINING:
                self.revive_below(below, again=again)

    def begin_again(self, thread: Thread, *, again: bool) -> None:
        """Begin a failed step again in the same visit; one with threads or child executions goes on with them."""
        if thread.join is None:
            self.attempt(copy_with(thread, claimed_by="") if again else thread, 1)
        else:
            self.proceed(thread, 1, again=again)

    def outgrown(self, thread: Thread, event: Outgrown) -> None:
        """Fail a step whose outcome has no room in the item of the execution."""
        if event.whole:
            self.abandon(thread)
            thread = copy_with(thread, status=Status.READY, join=None, wait=None, results={})
        self.fail(thread, ResultTooLargeError(event.message))

    def time_out(self) -> None:
        """End the execution, whose time is over."""
        root = self.execution.threads[ROOT]
        error = Failure(StepTimeoutError.name, "the execution took longer than its time", root.step)
        self.close(root, State.TIMED_OUT, error=error)


def unfailed(join: Join | None) -> Join | None:
    """Forget the failed branches of a join: they begin again."""
    return copy_with(join, failed={}) if isinstance(join, BranchJoin) and join.failed else join
