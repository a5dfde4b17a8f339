"""Starts under a key and in bulk, whatever strikes: the callers ask again until they are answered."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from chalice.app import Response

from chalicelib.api.contract import ApiRequest
from chalicelib.api.replies import Replies
from chalicelib.core.executions.inputs import Message
from chalicelib.core.executions.model import Execution
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.engine.send_batcher import SendBatcher
from chalicelib.usecases.executions import ExecutionService
from tests.home import ECHO, WAIT
from tests.simulation.callers import Answered, Callers
from tests.simulation.faults import Fault, possible
from tests.simulation.settings import TENANT
from tests.simulation.test_inline import parsed
from tests.simulation.world import World

CALL = {"type": "call", "content": "${output}"}
STEPS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "immediate": (ECHO, ECHO),
    "waits": (ECHO, WAIT),
    "calls": ({**CALL, "content": "${input}", "output": "${input}"},),
}
INLINE = 200
KEYS = ("key", None)
NOTHING: Mapping[str, Any] = {}
ONE: Sequence[Mapping[str, Json]] = [{"input": 7}]
FEW: Sequence[Mapping[str, Json]] = [
    {"input": 0},
    {"input": 1, "name": "one"},
    {"input": 2, "name": "one"},
    {"input": 1, "name": "one"},
    {"input": 4},
]
MANY: Sequence[Mapping[str, Json]] = [
    {"input": n, **({"name": f"name-{n % 20 // 2}"} if n % 5 == 0 else {})} for n in range(100)
]


def started(
    steps: str,
    starts: Sequence[Mapping[str, Json]],
    key: str | None,
    callers: int = 1,
    kind: type[World] = World,
    using: Mapping[str, Any] = NOTHING,
    **how: Any,
) -> tuple[World, Answered]:
    """Let callers start the same executions, and the world come to rest; answer what the first one has heard."""
    world = kind(parsed("d", *STEPS[steps]), inline=INLINE, **how)
    everybody = Callers(world, **using)
    answered, *_ = [everybody.start("d", starts, key) for _ in range(callers)]
    world.run(200_000)
    return world, answered


def check(world: World, answered: Answered, starts: Sequence[Mapping[str, Json]], key: str | None) -> None:
    """Hold what came of starts against what their caller has heard."""
    by_id = {item.id: item for item in world.all()}
    for item in by_id.values():
        assert (item.ended, item.output) == (True, item.input), f"{item.id} stands at {item.step}"
        states = Counter(record["state"] for record in world.records(item))
        assert (states["ExecutionSubmitted"], states["ExecutionSucceeded"]) == (1, 1), f"{item.id} ran twice"
    for start, result in zip(starts, answered.results, strict=True):
        check_result(by_id, start, result, key)
    pairs = [*zip(starts, answered.results, strict=True)]
    unnamed = [result["id"] for start, result in pairs if "name" not in start and "id" in result]
    assert len(unnamed) == len({*unnamed}), "two starts were answered the same execution"
    names = {f"{TENANT}:d:{start['name']}" for start in starts if "name" in start}
    if key is not None:
        assert by_id.keys() == names | {*unnamed}, "other executions than the caller knows of"
    assert len(by_id) <= len(names) + sum("name" not in start for start in starts), "a start began two executions"
    extra = len(world.made_calls) - len({made.key for made in world.made_calls})
    assert extra <= len(world.faults.struck), "more calls than faults explain"


def check_result(
    by_id: Mapping[str, Execution], start: Mapping[str, Json], result: Mapping[str, Any], key: str | None
) -> None:
    """See that a start has its own execution, or a reason why it has none."""
    if "id" in result:
        assert by_id[result["id"]].input == start["input"], "a start was answered another's execution"
    else:
        has_expired = result["status"] == 503 and key is None and "name" not in start
        assert result["status"] == 409 or has_expired, result
    if "name" in start:
        named = by_id[f"{TENANT}:d:{start['name']}"]
        assert ("id" in result) == (named.input == start["input"]), "a name stands for two"


def struck(world: World) -> Iterator[tuple[int, Fault]]:
    calls = world.faults.calls
    yield from ((place, fault) for place, call in enumerate(calls) for fault in possible(call))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("starts", [ONE, FEW], ids=["one", "few"])
def test_a_fault_at_any_call(starts: Sequence[Mapping[str, Json]], steps: str, key: str | None) -> None:
    world, answered = started(steps, starts, key)
    check(world, answered, starts, key)
    for place, fault in struck(world):
        check(*started(steps, starts, key, faults={place: fault}), starts, key)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("steps", STEPS)
def test_random_runs(steps: str, key: str | None) -> None:
    for seed in range(20):
        check(*started(steps, FEW, key, seed=seed, rate=0.06), FEW, key)


@pytest.mark.parametrize("latency", [1, 12])
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("steps", STEPS)
def test_a_hundred_starts(steps: str, key: str | None, latency: int) -> None:
    """Where each call takes long there is no time to begin all of them at once."""
    for seed in range(2):
        found = started(steps, MANY, key, seed=seed, rate=0.02, latency=timedelta(milliseconds=latency))
        check(*found, MANY, key)


@pytest.mark.parametrize("steps", STEPS)
def test_callers_of_one_key_at_the_same_moment(steps: str) -> None:
    """A caller that is not answered in time asks again while its first request is under way."""
    for seed in range(20):
        check(*started(steps, FEW, "key", callers=3, seed=seed, rate=0.06), FEW, "key")


class Throttling(World):
    """No store and no queue takes more than half of what it is asked."""

    @staticmethod
    def possible(name: str) -> list[Fault]:
        return [Fault.REFUSE] if Fault.REFUSE in possible(name) else [Fault.REDELIVER]


@pytest.mark.parametrize("steps", STEPS)
def test_stores_and_queues_that_throttle(steps: str) -> None:
    for seed in range(10):
        check(*started(steps, FEW, "key", kind=Throttling, seed=seed, rate=0.3), FEW, "key")


def hunted(rate: float = 0.06, **how: Any) -> str:
    """Say how a run shows that a rule is switched off."""
    for seed, steps, key in product(range(300), STEPS, KEYS):
        try:
            check(*started(steps, FEW, key, seed=seed, rate=rate, **how), FEW, key)
        except AssertionError as caught:
            return str(caught)
    pytest.fail("nothing shows that the rule is switched off")


class SendsARepeatAtOnce(ExecutionService):
    def _send_again(self, execution: Execution) -> None:
        self._send_start(execution, 0)


class TakesAnothersForItsOwn(ExecutionService):
    def _begin(self, execution: Execution, *, is_named: bool) -> Execution:
        return copy_with(super()._begin(execution, is_named=is_named), nonce=execution.nonce)


class IsAnsweredUnsent(ExecutionService):
    def _begin(self, execution: Execution, *, is_named: bool) -> Execution:
        with suppress(UnavailableError):
            return super()._begin(execution, is_named=is_named)
        return execution


@pytest.mark.parametrize("mutant", [SendsARepeatAtOnce, TakesAnothersForItsOwn, IsAnsweredUnsent])
def test_a_rule_of_starts_switched_off_is_caught(mutant: type[ExecutionService]) -> None:
    assert hunted(service=mutant)


class NamesAnew(Replies):
    def once(
        self, request: ApiRequest, respond: Callable[[ApiRequest], Response], secret: str | None = None
    ) -> Response:
        return super().once(request, lambda seeded: respond(copy_with(seeded, seed=self.new_seed())), secret)


class KeepsWhatCouldNotBeDone(Replies):
    def once(
        self, request: ApiRequest, respond: Callable[[ApiRequest], Response], secret: str | None = None
    ) -> Response:
        return super().once(request, lambda seeded: Response(respond(seeded).body), secret)


class TakesUnsentForSent(SendBatcher):
    def send(self, messages: Sequence[Message]) -> None:
        with suppress(UnavailableError):
            super().send(messages)


@pytest.mark.parametrize("mutant", [NamesAnew, KeepsWhatCouldNotBeDone])
def test_a_rule_of_keys_switched_off_is_caught(mutant: type[Replies]) -> None:
    assert hunted(using={"replies": mutant})


def test_messages_of_a_batch_that_are_taken_for_sent_are_caught() -> None:
    assert hunted(0.3, kind=Throttling, using={"batcher": TakesUnsentForSent})
