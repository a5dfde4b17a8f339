"""Rules of dead letters and of giving back, switched off one at a time; the outages must catch each."""

from typing import Any

from chalicelib.core.executions.decide import Transition
from chalicelib.core.executions.inputs import Poisoned
from chalicelib.core.executions.model import Thread
from chalicelib.core.values.value import copy_with
from chalicelib.engine.dead_letters import Judgement
from chalicelib.engine.model import Handled, Mode
from chalicelib.engine.worker import work_on_messages


class PoisonsAtTheFirstStrike(Transition):
    def suspected(self, thread: Thread) -> None:
        if thread.strikes:
            self.poison(thread, "", None)
        super().suspected(thread)


class TakesNoStrikeBack(Transition):
    def acquitted(self, thread: Thread) -> None:
        pass


class NeverPoisons(Transition):
    def suspected(self, thread: Thread) -> None:
        super().suspected(copy_with(thread, strikes=0))


class TakesAStrikeForATurn(Transition):
    def suspected(self, thread: Thread) -> None:
        super().suspected(thread)
        if (struck := self.execution.threads.get(thread.id)) is not None and struck.strikes:
            self.put(copy_with(struck, turn=struck.turn + 1))


def poisons_every_dead_letter(
    dependencies: Any, request: str, group: Any, budget: Any, mode: Mode, kind: Any
) -> Handled:
    if mode is not Mode.DEAD_LETTERS:
        return work_on_messages(dependencies, request, group, budget, mode, kind)
    return Handled(Judgement(dependencies, request, group, budget, Poisoned).run())


def works_on_dead_letters_without_a_strike(
    dependencies: Any, request: str, group: Any, budget: Any, mode: Mode, kind: Any
) -> Handled:
    known = [copy_with(delivery, receives=9) for delivery in group]
    return work_on_messages(dependencies, request, known, budget, Mode.MESSAGES, kind)


TURNS = (TakesNoStrikeBack, PoisonsAtTheFirstStrike, TakesAStrikeForATurn)
"""An outage shows them."""
DEATHS = (NeverPoisons,)
"""A message that kills shows them."""
WORKERS = (poisons_every_dead_letter,)
"""An outage shows them."""
DEADLY_WORKERS = (works_on_dead_letters_without_a_strike,)
"""A message that kills shows them."""
