"""Messages that leave a shard of what is due to a function."""

import json

from chalicelib.core.executions.inputs import Message, ShardDue, TimerFired
from chalicelib.core.executions.model import State
from chalicelib.core.records.codec import message_json, read_message
from tests.engine.test_worker import MINUTE, World, record, world

__all__ = ["world"]


def test_a_shard_is_looked_at_after_everything_else_and_its_message_is_done(world: World) -> None:
    ids, timers = world.waiting("a", "b")
    world.clock.sleep(60)
    world.queue.send([Message("", ShardDue("", 0))])
    (shard,) = [each for each in world.records("timers") if '"ShardDue"' in each["body"]]
    assert world.worker(reports=True).handle([shard, timers[0]], "request", MINUTE) == {"batchItemFailures": []}
    assert world.states(ids) == [State.SUCCEEDED, State.STEP_STARTED]
    (message,) = [read_message(json.loads(each["body"])) for each in world.records("timers")]
    assert (message.execution, type(message.event)) == (ids[1], TimerFired)


def test_a_shard_that_cannot_be_looked_at_is_left_to_the_next_run_of_the_schedule(world: World) -> None:
    shard = record("shard", json.dumps(message_json(Message("", ShardDue("", 0)))), "timers")
    world.executions.due_times = {"no id": "never"}  # type: ignore[dict-item] # so that it fails
    assert world.worker(reports=True).handle([shard], "request", MINUTE) == {"batchItemFailures": []}
