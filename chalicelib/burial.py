"""What becomes of dead letters: a failure for all to see."""

from chalicelib.core.errors import SedoError
from chalicelib.core.model import Definition, Execution, Poisoned
from chalicelib.core.schema import compile_schema
from chalicelib.engine import Delivery, Invocation


class Burial(Invocation):
    """The work on dead letters: what they drove fails with ``Poison``, a turn like any other.

    A timer that died early is sent again: its wait is sound.
    """

    def take_up(self, item: Execution, delivery: Delivery) -> None:
        """Own what the message names or drove, and let it fail."""
        super().take_up(item, delivery)
        self.pending = {key: Poisoned(*key) for key in self.own}

    def is_first(self) -> bool:
        """Always read: the message has been received many times."""
        return False

    def definition(self, execution: Execution) -> Definition:
        """Do without a definition that cannot be read: that may be why the letter is dead."""
        try:
            return super().definition(execution)
        except SedoError:
            return _UNREADABLE


_UNREADABLE = Definition(id="", first="", steps={}, input_schema=compile_schema(True))  # noqa: FBT003 - a JSON Schema
