"""What becomes of dead letters: a failure for all to see."""

from collections.abc import Sequence

from chalicelib.core.definitions.model import Definition
from chalicelib.core.executions.decide import addressed
from chalicelib.core.executions.inputs import Poisoned, Requested
from chalicelib.core.executions.model import Execution
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.errors import SedoError, UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import Budget, Delivery, Dependencies, Invocation, Pending


class DeadLetters(Invocation):
    """The work on dead letters: what they drove fails with ``Poison``, a turn like any other.

    Where that is caught or tried again, others go on from there. A timer that died early is sent again: its wait is
    sound. A request is done after all: it runs nothing.
    """

    def __init__(
        self, dependencies: Dependencies, request: str, deliveries: Sequence[Delivery], budget: Budget
    ) -> None:
        super().__init__(dependencies, request, deliveries, copy_with(budget, turns=0))

    def take_up(self, item: Execution, delivery: Delivery) -> None:
        """Own what the message names or drove, and let it fail."""
        super().take_up(item, delivery)
        dead = {key: message for key, message in self.own.items() if message == delivery.id}
        kept = []
        for each in self.pending:
            thread = addressed(item, each.event)
            if each.message != delivery.id or isinstance(each.event, Requested):
                kept.append(each)
            elif thread is not None:
                dead[thread.key] = delivery.id
        self.pending = kept + [Pending(Poisoned(*key), message) for key, message in dead.items()]

    def is_first(self) -> bool:
        """Always read: the message has been received many times."""
        return False

    def acknowledged(self) -> set[str]:
        """Keep no request for an execution that is not there."""
        return set(self.deliveries) if self.item is None else super().acknowledged()

    def definition(self, execution: Execution, version: int | None = None) -> Definition:
        """Do without a definition that cannot be read: that may be why the letter is dead."""
        try:
            return super().definition(execution, version)
        except UnavailableError:
            raise
        except SedoError:
            return _UNREADABLE


_UNREADABLE = Definition(id="", first="", steps={}, input_schema=compile_schema(True))  # noqa: FBT003 - a JSON Schema
