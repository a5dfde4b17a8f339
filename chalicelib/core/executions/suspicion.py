"""Suspicion: strikes of a turn whose message is a dead letter, and its failure with ``Poison`` after enough of them."""

from chalicelib.core.executions.inputs import Poisoned
from chalicelib.core.executions.model import Thread
from chalicelib.core.executions.rules import Rules
from chalicelib.core.executions.steps import unanswered
from chalicelib.core.values.errors import PoisonError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with

MAX_STRIKES = 3
"""How often a function may die while it works on a dead letter of a turn: an outage that begins just then can look so,
and does not three times."""

UNWORKABLE = "sedo cannot work on this step: the details have the cause, for whoever mends it"


class Suspicion(Rules):
    """What a dead letter does to the turn that it drives: a strike moves no turn, poison fails the step."""

    def suspected(self, thread: Thread) -> None:
        """Note a strike before the turn is worked on; a turn that has them all is poison."""
        if thread.strikes < MAX_STRIKES:
            self.put(copy_with(thread, strikes=thread.strikes + 1))
        else:
            cause = f"{MAX_STRIKES} functions in a row died while they worked on nothing but this step"
            self.poison(thread, cause, {"deaths": MAX_STRIKES})

    def acquitted(self, thread: Thread) -> None:
        """Take a strike back: the function lives that worked on the turn."""
        if thread.strikes:
            self.put(copy_with(thread, strikes=thread.strikes - 1))

    def poisoned(self, thread: Thread, event: Poisoned) -> None:
        """Fail the step: nobody can work on it, for this cause."""
        self.poison(thread, UNWORKABLE, {"cause": event.cause})

    def poison(self, thread: Thread, message: str, details: Json) -> None:
        """Fail the step with ``Poison``, or with ``Interrupted`` where it has claimed a call."""
        self.fail(thread, unanswered(thread, PoisonError(message, details=details)))
