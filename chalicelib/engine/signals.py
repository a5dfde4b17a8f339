"""The protocol of signals that are matched by key: each goes to one step, whoever dies or says it again.

A signal has an item, and so has each step that waits (its *waiter*), under one channel: tenant, name and key. Those of
others are never written, so neither what a publish costs nor how many calls it makes depends on how many there are.

*Whose it is.* The item of a signal names the waiter that it is for, if any. It is given to an execution only while it
names that waiter, and the execution takes one signal for a turn: whoever is first. So several signals may name one
waiter; all but one of them move on.

*Publish.* Look at those who wait, the longest first, as any copy of the table has them. Put the signal, for the first
who takes it; where nobody waits, put it for nobody, and look once more, at what was written before: it is *kept*. Give
the signal to the execution. If the turn is over without it, remove the waiter and move on to another one: not the next,
which all the others would go for, but one anywhere among them.

*Publish once.* What its sender cannot name again needs no item where somebody takes it at once: it is given to the
execution, or, if that turn is over by now, published as every other.

*Subscribe.* Put the waiter, then look at what is kept, the oldest first, and name the waiter in the signal. So whoever
comes second sees the other: both write before they look. What was kept is listed until it is taken: a twin, under the
same message, finds the same signal, as it must before it acknowledges that message. Who puts the waiter of a turn that
another has written, and finds nothing, looks whether that is over by now: the waiter may just have been removed.

*Move on.* A signal is named for another only once its waiter's execution has gone on from that turn without it.

*Close.* Once a turn is over, mark the signal that it took as taken, then remove the waiter, then forget the tombstone:
while the execution no longer tells what the turn took, the signal does.

*See through.* Before anybody names a waiter in a signal, a message is under way that names the signal, and whoever gets
it does all of this again from wherever it stands, until the signal is taken, or kept beside nobody who takes it. So
every process may die between any two calls. A repeat by the sender does the same.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from chalicelib.core.executions.model import Signal
from chalicelib.core.limits import beyond
from chalicelib.core.values.errors import InvalidError, TooManyEventsError, TooManyWaitersError, UnavailableError
from chalicelib.core.values.json import Json, Problem, brief
from chalicelib.core.values.value import copy_with, value
from chalicelib.core.waits.correlation import (
    MAX_KEPT,
    MAX_WAITING,
    REMEMBERED,
    Channel,
    Correlation,
    KeptSignal,
    Waiter,
    is_forgotten,
    offered,
)
from chalicelib.ports import Clock, SignalStore

FEW = 10
"""Waiters that are read at first: one read unit of DynamoDB."""
MANY = 100
"""Waiters that are read to find another than all others go for."""
ATTEMPTS = 50
"""How often a signal moves on before its sender is told to try again; its message goes on."""


class Recipients(Protocol):
    """The executions that wait."""

    def refusals(self, waiter: Waiter, data: Json) -> Sequence[Problem]:
        """Tell what is wrong for a waiter with the data of a signal."""

    def waits(self, waiter: Waiter) -> bool:
        """Tell whether the thread still stands at the turn and waits."""

    def give(self, channel: Channel, waiter: Waiter, signal: Signal) -> bool:
        """Let the turn take a signal; tell whether it has, now or before: if not, it is over without it.

        Raises:
            UnavailableError: it may have.
        """


@value
class Published:
    """A signal as it is known: of a repeat that of the first time, which says until when it is kept; and who has it."""

    signal: Signal
    waiter: Waiter | None
    """None: it is kept."""


@value
class Signals:
    """Who waits for which signal, and what they get."""

    store: SignalStore
    clock: Clock

    def publish(
        self, channel: Channel, signal: Signal, steps: Recipients, tell: Callable[[str], None], *, named: bool = True
    ) -> Published:
        """Give a signal to who has waited longest of those who take it, or keep it; answer what became of it.

        A repeat is answered as it stands; there is none of what is not ``named`` by its sender. ``tell`` sends the
        message that sees the signal of an id through.

        Raises:
            InvalidError: steps wait, and none takes what came with it; it is not kept.
            TooManyEventsError: as many are kept as can be.
            UnavailableError: the store did not answer, or others were always quicker.
        """
        try:
            waiter = self._choose(channel, signal, steps, consistent=False)
            if waiter is None:
                self._make_room(channel)
            elif not named and steps.give(channel, waiter, copy_with(signal, id="")):
                return Published(signal, waiter)
        except (InvalidError, TooManyEventsError):
            known = self.store.get(channel, signal.id)
            if known is None or is_forgotten(known, self.clock.now()):
                raise
            tell(signal.id)
            return Published(known.signal, self._pass_on(channel, known, steps))
        tell(signal.id)
        row = Correlation(signal, self.clock.now(), waiter=waiter, was_kept=waiter is None)
        row = self.store.put(channel, row, row.at) or row
        return Published(row.signal, self._pass_on(channel, row, steps))

    def see_through(self, channel: Channel, signal_id: str, steps: Recipients) -> None:
        """Go on with a signal from wherever it stands; done twice it changes nothing.

        Raises:
            UnavailableError: the store did not answer; do it again.
        """
        if (row := self.store.get(channel, signal_id)) is not None:
            self._pass_on(channel, row, steps)

    def subscribe(
        self,
        channel: Channel,
        waiter: Waiter,
        takes: Callable[[Json], bool],
        tell: Callable[[str], None],
        is_over: Callable[[], bool] = lambda: False,
    ) -> Signal | None:
        """Let a thread wait; answer the oldest signal that it takes, if one is kept.

        ``tell`` sends the message that sees the signal of an id through; ``is_over`` tells whether the turn is.

        Raises:
            TooManyWaitersError: as many wait as can.
            UnavailableError: the store did not answer.
        """
        is_new = self.store.wait(channel, waiter)
        if (named := self._name_kept(channel, waiter, takes, tell)) is not None:
            return named.signal
        if is_new and is_over():
            self.store.leave(channel, waiter)
        elif channel.key and is_new and self.store.count(channel, MAX_WAITING + 1) > MAX_WAITING:
            self.store.leave(channel, waiter)
            raise TooManyWaitersError(
                beyond("key_waiting", f"{MAX_WAITING:,} steps wait for {channel.name!r} with this key already")
            )
        return None

    def withdraw(self, channel: Channel, signal_id: str) -> bool:
        """Forget a signal that is kept; tell whether that was done: if not, it is somebody's.

        Raises:
            UnavailableError: the store did not answer.
        """
        row, now = self.store.get(channel, signal_id), self.clock.now()
        if row is None or row.waiter is not None:
            return row is None
        gone = copy_with(offered(row, None), signal=copy_with(row.signal, until=min(row.signal.until, now)), taken=True)
        return self.store.put(channel, gone, now) is None

    def is_taken(self, channel: Channel, signal_id: str) -> bool:
        """Tell whether a step has taken a signal.

        Raises:
            UnavailableError: the store did not answer.
        """
        row = self.store.get(channel, signal_id)
        return row is not None and row.taken and row.waiter is not None

    def close(self, channel: Channel, waiter: Waiter, taken: str | None) -> None:
        """Let a thread go, which has taken the signal of an id, or none.

        Raises:
            UnavailableError: the store did not answer.
        """
        if taken is not None:
            self.store.mark_taken(channel, taken, waiter, self.clock.now() + REMEMBERED)
        self.store.leave(channel, waiter)

    def _pass_on(self, channel: Channel, row: Correlation, steps: Recipients) -> Waiter | None:
        """Hand a signal to whom it is for, or to another if they are gone; answer who has it, or None: it is kept."""
        lost = 0
        for _ in range(ATTEMPTS):
            waiter = row.waiter
            if row.taken:
                return waiter
            if waiter is not None:
                if steps.give(channel, waiter, row.signal):
                    return waiter
                self.store.leave(channel, waiter)
                lost += 1
            if waiter is None and row.signal.until <= self.clock.now():
                return None
            following = self._another(channel, row, steps, lost)
            if following is None and waiter is None:
                return None
            moved = offered(row, following)
            row = self.store.put(channel, moved, self.clock.now()) or moved
        raise UnavailableError(
            f"others were quicker {ATTEMPTS} times to reach who waits for {channel.name!r}: try again"
        )

    def _another(self, channel: Channel, row: Correlation, steps: Recipients, lost: int) -> Waiter | None:
        """Choose who is to have a signal next; None: it is kept, though some may wait who do not take it."""
        if row.signal.until <= self.clock.now():
            return None
        try:
            return self._choose(channel, row.signal, steps, lost)
        except InvalidError:
            return None

    def _name_kept(
        self, channel: Channel, waiter: Waiter, takes: Callable[[Json], bool], tell: Callable[[str], None]
    ) -> Correlation | None:
        """Name a waiter in the oldest kept signal that it takes, unless one names it already; answer that signal."""
        for head in self._heads(channel):
            row = self.store.get(channel, head.id) if head.waiter in (None, waiter.key) else None
            if row is None or (row.waiter is None and (row.taken or not takes(row.signal.value))):
                continue
            if row.waiter is None:
                tell(row.signal.id)
                named = offered(row, waiter)
                row = self.store.put(channel, named, self.clock.now()) or named
            if _is_for(row, waiter):
                return row
        return None

    def _choose(
        self, channel: Channel, signal: Signal, steps: Recipients, lost: int = 0, *, consistent: bool = True
    ) -> Waiter | None:
        """Find who takes a signal: who has waited longest, or after a race was lost anybody; None: nobody waits.

        Raises:
            InvalidError: some wait, and none takes it.
        """
        refused: list[tuple[Waiter, Sequence[Problem]]] = []
        for page in self._waiting(channel, MANY if lost else FEW, consistent=consistent):
            start = _spread(signal.id, lost) % len(page) if lost else 0
            for waiter in (*page[start:], *page[:start]):
                problems = steps.refusals(waiter, signal.value)
                if not problems:
                    return waiter
                refused.append((waiter, brief(problems)))
        for waiter, problems in refused:
            if steps.waits(waiter):
                raise InvalidError(problems=problems)
            self.store.leave(channel, waiter)
        return None

    def _waiting(self, channel: Channel, size: int, *, consistent: bool) -> Iterator[Sequence[Waiter]]:
        """Read who waits, the longest first, in pages."""
        after = ""
        while page := self.store.waiting(channel, size, after, consistent=consistent):
            yield page
            if len(page) < size:
                return
            after = page[-1].place

    def kept(self, channel: Channel, after: str = "", *, newest_first: bool = False) -> Iterator[KeptSignal]:
        """Read the headers of what is kept and nobody's, the oldest first, behind one."""
        return (head for head in self._heads(channel, after, newest_first=newest_first) if head.waiter is None)

    def _heads(self, channel: Channel, after: str = "", *, newest_first: bool = False) -> Iterator[KeptSignal]:
        """Read the headers of what was kept, the oldest first; what has been kept for long enough is put away."""
        now = self.clock.now()
        while page := self.store.kept(channel, MAX_KEPT, after, newest_first=newest_first):
            for head in page:
                if head.waiter is not None or head.until > now:
                    yield head
                elif (row := self.store.get(channel, head.id)) is not None and row.waiter is None:
                    self.store.put(channel, copy_with(offered(row, None), taken=True), now)
            if len(page) < MAX_KEPT:
                return
            after = page[-1].place

    def _make_room(self, channel: Channel) -> None:
        """See that one more can be kept.

        Raises:
            TooManyEventsError: as many are kept as can be.
        """
        count = len(list(self.kept(channel)))
        if count >= MAX_KEPT:
            raise TooManyEventsError(
                beyond("key_kept", f"{count} events {channel.name!r} with this key are kept already")
            )


def _is_for(row: Correlation, waiter: Waiter) -> bool:
    """Tell whether a signal names a waiter, which may have taken it by now: a twin must hear of that, too."""
    return row.waiter is not None and row.waiter.key == waiter.key


def _spread(signal_id: str, lost: int) -> int:
    """Make a number that differs from signal to signal, and from race to race."""
    return int.from_bytes(hashlib.sha256(f"{signal_id}/{lost}".encode()).digest()[:4])
