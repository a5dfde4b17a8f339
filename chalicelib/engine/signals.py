"""Signals that are matched by key: each goes to one thread, whoever dies or says it again.

Everything here can be done again, and is to be done again where the store did not answer.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

from chalicelib.core.executions.model import Signal
from chalicelib.core.values.json import Json, Problem
from chalicelib.core.values.value import copy_with, value
from chalicelib.core.waits import correlation
from chalicelib.core.waits.correlation import Correlation, Waiter
from chalicelib.engine import optimistic
from chalicelib.ports import Clock, SignalStore

T = TypeVar("T")

Takes: TypeAlias = Callable[[Waiter, Json], Sequence[Problem] | None]
"""Tells what is wrong for a waiter with the data of a signal, and None if it no longer waits."""


@value
class SignalMatch:
    """What came of a signal."""

    waiter: Waiter | None = None
    """Who is to have it; None: it is kept, has been taken, or is refused."""
    problems: Sequence[Problem] = ()
    """What is wrong with it for who has waited longest: nobody who waits takes it, and it is not kept."""


@value
class Signals:
    """Who waits for which signal, and what they get."""

    store: SignalStore
    clock: Clock

    def match(self, tenant_id: str, name: str, key: str, signal: Signal, takes: Takes) -> SignalMatch:
        """Find who is to have a signal: who has waited longest of those who take it. If nobody waits, it is kept.

        Again for a signal that is matched, it answers that match; one that has been taken goes to nobody.

        Raises:
            TooManyEventsError: as many are kept as can be.
            UnavailableError: the store did not answer, or others were always quicker.
        """
        verdicts: dict[Waiter, Sequence[Problem] | None] = {}

        def verdict(waiter: Waiter) -> Sequence[Problem] | None:
            if waiter not in verdicts:
                verdicts[waiter] = takes(waiter, signal.value)
            return verdicts[waiter]

        def change(row: Correlation, now: datetime) -> tuple[Correlation, SignalMatch]:
            row = correlation.fresh(row, now)
            if correlation.known(row, signal.id):
                return row, SignalMatch(correlation.waiter_of(row, signal.id))
            refused: list[Sequence[Problem]] = []
            for waiter in row.waiting:
                problems = verdict(waiter)
                if problems is None:
                    row = correlation.release(row, waiter, now, taken=None)
                elif problems:
                    refused.append(problems)
                else:
                    return correlation.publish(row, signal, waiter, now), SignalMatch(waiter)
            if refused:
                return row, SignalMatch(problems=refused[0])
            return correlation.publish(row, signal, None, now), SignalMatch()

        return self._change(tenant_id, name, key, change)

    def rematch(self, tenant_id: str, name: str, key: str, takes: Takes) -> None:
        """Give what is kept to those who wait and take it: signals that others gave back.

        Raises:
            UnavailableError: as :meth:`match`.
        """

        def taker(waiter: Waiter) -> Callable[[Json], bool]:
            return lambda data: _fits(takes(waiter, data))

        def change(row: Correlation, now: datetime) -> tuple[Correlation, None]:
            for waiter in row.waiting:
                row, _ = correlation.subscribe(row, waiter, now, taker(waiter))
            return row, None

        self._change(tenant_id, name, key, change)

    def matches(self, tenant_id: str, name: str, key: str) -> Sequence[tuple[Waiter, Signal]]:
        """Answer whose signal is whose, as long as that is not settled, the oldest match first.

        Raises:
            UnavailableError: the store did not answer.
        """
        return self.store.get(tenant_id, name, key).matched

    def subscribe(
        self, tenant_id: str, name: str, key: str, waiter: Waiter, takes: Callable[[Json], bool]
    ) -> Signal | None:
        """Let a thread wait; answer its signal if that came before, or is matched with it already.

        Raises:
            TooManyWaitersError: as many wait as can.
            UnavailableError: as :meth:`match`.
        """
        return self._change(tenant_id, name, key, lambda row, now: correlation.subscribe(row, waiter, now, takes))

    def release(self, tenant_id: str, name: str, key: str, waiter: Waiter, *, taken: str | None) -> bool:
        """Let a thread go, which has taken the signal of an id, or none; a match that it leaves is for others again.

        Answers whether others wait beside signals that are kept: :meth:`rematch` is to be done then.

        Raises:
            UnavailableError: as :meth:`match`.
        """

        def change(row: Correlation, now: datetime) -> tuple[Correlation, bool]:
            row = correlation.release(row, waiter, now, taken=taken)
            return row, bool(row.waiting and row.kept)

        return self._change(tenant_id, name, key, change)

    def _change(
        self, tenant_id: str, name: str, key: str, change: Callable[[Correlation, datetime], tuple[Correlation, T]]
    ) -> T:
        """Read a row, change it and, if it does change, write it; again while somebody else is quicker."""
        return optimistic.change(
            lambda: self.store.get(tenant_id, name, key),
            lambda row: change(row, self.clock.now()),
            lambda row: self.store.put(copy_with(row, version=row.version + 1)),
            f"what is known of the event {name!r}",
        )


def _fits(problems: Sequence[Problem] | None) -> bool:
    """Tell whether there is a verdict, and nothing wrong."""
    return problems is not None and not problems
