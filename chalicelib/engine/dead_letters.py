"""Dead letters: messages that were received too often. Only what fails by itself is poison.

Receives are counted while a store does not answer, and while Lambda is throttled and none of our code runs. So a dead
letter is worked on as any message, for as long as its queue keeps it, and what tells an outage from poison is whether
the function that does so dies of it:

* before the work a strike is written into each turn that the letter drives. Where that fails, a service did not answer;
* the work moves the turn, and the strike is gone; or the function lives to take it back, as a service did not answer;
* a function that dies leaves the strike. A turn that has :data:`~chalicelib.core.executions.suspicion.MAX_STRIKES` of
  them fails with ``Poison`` when its letter comes once more;
* a turn that another function with the same letter moves meanwhile is left to the next delivery, as that function may
  die before it sends;
* what the work raises but for :class:`~chalicelib.core.values.errors.UnavailableError` is a failure by itself: the turn
  fails at once.

A function gets one dead letter at a time, so that none is suspected of what another has done.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from chalicelib.core.executions.decide import addressed
from chalicelib.core.executions.identity import ExecutionId, TurnKey
from chalicelib.core.executions.inputs import Acquitted, Input, Poisoned, Requested, Suspected
from chalicelib.core.executions.model import Execution
from chalicelib.core.records.incident import IncidentKind, of_execution
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.log_line import line
from chalicelib.core.values.value import copy_with
from chalicelib.engine.giving_back import LONGEST_HIDDEN, pauses
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Budget, Delivery, Dependencies, Handled, Mode, Pending

log = logging.getLogger("sedo")

Verdict: TypeAlias = Callable[[str, int], Input]
"""Makes the input that says of a turn what is thought of it."""


class Judgement(Invocation):
    """Folds a verdict (strike, acquittal, poison) into the turns that dead letters drive; it runs no step."""

    def __init__(
        self, dependencies: Dependencies, request: str, deliveries: Sequence[Delivery], budget: Budget, verdict: Verdict
    ) -> None:
        super().__init__(dependencies, request, deliveries, budget, Mode.DEAD_LETTERS)
        self.verdict = verdict
        self.is_final = verdict not in (Suspected, Acquitted)
        """Whether the turns fail; else all that there is to do is left to the work."""

    def take_up(self, item: Execution, delivery: Delivery) -> None:
        """Judge the turns that a letter names or drove; with a final verdict, carry out its request after all."""
        super().take_up(item, delivery)
        judged = {key: message for key, message in self.own.items() if message == delivery.id}
        kept = []
        for pending in self.pending:
            thread = addressed(item, pending.input)
            if pending.message != delivery.id or (self.is_final and isinstance(pending.input, Requested)):
                kept.append(pending)
            elif thread is not None and not isinstance(pending.input, Requested):
                judged[thread.key] = delivery.id
        if not judged:
            judged = self.without_work(delivery)
        self.pending = kept + [Pending(self.verdict(*key), message) for key, message in judged.items()]
        if not self.is_final:
            self.own, self.unsent = {}, {}

    def without_work(self, delivery: Delivery) -> dict[TurnKey, str]:
        """Drop the unsent commands of threads that have nothing to run; answer their turns."""
        judged = {TurnKey(*asked[:2]): delivery.id for asked in self.unsent}
        self.unsent = {}
        return judged

    def is_mine(self, item: Execution, pending: Pending) -> bool:
        """Tell whether a verdict still means something: a strike needs no turn of one's own."""
        if self.is_final:
            return super().is_mine(item, pending)
        return not item.ended and addressed(item, pending.input) is not None


def work_on_dead_letters(
    dependencies: Dependencies, request: str, letters: Sequence[Delivery], budget: Budget, work: type[Invocation]
) -> Handled:
    """Work on the dead letters of one execution.

    Raises:
        UnavailableError: a service did not answer: they are to come again.
    """
    known = [copy_with(letter, receives=letter.receives + 1) for letter in letters]  # never presumes anything

    def judge(verdict: Verdict, name: str) -> Judgement:
        return Judgement(dependencies, f"{request}-{name}", known, budget, verdict)

    suspects = judge(Suspected, "suspects")
    suspects.run()
    note(dependencies, suspects.item)
    invocation = work(dependencies, request, known, budget)
    try:
        done, early = invocation.run(), invocation.too_early()
    except UnavailableError:
        with suppress(Exception):
            judge(Acquitted, "acquits").run()
        raise
    except Exception as error:
        about = ExecutionId.log_members(known[0].message.execution)
        log.exception(line("dead letter fails by itself", **about, request=request))
        cause = f"{type(error).__name__}: {error}"
        return Handled(judge(lambda thread, turn: Poisoned(thread, turn, cause), "poisons").run())
    if invocation.item is not None and any(thread.strikes for thread in invocation.item.threads.values()):
        acquits = judge(Acquitted, "acquits")
        acquits.run()
        if acquits.item is None or turns_of(acquits.item) != turns_of(invocation.item):
            return Handled()
    return Handled(done, pauses([letter for letter in letters if letter.id in early], LONGEST_HIDDEN))


def turns_of(item: Execution) -> tuple[bool, set[TurnKey]]:
    """Tell at which turns an execution stands, and whether it has ended."""
    return item.ended, {thread.key for thread in item.threads.values()}


def note(dependencies: Dependencies, item: Execution | None) -> None:
    """Record an incident at the first strike of a turn."""
    struck = [] if item is None or item.ended else [each for each in item.threads.values() if each.strikes == 1]
    if item is None or not struck:
        return
    detail = f"a message of {item.id} was received too often without success, at {struck[0].step}: it is a dead letter"
    with suppress(UnavailableError):
        now = dependencies.clock.now()
        dependencies.incidents.record(of_execution(IncidentKind.DEAD_LETTER, item, now, detail))
