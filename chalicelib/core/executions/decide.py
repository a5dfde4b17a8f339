"""The state machine, all of it.

:func:`decide` folds one event into an execution and answers what to write, to perform and to record. It is pure: the
same execution, event, instant and driver give the same decision. :mod:`chalicelib.engine.invocation` carries it out.

A thread is at a *turn*. Every change of a thread is its next turn, and an event for any other turn changes nothing.
Every thread that a decision moves or makes carries the *driver* who does it. What a turn performs is made from its own
thread, the threads that forked it, and the input: none of them changes while the turn lasts, so that its idempotency
key always stands for the same content.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from chalicelib.core.definitions.model import (
    AnswerKind,
    Call,
    Definition,
    End,
    Fork,
    Goto,
    Sleep,
    Spread,
    StartChild,
    Succeed,
    WaitForAnswer,
    matches,
)
from chalicelib.core.executions.builder import StateBuilder, size_of, tombstone
from chalicelib.core.executions.factory import WIDTH, child_id, partition_size, read_below, workflow_id
from chalicelib.core.executions.implied import is_due
from chalicelib.core.executions.inputs import (
    Answered,
    CallbackFailed,
    CallbackSucceeded,
    CallFailed,
    CallSucceeded,
    CancelRequested,
    ChildEnded,
    Decision,
    HeartbeatReceived,
    Input,
    PauseRequested,
    Poisoned,
    RedriveRequested,
    Requested,
    ResumeRequested,
    SignalReceived,
    SignalSent,
    Started,
    StepDue,
    TaskCompleted,
    TaskRejected,
    TimerFired,
    WaitClosed,
    WaitRefused,
)
from chalicelib.core.executions.model import (
    ROOT,
    Answer,
    AnswerWait,
    Driver,
    Execution,
    Failure,
    HistoryEntry,
    Join,
    Signal,
    State,
    Status,
    Thread,
    failure_json,
)
from chalicelib.core.executions.retry import next_attempt
from chalicelib.core.executions.scope import (
    answered_by,
    awaited_event,
    callback_of,
    heartbeat_of,
    holds,
    is_partition_root,
    items_of,
    outcome,
    takes,
)
from chalicelib.core.expressions.template import Template
from chalicelib.core.values.errors import (
    HeartbeatTimeoutError,
    InternalError,
    InterruptedCallError,
    InvalidOutputError,
    ItemsFailedError,
    OverdueError,
    PoisonError,
    SpawnLimitError,
    StepError,
    StepTimeoutError,
)
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with

MAX_DEPTH = 16
"""Executions nested by `workflow` steps."""
MAX_SPAWNS = 100_000
"""Executions that one execution starts by `workflow` steps."""
MAX_SPAWNS_A_MINUTE = 10_000

MAX_SIGNALS = 100
"""Events that are kept for one execution until a step takes them."""
MAX_TAKEN = 20
"""Events that steps of one execution have taken, and a repeat of which is known."""

MINUTE = timedelta(minutes=1)


def decide(definition: Definition, execution: Execution, event: Input, now: datetime, driver: Driver) -> Decision:
    """Fold one input into an execution: the state to write, what to perform, what to record."""
    return Transition(definition, execution, now, driver).decision(event)


def hand_over(execution: Execution, keys: Collection[tuple[str, int]], driver: Driver) -> Execution:
    """Leave ready threads to whoever takes their message; this moves no turn, so no idempotency key changes."""
    handed = {
        thread.id: copy_with(thread, driver=copy_with(driver, handed=True))
        for thread in execution.threads.values()
        if thread.key in keys and thread.status is Status.READY
    }
    return copy_with(execution, threads={**execution.threads, **handed})


def addressed(execution: Execution, event: Input) -> Thread | None:
    """Find the thread at the turn that an event names, be it over but for what it began."""
    thread = execution.threads.get(event.thread)
    if thread is None or thread.turn != event.turn:
        thread = execution.threads.get(tombstone(event.thread, event.turn))
    return thread


class Transition(StateBuilder):
    """One decision in the making."""

    def decision(self, event: Input) -> Decision:
        """Answer what an event comes to."""
        if isinstance(event, Requested):
            self.request(event)
        elif not self.execution.ended and (thread := addressed(self.execution, event)) is not None:
            self.take_safely(event, thread)
        opening = self.opening()
        if self.last is not None:
            state, step = self.last
            self.execution = copy_with(self.execution, state=state, step=step)
        return Decision(self.execution, self.to_call, (*opening, *self.records))

    def take_safely(self, event: Input, thread: Thread) -> None:
        """Carry out an event; what nobody has thought of fails the step, where it can be seen and caught."""
        try:
            self.take(event, thread)
        except Exception as error:  # noqa: BLE001 - a definition must not be able to stop the function that runs it
            self.execution, self.records, self.last, self.to_call = self.before, [], None, None
            self.fail(thread, InternalError(f"{type(error).__name__}: {error}"))

    def take(self, event: Input, thread: Thread) -> None:
        """Carry out what an event means to a thread at its turn; while paused nothing begins, and no timer counts."""
        paused = self.execution.paused
        match event, thread.status:
            case (Started() | StepDue(), Status.READY) if not paused:
                self.run(thread)
            case (CallSucceeded(result=result), Status.READY):
                self.answered(thread, result)
            case (CallFailed(), Status.READY):
                self.fail(thread, StepError(event.message, event.name, event.details, event.retry_after))
            case (Answered(), Status.READY | Status.WAITING_FOR_ANSWER):
                self.hear(event, thread)
            case (TimerFired(), _) if not paused and is_due(self.execution, thread, self.now):
                self.fire(thread)
            case (ChildEnded(), Status.WAITING_FOR_CHILDREN):
                self.child_ended(thread, event)
            case (ChildEnded(number=number), Status.OVER):
                self.forget(thread, number)
            case (WaitClosed(), Status.OVER):
                self.remove(thread)
            case (Poisoned(), status) if status is not Status.OVER:
                self.fail(thread, PoisonError())

    def opening(self) -> list[HistoryEntry]:
        """Record the start before the first thing that happens."""
        if self.before.state is not State.SUBMITTED or self.execution is self.before:
            return []
        root = self.before.threads[ROOT]
        first = HistoryEntry(
            self.before.started_at, State.SUBMITTED, ROOT, 0, self.before.step, actor=self.before.started_by
        )
        opening = [first, copy_with(first, state=State.STARTED, actor=None)]
        if self.begins(self.before, root):
            opening.append(copy_with(opening[-1], state=State.STEP_STARTED))
        self.last = self.last or (State.STEP_STARTED, self.before.step)
        return opening

    # -- one step

    def run(self, thread: Thread) -> None:
        """Let the thread run its step."""
        if self.execution.deadline is not None and self.now >= self.execution.deadline:
            self.time_out()
        elif thread.deadline is not None and self.now >= thread.deadline:
            self.fail(thread, StepTimeoutError())
        elif thread.claimed and thread.driver != self.driver:
            self.claim_again(thread)
        elif thread.join is not None:
            children: list[Json] = [child_id(self.execution, _awaiting(thread), n) for n in range(thread.join.total)]
            self.to_call = Call("gather", {"executions": children})
        else:
            try:
                if thread.attempt == 1 and not holds(self.definition, self.execution, thread):
                    self.skip(thread)
                else:
                    self.follow(thread)
            except StepError as error:
                self.fail(thread, error)

    def follow(self, thread: Thread) -> None:
        """Do what the step type says.

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
                self.succeed(thread, output)
            case Goto(target):
                self.succeed(thread, thread.incoming, target)
            case End(output):
                self.succeed(thread, output, None)
            case Sleep(until) if until <= thread.started_at:
                self.succeed(thread, thread.incoming)
            case Sleep(until):
                self.move(copy_with(thread, status=Status.WAITING, until=until))
            case Fork(first):
                total = len(self.definition.steps[thread.step].scopes)
                join = Join(total, first=first, at_once=total)
                self.begin(self.move(copy_with(thread, status=Status.JOINING, join=join)))
            case Spread():
                self.spread(thread, answer)
            case _:
                self.delegate(thread, answer)

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

    def delegate(self, thread: Thread, start: StartChild) -> None:
        """Wait for the child execution of a `workflow` step, within what one execution may start."""
        spawns = self.execution.spawns
        if spawns.since is None or self.now - spawns.since >= MINUTE:
            spawns = copy_with(spawns, since=self.now, recent=0)
        if self.execution.depth >= MAX_DEPTH:
            raise SpawnLimitError(
                f"executions nest {MAX_DEPTH} deep at most: does the definition start itself for ever?"
            )
        if spawns.total >= max(1, MAX_SPAWNS // spawns.share):
            raise SpawnLimitError(f"one execution starts at most {MAX_SPAWNS:,} others, those of its maps included")
        if spawns.recent >= max(1, MAX_SPAWNS_A_MINUTE // spawns.share):
            raise SpawnLimitError(f"one execution starts at most {MAX_SPAWNS_A_MINUTE:,} others in a minute")
        spawns = copy_with(spawns, total=spawns.total + 1, recent=spawns.recent + 1)
        self.execution = copy_with(self.execution, spawns=spawns)
        join = Join(1, begun=1, child=workflow_id(self.execution, thread, start), wait=start.wait)
        self.move(copy_with(thread, status=Status.WAITING_FOR_CHILDREN, join=join))

    def call(self, thread: Thread, wanted: Call) -> None:
        """Have it performed: what must not be done again, from a turn that is claimed for that."""
        if wanted.once and not thread.claimed:
            self.move(copy_with(thread, claimed=True))
        else:
            self.to_call = wanted

    def claim_again(self, thread: Thread) -> None:
        """Take over a turn that was claimed by another, if that one is known to have performed nothing."""
        if thread.driver is not None and thread.driver.handed:
            self.move(thread)
        else:
            self.fail(thread, InterruptedCallError())

    def skip(self, thread: Thread) -> None:
        """Go on as though the step were not there.

        Raises:
            InvalidOutputError: it was the last one, and what came in is no output.
        """
        if self.definition.steps[thread.step].next is None and thread.parent is None:
            self.check(thread.incoming)
        self.record(State.STEP_SKIPPED, thread)
        self.onward(thread, self.definition.steps[thread.step].next, thread.incoming)

    def answered(self, thread: Thread, result: Json) -> None:
        """Take the answer of what the turn performed."""
        if thread.deadline is not None and self.now >= thread.deadline:
            self.fail(thread, StepTimeoutError())
        elif thread.join is not None:
            assert isinstance(result, list)  # noqa: S101 - what is gathered is a list of lists
            self.succeed(thread, [each for part in result if isinstance(part, list) for each in part])
        elif (call := callback_of(self.definition, self.execution, thread)) is not None:
            wait = copy_with(
                thread, status=Status.WAITING_FOR_ANSWER, wait=AnswerWait(AnswerKind.CALLBACK), driver=self.driver
            )
            self.put(copy_with(wait, since=self.now, claimed=False, until=_after(self.now, call.heartbeat)))
        else:
            self.succeed(thread, result)

    def fire(self, thread: Thread) -> None:
        """Let the timer of a turn count: for whichever of its instants came first."""
        instants = [at for at in (thread.until, thread.deadline, self.execution.deadline) if at is not None]
        if thread.until == min(instants) and thread.status is Status.WAITING:
            self.succeed(thread, thread.incoming)
        elif thread.until == min(instants) and thread.wait is not None:
            self.overdue(thread, thread.wait)
        elif thread.until == min(instants):
            self.arrive(thread, thread.step, thread.incoming, attempt=thread.attempt + 1)
        elif thread.deadline == min(instants):
            self.fail(thread, StepTimeoutError())
        else:
            self.time_out()

    def succeed(self, thread: Thread, raw: Json, target: str | None = "") -> None:
        """Shape the step's result, leave it in the stash, and go on: where the step says, unless told otherwise."""
        step = self.definition.steps[thread.step]
        if is_partition_root(self.execution, thread):
            self.close(thread, State.SUCCEEDED, output=raw, failed=0 if thread.join is None else thread.join.failed)
            return
        target = step.next if target == "" else target
        try:
            result = raw if step.output is None else self.render(step.output, thread, raw, "output")
            stashed = {} if step.stash is None else self.stashed(step.stash, thread, result)
            size = size_of(result)
            if target is None and thread.parent is None:
                self.check(result)
        except StepError as error:
            self.fail(thread, error)
            return
        self.close_wait(thread)
        actor = answered_by(thread)
        self.record(State.STEP_SUCCEEDED, thread, result=result, stash=stashed, actor=actor, size=size)
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
            details: list[Json] = [{"pointer": problem.pointer, "message": problem.message} for problem in problems]
            raise InvalidOutputError(problems[0].message, details=details)

    def onward(self, thread: Thread, target: str | None, result: Json) -> None:
        """Go on at a step, or end the thread."""
        if target is not None:
            self.arrive(thread, target, result)
        elif thread.parent is None:
            self.close(thread, State.SUCCEEDED, output=result)
        else:
            self.joined(thread, result)

    def arrive(
        self, thread: Thread, step: str, incoming: Json, stash: Mapping[str, Json] | None = None, *, attempt: int = 1
    ) -> None:
        """Let a thread begin a step, or another attempt of its step; ``stash`` tells what it has just stashed."""
        begun = copy_with(
            thread,
            turn=thread.turn + 1,
            status=Status.READY,
            step=step,
            incoming=incoming,
            since=self.now,
            started_at=self.now,
            driver=self.driver,
            until=None,
            deadline=self.deadline(thread, step),
            attempt=attempt,
            tries=thread.tries if attempt > 1 else {},
            join=None,
            wait=None,
            claimed=False,
            items=None,
            results={},
        )
        self.put(begun)
        if stash or self.begins(self.execution, begun):
            self.record(State.STEP_STARTED, begun, stash=stash)

    def deadline(self, thread: Thread, path: str) -> datetime | None:
        """Tell when an attempt of a step that begins now is over time; a part of a `map` leaves that to the map."""
        step = self.definition.steps.get(path)
        if step is None or step.timeout is None or is_partition_root(self.execution, thread):
            return None
        return self.now + step.timeout

    def begins(self, execution: Execution, thread: Thread) -> bool:
        """Tell whether a step runs when its turn comes, rather than be skipped."""
        try:
            return thread.attempt > 1 or holds(self.definition, execution, thread)
        except StepError:
            return True

    # -- threads below threads

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

    # -- executions below executions

    def child_ended(self, thread: Thread, event: ChildEnded) -> None:
        """Take the end of a child execution, once; what it came to before it was driven on counts if it succeeded."""
        join, number = thread.join, str(event.number)
        assert join is not None  # noqa: S101 - the thread awaits
        succeeded = event.state is State.SUCCEEDED
        if number in thread.results or (event.begun and event.redrives < self.execution.redrives and not succeeded):
            return
        error = _of_child(event, child_id(self.execution, thread, event.number))
        if succeeded and join.child is not None:
            self.succeed(thread, event.output)
        elif succeeded:
            self.partition_ended(thread, join, number, event.failed)
        elif event.begun:
            own = event.error if join.child is None and event.state is State.FAILED else None
            self.fail(thread, error, heard={number: None}, failure=own)
        else:
            self.fail(copy_with(thread, status=Status.READY, join=None), error)

    def partition_ended(self, thread: Thread, join: Join, number: str, failed: int) -> None:
        """Count a part of a `map` that has ended, and go on to the next ones, or to gather what all came to."""
        join = copy_with(join, failed=join.failed + failed)
        if join.failed > join.tolerate:
            self.fail(thread, _too_many(join.failed, join), heard={number: failed})
            return
        thread = copy_with(thread, join=join, results={**thread.results, number: failed})
        if len(thread.results) == join.total:
            self.move(copy_with(thread, status=Status.READY))
        elif len(thread.results) == join.begun:
            begun = min(join.total, join.begun + join.at_once)
            self.put(copy_with(thread, join=copy_with(join, begun=begun), driver=self.driver, control_epoch_owed=0))
        else:
            self.put(thread)

    def forget(self, thread: Thread, number: int) -> None:
        """Hear that a child execution has ended which nobody waits for any more."""
        results = {**thread.results, str(number): None}
        if thread.join is not None and len(results) < thread.join.begun:
            self.put(copy_with(thread, results=results))
        else:
            self.remove(thread)

    # -- answers from outside

    def ask(self, thread: Thread, wanted: WaitForAnswer) -> None:
        """Wait for an answer, unless it has come before."""
        if (signal := self.signal(wanted)) is not None:
            self.take_signal(copy_with(signal, taken=True, value=None))
            answer = Answer(self.now, signal.by, signal.value, key=signal.id)
            self.succeed(copy_with(thread, wait=AnswerWait(wanted.what, signal.name, answer=answer)), signal.value)
            return
        name, key = wanted.params.get("name"), wanted.params.get("key")
        wait = AnswerWait(wanted.what)
        if wanted.what is AnswerKind.EVENT:
            wait = copy_with(wait, name=str(name), event_key=None if key is None else str(key))
        until = wanted.until or _after(self.now, wanted.heartbeat)
        self.move(copy_with(thread, status=Status.WAITING_FOR_ANSWER, wait=wait, until=until))

    def hear(self, event: Answered, thread: Thread) -> None:
        """Take an answer that the turn waits for, be it that the call which asks for it is still under way."""
        wait = thread.wait or AnswerWait(AnswerKind.CALLBACK)
        match event, wait.what:
            case (CallbackSucceeded(result=result), AnswerKind.CALLBACK):
                self.succeed(thread, result)
            case (CallbackFailed(), AnswerKind.CALLBACK):
                heard = copy_with(wait, answer=Answer(self.now))
                self.fail(copy_with(thread, wait=heard), StepError(event.message, event.name, event.details))
            case (HeartbeatReceived(), AnswerKind.CALLBACK) if thread.wait is not None:
                self.alive(thread)
            case (TaskCompleted(result=result, actor=actor, key=key), AnswerKind.TASK):
                answer = Answer(self.now, actor, result, key=key)
                self.succeed(copy_with(thread, wait=copy_with(wait, answer=answer)), result)
            case (TaskRejected(reason=reason, actor=actor, key=key), AnswerKind.TASK):
                answer = Answer(self.now, actor, reason=reason, rejected=True, key=key)
                error = StepError(reason or "the task was rejected", "task.Rejected", {"by": actor, "reason": reason})
                self.fail(copy_with(thread, wait=copy_with(wait, answer=answer)), error)
            case (WaitRefused(message=message), AnswerKind.EVENT):
                self.fail(thread, StepError(message, "event.TooManyWait"))
            case (SignalReceived(result=result, actor=actor), AnswerKind.EVENT):
                answer = Answer(self.now, actor, key=event.id)
                self.succeed(copy_with(thread, wait=copy_with(wait, answer=answer)), result)

    def alive(self, thread: Thread) -> None:
        """Wait for the next sign of life; the turn stays, so the token does."""
        heartbeat = heartbeat_of(self.definition, self.execution, thread)
        if heartbeat is not None:
            self.put(copy_with(thread, since=self.now, until=self.now + heartbeat))

    def overdue(self, thread: Thread, wait: AnswerWait) -> None:
        """Do what is to be done where nobody has answered in time."""
        if wait.what is not AnswerKind.TASK:
            self.fail(thread, HeartbeatTimeoutError())
            return
        task = outcome(self.definition, self.execution, thread)
        due: Any = task.params["due"] if isinstance(task, WaitForAnswer) else {}
        match due.get("then", "fail"):
            case "continue":
                self.succeed(thread, due.get("value"))
            case "reassign":
                late = copy_with(wait, overdue=True)
                self.put(copy_with(thread, wait=late, until=None, since=self.now, driver=self.driver))
            case _:
                self.fail(thread, OverdueError())

    def send_event(self, event: SignalSent) -> None:
        """Give an event that was sent to the execution to the step that has waited for it longest, or keep it."""
        signal = Signal(event.id, event.name, event.until, event.result, event.actor)
        if any(known.id == signal.id for known in self.execution.mailbox):
            return
        for thread in sorted(self.execution.threads.values(), key=lambda thread: thread.since):
            wanted = awaited_event(self.definition, self.execution, thread)
            if wanted is not None and wanted.params["name"] == signal.name and takes(wanted, signal.value):
                self.take_signal(copy_with(signal, taken=True, value=None))
                self.hear(SignalReceived(*thread.key, signal.value, signal.id, signal.by), thread)
                return
        if sum(not known.taken for known in self.execution.mailbox) < MAX_SIGNALS:
            self.take_signal(signal)

    def signal(self, wanted: WaitForAnswer) -> Signal | None:
        """Find the oldest event in the mailbox that a step can take."""
        if wanted.what is not AnswerKind.EVENT:
            return None
        fresh = (each for each in self.execution.mailbox if not each.taken and each.until > self.now)
        return next((each for each in fresh if each.name == wanted.params["name"] and takes(wanted, each.value)), None)

    def take_signal(self, signal: Signal) -> None:
        """Keep an event, or that it was taken; what is kept for too long goes, or was taken before many others."""
        fresh = [each for each in self.execution.mailbox if each.id != signal.id and each.until > self.now]
        taken = [each.id for each in (*fresh, signal) if each.taken][:-MAX_TAKEN]
        self.execution = copy_with(self.execution, mailbox=tuple(e for e in (*fresh, signal) if e.id not in taken))

    # -- failures

    def fail(
        self,
        thread: Thread,
        error: StepError,
        heard: Mapping[str, Json] | None = None,
        failure: Failure | None = None,
    ) -> None:
        """Fail a step, and outwards what it is nested in, up to whatever handles the failure.

        ``heard`` is what the last child execution came to: it needs not be told, unless all are driven on again;
        ``failure`` what happened to a step inside, where that is known.
        """
        failure = failure or Failure(error.name, str(error), thread.step, thread.attempt, error.details)
        origin = thread.id
        self.put(thread)
        self.record(State.STEP_FAILED, thread, error=failure, actor=answered_by(thread))
        told = copy_with(thread, results={**thread.results, **(heard or {})})
        while not self.handled(told, failure, error.retry_after if told.id == origin else None):
            if thread.parent is None:
                self.close(thread, State.FAILED, error=failure)
                return
            parent = self.execution.threads[thread.parent]
            assert parent.join is not None  # noqa: S101 - it has forked this thread
            if parent.join.failed < parent.join.tolerate:
                self.tolerate(parent, parent.join, told, failure)
                return
            if parent.join.tolerate:
                failed = parent.join.failed + 1
                failure = copy_with(failure, name=ItemsFailedError.name, message=str(_too_many(failed, parent.join)))
            thread = told = parent
            self.record(State.STEP_FAILED, thread, error=failure)

    def handled(self, thread: Thread, failure: Failure, retry_after: float | None = None) -> bool:
        """Try again, or go on where a failure is caught; the parts of a `map` leave that to the map."""
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
            self.move(copy_with(fresh, wait=None, claimed=False, until=self.now + retry.delay))
            return True
        for catch in step.catch:
            if matches(failure.name, catch.errors):
                self.abandon(thread)
                stashed: dict[str, Json] = {catch.stash: failure_json(failure)} if catch.stash else {}
                caught = copy_with(thread, error=failure, stash={**thread.stash, **stashed})
                self.arrive(caught, catch.next, thread.incoming, stashed)
                return True
        return False

    def tolerate(self, parent: Thread, join: Join, thread: Thread, failure: Failure) -> None:
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

    # -- requests

    def request(self, event: Requested) -> None:
        """Do what somebody, or the parent execution, wants; what the parent wanted before something else is void."""
        item = self.execution
        if event.turn and event.turn <= item.parent_epoch:
            return
        again = isinstance(event, ResumeRequested) and event.redrives > item.redrives
        if event.turn and (again or not item.ended) and item.state is not State.SUCCEEDED:
            self.execution = copy_with(item, parent_epoch=event.turn)
        match event:
            case CancelRequested() if not item.ended:
                self.close(item.threads[ROOT], State.CANCELLED, actor=event.actor)
            case PauseRequested() if not item.ended and not item.paused:
                self.pause(event.actor)
            case RedriveRequested() if item.ended and item.state is not State.SUCCEEDED:
                self.redrive(event, item.redrives + 1)
            case ResumeRequested() if again and item.ended and item.state is not State.SUCCEEDED:
                self.redrive(RedriveRequested(turn=event.turn, version=event.version), event.redrives)
            case SignalSent() if not item.ended:
                self.send_event(event)
            case ResumeRequested() if not item.ended:
                self.keep_up(event)
                if item.paused:
                    self.resume(event.actor)

    def keep_up(self, event: ResumeRequested) -> None:
        """Take part in the parent's redrive though it never ended, with its version if that has all the steps."""
        item = self.execution
        if event.redrives <= item.redrives:
            return
        known = all(thread.step in self.definition.steps for thread in item.threads.values())
        version = event.version if event.version is not None and known else item.definition_version
        self.execution = copy_with(item, redrives=event.redrives, definition_version=version)

    def pause(self, actor: str | None) -> None:
        """Let everything stand still; child executions are told to."""
        self.record(State.PAUSED, self.execution.threads[ROOT], actor=actor)
        self.execution = copy_with(self.execution, paused_at=self.now, control_epoch=self.execution.version + 1)
        self.take_over()

    def resume(self, actor: str | None) -> None:
        """Let everything go on; a wait that is over ends at once, but no attempt's time has run meanwhile."""
        since, item = self.execution.paused_at or self.now, self.execution
        deadline = None if item.deadline is None else item.deadline + (self.now - since)
        self.execution = copy_with(item, paused_at=None, control_epoch=item.version + 1, deadline=deadline)
        self.record(State.STARTED, self.execution.threads[ROOT], actor=actor)
        self.take_over()
        for thread in item.threads.values():
            if thread.deadline is not None:
                stood = self.now - max(since, thread.started_at)
                self.put(copy_with(self.execution.threads[thread.id], deadline=thread.deadline + stood))

    def take_over(self) -> None:
        """Drive every thread, so that what each asks for is sent."""
        order = self.execution.control_epoch
        threads = {
            name: copy_with(
                thread,
                driver=self.driver,
                control_epoch_owed=order if thread.status is Status.WAITING_FOR_CHILDREN else 0,
            )
            for name, thread in self.execution.threads.items()
        }
        self.execution = copy_with(self.execution, threads=threads)

    def redrive(self, event: RedriveRequested, redrives: int) -> None:
        """Go on after the end: from where it stopped, or at a step of the first thread."""
        item = self.execution
        wanted = [thread.step for thread in item.threads.values() if thread.status is not Status.OVER]
        lost = any(step not in self.definition.steps for step in ([event.step] if event.step else wanted))
        root = item.threads[ROOT]
        if lost and item.partition is None:
            return
        out = {name for name, value in event.stash.items() if value is None}
        stash = {name: value for name, value in {**root.stash, **event.stash}.items() if name not in out}
        version = event.version or item.definition_version
        timeout = None if item.partition is not None else self.definition.timeout
        edited = bool(event.stash) or event.version is not None
        kept = {name: self.keep_items(thread) if edited else thread for name, thread in item.threads.items()}
        self.execution = copy_with(
            item,
            definition_version=version,
            threads={**kept, ROOT: copy_with(kept[ROOT], stash=stash)},
            stash={},
            output=None,
            error=None,
            ended_at=None,
            control_epoch=item.version + 1,
            redrives=redrives,
            deadline=None if timeout is None else self.now + timeout,
            state=State.STARTED,
        )
        change = _change(event, item, root, version)
        self.record(State.STARTED, root, actor=event.actor, change=change)
        if event.step is not None:
            root = copy_with(root, stash=stash)
            self.abandon(root)
            self.arrive(copy_with(root, error=None), event.step, event.incoming)
            return
        if lost:
            self.anew(self.execution.threads[ROOT])
            return
        for name in list(self.execution.threads):
            if (thread := self.execution.threads.get(name)) is not None:
                self.revive(thread, edited=edited)

    def fits(self, thread: Thread, join: Join) -> bool:
        """Tell whether a step still has the branches, or the number of items, with which it began.

        A large `map` must not read more than what its parts were handed on, either.
        """
        if join.child is not None:
            return True
        step = self.definition.steps[thread.step]
        if not join.listed:
            begun = {other.branch for other in self.execution.threads.values() if other.parent == thread.id}
            return len(step.scopes) == join.total and begun | thread.results.keys() <= step.scopes.keys()
        try:
            items = items_of(self.definition, self.execution, thread)
        except StepError:
            return False
        read = read_below(self.definition, thread.step).split()
        return len(items) == join.items and (thread.status is Status.JOINING or set(read) <= set(join.reads.split()))

    def keep_items(self, thread: Thread) -> Thread:
        """Keep the items of a `map` that has begun, before what they are made from changes."""
        if thread.join is None or not thread.join.listed or thread.status is Status.OVER or thread.items is not None:
            return thread
        try:
            return copy_with(thread, items=list(items_of(self.definition, self.before, thread)))
        except StepError:
            return thread

    def revive(self, thread: Thread, *, edited: bool) -> None:
        """Let a thread go on as it stood at the end; a step that was not done begins anew."""
        deadline = self.deadline(thread, thread.step)
        late = thread.deadline is not None and thread.deadline <= self.now
        join = thread.join
        workflow = join is not None and join.child is not None
        match thread.status:
            case Status.OVER:
                return
            case Status.JOINING | Status.WAITING_FOR_CHILDREN if (
                edited and join is not None and not self.fits(thread, join)
            ):
                self.anew(thread)
            case Status.JOINING if join is not None and len(thread.results) >= (1 if join.first else join.total):
                self.finish(thread, join)
            case Status.RETRYING:
                self.put(copy_with(thread, driver=self.driver))
            case Status.READY if join is not None:
                self.put(copy_with(thread, driver=self.driver, deadline=deadline))
            case Status.WAITING_FOR_CHILDREN if not (edited and workflow):
                self.put(
                    copy_with(
                        thread, driver=self.driver, deadline=deadline, control_epoch_owed=self.execution.control_epoch
                    )
                )
            case Status.JOINING:
                self.put(copy_with(thread, driver=self.driver, deadline=deadline))
            case Status.WAITING if not late:
                self.put(copy_with(thread, driver=self.driver, deadline=deadline))
            case Status.WAITING_FOR_ANSWER if not late and self.is_open(thread):
                self.put(copy_with(thread, driver=self.driver, deadline=deadline))
            case _:
                self.anew(thread)

    def is_open(self, thread: Thread) -> bool:
        """Tell whether the answer that a thread waited for at the end can still come; a task was taken back then."""
        wait = thread.wait
        silent = thread.until is not None and thread.until <= self.now
        return wait is not None and wait.what is not AnswerKind.TASK and wait.answer is None and not silent

    def anew(self, thread: Thread) -> None:
        """Let a step begin as though it had never been tried."""
        self.abandon(thread)
        self.arrive(thread, thread.step, thread.incoming)


def _after(now: datetime, time: timedelta | None) -> datetime | None:
    return None if time is None else now + time


def _awaiting(thread: Thread) -> Thread:
    """Answer a thread that gathers as it was when it awaited: its child executions are named after that turn."""
    return copy_with(thread, turn=thread.turn - 1)


def _of_child(event: ChildEnded, name: str) -> StepError:
    """Make the error of a step whose child execution failed."""
    if event.error is not None and event.state is State.FAILED:
        cause: dict[str, Json] = {"step": event.error.step, "details": event.error.details}
        details: Json = {"execution": name, **cause} if event.begun else event.error.details
        return StepError(event.error.message, event.error.name, details)
    ended = "TimedOut" if event.state is State.TIMED_OUT else "Cancelled"
    return StepError(f"the execution {name} was not finished", f"workflow.{ended}", {"execution": name})


def _too_many(failed: int, join: Join) -> StepError:
    return ItemsFailedError(f"{failed} items failed or more, and {join.tolerate} are tolerated")


def _change(event: RedriveRequested, item: Execution, root: Thread, version: int) -> dict[str, Json]:
    """Tell what a redrive changes, from and to."""
    change: dict[str, Json] = {}
    if version != item.definition_version:
        change["version"] = {"from": item.definition_version, "to": version}
    if event.step is not None:
        change["step"] = {"from": item.step, "to": event.step}
    if event.stash:
        change["stash"] = {name: {"from": root.stash.get(name), "to": to} for name, to in event.stash.items()}
    return change
