"""The use cases of other systems: callbacks with a token, and events (signals)."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from chalicelib.core.definitions.events import event_names, is_awaited_in_map
from chalicelib.core.definitions.model import AnswerKind, Definition, WaitForAnswer
from chalicelib.core.executions.answers import MAX_SIGNALS
from chalicelib.core.executions.decide import addressed
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.inputs import (
    Answered,
    CallbackFailed,
    CallbackSucceeded,
    HeartbeatReceived,
    Requested,
    SignalReceived,
    SignalSent,
)
from chalicelib.core.executions.model import Execution, Signal, Status, Thread
from chalicelib.core.executions.scope import awaited_event, refusals, sent_to, takes_sent
from chalicelib.core.executions.waiting import AnswerWait
from chalicelib.core.limits import beyond
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.errors import (
    ExecutionNotFoundError,
    InvalidError,
    StateError,
    TooManyEventsError,
    UnavailableError,
    UnknownEventError,
)
from chalicelib.core.values.json import Json, Problem, brief
from chalicelib.core.values.value import copy_with, value
from chalicelib.core.waits.correlation import Channel, KeptSignal, Waiter, channel_of_sent
from chalicelib.core.waits.token import Token
from chalicelib.engine.signals import Published, Signals
from chalicelib.engine.waits import published, taken_elsewhere
from chalicelib.ports import Clock, Definitions, ExecutionStore, Queue


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

    def send(self, tenant_id: str, execution_id: str, signal: Signal) -> Signal:
        """Send a signal to an execution: to the step that waits for it, or else to be kept; a repeat changes nothing.

        Answers the signal as the execution has it. What a step inside of a `map` can wait for is passed on over a
        channel, as the items may run in executions of their own; what is kept there has a receipt in the execution.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            InvalidError: a step waits for it, and does not take what came with it.
            UnknownEventError: no step of its definition can take one of this name.
            StateError: the execution has ended, or keeps as many signals as it can.
            UnavailableError: it may be done, or not: send it again with the same id.
        """
        item = self.read_sent(tenant_id, execution_id)
        if not item.ended and _known(item, signal) is None:
            definition = self.definitions.get(item.tenant_id, item.definition_id, item.definition_version)
            self._know(definition, item, signal)
            if is_awaited_in_map(definition, signal.name) and not _waits_itself(item, signal):
                return self._pass_on(item, signal)
            self._look(item, signal)
            item = self._keep(item, signal)
        if (known := _known(item, signal)) is None:
            return self._taken_before(item, signal)
        return self._as_known_by_now(item, [known])[0]

    def read_sent(self, tenant_id: str, execution_id: str) -> Execution:
        """Read an execution, for the events that were sent to it; what is for a partition is sent to the whole.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            UnavailableError: the store did not answer.
        """
        item = self.executions.get(execution_id) if ExecutionId.is_of(tenant_id, execution_id) else None
        if item is not None and item.partition is not None:
            item = self.executions.get(sent_to(item))
        if item is None:
            raise ExecutionNotFoundError(f"there is no execution {execution_id!r}")
        return item

    def list_sent(self, tenant_id: str, execution_id: str) -> tuple[Execution, Sequence[Signal]]:
        """List the signals that an execution has: those that are kept, and the last ones that were taken.

        Raises:
            ExecutionNotFoundError, UnavailableError: as :meth:`read_sent`.
        """
        item = self.read_sent(tenant_id, execution_id)
        return item, self._as_known_by_now(item, item.mailbox)

    def _as_known_by_now(self, item: Execution, sent: Sequence[Signal]) -> Sequence[Signal]:
        """Answer signals as they stand by now: those that were passed on may have been taken."""
        taken = taken_elsewhere(self.signals, item.id, sent)
        return [copy_with(known, taken=known.taken or known.id in taken) for known in sent]

    def _keep(self, item: Execution, signal: Signal, **more: Any) -> Execution:  # noqa: ANN401 - members of an input
        """Let an execution take a signal, or keep it; answer the execution as it stands then."""
        sent = SignalSent(
            actor=signal.by, id=signal.id, name=signal.name, result=signal.value, until=signal.until, **more
        )
        return self.drive(item.id, sent) or item

    def _pass_on(self, item: Execution, signal: Signal) -> Signal:
        """Give a signal to who waits for it in an execution or in the partitions of its maps, or keep it.

        Raises:
            InvalidError, StateError, UnavailableError: as :meth:`send`.
        """
        channel = channel_of_sent(item.id, signal.name)
        try:
            waiter = self.signals.publish(channel, signal, self, self._tell(channel)).waiter
        except TooManyEventsError as error:
            raise _full(item) from error
        if waiter is None:
            receipt = copy_with(signal, value=None)
            open_ones = [known for known in item.mailbox if not known.taken]
            taken = taken_elsewhere(self.signals, item.id, open_ones) if len(open_ones) >= MAX_SIGNALS else ()
            item = self._keep(item, receipt, passed_on=True, taken=taken)
            if (known := _known(item, signal)) is not None:
                return known
            if not self.signals.withdraw(channel, signal.id):
                raise UnavailableError(f"a step is about to take {signal.id!r}: send it again to hear whether it has")
            raise _ended(item) if item.ended else _full(item)
        return copy_with(signal, value=None, taken=True)

    def _taken_before(self, item: Execution, signal: Signal) -> Signal:
        """Answer a signal that an execution does not have: of one that has ended, a partition may have taken it.

        Raises:
            StateError: nobody has.
        """
        if not item.ended:
            raise _full(item)
        if not self.signals.is_taken(channel_of_sent(item.id, signal.name), signal.id):
            raise _ended(item)
        return copy_with(signal, value=None, taken=True)

    def _know(self, definition: Definition, item: Execution, signal: Signal) -> None:
        """Refuse a signal whose name no step of the definition can have.

        Raises:
            UnknownEventError: no step can.
        """
        names = event_names(definition)
        if names is not None and signal.name not in names:
            known = (
                f"the steps of {item.definition_id!r} take {', '.join(sorted(names))}" if names else "no step takes any"
            )
            raise UnknownEventError(f"no step takes an event {signal.name!r}: {known}")

    def _look(self, item: Execution, signal: Signal) -> None:
        """Refuse what no step takes that waits for it.

        Raises:
            InvalidError: no step does.
        """
        found = [(thread, self._wanted(item, thread)) for thread in item.threads.values()]
        refused = [
            brief(refusals(wanted, signal.value))
            for thread, wanted in found
            if wanted and wanted.params["name"] == signal.name and takes_sent(item, thread, wanted)
        ]
        if refused and all(refused):
            raise InvalidError(problems=refused[0])

    def _wanted(self, item: Execution, thread: Thread) -> WaitForAnswer | None:
        """Find the signal that a thread waits for."""
        if not isinstance(thread.wait, AnswerWait) or thread.wait.what is not AnswerKind.EVENT:
            return None
        definition = self.definitions.get(item.tenant_id, item.definition_id, item.definition_version)
        return awaited_event(definition, item, thread)

    def _tell(self, channel: Channel) -> Callable[[str], None]:
        return lambda signal_id: self.queue.send([published(channel, signal_id)])

    def publish(self, tenant_id: str, name: str, key: str, signal: Signal, *, named: bool = True) -> Published:
        """Send a signal to the step that has waited for its name and key longest, or else to be kept.

        Answers which step has got it, if one has. A repeat with the same id changes nothing, but of a signal
        that is not ``named`` by its sender nobody knows the id.

        Raises:
            InvalidError: steps wait for it, and none takes what came with it; it is not kept.
            StateError: as many signals are kept as can be.
            UnavailableError: it may be done, or not: send it again with the same id.
        """
        channel = Channel(tenant_id, name, key)
        return self.signals.publish(channel, signal, self, self._tell(channel), named=named)

    def deliver(self, channel: Channel, signal_id: str) -> None:
        """See a signal through; done twice it changes nothing.

        Raises:
            UnavailableError: a service did not answer; do it again.
        """
        self.signals.see_through(channel, signal_id, self)

    def refusals(self, waiter: Waiter, data: Json) -> Sequence[Problem]:
        """Tell what is wrong for a waiter with the data of a signal: its step says, or its execution if need be."""
        tenant = ExecutionId.parse(waiter.execution).tenant
        step = self.definitions.get(tenant, waiter.definition, waiter.version).steps.get(waiter.step)
        source = step.params.source if step is not None and not step.schemas else None
        if isinstance(source, dict):
            return compile_schema(source.get("schema", True)).problems(data)
        item = self.executions.get(waiter.execution)
        thread = None if item is None else item.threads.get(waiter.thread)
        wanted = None if item is None or thread is None else self._wanted(item, thread)
        return [] if wanted is None else refusals(wanted, data)

    def waits(self, waiter: Waiter) -> bool:
        """Tell whether a thread still stands at a turn and waits."""
        item = self.executions.get(waiter.execution)
        thread = None if item is None or item.ended else item.threads.get(waiter.thread)
        return thread is not None and thread.turn == waiter.turn and thread.status is Status.WAITING_FOR_ANSWER

    def give(self, channel: Channel, waiter: Waiter, signal: Signal) -> bool:
        """Let a turn take a signal; tell whether it has, now or before.

        Raises:
            UnavailableError: it may have.
        """
        received = SignalReceived(waiter.thread, waiter.turn, signal.value, signal.id, signal.by)
        if self.answer(waiter.execution, received):
            return True
        item = self.executions.get(waiter.execution)
        thread = None if item is None else addressed(item, received)
        answer = thread.wait.answer if thread is not None and isinstance(thread.wait, AnswerWait) else None
        if answer is None or answer.key != signal.id:
            return False
        self.signals.close(channel, waiter, signal.id)
        return True

    def list_channel(  # noqa: PLR0913 - by keyword
        self,
        channel: Channel,
        limit: int,
        after: str = "",
        *,
        waiting: bool = False,
        kept_only: bool = False,
        newest_first: bool = False,
        seen: Callable[[Waiter], bool] = lambda _: True,
    ) -> Sequence[KeptSignal | Waiter]:
        """List what is kept of a name and key, the oldest first, then who waits and is ``seen``, the longest first.

        It begins behind a place: of what is kept, or else of those who are ``waiting``; with ``kept_only`` it ends
        before these. With ``newest_first`` both are the other way round.
        """
        found = list[KeptSignal | Waiter]()
        if not waiting:
            found += islice(self.signals.kept(channel, after, newest_first=newest_first), limit)
        if not kept_only:
            waiters = filter(seen, self._waiters(channel, limit, after if waiting else "", newest_first=newest_first))
            found += islice(waiters, limit - len(found))
        return found

    def _waiters(self, channel: Channel, limit: int, after: str, *, newest_first: bool) -> Iterator[Waiter]:
        """Read who waits, the longest first, so many at a time."""
        read = partial(self.signals.store.waiting, channel, limit, newest_first=newest_first)
        found: Sequence[Waiter] = read(after)
        yield from found
        while len(found) == limit:
            found = read(found[-1].place)
            yield from found


def _known(item: Execution, signal: Signal) -> Signal | None:
    """Find a signal that has come to an execution."""
    return next((known for known in item.mailbox if known.id == signal.id), None)


def _waits_itself(item: Execution, signal: Signal) -> bool:
    """Tell whether a step waits for a signal and for no channel, as that of a version before, which was driven on."""
    mine = AnswerWait(AnswerKind.EVENT, signal.name)
    return any(thread.wait == mine for thread in item.threads.values() if thread.status is Status.WAITING_FOR_ANSWER)


def _ended(item: Execution) -> StateError:
    return StateError(f"{item.id} is {item.state} already: no step of it can take an event")


def _full(item: Execution) -> StateError:
    return StateError(beyond("execution_signals", f"{item.id} keeps {MAX_SIGNALS} events already"))


def _used(token: Token) -> StateError:
    return StateError(f"the token is used, or its step is over: {token.execution} waits for it no longer")
