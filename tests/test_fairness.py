"""How long one tenant waits while another has 10,000 starts in the same queue, with message groups and without.

No stand-in has fair queues (moto and ministack keep message groups, and order nothing by them), so the rule is
simulated as the Amazon SQS Developer Guide has it ("How Amazon SQS fair queues work"):

* a tenant is noisy with more than 10 % of what is in flight and 30 messages of its own there, or more, until none of
  its messages waits;
* the messages of quiet tenants are delivered first, in the order of their coming; of noisy ones those of the tenant
  that has the fewest in flight;
* a message without a group is a tenant of its own, so such a queue is first in, first out; here it is one group.

The second measure of the rule, the share of the consumers' time, only marks more tenants as noisy sooner: it is left
out.
"""

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from statistics import mean

import pytest

SHARE, LEAST = 0.1, 30
FUNCTIONS, BATCH = 50, 10
"""How many functions work on the queue, and how many messages each is given at a time."""
SECONDS = 0.5
"""How long a function works on its messages, which it does at once."""


Message = tuple[float, str]
"""When it came, and whose it is."""


@dataclass
class FairQueue:
    """A queue: its messages by group."""

    waiting: dict[str, deque[Message]] = field(default_factory=dict)
    in_flight: Counter[str] = field(default_factory=Counter)
    noisy: set[str] = field(default_factory=set)

    def send(self, group: str, message: Message) -> None:
        self.waiting.setdefault(group, deque()).append(message)

    def receive(self) -> tuple[str, Message] | None:
        """Deliver a message, and say of which group."""
        groups = [group for group, messages in self.waiting.items() if messages]
        self.noisy = {group for group in groups if group in self.noisy or self.takes_much(group)}
        if not groups:
            return None
        if quiet := [group for group in groups if group not in self.noisy]:
            chosen = min(quiet, key=lambda group: self.waiting[group][0])
        else:
            chosen = min(groups, key=lambda group: self.in_flight[group])
        self.in_flight[chosen] += 1
        return chosen, self.waiting[chosen].popleft()

    def takes_much(self, group: str) -> bool:
        return self.in_flight[group] >= LEAST and self.in_flight[group] > SHARE * self.in_flight.total()


def delays(sent: Iterable[Message], *, grouped: bool) -> dict[str, list[float]]:
    """Tell by tenant how many seconds passed from the coming of each message until it was worked on."""
    coming, queue = deque(sorted(sent)), FairQueue()
    busy: list[tuple[float, int, Sequence[tuple[str, Message]]]] = []
    found: dict[str, list[float]] = {}
    numbers, now = count(), 0.0
    while coming or busy or any(queue.waiting.values()):
        while coming and coming[0][0] <= now:
            message = coming.popleft()
            queue.send(message[1] if grouped else "all", message)
        while len(busy) < FUNCTIONS and (batch := taken(queue)):
            heapq.heappush(busy, (now + SECONDS, next(numbers), batch))
        now = min([*(at for at, _ in islice(coming, 1)), *(at for at, *_ in busy[:1])])
        while busy and busy[0][0] <= now:
            for group, (at, tenant) in heapq.heappop(busy)[2]:
                queue.in_flight[group] -= 1
                found.setdefault(tenant, []).append(now - at)
    return found


def taken(queue: FairQueue) -> Sequence[tuple[str, Message]]:
    """Take what a function is given."""
    return [*islice(iter(queue.receive, None), BATCH)]


NOISY = [(1.0, "noisy")] * 10_000
QUIET = [(1.05 + each / 20, "quiet") for each in range(100)]
"""20 starts a second, while the others wait."""


def test_alone_a_tenant_waits_for_its_work_and_nothing_else() -> None:
    assert mean(delays(QUIET, grouped=True)["quiet"]) == pytest.approx(SECONDS)


def test_with_message_groups_10_000_starts_of_another_delay_a_tenant_less_than_twice() -> None:
    alone = delays(QUIET, grouped=True)["quiet"]
    beside = delays([*NOISY, *QUIET], grouped=True)
    assert len(beside["quiet"]) == len(QUIET)
    assert mean(beside["quiet"]) < 2 * mean(alone)
    assert max(beside["quiet"]) <= 2 * SECONDS
    assert len(beside["noisy"]) == len(NOISY)


def test_without_message_groups_they_delay_it_ten_times() -> None:
    alone = delays(QUIET, grouped=True)["quiet"]
    beside = delays([*NOISY, *QUIET], grouped=False)["quiet"]
    assert mean(beside) > 10 * mean(alone)


def test_two_noisy_tenants_share_what_a_quiet_one_leaves() -> None:
    found = delays([*NOISY, *((1.01, "loud") for _ in range(10_000)), *QUIET], grouped=True)
    assert mean(found["loud"]) == pytest.approx(mean(found["noisy"]), rel=0.1)
    assert max(found["quiet"]) <= 2 * SECONDS


def test_a_tenant_that_was_noisy_is_quiet_again_once_nothing_of_it_waits() -> None:
    later = [(60.0 + each / 20, "noisy") for each in range(20)]
    found = delays([*NOISY, *later], grouped=True)["noisy"]
    assert mean(found[-len(later) :]) == pytest.approx(SECONDS)


def test_the_most_concurrent_calls_of_a_tenant_without_a_backlog_change_nothing() -> None:
    busy = [(1.0, "busy")] * (FUNCTIONS * BATCH // 2)
    found = delays([*busy, *QUIET], grouped=True)
    assert mean(found["quiet"]) == pytest.approx(SECONDS)
