"""Failures: tried again, caught, tolerated, or the end."""

from collections.abc import Mapping

from chalicelib.core.definitions.model import matches
from chalicelib.core.executions.model import ROOT, Failure, State, Status, Thread, failure_json
from chalicelib.core.executions.retry import next_attempt
from chalicelib.core.executions.rules import Rules, too_many
from chalicelib.core.executions.scope import answered_by, is_partition_root
from chalicelib.core.executions.waiting import ItemJoin, RetryWait
from chalicelib.core.values.errors import ItemsFailedError, StepError, StepTimeoutError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with


class Failures(Rules):
    """What becomes of a failed step."""

    def fail(
        self,
        thread: Thread,
        error: StepError,
        ended: Mapping[str, Json] | None = None,
        failure: Failure | None = None,
    ) -> None:
        """Fail a step, and outwards what it is nested in, up to whatever handles the failure.

        ``ended`` is what the last child execution came to: it is not failed of the failure, unless all are redriven;
        ``failure`` what happened to a step inside, where that is known.
        """
        failure = failure or Failure(error.name, str(error), thread.step, thread.attempt, error.details)
        origin = thread.id
        self.put(thread)
        self.record(State.STEP_FAILED, thread, error=failure, actor=answered_by(thread))
        failed = copy_with(thread, results={**thread.results, **(ended or {})})
        while not self.handled(failed, failure, error.retry_after if failed.id == origin else None):
            if thread.parent is None:
                self.close(thread, State.FAILED, error=failure)
                return
            parent = self.execution.threads[thread.parent]
            if isinstance(join := parent.join, ItemJoin) and join.tolerate:
                if join.failed < join.tolerate:
                    self.tolerate(parent, join, failed, failure)
                    return
                failure = copy_with(failure, name=ItemsFailedError.name, message=str(too_many(join.failed + 1, join)))
            thread = failed = parent
            self.record(State.STEP_FAILED, thread, error=failure)

    def handled(self, thread: Thread, failure: Failure, retry_after: float | None = None) -> bool:
        """Try again, or go on where a failure is caught; the partitions of a `map` leave that to the map."""
        if is_partition_root(self.execution, thread):
            return False
        step = self.definition.steps.get(thread.step)
        if step is None:
            return False
        seed = f"{self.execution.id}/{thread.id}/{thread.turn}"
        if (retry := next_attempt(step.retry, failure, thread.tries, seed, retry_after)) is not None:
            self.abandon(thread)
            tries = {**thread.tries, retry.policy: thread.tries.get(retry.policy, 0) + 1}
            fresh = copy_with(thread, status=Status.RETRYING, tries=tries, deadline=None, join=None, results={})
            self.move(copy_with(fresh, wait=RetryWait(self.now + retry.delay), claimed=False))
            return True
        for catch in step.catch:
            if matches(failure.name, catch.errors):
                self.abandon(thread)
                stashed: dict[str, Json] = {catch.stash: failure_json(failure)} if catch.stash else {}
                caught = copy_with(thread, error=failure, stash={**thread.stash, **stashed})
                self.arrive(caught, catch.next, thread.incoming, stashed)
                return True
        return False

    def tolerate(self, parent: Thread, join: ItemJoin, thread: Thread, failure: Failure) -> None:
        """Let an item's failure stand as its result."""
        self.put(copy_with(parent, join=copy_with(join, failed=join.failed + 1)))
        self.clear(thread)
        self.release(thread)
        self.joined(thread, {"error": failure_json(failure)})

    def time_out(self) -> None:
        """End the execution, whose time is over."""
        root = self.execution.threads[ROOT]
        error = Failure(StepTimeoutError.name, "the execution took longer than its time", root.step)
        self.close(root, State.TIMED_OUT, error=error)
