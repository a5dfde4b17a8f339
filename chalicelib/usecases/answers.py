"""What other systems say: answers with a token, and signals."""

from collections.abc import Callable, Sequence

from chalicelib.core.definitions.model import AnswerKind, WaitForAnswer
from chalicelib.core.executions.decide import addressed
from chalicelib.core.executions.inputs import (
    Answered,
    CallbackFailed,
    CallbackSucceeded,
    HeartbeatReceived,
    Message,
    Requested,
    SignalPublished,
    SignalReceived,
    SignalSent,
)
from chalicelib.core.executions.model import Execution, Signal, Status, Thread
from chalicelib.core.executions.scope import awaited_event, refusals
from chalicelib.core.executions.waiting import AnswerWait
from chalicelib.core.values.errors import ExecutionNotFoundError, InvalidError, StateError
from chalicelib.core.values.json import Json, Problem
from chalicelib.core.values.value import value
from chalicelib.core.waits.correlation import Waiter
from chalicelib.core.waits.token import Token
from chalicelib.engine.signals import Signals
from chalicelib.ports import Clock, Definitions, ExecutionStore, Queue

AGAIN_AFTER = 5
"""Seconds after which a published signal is looked at again, should whoever published it have died."""


@value
class AnswerService:
    """The use cases of other systems."""

    executions: ExecutionStore
    definitions: Definitions
    signals: Signals
    queue: Queue
    clock: Clock
    read_token: Callable[[str], Token]
    answer: Callable[[str, Answered], bool]
    """Folds an answer into an execution, writes and sends; tells whether that has changed the execution."""
    drive: Callable[[str, Requested], Execution | None]

    def succeed(self, text: str, result: Json) -> None:
        """Answer with a result.

        Raises:
            TokenError: sedo has not made this token, or it has expired.
            StateError: the token has been used, or its step is over.
            UnavailableError: it may be done, or not: ask again.
        """
        token = self.read_token(text)
        self._answer(token, CallbackSucceeded(token.thread, token.turn, result))

    def fail(self, text: str, name: str, message: str, details: Json) -> None:
        """Answer with an error.

        Raises:
            TokenError, StateError, UnavailableError: as :meth:`succeed`.
        """
        token = self.read_token(text)
        self._answer(token, CallbackFailed(token.thread, token.turn, name, message, details))

    def heartbeat(self, text: str) -> None:
        """Say that the answer is still to come.

        Raises:
            TokenError, StateError, UnavailableError: as :meth:`succeed`.
        """
        token = self.read_token(text)
        item = self.executions.get(token.execution)
        alive = HeartbeatReceived(token.thread, token.turn)
        thread = None if item is None or item.ended else addressed(item, alive)
        if thread is None or thread.status not in (Status.READY, Status.WAITING_FOR_ANSWER):
            raise _used(token)
        if thread.wait is not None and thread.wait.until is not None:
            self._answer(token, alive)

    def _answer(self, token: Token, answer: Answered) -> None:
        if not self.answer(token.execution, answer):
            raise _used(token)

    def send(self, tenant_id: str, execution_id: str, signal: Signal) -> Execution:
        """Send a signal to an execution: to the step that waits for it, or else to be kept; a repeat changes nothing.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            InvalidError: a step waits for it, and does not take what came with it.
            StateError: the execution has ended, or keeps as many signals as it can.
            UnavailableError: it may be done, or not: send it again with the same id.
        """
        item = self.executions.get(execution_id)
        if item is None or item.tenant_id != tenant_id:
            raise ExecutionNotFoundError(f"there is no execution {execution_id!r}")
        if not _has(item, signal):
            self._look(item, signal)
            sent = SignalSent(actor=signal.by, id=signal.id, name=signal.name, result=signal.value, until=signal.until)
            item = self.drive(execution_id, sent) or item
        if _has(item, signal):
            return item
        if item.ended:
            raise StateError(f"{execution_id} is {item.state} already: no step of it can take an event")
        raise StateError(f"{execution_id} keeps as many events as it can: wait until its steps have taken some")

    def _look(self, item: Execution, signal: Signal) -> None:
        """Refuse what no step takes that waits for it.

        Raises:
            InvalidError: no step does.
        """
        found = [self._wanted(item, thread) for thread in item.threads.values()] if not item.ended else []
        refused = [
            refusals(wanted, signal.value) for wanted in found if wanted and wanted.params["name"] == signal.name
        ]
        if refused and all(refused):
            raise InvalidError(problems=refused[0])

    def _wanted(self, item: Execution, thread: Thread) -> WaitForAnswer | None:
        """Find the signal that a thread waits for."""
        if not isinstance(thread.wait, AnswerWait) or thread.wait.what is not AnswerKind.EVENT:
            return None
        definition = self.definitions.get(item.tenant_id, item.definition_id, item.definition_version)
        return awaited_event(definition, item, thread)

    def publish(self, tenant_id: str, name: str, key: str, signal: Signal) -> str | None:
        """Send a signal to the step that has waited for its name and key longest, or else to be kept.

        Answers the execution that has got it, if one has. A repeat with the same id changes nothing.

        Raises:
            InvalidError: steps wait for it, and none takes what came with it; it is not kept.
            StateError: as many signals are kept as can be.
            UnavailableError: it may be done, or not: send it again with the same id.
        """
        message = Message(tenant_id, SignalPublished(name=name, key=key), delay=AGAIN_AFTER)
        self.queue.send([message])
        found = self.signals.match(tenant_id, name, key, signal, self._taker())
        if found.problems and found.waiter is None:
            raise InvalidError(problems=found.problems)
        self.deliver(tenant_id, name, key)
        return None if found.waiter is None else found.waiter.execution

    def deliver(self, tenant_id: str, name: str, key: str) -> None:
        """Give every signal that was matched to the execution that it is for; done twice it changes nothing.

        Raises:
            UnavailableError: a service did not answer; do it again.
        """
        again = True
        while again:
            self.signals.rematch(tenant_id, name, key, self._taker())
            matches = self.signals.matches(tenant_id, name, key)
            again = False
            for waiter, signal in matches:
                again = self._hand_over(tenant_id, name, key, waiter, signal) or again

    def _hand_over(self, tenant_id: str, name: str, key: str, waiter: Waiter, signal: Signal) -> bool:
        """Let a turn have its signal, or put away what it has had; tell whether others can have it now instead."""
        received = SignalReceived(waiter.thread, waiter.turn, signal.value, signal.id, signal.by)
        item = self.executions.get(waiter.execution)
        thread = None if item is None else addressed(item, received)
        if item is not None and thread is not None and thread.status is Status.WAITING_FOR_ANSWER and not item.ended:
            if self.answer(waiter.execution, received):
                return False
            item = self.executions.get(waiter.execution)
            thread = None if item is None else addressed(item, received)
        answer = thread.wait.answer if thread is not None and isinstance(thread.wait, AnswerWait) else None
        return self.signals.release(tenant_id, name, key, waiter, taken=None if answer is None else answer.key)

    def _taker(self) -> Callable[[Waiter, Json], Sequence[Problem] | None]:
        """Make what tells whether a thread still waits, and what is wrong for it with the data of a signal."""

        def problems(waiter: Waiter, value: Json) -> Sequence[Problem] | None:
            item = self.executions.get(waiter.execution)
            thread = None if item is None or item.ended else item.threads.get(waiter.thread)
            wanted = self._wanted(item, thread) if item is not None and thread is not None else None
            if wanted is None or thread is None or thread.turn != waiter.turn:
                return None
            return refusals(wanted, value)

        return problems


def _has(item: Execution, signal: Signal) -> bool:
    """Tell whether a signal has come to an execution."""
    return any(known.id == signal.id for known in item.mailbox)


def _used(token: Token) -> StateError:
    return StateError(f"the token is used, or its step is over: {token.execution} waits for it no longer")
