"""What an execution has cost: what was counted of it, in units, and what that is in dollars."""

from collections.abc import Mapping
from dataclasses import field

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.values.json import JsonObject
from chalicelib.core.values.prices import FUNCTION_MB, PRICES, Prices
from chalicelib.core.values.value import copy_with, value

WRITE_BYTES = 1024
READ_BYTES = 4 * 1024
"""Bytes of an item that cost a unit (Amazon DynamoDB Developer Guide, "read and write request units")."""
PARTS = 10
"""Of a request and a call are counted so many parts: an execution pays its share of a batch."""
GIGABYTE_MB = 1024
DOLLAR = 10**8
"""Parts in which what a step has cost is kept."""
WAIT_UNITS: Mapping[AnswerKind, int] = {AnswerKind.TASK: 7, AnswerKind.EVENT: 2}
"""Write units of the entry of a wait in another table: a task with its entries in two indexes, opened and closed; a
waiter, put and removed."""
MOST_STEPS = 20
"""Whose costs are kept apart in an item."""
OTHER_STEPS = "*"
"""In the place of the path of a step: of the steps whose costs are not kept apart."""

_DIGITS = "".join(chr(code) for code in range(33, 127) if chr(code) not in '"\\')
_BASE = len(_DIGITS) // 2
"""The digits of the stored form: the last one of a number is of the first half, all before it are of the second."""


def write_units(size: int) -> int:
    """Tell for how many units an item of so many bytes is written; of one whose size is not known, the least."""
    return -(-size // WRITE_BYTES) or 1


def read_units(size: int) -> int:
    """Tell for how many units an item of so many bytes is read, strongly consistent."""
    return -(-size // READ_BYTES) or 1


@value
class ExecutionCost:
    """What was counted of an execution."""

    writes: int = 0
    """Write units."""
    reads: int = 0
    """Read units."""
    requests: int = 0
    """Requests to SQS, in tenths: each message is sent, received and deleted."""
    calls: int = 0
    """Calls of functions, in tenths."""
    milliseconds: int = 0
    """Of functions that worked on it."""
    steps: Mapping[str, int] = field(default_factory=dict)
    """Parts of a dollar that were counted while a step was the one that moved last, by its path; not those of the step
    that is it at present."""

    def wrote(self, units: int) -> "ExecutionCost":
        """Count a write of so many units more."""
        return ExecutionCost(self.writes + units, self.reads, self.requests, self.calls, self.milliseconds, self.steps)

    def charged(self, step: str) -> "ExecutionCost":
        """Charge a step with what no other one is charged with."""
        name = step if step in self.steps or len(self.steps) < MOST_STEPS else OTHER_STEPS
        left = round(self.dollars() * DOLLAR) - sum(self.steps.values())
        return copy_with(self, steps={**self.steps, name: self.steps.get(name, 0) + left}) if left > 0 else self

    def by_step(self, step: str) -> dict[str, float]:
        """Price what was counted while each step was the one that moved last, as the given one is at present."""
        return {name: parts / DOLLAR for name, parts in self.charged(step).steps.items()}

    def fitting(self, room: int) -> "ExecutionCost":
        """Keep costs of steps as far as so many bytes hold them: apart, together, or not at all."""
        if not self.steps or len(self.steps_text()) <= room:
            return self
        together = copy_with(self, steps={OTHER_STEPS: sum(self.steps.values())})
        return together if len(together.steps_text()) <= room else copy_with(self, steps={})

    def steps_text(self) -> str:
        """Write the costs of steps short, as they are stored."""
        return " ".join([f"{name} {parts}" for name, parts in self.steps.items()])

    def text(self) -> str:
        """Write it short, as it is stored: each byte of an item counts."""
        written = ""
        for count in (self.writes, self.reads, self.requests, self.calls, self.milliseconds):
            number = _DIGITS[count % _BASE]
            while count := count // _BASE:
                number = _DIGITS[_BASE + count % _BASE] + number
            written += number
        return written

    @classmethod
    def parse(cls, text: str, steps: str = "") -> "ExecutionCost":
        """Read what :meth:`text` and :meth:`steps_text` wrote."""
        counts, count = list[int](), 0
        for digit in map(_DIGITS.index, text):
            count = count * _BASE + digit % _BASE
            if digit < _BASE:
                counts.append(count)
                count = 0
        words, (writes, reads, requests, calls, milliseconds) = steps.split(), counts or [0] * 5
        charged = dict(zip(words[::2], map(int, words[1::2]), strict=True))
        return cls(writes, reads, requests, calls, milliseconds, charged)

    def dollars(self, prices: Prices = PRICES, memory_mb: int = FUNCTION_MB) -> float:
        """Price it."""
        shares = self.requests * prices.queue_request + self.calls * prices.invocation
        time = self.milliseconds / 1000 * memory_mb / GIGABYTE_MB * prices.gigabyte_second
        return self.writes * prices.write_unit + self.reads * prices.read_unit + shares / PARTS + time

    def as_json(self) -> JsonObject:
        """Write it as the API shows it."""
        return {
            "dollars": round(self.dollars(), 9),
            "writeUnits": self.writes,
            "readUnits": self.reads,
            "queueRequests": self.requests / PARTS,
            "invocations": self.calls / PARTS,
            "functionMs": self.milliseconds,
        }
