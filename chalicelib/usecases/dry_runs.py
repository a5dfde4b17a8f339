"""Dry runs: a definition, or one step of it, run by the engine in memory with mocks for everything outside.

Time is skipped, nothing is called, and nothing is written anywhere. The same plan always comes to the same.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from chalicelib.adapters.memory.incidents import MemoryIncidents
from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.stores import MemoryClock, MemoryExecutions, MemoryQueue, QueueMessage
from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.core.definitions.model import AnswerKind, Call, Definition, WaitForAnswer
from chalicelib.core.dryruns.mock import CALLBACK, Reply, name_of
from chalicelib.core.dryruns.single_step import BEYOND, is_beyond
from chalicelib.core.executions.decide import decide
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.executions.inputs import CallFailed, CallSucceeded, Decision, Input, Message, Started
from chalicelib.core.executions.model import ROOT, Driver, Execution, State, Status, Thread, failure_json
from chalicelib.core.executions.scope import outcome
from chalicelib.core.executions.waiting import AnswerWait
from chalicelib.core.records.codec import read_message
from chalicelib.core.records.history import chained, newest
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.errors import DryRunLimitError, InvalidError
from chalicelib.core.values.json import Json, Problem, encode, parse_instant
from chalicelib.core.values.value import copy_with
from chalicelib.engine.children import gatherer
from chalicelib.engine.due_sweep import DueSweep
from chalicelib.engine.invocation import ApiInvocation, Invocation, StartInvocation
from chalicelib.engine.model import INLINE_TURNS, SWEEP_WITHIN, Budget, Delivery, Dependencies
from chalicelib.engine.signals import Signals
from chalicelib.ports import Clock, Definitions
from chalicelib.usecases.dry_run_plan import SUFFIX, Bounds, DryRun, DryRunPlan, Stage
from chalicelib.usecases.dry_run_ports import FOR_EVER, MockedCalls, SilenceError, Turn, WeighedHistory

if TYPE_CHECKING:
    from chalicelib.core.executions.estimate import EstimatedCost

TURNS_AT_ONCE = 100
"""After which the time that it has really taken is looked at."""


def dry_run(
    definitions: Definitions,
    plan: DryRunPlan,
    start: datetime,
    clock: Clock | None = None,
    bounds: Bounds | None = None,
) -> DryRun:
    """Run a plan.

    Args:
        definitions: the tenant's; they are only read.
        plan: what to run.
        start: the instant at which it begins.
        clock: tells the time that is really taken; None: that has no bound.
        bounds: what it may take.

    Raises:
        DefinitionNotFoundError: there is no such definition, or version of it.
        InvalidInputError: with every error of the input against the schema.
        InvalidError: there is no such step, or the mocks are not right, or do not pass the schema of a task or event.
        DryRunLimitError: it does not come to an end.
    """
    stage = Stage(definitions, plan)
    submitted = stage.submitted(start)
    return _World(stage, start, clock, bounds or Bounds()).run(submitted)


class _World:
    """Memory, mocks, and time that is skipped.

    ``live`` are the executions that have not ended, ``ahead`` all as they were decided last;
    ``calls`` those that were answered, by turn, ``open`` the others;
    ``given`` the answers that turns were given, so that a turn which is run twice has the same one.
    """

    def __init__(self, stage: Stage, start: datetime, clock: Clock | None, bounds: Bounds) -> None:
        self.stage = stage
        self.clock = MemoryClock(start)
        self.queue = MemoryQueue(self.clock, receives=FOR_EVER)
        self.executions = MemoryExecutions()
        self.history = WeighedHistory(self.weigh)
        self.dependencies = Dependencies(
            executions=self.executions,
            definitions=stage,
            history=self.history,
            queue=self.queue,
            tasks=MemoryTasks(),
            signals=Signals(MemorySignals(), self.clock),
            incidents=MemoryIncidents(),
            clock=self.clock,
            calls=lambda: MockedCalls(self.call),
            decide=self.decide,
            inline_turns=INLINE_TURNS,
        )
        self.gather = gatherer(self.executions)
        self.watch, self.bounds, self.began = clock, bounds, None if clock is None else clock.now()
        self.left = bounds.turns
        self.size = 0
        self.numbers = count(1)
        self.live: dict[str, Execution] = {}
        self.ahead: dict[str, Execution] = {}
        self.calls: dict[Turn, dict[str, Json]] = {}
        self.open: dict[Turn, dict[str, Json]] = {}
        self.given: dict[tuple[str, Turn], Reply | None] = {}

    def run(self, submitted: Execution) -> DryRun:
        """Run an execution until it ends, or nothing more can happen."""
        if self.stage.step is not None or not self.starts(submitted):
            self.executions.create(submitted)
            self.queue.send([Message(submitted.id, Started())])
        self.look(submitted.id)
        while self.step():
            self.check()
        return self.result(submitted.id)

    def starts(self, submitted: Execution) -> bool:
        """Run it where it is started, as far as that takes nobody else; tell whether that was done."""
        return StartInvocation(self.dependencies, submitted, self.token()).result() is not None

    def step(self) -> bool:
        """Let one thing happen: a delivery, an answer, or else that time passes; answer whether anything has."""
        self.left -= 1
        if visible := self.queue.visible():
            self.deliver(min(visible, key=lambda message: message.visible_at))
            return True
        return self.answer() or (bool(self.live) and not self.lacks_mocks() and self.pass_time())

    def check(self) -> None:
        """Stop what takes too long.

        Raises:
            DryRunLimitError: it does.
        """
        watch, began = self.watch, self.began
        seconds = 0.0 if watch is None or began is None else (watch.now() - began).total_seconds()
        if self.left < 0 or seconds > self.bounds.seconds:
            at = (
                ", ".join(sorted({t.step for e in (self.live or self.ahead).values() for t in e.threads.values()}))
                or "its start"
            )
            raise DryRunLimitError(self.bounds.unended(at, is_late=self.left >= 0))

    def decide(self, definition: Definition, item: Execution, said: Input, now: datetime, driver: Driver) -> Decision:
        """Decide, if there is time left: a turn can take half a second."""
        self.check()
        decision = decide(definition, item, said, now, driver)
        self.ahead[item.id] = decision.execution
        return decision

    def weigh(self, size: int) -> None:
        """Count what is kept.

        Raises:
            DryRunLimitError: it is too much.
        """
        self.size += size
        if self.size > self.bounds.size:
            raise DryRunLimitError(self.bounds.too_large())

    def deliver(self, queued: QueueMessage) -> None:
        """Deliver a message; one under which calls are left open comes again when the first is over its time."""
        received = self.queue.receive(queued)
        message = read_message(json.loads(received.body))
        budget = Budget(self.clock.now() + timedelta(minutes=1), TURNS_AT_ONCE, looks_every=None)
        delivery = Delivery(queued.id, message, received.receives)
        invocation = Invocation(self.dependencies, queued.id, [delivery], budget)
        try:
            self.queue.delete("", sorted(invocation.run()))
        except SilenceError as silence:
            if silence.until is None:
                self.queue.delete("", [queued.id])
            else:
                queued.visible_at = silence.until
        self.left -= invocation.turns
        self.look(message.execution)

    def look(self, execution_id: str) -> None:
        """Notice what has become of an execution."""
        item = self.executions.get(execution_id)
        if item is not None and not item.ended:
            self.live[execution_id] = item
        else:
            self.live.pop(execution_id, None)

    def stored(self, execution_id: str) -> Execution:
        """Read an execution that has been written.

        Raises:
            LookupError: it has not.
        """
        if (found := self.executions.get(execution_id)) is None:
            raise LookupError(execution_id)
        return found

    def lacks_mocks(self) -> bool:
        """Tell whether something is waited for that has no mock: time must not pass then."""
        return any(self.reply(name, _turn(item, thread)) is None for item, thread, name in self.waiting())

    def pass_time(self) -> bool:
        """Go on to the next instant at which something can happen; answer whether there is one."""
        due = self.executions.due_times
        instants = [*(message.visible_at for message in self.queue.messages.values()), *due.values()]
        if not instants:
            return False
        self.clock.instant = max(self.clock.now(), min(instants))
        if min(due.values(), default=datetime.max.replace(tzinfo=UTC)) <= self.clock.now():
            DueSweep(self.dependencies, self.token(), self.clock.now() + SWEEP_WITHIN).run_shard("")
        return True

    def token(self) -> str:
        """Name a request."""
        return f"{SUFFIX}-{next(self.numbers)}"

    def call(self, turn: Turn, wanted: Call, key: CallKey) -> CallSucceeded | CallFailed | None:
        """Answer a call; None: nobody does."""
        execution, thread, number = turn
        if wanted.kind == "gather":
            return CallSucceeded(thread, number, self.gather(wanted.params))
        item = self.ahead.get(execution) or self.stored(
            execution
        )  # a repeatable call is made before its turn is written
        step, attempt = self.name(item, item.threads[thread].step), item.threads[thread].attempt
        reply = self.reply(step, turn)
        call: dict[str, Json] = {
            "step": step,
            "kind": wanted.kind,
            "params": wanted.params,
            "key": str(key),
            "attempt": attempt,
        }
        if reply is None or reply.is_silence:
            self.open[turn] = call
        if reply is not None and turn not in self.calls:
            self.weigh(len(encode(call)))
            self.calls[turn] = call
        return None if reply is None or reply.is_silence else reply.of_call(thread, number)

    def answer(self) -> bool:
        """Answer the thread that has waited longest of those that somebody answers; tell whether there is one."""
        for item, thread, name in sorted(self.waiting(), key=lambda each: each[1].since):
            reply = self.reply(name, _turn(item, thread))
            if isinstance(thread.wait, AnswerWait) and reply is not None and not reply.is_silence:
                self.check_reply(item, thread, reply)
                turn = thread.visit if thread.wait.what is AnswerKind.CALLBACK else thread.turn
                event = reply.to_wait(thread.wait.what, thread.id, turn)
                ApiInvocation(self.dependencies, item.id, event, self.token()).result()
                self.look(item.id)
                return True
        return False

    def check_reply(self, item: Execution, thread: Thread, reply: Reply) -> None:
        """Refuse an answer that nobody could give.

        Raises:
            InvalidError: it does not pass the schema of the task or the event, or is of somebody who must not do it.
        """
        wanted = outcome(self.definition(item), item, thread)
        if not isinstance(wanted, WaitForAnswer) or wanted.what is AnswerKind.CALLBACK:
            return
        excluded = wanted.params.get("not")
        if reply.by is not None and reply.by in (excluded if isinstance(excluded, list) else [excluded]):
            raise InvalidError(problems=[Problem(f"{reply.pointer}/by", f"{reply.by} must not do it: see its 'not'")])
        if "result" in reply.members:
            schema = wanted.params.get("schema" if wanted.what is AnswerKind.EVENT else "inputSchema", True)
            found = compile_schema(schema).problems(reply.members["result"])
            if found:
                raise InvalidError(problems=[copy_with(p, pointer=f"{reply.pointer}/result{p.pointer}") for p in found])

    def waiting(self) -> Iterator[tuple[Execution, Thread, str]]:
        """Walk over the threads for which somebody outside is to do something, and what mocks call that."""
        for item in self.live.values():
            for thread in item.threads.values():
                if thread.status is Status.WAITING_FOR_ANSWER and not is_beyond(thread):
                    yield item, thread, self.name(item, thread.step) + self.suffix(item, thread)
                elif _turn(item, thread) in self.open:
                    yield item, thread, self.name(item, thread.step)

    def suffix(self, item: Execution, thread: Thread) -> str:
        """Tell apart the answer to a call and the answer to whom it gave the token."""
        calls = isinstance(outcome(self.definition(item), item, thread), Call)
        return CALLBACK if calls else ""

    def reply(self, name: str, turn: Turn) -> Reply | None:
        """Take the answer to a turn from the mocks, once; None: there is none."""
        if (name, turn) not in self.given:
            self.given[name, turn] = self.stage.mocks.take(name)
        return self.given[name, turn]

    def name(self, item: Execution, path: str) -> str:
        """Name a step as mocks do."""
        return name_of(self.stage.tested, item.definition_id, path)

    def definition(self, item: Execution) -> Definition:
        """Answer what an execution runs."""
        return self.stage.get(item.tenant_id, item.definition_id, item.definition_version)

    def result(self, execution_id: str) -> DryRun:
        """Tell what came of it."""
        item = self.stored(execution_id)
        root = item.threads[ROOT]
        history = [each for each in self.records(item) if not str(each["step"]).endswith(BEYOND)]
        self.history.fill(item.tenant_id, history, math.inf)
        began = [str(each["step"]) for each in history if (each["state"], each["attempt"]) == (State.STEP_STARTED, 1)]
        until = item.ended_at or (parse_instant(str(history[-1]["time"])) if history else item.started_at)
        unanswered = [self.view(*each) for each in self.waiting()]
        waits = bool(unanswered) and not item.ended and not item.paused
        found = DryRun(
            state=(State.STEP_STARTED if waits else item.state).value,
            output=item.output,
            error=None if item.error is None else failure_json(item.error),
            stash=dict(item.stash if item.ended else root.stash),
            elapsed=(until - item.started_at).total_seconds(),
            calls=[*self.calls.values()],
            unanswered=unanswered,
            history=history,
            path=began or [item.step],
            cost=None if self.stage.step is not None else self.cost(),
        )
        if not is_beyond(root):
            return found
        last = history[-1]
        return copy_with(
            found,
            state=str(last["state"]),
            output=root.incoming,
            error=last.get("error"),
            next=root.step.removesuffix(BEYOND),
        )

    def records(self, item: Execution) -> list[dict[str, Json]]:
        """Read the history of an execution."""
        rows = [] if item.head is None else chained(self.history.read(item.id, "", FOR_EVER), item.head)
        rows += [row for row in (newest(item),) if row is not None]
        return [each for row in rows for each in row.records]

    def cost(self) -> "EstimatedCost":
        """Count what it would cost, with its child executions, as the engine counts."""
        from chalicelib.core.executions.estimate import EstimatedCost, counted  # noqa: PLC0415 - few requests run anything

        items = [self.stored(name) for name in self.executions.items]
        found = [(item.id, each) for item in items for each in self.records(item)]
        steps = sum((each["state"], each["attempt"]) == (State.STEP_STARTED, 1) for _, each in found)
        turns = len({(name, each["thread"], each["turn"]) for name, each in found})
        longest = Counter[str]()
        for (name, _), calls in Counter((name, thread) for name, thread, _ in self.calls).items():
            longest[name] = max(longest[name], calls)
        done = EstimatedCost(steps=steps, turns=turns, calls=len(self.calls), waited=longest.total())
        return counted([item.cost for item in items], done)

    def view(self, item: Execution, thread: Thread, name: str) -> dict[str, Json]:
        """Tell what a thread waits for."""
        if (unanswered := self.open.get(_turn(item, thread))) is not None:
            return {"step": name, "for": unanswered["kind"], "params": unanswered["params"]}
        params: Json = None
        match outcome(self.definition(item), item, thread):
            case Call() as call:
                params = call.params
            case WaitForAnswer() as wanted:
                params = dict(wanted.params)
        what = thread.wait.what.value if isinstance(thread.wait, AnswerWait) else None
        return {"step": name, "for": what, "params": params}


def _turn(item: Execution, thread: Thread) -> Turn:
    return item.id, *thread.key
