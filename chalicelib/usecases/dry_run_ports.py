"""What the engine works with in a dry run: calls that mocks answer, and a history that is not kept beyond a bound."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from chalicelib.adapters.memory.chunks import MemoryChunks
from chalicelib.adapters.memory.stores import MemoryHistory
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.inputs import CallFailed, CallSucceeded
from chalicelib.core.records.history import Row
from chalicelib.core.records.payload import PackingLimits

FOR_EVER = 10**9
"""Receives: no message dies."""

ALL = PackingLimits(slot=FOR_EVER)
"""History puts all values back."""

Turn: TypeAlias = tuple[str, str, int]
"""Of a thread of an execution."""


class SilenceError(Exception):
    """Calls are under way that nobody answers, until an instant at which one is over its time, or for ever."""

    def __init__(self, until: datetime | None) -> None:
        super().__init__()
        self.until = until


class MockedCalls:
    """Calls that are answered at once, or never, by what ``reply`` answers."""

    def __init__(self, reply: Callable[[Turn, Call, CallKey], CallSucceeded | CallFailed | None]) -> None:
        self.reply = reply
        self.ended: list[CallSucceeded | CallFailed] = []

    def start(self, turn: TurnKey, call: Call, key: CallKey, is_wanted: Callable[[], bool]) -> None:  # noqa: ARG002 - it is
        """Answer a call, if it has a mock."""
        event = self.reply((key.execution, *turn), call, key)
        self.ended += [] if event is None else [event]

    def wait(self, until: datetime | None = None) -> Sequence[CallSucceeded | CallFailed]:
        """Tell what was answered.

        Raises:
            SilenceError: nothing more was.
        """
        if not self.ended:
            raise SilenceError(until)
        ended, self.ended = self.ended, []
        return ended

    def drain(self) -> None:
        """Have nothing in flight: that is so."""


class WeighedHistory(MemoryHistory):
    """History that is not kept beyond its bound."""

    def __init__(self, weigh: Callable[[int], None]) -> None:
        super().__init__(Payloads(MemoryChunks(), ALL))
        self.weigh = weigh

    def append(self, row: Row) -> int:
        """Keep a row."""
        self.weigh(len(row.text) + sum(map(len, row.payloads.values())))
        return super().append(row)

    def keep(self, payloads: Mapping[str, bytes], held: Mapping[str, bytes] | None = None) -> int:
        """Keep values that records refer to."""
        self.weigh(sum(map(len, payloads.values())))
        return super().keep(payloads, held)
