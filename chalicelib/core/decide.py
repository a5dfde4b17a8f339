"""The state machine, all of it.

:func:`decide` folds one event into an execution and answers what to write, to perform and to record. It is pure: the
same execution, event, instant and driver give the same decision. :mod:`chalicelib.engine` carries it out.

A thread is at a *turn*. Every change of a thread is its next turn, and an event for any other turn changes nothing.
Every thread that a decision moves or makes carries the *driver* who does it. What a turn performs is made from its own
thread, the threads that forked it, and the input: none of them changes while the turn lasts, so that its idempotency
key always stands for the same content.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from chalicelib.core.errors import InvalidInputError, InvalidParametersError, StepError
from chalicelib.core.model import (
    ROOT,
    Decision,
    Definition,
    Driver,
    EffectFailed,
    EffectSucceeded,
    Event,
    Execution,
    Failure,
    Message,
    Outcome,
    Perform,
    Poisoned,
    Record,
    Sleep,
    Started,
    State,
    Status,
    StepContext,
    StepDue,
    Succeed,
    Thread,
    TimerFired,
)
from chalicelib.core.template import Scope, Template, render
from chalicelib.core.values import Json, format_instant, seconds_until

LONGEST_DELAY = timedelta(seconds=900)
"""Of a message (Amazon SQS Developer Guide, "message timers"); the schedule finds longer waits by their due time."""


def submit(definition: Definition, blank: Execution) -> Execution:
    """Make an execution as submitted from its header: its first thread stands ready at the first step.

    Raises:
        InvalidInputError: the input does not pass the schema, or the definition's stash cannot be made from it.
    """
    if problems := definition.input_schema.problems(blank.input):
        raise InvalidInputError(problems=problems)
    first, now = definition.first, blank.started_at
    root = Thread(ROOT, 0, Status.READY, first, incoming=blank.input, since=now, started_at=now)
    submitted = replace(blank, threads={ROOT: root}, step=first)
    if definition.stash is None:
        return submitted
    try:
        stash = render(definition.stash, _scope(submitted, root, blank.input, now))
    except StepError as error:
        raise InvalidInputError(f"the definition's stash cannot be made from this input: {error}") from error
    return replace(submitted, threads={ROOT: replace(root, stash=cast("dict[str, Json]", stash))})


def decide(definition: Definition, execution: Execution, event: Event, now: datetime, driver: Driver) -> Decision:
    """Fold one event into an execution: the state to write, what to perform, what to record."""
    return Fold(definition, execution, now, driver).decision(event)


def is_long(thread: Thread) -> bool:
    """Tell whether a waiting thread's timer is beyond the reach of a message: the schedule finds it by its due time."""
    return thread.until is not None and thread.until - thread.since > LONGEST_DELAY


def is_due(thread: Thread, now: datetime) -> bool:
    """Tell whether a waiting thread's timer may fire: never early, however early its message comes."""
    return thread.until is not None and now >= thread.until


def implied(execution: Execution, thread: Thread, now: datetime) -> Message | None:
    """Derive the message that a thread's state asks for: the outbox is never stored.

    Untouched or handed: its next event. Waiting: its timer, unless it is so far away that its due time stands for it.
    """
    if thread.status is Status.WAITING and thread.until is not None:
        delay, longest = seconds_until(thread.until, now), int(LONGEST_DELAY.total_seconds())
        out_of_reach = is_long(thread) and delay > longest
        return None if out_of_reach else Message(execution.id, TimerFired(*thread.key), delay=min(delay, longest))
    if thread.status is Status.READY and thread.driver is None:
        return Message(execution.id, Started())
    if thread.status is Status.READY and thread.driver is not None and thread.driver.handed:
        return Message(execution.id, StepDue(*thread.key))
    return None


def due_at(execution: Execution) -> datetime | None:
    """Tell when the schedule must look at an execution: when its earliest wait that no message can span is over."""
    return min((t.until for t in execution.threads.values() if t.until is not None and is_long(t)), default=None)


def hand_over(execution: Execution, keys: Collection[tuple[str, int]], driver: Driver) -> Execution:
    """Leave ready threads to whoever takes their message; this moves no turn, so no idempotency key changes."""
    handed = {
        thread.id: replace(thread, driver=replace(driver, handed=True))
        for thread in execution.threads.values()
        if thread.key in keys and thread.status is Status.READY
    }
    return replace(execution, threads={**execution.threads, **handed})


class Fold:
    """One decision in the making."""

    def __init__(self, definition: Definition, execution: Execution, now: datetime, driver: Driver) -> None:
        self.definition = definition
        self.before = execution
        self.execution = execution
        self.now = now
        self.driver = driver
        self.perform: Perform | None = None
        self.records: list[Record] = []

    def decision(self, event: Event) -> Decision:
        """Answer what an event comes to."""
        thread = self.execution.threads.get(event.thread)
        if thread is not None and thread.turn == event.turn:
            self.take(event, thread)
        opening = self.opening()
        return Decision(self.execution, self.perform, (*opening, *self.records))

    def take(self, event: Event, thread: Thread) -> None:
        """Carry out what an event means to a thread at its turn."""
        match event, thread.status:
            case (Started() | StepDue(), Status.READY):
                self.run(thread)
            case (EffectSucceeded(result=result), Status.READY):
                self.succeed(thread, result)
            case (EffectFailed(name=name, message=message, details=details), Status.READY):
                self.fail(thread, StepError(message, name, details))
            case (TimerFired(), Status.WAITING) if is_due(thread, self.now):
                self.succeed(thread, thread.incoming)
            case (Poisoned(), _):
                self.fail(thread, StepError("the message that drives this step was received too often", "Poison"))

    def opening(self) -> list[Record]:
        """Record the start before the first thing that happens."""
        opening: list[Record] = []
        if self.before.state is State.SUBMITTED and self.execution is not self.before:
            first = Record(self.before.started_at, State.SUBMITTED, ROOT, 0, self.before.step)
            opening = [first] + [replace(first, at=self.now, state=s) for s in (State.STARTED, State.STEP_STARTED)]
            if self.execution.state is State.SUBMITTED:
                self.execution = replace(self.execution, state=State.STEP_STARTED)
        return opening

    def run(self, thread: Thread) -> None:
        """Let the thread run its step."""
        try:
            outcome = self.outcome(thread)
        except StepError as error:
            self.fail(thread, error)
            return
        match outcome:
            case Perform():
                self.perform = outcome
            case Succeed(output):
                self.succeed(thread, output)
            case Sleep(until) if until <= thread.since:
                self.succeed(thread, thread.incoming)
            case Sleep(until):
                self.move(replace(thread, status=Status.WAITING, until=until))
            case _:
                forking = self.move(replace(thread, status=Status.JOINING))
                for name, branch in outcome.branches.items():
                    self.start(forking, name, branch.first, branch.incoming)

    def outcome(self, thread: Thread) -> Outcome:
        """Ask the step type what the step comes to."""
        step = self.definition.steps[thread.step]
        params = self.render(step.params, thread, thread.incoming, thread.since, "parameters")
        if problems := step.schema.problems(params):
            where = "".join(f" at {problem.pointer}" for problem in problems[:1] if problem.pointer)
            raise InvalidParametersError(f"{problems[0].message}{where}", details=params)
        return step.type.run(cast("dict[str, Json]", params), StepContext(thread.incoming, thread.since, step.scopes))

    def succeed(self, thread: Thread, raw: Json) -> None:
        """Shape the step's result, leave it in the stash, and go on."""
        step = self.definition.steps[thread.step]
        try:
            result = raw if step.output is None else self.render(step.output, thread, raw, self.now, "output")
            stashed = self.stashed(step.stash, thread, result)
        except StepError as error:
            self.fail(thread, error)
            return
        self.record(State.STEP_SUCCEEDED, thread, result=result, stash=stashed)
        stashing = replace(thread, stash={**thread.stash, **stashed})
        if step.next is None:
            self.end(stashing, result)
        else:
            self.arrive(stashing, step.next, result)

    def stashed(self, stash: str | Mapping[str, Template] | None, thread: Thread, result: Json) -> dict[str, Json]:
        """Make what a step leaves in the stash."""
        if stash is None:
            return {}
        if isinstance(stash, str):
            return {stash: result}
        return {name: self.render(made, thread, result, self.now, f"stash/{name}") for name, made in stash.items()}

    def arrive(self, thread: Thread, step: str, incoming: Json) -> None:
        """Let a thread begin a step."""
        arrived = replace(thread, status=Status.READY, step=step, incoming=incoming, started_at=self.now)
        self.record(State.STEP_STARTED, self.move(replace(arrived, until=None, results={})))

    def start(self, parent: Thread, branch: str, step: str, incoming: Json) -> None:
        """Fork a thread: its id holds the turn of the fork, so that a loop makes new ones."""
        name = f"{parent.id}.{parent.turn}.{branch}"
        thread = Thread(name, -1, Status.READY, step, incoming, self.now, self.now, parent=parent.id, branch=branch)
        self.arrive(thread, step, incoming)

    def end(self, thread: Thread, result: Json) -> None:
        """End a thread; the last one that a step forked moves that step on."""
        if thread.parent is None:
            self.close(thread, State.SUCCEEDED, output=result)
            return
        parent = self.execution.threads[thread.parent]
        results = {**parent.results, str(thread.branch): result}
        self.remove(thread.id)
        if any(other.parent == parent.id for other in self.execution.threads.values()):
            self.put(replace(parent, results=results))
        else:
            self.succeed(parent, {name: results[name] for name in sorted(results)})

    def fail(self, thread: Thread, error: StepError) -> None:
        """Fail a step, and with it what it is nested in."""
        failure = Failure(error.name, str(error), thread.step, details=error.details)
        self.record(State.STEP_FAILED, thread, error=failure)
        while thread.parent is not None:
            thread = self.execution.threads[thread.parent]
            self.record(State.STEP_FAILED, thread, error=failure)
        self.close(thread, State.FAILED, error=failure)

    def close(self, root: Thread, state: State, output: Json = None, error: Failure | None = None) -> None:
        """End the execution."""
        self.record(state, root, result=output, error=error)
        self.execution = replace(
            self.execution, threads={}, stash=root.stash, output=output, error=error, ended_at=self.now
        )

    def move(self, thread: Thread) -> Thread:
        """Take a changed thread to its next turn."""
        moved = replace(thread, turn=thread.turn + 1, since=self.now, driver=self.driver)
        self.put(moved)
        return moved

    def put(self, thread: Thread) -> None:
        """Keep a changed thread."""
        self.execution = replace(self.execution, threads={**self.execution.threads, thread.id: thread})

    def remove(self, thread: str) -> None:
        """Take a thread out."""
        threads = {name: other for name, other in self.execution.threads.items() if name != thread}
        self.execution = replace(self.execution, threads=threads)

    def record(
        self,
        state: State,
        thread: Thread,
        result: Json = None,
        error: Failure | None = None,
        stash: Mapping[str, Json] | None = None,
    ) -> None:
        """Add an entry of history; it is what the execution did last."""
        entry = Record(self.now, state, thread.id, thread.turn, thread.step, result=result, error=error)
        self.records.append(replace(entry, stash=stash or {}))
        self.execution = replace(self.execution, state=state, step=thread.step)

    def render(self, template: Template, thread: Thread, output: Json, now: datetime, part: str) -> Json:
        """Render a template for a thread."""
        return render(template, _scope(self.execution, thread, output, now, part))


def _scope(execution: Execution, thread: Thread, output: Json, now: datetime, part: str = "") -> Scope:
    """Gather what a template of a thread's step can see; ``part`` tells the templates of one turn apart."""
    stash = thread.stash
    above = thread
    while above.parent is not None:
        above = execution.threads[above.parent]
        stash = {**above.stash, **stash}
    values: dict[str, Json] = {
        "input": execution.input,
        "output": output,
        "stash": dict(stash),
        "execution": {
            "id": execution.id,
            "name": execution.id.rpartition(":")[2],
            "tenantId": execution.tenant_id,
            "definitionId": execution.definition_id,
            "version": execution.definition_version,
            "startedAt": format_instant(execution.started_at),
        },
        "step": {
            "id": thread.step.rpartition("/")[2],
            "attempt": 1,
            "startedAt": format_instant(thread.started_at),
        },
    }
    return Scope(values, now, f"{execution.id}/{thread.id}/{thread.turn}/{part}")
