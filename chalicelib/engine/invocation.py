"""The work on one execution: load, decide, call, write, send, acknowledge.

One :class:`Invocation` is the work of one request of a function on one execution. It drives every thread that it owns
as far as it goes, without a message in between. It is made of three parts, each of which only uses those before it:
:mod:`~chalicelib.engine.deliver` sends and acknowledges, :mod:`~chalicelib.engine.claim` says what is its own,
:mod:`~chalicelib.engine.run_ahead` decides, calls and writes. What makes that safe is there and nowhere else:

* nothing is called but from a turn that was read or written so, and is owned;
* what moves into a row of history, then the execution on condition of the version that was read, then messages, then
  the acknowledgement;
* a write that lost, or whose answer was lost, is never repeated as it was: read again, fold the same inputs again;
* messages are derived from the state, so that a redelivery can send what its dead twin did not.
"""

from chalicelib.core.executions.inputs import Answered, Message, Requested
from chalicelib.core.executions.model import Execution, Origin
from chalicelib.engine.model import ANSWER_WITHIN, Budget, Delivery, Dependencies, Mode
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
            self.send(self.item)
            if self.item.ended and not self.pending and not self.running and not self.late:
                break
            advance = self.advance(self.item)
            if advance.calls and self.presumed:
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
        budget = Budget(dependencies.clock.now() + ANSWER_WITHIN)
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
