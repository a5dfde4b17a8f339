"""Steps: how one runs, calls, waits, succeeds, and leads to the next one."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import cast

from chalicelib.core.definitions.model import AnswerKind, Call, End, Fork, Goto, Sleep, Spread, Succeed, WaitForAnswer
from chalicelib.core.executions.builder import size_of
from chalicelib.core.executions.factory import children_of
from chalicelib.core.executions.implied import is_due
from chalicelib.core.executions.inputs import CallFailed, CallSucceeded, TimerFired
from chalicelib.core.executions.model import Execution, State, Status, Thread
from chalicelib.core.executions.rules import Rules
from chalicelib.core.executions.scope import answered_by, callback_of, holds, is_partition_root, outcome, timeout_of
from chalicelib.core.executions.starts import start_of
from chalicelib.core.executions.waiting import AnswerWait, ChildJoin, ItemJoin, PartitionJoin, RetryWait, TimerWait
from chalicelib.core.expressions.template import Template
from chalicelib.core.values.errors import (
    InterruptedCallError,
    InvalidOutputError,
    StepError,
    StepTimeoutError,
)
from chalicelib.core.values.json import Json, details_of
from chalicelib.core.values.value import copy_with


class Steps(Rules):
    """How a thread runs its step and goes on from it."""

    def run(self, thread: Thread) -> None:
        """Run the step of a ready thread, or fail it: its time is over, or its call was claimed by another request."""
        if self.execution.deadline is not None and self.now >= self.execution.deadline:
            self.time_out()
        elif thread.kept:
            self.succeed(thread, thread.kept[0])
        elif thread.claimed_by and thread.claimed_by != self.driver.request:
            self.fail(thread, InterruptedCallError())
        elif thread.deadline is not None and self.now >= thread.deadline:
            self.fail(thread, unanswered(thread, StepTimeoutError()))
        elif thread.join is not None:
            self.to_call = Call("gather", {"executions": [*children_of(self.execution, thread)]})
        else:
            try:
                if thread.attempt == 1 and not holds(self.definition, self.execution, thread):
                    self.skip(thread)
                else:
                    self.follow(thread)
            except StepError as error:
                self.fail(thread, error)

    def follow(self, thread: Thread) -> None:
        """Ask the step type for the outcome of the step, and carry it out.

        Raises:
            StepError: the step fails.
        """
        answer = outcome(self.definition, self.execution, thread)
        match answer:
            case Call():
                self.call(thread, answer)
            case WaitForAnswer():
                self.ask(thread, answer)
            case Succeed(output):
                self.succeed(thread, output, pure=True)
            case Goto(target):
                self.succeed(thread, thread.incoming, target, pure=True)
            case End(output):
                self.succeed(thread, output, None, pure=True)
            case Sleep(until) if until <= thread.started_at:
                self.succeed(thread, thread.incoming, pure=True)
            case Sleep(until, relative):
                until += self.now - thread.started_at if relative else timedelta()  # another clock may have begun it
                self.move(copy_with(thread, status=Status.WAITING, wait=TimerWait(until)))
            case Fork(first):
                self.fork(thread, first=first)
            case Spread():
                self.spread(thread, answer)
            case _:
                self.delegate(thread, answer)

    def call(self, thread: Thread, wanted: Call) -> None:
        """Ask for a call; one that must not be made twice is claimed first, in a turn of its own."""
        if wanted.once and not thread.claimed_by:
            self.move(copy_with(thread, claimed_by=self.driver.request))
        else:
            self.to_call = wanted

    def skip(self, thread: Thread) -> None:
        """Go on as though the step were not there.

        Raises:
            InvalidOutputError: it was the last one, and what came in is no output.
        """
        if self.definition.steps[thread.step].next is None and thread.parent is None:
            self.check(thread.incoming)
        self.record(State.STEP_SKIPPED, thread)
        self.onward(thread, self.definition.steps[thread.step].next, thread.incoming)

    def call_succeeded(self, thread: Thread, event: CallSucceeded) -> None:
        """Take the result of the call that the turn made; after a failure or the end it is kept, to go on with."""
        if not self.execution.ended and thread.status is Status.READY:
            self.answered(thread, event.result)
        elif (call := callback_of(self.definition, self.execution, thread)) is None:
            self.put(thread if thread.join else copy_with(thread, claimed_by="", kept=(event.result,)))
        elif thread.status is Status.READY:
            self.await_callback(thread, call)

    def call_failed(self, thread: Thread, event: CallFailed) -> None:
        """Fail the step with the error of the call that it made; after a failure or the end, its claim is over."""
        known = thread if event.unanswered else copy_with(thread, claimed_by="")
        if not self.execution.ended and thread.status is Status.READY:
            error = StepError(event.message, event.name, event.details, event.retry_after)
            self.fail(known, unanswered(known, error))
        elif known.claimed_by != thread.claimed_by:
            self.put(known)

    def tried_again(self, thread: Thread, event: CallSucceeded | CallFailed) -> None:
        """Take the result of an attempt whose call was made before its turn was written."""
        if not self.execution.ended:
            self.attempt(thread, thread.attempt + 1)
            thread = self.execution.threads[thread.id]
        if isinstance(event, CallSucceeded):
            self.call_succeeded(thread, event)
        else:
            self.call_failed(thread, event)

    def call_deferred(self, thread: Thread) -> None:
        """Give a claim back that no call was made under."""
        if thread.claimed_by == self.driver.request:
            self.put(copy_with(thread, claimed_by=""))

    def answered(self, thread: Thread, result: Json) -> None:
        """Take the result of the call that the turn made."""
        if thread.deadline is not None and self.now >= thread.deadline:
            self.fail(copy_with(thread, claimed_by="", kept=() if thread.join else (result,)), StepTimeoutError())
        elif thread.join is not None:
            parts = cast("list[Json]", result)
            self.succeed(thread, [each for part in parts if isinstance(part, list) for each in part])
        elif (call := callback_of(self.definition, self.execution, thread)) is not None:
            self.await_callback(thread, call)
        else:
            self.succeed(thread, result)

    def await_callback(self, thread: Thread, call: Call) -> None:
        """Wait for the callback of whoever has the token; the turn stays, so the token is still valid."""
        wait = AnswerWait(AnswerKind.CALLBACK, until=self.after(call.heartbeat))
        waiting = copy_with(thread, status=Status.WAITING_FOR_ANSWER, wait=wait)
        self.put(copy_with(waiting, since=self.now, driver=self.driver))

    def timer_fired(self, thread: Thread, fired: TimerFired) -> None:
        """Fire the timer of a turn if it is due; a message that comes too early changes nothing."""
        if is_due(self.execution, thread, max(self.now, fired.by or self.now)):
            self.fire(thread)

    def fire(self, thread: Thread) -> None:
        """Fire the timer of a turn, for the instant that came first: of its wait, its attempt, or the execution."""
        until = None if thread.wait is None else thread.wait.until
        first = min(at for at in (until, thread.deadline, self.execution.deadline) if at is not None)
        match thread.wait:
            case TimerWait() if until == first:
                self.succeed(thread, thread.incoming)
            case RetryWait() if until == first and thread.join is None:
                self.attempt(thread, thread.attempt + 1)
            case RetryWait() if until == first:
                self.proceed(thread, thread.attempt + 1, again=False)
            case AnswerWait() as wait if until == first:
                self.overdue(thread, wait)
            case _ if thread.deadline == first:
                self.fail(thread, StepTimeoutError())
            case _:
                self.time_out()

    def succeed(self, thread: Thread, raw: Json, target: str | None = "", *, pure: bool = False) -> None:
        """Shape the step's result, leave it in the stash, and go on: at ``target``, by default where the step says.

        A result that cannot be shaped is kept, unless it can be computed again: it is ``pure``, or was joined.
        """
        step = self.definition.steps[thread.step]
        if is_partition_root(self.execution, thread):
            self.close(thread, State.SUCCEEDED, output=raw, failed=_failed(thread))
            return
        about = {"next": target} if target else {}
        target = step.next if target == "" else target
        try:
            result = raw if step.output is None else self.render(step.output, thread, raw, "output")
            stashed = {} if step.stash is None else self.stashed(step.stash, thread, result)
            size = size_of(result)
            for made in stashed.values():
                size += 0 if made is result else size_of(made, size)
            if target is None and thread.parent is None:
                self.check(result)
        except StepError as error:
            is_nest = thread.join is not None and not isinstance(thread.join, ChildJoin)
            kept = thread.kept if pure or is_nest else (raw, *filter(None, [answered_by(thread)]))
            join = thread.join if is_nest else None
            self.fail(copy_with(thread, claimed_by="", kept=kept, join=join), error)
            return
        self.close_wait(thread)
        thread = copy_with(thread, claimed_by="") if thread.claimed_by else thread
        actor = answered_by(thread)
        self.record(State.STEP_SUCCEEDED, thread, result=result, stash=stashed, actor=actor, about=about, size=size)
        self.onward(copy_with(thread, stash={**thread.stash, **stashed}) if stashed else thread, target, result)

    def stashed(self, stash: str | Mapping[str, Template], thread: Thread, result: Json) -> dict[str, Json]:
        """Make what a step leaves in the stash."""
        if isinstance(stash, str):
            return {stash: result}
        return {name: self.render(made, thread, result, f"stash/{name}") for name, made in stash.items()}

    def check(self, output: Json) -> None:
        """Hold the output of the execution against the definition's schema.

        Raises:
            InvalidOutputError: it does not pass.
        """
        schema = self.definition.output_schema
        problems = schema.problems(output) if schema is not None else ()
        if problems:
            raise InvalidOutputError(problems[0].message, details=details_of(problems))

    def onward(self, thread: Thread, target: str | None, result: Json) -> None:
        """Go on at a step, or end the thread."""
        if target is not None:
            self.arrive(thread, target, result)
        elif thread.parent is None:
            self.close(thread, State.SUCCEEDED, output=result)
        else:
            self.joined(thread, result)

    def arrive(self, thread: Thread, step: str, incoming: Json, stash: Mapping[str, Json] | None = None) -> None:
        """Let a thread arrive at a step, which is another visit; ``stash`` tells what it has just stashed."""
        visiting = copy_with(thread, visit=thread.turn + 1, visited_at=None, claimed_by="", kept=(), tries={})
        self.enter(copy_with(visiting, step=step, incoming=incoming, attempt=1), stash)

    def attempt(self, thread: Thread, number: int) -> None:
        """Let a thread begin an attempt of its step in the same visit: what it calls has the same idempotency key."""
        tries = thread.tries if number > 1 else {}
        self.enter(copy_with(thread, visited_at=thread.began_visit, attempt=number, tries=tries))

    def enter(self, thread: Thread, stash: Mapping[str, Json] | None = None) -> None:
        """Let a thread be ready to run its step."""
        begun = copy_with(
            thread,
            turn=thread.turn + 1,
            status=Status.READY,
            since=self.now,
            started_at=self.now,
            driver=self.driver,
            deadline=self.deadline(thread, thread.step),
            join=None,
            wait=None,
            busy_until=None,
            strikes=0,
            items=None,
            results={},
        )
        self.put(begun)
        if self.begins(self.execution, begun):
            start = start_of(self.definition, self.execution, begun)
            about, children, size = start.about, start.children, start.size
            self.record(State.STEP_STARTED, begun, stash=stash, about=about, children=children, size=size)
        elif stash:
            self.record(State.STEP_STARTED, begun, stash=stash)

    def deadline(self, thread: Thread, path: str) -> datetime | None:
        """Tell when an attempt that begins now is over time; a partition of a `map` leaves that to the map."""
        if path not in self.definition.steps or is_partition_root(self.execution, thread):
            return None
        begun = copy_with(thread, step=path, started_at=self.now)
        timeout = None
        with suppress(StepError):  # then the step fails with it when it runs
            timeout = timeout_of(self.definition, self.execution, begun, self.now)
        return self.after(timeout)

    def begins(self, execution: Execution, thread: Thread) -> bool:
        """Tell whether a step runs when its turn comes, rather than be skipped."""
        try:
            return thread.attempt > 1 or holds(self.definition, execution, thread)
        except StepError:
            return True


def unanswered(thread: Thread, error: StepError) -> StepError:
    """Answer the error of a step that fails; of a call that must not be made twice, none is known but that."""
    if not thread.claimed_by or thread.status is not Status.READY:
        return error
    cause: dict[str, Json] = {"name": error.name, "message": str(error), "details": error.details}
    return InterruptedCallError(details=cause)


def _failed(thread: Thread) -> int:
    """Tell how many items of a thread's `map` have failed and were tolerated."""
    return thread.join.failed if isinstance(thread.join, ItemJoin | PartitionJoin) else 0
