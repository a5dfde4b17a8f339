"""Answers from outside: callbacks, people's tasks, and signals."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from chalicelib.core.definitions.events import is_awaited_in_map
from chalicelib.core.definitions.model import AnswerKind, WaitForAnswer
from chalicelib.core.executions.identity import task_id
from chalicelib.core.executions.inputs import (
    Answered,
    CallbackFailed,
    CallbackSucceeded,
    HeartbeatReceived,
    SignalReceived,
    SignalSent,
    TaskCompleted,
    TaskRejected,
    WaitRefused,
)
from chalicelib.core.executions.model import Signal, State, Status, Thread
from chalicelib.core.executions.rules import Rules
from chalicelib.core.executions.scope import awaited_event, heartbeat_of, outcome, takes, takes_sent
from chalicelib.core.executions.waiting import Answer, AnswerWait, people
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import HeartbeatTimeoutError, OverdueError, StepError
from chalicelib.core.values.value import copy_with

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

MAX_SIGNALS = LIMITS.execution_signals
MAX_TAKEN = LIMITS.execution_signals_taken


class Answers(Rules):
    """How a thread waits for an answer, and takes it."""

    def ask(self, thread: Thread, wanted: WaitForAnswer) -> None:
        """Wait for an answer; an event that is in the mailbox already is taken at once."""
        if (signal := self.signal(thread, wanted)) is not None:
            self.take_signal(copy_with(signal, taken=True, value=None))
            answer = Answer(self.now, signal.by, signal.value, key=signal.id)
            self.succeed(copy_with(thread, wait=AnswerWait(wanted.what, signal.name, answer=answer)), signal.value)
            return
        name, key = wanted.params.get("name"), wanted.params.get("key")
        wait = AnswerWait(wanted.what, until=wanted.until or self.after(wanted.heartbeat))
        if wanted.what is AnswerKind.EVENT:
            if key is None and is_awaited_in_map(self.definition, str(name)):
                key = ""
            wait = copy_with(wait, name=str(name), event_key=None if key is None else str(key))
        self.move(copy_with(thread, status=Status.WAITING_FOR_ANSWER, wait=wait))

    def hear(self, event: Answered, thread: Thread) -> None:
        """Take an answer that the turn waits for, even while the call that hands out its token is still under way."""
        wait = thread.wait if isinstance(thread.wait, AnswerWait) else AnswerWait(AnswerKind.CALLBACK)
        match event, wait.what:
            case (CallbackSucceeded(result=result), AnswerKind.CALLBACK):
                self.succeed(thread, result)
            case (CallbackFailed(), AnswerKind.CALLBACK):
                error = StepError(event.message, event.name, event.details)
                self.fail(copy_with(thread, claimed_by=""), error)
            case (HeartbeatReceived(), AnswerKind.CALLBACK) if thread.status is Status.WAITING_FOR_ANSWER:
                self.alive(thread, wait)
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
                self.note_taken([event.id])
                answer = Answer(self.now, actor, key=event.id or None)
                self.succeed(copy_with(thread, wait=copy_with(wait, answer=answer)), result)

    def alive(self, thread: Thread, wait: AnswerWait) -> None:
        """Take a heartbeat, and wait for the next one; the turn stays, so the token is still valid."""
        heartbeat = heartbeat_of(self.definition, self.execution, thread)
        if heartbeat is not None:
            self.put(copy_with(thread, since=self.now, wait=copy_with(wait, until=self.now + heartbeat)))

    def overdue(self, thread: Thread, wait: AnswerWait) -> None:
        """Handle an answer that did not come in time: fail the step, or do what ``due.then`` of a task says."""
        if wait.what is not AnswerKind.TASK:
            self.fail(thread, HeartbeatTimeoutError())
            return
        task = outcome(self.definition, self.execution, thread)
        due: Any = task.params["due"] if isinstance(task, WaitForAnswer) else {}
        match due.get("then", "fail"):
            case "continue":
                self.succeed(thread, due.get("value"))
            case "reassign":
                about: dict[str, Json] = {"task": task_id(self.execution.id, thread.id, thread.turn)}
                about |= {name: [*people(due.get(name))] for name in ("assignees", "groups")}
                self.record(State.TASK_ESCALATED, thread, about=about)
                late = copy_with(wait, overdue=True, until=None)
                self.put(copy_with(thread, wait=late, since=self.now, driver=self.driver))
            case _:
                self.fail(thread, OverdueError())

    def send_event(self, event: SignalSent) -> None:
        """Give an event that was sent to the execution to the step that has waited for it longest, or keep it."""
        signal = Signal(event.id, event.name, event.until, event.result, event.actor, passed_on=event.passed_on)
        if any(known.id == signal.id for known in self.execution.mailbox):
            return
        self.note_taken(event.taken)
        for thread in sorted(self.execution.threads.values(), key=lambda thread: thread.since):
            wanted = None if event.passed_on else awaited_event(self.definition, self.execution, thread)
            if wanted is not None and self.is_for(thread, wanted, signal):
                self.take_signal(copy_with(signal, taken=True, value=None))
                self.hear(SignalReceived(*thread.key, signal.value, signal.id, signal.by), thread)
                return
        if sum(not known.taken and known.until > self.now for known in self.execution.mailbox) < MAX_SIGNALS:
            self.take_signal(signal)

    def signal(self, thread: Thread, wanted: WaitForAnswer) -> Signal | None:
        """Find the oldest event in the mailbox that a step can take."""
        if wanted.what is not AnswerKind.EVENT:
            return None
        here = (each for each in self.execution.mailbox if not each.taken and not each.passed_on)
        fresh = (each for each in here if each.until > self.now)
        return next((each for each in fresh if self.is_for(thread, wanted, each)), None)

    def is_for(self, thread: Thread, wanted: WaitForAnswer, signal: Signal) -> bool:
        """Tell whether a step takes an event that was sent to the execution."""
        is_named = wanted.params["name"] == signal.name and takes_sent(self.execution, thread, wanted)
        return is_named and takes(wanted, signal.value)

    def note_taken(self, taken: Collection[str]) -> None:
        """Mark events of the mailbox as taken that steps in partitions of a `map` have taken from a channel."""
        for signal in self.execution.mailbox:
            if signal.passed_on and not signal.taken and signal.id in taken:
                self.take_signal(copy_with(signal, taken=True))

    def take_signal(self, signal: Signal) -> None:
        """Put an event into the mailbox; drop those that have expired, and the oldest taken ones beyond MAX_TAKEN."""
        fresh = [each for each in self.execution.mailbox if each.id != signal.id and each.until > self.now]
        taken = [each.id for each in (*fresh, signal) if each.taken][:-MAX_TAKEN]
        self.execution = copy_with(self.execution, mailbox=tuple(e for e in (*fresh, signal) if e.id not in taken))
