"""The work on one execution: load, decide, call, write, send, acknowledge.

One :class:`Invocation` is the work of one request of a function on one execution. It drives every thread that it owns
as far as it goes, without a message in between. It is made of three parts, each of which only uses those before it:
:mod:`~chalicelib.engine.deliver` sends and acknowledges, :mod:`~chalicelib.engine.claim` says what is its own,
:mod:`~chalicelib.engine.run_ahead` decides, calls and writes. What makes that safe is there and nowhere else:

* a call is made from a turn that is owned, and was read or written; or it is the next attempt of such a turn; or it is
  repeatable;
* the order of writes: the row of history, the execution on condition of the version that was read, the messages, the
  acknowledgement;
* a write whose condition failed, or whose answer was lost, is never repeated as it was: the execution is read again,
  and the same inputs are folded again;
* messages are derived from the state, so a redelivery sends what its dead twin did not.
"""

from contextlib import suppress
from datetime import datetime

from chalicelib.core.executions.implied import implied
from chalicelib.core.executions.inputs import Answered, ChildEnded, Launch, Message, Requested, Started
from chalicelib.core.executions.model import ROOT, Execution, Origin, Status, Thread
from chalicelib.core.executions.waiting import AnswerWait, ChildJoin
from chalicelib.core.values.errors import StepError, UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.advance import Advance
from chalicelib.engine.children import child_execution, end_of, end_of_unawaited, refused, sharing
from chalicelib.engine.model import INLINE_FOR, Budget, Delivery, Dependencies, Mode, Pending
from chalicelib.engine.run_ahead import RunAhead


class Invocation(RunAhead):
    """The work of one request on one execution."""

    def run(self) -> set[str]:
        """Do the work; answer the ids of the messages to acknowledge, the others are given back.

        Raises:
            UnavailableError: a service did not answer; nothing may be acknowledged, and nothing is in flight.
        """
        try:
            return self.work()
        except Exception:
            self.calls.drain()
            raise

    def work(self) -> set[str]:
        """Do the work, as :meth:`run` answers it; what fails may leave calls in flight."""
        self.load()
        while self.item is not None:
            if self.item.ended and self.mode is Mode.START:
                break  # whoever asked for the start tells what came of it
            self.send(self.item)
            if self.item.ended and not self.pending and not self.running and not self.late:
                break
            advance = self.advance(self.item)
            if self.mode is Mode.START and self.is_for_a_worker(self.item, advance):
                self.item = None
                break
            unheard = self.mode is Mode.REQUEST and advance.execution is self.item
            if self.presumed and (advance.calls or advance.must_read or unheard):
                self.load()
                continue
            self.begin_calls(advance.calls)
            if advance.execution is not self.item and not self.can_wait(advance):
                self.write(self.item, advance)
                continue
            if advance.execution is self.item:
                self.pending, self.ahead = [], None
            if not self.running and not self.late:
                break
            self.collect()
        while self.running or self.late:
            self.collect()
        return self.acknowledged()

    def result(self) -> Execution | None:
        """Do the work; answer the execution as it stands now, None if there is none.

        Raises:
            UnavailableError: a service did not answer: it may be done, or not.
        """
        self.run()
        return self.item

    def run_ahead(self, advance: Advance, now: datetime) -> None:
        """Run the steps of every thread of mine, and of the child executions that they start, as far as that goes."""
        if self.mode is Mode.REQUEST:
            self.run_to_rest(advance, now)
            return
        super().run_ahead(advance, now)
        while self.run_children(advance, now):
            super().run_ahead(advance, now)

    def run_to_rest(self, advance: Advance, now: datetime) -> None:
        """Run the steps of every thread of mine if all of them come to rest; otherwise leave all to a worker."""
        ahead = advance.branch()
        super().run_ahead(ahead, now)
        if self.item is not None and self.rests(self.item, ahead.execution):
            advance.execution, advance.records, advance.last = ahead.execution, ahead.records, ahead.last
            advance.turns, advance.size = ahead.turns, ahead.size

    def is_for_a_worker(self, item: Execution, advance: Advance) -> bool:
        """Tell whether an execution to start is left to a worker, and nothing is written here."""
        if advance.calls or not self.rests(item, advance.execution):
            return True
        self.comes_to_rest = not advance.execution.ended
        return self.comes_to_rest and self.budget.ends

    def rests(self, item: Execution, execution: Execution) -> bool:
        """Tell whether an execution has ended, or every moved thread waits, without messages or entries elsewhere."""
        moved = [
            thread
            for thread in execution.threads.values()
            if thread.id not in item.threads or item.threads[thread.id] is not thread
        ]
        if execution.ended:
            return item.version > 0 or not any(t.id != ROOT and (asks(t) or t.status is Status.OVER) for t in moved)
        return not any(asks(thread) or thread.status is Status.READY for thread in moved)

    def run_children(self, advance: Advance, now: datetime) -> bool:
        """Run the child executions that unwritten turns start; tell whether one has ended, and its thread gone on.

        Such a child is written before the turn that starts it. It makes no call, and its id is derived from its input:
        so whoever folds the turn again finds it, as though the turn had computed its result.
        """
        ran, until = False, min(self.budget.deadline, now + INLINE_FOR)
        for launch in self.launches(advance, now):
            if advance.turns >= self.turns_per_write or self.dependencies.clock.now() >= until:
                break
            if self.presumed and self.mode is not Mode.START:
                advance.must_read = True
                return False
            if (end := self.child_end(advance.execution, launch, until)) is not None:
                made = Pending(end, self.message_of(launch.thread))
                definition, driver = self.definition(advance.execution), self.me[made.message]
                advance.fold(self.dependencies.decide(definition, advance.execution, end, now, driver), made)
                advance.urgent = ran = True
        return ran

    def launches(self, advance: Advance, now: datetime) -> list[Launch]:
        """Find the child executions that unwritten turns start."""
        execution, item = advance.execution, self.item
        if item is None or execution.paused or execution.ended or not self.may_run_children(execution):
            return []
        definition = self.definition(execution)
        unwritten = [
            thread
            for thread in execution.threads.values()
            if isinstance(thread.join, ChildJoin)
            and thread.status is Status.WAITING_FOR_CHILDREN
            and (thread.id not in item.threads or item.threads[thread.id].key != thread.key)
        ]
        commands = [command for each in unwritten for command in implied(definition, execution, each, now)]
        return [
            command for command in commands if isinstance(command, Launch) and command.thread.key not in self.sent_on
        ]

    def may_run_children(self, execution: Execution) -> bool:
        """Tell whether child executions may run here: not at a redelivery, as one may have killed the function."""
        if self.mode is Mode.START and execution.parent is None:
            return False  # others may have its id
        is_again = any(delivery.receives > 1 for delivery in self.deliveries.values())
        return self.dependencies.inline_turns > 0 and not is_again

    def child_end(self, execution: Execution, launch: Launch, until: datetime) -> ChildEnded | None:
        """Run a child execution; answer its end as the input of its thread, None if it has not ended here."""
        self.sent_on.add(launch.thread.key)
        try:
            made = sharing(execution, child_execution(self.dependencies.definitions, execution, launch))
        except StepError as error:
            return refused(launch, error)
        child = self.started(launch, made, copy_with(self.budget, deadline=until, ends=True))
        if child is None or not child.ended:
            return None
        return end_of(child) if launch.start.wait else end_of_unawaited(launch, child)

    def started(self, launch: Launch, made: Execution, budget: Budget) -> Execution | None:
        """Run a child execution as far as nobody else is needed; answer it if it is written.

        One that comes to wait is put only once the turn is written that asks for it: it would live without its parent.
        """
        delivery = Delivery(self.message_of(launch.thread), Message(made.id, Started(), made))
        own = copy_with(budget, turns=self.dependencies.inline_turns)
        run = type(self)(self.dependencies, self.request, [delivery], own, Mode.START)
        with suppress(UnavailableError):  # then it has a message, and a function of its own
            child = run.result()
            if run.comes_to_rest:
                self.at_rest.add(launch.thread.key)
            return child
        return None


def asks(thread: Thread) -> bool:
    """Tell whether the wait of a thread implies commands, once it is written."""
    if thread.status is Status.WAITING_FOR_ANSWER:
        return isinstance(thread.wait, AnswerWait) and thread.wait.is_kept_elsewhere
    return thread.status is Status.WAITING_FOR_CHILDREN


class ApiInvocation:
    """The work of an API call on one execution.

    ``token`` names the call, once and for ever; ``kind`` is what does the work.
    """

    def __init__(
        self,
        dependencies: Dependencies,
        execution_id: str,
        wanted: Requested | Answered,
        token: str,
        kind: type[Invocation] = Invocation,
    ) -> None:
        delivery = Delivery(Origin.API.name_message(token), Message(execution_id, wanted))
        budget = Budget(dependencies.clock.now() + INLINE_FOR, dependencies.inline_turns)
        self._invocation = kind(dependencies, token, [delivery], budget, Mode.REQUEST)

    def result(self) -> Execution | None:
        """Do the work; answer the execution as it stands now, None if there is none.

        Raises:
            UnavailableError: a service did not answer: it may be done, or not.
        """
        return self._invocation.result()

    def has_changed(self) -> bool:
        """Do the work; answer whether what was said has changed the execution.

        Raises:
            UnavailableError: a service did not answer: it may be done, or not.
        """
        self._invocation.run()
        return self._invocation.has_written


class StartInvocation:
    """The work of an API call that starts an execution: all of it, if that takes nobody else.

    ``token`` names the call, once and for ever; ``kind`` is what does the work; ``share`` is its part of the call.
    """

    def __init__(
        self,
        dependencies: Dependencies,
        submitted: Execution,
        token: str,
        kind: type[Invocation] = Invocation,
        share: float = 1,
    ) -> None:
        message = Message(submitted.id, Started(), submitted)
        delivery = Delivery(Origin.API.name_message(token), message, share=share)
        budget = Budget(dependencies.clock.now() + INLINE_FOR, dependencies.inline_turns, unanswered=1)
        self._invocation = kind(dependencies, token, [delivery], budget, Mode.START)

    def result(self) -> Execution | None:
        """Do the work; answer the execution that has the id now. None: nothing is written, a worker is to begin it.

        Raises:
            UnavailableError: the store did not answer: it may be written, or not.
        """
        try:
            return self._invocation.result() or self._invocation.other
        except UnavailableError:
            written = self._invocation.item
            if written is None or written.version == 0:
                raise
            return written  # its timers are for the schedule to send
