"""How many messages nests of executions take, with every message delivered twice: as many as they are deep and wide."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from chalicelib.adapters.memory.stores import QueueMessage
from chalicelib.api.parsing import read_yaml
from chalicelib.core.executions.decide import Transition
from chalicelib.core.values.json import Json
from chalicelib.engine.model import Mode
from tests.simulation import mutants_calls
from tests.simulation.clients import Demand
from tests.simulation.scenario import Scenario, play
from tests.simulation.world import World

NEST = """
    id: nest
    timeoutSeconds: 100000
    steps:
      - {id: leaf, type: LEAF, when: 'input.n == `0`'}
      - {id: below, type: workflow, when: 'input.n > `0`', definition: nest, input: {n: '${subtract(input.n, `1`)}'}}
"""
LEAVES = {
    "succeeds": "call",
    "fails": "fail",
    "waits": "callback, timeoutSeconds: 50000",
}
WIDE = """
    id: wide
    steps:
      - id: all
        type: map
        items: '${range(input)}'
        maxConcurrency: 10000
        steps: [{id: leaf, type: LEAF}]
"""
A_LEVEL = 20
"""Messages that a level of a nest may take: 3 where it succeeds or fails, 7 for a cancel, 17 for two redrives."""


class Doubled(World):
    """Every message is delivered twice; messages are counted."""

    count = 0

    def deliver(self, message: QueueMessage) -> None:
        received = self.queue.receive(message)
        self.count += 1
        for _ in range(2):
            self.processes.spawn(f"of {message.id}", partial(self.handle, Mode.MESSAGES, [received]), received)


def messages(text: str, leaf: str, value: Json, requests: Sequence[Demand] = (), **how: Any) -> int:
    """Play a workflow, and count its messages; everything ends."""
    document, _ = read_yaml(text.replace("LEAF", LEAVES[leaf]).encode(), 10_000)
    world = play(Scenario("", "", document, input=value, requests=requests, name="mine"), kind=Doubled, **how)
    assert isinstance(world, Doubled)
    assert all(item.ended for item in world.all())
    return world.count


CANCEL = (Demand(10, "cancel"),)
REDRIVE = (Demand(60, "redrive"), Demand(120, "redrive"))
PAUSE = (Demand(10, "pause"), Demand(20, "resume"))


@pytest.mark.parametrize("requests", [(), CANCEL, REDRIVE, PAUSE], ids=["", "cancel", "redrive", "pause"])
@pytest.mark.parametrize("leaf", LEAVES)
def test_a_nest_takes_as_many_as_it_is_deep(leaf: str, requests: Sequence[Demand]) -> None:
    counts = {depth: messages(NEST, leaf, {"n": depth}, requests) for depth in (1, 4, 8, 12)}
    assert counts[12] <= counts[1] + 11 * A_LEVEL, counts
    assert counts[12] - counts[8] <= counts[8] - counts[4] + 8, f"not linear: {counts}"


@pytest.mark.parametrize(("leaf", "requests"), [("succeeds", ()), ("fails", REDRIVE), ("waits", CANCEL)])
def test_a_map_takes_as_many_as_it_is_wide(leaf: str, requests: Sequence[Demand]) -> None:
    counts = {width: messages(WIDE, leaf, width, requests) for width in (150, 250, 350)}
    assert counts[350] - counts[250] <= counts[250] - counts[150] + 8, f"not linear: {counts}"


@pytest.mark.parametrize("mutant", mutants_calls.MESSAGES)
def test_a_rule_about_what_is_over_switched_off_is_caught(mutant: Any) -> None:
    def decide(definition: Any, item: Any, event: Any, now: Any, me: Any) -> Any:
        return mutant(definition, item, now, me).decision(event)

    how = {"decide": decide} if issubclass(mutant, Transition) else {"invocation": mutant}
    counts = [messages(NEST, leaf, {"n": 8}, CANCEL, **how) for leaf in ("fails", "waits")]
    sound = [messages(NEST, leaf, {"n": 8}, CANCEL) for leaf in ("fails", "waits")]
    assert counts > sound
