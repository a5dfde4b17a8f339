from itertools import count

import pytest

from benchmarks.harness import TENANT, Harness
from benchmarks.replay import Bare, recording
from chalicelib.adapters import clients
from chalicelib.core.executions.model import State
from chalicelib.core.values.json import Json

STEPS: Json = [{"id": "first", "type": "wait", "seconds": 1}, {"id": "second", "type": "echo", "message": "done"}]
NUMBERS = count(1)


@pytest.fixture
def bare(harness: Harness) -> Bare:
    return Bare(harness)


def recorded(harness: Harness) -> tuple[str, list]:
    """Run an execution while its calls are recorded."""
    definition = harness.define({"id": "replayed", "steps": STEPS})
    execution = harness.start(definition, {})
    with recording(clients.dynamodb(), clients.sqs()) as calls:
        harness.drain()
    return execution, calls


def test_calls_that_are_made_again_do_the_same_for_another_execution(harness: Harness, bare: Bare) -> None:
    execution, calls = recorded(harness)
    other = f"{TENANT}:replayed:{next(NUMBERS):08x}"
    bare.make(bare.ready(calls, lambda text: text.replace(execution, other)))
    assert harness.read(other).state is State.SUCCEEDED
    assert harness.deliver() == 0


def test_nothing_is_recorded_once_it_is_over(harness: Harness) -> None:
    _, calls = recorded(harness)
    before = len(calls)
    harness.start("replayed", {})
    harness.drain()
    assert before == len(calls) > 0


def test_conditions_hold_unless_the_order_is_said_to_be_another(harness: Harness, bare: Bare) -> None:
    execution, calls = recorded(harness)
    again = bare.ready(calls, lambda text: text.replace(execution, f"{TENANT}:replayed:{next(NUMBERS):08x}"))
    bare.make([*again, *again], in_order=False)
    with pytest.raises(clients.dynamodb().exceptions.ClientError, match="ConditionalCheckFailed"):
        bare.make(calls)


def test_a_hop_takes_its_time(bare: Bare) -> None:
    assert bare.hop() > 0
